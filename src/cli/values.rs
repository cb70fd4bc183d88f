//! Parsers of single option values, with the messages Go's and podman's parsers give.
//!
//! Each takes the text after the flag and returns the value or the text after `invalid argument "x" for "--flag" flag: `.

use std::time::Duration;

/// A boolean as Go's `strconv.ParseBool` reads it.
///
/// # Errors
/// Any other word.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

/// Levels of importance of log messages.
pub(crate) const LOG_LEVELS: [&str; 8] = ["trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"];

/// A whole number from 0 to 2^32 - 1.
///
/// # Errors
/// Anything else.
pub(crate) fn unsigned(text: &str) -> Result<u32, String> {
    text.parse().map_err(|error: std::num::ParseIntError| go_number_error("ParseUint", text, error.kind()))
}

/// A whole number.
///
/// # Errors
/// Anything else.
pub(crate) fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|error: std::num::ParseIntError| go_number_error("ParseInt", text, error.kind()))
}

fn go_number_error(function: &str, text: &str, kind: &std::num::IntErrorKind) -> String {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    let reason = match kind {
        PosOverflow | NegOverflow => "value out of range",
        _ => "invalid syntax",
    };
    format!("strconv.{function}: parsing {text:?}: {reason}")
}

/// A size in bytes: a number, a fraction allowed, and a unit of 1024s (`b`, `k`, `m`, `g`, `t`, `p`; `kb` and `KiB`
/// are the same as `k`).
///
/// # Errors
/// No number, an unknown unit, or more than 2^63 - 1 bytes.
pub(crate) fn size_bytes(text: &str) -> Result<u64, String> {
    let invalid = || format!("invalid size: '{text}'");
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim_start_matches(' ').to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        "p" | "pb" | "pib" => 1 << 50,
        _ => return Err(invalid()),
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor).filter(|bytes| *bytes <= i64::MAX as u64).ok_or_else(invalid);
    }
    let value = number.parse::<f64>().map_err(|_| invalid())? * factor as f64;
    match value.is_finite() && value < i64::MAX as f64 {
        true => Ok(value as u64),
        false => Err(invalid()),
    }
}

/// A number of bytes, or a negative number for no limit.
///
/// # Errors
/// Anything else.
pub(crate) fn signed_size_bytes(text: &str) -> Result<i64, String> {
    if let Some(number) = text.strip_prefix('-') {
        return number.parse::<u32>().map(|_| -1).map_err(|_| format!("invalid size: '{text}'"));
    }
    size_bytes(text).map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// Seconds to wait for an end; -1 is for ever (so long that nobody sees the difference).
///
/// # Errors
/// Anything else.
pub(crate) fn seconds(text: &str) -> Result<u32, String> {
    match integer(text)? {
        -1 => Ok(u32::MAX),
        number => u32::try_from(number).map_err(|_| format!("strconv.ParseInt: parsing {text:?}: value out of range")),
    }
}

/// A finite number with a fraction.
///
/// # Errors
/// Anything else.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("strconv.ParseFloat: parsing {text:?}: invalid syntax")),
    }
}

/// A length of time as Go writes it: `300ms`, `1.5h`, `2h45m`; a bare number is seconds.
///
/// # Errors
/// Anything else, and negative times.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| invalid());
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(invalid)?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(invalid()),
        };
        let number: f64 = number.parse().map_err(|_| invalid())?;
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| invalid())?;
        total = total.checked_add(part).ok_or_else(invalid)?;
        rest = tail;
    }
    match text.is_empty() {
        true => Err(invalid()),
        false => Ok(total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_those_of_go() {
        for (text, expected) in [("1", Ok(true)), ("T", Ok(true)), ("False", Ok(false)), ("0", Ok(false))] {
            assert_eq!(boolean(text), expected, "{text}");
        }
        assert_eq!(boolean("yes"), Err(r#"strconv.ParseBool: parsing "yes": invalid syntax"#.to_owned()));
    }

    #[test]
    fn sizes_are_in_units_of_1024() {
        let cases = [
            ("0", Some(0)),
            ("65536k", Some(64 << 20)),
            ("1.5g", Some(3 << 29)),
            ("1KiB", Some(1024)),
            ("2 mb", Some(2 << 20)),
            ("9223372036854775807", Some(i64::MAX as u64)),
            ("9223372036854775808", None),
            ("16384p", None),
            ("", None),
            ("k", None),
            ("-1", None),
            ("1.2.3m", None),
            ("1x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(size_bytes(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn durations_are_those_of_go() {
        let cases = [
            ("10", Some(10_000)),
            ("250ms", Some(250)),
            ("1h2m3s", Some(3_723_000)),
            ("1.5m", Some(90_000)),
            ("0", Some(0)),
            ("", None),
            ("5x", None),
            ("-3s", None),
            ("h", None),
            ("1e400", None),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text).ok().map(|value| value.as_millis()), expected, "{text}");
        }
    }

    #[test]
    fn numbers_complain_as_go_does() {
        assert_eq!(unsigned("-1"), Err(r#"strconv.ParseUint: parsing "-1": invalid syntax"#.to_owned()));
        assert_eq!(
            unsigned("4294967296"),
            Err(r#"strconv.ParseUint: parsing "4294967296": value out of range"#.to_owned())
        );
        assert_eq!(integer("-1"), Ok(-1));
    }
}
