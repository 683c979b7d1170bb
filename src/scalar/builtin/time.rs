//! Built-ins on instants and the calendar. Zones are IANA names, from tables that are part of the program.
use super::signature::{Signature, arg, arity, fixed, not, refuse, text, wrong};
use super::table::Builtin;
use crate::base::diagnostic::nearest;
use crate::scalar::arithmetic;
use crate::scalar::display::brief;
use crate::scalar::expression::Fault;
use crate::scalar::instant;
use crate::scalar::types::Type;
use crate::scalar::value::Value;
use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;

pub const TABLE: &[Builtin] = &[
    Builtin {
        name: "hour",
        usage: "hour(time, zone?): Int",
        doc: "the hour of the day, 0 to 23, in a time zone (`\"UTC\"` if left out)",
        signature: |a| zoned("hour", a, Type::Int(None)),
        call: |a| Ok(Value::Int(civil(a)?.hour().into())),
    },
    Builtin {
        name: "weekday",
        usage: "weekday(time, zone?): Text",
        doc: "the day of the week, `\"mon\"` to `\"sun\"`, in a time zone (`\"UTC\"` if left out)",
        signature: |a| zoned("weekday", a, Type::Text),
        call: |a| {
            Ok(Value::text(match civil(a)?.weekday() {
                Weekday::Monday => "mon",
                Weekday::Tuesday => "tue",
                Weekday::Wednesday => "wed",
                Weekday::Thursday => "thu",
                Weekday::Friday => "fri",
                Weekday::Saturday => "sat",
                Weekday::Sunday => "sun",
            }))
        },
    },
    Builtin {
        name: "date",
        usage: "date(time, zone?): Text",
        doc: "the calendar date, such as `\"2026-01-03\"`, in a time zone (`\"UTC\"` if left out)",
        signature: |a| zoned("date", a, Type::Text),
        call: |a| Ok(Value::text(civil(a)?.date().to_string())),
    },
    Builtin {
        name: "parse_time",
        usage: "parse_time(text): Time",
        doc: "the instant that an RFC 3339 text such as `\"2026-01-03T10:00:00Z\"` names",
        signature: |a| fixed("parse_time", a, &[Type::Text], 0, Type::Time),
        call: |a| instant::parse_time(text(a, 0)?).map(Value::Time),
    },
    Builtin {
        name: "from_unix",
        usage: "from_unix(seconds): Time",
        doc: "the instant so many seconds after 1970 began (UTC)",
        signature: |a| unix("from_unix", a),
        call: |a| from_unix(a, 1_000_000),
    },
    Builtin {
        name: "from_unix_ms",
        usage: "from_unix_ms(n): Time",
        doc: "the instant so many milliseconds after 1970 began (UTC)",
        signature: |a| unix("from_unix_ms", a),
        call: |a| from_unix(a, 1_000),
    },
    Builtin {
        name: "from_unix_us",
        usage: "from_unix_us(n): Time",
        doc: "the instant so many microseconds after 1970 began (UTC)",
        signature: |a| unix("from_unix_us", a),
        call: |a| from_unix(a, 1),
    },
];

fn zoned(name: &str, args: &[Type], result: Type) -> Signature {
    fixed(name, args, &[Type::Time, Type::Text], 1, result)
}

/// An Int is exact, so it stays one; a Json may be either number.
fn unix(name: &str, args: &[Type]) -> Signature {
    arity(name, args, 1, 1)?;
    let param = match args.first().map(Type::present) {
        Some(Type::Int(_)) => Type::Int(None),
        Some(Type::Float(_)) => Type::Float(None),
        Some(t @ (Type::Json | Type::Error)) => t.clone(),
        Some(t) => return Err(wrong(name, 0, t, "a number")),
        None => Type::Error,
    };
    Ok((vec![param], Type::Time))
}

/// The instant, to the nearest microsecond (a Float of seconds such as `1767434400.25` cannot be exact).
fn from_unix(args: &[Value], unit: i64) -> Result<Value, Fault> {
    let v = arg(args, 0)?;
    let us = match v {
        Value::Int(i) => i.checked_mul(unit),
        Value::Float(x) => arithmetic::microseconds(x.get() * unit as f64),
        _ => return Err(not(v, "a number")),
    };
    arithmetic::time(us, || brief(v))
}

/// What clock and calendar show at an instant in a zone.
fn civil(args: &[Value]) -> Result<DateTime, Fault> {
    let v = arg(args, 0)?;
    let Value::Time(us) = v else { return Err(not(v, "a Time")) };
    let stamp = Timestamp::from_microsecond(*us).map_err(|_| not(v, "a Time"))?;
    let zone = match args.get(1) {
        None => TimeZone::UTC,
        Some(_) => zone(text(args, 1)?)?,
    };
    Ok(zone.to_datetime(stamp))
}

fn zone(name: &str) -> Result<TimeZone, Fault> {
    match TimeZone::get(name) {
        Ok(zone) if !zone.is_unknown() => Ok(zone),
        _ => {
            let known: Vec<String> = jiff::tz::db().available().map(|n| n.to_string()).collect();
            let hint =
                nearest(name, known.iter().map(String::as_str)).map_or(String::new(), |n| format!(" (did you mean `\"{n}\"`?)"));
            Err(refuse(name, &format!("is not a time zone{hint}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;
    use crate::scalar::expression::FaultKind;

    fn call(name: &str, args: &[Value]) -> Result<Value, Fault> {
        (find(name).unwrap().call)(args)
    }
    fn at(text: &str) -> Value {
        Value::Time(instant::parse_time(text).unwrap())
    }
    fn show(text: &str, zone: &str) -> (Value, Value, Value) {
        let args = [at(text), Value::text(zone)];
        (call("hour", &args).unwrap(), call("weekday", &args).unwrap(), call("date", &args).unwrap())
    }
    fn is(hour: i64, weekday: &str, date: &str) -> (Value, Value, Value) {
        (Value::Int(hour), Value::text(weekday), Value::text(date))
    }

    #[test]
    fn clock_and_calendar_are_those_of_the_zone_and_of_utc_without_one() {
        let t = at("2026-01-03T23:30:00Z");
        assert_eq!(call("hour", std::slice::from_ref(&t)), Ok(Value::Int(23)));
        assert_eq!(call("weekday", std::slice::from_ref(&t)), Ok(Value::text("sat")));
        assert_eq!(call("date", &[t]), Ok(Value::text("2026-01-03")));
        assert_eq!(show("2026-01-03T23:30:00Z", "UTC"), is(23, "sat", "2026-01-03"));
        assert_eq!(show("2026-01-03T23:30:00Z", "Europe/Berlin"), is(0, "sun", "2026-01-04"));
        assert_eq!(show("2026-01-03T23:30:00Z", "Asia/Kathmandu"), is(5, "sun", "2026-01-04"));
        assert_eq!(show("2026-01-05T02:00:00Z", "America/New_York"), is(21, "sun", "2026-01-04"));
    }

    #[test]
    fn clocks_that_change_are_followed() {
        // Berlin springs from 02:00 to 03:00 on 29 March 2026, and falls back on 25 October
        assert_eq!(show("2026-03-29T00:59:59Z", "Europe/Berlin").0, Value::Int(1));
        assert_eq!(show("2026-03-29T01:00:00Z", "Europe/Berlin").0, Value::Int(3));
        assert_eq!(show("2026-10-25T00:30:00Z", "Europe/Berlin").0, Value::Int(2));
        assert_eq!(show("2026-10-25T01:30:00Z", "Europe/Berlin").0, Value::Int(2));
        assert_eq!(show("2026-10-25T02:00:00Z", "Europe/Berlin").0, Value::Int(3));
        // the south the other way round, by half an hour on Lord Howe
        assert_eq!(show("2026-01-01T00:00:00Z", "Australia/Lord_Howe").0, Value::Int(11));
        assert_eq!(show("2026-07-01T00:00:00Z", "Australia/Lord_Howe").0, Value::Int(10));
        // Samoa left out 30 December 2011
        assert_eq!(show("2011-12-30T09:59:59Z", "Pacific/Apia"), is(23, "thu", "2011-12-29"));
        assert_eq!(show("2011-12-30T10:00:00Z", "Pacific/Apia"), is(0, "sat", "2011-12-31"));
    }

    #[test]
    fn a_zone_that_nobody_knows_is_a_fault() {
        let fault = call("hour", &[Value::Time(0), Value::text("Europe/Berlim")]).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Argument);
        assert_eq!(fault.text, "`\"Europe/Berlim\"` is not a time zone (did you mean `\"Europe/Berlin\"`?)");
        for bad in ["", "Mars/Olympus", "../etc/passwd", "+02:00", "Etc/Unknown"] {
            assert!(call("hour", &[Value::Time(0), Value::text(bad)]).is_err(), "{bad}");
        }
    }

    #[test]
    fn instants_come_from_text_and_from_counts() {
        assert_eq!(call("parse_time", &[Value::text("1970-01-01T01:00:00+01:00")]), Ok(Value::Time(0)));
        assert!(call("parse_time", &[Value::text("1970-01-01")]).is_err());
        assert_eq!(call("from_unix", &[Value::Int(2)]), Ok(Value::Time(2_000_000)));
        assert_eq!(call("from_unix", &[Value::float(1.1).unwrap()]), Ok(Value::Time(1_100_000)));
        assert_eq!(call("from_unix", &[Value::float(1_767_434_400.123456).unwrap()]), Ok(Value::Time(1_767_434_400_123_456)));
        assert_eq!(call("from_unix_ms", &[Value::Int(-2)]), Ok(Value::Time(-2_000)));
        assert_eq!(call("from_unix_us", &[Value::Int(7)]), Ok(Value::Time(7)));
        for huge in [i64::MAX, i64::MIN, 253_402_300_800] {
            assert_eq!(call("from_unix", &[Value::Int(huge)]).unwrap_err().kind, FaultKind::Overflow);
        }
        let sign = |t: Type| (find("from_unix").unwrap().signature)(&[t]);
        assert_eq!(sign(Type::Json), Ok((vec![Type::Json], Type::Time)));
        assert_eq!(sign(Type::Int(Some((0, 1)))), Ok((vec![Type::Int(None)], Type::Time)));
        assert!(sign(Type::Text).is_err());
    }
}
