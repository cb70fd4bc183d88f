//! Points in time as options take them: `--since`, `--until`, `until=`.

use super::values;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A time: seconds since 1970 (a fraction allowed), RFC 3339, a date with or without a time of day (local), or how long
/// ago (`10m`, `1h30m`). `None` for anything else.
pub(crate) fn parse(text: &str, now: Timestamp) -> Option<Timestamp> {
    point(text).or_else(|| now.checked_sub(offset(text)?).ok())
}

/// The same for the end of a stream that is followed: a duration is how long from now, as in podman.
pub(crate) fn parse_until(text: &str, now: Timestamp) -> Option<Timestamp> {
    point(text).or_else(|| now.checked_add(offset(text)?).ok())
}

/// A duration, which may be negative.
fn offset(text: &str) -> Option<jiff::SignedDuration> {
    let (text, sign) = text.strip_prefix('-').map_or((text, 1), |text| (text, -1));
    Some(jiff::SignedDuration::try_from(values::duration(text).ok()?).ok()? * sign)
}

/// What is not relative to now.
fn point(text: &str) -> Option<Timestamp> {
    if let Some(time) = unix(text) {
        return Some(time);
    }
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let local = text.parse::<DateTime>().ok()?;
    local.to_zoned(TimeZone::system()).ok().map(|zoned| zoned.timestamp())
}

/// `1700000000` or `1700000000.5`.
fn unix(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: i32 = format!("{fraction:0<9}").parse().ok()?;
    Timestamp::new(seconds.parse().ok()?, nanoseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_forms() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().expect("a time");
        let cases = [
            ("1700000000", Some("2023-11-14T22:13:20Z")),
            ("1700000000.25", Some("2023-11-14T22:13:20.25Z")),
            ("2026-01-01T12:00:00+02:00", Some("2026-01-01T10:00:00Z")),
            ("24h", Some("2026-01-01T00:00:00Z")),
            ("1h30m", Some("2026-01-01T22:30:00Z")),
            ("-1h", Some("2026-01-02T01:00:00Z")),
            ("yesterday", None),
            ("", None),
            ("1.x", None),
            ("99999999999999999", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|time| time.parse().expect("a time"));
            assert_eq!(parse(text, now), expected, "{text}");
        }
        assert_eq!(parse_until("1h", now), "2026-01-02T01:00:00Z".parse().ok(), "an end lies ahead");
        assert_eq!(parse_until("1700000000", now), parse("1700000000", now));
    }
}
