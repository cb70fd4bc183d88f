//! Health checks of the container.

use super::OptionError;
use crate::cli::values;
use crate::engine::health::{DEFAULT_TIME, nanoseconds};
use crate::engine::request::{ContainerRequest, HealthRequest, OnFailure, StartupRequest};
use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct HealthOptions {
    /// Command that tells whether the container is healthy: a shell's, a JSON array of words, or none [default: the image's]
    #[arg(long, value_name = "COMMAND")]
    health_cmd: Option<String>,
    /// Time between two checks, or disable to run none by the clock [default: 30s]
    #[arg(long, value_name = "TIME")]
    health_interval: Option<String>,
    /// Failures in a row that make the container unhealthy [default: 3]
    #[arg(long, value_name = "COUNT", value_parser = values::unsigned)]
    health_retries: Option<u32>,
    /// Time after the start in which failures do not count [default: 0s]
    #[arg(long, value_name = "TIME")]
    health_start_period: Option<String>,
    /// Time between two checks within the start period, as in docker
    #[arg(long, value_name = "TIME")]
    health_start_interval: Option<String>,
    /// Time after which a check is ended and has failed [default: 30s]
    #[arg(long, value_name = "TIME")]
    health_timeout: Option<String>,
    /// What is done with an unhealthy container: none, kill, restart or stop [default: none]
    #[arg(long, value_name = "ACTION")]
    health_on_failure: Option<String>,
    /// Command that has to succeed before the regular check begins
    #[arg(long, value_name = "COMMAND")]
    health_startup_cmd: Option<String>,
    /// Time between two startup checks, or disable [default: 30s]
    #[arg(long, value_name = "TIME")]
    health_startup_interval: Option<String>,
    /// Failures of the startup check after which the container is started again; 0 is never [default: 0]
    #[arg(long, value_name = "COUNT", value_parser = values::unsigned)]
    health_startup_retries: Option<u32>,
    /// Successes of the startup check after which the regular one begins [default: 1]
    #[arg(long, value_name = "COUNT", value_parser = values::unsigned)]
    health_startup_success: Option<u32>,
    /// Time after which a startup check is ended and has failed [default: 30s]
    #[arg(long, value_name = "TIME")]
    health_startup_timeout: Option<String>,
    /// Where results are kept: local, events_logger, or a directory that gets a copy [default: local]
    #[arg(long, value_name = "PLACE")]
    health_log_destination: Option<String>,
    /// Results that are kept; 0 is all [default: 5]
    #[arg(long, value_name = "COUNT", value_parser = values::unsigned)]
    health_max_log_count: Option<u32>,
    /// Bytes of output that are kept of each check; 0 is all [default: 500]
    #[arg(long, value_name = "BYTES", value_parser = values::unsigned)]
    health_max_log_size: Option<u32>,
    /// Run no health check, not even the image's
    #[arg(long)]
    no_healthcheck: bool,
}

impl HealthOptions {
    pub(super) fn apply(self, request: &mut ContainerRequest) -> Result<(), OptionError> {
        let refuse = |text: String| Err(OptionError::Health(text));
        let given = |command: Option<String>| command.filter(|command| !command.is_empty());
        let (command, startup_command) = (given(self.health_cmd), given(self.health_startup_cmd));
        if self.no_healthcheck && command.is_some() {
            return refuse("cannot specify both --no-healthcheck and --health-cmd".to_owned());
        }
        if self.health_retries == Some(0) {
            return refuse("healthcheck-retries must be greater than 0".to_owned());
        }
        let timeout = |text: Option<String>| match time("timeout", text)? {
            Some(0) => Err(OptionError::Health("healthcheck-timeout must be at least 1 second".to_owned())),
            other => Ok(other),
        };
        if self.health_start_period.as_deref().is_some_and(|period| period.starts_with('-')) {
            return refuse("healthcheck-start-period must be 0 seconds or greater".to_owned());
        }
        if let Some(place) = self.health_log_destination.as_deref().filter(|place| !is_kind_of_log(place))
            && let Err(error) = std::fs::metadata(place)
        {
            let reason = crate::cli::failure::describe(&error);
            return refuse(format!(
                "running container create option: HealthCheck Log '{place}' destination error: stat {place}: {reason}"
            ));
        }
        let startup = match startup_command {
            None => None,
            Some(command) => Some(StartupRequest {
                test: test(&command),
                interval: time("interval", self.health_startup_interval)?.unwrap_or(nanoseconds(DEFAULT_TIME)),
                timeout: timeout(self.health_startup_timeout)?.unwrap_or(nanoseconds(DEFAULT_TIME)),
                retries: self.health_startup_retries.unwrap_or(0),
                successes: self.health_startup_success.unwrap_or(0),
            }),
        };
        request.health = HealthRequest {
            disabled: self.no_healthcheck,
            test: command.map(|command| test(&command)),
            interval: time("interval", self.health_interval)?,
            timeout: timeout(self.health_timeout)?,
            start_period: time("start-period", self.health_start_period)?,
            start_interval: time("start-interval", self.health_start_interval)?,
            retries: self.health_retries.map(i64::from),
            on_failure: self.health_on_failure.as_deref().map_or(Ok(OnFailure::None), action)?,
            startup,
            log_destination: self.health_log_destination,
            max_log_count: self.health_max_log_count,
            max_log_size: self.health_max_log_size,
        };
        Ok(())
    }
}

fn is_kind_of_log(place: &str) -> bool {
    matches!(place, "" | "local" | "events_logger")
}

/// In nanoseconds; `disable` is never.
fn time(what: &str, text: Option<String>) -> Result<Option<i64>, OptionError> {
    let Some(text) = text else { return Ok(None) };
    if text == "disable" {
        return Ok(Some(0));
    }
    let invalid = |reason: String| OptionError::Health(format!("invalid healthcheck-{what}: {reason}"));
    if text.parse::<f64>().is_ok_and(|number| number != 0.0) {
        return Err(invalid(format!("time: missing unit in duration {text:?}")));
    }
    values::duration(&text).map(|duration| Some(nanoseconds(duration))).map_err(invalid)
}

fn action(word: &str) -> Result<OnFailure, OptionError> {
    match word {
        "none" | "" => Ok(OnFailure::None),
        "kill" => Ok(OnFailure::Kill),
        "restart" => Ok(OnFailure::Restart),
        "stop" => Ok(OnFailure::Stop),
        _ => Err(OptionError::Health(format!(
            "invalid on-failure action {word:?} for health check: supported actions are none,kill,restart,stop"
        ))),
    }
}

/// A command line as Docker's `Test`: a JSON array, `CMD words`, `CMD-SHELL line`, `none`, or a line for the shell.
fn test(text: &str) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if let Ok(array) = serde_json::from_str::<Vec<String>>(text) {
        return match array.as_slice() {
            [] => words(&["NONE"]),
            [first, ..] if ["CMD", "CMD-SHELL", "NONE"].contains(&first.to_ascii_uppercase().as_str()) => array,
            [only] => words(&["CMD-SHELL", only]),
            _ => words(&["CMD"]).into_iter().chain(array).collect(),
        };
    }
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    match first.to_ascii_uppercase().as_str() {
        "NONE" => words(&["NONE"]),
        "CMD" => words(&["CMD"]).into_iter().chain(rest.split_ascii_whitespace().map(str::to_owned)).collect(),
        "CMD-SHELL" => words(&["CMD-SHELL", rest]),
        _ => words(&["CMD-SHELL", text]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_podman_does() {
        let cases: &[(&str, &[&str])] = &[
            ("echo hi", &["CMD-SHELL", "echo hi"]),
            (r#"["a","b"]"#, &["CMD", "a", "b"]),
            (r#"["a b"]"#, &["CMD-SHELL", "a b"]),
            (r#"["CMD","a"]"#, &["CMD", "a"]),
            ("none", &["NONE"]),
            ("CMD curl x", &["CMD", "curl", "x"]),
            ("CMD-SHELL curl x || exit 1", &["CMD-SHELL", "curl x || exit 1"]),
        ];
        for (text, expected) in cases {
            assert_eq!(test(text), *expected, "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        let parse = |text: &str| time("interval", Some(text.to_owned())).map_err(|error| error.to_string());
        assert_eq!(parse("1m"), Ok(Some(60_000_000_000)));
        assert_eq!(parse("disable"), Ok(Some(0)));
        assert_eq!(parse("0"), Ok(Some(0)));
        assert_eq!(parse("foo"), Err("invalid healthcheck-interval: time: invalid duration \"foo\"".to_owned()));
        assert!(parse("5").is_err());
    }
}
