//! What a group uses, in the shape of runc's `events --stats`.

use super::Group;
use serde_json::{Map, Value, json};

impl Group {
    /// Processors, memory, processes and disks used so far. What the kernel does not count here is left out.
    pub fn usage(&self) -> Value {
        let mut data = Map::new();
        let cpu = self.table("cpu.stat");
        let microseconds = |key: &str| cpu.get(key).and_then(Value::as_u64).unwrap_or(0).saturating_mul(1000);
        data.insert(
            "cpu".to_owned(),
            json!({
                "usage": {
                    "total": microseconds("usage_usec"),
                    "kernel": microseconds("system_usec"),
                    "user": microseconds("user_usec"),
                },
                "throttling": {
                    "periods": cpu.get("nr_periods"),
                    "throttledPeriods": cpu.get("nr_throttled"),
                    "throttledTime": microseconds("throttled_usec"),
                },
            }),
        );
        if let Some(usage) = self.number("memory.current") {
            let limit = self.number("memory.max").unwrap_or(u64::MAX);
            let swap = self.number("memory.swap.current").unwrap_or(0);
            let raw = self.table("memory.stat");
            data.insert(
                "memory".to_owned(),
                json!({
                    "cache": raw.get("file"),
                    "usage": {"limit": limit, "usage": usage, "max": self.number("memory.peak")},
                    "swap": {"limit": self.number("memory.swap.max").unwrap_or(u64::MAX), "usage": swap},
                    "raw": raw,
                }),
            );
        }
        if let Some(current) = self.number("pids.current") {
            data.insert("pids".to_owned(), json!({"current": current, "limit": self.number("pids.max").unwrap_or(0)}));
        }
        data.insert("blkio".to_owned(), json!({"raw": self.table("io.stat")}));
        Value::Object(data)
    }

    /// Opens what tells of such kills: it is ready for `POLLPRI` after each.
    pub fn open_memory_events(&self) -> Option<std::os::fd::OwnedFd> {
        std::fs::File::open(self.directory().join("memory.events")).ok().map(Into::into)
    }

    /// How often the kernel has killed a process here for want of memory.
    pub fn memory_kills(&self) -> u64 {
        self.table("memory.events").get("oom_kill").and_then(Value::as_u64).unwrap_or(0)
    }

    /// A file of lines `KEY NUMBER`.
    fn table(&self, file: &str) -> Map<String, Value> {
        let text = std::fs::read_to_string(self.directory().join(file)).unwrap_or_default();
        let entry = |line: &str| {
            let (key, value) = line.split_once(' ')?;
            Some((key.to_owned(), value.trim().parse::<u64>().ok()?.into()))
        };
        text.lines().filter_map(entry).collect()
    }
}
