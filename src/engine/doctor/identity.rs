//! Who runs this, which subordinate ids the user has, and the programs that map them.

use super::{Condition, Surroundings};
use crate::engine::host::distribution::Package;
use crate::runtime::id_map::{HelperProblem, Shortage};
use crate::runtime::subordinate::{self, IdKind, IdRange, Subordinate};

/// How many subordinate ids images can expect: Debian's and Fedora's default, and the 16-bit ids images are built with.
const ENOUGH_IDS: u64 = 65_536;

/// Where new ranges are suggested when the file is empty (Debian's SUB_UID_MIN).
const FIRST_SUBORDINATE_ID: u64 = 100_000;

pub(super) fn conditions(surroundings: &Surroundings<'_>) -> Vec<Condition> {
    let mut conditions = vec![user(surroundings)];
    if surroundings.ids.privileged {
        return conditions;
    }
    let own = subordinate::of_user(surroundings.uid);
    conditions.push(ids(surroundings, IdKind::Uid, &own));
    conditions.push(ids(surroundings, IdKind::Gid, &own));
    conditions.push(mapping_programs(surroundings));
    conditions
}

fn user(surroundings: &Surroundings<'_>) -> Condition {
    let (name, uid) = (&surroundings.user, surroundings.uid);
    if uid != 0 {
        return Condition::ok("user", format!("{name} (uid {uid})"));
    }
    let found = format!("{name} (uid 0)");
    if surroundings.ids.privileged {
        let count: u64 = surroundings.ids.intermediate.uid.iter().map(|mapping| u64::from(mapping.size)).sum();
        if count < ENOUGH_IDS {
            return Condition::degraded("user", format!("{found} of a user namespace with {count} ids"))
                .effect("containers get no more ids than that");
        }
        return Condition::ok("user", found).effect("containers run in a user namespace of their own");
    }
    Condition::degraded("user", format!("{found} without the capabilities to map ids"))
        .effect("containers get one user id")
}

fn ids(surroundings: &Surroundings<'_>, kind: IdKind, own: &Subordinate) -> Condition {
    let (name, ranges) = match kind {
        IdKind::Uid => ("subordinate-uids", &own.uid),
        IdKind::Gid => ("subordinate-gids", &own.gid),
    };
    let file = kind.file();
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let count: u64 = ranges.iter().map(|range| u64::from(range.size)).sum();
    let add = add_command(surroundings, kind, &text);
    if count == 0 {
        return Condition::degraded(name, format!("none for {} in {file}", surroundings.user))
            .effect("containers get one id: programs that change user or own files by others fail inside")
            .admin(add);
    }
    let shown: Vec<String> = ranges.iter().map(|range| format!("{}:{}", range.start, range.size)).collect();
    let found = format!("{} ({count} ids in {file})", shown.join(", "));
    if let Some(other) = overlapping(&text, surroundings, ranges) {
        return Condition::degraded(name, format!("{found}, shared with {other}"))
            .effect(format!("containers of {other} can touch files of yours, and yours of theirs"))
            .admin(format!("sudo ${{EDITOR:-vi}} {file}"));
    }
    if count < ENOUGH_IDS {
        return Condition::degraded(name, format!("{found}, fewer than {ENOUGH_IDS}"))
            .effect("images whose files belong to higher ids show them as nobody's")
            .admin(add);
    }
    Condition::ok(name, found)
}

/// The command that grants a fresh range above all that the file grants.
fn add_command(surroundings: &Surroundings<'_>, kind: IdKind, text: &str) -> String {
    let start = free_start(text);
    let end = start + ENOUGH_IDS - 1;
    let option = if kind == IdKind::Uid { "--add-subuids" } else { "--add-subgids" };
    if surroundings.distribution.id == "alpine" {
        return format!("echo {}:{start}:{ENOUGH_IDS} | sudo tee -a {}", surroundings.user, kind.file());
    }
    format!("sudo usermod {option} {start}-{end} {}", surroundings.user)
}

/// The first id past every range of a text of subuid(5).
fn free_start(text: &str) -> u64 {
    all_ranges(text).map(|(_, range)| range.end()).fold(FIRST_SUBORDINATE_ID, u64::max)
}

fn all_ranges(text: &str) -> impl Iterator<Item = (&str, IdRange)> {
    text.lines().filter_map(|line| {
        let mut fields = line.trim().split(':');
        let (owner, start, size) = (fields.next()?, fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some((owner, IdRange { start, size }))
    })
}

/// Another owner in `text` whose range shares an id with `ranges`.
fn overlapping<'t>(text: &'t str, surroundings: &Surroundings<'_>, ranges: &[IdRange]) -> Option<&'t str> {
    let number = surroundings.uid.to_string();
    all_ranges(text)
        .filter(|(owner, _)| *owner != surroundings.user && *owner != number)
        .find(|(_, other)| {
            ranges.iter().any(|own| u64::from(own.start) < other.end() && u64::from(other.start) < own.end())
        })
        .map(|(owner, _)| owner)
}

fn mapping_programs(surroundings: &Surroundings<'_>) -> Condition {
    const NAME: &str = "newuidmap";
    let effect = "containers get one user id";
    let install = |condition: Condition| match surroundings.distribution.install(Package::UidMap) {
        Some(command) => condition.admin(command),
        None => condition.effect("containers get one user id until the package with newuidmap is installed"),
    };
    match surroundings.ids.shortage() {
        Some(Shortage::Helper(problem)) => {
            let condition = Condition::degraded(NAME, problem.to_string()).effect(effect);
            match problem {
                HelperProblem::NotInstalled(_) => install(condition),
                HelperProblem::NotPrivileged(path) => condition.admin(format!("sudo chmod u+s {}", path.display())),
                HelperProblem::NosuidMount(path) => match super::mounts::holding(&surroundings.mounts, path) {
                    Some(mount) => condition.admin(format!("sudo mount -o remount,suid {}", mount.point.display())),
                    None => condition,
                },
                HelperProblem::NoNewPrivileges => {
                    condition.effect("containers get one user id; start coracle outside the sandbox or job that set it")
                }
            }
        }
        Some(Shortage::NotInThisNamespace(_)) => {
            Condition::degraded(NAME, "the subordinate ids are not mapped in the container this runs in").effect(effect)
        }
        Some(Shortage::Refused(said)) => Condition::degraded(NAME, said.clone()).effect(effect),
        Some(Shortage::NoSubordinateIds(_)) if is_installed() => {
            Condition::ok(NAME, "installed; not needed without subordinate ids")
        }
        Some(Shortage::NoSubordinateIds(_)) => install(Condition::degraded(NAME, "not installed").effect(effect)),
        None => match &surroundings.trial.full_map {
            Some(Err(said)) => Condition::degraded(NAME, format!("does not write the maps: {said}")).effect(effect),
            Some(Ok(())) => Condition::ok(NAME, "newuidmap and newgidmap write the full maps (tried)"),
            None => Condition::ok(NAME, "newuidmap and newgidmap are installed and privileged"),
        },
    }
}

fn is_installed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(IdKind::Uid.helper()).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_ranges_start_above_all_others() {
        assert_eq!(free_start(""), 100_000);
        assert_eq!(free_start("a:100000:65536\nb:165536:65536\nbad\n"), 231_072);
        assert_eq!(free_start("a:4294967290:65536\n"), 4_295_032_826);
    }
}
