//! `coracle generate ...`: unit files of systemd for containers and pods that exist.
//!
//! ```text
//! systemd ── words as typed ─ command: what is taken out and put in ┐
//!    └─ service: what a service says, as values ────────────────────┴─ text: the file
//! ```

mod command;
mod service;
mod systemd;

use super::tree::{Entry, Group, verb};

/// `generate`.
pub(crate) struct Generate;

impl Group for Generate {
    const NAME: &'static str = "generate";
    const ABOUT: &'static str = "Generate files for other programs from containers and pods";

    fn entries() -> Vec<Entry> {
        vec![verb::<systemd::Systemd>()]
    }
}
