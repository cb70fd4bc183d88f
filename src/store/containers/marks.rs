//! What commands ask of a running container's keeper, or say about it: small files in the container's directory.
//!
//! `state.json` is the keeper's alone, so that no two processes write it; a command that changes what a container is
//! doing leaves a mark instead, which the keeper looks at when the container's process ends, and every reader of the
//! state at once. A mark speaks of certain processes and means nothing once those are gone.

use super::state::{ProcessId, State, Status};
use super::{Containers, Durability, Error, read_json, write_json};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `stopped`: a user wants the container's end, so no policy may start it again. Stays until a user starts it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Stopped {
    /// The command that waits for the end; none for `kill`.
    by: Option<ProcessId>,
}

/// `paused`: the processes of the container are stopped or frozen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Paused {
    /// The container's first process: the mark is about this run.
    pub process: ProcessId,
    /// Processes that had been stopped before, and are to stay so.
    pub stopped_before: Vec<ProcessId>,
    /// The control group that is frozen; without one, the processes are stopped one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<PathBuf>,
}

/// Whether a user ended the container whose directory this is.
pub fn is_stopped_by_user(directory: &std::path::Path) -> bool {
    directory.join("stopped").exists()
}

impl Containers {
    fn mark(&self, id: &str, name: &str) -> PathBuf {
        self.directory(id).join(name)
    }

    /// Notes that a user wants container `id` to end; by a command that waits for it, or by a signal.
    pub fn mark_stopped(&self, id: &str, waits: bool) -> Result<(), Error> {
        let by = if waits { ProcessId::of(std::process::id() as i32) } else { None };
        write_json(&self.mark(id, "stopped"), &Stopped { by }, Durability::Volatile)
    }

    /// Whether a user ended container `id`, or wants it to end.
    pub fn is_marked_stopped(&self, id: &str) -> bool {
        self.mark(id, "stopped").exists()
    }

    /// Asks the keeper of container `id` to start it again when its process has ended.
    pub fn mark_restart(&self, id: &str) -> Result<(), Error> {
        write_json(&self.mark(id, "restart"), &(), Durability::Volatile)
    }

    /// Whether that was asked.
    pub fn is_marked_restart(&self, id: &str) -> bool {
        self.mark(id, "restart").exists()
    }

    /// Takes that back.
    pub fn clear_restart(&self, id: &str) {
        let _ = std::fs::remove_file(self.mark(id, "restart")); // usually there is none
    }

    /// A new life begins: what was said about the last one is void.
    pub fn clear_marks(&self, id: &str) {
        for name in ["stopped", "restart", "paused"] {
            let _ = std::fs::remove_file(self.mark(id, name)); // usually there is none
        }
    }

    /// Notes that container `dependent` uses what container `id` has, so that asking costs nothing where nobody does.
    pub fn note_dependent(&self, id: &str, dependent: &str) -> Result<(), Error> {
        let directory = self.mark(id, "dependents");
        super::make_directories(&directory)?;
        let path = directory.join(dependent);
        std::fs::write(&path, "").map_err(|error| Error::io("write", &path, error))
    }

    /// The containers that were noted as dependents of container `id` and exist.
    pub fn noted_dependents(&self, id: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.mark(id, "dependents")) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut found: Vec<String> = names.filter(|name| super::is_id(name) && self.exists(name)).collect();
        found.sort();
        found
    }

    /// Notes that container `id` is paused.
    pub fn mark_paused(&self, id: &str, paused: &Paused) -> Result<(), Error> {
        write_json(&self.mark(id, "paused"), paused, Durability::Volatile)
    }

    /// What was noted about the pause of container `id` in the run of `process`.
    pub fn paused(&self, id: &str, process: ProcessId) -> Option<Paused> {
        let paused: Paused = read_json(&self.mark(id, "paused")).ok()?;
        (paused.process == process).then_some(paused)
    }

    /// The pause of container `id` is over.
    pub fn clear_paused(&self, id: &str) {
        let _ = std::fs::remove_file(self.mark(id, "paused")); // one left behind speaks of a run that is over
    }

    /// What the marks say about a container that runs.
    pub(super) fn look_at_marks(&self, id: &str, state: &mut State) {
        let Some(process) = state.process.filter(|_| state.status == Status::Running) else { return };
        if self.paused(id, process).is_some() {
            state.status = Status::Paused;
        } else if read_json::<Stopped>(&self.mark(id, "stopped"))
            .is_ok_and(|mark| mark.by.is_some_and(ProcessId::is_alive))
        {
            state.status = Status::Stopping;
        }
    }
}
