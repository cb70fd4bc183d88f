//! Limits of the runtime specification as files of cgroup version 2 (config-linux.md "Control groups").
//!
//! A table: what the specification says in terms of version 1 is converted as runc and crun do.

use super::GroupError;
use oci_spec::runtime::{LinuxBlockIo, LinuxCpu, LinuxMemory, LinuxResources, LinuxThrottleDevice};

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What it limits, for people.
    pub what: &'static str,
    /// The file in the group's directory.
    pub file: String,
    /// Another file and value to use where the kernel has not the first.
    pub instead: Option<(String, String)>,
    /// What to write.
    pub value: String,
}

fn setting(what: &'static str, file: impl Into<String>, value: impl ToString) -> Setting {
    Setting { what, file: file.into(), instead: None, value: value.to_string() }
}

/// Beginnings of the names of files that groups can have (cgroup-v2.rst).
const CONTROLLERS: [&str; 11] =
    ["cgroup", "cpu", "cpuset", "memory", "io", "pids", "hugetlb", "rdma", "misc", "dmem", "irq"];

/// The files to write for `resources`, in an order the kernel takes them in.
///
/// # Errors
/// Limits that contradict each other; a file name that leads elsewhere.
pub fn settings(resources: &LinuxResources) -> Result<Vec<Setting>, GroupError> {
    let mut list = Vec::new();
    if let Some(memory) = resources.memory() {
        add_memory(memory, &mut list)?;
    }
    if let Some(cpu) = resources.cpu() {
        add_cpu(cpu, &mut list);
    }
    match resources.pids().as_ref().map(|pids| pids.limit()) {
        Some(limit) if limit > 0 => list.push(setting("the limit of processes", "pids.max", limit)),
        Some(limit) if limit < 0 => list.push(setting("the limit of processes", "pids.max", "max")),
        _ => {}
    }
    if let Some(io) = resources.block_io() {
        add_io(io, &mut list);
    }
    for limit in resources.hugepage_limits().iter().flatten() {
        let (size, value) = (limit.page_size(), limit_or_max(limit.limit()));
        list.push(setting("the limit of huge pages", format!("hugetlb.{size}.max"), &value));
    }
    for (device, limit) in resources.rdma().iter().flatten() {
        let part = |name: &str, value: Option<u32>| value.map_or(String::new(), |value| format!(" {name}={value}"));
        let value =
            format!("{device}{}{}", part("hca_handle", limit.hca_handles()), part("hca_object", limit.hca_objects()));
        list.push(setting("the limit of RDMA", "rdma.max", value));
    }
    let mut unified: Vec<_> = resources.unified().iter().flatten().collect();
    unified.sort();
    for (file, value) in unified {
        if file.contains('/') || file.is_empty() || file.starts_with('.') {
            return Err(GroupError::Contradiction(format!(
                "unified resource {file:?} must be a file name (no slashes)"
            )));
        }
        let Some((controller, _)) = file.split_once('.') else {
            return Err(GroupError::Contradiction(format!(
                "the specified key has not the form CONTROLLER.VALUE `{file}`"
            )));
        };
        // One of the kernel's may be missing on a host, which is told; any other is a mistake.
        if !CONTROLLERS.contains(&controller) {
            return Err(GroupError::Contradiction(format!(
                "the requested cgroup controller `{controller}` is not available"
            )));
        }
        list.push(setting("a unified resource", file.as_str(), value));
    }
    Ok(list)
}

fn limit_or_max(limit: i64) -> String {
    if limit < 0 { "max".to_owned() } else { limit.to_string() }
}

fn add_memory(memory: &LinuxMemory, list: &mut Vec<Setting>) -> Result<(), GroupError> {
    if let Some(swap) = memory.swap() {
        list.push(setting("the limit of swap", "memory.swap.max", swap_alone(swap, memory.limit())?));
    }
    if let Some(limit) = memory.limit() {
        list.push(setting("the limit of memory", "memory.max", limit_or_max(limit)));
    }
    if let Some(reservation) = memory.reservation() {
        list.push(setting("the reservation of memory", "memory.low", limit_or_max(reservation)));
    }
    Ok(())
}

/// Version 1 limits memory and swap together, version 2 swap alone.
pub(super) fn swap_alone(swap: i64, limit: Option<i64>) -> Result<String, GroupError> {
    let wrong = |text: &str| Err(GroupError::Contradiction(text.to_owned()));
    match (swap, limit) {
        (..0, _) => Ok("max".to_owned()),
        (0, None | Some(..=0)) => Ok("0".to_owned()),
        (_, None | Some(0)) => wrong("unable to set swap limit without memory limit"),
        (_, Some(..0)) => wrong("unable to set swap limit without memory limit: memory is unlimited"),
        (swap, Some(limit)) if swap < limit => wrong("memory+swap limit should be >= memory limit"),
        (swap, Some(limit)) => Ok((swap - limit).to_string()),
    }
}

/// Refuses a limit below what is in use, where that was asked for (`checkBeforeUpdate`).
pub(super) fn check_memory(resources: &LinuxResources, used: Option<u64>) -> Result<(), GroupError> {
    let Some(memory) = resources.memory().as_ref().filter(|memory| memory.check_before_update() == Some(true)) else {
        return Ok(());
    };
    let limit = memory.limit().and_then(|limit| u64::try_from(limit).ok());
    match (limit, used) {
        (Some(limit), Some(used)) if limit < used => Err(GroupError::Contradiction(format!(
            "rejecting memory limit {limit} bytes: {used} bytes are in use, and processes would be killed"
        ))),
        _ => Ok(()),
    }
}

fn add_cpu(cpu: &LinuxCpu, list: &mut Vec<Setting>) {
    if let Some(shares) = cpu.shares().filter(|shares| *shares > 0) {
        list.push(setting("the share of processors", "cpu.weight", weight_of_shares(shares)));
    }
    if let Some(idle) = cpu.idle() {
        list.push(setting("the idle scheduling of the group", "cpu.idle", idle));
    }
    match (cpu.quota(), cpu.period()) {
        (None | Some(0), None | Some(0)) => {}
        (quota, period) => {
            // Without a quota only the period changes; the kernel takes "max" for no quota.
            let quota = quota.filter(|quota| *quota > 0).map_or("max".to_owned(), |quota| quota.to_string());
            let period = period.filter(|period| *period > 0).unwrap_or(100_000);
            list.push(setting("the quota of processors", "cpu.max", format!("{quota} {period}")));
        }
    }
    if let Some(burst) = cpu.burst() {
        list.push(setting("the burst of processors", "cpu.max.burst", burst));
    }
    if let Some(cpus) = cpu.cpus().as_ref().filter(|cpus| !cpus.is_empty()) {
        list.push(setting("the set of processors", "cpuset.cpus", cpus));
    }
    if let Some(mems) = cpu.mems().as_ref().filter(|mems| !mems.is_empty()) {
        list.push(setting("the set of memory nodes", "cpuset.mems", mems));
    }
}

/// 2 to 262144 shares as a weight from 1 to 10000.
pub(super) fn weight_of_shares(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9_999 / 262_142
}

/// 10 to 1000 as a weight from 1 to 10000.
fn io_weight(weight: u16) -> u64 {
    1 + (u64::from(weight.clamp(10, 1000)) - 10) * 9_999 / 990
}

fn add_io(io: &LinuxBlockIo, list: &mut Vec<Setting>) {
    let weight = |what, device: &str, weight: u16| {
        let of_device = |value: u64| format!("{device} {value}").trim_start().to_owned();
        Setting {
            what,
            file: "io.bfq.weight".to_owned(),
            instead: Some(("io.weight".to_owned(), of_device(io_weight(weight)))),
            value: of_device(weight.into()),
        }
    };
    if let Some(value) = io.weight().filter(|value| *value > 0) {
        list.push(weight("the share of disks", "", value));
    }
    for device in io.weight_device().iter().flatten() {
        let name = format!("{}:{}", device.major(), device.minor());
        if let Some(value) = device.weight() {
            list.push(weight("the share of a disk", &name, value));
        }
    }
    let throttles: [(&str, &Option<Vec<LinuxThrottleDevice>>); 4] = [
        ("rbps", io.throttle_read_bps_device()),
        ("wbps", io.throttle_write_bps_device()),
        ("riops", io.throttle_read_iops_device()),
        ("wiops", io.throttle_write_iops_device()),
    ];
    for (key, devices) in throttles {
        for device in devices.iter().flatten() {
            let rate = if device.rate() == 0 { "max".to_owned() } else { device.rate().to_string() };
            let value = format!("{}:{} {key}={rate}", device.major(), device.minor());
            list.push(setting("the rate of a disk", "io.max", value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: serde_json::Value) -> Result<Vec<(String, String)>, String> {
        let resources: LinuxResources = serde_json::from_value(json).unwrap();
        let list = settings(&resources).map_err(|error| error.to_string())?;
        Ok(list.into_iter().map(|setting| (setting.file, setting.value)).collect())
    }

    #[test]
    fn limits_as_files() {
        let cases = [
            (
                serde_json::json!({"memory": {"limit": 100, "swap": 150, "reservation": 50}}),
                vec![("memory.swap.max", "50"), ("memory.max", "100"), ("memory.low", "50")],
            ),
            (
                serde_json::json!({"memory": {"limit": -1, "swap": -1}}),
                vec![("memory.swap.max", "max"), ("memory.max", "max")],
            ),
            (
                serde_json::json!({"cpu": {"shares": 1024, "quota": 50000}}),
                vec![("cpu.weight", "39"), ("cpu.max", "50000 100000")],
            ),
            (
                serde_json::json!({"cpu": {"quota": -1, "period": 2000, "cpus": "0-1", "mems": "0", "burst": 5, "idle": 1}}),
                vec![
                    ("cpu.idle", "1"),
                    ("cpu.max", "max 2000"),
                    ("cpu.max.burst", "5"),
                    ("cpuset.cpus", "0-1"),
                    ("cpuset.mems", "0"),
                ],
            ),
            (serde_json::json!({"pids": {"limit": 7}}), vec![("pids.max", "7")]),
            (serde_json::json!({"pids": {"limit": -1}}), vec![("pids.max", "max")]),
            (
                serde_json::json!({"blockIO": {"weight": 300, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 9}]}}),
                vec![("io.bfq.weight", "300"), ("io.max", "8:0 rbps=9")],
            ),
            (serde_json::json!({"hugepageLimits": [{"pageSize": "2MB", "limit": 4}]}), vec![("hugetlb.2MB.max", "4")]),
            (serde_json::json!({"unified": {"memory.high": "1"}}), vec![("memory.high", "1")]),
        ];
        for (json, expected) in cases {
            let expected: Vec<_> =
                expected.into_iter().map(|(file, value)| (file.to_owned(), value.to_owned())).collect();
            assert_eq!(of(json.clone()).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn contradictions() {
        assert!(of(serde_json::json!({"memory": {"limit": 100, "swap": 50}})).unwrap_err().contains(">= memory limit"));
        assert!(of(serde_json::json!({"memory": {"swap": 50}})).unwrap_err().contains("without memory limit"));
        assert!(of(serde_json::json!({"unified": {"../x": "1"}})).unwrap_err().contains("no slashes"));
        assert!(of(serde_json::json!({"unified": {"foo.x": "1"}})).unwrap_err().contains("controller `foo`"));
        assert!(of(serde_json::json!({"unified": {"X": "1"}})).unwrap_err().contains("form CONTROLLER.VALUE"));
    }

    #[test]
    fn the_ends_of_the_share_range() {
        assert_eq!((weight_of_shares(1), weight_of_shares(2), weight_of_shares(262_144)), (1, 1, 10_000));
    }
}
