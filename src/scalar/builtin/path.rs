//! `std.path`: paths with `/`, and patterns for them. Only text is looked at, never a file system.
use super::signature::{fixed, refuse, text};
use super::table::Builtin;
use super::text::pattern;
use crate::scalar::expression::Fault;
use crate::scalar::types::Type;
use crate::scalar::value::Value;

pub const TABLE: &[Builtin] = &[
    Builtin {
        name: "normal",
        usage: "normal(path): Text",
        doc: "a path without `.`, `..`, empty parts and a slash at its end, as far as text can tell; an empty one is `\".\"`",
        signature: |a| fixed("normal", a, &[Type::Text], 0, Type::Text),
        call: |a| Ok(Value::text(normal(text(a, 0)?))),
    },
    Builtin {
        name: "glob",
        usage: "glob(path, pattern): Bool",
        doc: "whether the normal form of a path fits a pattern as a whole: `*` and `?` stay within a part, `**` goes across, `[a-z]`, `[!a]`, `{a,b}`",
        signature: |a| fixed("glob", a, &[Type::Text, Type::Text], 0, Type::Bool),
        call: |a| {
            let regex = translated(text(a, 1)?)?;
            Ok(Value::Bool(regex.is_match(&normal(text(a, 0)?))))
        },
    },
];

fn normal(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = vec![];
    for part in path.split('/') {
        match (part, parts.last().copied()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if last != ".." => {
                parts.pop();
            }
            ("..", _) if absolute => {}
            (part, _) => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".into(),
        (false, false) => joined,
    }
}

/// The pattern as a regular expression, which runs in linear time.
fn translated(glob: &str) -> Result<regex::Regex, Fault> {
    let bad = |why: &str| refuse(glob, &format!("is not a pattern: {why}"));
    let chars: Vec<char> = glob.chars().collect();
    let at = |i: usize| chars.get(i).copied();
    let mut out = String::from("(?s)^");
    let mut braces = 0usize;
    let mut i = 0;
    while let Some(c) = at(i) {
        i += 1;
        match c {
            '*' if at(i) == Some('*') => {
                let begins = i == 1 || matches!(at(i.wrapping_sub(2)), Some('/' | '{' | ','));
                i += 1;
                let ends = matches!(at(i), None | Some('/' | '}' | ','));
                if !begins || !ends {
                    return Err(bad("`**` must be a whole part"));
                }
                // `**/` may be nothing at all; at the end it is everything below
                if at(i) == Some('/') {
                    i += 1;
                    out.push_str("(?:.*/)?");
                } else {
                    out.push_str(".+");
                }
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '{' => {
                braces += 1;
                out.push_str("(?:");
            }
            ',' if braces > 0 => out.push('|'),
            '}' if braces > 0 => {
                braces -= 1;
                out.push(')');
            }
            '[' => {
                let negated = at(i) == Some('!');
                i += usize::from(negated);
                let first = i;
                while at(i).is_some_and(|c| c != ']' || i == first) {
                    i += 1;
                }
                let set = chars.get(first..i).unwrap_or(&[]);
                if at(i).is_none() || set.contains(&'/') {
                    return Err(bad("a `[` is never closed"));
                }
                i += 1;
                out.push_str(if negated { "[^/" } else { "[" });
                for c in set {
                    if matches!(c, '[' | ']' | '\\' | '^' | '&' | '~') {
                        out.push('\\');
                    }
                    out.push(*c);
                }
                out.push(']');
            }
            '\\' => match at(i) {
                Some(c) => {
                    i += 1;
                    out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
                }
                None => return Err(bad("it ends in a `\\`")),
            },
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    if braces > 0 {
        return Err(bad("a `{` is never closed"));
    }
    out.push('$');
    pattern(&out).map_err(|_| bad("it cannot be read, or is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(path: &str, glob: &str) -> bool {
        translated(glob).unwrap().is_match(&normal(path))
    }

    #[test]
    fn a_normal_path_has_no_detours() {
        for (path, is) in [
            ("a/./b//c/", "a/b/c"),
            ("a/b/../c", "a/c"),
            ("/a/../../etc/passwd", "/etc/passwd"),
            ("../a/../../b", "../../b"),
            ("a/..", "."),
            ("", "."),
            ("/", "/"),
            ("///", "/"),
            ("./", "."),
            ("/..", "/"),
            ("a/...", "a/..."),
            ("节/点", "节/点"),
        ] {
            assert_eq!(normal(path), is, "{path}");
            assert_eq!(normal(is), is);
        }
    }

    #[test]
    fn a_star_stays_within_a_part_and_two_go_across() {
        for (path, glob, is) in [
            ("src/main.rs", "src/*.rs", true),
            ("src/a/main.rs", "src/*.rs", false),
            ("src/a/main.rs", "src/**/*.rs", true),
            ("src/main.rs", "src/**/*.rs", true),
            ("src/a/b", "src/**", true),
            ("src", "src/**", false),
            ("a/b", "**", true),
            ("/srv/data/../../etc/passwd", "/srv/**", false),
            ("/srv/./data/x", "/srv/**", true),
            ("x.rs", "**/x.rs", true),
            ("a/yx.rs", "**/x.rs", false),
            ("a/x/b/y", "a/**/y", true),
            ("file1", "file?", true),
            ("file/", "file?", false),
            ("file1", "file[0-9]", true),
            ("filex", "file[!0-9]", true),
            ("a]", "a[]]", true),
            ("a.png", "*.{png,jp{e,}g}", true),
            ("a.jpg", "*.{png,jp{e,}g}", true),
            ("a.gif", "*.{png,jpg}", false),
            ("a+b(1)", "a+b(1)", true),
            ("*", r"\*", true),
            ("x", r"\*", false),
            ("a\nb", "a?b", true),
            ("节点", "?点", true),
            ("a,b", "a,b", true),
        ] {
            assert_eq!(fits(path, glob), is, "{path} {glob}");
        }
        for bad in ["[", "a[b", "{a", "a\\", "a**", "**b", "[a/b]", "[z-a]"] {
            assert!(translated(bad).is_err(), "{bad}");
        }
    }
}
