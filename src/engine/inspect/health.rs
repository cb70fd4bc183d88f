//! What `inspect` shows of a health check: `State.Health`, and the check itself in `Config`.

use super::document::{Document, IntoDocument, object};
use crate::engine::health::{self, DEFAULT_LOG_BYTES, DEFAULT_LOG_COUNT, Results};
use crate::engine::record::ContainerRecord;
use serde_json::{Value, json};

/// The results so far; before the first start, podman's empty ones. Nothing without a check.
pub(super) fn results(record: &ContainerRecord) -> Option<Document> {
    health::active(record)?;
    Some(match Results::read(&record.plan.directory) {
        None => object! { "Status" => "", "FailingStreak" => 0_u32, "Log" => Value::Null },
        Some(results) => object! {
            "Status" => results.status.word(),
            "FailingStreak" => results.failing_streak,
            "Log" => if results.log.is_empty() { Value::Null } else { json!(results.log) },
        },
    })
}

/// The fields of `Config`.
pub(super) fn configuration(record: &ContainerRecord) -> Vec<(&'static str, Document)> {
    let asked = &record.request.health;
    let mut fields = Vec::new();
    if let Some(startup) = &asked.startup {
        let mut shown = json!({ "Test": startup.test });
        let numbers = [
            ("Interval", startup.interval),
            ("Timeout", startup.timeout),
            ("Retries", startup.retries.into()),
            ("Successes", startup.successes.into()),
        ];
        for (name, number) in numbers.into_iter().filter(|(_, number)| *number != 0) {
            shown[name] = number.into();
        }
        fields.push(("StartupHealthCheck", shown.into_document()));
    }
    if let Some(check) = &record.health {
        fields.push(("Healthcheck", Document::of(check)));
    }
    let destination = asked.log_destination.as_deref().filter(|place| !place.is_empty()).unwrap_or("local");
    fields.extend([
        ("HealthcheckOnFailureAction", asked.on_failure.word().into_document()),
        ("HealthLogDestination", destination.into_document()),
        ("HealthcheckMaxLogCount", asked.max_log_count.unwrap_or(DEFAULT_LOG_COUNT).into_document()),
        ("HealthcheckMaxLogSize", asked.max_log_size.unwrap_or(DEFAULT_LOG_BYTES).into_document()),
    ]);
    fields
}
