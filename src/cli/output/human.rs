//! Sizes and times in words, as podman's and docker's library (`go-units`) writes them.

use jiff::Timestamp;
use std::time::Duration;

/// Units of 1000 bytes each.
const UNITS: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];

/// `1.988MB`: a size in units of 1000 with `digits` significant digits and no trailing zeros.
pub(crate) fn size(bytes: u64, digits: usize) -> String {
    let (number, unit) = scaled(bytes, digits);
    format!("{number}{unit}")
}

/// `1.99 MB`: [`size`] with three digits and a space, as `images` and `history` show it.
pub(crate) fn spaced_size(bytes: u64) -> String {
    let (number, unit) = scaled(bytes, 3);
    format!("{number} {unit}")
}

fn scaled(bytes: u64, digits: usize) -> (String, &'static str) {
    let mut value = bytes as f64;
    let mut units = UNITS.into_iter();
    let mut unit = units.next().unwrap_or("B");
    // Rounding may reach 1000 ("999.96" with four digits): then the next unit is the shorter way to say it.
    while significant(value, digits).parse().is_ok_and(|rounded: f64| rounded >= 1000.0) {
        let Some(larger) = units.next() else { break };
        value /= 1000.0;
        unit = larger;
    }
    (significant(value, digits), unit)
}

/// `value` (below 1000 or a whole number) with so many significant digits, without trailing zeros.
fn significant(value: f64, digits: usize) -> String {
    let whole = if value < 1.0 { 1 } else { value.log10().floor() as usize + 1 };
    let text = format!("{value:.*}", digits.saturating_sub(whole));
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// `2022-06-15 16:44:42 +0000 UTC`: a time as Go prints one, to the second.
pub(crate) fn go_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()
}

/// The same to the nanosecond.
pub(crate) fn exact_go_time(time: Timestamp) -> String {
    time.to_string().trim_end_matches('Z').replacen('T', " ", 1) + " +0000 UTC"
}

/// `About a minute`, `3 hours`: a length of time.
pub(crate) fn duration(seconds: i64) -> String {
    let minutes = seconds / 60;
    let hours = (seconds + 1800) / 3600;
    match (seconds, minutes, hours) {
        (..1, ..) => "Less than a second".to_owned(),
        (1, ..) => "1 second".to_owned(),
        (..60, ..) => format!("{seconds} seconds"),
        (_, 1, _) => "About a minute".to_owned(),
        (_, ..60, _) => format!("{minutes} minutes"),
        (.., ..2) => "About an hour".to_owned(),
        (.., ..48) => format!("{hours} hours"),
        (.., hours) if hours < 24 * 7 * 2 => format!("{} days", hours / 24),
        (.., hours) if hours < 24 * 30 * 2 => format!("{} weeks", hours / 24 / 7),
        (.., hours) if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", seconds / 3600 / 24 / 365),
    }
}

/// [`duration`] from `then` to `now`.
pub(crate) fn since(then: Timestamp, now: Timestamp) -> String {
    duration(now.as_second() - then.as_second())
}

/// `3 hours ago`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    format!("{} ago", since(then, now))
}

/// `text` cut to `length` characters, with podman's dots when something is missing.
pub(crate) fn shortened(text: &str, length: usize) -> String {
    match text.chars().count() > length {
        true => format!("{}...", text.chars().take(length).collect::<String>()),
        false => text.to_owned(),
    }
}

/// The first twelve digits of an ID.
pub(crate) fn short_id(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// A length of time as Go prints it: `1h2m3.5s`, `12.5ms`, `0s`.
pub(crate) fn go_duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let fraction = |value: f64, unit: &str, digits: usize| {
        let text = format!("{value:.digits$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        format!("{text}{unit}")
    };
    match nanoseconds {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanoseconds}ns"),
        1_000..1_000_000 => fraction(nanoseconds as f64 / 1e3, "µs", 3),
        1_000_000..1_000_000_000 => fraction(nanoseconds as f64 / 1e6, "ms", 6),
        _ => {
            let (hours, minutes) = (duration.as_secs() / 3600, duration.as_secs() / 60 % 60);
            let seconds = (duration.as_secs() % 60) as f64 + f64::from(duration.subsec_nanos()) / 1e9;
            let seconds = fraction(seconds, "s", 9);
            match (hours, minutes) {
                (0, 0) => seconds,
                (0, _) => format!("{minutes}m{seconds}"),
                _ => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_podmans() {
        let cases = [
            (0, "0B", "0 B"),
            (999, "999B", "999 B"),
            (1000, "1kB", "1 kB"),
            (1_987_691, "1.988MB", "1.99 MB"),
            (999_960, "1MB", "1 MB"),
            (999_940, "999.9kB", "1 MB"),
            (100_000_000, "100MB", "100 MB"),
            (123_456_789_012, "123.5GB", "123 GB"),
            (u64::MAX, "18.45EB", "18.4 EB"),
        ];
        for (bytes, plain, spaced) in cases {
            assert_eq!((size(bytes, 4).as_str(), spaced_size(bytes).as_str()), (plain, spaced));
        }
    }

    #[test]
    fn times_are_podmans() {
        const HOUR: i64 = 3600;
        const DAY: i64 = 24 * HOUR;
        let cases = [
            (-5, "Less than a second"),
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "About a minute"),
            (119, "About a minute"),
            (120, "2 minutes"),
            (59 * 60 + 59, "59 minutes"),
            (HOUR, "About an hour"),
            (HOUR + 1799, "About an hour"),
            (HOUR + 1800, "2 hours"),
            (47 * HOUR, "47 hours"),
            (2 * DAY, "2 days"),
            (13 * DAY, "13 days"),
            (14 * DAY, "2 weeks"),
            (60 * DAY, "2 months"),
            (729 * DAY, "24 months"),
            (730 * DAY, "2 years"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(duration(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(shortened("déjà vu", 3), "déj...");
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(short_id("0123456789abcdef"), "0123456789ab");
    }
}
