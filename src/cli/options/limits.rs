//! Limits of resources: memory, processors, processes, disks, and the control group that enforces them.

use super::OptionError;
use crate::cli::configuration::Containers;
use crate::cli::values;
use crate::engine::limits::{CgroupsMode, Limits};
use crate::engine::request::ContainerRequest;
use clap::Args;

/// The limits that `run`, `create` and `update` share.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct LimitOptions {
    /// Most memory, e.g. 512m
    #[arg(short = 'm', long, value_name = "SIZE", value_parser = values::signed_size_bytes, allow_negative_numbers = true)]
    memory: Option<i64>,
    /// Memory that is kept for the container when the host runs short
    #[arg(long, value_name = "SIZE", value_parser = values::signed_size_bytes, allow_negative_numbers = true)]
    memory_reservation: Option<i64>,
    /// Most memory and swap together; -1 is no limit [default: twice --memory]
    #[arg(long, value_name = "SIZE", value_parser = values::signed_size_bytes, allow_negative_numbers = true)]
    memory_swap: Option<i64>,
    /// Readiness to swap, 0 to 100; -1 is the host's
    #[arg(long, value_name = "NUMBER", value_parser = values::integer, allow_negative_numbers = true)]
    memory_swappiness: Option<i64>,
    /// Let processes wait instead of killing one when memory is short (control groups of version 1 only)
    #[arg(long)]
    oom_kill_disable: bool,
    /// Number of processors, e.g. 1.5
    #[arg(long, value_name = "NUMBER", value_parser = values::number)]
    cpus: Option<f64>,
    /// Weight of processor time against others, 2 to 262144
    #[arg(short = 'c', long, value_name = "NUMBER", value_parser = values::integer)]
    cpu_shares: Option<i64>,
    /// Length of a period of processor time in microseconds
    #[arg(long, value_name = "MICROSECONDS", value_parser = values::integer)]
    cpu_period: Option<i64>,
    /// Processor time in each period in microseconds; -1 is no limit
    #[arg(long, value_name = "MICROSECONDS", value_parser = values::integer, allow_negative_numbers = true)]
    cpu_quota: Option<i64>,
    /// Length of a period of realtime processes in microseconds
    #[arg(long, value_name = "MICROSECONDS", value_parser = values::integer)]
    cpu_rt_period: Option<i64>,
    /// Time of realtime processes in each period in microseconds
    #[arg(long, value_name = "MICROSECONDS", value_parser = values::integer)]
    cpu_rt_runtime: Option<i64>,
    /// Processors that may be used, e.g. 0-2,7
    #[arg(long, value_name = "LIST")]
    cpuset_cpus: Option<String>,
    /// Memory nodes that may be used, e.g. 0
    #[arg(long, value_name = "LIST")]
    cpuset_mems: Option<String>,
    /// Most processes and threads; 0 and -1 are no limit [default: 2048]
    #[arg(long, value_name = "NUMBER", value_parser = values::integer, allow_negative_numbers = true)]
    pids_limit: Option<i64>,
    /// Weight of disk access against others, 10 to 1000
    #[arg(long, value_name = "NUMBER", value_parser = values::integer)]
    blkio_weight: Option<i64>,
    /// Weight of access to one disk; may be repeated
    #[arg(long, value_name = "DEVICE:WEIGHT")]
    blkio_weight_device: Vec<String>,
    /// Most bytes a second that are read from a disk; may be repeated
    #[arg(long, value_name = "DEVICE:SIZE")]
    device_read_bps: Vec<String>,
    /// Most bytes a second that are written to a disk; may be repeated
    #[arg(long, value_name = "DEVICE:SIZE")]
    device_write_bps: Vec<String>,
    /// Most reads a second from a disk; may be repeated
    #[arg(long, value_name = "DEVICE:NUMBER")]
    device_read_iops: Vec<String>,
    /// Most writes a second to a disk; may be repeated
    #[arg(long, value_name = "DEVICE:NUMBER")]
    device_write_iops: Vec<String>,
}

/// What `run` and `create` have besides.
#[derive(Args, Debug)]
pub(crate) struct GroupOptions {
    /// File of a control group of version 2 and what is written to it, e.g. memory.high=1g; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    cgroup_conf: Vec<String>,
    /// Control group that the container's own is made in
    #[arg(long, value_name = "PATH")]
    cgroup_parent: Option<String>,
    /// Whether the container gets a control group: enabled, disabled, no-conmon or split
    #[arg(long, value_name = "MODE", default_value = "enabled", hide_default_value = true)]
    cgroups: String,
}

impl LimitOptions {
    pub(super) fn fill(&mut self, defaults: &Containers) {
        self.pids_limit = self.pids_limit.or(defaults.pids_limit);
    }

    /// Writes what was given over `limits`.
    ///
    /// # Errors
    /// Values that cannot be, or not together.
    pub(crate) fn apply(self, limits: &mut Limits) -> Result<(), OptionError> {
        let quota_or_period =
            self.cpu_quota.is_some_and(|quota| quota != 0) || self.cpu_period.is_some_and(|period| period != 0);
        if self.cpus.is_some_and(|cpus| cpus > 0.0) && quota_or_period {
            let other = if self.cpu_period.is_some_and(|period| period != 0) { "period" } else { "quota" };
            return Err(OptionError::Limit(format!("--cpu-{other} and --cpus cannot be set together")));
        }
        self.apply_memory(limits)?;
        self.apply_processors(limits)?;
        if let Some(weight) = self.blkio_weight {
            limits.io_weight = Some(io_weight(weight, &weight.to_string())?);
        }
        set(&mut limits.pids, self.pids_limit);
        for text in &self.blkio_weight_device {
            let (device, weight) = weight_device(text)?;
            replace(&mut limits.io_weight_devices, device, weight);
        }
        let bytes = |text: &str| values::size_bytes(text).ok();
        let count = |text: &str| text.parse().ok();
        rates(&self.device_read_bps, &mut limits.read_bytes, bytes)?;
        rates(&self.device_write_bps, &mut limits.write_bytes, bytes)?;
        rates(&self.device_read_iops, &mut limits.read_operations, count)?;
        rates(&self.device_write_iops, &mut limits.write_operations, count)
    }

    fn apply_memory(&self, limits: &mut Limits) -> Result<(), OptionError> {
        let wrong = |text: &str| Err(OptionError::Limit(text.to_owned()));
        set(&mut limits.memory_bytes, self.memory);
        set(&mut limits.memory_reservation_bytes, self.memory_reservation);
        set(&mut limits.memory_swap_bytes, self.memory_swap);
        limits.oom_kill_disable |= self.oom_kill_disable;
        match self.memory_swappiness {
            None => {}
            Some(-1) => limits.memory_swappiness = None,
            Some(value) => match u64::try_from(value) {
                Ok(value @ 0..=100) => limits.memory_swappiness = Some(value),
                _ => {
                    return Err(OptionError::Limit(format!(
                        "invalid value: {value}, valid memory swappiness range is 0-100"
                    )));
                }
            },
        }
        let memory = limits.memory_bytes.unwrap_or(0);
        match limits.memory_swap_bytes.unwrap_or(0) {
            swap if swap > 0 && memory <= 0 => {
                wrong("you should always set the memory limit when using memory swap limit, see usage")
            }
            swap if swap > 0 && swap < memory => {
                wrong("minimum memory swap limit should be larger than memory limit, see usage")
            }
            _ if memory > 0 && limits.memory_reservation_bytes.unwrap_or(0) > memory => {
                wrong("minimum memory limit cannot be less than memory reservation limit, see usage")
            }
            _ => Ok(()),
        }
    }

    fn apply_processors(&self, limits: &mut Limits) -> Result<(), OptionError> {
        if let Some(cpus) = self.cpus {
            if !(0.0..1_000_000.0).contains(&cpus) {
                return Err(OptionError::Limit(format!("invalid number of processors {cpus}")));
            }
            limits.nano_cpus = Some((cpus * 1e9).round() as u64);
            (limits.cpu_quota, limits.cpu_period) = (None, None);
        }
        if self.cpu_quota.is_some() || self.cpu_period.is_some() {
            limits.nano_cpus = None;
        }
        set(&mut limits.cpu_quota, self.cpu_quota);
        set(&mut limits.cpu_realtime_runtime, self.cpu_rt_runtime);
        let natural = |option: &str, value: Option<i64>| {
            let number = value.map(u64::try_from).transpose();
            number.map_err(|_| OptionError::Limit(format!("--{option} cannot be negative")))
        };
        set(&mut limits.cpu_shares, natural("cpu-shares", self.cpu_shares)?);
        set(&mut limits.cpu_period, natural("cpu-period", self.cpu_period)?);
        set(&mut limits.cpu_realtime_period, natural("cpu-rt-period", self.cpu_rt_period)?);
        for (list, place) in
            [(&self.cpuset_cpus, &mut limits.cpuset_cpus), (&self.cpuset_mems, &mut limits.cpuset_mems)]
        {
            let Some(list) = list else { continue };
            if !is_list(list) {
                return Err(OptionError::Limit(format!("invalid list of processors or memory nodes: {list:?}")));
            }
            list.clone_into(place);
        }
        Ok(())
    }
}

impl GroupOptions {
    pub(super) fn fill(&mut self, defaults: &Containers) {
        if let Some(mode) = defaults.cgroups.as_ref().filter(|_| self.cgroups == "enabled") {
            self.cgroups.clone_from(mode);
        }
    }

    pub(super) fn apply(self, request: &mut ContainerRequest) -> Result<(), OptionError> {
        for text in self.cgroup_conf {
            let (file, value) = super::key_value(&text)
                .filter(|(file, _)| !file.is_empty() && !file.contains('/'))
                .ok_or_else(|| OptionError::Limit(format!("--cgroup-conf {text:?} must be formatted KEY=VALUE")))?;
            request.limits.unified.insert(file, value);
        }
        request.cgroup_parent = self.cgroup_parent.filter(|parent| !parent.is_empty());
        request.cgroups = match self.cgroups.as_str() {
            "" | "enabled" => CgroupsMode::Enabled,
            "disabled" => CgroupsMode::Disabled,
            "no-conmon" => CgroupsMode::NoConmon,
            "split" => CgroupsMode::Split,
            other => {
                let text = format!("invalid cgroup mode {other:?}: invalid argument");
                return Err(OptionError::Limit(format!("running container create option: {text}")));
            }
        };
        Ok(())
    }
}

fn set<T>(place: &mut Option<T>, given: Option<T>) {
    if given.is_some() {
        *place = given;
    }
}

fn io_weight(weight: i64, shown: &str) -> Result<u16, OptionError> {
    match u16::try_from(weight) {
        Ok(weight @ (0 | 10..=1000)) => Ok(weight),
        _ => Err(OptionError::Limit(format!("invalid block IO weight {shown}: the range is from 10 to 1000"))),
    }
}

fn weight_device(text: &str) -> Result<(String, u16), OptionError> {
    let invalid = || OptionError::Limit(format!("bad format: {text}"));
    let (device, weight) = text.rsplit_once(':').filter(|(device, _)| !device.is_empty()).ok_or_else(invalid)?;
    if !device.starts_with("/dev/") {
        return Err(OptionError::Limit(format!("bad format for device path: {text}")));
    }
    let weight = weight.parse().map_err(|_| OptionError::Limit(format!("invalid weight for device: {text}")))?;
    Ok((device.to_owned(), io_weight(weight, text)?))
}

fn rates(
    given: &[String],
    list: &mut Vec<(String, u64)>,
    number: impl Fn(&str) -> Option<u64>,
) -> Result<(), OptionError> {
    for text in given {
        let invalid = |what: &str| OptionError::Limit(format!("{what}: {text}"));
        let (device, rate) = text.rsplit_once(':').ok_or_else(|| invalid("bad format"))?;
        if !device.starts_with("/dev/") {
            return Err(invalid("bad format for device path"));
        }
        let rate = number(rate).ok_or_else(|| {
            invalid("invalid rate for device: the correct format is <device-path>:<number>[<unit>]; number must be a positive integer")
        })?;
        replace(list, device.to_owned(), rate);
    }
    Ok(())
}

/// A device has one limit of a kind, the last one given.
fn replace<T>(list: &mut Vec<(String, T)>, device: String, value: T) {
    list.retain(|(known, _)| *known != device);
    list.push((device, value));
}

/// `0-2,7`: numbers and ranges.
fn is_list(text: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().ok();
    text.split(',').all(|part| match part.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)).is_some_and(|(first, last)| first <= last),
        None => number(part).is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Command, FromArgMatches as _};

    fn limits(words: &[&str]) -> Result<Limits, String> {
        let command = LimitOptions::augment_args(Command::new("run").no_binary_name(true));
        let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
        let options = LimitOptions::from_arg_matches(&matches).map_err(|error| error.to_string())?;
        let mut limits = Limits::default();
        options.apply(&mut limits).map_err(|error| error.to_string())?;
        Ok(limits)
    }

    #[test]
    fn values_are_those_of_podman() {
        let found =
            limits(&["-m", "512m", "--memory-swap", "-1", "--cpus", "1.5", "-c", "512", "--pids-limit=-1"]).unwrap();
        assert_eq!((found.memory_bytes, found.memory_swap_bytes), (Some(512 << 20), Some(-1)));
        assert_eq!((found.nano_cpus, found.cpu_shares, found.pids), (Some(1_500_000_000), Some(512), Some(-1)));
        let found = limits(&["--device-read-bps", "/dev/sda:1mb", "--blkio-weight-device=/dev/sda:200"]).unwrap();
        assert_eq!(found.read_bytes, [("/dev/sda".to_owned(), 1 << 20)]);
        assert_eq!(found.io_weight_devices, [("/dev/sda".to_owned(), 200)]);
        assert_eq!(limits(&["--cpuset-cpus", "0-2,7"]).unwrap().cpuset_cpus, "0-2,7");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (words, reason) in [
            (&["--memory-swap", "1g"][..], "always set the memory limit"),
            (&["-m", "1g", "--memory-swap", "512m"], "larger than memory limit"),
            (&["-m", "1g", "--memory-reservation", "2g"], "memory reservation"),
            (&["--memory-swappiness", "101"], "range is 0-100"),
            (&["--cpus", "1", "--cpu-quota", "5000"], "--cpu-quota and --cpus"),
            (&["--cpus", "1", "--cpu-period", "5000"], "--cpu-period and --cpus"),
            (&["--cpuset-cpus", "2-0"], "invalid list"),
            (&["--blkio-weight", "5"], "range is from 10 to 1000"),
            (&["--device-read-iops", "/dev/sda:x"], "invalid rate"),
            (&["--device-read-bps", "sda:1"], "bad format"),
        ] {
            assert!(limits(words).is_err_and(|error| error.contains(reason)), "{words:?}: {:?}", limits(words));
        }
    }
}
