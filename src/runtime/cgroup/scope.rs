//! A container's group as a scope of systemd (`--systemd-cgroup`; systemd.scope(5), org.freedesktop.systemd1(5)).
//!
//! systemd wants to be the only one who makes groups in its tree. So it is asked, over the system's bus by root and over the
//! user's by a user, to make a scope with the container's first process in it (`StartTransientUnit`). The scope is
//! delegated: limits are written to its files like to any group's, and told to systemd as properties as well, which would
//! otherwise write its own at the next reload. `cgroupsPath` names it as `SLICE:PREFIX:NAME`, as for runc and crun.

use super::systemd::{Bus, Writer};
use super::{Group, Hierarchy, limits};
use oci_spec::runtime::{LinuxResources, Spec};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest wait for systemd to have moved the process.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at the group a process is in; nothing tells of a move.
const LOOK_EVERY: Duration = Duration::from_micros(500);
/// Annotations that begin so set properties of the unit, as with runc and crun.
const PROPERTY: &str = "org.systemd.property.";
/// The manager's name, object and interface.
const MANAGER: (&str, &str, &str) =
    ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager");

/// A scope of one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The unit's name, which ends with `.scope`.
    pub name: String,
    /// The slice it is in.
    slice: String,
    /// The socket of the bus.
    bus: PathBuf,
}

impl Scope {
    /// The scope that `SLICE:PREFIX:NAME` (all parts may be empty) names for the container `id`; `None` where there is no
    /// systemd to ask.
    pub fn of(path: &str, id: &str) -> Option<Self> {
        let is_root = rustix::process::geteuid().is_root();
        let bus = match is_root {
            true => Some(PathBuf::from("/run/dbus/system_bus_socket")).filter(|socket| socket.exists()),
            false => super::systemd::bus_socket(),
        }?;
        if is_root && !Path::new("/run/systemd/system").is_dir() {
            return None;
        }
        let mut parts = path.splitn(3, ':');
        let mut part = |usual: &str| parts.next().filter(|text| !text.is_empty()).unwrap_or(usual).to_owned();
        let slice = part(if is_root { "system.slice" } else { "user.slice" });
        let (prefix, name) = (parts.next().unwrap_or("coracle").to_owned(), parts.next().unwrap_or(id));
        let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}-{name}") };
        let name = if name.ends_with(".scope") { name } else { format!("{name}.scope") };
        Some(Scope { name, slice, bus })
    }

    /// Has systemd make it with a process in it; returns its group. Blocks, ten seconds at most.
    ///
    /// # Errors
    /// The manager's refusal, in its own words.
    pub fn start(&self, pid: i32, spec: &Spec) -> io::Result<Group> {
        let hierarchy = Hierarchy::find().ok_or(Errno::NODEV)?;
        let mut bus = self.connect()?;
        let mut body = Writer::default();
        body.string(&self.name);
        body.string("fail");
        body.array(8, |properties| {
            properties.property("Description", "s", |value| value.string("A container of coracle"));
            properties.property("Slice", "s", |value| value.string(&self.slice));
            properties.property("PIDs", "au", |value| value.array(4, |pids| pids.number(pid.unsigned_abs())));
            properties.property("Delegate", "b", |value| value.number(1));
            properties.property("DefaultDependencies", "b", |value| value.number(0));
            if let Some(resources) = spec.linux().as_ref().and_then(|linux| linux.resources().as_ref()) {
                add_limits(properties, resources);
            }
            for (name, value) in spec.annotations().iter().flatten() {
                if let Some(name) = name.strip_prefix(PROPERTY) {
                    add_annotation(properties, name, value);
                }
            }
        });
        body.array(8, |_| {});
        let signature = "ssa(sv)a(sa(sv))";
        if let Err(first) = self.call(&mut bus, "StartTransientUnit", signature, &body) {
            // What an earlier container of that name left behind keeps the name as a failed unit.
            self.forget(&mut bus).map_err(|_| first)?;
            self.call(&mut bus, "StartTransientUnit", signature, &body)?;
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let group = Group::of_process(&hierarchy, pid).ok_or(Errno::SRCH)?;
            if group.directory().ends_with(&self.name) {
                return Ok(group);
            }
            if Instant::now() > until {
                return Err(Errno::TIMEDOUT.into());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Tells systemd of changed limits.
    ///
    /// # Errors
    /// The manager's refusal.
    pub fn update(&self, resources: &LinuxResources) -> io::Result<()> {
        let mut body = Writer::default();
        body.string(&self.name);
        body.number(1);
        body.array(8, |properties| add_limits(properties, resources));
        self.call(&mut self.connect()?, "SetUnitProperties", "sba(sv)", &body)
    }

    /// Has systemd move a process into it, which a user may not do from another part of the tree.
    ///
    /// # Errors
    /// The manager's refusal.
    pub fn take(&self, pid: u32) -> io::Result<()> {
        let mut body = Writer::default();
        body.string(&self.name);
        body.string("/");
        body.array(4, |pids| pids.number(pid));
        self.call(&mut self.connect()?, "AttachProcessesToUnit", "ssau", &body)
    }

    /// Removes it, and what systemd remembers of its failure.
    pub fn remove(&self) {
        let Ok(mut bus) = self.connect() else { return };
        let mut body = Writer::default();
        body.string(&self.name);
        body.string("replace");
        let _ = self.call(&mut bus, "StopUnit", "ss", &body); // it goes by itself when its last process has ended
        let _ = self.forget(&mut bus); // only what has failed is remembered
    }

    fn forget(&self, bus: &mut Bus) -> io::Result<()> {
        let mut body = Writer::default();
        body.string(&self.name);
        self.call(bus, "ResetFailedUnit", "s", &body)
    }

    fn connect(&self) -> io::Result<Bus> {
        let mut bus = Bus::connect(&self.bus)?;
        bus.call(("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"), "Hello", None)?;
        Ok(bus)
    }

    fn call(&self, bus: &mut Bus, member: &str, signature: &str, body: &Writer) -> io::Result<()> {
        bus.call(MANAGER, member, Some((signature, body)))
    }
}

/// A limit for systemd: `u64::MAX` is none.
fn amount(limit: i64) -> u64 {
    u64::try_from(limit).unwrap_or(u64::MAX)
}

/// Limits as properties (systemd.resource-control(5)); those it has no property for are in the group's files alone.
fn add_limits(properties: &mut Writer, resources: &LinuxResources) {
    let mut numbers: Vec<(&str, u64)> = Vec::new();
    if let Some(memory) = resources.memory() {
        numbers.extend(memory.limit().map(|limit| ("MemoryMax", amount(limit))));
        numbers.extend(memory.reservation().map(|limit| ("MemoryLow", amount(limit))));
        if let Some(Ok(limit)) = memory.swap().map(|swap| limits::swap_alone(swap, memory.limit())) {
            numbers.push(("MemorySwapMax", limit.parse().unwrap_or(u64::MAX)));
        }
    }
    if let Some(cpu) = resources.cpu() {
        let shares = cpu.shares().filter(|shares| *shares > 0);
        numbers.extend(shares.map(|shares| ("CPUWeight", limits::weight_of_shares(shares))));
        let period = cpu.period().filter(|period| *period > 0);
        numbers.extend(period.map(|period| ("CPUQuotaPeriodUSec", period)));
        numbers.extend(cpu.quota().map(|quota| ("CPUQuotaPerSecUSec", per_second(quota, period))));
        for (name, list) in [("AllowedCPUs", cpu.cpus()), ("AllowedMemoryNodes", cpu.mems())] {
            if let Some(mask) = list.as_deref().and_then(bits) {
                properties.property(name, "ay", |value| value.array(1, |bytes| bytes.bytes(&mask)));
            }
        }
    }
    let pids = resources.pids().as_ref().map(|pids| pids.limit()).filter(|limit| *limit != 0);
    numbers.extend(pids.map(|limit| ("TasksMax", amount(limit))));
    for (key, value) in resources.unified().iter().flatten() {
        let name = match key.as_str() {
            "cpu.max" => {
                let mut words = value.split_ascii_whitespace();
                let quota = words.next().and_then(|word| word.parse().ok()).unwrap_or(-1);
                let period = words.next().and_then(|word| word.parse().ok());
                numbers.extend(period.map(|period| ("CPUQuotaPeriodUSec", period)));
                numbers.push(("CPUQuotaPerSecUSec", per_second(quota, period)));
                continue;
            }
            "cpuset.cpus" | "cpuset.mems" => {
                let name = if key == "cpuset.cpus" { "AllowedCPUs" } else { "AllowedMemoryNodes" };
                if let Some(mask) = bits(value) {
                    properties.property(name, "ay", |value| value.array(1, |bytes| bytes.bytes(&mask)));
                }
                continue;
            }
            "cpu.weight" => "CPUWeight",
            "memory.max" => "MemoryMax",
            "memory.high" => "MemoryHigh",
            "memory.low" => "MemoryLow",
            "memory.min" => "MemoryMin",
            "memory.swap.max" => "MemorySwapMax",
            "pids.max" => "TasksMax",
            _ => continue,
        };
        let limit = if value == "max" { Some(u64::MAX) } else { value.parse().ok() };
        numbers.extend(limit.map(|limit| (name, limit)));
    }
    for (name, number) in numbers {
        properties.property(name, "t", |value| value.long(number));
    }
}

/// Microseconds in a second that a quota in a period is, as runc rounds it: a whole number of hundredths, upwards.
fn per_second(quota: i64, period: Option<u64>) -> u64 {
    match u64::try_from(quota) {
        Ok(quota @ 1..) => (quota.saturating_mul(1_000_000) / period.unwrap_or(100_000)).div_ceil(10_000) * 10_000,
        _ => u64::MAX,
    }
}

/// A list like `0-2,7` as bits, the lowest first.
fn bits(list: &str) -> Option<Vec<u8>> {
    /// More processors than any kernel has.
    const MOST: usize = 8192;
    let mut mask = Vec::new();
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        for one in first..=last.min(MOST) {
            if mask.len() <= one / 8 {
                mask.resize(one / 8 + 1, 0);
            }
            mask[one / 8] |= 1 << (one % 8);
        }
    }
    (!mask.is_empty()).then_some(mask)
}

/// A property from an annotation, whose value is in the form of GVariant: a number, `true`, or a quoted text. A name that ends
/// with `Sec` is in seconds; on the bus it is in microseconds and ends with `USec`.
fn add_annotation(properties: &mut Writer, name: &str, value: &str) {
    let unquoted = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let number = value.rsplit(' ').next().and_then(|last| last.parse::<f64>().ok());
    match (unquoted, number, value) {
        (Some(text), ..) => properties.property(name, "s", |writer| writer.string(text)),
        (None, Some(seconds), _) if name.ends_with("Sec") && !name.ends_with("USec") => {
            let name = format!("{}USec", name.trim_end_matches("Sec"));
            properties.property(&name, "t", |writer| writer.long((seconds.max(0.0) * 1e6) as u64));
        }
        (None, Some(number), _) if value.starts_with("uint64") => {
            properties.property(name, "t", |writer| writer.long(number.max(0.0) as u64));
        }
        (None, Some(number), _) => properties.property(name, "i", |writer| writer.number(number as i32 as u32)),
        (None, None, "true" | "false") => {
            properties.property(name, "b", |writer| writer.number((value == "true").into()))
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_bits() {
        assert_eq!(bits("0-2,9"), Some(vec![0b111, 0b10]));
        for list in ["", "x", "1-x"] {
            assert_eq!(bits(list), None, "{list}");
        }
    }

    #[test]
    fn quotas_are_rounded_up() {
        assert_eq!(per_second(5000, Some(50_000)), 100_000);
        assert_eq!(per_second(1_001, None), 20_000);
        assert_eq!(per_second(-1, None), u64::MAX);
    }

    #[test]
    fn what_has_no_property_is_left_out() {
        let mut writer = Writer::default();
        add_annotation(&mut writer, "Nonsense", "[1, 2]");
        add_limits(&mut writer, &LinuxResources::default());
        assert!(writer.is_empty());
        add_annotation(&mut writer, "RuntimeMaxSec", "2");
        assert!(!writer.is_empty());
    }
}
