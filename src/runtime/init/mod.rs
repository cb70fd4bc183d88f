//! init: from a fresh program in new namespaces to the container's process, one step after the other.
//!
//! The order is the runtime specification's, with what rootless needs: everything on the host is opened with the
//! user's own id before this process becomes the container's root; every path in the container is resolved beneath
//! its root; rights are given up last. A step that fails sends the reason to the keeper and ends the process: the
//! namespaces, and with them all mounts, vanish.

mod console;
mod copy_up;
mod device_nodes;
mod joined;
pub mod launch;
mod mounts;
mod network_calls;
mod options;
mod reaper;
mod reexec;
mod secrets;
mod still;
mod user;
mod view;

pub(in crate::runtime) use console::{Terminal, attach as attach_console, make_terminal, take as take_terminal};
pub(in crate::runtime) use device_nodes::DeviceNodes as HostDevices;
pub use joined::run as run_joined;
pub use mounts::{BENEATH_OPTION, BORROWED, TOP_OPTION, attach, bind, new_file_system, open_handle, open_source};
pub(in crate::runtime) use mounts::{PreparedMount, bind_at, make_read_only, mask, prepare};
pub use options::{FRESH_OPTION, IdMap, MountOptions, parse as parse_mount_options};
pub use reexec::{Role, execute_as, execute_init, passed_descriptors, protected_program};
pub use still::{bare, join_files, mount_still};
pub use user::{Accounts, User};
pub use view::{MAP_OPTION, VIEW};

use super::capabilities::Capabilities;
use super::failure::{Failure, FailureKind, Step};
use super::handshake::{Order, Report, expect_order, report};
use super::labels;
use super::namespaces;
use super::plan::{RuntimePlan, SeccompPlan};
use super::rlimits::Limit;
use super::rooted::Rooted;
use super::seccomp;
use super::security::LandlockRule;
use super::subordinate::IdKind;
use crate::sys::landlock::{self, Access};
use crate::sys::mount::{MountAttributes, set_attributes};
use device_nodes::DeviceNodes;
use oci_spec::runtime::{Linux, LinuxNamespaceType, PosixRlimit, Process};
use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use rustix::mount::MountPropagationFlags;
use rustix::process::{DumpableBehavior, Signal};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// How the root file system comes to be; the engine supplies it.
pub trait RootFileSystem {
    /// Opens what is needed on the host, still with the user's own id.
    fn open(&mut self) -> Step<()>;
    /// Mounts the root, as the container's root user, and returns a handle of it.
    ///
    /// The root must be a mount of its own in this process's mount namespace. `keeper` is told of a FUSE device.
    fn mount(&mut self, keeper: &OwnedFd) -> Step<OwnedFd>;
    /// Makes a mount for a view of the directory or file `source` is a handle of: the mount, attached nowhere, and the FUSE
    /// device that the keeper is to serve.
    fn make_view(&self, source: &OwnedFd) -> Step<(OwnedFd, OwnedFd)>;
}

/// What init has to show of the container's own network.
#[derive(Debug)]
pub enum Made {
    /// The tap of its interface.
    Tap(OwnedFd),
    /// A routing socket of the namespace: others plug the container in.
    Route(OwnedFd),
}

/// How the container's own network comes to be; the engine supplies it.
pub trait Network {
    /// Makes what is to be made; `None` when there is nothing. Called with all capabilities over
    /// the network namespace but still with the user's own id, before ids are mapped.
    fn make(&mut self) -> Step<Option<Made>>;
    /// Sets what needs mapped ids, still with the host's `/proc`.
    fn adjust(&mut self);
}

/// Runs init. Returns only when a step failed.
pub fn run(
    plan: &RuntimePlan,
    keeper: OwnedFd,
    root_file_system: &mut dyn RootFileSystem,
    network: &mut dyn Network,
) -> Failure {
    match Init::begin(plan, keeper, root_file_system, network) {
        Ok(init) => init.finish(),
        Err(failure) => failure,
    }
}

/// Tells the keeper why init could not go on.
pub fn report_failure(keeper: &OwnedFd, failure: Failure) {
    let _ = report(keeper, &Report::Failed(failure), None); // a dead keeper has no use for it
}

struct Init<'a> {
    plan: &'a RuntimePlan,
    process: &'a Process,
    keeper: OwnedFd,
    root: Rooted,
    devices: DeviceNodes,
    account_files: Option<[OwnedFd; 2]>,
    mounts: Vec<PreparedMount>,
}

impl<'a> Init<'a> {
    /// Everything that needs the host: from the first system call to the new root and its mounts.
    fn begin(
        plan: &'a RuntimePlan,
        keeper: OwnedFd,
        root_file_system: &mut dyn RootFileSystem,
        network: &mut dyn Network,
    ) -> Step<Init<'a>> {
        let process = plan.spec.process().as_ref().ok_or_else(|| Failure::message("the plan has no process"))?;
        leave_the_caller()?;
        let mut mounts = mounts::prepare(plan.spec.mounts().as_deref().unwrap_or_default())?;
        let devices = DeviceNodes::open();
        let account_files = open_account_files(plan)?;
        let secrets = secrets::Secrets::open(plan)?;
        root_file_system.open()?;
        let made = network.make()?;
        let shown = match &made {
            Some(Made::Tap(tap)) => Some((Report::Tap, tap.as_fd())),
            Some(Made::Route(route)) => Some((Report::Route, route.as_fd())),
            None => None,
        };
        if let Some((shown, descriptor)) = shown {
            report(&keeper, &shown, Some(descriptor))
                .map_err(|error| Failure::setup("hand the network interface over", error))?;
        }
        expect_order(&keeper, Order::Mapped)?;
        become_root(plan)?;
        if let Some(join) = &plan.join {
            still::borrow(join, &mut mounts)?;
        }
        network.adjust();
        let root = Rooted::new(root_file_system.mount(&keeper)?);
        let init = Init { plan, process, keeper, root, devices, account_files, mounts };
        init.name_host()?;
        init.raise_loopback()?;
        init.mount_all(root_file_system)?;
        secrets.show(&init.root)?;
        if matches!(made, Some(Made::Route(_))) {
            expect_order(&init.keeper, Order::Connected)?;
        }
        Ok(init)
    }

    /// From the complete root to the command.
    fn finish(self) -> Failure {
        match self.enter_and_confine() {
            Err(failure) => failure,
            Ok(()) if self.plan.hold => reaper::hold(),
            Ok(()) if self.plan.init => reaper::run(self.process, &self.keeper),
            Ok(()) => execute(self.process),
        }
    }

    fn linux(&self) -> Option<&Linux> {
        self.plan.spec.linux().as_ref()
    }

    fn name_host(&self) -> Step<()> {
        if !namespaces::has(&self.plan.spec, LinuxNamespaceType::Uts) {
            return Ok(());
        }
        let Some(name) = self.plan.spec.hostname() else { return Ok(()) };
        rustix::system::sethostname(name.as_bytes())
            .map_err(|error| Failure::setup(format_args!("set host name \"{name}\""), error))?;
        match self.plan.spec.domainname() {
            Some(name) => rustix::system::setdomainname(name.as_bytes())
                .map_err(|error| Failure::setup(format_args!("set domain name \"{name}\""), error)),
            None => Ok(()),
        }
    }

    fn raise_loopback(&self) -> Step<()> {
        if !namespaces::of_init(&self.plan.spec).contains(crate::sys::process::NewNamespaces::NETWORK) {
            return Ok(());
        }
        crate::sys::interface::bring_loopback_up()
            .map_err(|error| Failure::setup("bring the loopback device up", error))
    }

    fn mount_all(&self, root_file_system: &dyn RootFileSystem) -> Step<()> {
        let mounts = &self.mounts;
        for (number, mount) in mounts.iter().enumerate() {
            match mount.view() {
                Some(shown) => self.mount_view(number, mount, shown, root_file_system)?,
                None => mount.mount(&self.root)?,
            }
        }
        let has_host_devices = mounts.iter().any(|mount| mount.is_bind() && mount.destination() == Path::new("/dev"));
        if has_host_devices { Ok(()) } else { self.devices.place(&self.root) }
    }

    fn enter_and_confine(&self) -> Step<()> {
        let terminal = match self.process.terminal() {
            Some(true) => Some(console::open(&self.root, self.process, &self.keeper)?),
            _ => None,
        };
        let accounts = Accounts::read(&self.root);
        let user = accounts.resolve(&self.plan.user).map_err(|failure| failure.of_kind(FailureKind::CannotInvoke))?;
        self.show_accounts(&accounts, &user)?;
        self.mounts.iter().try_for_each(|mount| mount.give_to(user.uid, user.gid))?;
        self.write_sysctls()?;
        self.hide_paths()?;
        self.pivot()?;
        // What is given up from here on cannot be seen from outside, and a filter need not allow what waiting takes.
        if self.plan.waits {
            report(&self.keeper, &Report::Prepared, None)
                .map_err(|error| Failure::setup("say that all is set up", error))?;
            expect_order(&self.keeper, Order::Start)?;
        }
        self.enter_working_directory(&user)?;
        self.limit()?;
        if let Some(terminal) = terminal {
            let _ = rustix::fs::fchown(&terminal, Some(Uid::from_raw(user.uid)), None); // not possible under a one-id map
            console::take(terminal)?;
        }
        launch::give_streams_to(user.uid);
        self.give_up_rights(&user)?;
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)); // the outer pid namespace is the real guard
        set_home(&user);
        crate::sys::signal::reset_all();
        Ok(())
    }

    /// Mounts passwd and group files with the user's entry over the image's, which stay as they are.
    fn show_accounts(&self, accounts: &Accounts, user: &User) -> Step<()> {
        let Some([passwd, group]) = &self.account_files else { return Ok(()) };
        let plan = &self.plan.user;
        let files = [
            ("/etc/passwd", passwd, accounts.passwd_with(user, plan)),
            ("/etc/group", group, accounts.group_with(user, plan)),
        ];
        for (path, file, text) in files {
            let Some(text) = text else { continue };
            let failed = |error: Errno| Failure::setup(format_args!("add the user to \"{path}\""), error);
            let mut writer = std::fs::File::from(file.try_clone().map_err(|error| Failure::setup(path, error))?);
            writer.write_all(text.as_bytes()).map_err(|error| Failure::setup(path, error))?;
            let _ = rustix::fs::fchown(file, Some(Uid::ROOT), Some(Gid::ROOT)); // under a one-id map it is root's already
            mounts::bind_at(&self.root, file, path).map_err(failed)?;
        }
        Ok(())
    }

    fn pivot(&self) -> Step<()> {
        let failed = |error: Errno| Failure::setup("enter the root file system", error);
        rustix::process::fchdir(self.root.as_root()).map_err(failed)?;
        match rustix::process::pivot_root(".", ".") {
            Ok(()) => rustix::mount::unmount(".", rustix::mount::UnmountFlags::DETACH).map_err(failed)?,
            // The host's root is the initramfs, which cannot be pivoted away from.
            Err(Errno::INVAL) => {
                rustix::mount::mount_move(".", "/").map_err(failed)?;
                rustix::process::chroot(".").map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        rustix::process::chdir("/").map_err(failed)
    }

    fn write_sysctls(&self) -> Step<()> {
        let Some(settings) = self.linux().and_then(|linux| linux.sysctl().as_ref()) else { return Ok(()) };
        for (name, value) in settings {
            let path = format!("/proc/sys/{}", name.replace('.', "/"));
            let failed = |error: Errno| Failure::setup(format_args!("set sysctl \"{name}\""), error);
            let open = || self.root.open(&path, OFlags::WRONLY | OFlags::TRUNC, 0);
            match open().and_then(|file| rustix::io::write(&file, value.as_bytes())) {
                // A default of the machine's, for example about an id that is not mapped here.
                Err(_) if self.plan.lenient_sysctl.contains(name) => {}
                written => _ = written.map_err(failed)?,
            }
        }
        Ok(())
    }

    /// Read-only and masked paths, then the root itself when it is to be read-only.
    fn hide_paths(&self) -> Step<()> {
        let Some(linux) = self.linux() else { return Ok(()) };
        for path in linux.readonly_paths().iter().flatten() {
            mounts::make_read_only(&self.root, path)
                .map_err(|error| Failure::setup(format_args!("make \"{path}\" read-only"), error))?;
        }
        let null = self.devices.null();
        for path in linux.masked_paths().iter().flatten() {
            let Some(null) = null else { return Err(Failure::setup("mask paths: /dev/null", Errno::NOENT)) };
            mounts::mask(&self.root, path, null)
                .map_err(|error| Failure::setup(format_args!("mask \"{path}\""), error))?;
        }
        let is_read_only = self.plan.spec.root().as_ref().and_then(|root| root.readonly()).unwrap_or(false);
        if !is_read_only {
            return Ok(());
        }
        set_attributes(self.root.as_root(), MountAttributes::READ_ONLY, MountAttributes::empty(), false)
            .map_err(|error| Failure::setup("make the root file system read-only", error))
    }

    fn enter_working_directory(&self, user: &User) -> Step<()> {
        let directory = self.process.cwd();
        let shown = directory.display();
        if !directory.is_absolute() {
            return Err(Failure::message(format!("working directory \"{shown}\" is not an absolute path")));
        }
        let opened = match self.root.open(directory, OFlags::PATH | OFlags::DIRECTORY, 0) {
            Err(Errno::NOENT) if !self.plan.workdir_required => self.make_working_directory(directory, user),
            Err(Errno::NOENT) => {
                let message = format!(
                    "workdir \"{shown}\" does not exist on container {}",
                    self.plan.directory.file_name().unwrap_or_default().display()
                );
                return Err(Failure::message(message).of_kind(FailureKind::CannotInvoke));
            }
            other => other,
        };
        let failed = |error: Errno| Failure::setup(format_args!("enter working directory \"{shown}\""), error);
        rustix::process::fchdir(opened.map_err(failed)?).map_err(failed)?;
        // After the pivot a directory outside the root shows as "(unreachable)" (CVE-2024-21626).
        let reached = rustix::process::getcwd(Vec::new()).map_err(failed)?;
        if reached.to_bytes().starts_with(b"/") { Ok(()) } else { Err(failed(Errno::PERM)) }
    }

    /// The image's working directory is made when it is missing, for the user.
    fn make_working_directory(&self, directory: &Path, user: &User) -> rustix::io::Result<OwnedFd> {
        self.root.make_directories(directory)?;
        let made = self.root.open(directory, OFlags::RDONLY | OFlags::DIRECTORY, 0)?;
        let _ = rustix::fs::fchown(&made, Some(Uid::from_raw(user.uid)), Some(Gid::from_raw(user.gid))); // one-id map
        Ok(made)
    }

    fn limit(&self) -> Step<()> {
        if let Some(score) = self.process.oom_score_adj() {
            // Lowering below the caller's own is a privilege; the closest possible is kept.
            let _ = std::fs::write("/proc/self/oom_score_adj", score.to_string());
        }
        let limits: Vec<Limit> = self.process.rlimits().iter().flatten().filter_map(limit).collect();
        super::rlimits::apply(&limits).map_err(|error| Failure::message(error.to_string()))?;
        if let Some(mask) = self.process.user().umask() {
            rustix::process::umask(Mode::from_raw_mode(mask));
        } else {
            rustix::process::umask(Mode::from_raw_mode(0o022));
        }
        Ok(())
    }

    /// Groups, ids, capabilities, `no_new_privs`, seccomp; then every descriptor but the container's own is marked to
    /// be closed by exec.
    ///
    /// A seccomp filter needs either `no_new_privs` or a capability that is about to go, so without the former it is
    /// installed first; it must then allow what follows, as the ecosystem's profiles do.
    fn give_up_rights(&self, user: &User) -> Step<()> {
        // From here to the exec this process has the container's rights but still holds handles of the host's
        // directories: another process of the same pid namespace must not get at them (CVE-2016-9962).
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
            .map_err(|error| Failure::setup("become unreadable for others", error))?;
        self.enter_labels()?;
        self.close_places()?;
        let no_new_privileges = self.process.no_new_privileges().unwrap_or(false);
        let capabilities = if user.uid == 0 { self.plan.capabilities.root } else { self.plan.capabilities.other };
        if self.plan.network_calls {
            network_calls::hand_over(&self.keeper)?;
        }
        if !no_new_privileges {
            self.filter_system_calls(&capabilities)?;
        }
        capabilities.limit_bounding().map_err(|error| Failure::message(error.to_string()))?;
        rustix::thread::set_keep_capabilities(true)
            .map_err(|error| Failure::setup("keep capabilities over the change of user", error))?;
        self.take_identity(user)?;
        capabilities.apply().map_err(|error| Failure::message(error.to_string()))?;
        if no_new_privileges {
            rustix::thread::set_no_new_privs(true).map_err(|error| Failure::setup("set no_new_privs", error))?;
            self.filter_system_calls(&capabilities)?;
        }
        self.close_descriptors();
        Ok(())
    }

    /// Has the exec change to the AppArmor profile and SELinux context of the plan, which has them where the host does.
    fn enter_labels(&self) -> Step<()> {
        if let Some(profile) = self.process.apparmor_profile() {
            labels::enter_profile(profile)?;
        }
        if let Some(context) = self.process.selinux_label() {
            labels::enter_context(context)?;
        }
        Ok(())
    }

    /// Closes all of the file system but the places asked for, for good (`--security-opt landlock=`). It takes a
    /// capability, which goes soon after, or else `no_new_privs`.
    fn close_places(&self) -> Step<()> {
        let rules = &self.plan.landlock;
        if rules.is_empty() {
            return Ok(());
        }
        let mut places = Vec::with_capacity(rules.len());
        for LandlockRule { path, writable } in rules {
            let place = self
                .root
                .handle(path)
                .map_err(|error| Failure::setup(format_args!("open \"{}\" for landlock", path.display()), error))?;
            places.push((place, if *writable { Access::Change } else { Access::Look }));
        }
        landlock::confine(&places).map_err(|error| match landlock::is_missing(error) {
            true => Failure::message("landlock was asked for, but this kernel has none, or one before Linux 5.19"),
            false => Failure::setup("enter the landlock domain", error),
        })
    }

    fn filter_system_calls(&self, capabilities: &Capabilities) -> Step<()> {
        let made = match &self.plan.seccomp {
            SeccompPlan::Unconfined => return Ok(()),
            SeccompPlan::Default => seccomp::default_program(capabilities.bounding_set()).map(|program| (program, 0)),
            SeccompPlan::Profile(text) => seccomp::Profile::parse(text.as_bytes()).and_then(|profile| {
                let policy = profile.policy(seccomp::Context::here(capabilities.bounding_set())?)?;
                Ok((seccomp::compile(&policy)?, profile.options()?.flags))
            }),
        };
        let failed = |error: seccomp::SeccompError| Failure::message(format!("install the seccomp filter: {error}"));
        let (program, flags) = made.map_err(failed)?;
        match seccomp::install(&program, flags).map_err(failed)? {
            Some(listener) => report(&self.keeper, &Report::SystemCalls, Some(listener.as_fd()))
                .map_err(|error| Failure::setup("pass system calls to the seccomp agent", error)),
            None => Ok(()),
        }
    }

    fn take_identity(&self, user: &User) -> Step<()> {
        let gid = Gid::from_raw(user.gid);
        rustix::thread::set_thread_res_gid(gid, gid, gid).map_err(|error| unmapped(error, "group", user.gid))?;
        if !self.plan.user.keep_groups {
            let groups: Vec<Gid> = user.groups.iter().map(|group| Gid::from_raw(*group)).collect();
            match rustix::thread::set_thread_groups(&groups) {
                // A one-id map forbids setgroups(2) for good (user_namespaces(7)); there are no other groups then.
                Ok(()) | Err(Errno::PERM | Errno::INVAL) => {}
                Err(error) => return Err(Failure::setup("set supplementary groups", error)),
            }
        }
        let uid = Uid::from_raw(user.uid);
        rustix::thread::set_thread_res_uid(uid, uid, uid).map_err(|error| unmapped(error, "user", user.uid))
    }

    fn close_descriptors(&self) {
        crate::sys::process::close_on_exec_from(3);
        for number in &self.plan.preserved {
            // Its being open was checked by the command that was asked to preserve it.
            let _ = crate::sys::process::duplicate_to(*number, *number);
        }
    }
}

/// Executes the process of the plan; returns only on failure.
fn execute(process: &Process) -> Failure {
    let environment = environment(process);
    launch::execute(process.args().as_deref().unwrap_or_default(), &environment)
}

/// The environment of the plan, with `HOME` from the password file where the plan has none.
fn environment(process: &Process) -> Vec<String> {
    let mut environment = process.env().clone().unwrap_or_default();
    if !environment.iter().any(|entry| entry.starts_with("HOME="))
        && let Some(home) = HOME.get()
    {
        environment.push(format!("HOME={home}"));
    }
    environment
}

static HOME: std::sync::OnceLock<String> = std::sync::OnceLock::new();

fn set_home(user: &User) {
    let _ = HOME.set(user.home.clone()); // set once in a process's life
}

fn unmapped(error: Errno, kind: &str, id: u32) -> Failure {
    let failure = Failure::setup(format_args!("become {kind} {id}"), error);
    match error {
        Errno::INVAL => failure.with_hint(format!(
            "{kind} id {id} is not mapped in this container: the user has too few subordinate ids (see `coracle doctor`)"
        )),
        _ => failure,
    }
}

/// A resource limit in our terms; one that this build does not know cannot be set.
fn limit(limit: &PosixRlimit) -> Option<Limit> {
    let name = serde_json::to_value(limit.typ()).ok()?;
    Limit::new(name.as_str()?, limit.soft(), limit.hard())
}

/// Own session, own keyring, and no mount that could reach the host again.
fn leave_the_caller() -> Step<()> {
    let _ = rustix::process::setsid(); // pid 1 of a new namespace may be its session's leader already
    // Not every host has keys; what cannot be joined cannot be reached either.
    let _ = crate::sys::process::join_new_session_keyring();
    rustix::mount::mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)
        .map_err(|error| Failure::setup("separate the mounts from the host's", error))?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    Ok(())
}

/// Becomes the root of the user namespace, which holds all capabilities anyway, so that what is made belongs to it.
///
/// A map of the user's own id to itself has no root: then this process stays who it is, with the same capabilities.
fn become_root(plan: &RuntimePlan) -> Step<()> {
    let failed = |error: Errno| Failure::setup("become the container's root user", error);
    if !plan.user.keep_groups {
        let _ = rustix::thread::set_thread_groups(&[]); // forbidden under a one-id map
    }
    if plan.id_maps.to_host(IdKind::Gid, 0).is_some() {
        rustix::thread::set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT).map_err(failed)?;
    }
    if plan.id_maps.to_host(IdKind::Uid, 0).is_some() {
        rustix::thread::set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT).map_err(failed)?;
    }
    Ok(())
}

/// Files in the container's directory that can take the place of passwd and group; opened while the user's own rights
/// hold. Not needed where the process is root.
fn open_account_files(plan: &RuntimePlan) -> Step<Option<[OwnedFd; 2]>> {
    let is_root = matches!(plan.user.user.as_deref(), None | Some("" | "0" | "root" | "0:0"));
    if !plan.user.add_entries || (is_root && plan.user.extra_passwd.is_empty()) {
        return Ok(None);
    }
    let open = |name: &str| {
        let path = plan.directory.join(name);
        // One of an earlier start belongs to the container's root.
        let _ = rustix::fs::unlink(&path);
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::open(&path, flags, Mode::from_raw_mode(0o644))
            .map_err(|error| Failure::setup(format_args!("create \"{}\"", path.display()), error))
    };
    Ok(Some([open("passwd")?, open("group")?]))
}

/// The number of a descriptor, for passing it by argument.
pub fn number(descriptor: &impl AsFd) -> i32 {
    descriptor.as_fd().as_raw_fd()
}
