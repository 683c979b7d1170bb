//! `std.version`: semantic versions and requirements on them, as package managers write them.
use super::signature::{fixed, refuse, text};
use super::table::Builtin;
use crate::scalar::expression::Fault;
use crate::scalar::types::Type;
use crate::scalar::value::Value;
use std::cmp::Ordering;

pub const TABLE: &[Builtin] = &[
    Builtin {
        name: "major",
        usage: "major(version): Int",
        doc: "the first number of a version: 1 of `\"1.2.3\"` and of `\"v1\"`",
        signature: |a| fixed("major", a, &[Type::Text], 0, Type::Int(None)),
        call: |a| {
            let whole = text(a, 0)?;
            let digits = whole.strip_prefix(['v', 'V']).unwrap_or(whole);
            let (digits, rest) =
                digits.split_at_checked(digits.bytes().take_while(u8::is_ascii_digit).count()).unwrap_or((digits, ""));
            match digits.parse() {
                Ok(major) if rest.is_empty() || rest.starts_with(['.', '-', '+']) => Ok(Value::Int(major)),
                _ => Err(refuse(whole, "is not a version")),
            }
        },
    },
    Builtin {
        name: "matches",
        usage: "matches(version, requirement): Bool",
        doc: "whether a version meets a requirement: `^1.2` (also `1.2`), `~1.2`, `1.*`, `=1.2.3`, `>=1.0, <2`; `||` is or",
        signature: |a| fixed("matches", a, &[Type::Text, Type::Text], 0, Type::Bool),
        call: |a| matches(text(a, 0)?, text(a, 1)?).map(Value::Bool),
    },
];

type Numbers = [u64; 3];

/// A version, perhaps not with all its numbers.
struct Version<'a> {
    numbers: Numbers,
    /// How many of them were written.
    given: usize,
    /// Whether a `*` stands for the others.
    open: bool,
    /// The names of the pre-release, empty for a release.
    pre: &'a str,
}

/// Reads a version: one to three numbers (a missing one or `*` or `x` ends them), `-pre`, `+build`.
fn version(text: &str) -> Option<Version<'_>> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let (text, build) = text.split_once('+').map_or((text, None), |(t, b)| (t, Some(b)));
    let (core, pre) = text.split_once('-').map_or((text, None), |(c, p)| (c, Some(p)));
    let names = |t: &str| t.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    if !build.is_none_or(names) || !pre.is_none_or(names) {
        return None;
    }
    let mut numbers = [0; 3];
    let mut given = 0;
    let mut open = false;
    for (i, part) in core.split('.').enumerate() {
        let slot = numbers.get_mut(i)?;
        if matches!(part, "*" | "x" | "X") {
            open = true;
        } else if open || part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        } else {
            *slot = part.parse().ok()?;
            given = i + 1;
        }
    }
    (pre.is_none() || given == 3).then_some(Version { numbers, given, open, pre: pre.unwrap_or("") })
}

/// The order of semantic versions: a pre-release comes before its release, names are compared one by one, numbers by worth.
fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    let pre = || match (a.pre.is_empty(), b.pre.is_empty()) {
        (false, false) => a.pre.split('.').map(key).cmp(b.pre.split('.').map(key)),
        (x, y) => x.cmp(&y),
    };
    a.numbers.cmp(&b.numbers).then_with(pre)
}

/// Numbers come before names; without leading zeros the longer number is the larger.
fn key(name: &str) -> (bool, usize, &str) {
    if name.bytes().all(|b| b.is_ascii_digit()) {
        let digits = name.trim_start_matches('0');
        (false, digits.len(), digits)
    } else {
        (true, 0, name)
    }
}

fn matches(whole: &str, requirement: &str) -> Result<bool, Fault> {
    let bad = || refuse(requirement, "is not a version requirement");
    let v = version(whole).filter(|v| v.given > 0).ok_or_else(|| refuse(whole, "is not a version"))?;
    let mut any = false;
    for alternative in requirement.split("||") {
        let mut rest = alternative.trim_start_matches(|c: char| c.is_whitespace());
        let (mut all, mut named) = (true, false);
        if rest.is_empty() {
            return Err(bad());
        }
        while !rest.is_empty() {
            let end = rest.find(|c: char| !matches!(c, '^' | '~' | '=' | '<' | '>')).unwrap_or(rest.len());
            let (op, tail) = rest.split_at_checked(end).ok_or_else(bad)?;
            let tail = tail.trim_start();
            let end = tail.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(tail.len());
            let (wanted, tail) = tail.split_at_checked(end).ok_or_else(bad)?;
            let wanted = version(wanted).ok_or_else(bad)?;
            all &= meets(&v, op, &wanted).ok_or_else(bad)?;
            named |= !wanted.pre.is_empty() && wanted.numbers == v.numbers;
            let tail = tail.trim_start();
            rest = match tail.strip_prefix(',') {
                Some(tail) if tail.trim_start().is_empty() => return Err(bad()),
                Some(tail) => tail.trim_start(),
                None => tail,
            };
        }
        // a pre-release is only meant by who names a pre-release of the same version
        any |= all && (v.pre.is_empty() || named);
    }
    Ok(any)
}

fn meets(v: &Version<'_>, op: &str, wanted: &Version<'_>) -> Option<bool> {
    let at_least = compare(v, wanted).is_ge();
    let [major, minor, patch] = wanted.numbers;
    // the first version that is beyond all those which begin like the wanted one, up to a number
    let next = |kept: usize| match kept {
        0 => None,
        1 => Some([major.checked_add(1)?, 0, 0]),
        2 => Some([major, minor.checked_add(1)?, 0]),
        _ => Some([major, minor, patch.checked_add(1)?]),
    };
    let below = |end: Option<Numbers>| end.is_none_or(|end| v.numbers < end);
    let partial = wanted.given < 3;
    // `1.2.*` is all that begins with 1.2, where `1.2` is all that is compatible with it
    let op = if op.is_empty() && wanted.open { "=" } else { op };
    Some(match op {
        "" | "^" => {
            let kept = match wanted.numbers {
                [0, 0, _] => wanted.given,
                [0, _, _] => 2,
                _ => 1,
            };
            at_least && below(next(kept.min(wanted.given)))
        }
        "~" => at_least && below(next(wanted.given.min(2))),
        "=" if partial => at_least && below(next(wanted.given)),
        "=" => compare(v, wanted).is_eq(),
        ">=" => at_least,
        "<" => compare(v, wanted).is_lt(),
        ">" if partial => !below(next(wanted.given)),
        ">" => compare(v, wanted).is_gt(),
        "<=" if partial => below(next(wanted.given)),
        "<=" => compare(v, wanted).is_le(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::find_in;
    use super::*;

    #[test]
    fn the_major_is_the_first_number() {
        let major = |t: &str| (find_in("version", "major").unwrap().call)(&[Value::text(t)]);
        for (t, is) in [("1.2.3", 1), ("0.3", 0), ("v2", 2), ("12-rc1", 12), ("3+x", 3), ("1.2.3.4", 1)] {
            assert_eq!(major(t), Ok(Value::Int(is)), "{t}");
        }
        for bad in ["", "v", "x", "1a", "-1", "99999999999999999999"] {
            assert!(major(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn requirements_mean_what_cargo_and_npm_mean() {
        for (requirement, yes, no) in [
            ("^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0 0.9.0 1.3.0-rc.1"),
            ("1.2", "1.2.0 1.9.9", "1.1.9 2.0.0"),
            ("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2"),
            ("^0.0.3", "0.0.3", "0.0.4 0.0.2"),
            ("^0.0", "0.0.0 0.0.9", "0.1.0"),
            ("^0", "0.0.1 0.9.9", "1.0.0"),
            ("~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2"),
            ("~1", "1.0.0 1.9.9", "2.0.0"),
            ("1.*", "1.0.0 1.9.9", "2.0.0 0.9.0"),
            ("1.2.*", "1.2.0 1.2.9", "1.3.0"),
            ("0.3.*", "0.3.9", "0.4.0"),
            ("=0.3.x", "0.3.0", "0.4.0"),
            ("*", "0.0.0 9.9.9", "1.0.0-alpha"),
            ("=1.2.3", "1.2.3 v1.2.3 1.2.3+build", "1.2.4 1.2.3-rc1"),
            ("=1.2", "1.2.0 1.2.7", "1.3.0"),
            (">=1.0, <2", "1.0.0 1.9.9", "0.9.9 2.0.0 2.0.0-rc1"),
            (">= 1.0 < 2.0", "1.5.0", "2.0.0"),
            (">1.2", "1.3.0", "1.2.9"),
            ("<=1.2", "1.2.9 1.0.0", "1.3.0"),
            (">1.2.3", "1.2.4", "1.2.3"),
            ("^1 || ^3", "1.5.0 3.0.1", "2.0.0"),
            ("^1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.11 1.2.3 1.4.0", "1.2.3-beta.1 1.2.3-alpha 1.4.0-beta.3"),
        ] {
            for v in yes.split(' ') {
                assert_eq!(matches(v, requirement), Ok(true), "{v} {requirement}");
            }
            for v in no.split(' ') {
                assert_eq!(matches(v, requirement), Ok(false), "{v} {requirement}");
            }
        }
        for bad in ["", "^", "1.2.3.4", "=>1", "1,", ",1", "a", "1 ||", "1.-2", "1.*.2", "1-rc", "1 - 2", ">1,,<2"] {
            assert!(matches("1.0.0", bad).is_err(), "{bad}");
        }
        for bad in ["", "*", "a", "1.2.3.4", "1..2"] {
            assert!(matches(bad, "*").is_err(), "{bad}");
        }
        let order = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0";
        let order: Vec<_> = order.split(' ').map(|v| version(v).unwrap()).collect();
        assert!(order.windows(2).all(|w| compare(&w[0], &w[1]).is_lt()));
    }
}
