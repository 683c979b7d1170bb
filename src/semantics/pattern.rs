//! Patterns that are right, but hardly mean what they seem to. Called by the check of `matches` and by governance.
use super::error;
use crate::base::{Diagnostic, Place, Span};

/// Endings of names of hosts and files: before them a dot is a dot.
const ENDINGS: [&str; 24] = [
    "com", "org", "net", "edu", "gov", "int", "io", "dev", "app", "co", "de", "eu", "uk", "fr", "example", "local", "internal",
    "json", "yaml", "yml", "toml", "html", "txt", "csv",
];

/// What misleads in a pattern, if anything. `place` is that of the whole literal, `source` its text.
pub fn misleading(pattern: &str, source: &str, place: Place) -> Option<Diagnostic> {
    let raw = source.starts_with("r\"");
    let body = if raw { 2 } else { 1 };
    // without escapes what stands in the source is the pattern
    let exact = source.get(body..source.len().saturating_sub(1)) == Some(pattern);
    let at = |start: usize, end: usize| match exact {
        true => {
            Place::new(place.item, Span::new(place.span.start as usize + body + start, place.span.start as usize + body + end))
        }
        false => place,
    };
    let d = |title: &str, start: usize, end: usize, text: &str| {
        Diagnostic::warning(error::MISLEADING_PATTERN, title).at(at(start, end), text)
    };
    if let Some((start, end)) = word_class(pattern) {
        return Some(
            d("these brackets stand for one character, not for a word", start, end, "one of these characters").help(
                "a word stands without brackets, several in parentheses: `(com|org)`; what must not match is said with `not x matches …`",
            ),
        );
    }
    if let Some(first) = half_anchored(pattern) {
        let d = d(
            "`^` and `$` belong to one alternative each here",
            0,
            pattern.len(),
            "begins with the first, or ends with the last",
        )
        .also(at(first, first + 1), "this binds looser than `^` and `$`");
        let inner = pattern.trim_start_matches('^').trim_end_matches('$');
        let d = d.help(format!("to anchor all of them, put them in parentheses: `^({inner})$`"));
        return Some(if exact { d.suggest("anchor all of them", at(0, pattern.len()), format!("^({inner})$")) } else { d });
    }
    if let Some(dot) = bare_dot(pattern) {
        let d = d("this `.` matches any character", dot, dot + 1, "").help("a dot itself is written `\\.` in `r\"…\"`, or `[.]`");
        return Some(if exact { d.suggest("match a dot", at(dot, dot + 1), if raw { "\\." } else { "[.]" }) } else { d });
    }
    None
}

/// A class that reads like a word: `[^example.com$]`, `[com|org]`.
fn word_class(pattern: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(open) = pattern.get(from..)?.find('[').map(|n| from + n) {
        let close = open + pattern.get(open..)?.find(']')?;
        let inside = pattern.get(open + 1..close)?.trim_start_matches('^');
        from = close + 1;
        let escaped = pattern.get(..open).is_some_and(|b| b.ends_with('\\'));
        if escaped || inside.contains(['\\', '-', ':', '[', '&', '~']) {
            continue;
        }
        let words: Vec<&str> = inside.split(|c: char| !c.is_alphabetic()).filter(|w| w.chars().count() > 2).collect();
        let mut letters: Vec<char> = inside.chars().filter(|c| c.is_alphabetic()).collect();
        letters.sort();
        let repeated = letters.windows(2).any(|w| w.first() == w.last());
        if !words.is_empty() && repeated {
            return Some((open, close + 1));
        }
    }
    None
}

/// Where the first `|` of `^a|b$` stands.
fn half_anchored(pattern: &str) -> Option<usize> {
    if !pattern.starts_with('^') || !pattern.ends_with('$') || pattern.ends_with("\\$") {
        return None;
    }
    let (mut depth, mut escaped, mut class) = (0usize, false, false);
    let mut bars = vec![];
    for (i, c) in pattern.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            _ if class => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => bars.push(i),
            _ => {}
        }
    }
    let anchored = |i: &usize| {
        pattern.get(..*i).is_some_and(|b| b.ends_with('$')) || pattern.get(i + 1..).is_some_and(|a| a.starts_with('^'))
    };
    if bars.iter().any(anchored) { None } else { bars.first().copied() }
}

/// Where an unescaped dot stands between a name and an ending like `com`.
fn bare_dot(pattern: &str) -> Option<usize> {
    let name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    pattern.match_indices('.').map(|(i, _)| i).find(|i| {
        let (before, after) = (pattern.get(..*i).unwrap_or(""), pattern.get(i + 1..).unwrap_or(""));
        let word: String = after.chars().take_while(|c| name(*c)).collect();
        let next = after.get(word.len()..).and_then(|r| r.chars().next());
        let left = before.chars().rev().take_while(|c| name(*c)).count();
        let plain = !before.contains(['[', '\\']) || before.ends_with(|c: char| c.is_ascii_lowercase()) && !before.contains('[');
        left > 1 && plain && ENDINGS.contains(&word.as_str()) && next.is_none_or(|c| matches!(c, '$' | '/' | ':' | ')'))
    })
}

/// How a pattern that is meant to allow a whole text is open at an end: what is wrong with it, and what it lets through.
pub fn open(pattern: &str) -> Option<(&'static str, String)> {
    let begins = pattern.starts_with('^') || pattern.starts_with("\\A");
    let ends = pattern.ends_with('$') && !pattern.ends_with("\\$") || pattern.ends_with("\\z");
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    // a name with its dots escaped, as it stands at the end of a host
    let plain = inner.replace("\\.", ".").replace("[.]", ".");
    let tail: String = plain.chars().rev().take_while(|c| c.is_ascii_alphanumeric() || "-.@".contains(*c)).collect();
    let tail: String = tail.chars().rev().collect();
    let host = ENDINGS.iter().any(|e| {
        let before = inner.strip_suffix(e).and_then(|b| b.strip_suffix("\\.").or(b.strip_suffix("[.]")));
        before.is_some_and(|b| b.ends_with(|c: char| c.is_ascii_alphanumeric()))
    });
    if begins && !ends && host {
        return Some(("this pattern leaves open what comes behind the name", format!("{tail}.evil.com")));
    }
    if !begins && ends && host && tail == plain && plain.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some(("this pattern leaves open what stands before the name", format!("evil{plain}")));
    }
    // a word somewhere in the text
    let classes = inner.replace("\\.", "").replace("[.]", "").contains(['[', '\\']);
    if begins || ends || classes || inner.starts_with(".*") {
        return None;
    }
    let word = plain
        .split(|c: char| !c.is_ascii_alphanumeric() && !"-_.@".contains(c))
        .find(|w| w.chars().filter(|c| c.is_alphabetic()).count() > 2)?;
    Some(("this pattern matches anywhere in the text", format!("x-{word}-x")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warns(pattern: &str) -> bool {
        misleading(pattern, &format!("r\"{pattern}\""), Place::default()).is_some()
    }

    #[test]
    fn what_misleads_is_told_from_what_does_not() {
        for p in
            ["[^example.com$]", "[com|org]", "^a|b$", "^api|web|db$", "example.com", "^https://www.example.com/", "config.json$"]
        {
            assert!(warns(p), "{p}");
        }
        for p in [
            "[aeiou]",
            "[^abc]",
            "^[a-z]+$",
            "^(a|b)$",
            "^a$|^b$",
            "^a|^b",
            "a|b",
            r"example\.com",
            "a.b",
            ".*",
            "[0-9a-f]",
            "^v.+x$",
            "[[:alpha:]]",
            r"^\d+\.\d+$",
            "foo.*com",
            "^a|b",
            "[.]com",
        ] {
            assert!(!warns(p), "{p}");
        }
    }

    #[test]
    fn what_lets_through_too_much_is_told_from_what_does_not() {
        for p in [
            r"ourcompany\.com",
            r"ourcompany\.com$",
            r"^https://api\.example\.com",
            r"^.*@ourcompany\.com",
            "read|search",
            r"api[.]example[.]com",
        ] {
            assert!(open(p).is_some(), "{p}");
        }
        for p in [
            r"^[a-z.]+@ourcompany\.com$",
            r"@ourcompany\.com$",
            r"(^|\.)ourcompany\.com$",
            "^read_",
            r"\.txt$",
            r"^https://api\.example\.com/",
            "^(read|search)$",
            r"\bplease\b",
            ".*",
            "[0-9]",
            r"\d+",
            r"\Aread\z",
        ] {
            assert!(open(p).is_none(), "{p}");
        }
    }
}
