//! Times and durations as text: RFC 3339 and `1h30m`. Fed by documents, literals and parameters; read by cast, display and canonical.
use super::display::brief;
use super::expression::{Fault, FaultKind};
use super::value::Value;
use jiff::Timestamp;

/// The first instant of the year 0, which is the first that RFC 3339 can write.
const FIRST: i64 = -62_167_219_200_000_000;

/// The units of durations, largest first, in microseconds.
pub const UNITS: [(&str, i64); 6] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

/// Whether RFC 3339 can write the instant (in microseconds since 1970).
pub fn in_range(us: i64) -> bool {
    us >= FIRST && Timestamp::from_microsecond(us).is_ok()
}

fn unreadable(text: &str, what: &str) -> Fault {
    Fault::new(FaultKind::Cast, format!("`{}` is not {what}", brief(&Value::text(text))))
}

/// Reads a duration as the language writes it: `250ms`, `1h30m`, `-5m`; units `d h m s ms us`, larger ones first. In microseconds.
pub fn parse_duration(text: &str) -> Result<i64, Fault> {
    let bad = || unreadable(text, "a Duration (such as `30s` or `1h30m`)");
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |r| (true, r));
    let mut total: i128 = 0;
    let mut allowed = UNITS.as_slice();
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let (digits, tail) = split_while(rest, |b| b.is_ascii_digit() || b == b'_');
        let (unit, tail) = split_while(tail, |b| b.is_ascii_lowercase());
        if !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.ends_with('_') {
            return Err(bad());
        }
        let amount: i64 = digits.replace('_', "").parse().map_err(|_| too_long(text))?;
        let at = allowed.iter().position(|(u, _)| *u == unit).ok_or_else(bad)?;
        let (_, size) = allowed.get(at).ok_or_else(bad)?;
        total += i128::from(amount) * i128::from(*size);
        allowed = allowed.get(at + 1..).unwrap_or(&[]);
        rest = tail;
    }
    i64::try_from(if negative { -total } else { total }).map_err(|_| too_long(text))
}

fn too_long(text: &str) -> Fault {
    Fault::new(FaultKind::Overflow, format!("`{}` is too large for a Duration", brief(&Value::text(text))))
}

fn split_while(text: &str, f: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|b| !f(b)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Writes a duration as the language does: `1h30m`, `250ms`, `0s`; [`parse_duration`] reads it back.
pub fn format_duration(us: i64) -> String {
    if us == 0 {
        return "0s".into();
    }
    let mut out = String::from(if us < 0 { "-" } else { "" });
    let mut rest = us.unsigned_abs();
    for (unit, size) in UNITS {
        let amount = rest / size.unsigned_abs();
        rest %= size.unsigned_abs();
        if amount > 0 {
            out += &format!("{amount}{unit}");
        }
    }
    out
}

/// Reads an RFC 3339 instant, floored to microseconds since 1970.
pub fn parse_time(text: &str) -> Result<i64, Fault> {
    const FORM: &str = "a Time (RFC 3339, such as `2026-01-03T10:00:00Z`)";
    let bad = || unreadable(text, FORM);
    let (fixed, tail) = text.split_at_checked(19).ok_or_else(bad)?;
    let shape = |pattern: &str, text: &str| {
        pattern.len() == text.len()
            && pattern.bytes().zip(text.bytes()).all(|(p, b)| match p {
                b'0' => b.is_ascii_digit(),
                b'T' => matches!(b, b'T' | b't' | b' '),
                b'+' => matches!(b, b'+' | b'-'),
                p => p == b,
            })
    };
    if !shape("0000-00-00T00:00:00", fixed) {
        return Err(bad());
    }
    let (fraction, zone) = match tail.strip_prefix('.') {
        Some(rest) => split_while(rest, |b| b.is_ascii_digit()),
        None => ("0", tail),
    };
    if fraction.is_empty() || !(matches!(zone, "Z" | "z") || shape("+00:00", zone)) {
        return Err(bad());
    }
    // the fraction counts upwards from the second, also before 1970, so cutting it floors
    let fraction = fraction.get(..fraction.len().min(6)).unwrap_or(fraction);
    let whole = format!("{}.{fraction}{zone}", fixed.to_ascii_uppercase());
    let stamp: Timestamp = whole.parse().map_err(|_| bad())?;
    let us = i64::try_from(stamp.as_nanosecond().div_euclid(1000)).map_err(|_| bad())?;
    if in_range(us) { Ok(us) } else { Err(bad()) }
}

/// Writes an instant as RFC 3339 in UTC, with a fraction only where it is needed; [`parse_time`] reads it back.
pub fn format_time(us: i64) -> String {
    match Timestamp::from_microsecond(us) {
        Ok(t) if in_range(us) => t.to_string(),
        // no instant that a program can compute is out of range
        _ => format!("{us}us"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_text_as_in_the_language() {
        for (text, us, back) in [
            ("250ms", 250_000, "250ms"),
            ("30s", 30_000_000, "30s"),
            ("10m", 600_000_000, "10m"),
            ("24h", 86_400_000_000, "1d"),
            ("7d", 604_800_000_000, "7d"),
            ("1h30m", 5_400_000_000, "1h30m"),
            ("90m", 5_400_000_000, "1h30m"),
            ("1_000us", 1_000, "1ms"),
            ("-5m", -300_000_000, "-5m"),
            ("0h", 0, "0s"),
            ("1d2h3m4s5ms6us", 93_784_005_006, "1d2h3m4s5ms6us"),
        ] {
            assert_eq!(parse_duration(text), Ok(us), "{text}");
            assert_eq!(format_duration(us), back);
            assert_eq!(parse_duration(back), Ok(us));
        }
        for us in [i64::MIN, i64::MAX] {
            assert_eq!(parse_duration(&format_duration(us)), Ok(us));
        }
        for bad in ["", "-", "5", "h", "5 m", "5min", "30m1h", "1h1h", "1.5h", "+5m", "_5m", "5_m", "5m ", "５m", "m5"] {
            assert_eq!(parse_duration(bad).unwrap_err().kind, FaultKind::Cast, "{bad}");
        }
        assert_eq!(parse_duration("200000000d").unwrap_err().kind, FaultKind::Overflow);
        assert_eq!(parse_duration("99999999999999999999s").unwrap_err().kind, FaultKind::Overflow);
        assert_eq!(parse_duration("soon").unwrap_err().text, "`\"soon\"` is not a Duration (such as `30s` or `1h30m`)");
    }

    #[test]
    fn times_are_rfc_3339_text_floored_to_microseconds() {
        for (text, us, back) in [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
            ("2026-01-03T10:00:00Z", 1_767_434_400_000_000, "2026-01-03T10:00:00Z"),
            ("2026-01-03T12:00:00.500+02:00", 1_767_434_400_500_000, "2026-01-03T10:00:00.5Z"),
            ("2026-01-03t10:00:00.1234569z", 1_767_434_400_123_456, "2026-01-03T10:00:00.123456Z"),
            ("2026-01-03 10:00:00.99999999999999Z", 1_767_434_400_999_999, "2026-01-03T10:00:00.999999Z"),
            ("1969-12-31T23:59:59.9999999Z", -1, "1969-12-31T23:59:59.999999Z"),
            ("0000-01-01T00:00:00Z", FIRST, "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(parse_time(text), Ok(us), "{text}");
            assert_eq!(format_time(us), back);
            assert_eq!(parse_time(back), Ok(us));
        }
        for bad in [
            "",
            "2026-01-03",
            "2026-01-03T10:00Z",
            "2026-01-03T10:00:00",
            "20260103T100000Z",
            "2026-13-03T10:00:00Z",
            "2026-02-30T10:00:00Z",
            "2026-01-03T25:00:00Z",
            "2026-01-03T10:00:00.Z",
            "2026-01-03T10:00:00+0200",
            "2026-01-03T10:00:00Z ",
            "2026-01-03T10:00:00+02:00[Europe/Berlin]",
            "-2026-01-03T10:00:00Z",
            "ää26-01-03T10:00:00Z",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert_eq!(parse_time(bad).unwrap_err().kind, FaultKind::Cast, "{bad}");
        }
    }
}
