//! Health checks of the container.

use super::OptionError;
use crate::cli::values;
use crate::engine::health::{DEFAULT_TIME, nanoseconds};
use crate::engine::request::{ContainerRequest, HealthRequest, OnFailure, StartupRequest};
use clap::Args;

#[derive(Args, Clone, Debug, Default)]
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
        request.health = HealthRequest::default();
        self.change(&mut request.health)
    }

    /// Changes what a container that exists has; `has_check` says whether that includes a check.
    ///
    /// # Errors
    /// As [`Self::apply`]; times or counts of a check that there is not.
    pub(crate) fn update(self, health: &mut HealthRequest, has_check: bool) -> Result<(), OptionError> {
        let is_regular = self.health_interval.is_some()
            || self.health_retries.is_some()
            || self.health_timeout.is_some()
            || self.health_start_period.is_some();
        let is_startup = self.health_startup_interval.is_some()
            || self.health_startup_retries.is_some()
            || self.health_startup_success.is_some()
            || self.health_startup_timeout.is_some();
        let has_check = has_check || self.health_cmd.is_some();
        let has_startup = health.startup.is_some() || self.health_startup_cmd.is_some();
        if (is_regular && !has_check) || (is_startup && !has_startup) {
            return Err(OptionError::Health("healthcheck command is not set".to_owned()));
        }
        self.change(health)
    }

    fn change(self, health: &mut HealthRequest) -> Result<(), OptionError> {
        let refuse = |text: String| Err(OptionError::Health(text));
        let given = |command: &Option<String>| command.as_deref().filter(|command| !command.is_empty()).map(test);
        let (command, startup_command) = (given(&self.health_cmd), given(&self.health_startup_cmd));
        if self.no_healthcheck && command.is_some() {
            return refuse("cannot specify both --no-healthcheck and --health-cmd".to_owned());
        }
        if self.health_retries == Some(0) {
            return refuse("healthcheck-retries must be greater than 0".to_owned());
        }
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
        if self.no_healthcheck {
            (health.disabled, health.test, health.startup) = (true, None, None);
        }
        if command.is_some() {
            health.disabled = false;
        }
        if let Some(startup) = self.startup(startup_command, health.startup.take())? {
            health.startup = Some(startup);
        }
        set(&mut health.test, command);
        set(&mut health.interval, time("interval", self.health_interval)?);
        set(&mut health.timeout, timeout(self.health_timeout)?);
        set(&mut health.start_period, time("start-period", self.health_start_period)?);
        set(&mut health.start_interval, time("start-interval", self.health_start_interval)?);
        set(&mut health.retries, self.health_retries.map(i64::from));
        if let Some(word) = &self.health_on_failure {
            health.on_failure = action(word)?;
        }
        set(&mut health.log_destination, self.health_log_destination);
        set(&mut health.max_log_count, self.health_max_log_count);
        set(&mut health.max_log_size, self.health_max_log_size);
        Ok(())
    }

    /// The startup check: a new one, or changes to the `known` one.
    fn startup(
        &self,
        command: Option<Vec<String>>,
        known: Option<StartupRequest>,
    ) -> Result<Option<StartupRequest>, OptionError> {
        let usual = || StartupRequest {
            interval: nanoseconds(DEFAULT_TIME),
            timeout: nanoseconds(DEFAULT_TIME),
            ..StartupRequest::default()
        };
        let Some(mut startup) = known.or_else(|| command.is_some().then(usual)) else { return Ok(None) };
        let change = |place: &mut i64, given: Option<i64>| *place = given.unwrap_or(*place);
        startup.test = command.unwrap_or(startup.test);
        change(&mut startup.interval, time("interval", self.health_startup_interval.clone())?);
        change(&mut startup.timeout, timeout(self.health_startup_timeout.clone())?);
        startup.retries = self.health_startup_retries.unwrap_or(startup.retries);
        startup.successes = self.health_startup_success.unwrap_or(startup.successes);
        Ok(Some(startup))
    }
}

fn set<T>(place: &mut Option<T>, given: Option<T>) {
    if given.is_some() {
        *place = given;
    }
}

fn timeout(text: Option<String>) -> Result<Option<i64>, OptionError> {
    match time("timeout", text)? {
        Some(0) => Err(OptionError::Health("healthcheck-timeout must be at least 1 second".to_owned())),
        other => Ok(other),
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
