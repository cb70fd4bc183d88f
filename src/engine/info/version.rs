//! What this program is: podman's `version`.

use crate::engine::host;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// Seconds since 1970 the build was told to bear (reproducible-builds.org), if any.
const BUILT: Option<&str> = option_env!("SOURCE_DATE_EPOCH");

/// The commit the build was made from, if the build was told.
const COMMIT: Option<&str> = option_env!("CORACLE_COMMIT");

/// One side's version, with podman's names.
pub fn version() -> Value {
    let built: i64 = BUILT.and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let platform = format!("linux/{}", host::architecture());
    json!({
        "APIVersion": env!("CARGO_PKG_VERSION"),
        "Version": env!("CARGO_PKG_VERSION"),
        "GoVersion": "",
        "GitCommit": COMMIT.unwrap_or_default(),
        "BuiltTime": built_time(built),
        "Built": built,
        "OsArch": platform,
        "Os": "linux",
    })
}

/// `version`: podman's one side, and beside it docker's other names; client and server are this one program.
pub fn version_of(program: &str) -> Value {
    let mut side = version();
    if let Some(side) = side.as_object_mut() {
        side.insert("Arch".into(), json!(host::architecture()));
        side.insert("KernelVersion".into(), json!(host::kernel_release()));
        side.insert("Platform".into(), json!({"Name": program}));
    }
    json!({"Client": side, "Server": side})
}

/// As Go's `time.ANSIC` prints it.
fn built_time(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or_default();
    time.to_zoned(TimeZone::UTC).strftime("%a %b %e %H:%M:%S %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_in_go() {
        assert_eq!(built_time(0), "Thu Jan  1 00:00:00 1970");
    }

    #[test]
    fn both_sides_are_this_program() {
        let version = version_of("coracle");
        assert_eq!(version["Client"], version["Server"]);
        assert_eq!(version["Server"]["Version"], env!("CARGO_PKG_VERSION"));
    }
}
