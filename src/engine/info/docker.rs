//! The fields of `docker info`, for templates and `{{json .}}` of scripts written for docker.
//!
//! Follows `GET /info` of the Docker Engine API. Only what can be told truthfully is there.

use super::exists;
use crate::engine::host::{self, distribution};
use serde_json::{Value, json};

/// `info` (as [`super::info`] returns it) with docker's fields beside podman's.
pub fn with_docker_names(mut info: Value) -> Value {
    let docker = docker_fields(&info);
    if let (Some(info), Value::Object(docker)) = (info.as_object_mut(), docker) {
        info.extend(docker);
    }
    info
}

fn docker_fields(info: &Value) -> Value {
    let at = |path: &str| info.pointer(path).cloned().unwrap_or(Value::Null);
    let counts = |name: &str| at(&format!("/store/containerStore/{name}"));
    let proxy = |name: &str| std::env::var(name.to_lowercase()).or_else(|_| std::env::var(name)).unwrap_or_default();
    let status: Vec<Value> =
        at("/store/graphStatus").as_object().into_iter().flatten().map(|(name, value)| json!([name, value])).collect();
    let mut security = vec!["name=rootless", "name=seccomp,profile=builtin", "name=cgroupns"];
    if at("/host/security/rootless") == json!(false) {
        security.remove(0);
    }
    json!({
        "Architecture": std::env::consts::ARCH,
        "CgroupDriver": at("/host/cgroupManager"),
        "CgroupVersion": if at("/host/cgroupVersion") == json!("v2") { "2" } else { "1" },
        "Containers": counts("number"),
        "ContainersPaused": counts("paused"),
        "ContainersRunning": counts("running"),
        "ContainersStopped": counts("stopped"),
        "Debug": false,
        "DefaultRuntime": "coracle",
        "DockerRootDir": at("/store/graphRoot"),
        "Driver": at("/store/graphDriverName"),
        "DriverStatus": status,
        "ExperimentalBuild": false,
        "HttpProxy": proxy("HTTP_PROXY"),
        "HttpsProxy": proxy("HTTPS_PROXY"),
        "ID": "",
        "IPv4Forwarding": host::sysctl("net.ipv4.ip_forward").as_deref() == Some("1"),
        "Images": at("/store/imageStore/number"),
        "IndexServerAddress": "https://index.docker.io/v1/",
        "InitBinary": "coracle",
        "Isolation": "",
        "KernelVersion": at("/host/kernel"),
        "Labels": [],
        "LiveRestoreEnabled": false,
        "LoggingDriver": at("/host/logDriver"),
        "MemTotal": at("/host/memTotal"),
        "MemoryLimit": exists("/sys/fs/cgroup/memory.max") || exists("/sys/fs/cgroup/memory"),
        "NCPU": at("/host/cpus"),
        "Name": at("/host/hostname"),
        "NoProxy": proxy("NO_PROXY"),
        "OSType": "linux",
        "OSVersion": at("/host/distribution/version"),
        "OperatingSystem": distribution::detect().name,
        "Runtimes": {"coracle": {"path": at("/host/ociRuntime/path")}},
        "SecurityOptions": security,
        "ServerVersion": at("/version/Version"),
        "Swarm": {"LocalNodeState": "inactive"},
        "SystemTime": jiff::Timestamp::now().to_string(),
        "Warnings": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_fields_stand_beside_podman_s() {
        let info = json!({
            "host": {"cgroupVersion": "v2", "security": {"rootless": true}},
            "store": {"graphDriverName": "overlay", "containerStore": {"number": 4}, "graphStatus": {"a": "b"}},
            "version": {"Version": "1.2.3"},
        });
        let both = with_docker_names(info);
        assert_eq!(both["ServerVersion"], "1.2.3");
        assert_eq!(
            (&both["Driver"], &both["CgroupVersion"], &both["Containers"]),
            (&json!("overlay"), &json!("2"), &json!(4))
        );
        assert_eq!(both["DriverStatus"], json!([["a", "b"]]));
        assert_eq!(both["host"]["cgroupVersion"], "v2");
    }
}
