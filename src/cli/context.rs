//! What every verb knows: the global options and the name it was called by.

use super::configuration::{Configuration, ConfigurationError};
use super::options::Surroundings;
use super::values::LOG_LEVELS;
use crate::engine::Engine;
use crate::engine::request::ContainerRequest;
use crate::store::paths::Paths;
use clap::Args;
use std::path::PathBuf;

/// Options of every command; they may stand before or after it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct GlobalOptions {
    /// Directory of the store: images, containers and volumes [default: ~/.local/share/coracle, or $CORACLE_ROOT]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) root: Option<PathBuf>,
    /// Directory for what need not outlive a boot [default: $XDG_RUNTIME_DIR/coracle]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) runroot: Option<PathBuf>,
    /// How a container's root file system is made: fuse+overlay, fuse, overlay or copy [default: the first that works here, or
    /// $CORACLE_STORAGE_DRIVER]
    #[arg(long, value_name = "DRIVER")]
    pub(crate) storage_driver: Option<String>,
    /// Least important messages to print: trace, debug, info, warn, error, fatal or panic
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
}

impl GlobalOptions {
    /// What stands after the verb wins over what stands before it.
    pub(crate) fn or(self, earlier: GlobalOptions) -> GlobalOptions {
        GlobalOptions {
            root: self.root.or(earlier.root),
            runroot: self.runroot.or(earlier.runroot),
            storage_driver: self.storage_driver.or(earlier.storage_driver),
            log_level: self.log_level.or(earlier.log_level),
        }
    }
}

/// What every verb is handed.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The name coracle was called by: `coracle`, `docker` or `podman`.
    pub(crate) program: String,
    /// The command as typed words: `coracle image ls`.
    pub(crate) path: String,
    /// All words of the command line, the program's name first.
    pub(crate) words: Vec<String>,
    /// Global options.
    pub(crate) global: GlobalOptions,
}

impl Context {
    /// Where this user's store is.
    pub(crate) fn paths(&self) -> Paths {
        Paths::for_user(self.global.root.clone(), self.global.runroot.clone())
    }

    /// The engine on this user's store.
    pub(crate) fn engine(&self) -> Engine {
        let global = &self.global;
        Engine::for_user(global.root.clone(), global.runroot.clone(), global.storage_driver.clone())
    }

    /// Prints a warning as podman logs one, unless `--log-level` leaves warnings out.
    pub(crate) fn warn(&self, text: &str) {
        self.log("warning", text);
    }

    /// Prints what happens in the form of podman's log, if `--log-level` wants messages of this level.
    pub(crate) fn log(&self, level: &str, text: &str) {
        if self.logs(level) {
            let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap_or_default();
            super::output::note(&format!("time=\"{now}\" level={level} msg={text:?}"));
        }
    }

    /// Whether messages of `level` are to be printed.
    pub(crate) fn logs(&self, level: &str) -> bool {
        let rank = |level: &str| LOG_LEVELS.iter().position(|known| known.eq_ignore_ascii_case(level));
        rank(level) >= rank(self.global.log_level.as_deref().unwrap_or("warn"))
    }

    /// What option parsing needs from this process.
    pub(crate) fn surroundings(&self) -> Surroundings<'static> {
        let variable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Surroundings {
            environment: std::env::vars_os().filter_map(variable).collect(),
            read: &|path| std::fs::read_to_string(path),
            as_docker: self.program == "docker",
            defaults: Configuration::default(),
        }
    }

    /// The same with the defaults of `containers.conf`, for commands that create containers.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
    pub(crate) fn surroundings_with_defaults(&self) -> Result<Surroundings<'static>, ConfigurationError> {
        Ok(Surroundings { defaults: Configuration::load()?, ..self.surroundings() })
    }

    /// What a request takes from the global options and the command line as a whole.
    pub(crate) fn fill(&self, request: &mut ContainerRequest) {
        request.storage_driver = self.global.storage_driver.clone();
        request.create_command = self.words.clone();
    }
}
