//! When to try a request again, and after how long.
//!
//! Dropped connections, 429 and 5xx are tried again a bounded number of times, with growing pauses or the pause the
//! registry asks for in `Retry-After` (RFC 9110 section 10.2.3), but never a longer one than [`LONGEST_PAUSE`].

use std::time::Duration;

/// Times a request is tried.
pub const ATTEMPTS: u32 = 5;
/// First pause; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause, whatever the registry asks for.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Whether an answer with this status may be another one next time.
pub fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502..=504)
}

/// The pause after the failed attempt number `attempt` (from 0), `retry_after` being the header's value.
pub fn pause(attempt: u32, retry_after: Option<&str>) -> Duration {
    let own = FIRST_PAUSE * 2u32.saturating_pow(attempt.min(10));
    let asked = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    asked.unwrap_or(own).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_bounded() {
        for (attempt, header, milliseconds) in [
            (0, None, 500),
            (3, None, 4000),
            (u32::MAX, None, 60_000),
            (0, Some("0"), 0),
            (0, Some(" 7 "), 7000),
            (0, Some("99999999999"), 60_000),
            (0, Some("Wed, 21 Oct 2015 07:28:00 GMT"), 500),
            (0, Some("-1"), 500),
        ] {
            assert_eq!(pause(attempt, header), Duration::from_millis(milliseconds), "{attempt} {header:?}");
        }
    }
}
