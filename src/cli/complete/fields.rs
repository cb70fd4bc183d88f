//! Fields of `--format`, as candidates: `{{.Na` becomes `{{.Names}}`.

use super::{Candidate, Directive, Offer};

/// What templates of a command see, by the words that call it.
const FIELDS: [(&str, &str); 10] = [
    (
        "ps",
        "AutoRemove CIDFile Command Created CreatedAt CreatedHuman ExitCode Exited ExitedAt ExposedPorts ID Image ImageID \
         IsInfra Labels Mounts Names Namespaces Networks Pid Pod PodName Ports Restarts RunningFor Size StartedAt State Status",
    ),
    (
        "images",
        "Containers Created CreatedAt CreatedSince CreatedTime Dangling Digest History ID Id Labels Names ParentId ReadOnly \
         RepoDigests RepoTags Repository SharedSize Size Tag VirtualSize",
    ),
    (
        "volume ls",
        "Anonymous CreatedAt Driver GID Labels MountCount Mountpoint Name NeedsChown NeedsCopyUp Options Scope Status UID",
    ),
    ("network ls", "Created DNSEnabled Driver ID IPAMOptions Internal Labels Name NetworkInterface Options Subnets"),
    (
        "pod ps",
        "Cgroup ContainerIds ContainerNames ContainerStatuses Created Id InfraId Labels Name Namespace Networks \
         NumberOfContainers Restarts Status",
    ),
    ("secret ls", "CreatedAt Driver ID Name UpdatedAt"),
    (
        "stats",
        "AVGCPU BlockIO CPU CPUPerc ContainerID Duration ID MemLimit MemPerc MemUsage MemUsageBytes Name NetIO PIDS PIDs UpTime",
    ),
    ("events", "Attributes ContainerExitCode Error HealthStatus ID Image Name Network PodID Status Time TimeNano Type"),
    ("history", "Comment Created CreatedAt CreatedBy CreatedSince ID Size Tags"),
    (
        "inspect",
        "AppArmorProfile Args BoundingCaps Config.Cmd Config.Entrypoint Config.Env Config.Hostname Config.Image Config.Labels \
         Config.User Config.WorkingDir Created Driver EffectiveCaps HostConfig.Binds HostConfig.NetworkMode \
         HostConfig.PortBindings HostConfig.RestartPolicy Id Image ImageName Mounts Name NetworkSettings.IPAddress \
         NetworkSettings.Networks NetworkSettings.Ports Path Pod RestartCount State.ExitCode State.FinishedAt State.Health \
         State.Pid State.Running State.StartedAt State.Status",
    ),
];

/// Other names of the same commands.
const ALIASES: [(&str, &str); 12] = [
    ("container ps", "ps"),
    ("container ls", "ps"),
    ("container list", "ps"),
    ("container inspect", "inspect"),
    ("container stats", "stats"),
    ("image ls", "images"),
    ("image list", "images"),
    ("image history", "history"),
    ("volume list", "volume ls"),
    ("network list", "network ls"),
    ("pod ls", "pod ps"),
    ("system events", "events"),
];

/// What completes `typing`, the value of `--format` of the command that `words` call.
pub(super) fn candidates(words: &str, typing: &str) -> Offer {
    if "json".starts_with(typing) {
        return (vec![Candidate::new("json", "")], Directive::NoFileComp);
    }
    let words = ALIASES.iter().find(|(alias, _)| *alias == words).map_or(words, |(_, of)| of);
    let fields = FIELDS.iter().find(|(known, _)| *known == words).map_or("", |(_, fields)| fields);
    let Some((before, beginning)) = typing.rsplit_once("{{") else { return (Vec::new(), Directive::NoFileComp) };
    let Some(beginning) = beginning.trim_start().strip_prefix('.') else { return (Vec::new(), Directive::NoFileComp) };
    let fitting = fields.split_ascii_whitespace().filter(|field| field.starts_with(beginning));
    let found = fitting.map(|field| Candidate::new(format!("{before}{{{{.{field}}}}}"), ""));
    (found.collect(), Directive::NoSpace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_completed_behind_what_is_there() {
        let texts = |words: &str, typing: &str| -> Vec<String> {
            candidates(words, typing).0.into_iter().map(|candidate| candidate.text).collect()
        };
        assert_eq!(texts("ps", ""), ["json"]);
        assert_eq!(texts("ps", "{{.Na"), ["{{.Names}}", "{{.Namespaces}}"]);
        assert_eq!(texts("volume list", "{{.Name}} {{.Mountp"), ["{{.Name}} {{.Mountpoint}}"]);
        assert_eq!(texts("inspect", "{{.State.R"), ["{{.State.Running}}"]);
        assert!(texts("ps", "{{.ID}}").is_empty());
        assert!(texts("version", "{{.").is_empty());
    }
}
