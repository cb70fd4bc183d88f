//! A further process of a running container (`exec`): it finds namespaces, root and mounts as they are, and goes
//! through the rest of init's steps.
//!
//! Until it has given up its rights this process holds more capabilities than any process of a container that was not
//! given all of them, so none of those can trace it (`ptrace(2)`, cap_ptrace_access_check); of a container that has all
//! there is nothing to gain: it holds no descriptor of the host but the streams it was given.

use super::{
    Accounts, DeviceNodes, Failure, Init, OwnedFd, RuntimePlan, Step, become_root, console, execute, set_home,
};
use crate::runtime::failure::FailureKind;
use crate::runtime::rooted::Rooted;
use rustix::fs::{Mode, OFlags, Uid};
use rustix::io::Errno;

/// Becomes the process of `plan` in the namespaces this process is in. Returns only when a step failed.
pub fn run(plan: &RuntimePlan, client: OwnedFd) -> Failure {
    match begin(plan, client).and_then(|init| init.confine().map(|()| init)) {
        Ok(init) => execute(init.process),
        Err(failure) => failure,
    }
}

fn begin(plan: &RuntimePlan, client: OwnedFd) -> Step<Init<'_>> {
    let process = plan.spec.process().as_ref().ok_or_else(|| Failure::message("the plan has no process"))?;
    let _ = rustix::process::setsid(); // a fresh fork leads no group, so this cannot fail
    let _ = crate::sys::process::join_new_session_keyring(); // not every host has keys
    become_root(plan)?;
    let root = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| Failure::setup("enter the root file system", error))?;
    Ok(Init {
        plan,
        process,
        keeper: client,
        root: Rooted::new(root),
        devices: DeviceNodes::default(),
        account_files: None,
        mounts: Vec::new(),
    })
}

impl Init<'_> {
    fn confine(&self) -> Step<()> {
        let terminal = match self.process.terminal() {
            Some(true) => Some(console::open_another(&self.root, self.process, &self.keeper)?),
            _ => None,
        };
        let user = Accounts::read(&self.root).resolve(&self.plan.user)?;
        self.enter_existing_directory()?;
        self.limit()?;
        if let Some(terminal) = terminal {
            let _ = rustix::fs::fchown(&terminal, Some(Uid::from_raw(user.uid)), None); // not possible under a one-id map
            console::take(terminal)?;
        }
        super::launch::give_streams_to(user.uid);
        self.give_up_rights(&user)?;
        set_home(&user);
        crate::sys::signal::reset_all();
        Ok(())
    }

    fn enter_existing_directory(&self) -> Step<()> {
        let directory = self.process.cwd();
        let shown = directory.display();
        let failed = |error: Errno| match error {
            Errno::NOENT | Errno::NOTDIR => Failure::message(format!(
                "chdir to `{shown}`: {}: OCI runtime attempted to invoke a command that was not found",
                if error == Errno::NOENT { "No such file or directory" } else { "Not a directory" }
            ))
            .of_kind(FailureKind::CommandNotFound),
            _ => Failure::setup(format_args!("enter working directory \"{shown}\""), error),
        };
        let opened = self.root.open(directory, OFlags::PATH | OFlags::DIRECTORY, 0).map_err(failed)?;
        rustix::process::fchdir(opened).map_err(failed)
    }
}
