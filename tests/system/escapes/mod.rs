//! Ways out of containers that were published for runc, crun, podman, buildah, containerd, Docker and BuildKit since 2016,
//! each tried here, with what must stop it. Where a way needs a part that this program has not, the list says so.
//!
//! | identifier | what it was | tried in |
//! |---|---|---|
//! | CVE-2016-3697 | a numeric name in the image's passwd makes `--user 1000` root | `identity` |
//! | CVE-2016-9962, CVE-2024-21626 | descriptors of the runtime in the container; WORKDIR /proc/self/fd/N | `program` |
//! | CVE-2019-5736 | the runtime's executable overwritten through /proc/PID/exe | `program`, `isolation` |
//! | CVE-2019-16884 | an image's volume over /proc takes the confinement away | `mounts` |
//! | CVE-2019-19921, CVE-2023-27561, CVE-2023-28642 | /proc or /sys is a link in the image | `mounts` |
//! | CVE-2021-30465 | a link swapped into a mount's target while it is mounted | `mounts`, `hostile_images` |
//! | CVE-2025-31133 | the image's /dev/null is what masked paths become | `mounts` |
//! | CVE-2025-52565 | /dev/console leads elsewhere while a terminal is put there | `mounts` |
//! | CVE-2025-52881 | writes to /proc (sysctls, labels) led to other files | `mounts` |
//! | CVE-2023-25809 | /sys/fs/cgroup writable without a cgroup namespace | `mounts` |
//! | CVE-2024-45310 | files made outside while mount targets are made | `mounts`, `hostile_images` |
//! | CVE-2024-1753, CVE-2024-9407, CVE-2024-9675, CVE-2024-9676 | sources of mounts that are links (subpath, cache, mounts of a build) | `mounts` |
//! | CVE-2024-23651, CVE-2024-23652, CVE-2024-23653 | BuildKit's mounts: subpath races, removal of what mount targets became | `mounts` (no build here) |
//! | CVE-2022-0847 | writing into an image's layer, which others share | `mounts` |
//! | CVE-2021-20188, CVE-2020-1726 | another container's volume or file written at a copy | `mounts`, `copy` |
//! | CVE-2018-15664, CVE-2019-14271 | `cp`: a link swapped meanwhile; libraries of the container loaded by the host | `copy`, `archives` |
//! | CVE-2023-0778 | `volume export`: a link swapped meanwhile | `archives` |
//! | CVE-2019-10152, CVE-2020-14370, CVE-2022-4122, CVE-2022-4123 | links in what is copied; variables of one container in the next | `archives`, `identity` |
//! | CVE-2014-9356, CVE-2021-41089, CVE-2024-24557 | names and links in archives that lead out (`load`, `import`, `cp`) | `archives`, `copy` |
//! | CVE-2020-15257 | the shim's abstract socket | `identity`, `isolation` |
//! | CVE-2018-10892, CVE-2020-8694, CVE-2021-30465 | /proc/acpi, powercap writable or readable | `comparison` |
//! | CVE-2022-24769, CVE-2022-27649, CVE-2022-27650, CVE-2022-27651, CVE-2022-29162 | inheritable capabilities | `identity`, `comparison` |
//! | CVE-2022-2989, CVE-2022-2990, CVE-2022-2995, CVE-2022-36109 | supplementary groups of the host, or those of a user that were forgotten | `identity` |
//! | CVE-2022-1227 | `top` runs what the container has | `identity` |
//! | CVE-2021-20199 | all clients of a published port seem to come from loopback | `network` (source addresses) |
//! | CVE-2017-5123, CVE-2016-2568, CVE-2023-1523 | TIOCSTI and its like | `identity` |
//! | CVE-2015-3629, CVE-2020-14386 (packet sockets) | NET_RAW by default | `comparison` |
//! | CVE-2016-0728 (keyrings), CVE-2014-9529 | the caller's keys | `identity` |
//! | CVE-2021-4034, CVE-2022-0492 | no arguments at all; release_agent of control groups | `identity`, `mounts` |
//! | CVE-2021-43784 | a netlink message with lengths out of the image | none here: id maps are written as files |
//! | CVE-2024-3154, CVE-2022-0811 | annotations and sysctls as kernel parameters | `isolation` (sysctls of a namespace alone) |

mod archives;
mod identity;
mod mounts;
mod program;

use crate::support::{Image, Layer, Sandbox};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A directory of the host with a secret, and a check that nobody has written there.
pub struct Host {
    place: PathBuf,
}

/// What the secret file holds.
const SECRET: &str = "secret-of-the-host";

impl Host {
    fn new(sandbox: &Sandbox) -> Host {
        for name in ["secret", "passwd", "null", "console", "memory", "sub/file"] {
            sandbox.file(&format!("outside/{name}"), SECRET);
        }
        Host { place: sandbox.work().join("outside") }
    }

    fn path(&self, name: &str) -> String {
        self.place.join(name).display().to_string()
    }

    /// Nothing was made, changed, given away or removed.
    fn is_untouched(&self) {
        let mut names: Vec<String> = std::fs::read_dir(&self.place)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["console", "memory", "null", "passwd", "secret", "sub"]);
        for name in ["secret", "passwd", "null", "console", "memory", "sub/file"] {
            let path = self.place.join(name);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), SECRET, "{name} was written");
            let owner = std::fs::symlink_metadata(&path).unwrap();
            assert_eq!(owner.uid(), rustix::process::geteuid().as_raw(), "{name} was given away");
        }
    }
}

/// A sandbox whose store has busybox with a layer on top as `evil`; `Err` is the reason why not.
fn evil(layer: Layer) -> Result<Sandbox, String> {
    let sandbox = Sandbox::new();
    sandbox.add("evil", &Image::busybox()?.layer(layer));
    Ok(sandbox)
}

/// Skips the test where there is no busybox, and no compiler for the probe.
macro_rules! or_skip {
    ($made:expr) => {
        match $made {
            Ok(made) => made,
            Err(reason) => $crate::support::skip!("{reason}"),
        }
    };
}
use or_skip;

/// A copy of the program under test that the user may write to, as an installation in a home directory is.
fn own_copy(sandbox: &Sandbox) -> PathBuf {
    let copy = sandbox.work().join("coracle-copy");
    std::fs::copy(crate::support::binary(), &copy).unwrap();
    copy
}

/// A command of the sandbox, run by another executable.
fn with_program(sandbox: &Sandbox, program: &Path, words: &[&str]) -> std::process::Output {
    let mut invocation = sandbox.command(words);
    let environment: Vec<_> =
        invocation.inner().get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
    let mut command = std::process::Command::new(program);
    command.args(words).env_clear().envs(environment).current_dir(sandbox.work());
    command.stdin(std::process::Stdio::null()).output().unwrap()
}
