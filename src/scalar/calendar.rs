//! Calendar units: where the hour, day, week or month of an instant begins in a time zone. Read by the engine for `per day in "UTC"`.
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A calendar unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Calendar {
    /// From full hour to full hour.
    Hour,
    /// From midnight on.
    Day,
    /// From Monday on.
    Week,
    /// From the first on.
    Month,
}

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

impl Calendar {
    /// The unit of a word (`hour day week month`).
    pub fn of(word: &str) -> Calendar {
        match word {
            "hour" => Calendar::Hour,
            "week" => Calendar::Week,
            "month" => Calendar::Month,
            _ => Calendar::Day,
        }
    }
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Calendar::Hour => "hour",
            Calendar::Day => "day",
            Calendar::Week => "week",
            Calendar::Month => "month",
        }
    }
    /// No unit is longer, in microseconds (with an hour for a change of clocks).
    pub fn longest(self) -> i64 {
        match self {
            Calendar::Hour => 2 * HOUR,
            Calendar::Day => DAY + HOUR,
            Calendar::Week => 7 * DAY + HOUR,
            Calendar::Month => 31 * DAY + HOUR,
        }
    }
    /// Where the unit of an instant begins in a zone, both in microseconds since 1970. None if there is no such zone, or the instant
    /// cannot be written.
    pub fn start(self, us: i64, zone: &str) -> Option<i64> {
        if zone == "UTC" {
            match self {
                Calendar::Hour => return Some(us - us.rem_euclid(HOUR)),
                Calendar::Day => return Some(us - us.rem_euclid(DAY)),
                // 1970 began on a Thursday
                Calendar::Week => return Some(us - (us + 3 * DAY).rem_euclid(7 * DAY)),
                Calendar::Month => {}
            }
        }
        let zone = TimeZone::get(zone).ok()?;
        let there: DateTime = zone.to_datetime(Timestamp::from_microsecond(us).ok()?);
        let date: Date = match self {
            Calendar::Hour => {
                // an hour that comes twice is two
                let into = i64::from(there.minute()) * 60_000_000 + i64::from(there.second()) * 1_000_000;
                return Some(us - into - i64::from(there.subsec_nanosecond()).div_euclid(1_000));
            }
            Calendar::Day => there.date(),
            Calendar::Week => {
                let days = i64::from(there.date().weekday().to_monday_zero_offset());
                there.date().checked_sub(days.days()).ok()?
            }
            Calendar::Month => there.date().first_of_month(),
        };
        // a midnight that a change of clocks left out is the first instant behind it
        let first = zone.to_ambiguous_timestamp(DateTime::from_parts(date, Time::midnight())).compatible().ok()?;
        Some(first.as_microsecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::instant::{format_time, parse_time};

    fn start(unit: Calendar, at: &str, zone: &str) -> String {
        format_time(unit.start(parse_time(at).unwrap(), zone).unwrap())
    }

    #[test]
    fn units_begin_where_the_calendar_says() {
        let at = "2026-01-03T10:20:30.5Z";
        assert_eq!(start(Calendar::Hour, at, "UTC"), "2026-01-03T10:00:00Z");
        assert_eq!(start(Calendar::Day, at, "UTC"), "2026-01-03T00:00:00Z");
        assert_eq!(start(Calendar::Week, at, "UTC"), "2025-12-29T00:00:00Z");
        assert_eq!(start(Calendar::Month, at, "UTC"), "2026-01-01T00:00:00Z");
        assert_eq!(start(Calendar::Hour, "1969-12-31T23:59:59Z", "UTC"), "1969-12-31T23:00:00Z");
        assert_eq!(start(Calendar::Week, "1969-12-31T23:59:59Z", "UTC"), "1969-12-29T00:00:00Z");
    }

    #[test]
    fn units_are_those_of_the_zone() {
        let at = "2026-03-29T21:30:00Z";
        assert_eq!(start(Calendar::Day, at, "Europe/Berlin"), "2026-03-28T23:00:00Z");
        assert_eq!(start(Calendar::Week, at, "Europe/Berlin"), "2026-03-22T23:00:00Z");
        assert_eq!(start(Calendar::Month, at, "Europe/Berlin"), "2026-02-28T23:00:00Z");
        assert_eq!(start(Calendar::Hour, at, "Asia/Kolkata"), "2026-03-29T21:30:00Z");
        // the hour that comes twice in autumn
        assert_eq!(start(Calendar::Hour, "2026-10-25T01:30:00Z", "Europe/Berlin"), "2026-10-25T01:00:00Z");
        assert_eq!(start(Calendar::Hour, "2026-10-25T00:30:00Z", "Europe/Berlin"), "2026-10-25T00:00:00Z");
    }
}
