//! Tables of modes and option texts against the maps podman documents, and real maps written to real namespaces.

use super::super::subordinate::{IdKind, IdRange, Subordinate};
use super::host::{Facts, parse_map_file};
use super::*;

type Lines = [(u32, u32, u32)];

fn ranges(pairs: &[(u32, u32)]) -> Vec<IdRange> {
    pairs.iter().map(|&(start, size)| IdRange { start, size }).collect()
}

fn lines(map: &[IdMapping]) -> Vec<(u32, u32, u32)> {
    map.iter().map(|line| (line.container_id, line.host_id, line.size)).collect()
}

fn facts(uid: u32, subordinate: &[(u32, u32)]) -> Facts {
    let granted = Subordinate { uid: ranges(subordinate), gid: ranges(subordinate) };
    Facts {
        uid,
        gid: uid,
        privileged: false,
        subordinate: granted,
        uid_namespace: ranges(&[(0, u32::MAX)]),
        gid_namespace: ranges(&[(0, u32::MAX)]),
        uid_helper: Ok("/usr/bin/newuidmap".into()),
        gid_helper: Ok("/usr/bin/newgidmap".into()),
    }
}

/// User 1000 with two ranges: intermediate 1-10 are 100000-100009, 11-20 are 300000-300009.
fn user() -> HostIds {
    HostIds::derive(facts(1000, &[(100_000, 10), (300_000, 10)]))
}

fn root() -> HostIds {
    HostIds::derive(Facts { privileged: true, ..facts(0, &[]) })
}

fn typed(uid_map: &[&str], gid_map: &[&str]) -> Wish {
    let own = |entries: &[&str]| entries.iter().map(|&entry| entry.to_owned()).collect();
    Wish { uid_map: own(uid_map), gid_map: own(gid_map), ..Wish::default() }
}

#[test]
fn modes_of_an_ordinary_user() {
    let keep = |uid, size| Mode::KeepId { uid, gid: uid, size };
    let cases: &[(Mode, &Lines)] = &[
        (Mode::Host, &[(0, 1000, 1), (1, 100_000, 10), (11, 300_000, 10)]),
        (Mode::NoMap, &[(0, 100_000, 10), (10, 300_000, 10)]),
        (keep(None, None), &[(0, 100_000, 10), (10, 300_000, 10), (1000, 1000, 1)]),
        (keep(Some(0), None), &[(0, 1000, 1), (1, 100_000, 10), (11, 300_000, 10)]),
        (keep(Some(5), None), &[(0, 100_000, 5), (5, 1000, 1), (6, 100_005, 5), (11, 300_000, 10)]),
        (keep(Some(5), Some(8)), &[(0, 100_000, 5), (5, 1000, 1), (6, 100_005, 2)]),
        (keep(Some(5), Some(1)), &[(5, 1000, 1)]),
        (keep(Some(20), None), &[(0, 100_000, 10), (10, 300_000, 10), (20, 1000, 1)]),
    ];
    for (mode, expected) in cases {
        let wish = Wish { mode: mode.clone(), ..Wish::default() };
        let plan = plan(&user(), &wish).unwrap();
        assert_eq!(lines(&plan.maps.uid), *expected, "{mode:?}");
        assert_eq!(plan.maps.uid, plan.maps.gid);
    }
}

#[test]
fn keep_id_names_the_user() {
    let wish = |uid, gid| Wish { mode: Mode::KeepId { uid, gid, size: None }, ..Wish::default() };
    assert_eq!(plan(&user(), &wish(None, None)).unwrap().user, Some((1000, 1000)));
    assert_eq!(plan(&user(), &wish(Some(5), None)).unwrap().user, Some((5, 1000)));
    assert_eq!(plan(&root(), &wish(Some(5), None)).unwrap().user, Some((5, 0)));
    assert_eq!(plan(&user(), &Wish::default()).unwrap().user, None);
}

#[test]
fn without_subordinate_ids_every_mode_but_nomap_and_auto_works() {
    let host = HostIds::derive(facts(1000, &[]));
    assert_eq!(host.uid_shortage, Some(Shortage::NoSubordinateIds(IdKind::Uid)));
    assert_eq!(host.shortage().unwrap().to_string(), "no subordinate UIDs in /etc/subuid");
    let map = |mode| plan(&host, &Wish { mode, ..Wish::default() }).map(|plan| lines(&plan.maps.gid));
    assert_eq!(map(Mode::Host).unwrap(), [(0, 1000, 1)]);
    assert_eq!(map(Mode::KeepId { uid: None, gid: None, size: None }).unwrap(), [(1000, 1000, 1)]);
    assert!(matches!(map(Mode::NoMap), Err(IdMapError::NoMapWithoutIds)));
    let auto = Mode::Auto { size: None, uid_mapping: vec![], gid_mapping: vec![] };
    assert!(matches!(map(auto), Err(IdMapError::NotEnough { available: 0, .. })));
    let by_hand = plan(&host, &typed(&["33:0:1"], &[])).unwrap();
    assert_eq!(lines(&by_hand.maps.uid), [(33, 1000, 1)]);
    assert_eq!(lines(&by_hand.maps.gid), [(33, 1000, 1)]);
}

#[test]
fn option_texts_of_an_ordinary_user() {
    let cases: &[(&[&str], &Lines)] = &[
        (&["0:0:1"], &[(0, 1000, 1)]),
        (&["0:0"], &[(0, 1000, 1)]),
        (&["0:1:10", "10:0:1"], &[(0, 100_000, 10), (10, 1000, 1)]),
        (&["0:1:10:10:0:1"], &[(0, 100_000, 10), (10, 1000, 1)]),
        (&["0:5:12"], &[(0, 100_004, 6), (6, 300_000, 6)]),
        (&["7:@1000:1"], &[(7, 1000, 1)]),
        (&["7:@100005:3"], &[(7, 100_005, 3)]),
        (&["0:0:1", "", "5:1:0"], &[(0, 1000, 1)]),
        // The manual's example: the default map, with container id 5 taken over by the caller.
        (&["+5:@1000:1"], &[(0, 100_000, 5), (5, 1000, 1), (6, 100_005, 5), (11, 300_000, 10)]),
        (&["+5:0"], &[(0, 100_000, 5), (5, 1000, 1), (6, 100_005, 5), (11, 300_000, 10)]),
        (&["0:1:10", "+3:0:1"], &[(0, 100_000, 3), (3, 1000, 1), (4, 100_004, 6)]),
        // The same host id given again moves: it leaves a hole where it was.
        (&["0:1:10", "+20:4:1"], &[(0, 100_000, 3), (4, 100_004, 6), (20, 100_003, 1)]),
        (&["0:1:10", "+2:4:4"], &[(0, 100_000, 2), (2, 100_003, 4), (7, 100_007, 3)]),
    ];
    for (entries, expected) in cases {
        let plan = plan(&user(), &typed(entries, &[])).unwrap();
        assert_eq!(lines(&plan.maps.uid), *expected, "{entries:?}");
        assert_eq!(plan.maps.uid, plan.maps.gid, "an only map holds for both kinds: {entries:?}");
    }
}

#[test]
fn flags_limit_an_entry_to_one_kind() {
    let full: Vec<_> = vec![(0, 1000, 1), (1, 100_000, 10), (11, 300_000, 10)];
    let only_users = plan(&user(), &typed(&["u7:0:1"], &[])).unwrap();
    assert_eq!((lines(&only_users.maps.uid), lines(&only_users.maps.gid)), (vec![(7, 1000, 1)], full.clone()));
    let only_groups = plan(&user(), &typed(&["g7:0:1"], &[])).unwrap();
    assert_eq!((lines(&only_groups.maps.uid), lines(&only_groups.maps.gid)), (full, vec![(7, 1000, 1)]));
    let both = plan(&user(), &typed(&["ug7:0:1"], &[])).unwrap();
    assert_eq!(lines(&both.maps.gid), [(7, 1000, 1)]);
    let separate = plan(&user(), &typed(&["0:0:1"], &["5:1:2"])).unwrap();
    assert_eq!((lines(&separate.maps.uid), lines(&separate.maps.gid)), (vec![(0, 1000, 1)], vec![(5, 100_000, 2)]));
}

#[test]
fn refuses_what_the_kernel_would() {
    let cases: &[(&[&str], &str)] = &[
        (
            &["1:2:3:4"],
            r#"initializing ID mappings: UID setting is malformed expected ["[+ug]uint32:[@]uint32[:uint32]"] : "1:2:3:4""#,
        ),
        (
            &["a:1:2"],
            r#"initializing ID mappings: UID setting is malformed expected ["[+ug]uint32:[@]uint32[:uint32]"] : "a:1:2""#,
        ),
        (
            &["0::1"],
            r#"initializing ID mappings: UID setting is malformed expected ["[+ug]uint32:[@]uint32[:uint32]"] : "0::1""#,
        ),
        (
            &["5"],
            r#"initializing ID mappings: UID setting is malformed expected ["[+ug]uint32:[@]uint32[:uint32]"] : "5""#,
        ),
        (
            &["0:+1:1"],
            r#"initializing ID mappings: UID setting is malformed expected ["[+ug]uint32:[@]uint32[:uint32]"] : "0:+1:1""#,
        ),
        (
            &["0:4294967296:1"],
            r#"initializing ID mappings: UID setting is malformed expected ["[+ug]uint32:[@]uint32[:uint32]"] : "0:4294967296:1""#,
        ),
        (
            &["1:0:4294967295"],
            r#"initializing ID mappings: UID setting is malformed expected ["[+ug]uint32:[@]uint32[:uint32]"] : "1:0:4294967295""#,
        ),
        (&["0:@5:1"], "parent ID UID 5 is not mapped/delegated"),
        (&["0:@100009:2"], "parent ID UID 100010 is not mapped/delegated"),
        (&["0:0:22"], "cannot map intermediate UID 21: the user has 21 of them"),
        (&["0:1:2", "1:5:2"], r#"UID mapping "1:100004:2" overlaps "0:100000:2""#),
        (&["0:1:2", "5:2:2"], r#"UID mapping "5:100001:2" overlaps "0:100000:2""#),
    ];
    for (entries, expected) in cases {
        assert_eq!(plan(&user(), &typed(entries, &[])).unwrap_err().to_string(), *expected, "{entries:?}");
    }
    let last = Wish { mode: Mode::KeepId { uid: Some(u32::MAX), gid: None, size: None }, ..Wish::default() };
    assert!(matches!(plan(&user(), &last), Err(IdMapError::Malformed { .. })));
    let mixed = Wish { mode: Mode::NoMap, ..typed(&["0:0:1"], &[]) };
    assert!(matches!(plan(&user(), &mixed), Err(IdMapError::Exclusive)));
    let nobody = Wish { subuid_name: Some("no such user".into()), ..Wish::default() };
    assert_eq!(
        plan(&user(), &nobody).unwrap_err().to_string(),
        r#"no subuid ranges found for user "no such user" in /etc/subuid"#
    );
}

/// Entries from a small range of numbers, so that most of them collide; whatever comes out must be a map the kernel takes.
#[test]
fn every_map_that_is_accepted_is_sound() {
    let mut state = 0x2545_f491_u32;
    let mut random = |below: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state % below
    };
    let mut accepted = 0;
    for _ in 0..3000 {
        let entries: Vec<String> = (0..1 + random(4))
            .map(|_| {
                let flags = ["", "+", "u", "+g", "+ug"][random(5) as usize];
                let host = if random(3) == 0 { format!("@{}", 99_995 + random(20)) } else { random(24).to_string() };
                format!("{flags}{}:{host}:{}", random(30), random(12))
            })
            .collect();
        let wish = Wish { uid_map: entries.clone(), ..Wish::default() };
        let Ok(plan) = plan(&user(), &wish) else { continue };
        accepted += 1;
        for map in [&plan.maps.uid, &plan.maps.gid] {
            let mut inside: Vec<u32> =
                map.iter().flat_map(|line| (0..line.size).map(|id| line.container_id + id)).collect();
            let mut outside: Vec<u32> =
                map.iter().flat_map(|line| (0..line.size).map(|id| line.host_id + id)).collect();
            assert!(inside.is_sorted(), "{entries:?}");
            let owned = |id: &u32| *id == 1000 || (100_000..100_010).contains(id) || (300_000..300_010).contains(id);
            assert!(outside.iter().all(owned), "{entries:?}");
            let count = inside.len();
            inside.dedup();
            outside.sort_unstable();
            outside.dedup();
            assert_eq!((inside.len(), outside.len()), (count, count), "{entries:?}");
        }
    }
    assert!(accepted > 300, "only {accepted} maps were tried");
}

#[test]
fn refuses_more_than_a_page_of_lines() {
    let host = HostIds::derive(facts(1000, &[(100_000, 65536)]));
    let many = |count: u32| {
        let entries: Vec<String> = (0..count).map(|index| format!("{}:{}:1", index * 2, index + 1)).collect();
        plan(&host, &Wish { uid_map: entries, ..Wish::default() })
    };
    assert_eq!(many(200).unwrap().maps.uid.len(), 200);
    assert!(matches!(many(341), Err(IdMapError::TooLong { lines: 341, .. })));
}

#[test]
fn automatic_ranges_avoid_each_other_and_the_caller() {
    let auto = |size, uid_mapping: &[&str]| Mode::Auto {
        size,
        uid_mapping: uid_mapping.iter().map(|&entry| entry.to_owned()).collect(),
        gid_mapping: vec![],
    };
    let used =
        |taken: &[(u32, u32)]| Pool { image_ids: 4, used: Subordinate { uid: ranges(taken), gid: ranges(taken) } };
    let cases: &[(Mode, Pool, &Lines)] = &[
        (auto(Some(5), &[]), used(&[]), &[(0, 100_000, 5)]),
        (auto(Some(5), &[]), used(&[(100_000, 5)]), &[(0, 100_005, 5)]),
        (auto(Some(8), &[]), used(&[(100_000, 5)]), &[(0, 100_005, 5), (5, 300_000, 3)]),
        (auto(None, &[]), used(&[]), &[(0, 100_000, 10), (10, 300_000, 10)]),
        (auto(Some(5), &["2:0:1"]), used(&[]), &[(0, 100_000, 2), (2, 1000, 1), (3, 100_002, 2)]),
        (auto(Some(2), &["7:@100000:1"]), used(&[]), &[(0, 100_001, 2), (7, 100_000, 1)]),
    ];
    for (mode, pool, expected) in cases {
        let wish = Wish { mode: mode.clone(), pool: pool.clone(), ..Wish::default() };
        assert_eq!(lines(&plan(&user(), &wish).unwrap().maps.uid), *expected, "{wish:?}");
    }
    let wish = Wish { mode: auto(Some(16), &[]), pool: used(&[(100_000, 5)]), ..Wish::default() };
    assert_eq!(
        plan(&user(), &wish).unwrap_err().to_string(),
        "could not find enough available IDs: 16 UIDs wanted, 15 free"
    );
    let wish = Wish { mode: auto(Some(4), &["+2:0:1"]), ..Wish::default() };
    assert!(matches!(plan(&user(), &wish), Err(IdMapError::Malformed { .. })));
    let as_root = Wish { mode: auto(None, &[]), ..Wish::default() };
    assert_eq!(lines(&plan(&root(), &as_root).unwrap().maps.uid), [(0, 0x8000_0000, 1024)]);
}

#[test]
fn root_maps_what_its_namespace_has() {
    let map = |host: &HostIds, wish: &Wish| lines(&plan(host, wish).unwrap().maps.uid);
    assert_eq!(map(&root(), &Wish::default()), [(0, 0, u32::MAX)]);
    assert_eq!(map(&root(), &typed(&["0:100000:65536"], &[])), [(0, 100_000, 65536)]);
    assert_eq!(map(&root(), &typed(&["+7:8:1"], &[])), [(7, 8, 1)], "root does not fill up");
    assert!(matches!(plan(&root(), &Wish { mode: Mode::NoMap, ..Wish::default() }), Err(IdMapError::NoMapAsRoot)));
    let inner = parse_map_file("         0       1000          1\n         1     100000      65536\n");
    let nested = HostIds::derive(Facts {
        privileged: true,
        uid_namespace: inner.clone(),
        gid_namespace: inner,
        ..facts(0, &[])
    });
    assert_eq!(map(&nested, &Wish::default()), [(0, 0, 1), (1, 1, 65536)], "a line never spans two of the parent's");
    assert_eq!(map(&nested, &typed(&["5:0:10"], &[])), [(5, 0, 1), (6, 1, 9)]);
}

#[test]
fn subordinate_ids_outside_the_namespace_do_not_count() {
    let inner = ranges(&[(0, 65536)]);
    let nested = |granted: &[(u32, u32)]| {
        HostIds::derive(Facts { uid_namespace: inner.clone(), gid_namespace: inner.clone(), ..facts(1000, granted) })
    };
    let outside = nested(&[(100_000, 65536)]);
    assert_eq!(outside.uid_shortage, Some(Shortage::NotInThisNamespace(IdKind::Uid)));
    assert_eq!(lines(&outside.intermediate.uid), [(0, 1000, 1)]);
    let partly = nested(&[(60_000, 10_000), (1000, 3)]);
    assert_eq!(partly.shortage(), None);
    assert_eq!(lines(&partly.intermediate.uid), [(0, 1000, 1), (1, 60_000, 5536), (5537, 1001, 2)]);
}

#[test]
fn a_missing_helper_costs_only_its_own_kind() {
    let problem = HelperProblem::NotPrivileged("/usr/bin/newgidmap".into());
    let host = HostIds::derive(Facts { gid_helper: Err(problem.clone()), ..facts(1000, &[(100_000, 10)]) });
    assert_eq!((host.uid_shortage.clone(), host.gid_shortage.clone()), (None, Some(Shortage::Helper(problem))));
    let maps = plan(&host, &Wish::default()).unwrap().maps;
    assert_eq!(lines(&maps.uid), [(0, 1000, 1), (1, 100_000, 10)]);
    assert_eq!(lines(&maps.gid), [(0, 1000, 1)]);
}

#[test]
fn looks_up_both_ways() {
    let maps = plan(&user(), &Wish::default()).unwrap().maps;
    let cases = [(0, Some(1000)), (1, Some(100_000)), (20, Some(300_009)), (21, None), (u32::MAX, None)];
    for (inside, outside) in cases {
        assert_eq!(maps.to_host(IdKind::Uid, inside), outside);
        if let Some(outside) = outside {
            assert_eq!(maps.to_container(IdKind::Gid, outside), Some(inside));
        }
    }
    assert_eq!(maps.to_container(IdKind::Uid, 0), None);
    assert_eq!(maps.container_ranges(IdKind::Uid), ranges(&[(0, 1), (1, 10), (11, 10)]));
    assert_eq!(maps.to_spec(IdKind::Uid).len(), 3);
}

#[test]
fn renders_and_merges() {
    let line = |container_id, host_id, size| IdMapping { container_id, host_id, size };
    assert_eq!(render(&[line(0, 1000, 1), line(1, 100_000, 65536)]), "0 1000 1\n1 100000 65536\n");
    assert_eq!(lines(&merge(vec![line(5, 15, 5), line(0, 10, 5), line(10, 21, 1)])), [(0, 10, 10), (10, 21, 1)]);
    assert_eq!(lines(&merge(vec![line(0, 0, u32::MAX), line(5, 5, 1)])).len(), 2);
}

/// A child of `unshare --user` that waits on its standard input, so that its maps can be written.
struct Waiting(std::process::Child);

impl Waiting {
    fn start() -> Option<Self> {
        use std::io::Read;
        let mut child = std::process::Command::new("unshare")
            .args(["--user", "--", "sh", "-c", "echo ready; read line"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .ok()?;
        let mut ready = [0_u8; 6];
        child.stdout.as_mut()?.read_exact(&mut ready).ok()?;
        Some(Waiting(child))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // The child ends with its standard input; a failure here only leaves that to the end of the test.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn writes_the_plan_of_this_user_to_a_real_namespace() {
    let Some(waiting) = Waiting::start() else {
        return; // skipped: user namespaces are not available here
    };
    let pid = waiting.0.id();
    let host = HostIds::detect();
    let maps = plan(&host, &Wish::default()).unwrap().maps;
    write(pid, &maps, &host).unwrap();
    for kind in [IdKind::Uid, IdKind::Gid] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/{}", kind.map_file())).unwrap();
        let fields: Vec<u32> = text.split_whitespace().map(|field| field.parse().unwrap()).collect();
        let written: Vec<_> = fields.chunks(3).map(|line| (line[0], line[1], line[2])).collect();
        assert_eq!(written, lines(maps.of(kind)));
    }
}

#[test]
fn a_refusal_carries_the_cause() {
    let Some(waiting) = Waiting::start() else {
        return; // skipped: user namespaces are not available here
    };
    let host = HostIds::derive(Facts {
        uid_helper: Ok("/bin/false".into()),
        gid_helper: Ok("/bin/false".into()),
        ..facts(1000, &[(100_000, 10)])
    });
    let maps = plan(&host, &Wish::default()).unwrap().maps;
    let error = write(waiting.0.id(), &maps, &host).unwrap_err();
    assert_eq!(error.to_string(), r#"cannot set up namespace using "/bin/false": exit status: 1"#);
    // The same process can still get one id, if the map is its own user's.
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let second = HostIds { uid, gid, ..host.clone() }.degraded(&error);
    assert_eq!(second.shortage().unwrap().to_string(), error.to_string());
    let one = plan(&second, &Wish::default()).unwrap().maps;
    assert_eq!((lines(&one.uid), lines(&one.gid)), (vec![(0, uid, 1)], vec![(0, gid, 1)]));
    write(waiting.0.id(), &one, &second).unwrap();
    let unmappable = IdMaps { uid: vec![IdMapping { container_id: 0, host_id: 5, size: 1 }], ..maps };
    let without = HostIds { uid_helper: None, ..host };
    assert!(matches!(write(1, &unmappable, &without), Err(IdMapError::NoHelper { kind: IdKind::Uid })));
}
