//! `history`: how an image came about.

use super::list::{created, tags_of};
use super::{Error, resolve};
use crate::store::images;
use crate::store::paths::Paths;
use jiff::Timestamp;
use serde::Serialize;

/// One step, with the fields of podman's `history --format json`.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryEntry {
    /// The image's ID for the last step, `<missing>` for those before.
    pub id: String,
    /// As text.
    pub created: String,
    /// What was done.
    #[serde(rename = "CreatedBy")]
    pub created_by: String,
    /// Bytes the step added.
    pub size: u64,
    /// A remark.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// The image's names, at its last step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// `created` in whole seconds.
    #[serde(rename = "Created")]
    pub created_seconds: String,
    /// When, for reckoning.
    #[serde(skip)]
    pub created_at: Timestamp,
}

/// The steps of an image, the last one first.
pub fn history(paths: &Paths, typed: &str) -> Result<Vec<HistoryEntry>, Error> {
    let record = resolve::expect(paths, typed)?.image.record;
    let steps = record.configuration.history().clone().unwrap_or_default();
    let mut sizes = record.layers.iter().map(|layer| layer.size_bytes);
    let entry = |created_at: Timestamp, created_by: String, size: u64, comment: String| HistoryEntry {
        id: "<missing>".into(),
        created: created_at.to_string(),
        created_seconds: Timestamp::from_second(created_at.as_second()).unwrap_or_default().to_string(),
        created_by,
        size,
        comment,
        tags: Vec::new(),
        created_at,
    };
    let mut entries: Vec<HistoryEntry> = steps
        .iter()
        .map(|step| {
            let size = if step.empty_layer().unwrap_or(false) { 0 } else { sizes.next().unwrap_or(0) };
            let time = step.created().as_deref().and_then(|text| text.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH);
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            entry(time, text(step.created_by()), size, text(step.comment()))
        })
        .collect();
    // Tools that write no history still have layers.
    entries.extend(sizes.map(|size| entry(created(&record), String::new(), size, String::new())).collect::<Vec<_>>());
    entries.reverse();
    if let Some(last) = entries.first_mut() {
        last.id = record.id.hex();
        last.tags = tags_of(&record.id, &images::names(paths)?);
    }
    Ok(entries)
}
