//! `--sysctl`: kernel parameters of the container's own namespaces.
//!
//! Only names that belong to a namespace may be set, and only when the container has that namespace for itself; all others
//! would change the host. Names are as in sysctl(8): components separated by dots, with `/` for a dot within one
//! (`net.ipv4.conf.eth0/100.forwarding`), or the other way round when the first separator is a slash.

use super::option_error::OptionError;
use rustix::fs::{Mode, OFlags, ResolveFlags};
use std::os::fd::AsFd;

/// Parameters of an IPC namespace (ipc_namespaces(7)).
const IPC: [&str; 8] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];
/// Parameters of a UTS namespace (uts_namespaces(7)).
const UTS: [&str; 2] = ["kernel.domainname", "kernel.hostname"];

/// Which namespaces are the container's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnNamespaces {
    /// Network.
    pub network: bool,
    /// IPC.
    pub ipc: bool,
    /// UTS.
    pub uts: bool,
}

/// A parameter to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// As typed.
    pub name: String,
    /// As typed.
    pub value: String,
    /// Path below /proc/sys.
    path: String,
}

/// Splits `KEY=VALUE`.
///
/// # Errors
/// No `=`, or blanks around key or value.
pub fn parse(text: &str) -> Result<(String, String), OptionError> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(OptionError::SysctlForm(text.to_owned()));
    };
    if name.trim() != name || value.trim() != value {
        return Err(OptionError::SysctlSpaces(text.to_owned()));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Checks all parameters before anything is started.
///
/// # Errors
/// Names that belong to no namespace, or to one shared with the host.
pub fn check(entries: &[(String, String)], own: OwnNamespaces) -> Result<Vec<Parameter>, OptionError> {
    entries.iter().map(|(name, value)| check_one(name, value, own)).collect()
}

fn check_one(name: &str, value: &str, own: OwnNamespaces) -> Result<Parameter, OptionError> {
    let not_allowed = || OptionError::SysctlNotAllowed(name.to_owned());
    let path = path_of(name).ok_or_else(not_allowed)?;
    // The rules are about what is written, so they look at the path and not at how it was spelled.
    let dotted = path.replace('/', ".");
    let (namespace, is_own) = if dotted.starts_with("net.") {
        ("Network", own.network)
    } else if IPC.contains(&dotted.as_str()) || dotted.starts_with("fs.mqueue.") {
        ("IPC", own.ipc)
    } else if UTS.contains(&dotted.as_str()) {
        ("UTS", own.uts)
    } else {
        return Err(not_allowed());
    };
    if !is_own {
        return Err(OptionError::SysctlHostNamespace { name: name.to_owned(), value: value.to_owned(), namespace });
    }
    Ok(Parameter { name: name.to_owned(), value: value.to_owned(), path })
}

/// The path of a name; `None` when a component is empty, goes up or cannot be in a path.
fn path_of(name: &str) -> Option<String> {
    let slashes = name.find(['.', '/']).is_some_and(|first| name.as_bytes().get(first) == Some(&b'/'));
    let turn = |letter| match letter {
        '.' if !slashes => '/',
        '/' if !slashes => '.',
        other => other,
    };
    let path: String = name.chars().map(turn).collect();
    let sound = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(char::is_control);
    path.split('/').all(sound).then_some(path)
}

/// Writes parameters below the container's /proc, which must be mounted in its namespaces and not read-only yet.
///
/// `proc` is a descriptor of that mount's root.
///
/// # Errors
/// The first parameter that the kernel refuses.
pub fn write(proc: impl AsFd, parameters: &[Parameter]) -> Result<(), OptionError> {
    for parameter in parameters {
        write_one(proc.as_fd(), parameter)
            .map_err(|errno| OptionError::SysctlWrite { name: parameter.name.clone(), source: errno.into() })?;
    }
    Ok(())
}

fn write_one(proc: std::os::fd::BorrowedFd<'_>, parameter: &Parameter) -> rustix::io::Result<()> {
    let path = format!("sys/{}", parameter.path);
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let file = rustix::fs::openat2(proc, path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty(), beneath)?;
    // The kernel takes a value in one piece; a short write would leave half of it in force.
    match rustix::io::write(&file, parameter.value.as_bytes())? {
        written if written == parameter.value.len() => Ok(()),
        _ => Err(rustix::io::Errno::INVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: OwnNamespaces = OwnNamespaces { network: true, ipc: true, uts: true };

    #[test]
    fn takes_names_of_own_namespaces() {
        let cases = [
            ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
            ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
            ("net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"),
            ("net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"),
            ("kernel.sem", "kernel/sem"),
            ("fs.mqueue.msg_max", "fs/mqueue/msg_max"),
            ("kernel.domainname", "kernel/domainname"),
        ];
        for (name, path) in cases {
            assert_eq!(check_one(name, "1", OWN).unwrap().path, path, "{name}");
        }
    }

    #[test]
    fn refuses_in_the_words_of_podman() {
        let refused = |name: &str, own| check_one(name, "1", own).unwrap_err().to_string();
        for name in [
            "foo",
            "kernel.panic",
            "net",
            "fs.mqueue",
            "kernel.sem.x",
            "",
            ".",
            "net..x",
            "net.ipv4./.x",
            "net/../kernel/panic",
        ] {
            assert_eq!(refused(name, OWN), format!("sysctl '{name}' is not allowed"));
        }
        let none = OwnNamespaces { network: false, ipc: false, uts: false };
        let cases = [
            ("net.ipv4.ip_forward", "Network"),
            ("kernel.msgmax", "IPC"),
            ("fs.mqueue.msg_max", "IPC"),
            ("kernel.hostname", "UTS"),
        ];
        for (name, namespace) in cases {
            assert_eq!(
                refused(name, none),
                format!("sysctl {name}=1 can't be set since {namespace} Namespace set to host")
            );
        }
        let form = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(form("foo"), "foo is invalid, sysctl values must be in the form of KEY=VALUE");
        assert_eq!(form("foo = 1"), "'foo = 1' is invalid, extra spaces found");
        assert_eq!(parse("kernel.sem=1 2 3 4").unwrap().1, "1 2 3 4");
    }

    #[test]
    fn writes_beneath_the_given_directory_only() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sys/net/x");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, directory.path().join("sys/net/link")).unwrap();
        let proc = std::fs::File::open(directory.path()).unwrap();
        let parameter = |name: &str| check_one(name, "7", OWN).unwrap();
        write(&proc, &[parameter("net.x")]).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "7");
        for (name, cause) in
            [("net.link", "too many symbolic links encountered"), ("net.missing", "no such file or directory")]
        {
            let error = write(&proc, &[parameter(name)]).unwrap_err();
            assert_eq!(error.to_string(), format!("cannot set sysctl \"{name}\": {cause}"));
        }
    }
}
