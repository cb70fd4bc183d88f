//! From a Quadlet file to a service: podman-systemd.unit(5).
//!
//! What a key means is in tables: the name of the key, and the option it becomes. The services use `Type=forking` with
//! the keeper's pid: a container's keeper is the process that lives as long as the container.

use super::unit::{Unit, join, split};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A source file, its drop-ins merged.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its name, e.g. `web.container`.
    pub(super) name: String,
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it says.
    pub(super) unit: Unit,
}

/// A service made of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    /// Its file name, e.g. `web.service`.
    pub(super) name: String,
    /// What it says.
    pub(super) unit: Unit,
}

/// What one file may need to know of the others.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// By the name of the source: the service's name, and the name of what it makes.
    made: BTreeMap<String, Made>,
    /// The program, for `ExecStart=`.
    pub(super) program: String,
}

#[derive(Clone, Debug)]
struct Made {
    service: String,
    resource: String,
}

/// Keys with one value, of which the last counts.
const ONE: &[(&str, &str)] = &[
    ("LogDriver", "--log-driver"),
    ("CgroupsMode", "--cgroups"),
    ("IP", "--ip"),
    ("IP6", "--ip6"),
    ("StopSignal", "--stop-signal"),
    ("StopTimeout", "--stop-timeout"),
    ("Pull", "--pull"),
    ("PidsLimit", "--pids-limit"),
    ("Memory", "--memory"),
    ("Entrypoint", "--entrypoint"),
    ("WorkingDir", "--workdir"),
    ("HostName", "--hostname"),
    ("Timezone", "--tz"),
    ("ShmSize", "--shm-size"),
    ("UserNS", "--userns"),
    ("SubUIDMap", "--subuidname"),
    ("SubGIDMap", "--subgidname"),
    ("HealthCmd", "--health-cmd"),
    ("HealthInterval", "--health-interval"),
    ("HealthOnFailure", "--health-on-failure"),
    ("HealthLogDestination", "--health-log-destination"),
    ("HealthMaxLogCount", "--health-max-log-count"),
    ("HealthMaxLogSize", "--health-max-log-size"),
    ("HealthRetries", "--health-retries"),
    ("HealthStartPeriod", "--health-start-period"),
    ("HealthStartupCmd", "--health-startup-cmd"),
    ("HealthStartupInterval", "--health-startup-interval"),
    ("HealthStartupRetries", "--health-startup-retries"),
    ("HealthStartupSuccess", "--health-startup-success"),
    ("HealthStartupTimeout", "--health-startup-timeout"),
    ("HealthTimeout", "--health-timeout"),
];
/// Keys whose values all count, each as it is.
const EACH: &[(&str, &str)] = &[
    ("LogOpt", "--log-opt"),
    ("NetworkAlias", "--network-alias"),
    ("Ulimit", "--ulimit"),
    ("DNS", "--dns"),
    ("DNSOption", "--dns-option"),
    ("DNSSearch", "--dns-search"),
    ("AddHost", "--add-host"),
    ("GroupAdd", "--group-add"),
    ("Tmpfs", "--tmpfs"),
    ("UIDMap", "--uidmap"),
    ("GIDMap", "--gidmap"),
    ("ExposeHostPort", "--expose"),
    ("PublishPort", "--publish"),
    ("Secret", "--secret"),
];
/// Keys whose values are lists of words.
const WORDS: &[(&str, &str)] = &[
    ("DropCapability", "--cap-drop"),
    ("AddCapability", "--cap-add"),
    ("Sysctl", "--sysctl"),
    ("Environment", "--env"),
    ("Label", "--label"),
    ("Annotation", "--annotation"),
];
/// Keys that are yes or no.
const SWITCHES: &[(&str, &str)] = &[
    ("EnvironmentHost", "--env-host"),
    ("ReadOnlyTmpfs", "--read-only-tmpfs"),
    ("RunInit", "--init"),
    ("ReadOnly", "--read-only"),
];
/// Keys of `[Container]` that are treated one by one.
const CONTAINER: &[&str] = &[
    "AddDevice",
    "AutoUpdate",
    "ContainerName",
    "ContainersConfModule",
    "EnvironmentFile",
    "Exec",
    "GlobalArgs",
    "Group",
    "Image",
    "Mask",
    "Mount",
    "Network",
    "NoNewPrivileges",
    "Notify",
    "PodmanArgs",
    "Pod",
    "ReloadCmd",
    "ReloadSignal",
    "RemapGid",
    "RemapUid",
    "RemapUidSize",
    "RemapUsers",
    "Rootfs",
    "SeccompProfile",
    "SecurityLabelDisable",
    "SecurityLabelFileType",
    "SecurityLabelLevel",
    "SecurityLabelNested",
    "SecurityLabelType",
    "ServiceName",
    "StartWithPod",
    "Unmask",
    "User",
    "Volume",
    "VolatileTmp",
];
const VOLUME: &[&str] = &[
    "ContainersConfModule",
    "Copy",
    "Device",
    "Driver",
    "GlobalArgs",
    "Group",
    "Image",
    "Label",
    "Options",
    "PodmanArgs",
    "ServiceName",
    "Type",
    "User",
    "VolumeName",
];
const NETWORK: &[&str] = &[
    "ContainersConfModule",
    "DisableDNS",
    "DNS",
    "Driver",
    "Gateway",
    "GlobalArgs",
    "Internal",
    "IPAMDriver",
    "IPRange",
    "IPv6",
    "Label",
    "NetworkDeleteOnStop",
    "NetworkName",
    "Options",
    "PodmanArgs",
    "ServiceName",
    "Subnet",
];
const IMAGE: &[(&str, &str)] = &[
    ("Variant", "--variant"),
    ("Arch", "--arch"),
    ("AuthFile", "--authfile"),
    ("CertDir", "--cert-dir"),
    ("Creds", "--creds"),
    ("DecryptionKey", "--decryption-key"),
    ("OS", "--os"),
    ("Policy", "--policy"),
    ("Retry", "--retry"),
    ("RetryDelay", "--retry-delay"),
];
const IMAGE_OTHER: &[&str] =
    &["AllTags", "ContainersConfModule", "GlobalArgs", "Image", "ImageTag", "PodmanArgs", "ServiceName", "TLSVerify"];
const POD: &[&str] = &[
    "AddHost",
    "ContainersConfModule",
    "DNS",
    "DNSOption",
    "DNSSearch",
    "GIDMap",
    "GlobalArgs",
    "HostName",
    "IP",
    "IP6",
    "Network",
    "NetworkAlias",
    "PodmanArgs",
    "PodName",
    "PublishPort",
    "ServiceName",
    "ShmSize",
    "SubGIDMap",
    "SubUIDMap",
    "UIDMap",
    "UserNS",
    "Volume",
];

impl Others {
    /// What `sources` will make. `program` is the path of this program.
    pub(super) fn new(sources: &[Source], program: String) -> Self {
        let made = sources.iter().filter_map(|source| Some((source.name.clone(), made(source)?))).collect();
        Others { made, program }
    }

    fn find(&self, name: &str) -> Result<&Made, String> {
        self.made.get(name).ok_or_else(|| format!("requested Quadlet unit {name} was not found"))
    }
}

/// Name without its ending, and the ending.
fn parts(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or((name, ""))
}

fn made(source: &Source) -> Option<Made> {
    let (base, kind) = parts(&source.name);
    let named = |group: &str, key: &str| source.unit.last(group, key).unwrap_or_else(|| format!("systemd-{base}"));
    let (group, ending, resource) = match kind {
        "container" => ("Container", "", container_name(source)),
        "volume" => ("Volume", "-volume", named("Volume", "VolumeName")),
        "network" => ("Network", "-network", named("Network", "NetworkName")),
        "image" => {
            let name = source.unit.last("Image", "ImageTag").or_else(|| source.unit.last("Image", "Image"));
            ("Image", "-image", name.unwrap_or_default())
        }
        "pod" => ("Pod", "-pod", named("Pod", "PodName")),
        _ => return None,
    };
    let service = source.unit.last(group, "ServiceName").unwrap_or_else(|| match base.strip_suffix('@') {
        Some(base) => format!("{base}{ending}@"),
        None => format!("{base}{ending}"),
    });
    Some(Made { service: format!("{service}.service"), resource })
}

fn container_name(source: &Source) -> String {
    let is_template = parts(&source.name).0.ends_with('@');
    let default = if is_template { "systemd-%p_%i" } else { "systemd-%N" };
    source.unit.last("Container", "ContainerName").unwrap_or_else(|| default.to_owned())
}

/// The service of a source, or the reason why there is none.
pub(super) fn convert(source: &Source, others: &Others) -> Result<Service, String> {
    let mut unit = source.unit.clone();
    let path = source.path.to_string_lossy().into_owned();
    let (group, words) = match parts(&source.name).1 {
        "container" => ("Container", container(source, others, &mut unit)?),
        "volume" => ("Volume", volume(source, others)?),
        "network" => ("Network", network(source, others)?),
        "image" => ("Image", image(source, others)?),
        "pod" => ("Pod", pod(source, others, &mut unit)?),
        "build" => {
            return Err("coracle does not build images from Quadlet files yet: build it and use .image".to_owned());
        }
        "kube" => return Err("coracle does not play Kubernetes YAML from Quadlet files yet".to_owned()),
        other => return Err(format!("unsupported type {other:?}")),
    };
    unit.rename(group, &format!("X-{group}"));
    unit.add("Unit", "SourcePath", &path);
    unit.add("Unit", "RequiresMountsFor", "%t/containers");
    unit.add_missing("Service", "SyslogIdentifier", "%N");
    if matches!(group, "Volume" | "Network" | "Image") {
        unit.add_missing("Service", "Type", "oneshot");
        unit.add_missing("Service", "RemainAfterExit", "yes");
    }
    unit.add("Service", "ExecStart", &join(&words));
    Ok(Service { name: others.find(&source.name)?.service.clone(), unit })
}

/// Unknown keys are mistakes: what they ask for would silently not happen.
fn check(source: &Source, group: &str, known: &[&[&str]]) -> Result<(), String> {
    if !source.unit.has(group) {
        return Err(format!("no [{group}] group in {}", source.path.display()));
    }
    match source.unit.keys(group).find(|key| !known.iter().any(|keys| keys.contains(key))) {
        None => Ok(()),
        Some(key) => Err(format!("unsupported key '{key}' in group '{group}' in {}", source.path.display())),
    }
}

fn names(table: &[(&'static str, &str)]) -> Vec<&'static str> {
    table.iter().map(|(key, _)| *key).collect()
}

/// The program, its global options and the verb.
fn begin(source: &Source, group: &str, others: &Others, verb: &[&str]) -> Vec<String> {
    let mut words = vec![others.program.clone()];
    words.extend(source.unit.words(group, "GlobalArgs"));
    words.extend(verb.iter().map(|word| (*word).to_owned()));
    words
}

/// Options of tables.
fn options(unit: &Unit, group: &str, words: &mut Vec<String>) {
    let mut push = |option: &str, value: String| words.extend([option.to_owned(), value]);
    for (key, option) in ONE {
        unit.last(group, key).into_iter().for_each(|value| push(option, value));
    }
    for (key, option) in EACH {
        unit.all(group, key).into_iter().for_each(|value| push(option, value));
    }
    for (key, option) in WORDS {
        let is_capability = key.ends_with("Capability");
        let shown = |word: String| if is_capability { word.to_ascii_lowercase() } else { word };
        unit.words(group, key).into_iter().for_each(|word| push(option, shown(word)));
    }
    for (key, option) in SWITCHES {
        match unit.boolean(group, key) {
            Some(true) => words.push((*option).to_owned()),
            Some(false) => words.push(format!("{option}=false")),
            None => {}
        }
    }
}

/// A path that stands relative to the file.
fn absolute(source: &Source, path: &str) -> String {
    let is_relative = !path.starts_with(['/', '%']);
    let directory = source.path.parent().unwrap_or(Path::new("/"));
    if is_relative { normal(&directory.join(path)) } else { path.to_owned() }
}

/// Without `.` in it.
fn normal(path: &Path) -> String {
    path.components().filter(|part| *part != std::path::Component::CurDir).collect::<PathBuf>().display().to_string()
}

/// `NAME.volume`, `NAME.network` and the like: what they stand for; the service waits for them.
fn needed(name: &str, others: &Others, unit: &mut Unit) -> Result<String, String> {
    let found = others.find(name)?;
    unit.add("Unit", "Requires", &found.service);
    unit.add("Unit", "After", &found.service);
    Ok(found.resource.clone())
}

fn networks(source: &Source, group: &str, others: &Others, unit: &mut Unit) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    for value in source.unit.all(group, "Network") {
        let (name, rest) = value.split_once(':').map_or((value.as_str(), None), |(name, rest)| (name, Some(rest)));
        let mut shown = name.to_owned();
        if name.ends_with(".network") {
            shown = needed(name, others, unit)?;
        } else if name.ends_with(".container") {
            shown = format!("container:{}", needed(name, others, unit)?);
        }
        words.push("--network".to_owned());
        words.push(rest.map_or(shown.clone(), |rest| format!("{shown}:{rest}")));
    }
    Ok(words)
}

fn volumes(source: &Source, group: &str, others: &Others, unit: &mut Unit) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    for value in source.unit.all(group, "Volume") {
        let mut shown = value.clone();
        if let Some((from, rest)) = value.split_once(':') {
            let from = if from.ends_with(".volume") {
                needed(from, others, unit)?
            } else if from.starts_with(['/', '.']) {
                let path = absolute(source, from);
                unit.add("Unit", "RequiresMountsFor", &path);
                path
            } else {
                from.to_owned()
            };
            shown = format!("{from}:{rest}");
        }
        words.extend(["-v".to_owned(), shown]);
    }
    Ok(words)
}

fn container(source: &Source, others: &Others, unit: &mut Unit) -> Result<Vec<String>, String> {
    const GROUP: &str = "Container";
    check(source, GROUP, &[&names(ONE), &names(EACH), &names(WORDS), &names(SWITCHES), CONTAINER])?;
    let asked = &source.unit;
    let root = match (asked.last(GROUP, "Image"), asked.last(GROUP, "Rootfs")) {
        (Some(_), Some(_)) => return Err("the Image And Rootfs keys conflict can not be specified together".to_owned()),
        (None, None) => return Err("no Image or Rootfs key specified".to_owned()),
        (Some(image), None) if image.ends_with(".image") => vec![needed(&image, others, unit)?],
        (Some(image), None) if image.ends_with(".build") => {
            return Err(format!("{image}: coracle does not build images from Quadlet files yet"));
        }
        (Some(image), None) => vec![image],
        (None, Some(directory)) => vec!["--rootfs".to_owned(), directory],
    };
    let is_oneshot = match asked.last("Service", "Type").as_deref() {
        None | Some("notify" | "forking") => false,
        Some("oneshot") => true,
        Some(other) => return Err(format!("invalid service Type '{other}'")),
    };
    let mut words = begin(source, GROUP, others, &["run", "--name"]);
    words.push(container_name(source));
    words.extend(["--cidfile=%t/%N.cid", "--replace", "--rm"].map(str::to_owned));
    if !is_oneshot {
        words.extend(["-d", "--conmon-pidfile=%t/%N.pid"].map(str::to_owned));
    }
    options(asked, GROUP, &mut words);
    words.extend(networks(source, GROUP, others, unit)?);
    words.extend(security(asked));
    words.extend(identity(asked)?);
    words.extend(volumes(source, GROUP, others, unit)?);
    for file in asked.words(GROUP, "EnvironmentFile") {
        words.extend(["--env-file".to_owned(), absolute(source, &file)]);
    }
    for mount in asked.all(GROUP, "Mount") {
        words.extend(["--mount".to_owned(), mount_of(source, &mount, others, unit)?]);
    }
    if let Some(policy) = asked.last(GROUP, "AutoUpdate") {
        words.extend(["--label".to_owned(), format!("io.containers.autoupdate={policy}")]);
    }
    if let Some(pod) = asked.last(GROUP, "Pod") {
        let service = others.find(&pod).map_err(|_| format!("pod {pod} is not Quadlet based"))?.service.clone();
        unit.add("Unit", "BindsTo", &service);
        unit.add("Unit", "After", &service);
        words.extend(["--pod-id-file".to_owned(), format!("%t/{}.pod-id", service.trim_end_matches(".service"))]);
    }
    words.extend(asked.words(GROUP, "PodmanArgs"));
    words.extend(root);
    words.extend(asked.last(GROUP, "Exec").iter().flat_map(|command| split(command)));
    reload(source, others, unit)?;
    if asked.boolean(GROUP, "Notify") == Some(true) {
        let reason = "the manager's socket is not passed into containers; use Notify=healthy or leave it out";
        return Err(format!("Notify=true cannot be honoured: {reason}"));
    }
    service(source, others, unit, is_oneshot);
    Ok(words)
}

/// What `systemctl reload` does: a command in the container, or a signal to it.
fn reload(source: &Source, others: &Others, unit: &mut Unit) -> Result<(), String> {
    const GROUP: &str = "Container";
    let asked = |key| source.unit.last(GROUP, key);
    let words = match (asked("ReloadCmd"), asked("ReloadSignal")) {
        (Some(_), Some(_)) => {
            return Err("ReloadCmd and ReloadSignal are mutually exclusive but both are set".to_owned());
        }
        (Some(command), None) => {
            let mut words = begin(source, GROUP, others, &["exec", "--cidfile=%t/%N.cid"]);
            words.extend(split(&command));
            words
        }
        (None, Some(signal)) => begin(source, GROUP, others, &["kill", "--cidfile=%t/%N.cid", "--signal", &signal]),
        (None, None) => return Ok(()),
    };
    unit.add("Service", "ExecReload", &join(&words));
    Ok(())
}

/// The rest of a container's `[Service]`.
fn service(source: &Source, others: &Others, unit: &mut Unit, is_oneshot: bool) {
    unit.add("Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
    unit.add_missing("Service", "KillMode", "mixed");
    let end = join(&begin(source, "Container", others, &["rm", "-v", "-f", "-i", "--cidfile=%t/%N.cid"]));
    unit.add("Service", "ExecStop", &end);
    unit.add("Service", "ExecStopPost", &format!("-{end}"));
    unit.add_missing("Service", "Delegate", "yes");
    if is_oneshot {
        return;
    }
    if unit.last("Service", "Type").is_none_or(|kind| kind == "notify") {
        unit.add("Service", "Type", "forking");
    }
    unit.add("Service", "PIDFile", "%t/%N.pid");
    if source.unit.last("Container", "Notify").as_deref() == Some("healthy") {
        let name = container_name(source);
        let wait = begin(source, "Container", others, &["wait", "--condition=healthy", &name]);
        unit.add("Service", "ExecStartPost", &join(&wait));
    }
}

fn security(unit: &Unit) -> Vec<String> {
    const GROUP: &str = "Container";
    let mut values = Vec::new();
    if unit.boolean(GROUP, "NoNewPrivileges") == Some(true) {
        values.push("no-new-privileges".to_owned());
    }
    for (key, value) in [("SecurityLabelDisable", "label=disable"), ("SecurityLabelNested", "label=nested")] {
        values.extend((unit.boolean(GROUP, key) == Some(true)).then(|| value.to_owned()));
    }
    let labels = [
        ("SecurityLabelType", "label=type:"),
        ("SecurityLabelFileType", "label=filetype:"),
        ("SecurityLabelLevel", "label=level:"),
        ("SeccompProfile", "seccomp="),
    ];
    for (key, prefix) in labels {
        values.extend(unit.last(GROUP, key).map(|value| format!("{prefix}{value}")));
    }
    values.extend(unit.words(GROUP, "Mask").into_iter().map(|paths| format!("mask={paths}")));
    values.extend(unit.words(GROUP, "Unmask").into_iter().map(|paths| format!("unmask={paths}")));
    let mut words: Vec<String> = values.into_iter().flat_map(|value| ["--security-opt".to_owned(), value]).collect();
    for device in unit.words(GROUP, "AddDevice") {
        // With a dash, only where the device is there.
        let path = device.strip_prefix('-').unwrap_or(&device);
        let source = path.split(':').next().unwrap_or_default();
        if path == device || Path::new(source).exists() {
            words.extend(["--device".to_owned(), path.to_owned()]);
        }
    }
    words
}

fn identity(unit: &Unit) -> Result<Vec<String>, String> {
    let (user, group) = (unit.last("Container", "User"), unit.last("Container", "Group"));
    Ok(match (user, group) {
        (None, None) => Vec::new(),
        (Some(user), None) => vec!["--user".to_owned(), user],
        (Some(user), Some(group)) => vec!["--user".to_owned(), format!("{user}:{group}")],
        (None, Some(_)) => return Err("invalid Group set without User".to_owned()),
    })
}

/// `Mount=`: sources that are files of Quadlet or relative paths.
fn mount_of(source: &Source, text: &str, others: &Others, unit: &mut Unit) -> Result<String, String> {
    let mut fields = Vec::new();
    for field in text.split(',') {
        let shown = match field.split_once('=') {
            Some((key @ ("source" | "src"), value)) if value.ends_with(".volume") || value.ends_with(".image") => {
                format!("{key}={}", needed(value, others, unit)?)
            }
            Some((key @ ("source" | "src"), value)) if value.starts_with(['/', '.']) => {
                let path = absolute(source, value);
                unit.add("Unit", "RequiresMountsFor", &path);
                format!("{key}={path}")
            }
            _ => field.to_owned(),
        };
        fields.push(shown);
    }
    Ok(fields.join(","))
}

fn volume(source: &Source, others: &Others) -> Result<Vec<String>, String> {
    const GROUP: &str = "Volume";
    check(source, GROUP, &[VOLUME])?;
    let asked = &source.unit;
    let mut words = begin(source, GROUP, others, &["volume", "create", "--ignore"]);
    let mut option = |text: String| words.extend(["--opt".to_owned(), text]);
    if asked.boolean(GROUP, "Copy") == Some(false) {
        option("nocopy".to_owned());
    }
    asked.last(GROUP, "Device").into_iter().for_each(|device| option(format!("device={device}")));
    asked.last(GROUP, "Type").into_iter().for_each(|kind| option(format!("type={kind}")));
    let ids = [("uid", asked.last(GROUP, "User")), ("gid", asked.last(GROUP, "Group"))];
    let mut mount: Vec<String> = ids.into_iter().filter_map(|(name, id)| Some(format!("{name}={}", id?))).collect();
    mount.extend(asked.last(GROUP, "Options"));
    if !mount.is_empty() {
        option(format!("o={}", mount.join(",")));
    }
    if let Some(driver) = asked.last(GROUP, "Driver") {
        words.extend(["--driver".to_owned(), driver]);
    }
    asked.words(GROUP, "Label").into_iter().for_each(|label| words.extend(["--label".to_owned(), label]));
    words.extend(asked.words(GROUP, "PodmanArgs"));
    words.push(others.find(&source.name)?.resource.clone());
    Ok(words)
}

fn network(source: &Source, others: &Others) -> Result<Vec<String>, String> {
    const GROUP: &str = "Network";
    check(source, GROUP, &[NETWORK])?;
    let asked = &source.unit;
    let mut words = begin(source, GROUP, others, &["network", "create", "--ignore"]);
    for (key, option) in [("IPv6", "--ipv6"), ("DisableDNS", "--disable-dns"), ("Internal", "--internal")] {
        match asked.boolean(GROUP, key) {
            Some(true) => words.push(option.to_owned()),
            Some(false) => words.push(format!("{option}=false")),
            None => {}
        }
    }
    let each = [
        ("Driver", "--driver"),
        ("IPAMDriver", "--ipam-driver"),
        ("DNS", "--dns"),
        ("Subnet", "--subnet"),
        ("Gateway", "--gateway"),
        ("IPRange", "--ip-range"),
        ("Options", "--opt"),
    ];
    for (key, option) in each {
        asked.all(GROUP, key).into_iter().for_each(|value| words.extend([option.to_owned(), value]));
    }
    asked.words(GROUP, "Label").into_iter().for_each(|label| words.extend(["--label".to_owned(), label]));
    words.extend(asked.words(GROUP, "PodmanArgs"));
    words.push(others.find(&source.name)?.resource.clone());
    Ok(words)
}

fn image(source: &Source, others: &Others) -> Result<Vec<String>, String> {
    const GROUP: &str = "Image";
    check(source, GROUP, &[&names(IMAGE), IMAGE_OTHER])?;
    let asked = &source.unit;
    let name = asked.last(GROUP, "Image").ok_or("no Image key specified")?;
    let mut words = begin(source, GROUP, others, &["image", "pull"]);
    for (key, option) in IMAGE {
        asked.last(GROUP, key).into_iter().for_each(|value| words.extend([(*option).to_owned(), value]));
    }
    for (key, option) in [("AllTags", "--all-tags"), ("TLSVerify", "--tls-verify")] {
        match asked.boolean(GROUP, key) {
            Some(true) => words.push(option.to_owned()),
            Some(false) => words.push(format!("{option}=false")),
            None => {}
        }
    }
    words.extend(asked.words(GROUP, "PodmanArgs"));
    words.push(name);
    Ok(words)
}

fn pod(source: &Source, others: &Others, unit: &mut Unit) -> Result<Vec<String>, String> {
    const GROUP: &str = "Pod";
    check(source, GROUP, &[POD])?;
    let verb = |words: &[&str]| join(&begin(source, GROUP, others, words));
    let mut create = begin(source, GROUP, others, &["pod", "create", "--pod-id-file=%t/%N.pod-id"]);
    create.extend(["--exit-policy=stop", "--replace"].map(str::to_owned));
    options(&source.unit, GROUP, &mut create);
    create.extend(networks(source, GROUP, others, unit)?);
    create.extend(volumes(source, GROUP, others, unit)?);
    create.extend(source.unit.words(GROUP, "PodmanArgs"));
    create.extend(["--name".to_owned(), others.find(&source.name)?.resource.clone()]);
    unit.add("Service", "ExecStartPre", &join(&create));
    unit.add("Service", "ExecStop", &verb(&["pod", "stop", "--pod-id-file=%t/%N.pod-id", "--ignore", "--time=10"]));
    let remove = verb(&["pod", "rm", "--pod-id-file=%t/%N.pod-id", "--ignore", "--force"]);
    unit.add("Service", "ExecStopPost", &remove);
    unit.add("Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
    // A pod has no process of its own here.
    unit.add_missing("Service", "Type", "oneshot");
    unit.add_missing("Service", "RemainAfterExit", "yes");
    Ok(begin(source, GROUP, others, &["pod", "start", "--pod-id-file=%t/%N.pod-id"]))
}

/// The pods' services start their containers, unless a container says otherwise.
pub(super) fn start_with_pods(services: &mut [Service], sources: &[Source], others: &Others) {
    for source in sources {
        let Some(pod) = source.unit.last("Container", "Pod") else { continue };
        if source.unit.boolean("Container", "StartWithPod") == Some(false) {
            continue;
        }
        let (Ok(pod), Ok(own)) = (others.find(&pod), others.find(&source.name)) else { continue };
        if let Some(service) = services.iter_mut().find(|service| service.name == pod.service) {
            service.unit.add("Unit", "Wants", &own.service);
            service.unit.add("Unit", "Before", &own.service);
        }
    }
}
