//! Limits of resources: as podman's options have them, and the same in the runtime specification's terms.
//!
//! The specification speaks of control groups of version 1 (<https://github.com/opencontainers/runtime-spec>,
//! config-linux.md "Control groups"); `runtime::cgroup` converts to version 2.

use super::error::Error;
use oci_spec::runtime::{
    LinuxBlockIoBuilder, LinuxCpuBuilder, LinuxMemoryBuilder, LinuxPidsBuilder, LinuxResources, LinuxResourcesBuilder,
    LinuxThrottleDevice, LinuxThrottleDeviceBuilder, LinuxWeightDevice, LinuxWeightDeviceBuilder,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Length of a period that `--cpus` is a part of, in microseconds.
const CPUS_PERIOD: u64 = 100_000;
/// Processes of a container that asks for no limit (podman's default).
pub const DEFAULT_PIDS: i64 = 2048;

/// What `--memory`, `--cpus` and the like ask for; nothing asked for is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// `--cpu-shares`: weight against others, 1024 is usual.
    pub cpu_shares: Option<u64>,
    /// `--cpu-quota`: microseconds in a period; negative is none.
    pub cpu_quota: Option<i64>,
    /// `--cpu-period` in microseconds.
    pub cpu_period: Option<u64>,
    /// `--cpu-rt-runtime` in microseconds.
    pub cpu_realtime_runtime: Option<i64>,
    /// `--cpu-rt-period` in microseconds.
    pub cpu_realtime_period: Option<u64>,
    /// `--cpus` in billionths of a processor.
    pub nano_cpus: Option<u64>,
    /// `--cpuset-cpus`, e.g. `0-2,7`; empty is all.
    pub cpuset_cpus: String,
    /// `--cpuset-mems`; empty is all.
    pub cpuset_mems: String,
    /// `--memory` in bytes; 0 and negative are none.
    pub memory_bytes: Option<i64>,
    /// `--memory-reservation` in bytes.
    pub memory_reservation_bytes: Option<i64>,
    /// `--memory-swap` in bytes, memory and swap together; -1 is none.
    pub memory_swap_bytes: Option<i64>,
    /// `--memory-swappiness`, 0 to 100.
    pub memory_swappiness: Option<u64>,
    /// `--oom-kill-disable`.
    pub oom_kill_disable: bool,
    /// `--pids-limit`; 0 and negative are none.
    pub pids: Option<i64>,
    /// `--blkio-weight`, 10 to 1000.
    pub io_weight: Option<u16>,
    /// `--blkio-weight-device`: device and weight.
    pub io_weight_devices: Vec<(String, u16)>,
    /// `--device-read-bps`: device and bytes a second.
    pub read_bytes: Vec<(String, u64)>,
    /// `--device-write-bps`.
    pub write_bytes: Vec<(String, u64)>,
    /// `--device-read-iops`: device and operations a second.
    pub read_operations: Vec<(String, u64)>,
    /// `--device-write-iops`.
    pub write_operations: Vec<(String, u64)>,
    /// `--cgroup-conf`: files of version 2 and what is written to them.
    pub unified: BTreeMap<String, String>,
}

/// `--cgroups`: whether a container gets a control group of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CgroupsMode {
    /// One, where this user may make it.
    #[default]
    Enabled,
    /// None.
    Disabled,
    /// The same as enabled: a keeper never has one of its own.
    NoConmon,
    /// Below the group of the command that starts it.
    Split,
}

impl CgroupsMode {
    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            CgroupsMode::Enabled => "enabled",
            CgroupsMode::Disabled => "disabled",
            CgroupsMode::NoConmon => "no-conmon",
            CgroupsMode::Split => "split",
        }
    }
}

impl Limits {
    /// The limits in the specification's terms. Devices are looked up now.
    ///
    /// # Errors
    /// A device that is not there.
    pub fn resources(&self) -> Result<LinuxResources, Error> {
        let bad = |error: oci_spec::OciSpecError| Error::BadRequest(error.to_string());
        let mut resources = LinuxResourcesBuilder::default().build().map_err(bad)?;
        resources.set_devices(None);
        resources.set_cpu(self.cpu().map(LinuxCpuBuilder::build).transpose().map_err(bad)?);
        resources.set_memory(self.memory().map(LinuxMemoryBuilder::build).transpose().map_err(bad)?);
        let pids = match self.pids.unwrap_or(DEFAULT_PIDS) {
            0 => -1,
            limit => limit,
        };
        resources.set_pids(Some(LinuxPidsBuilder::default().limit(pids).build().map_err(bad)?));
        resources.set_block_io(self.block_io()?.map(LinuxBlockIoBuilder::build).transpose().map_err(bad)?);
        let unified: HashMap<_, _> = self.unified.clone().into_iter().collect();
        resources.set_unified((!unified.is_empty()).then_some(unified));
        Ok(resources)
    }

    /// The options that asked for something, as typed.
    pub fn asked(&self) -> Vec<String> {
        let some = [
            ("--memory", self.memory_bytes.is_some_and(|bytes| bytes > 0)),
            // podman speaks of it as of a limit.
            ("--memory=0", self.memory_bytes == Some(0)),
            ("--memory-reservation", self.memory_reservation_bytes.is_some_and(|bytes| bytes > 0)),
            ("--memory-swap", self.memory_swap_bytes.is_some_and(|bytes| bytes > 0)),
            ("--memory-swappiness", self.memory_swappiness.is_some()),
            ("--oom-kill-disable", self.oom_kill_disable),
            ("--cpus", self.nano_cpus.is_some_and(|cpus| cpus > 0)),
            ("--cpu-shares", self.cpu_shares.is_some_and(|shares| shares > 0)),
            ("--cpu-quota", self.cpu_quota.is_some_and(|quota| quota > 0)),
            ("--cpu-period", self.cpu_period.is_some_and(|period| period > 0)),
            ("--cpu-rt-period", self.cpu_realtime_period.is_some()),
            ("--cpu-rt-runtime", self.cpu_realtime_runtime.is_some()),
            ("--cpuset-cpus", !self.cpuset_cpus.is_empty()),
            ("--cpuset-mems", !self.cpuset_mems.is_empty()),
            ("--pids-limit", self.pids.is_some_and(|pids| pids > 0)),
            ("--blkio-weight", self.io_weight.is_some_and(|weight| weight > 0)),
            ("--blkio-weight-device", !self.io_weight_devices.is_empty()),
            ("--device-read-bps", !self.read_bytes.is_empty()),
            ("--device-write-bps", !self.write_bytes.is_empty()),
            ("--device-read-iops", !self.read_operations.is_empty()),
            ("--device-write-iops", !self.write_operations.is_empty()),
            ("--cgroup-conf", !self.unified.is_empty()),
        ];
        some.into_iter().filter(|(_, is_asked)| *is_asked).map(|(option, _)| option.to_owned()).collect()
    }

    /// `--cpus` as quota and period, or these as given.
    pub fn cpu_quota_and_period(&self) -> (Option<i64>, Option<u64>) {
        match self.nano_cpus.filter(|cpus| *cpus > 0) {
            Some(cpus) => {
                let quota = u128::from(cpus) * u128::from(CPUS_PERIOD) / 1_000_000_000;
                (Some(i64::try_from(quota).unwrap_or(i64::MAX)), Some(CPUS_PERIOD))
            }
            None => (self.cpu_quota.filter(|quota| *quota != 0), self.cpu_period.filter(|period| *period != 0)),
        }
    }

    /// Memory and swap together, in bytes: twice the memory when nothing was said of swap.
    pub fn memory_and_swap_bytes(&self) -> Option<i64> {
        let memory = self.memory_bytes.filter(|bytes| *bytes > 0);
        self.memory_swap_bytes.filter(|bytes| *bytes != 0).or(memory.map(|bytes| bytes.saturating_mul(2)))
    }

    fn cpu(&self) -> Option<LinuxCpuBuilder> {
        let (quota, period) = self.cpu_quota_and_period();
        let shares = self.cpu_shares.filter(|shares| *shares != 0);
        let is_empty = quota.is_none()
            && period.is_none()
            && shares.is_none()
            && self.cpu_realtime_runtime.is_none()
            && self.cpu_realtime_period.is_none()
            && self.cpuset_cpus.is_empty()
            && self.cpuset_mems.is_empty();
        if is_empty {
            return None;
        }
        let mut cpu = LinuxCpuBuilder::default();
        if let Some(shares) = shares {
            cpu = cpu.shares(shares);
        }
        if let Some(quota) = quota {
            cpu = cpu.quota(quota);
        }
        if let Some(period) = period {
            cpu = cpu.period(period);
        }
        if let Some(runtime) = self.cpu_realtime_runtime {
            cpu = cpu.realtime_runtime(runtime);
        }
        if let Some(period) = self.cpu_realtime_period {
            cpu = cpu.realtime_period(period);
        }
        if !self.cpuset_cpus.is_empty() {
            cpu = cpu.cpus(self.cpuset_cpus.clone());
        }
        if !self.cpuset_mems.is_empty() {
            cpu = cpu.mems(self.cpuset_mems.clone());
        }
        Some(cpu)
    }

    fn memory(&self) -> Option<LinuxMemoryBuilder> {
        let limit = self.memory_bytes.filter(|bytes| *bytes != 0);
        let reservation = self.memory_reservation_bytes.filter(|bytes| *bytes != 0);
        let swap = self.memory_and_swap_bytes();
        let is_empty = limit.is_none()
            && reservation.is_none()
            && swap.is_none()
            && self.memory_swappiness.is_none()
            && !self.oom_kill_disable;
        if is_empty {
            return None;
        }
        let mut memory = LinuxMemoryBuilder::default();
        if let Some(limit) = limit {
            memory = memory.limit(limit);
        }
        if let Some(reservation) = reservation {
            memory = memory.reservation(reservation);
        }
        if let Some(swap) = swap {
            memory = memory.swap(swap);
        }
        if let Some(swappiness) = self.memory_swappiness {
            memory = memory.swappiness(swappiness);
        }
        if self.oom_kill_disable {
            memory = memory.disable_oom_killer(true);
        }
        Some(memory)
    }

    fn block_io(&self) -> Result<Option<LinuxBlockIoBuilder>, Error> {
        let lists = [&self.read_bytes, &self.write_bytes, &self.read_operations, &self.write_operations];
        if self.io_weight.is_none() && self.io_weight_devices.is_empty() && lists.iter().all(|list| list.is_empty()) {
            return Ok(None);
        }
        let mut io = LinuxBlockIoBuilder::default();
        if let Some(weight) = self.io_weight.filter(|weight| *weight != 0) {
            io = io.weight(weight);
        }
        if !self.io_weight_devices.is_empty() {
            let devices = self.io_weight_devices.iter().map(weight_device);
            io = io.weight_device(devices.collect::<Result<Vec<_>, _>>()?);
        }
        let rates = |list: &[(String, u64)]| list.iter().map(throttle_device).collect::<Result<Vec<_>, _>>();
        io = io
            .throttle_read_bps_device(rates(&self.read_bytes)?)
            .throttle_write_bps_device(rates(&self.write_bytes)?)
            .throttle_read_iops_device(rates(&self.read_operations)?)
            .throttle_write_iops_device(rates(&self.write_operations)?);
        Ok(Some(io))
    }
}

/// Major and minor number of a device node on the host.
fn device_number(path: &str) -> Result<(i64, i64), Error> {
    let status = rustix::fs::stat(Path::new(path)).map_err(|error| {
        let error = std::io::Error::from(error);
        let reason = crate::sys::errno::Words(&error);
        Error::BadRequest(format!("could not parse throttle device at {path}: stat {path}: {reason}"))
    })?;
    match rustix::fs::FileType::from_raw_mode(status.st_mode) {
        rustix::fs::FileType::BlockDevice | rustix::fs::FileType::CharacterDevice => {
            let number = status.st_rdev;
            Ok((rustix::fs::major(number).into(), rustix::fs::minor(number).into()))
        }
        _ => Err(Error::BadRequest(format!("could not parse throttle device at {path}: it is not a device"))),
    }
}

fn throttle_device((path, rate): &(String, u64)) -> Result<LinuxThrottleDevice, Error> {
    let (major, minor) = device_number(path)?;
    let device = LinuxThrottleDeviceBuilder::default().major(major).minor(minor).rate(*rate).build();
    device.map_err(|error| Error::BadRequest(error.to_string()))
}

fn weight_device((path, weight): &(String, u16)) -> Result<LinuxWeightDevice, Error> {
    let (major, minor) = device_number(path)?;
    let device = LinuxWeightDeviceBuilder::default().major(major).minor(minor).weight(*weight).build();
    device.map_err(|error| Error::BadRequest(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asked_for_is_only_the_usual_number_of_processes() {
        let resources = Limits::default().resources().unwrap();
        assert_eq!(resources.pids().as_ref().map(oci_spec::runtime::LinuxPids::limit), Some(DEFAULT_PIDS));
        assert!(resources.memory().is_none() && resources.cpu().is_none() && resources.block_io().is_none());
    }

    #[test]
    fn processors_become_a_quota_and_memory_allows_as_much_swap() {
        let limits = Limits { nano_cpus: Some(1_500_000_000), memory_bytes: Some(64 << 20), ..Limits::default() };
        let resources = limits.resources().unwrap();
        let cpu = resources.cpu().clone().unwrap();
        assert_eq!((cpu.quota(), cpu.period()), (Some(150_000), Some(100_000)));
        let memory = resources.memory().unwrap();
        assert_eq!((memory.limit(), memory.swap()), (Some(64 << 20), Some(128 << 20)));
    }

    #[test]
    fn no_limit_of_processes_is_minus_one() {
        for asked in [0, -1] {
            let limits = Limits { pids: Some(asked), ..Limits::default() };
            let resources = limits.resources().unwrap();
            assert_eq!(resources.pids().as_ref().map(oci_spec::runtime::LinuxPids::limit), Some(-1));
        }
    }

    #[test]
    fn a_rate_needs_a_device() {
        let limits = Limits { read_bytes: vec![("/dev/null".to_owned(), 1 << 20)], ..Limits::default() };
        let resources = limits.resources().unwrap();
        let io = resources.block_io().clone().unwrap();
        let device = &io.throttle_read_bps_device().as_ref().unwrap()[0];
        assert_eq!((device.major(), device.minor(), device.rate()), (1, 3, 1 << 20));
        for path in ["/nonexistent", "/etc/passwd"] {
            let limits = Limits { read_bytes: vec![(path.to_owned(), 1)], ..Limits::default() };
            assert!(limits.resources().is_err(), "{path}");
        }
    }
}
