//! The root file system: what is mounted at `/`, whether it takes writes, and what the runtime told about it.

use super::{Page, Told};
use crate::engine::host::mounts;
use rustix::fs::Access;
use std::path::Path;

/// Layers shown; an image of more says how many there are.
const SHOWN_LAYERS: usize = 6;

pub(super) fn describe(page: &mut Page) {
    let table = mounts::all();
    let root = mounts::holding(&table, Path::new("/"));
    page.line("root", &root.map_or_else(|| "unreadable".into(), seen));
    let others = table.iter().filter(|mount| mount.point != Path::new("/")).count();
    page.line("mounts", &format!("{others} below the root{}", memory_backed(&table)));
}

/// What the runtime says of the root; nothing when it said nothing.
pub(super) fn describe_told(told: &Told, page: &mut Page) {
    if *told == Told::default() {
        return;
    }
    page.text.push_str("\nTold by the runtime, as it cannot be seen from inside:\n");
    if !told.image.is_empty() {
        page.line("image", &told.image);
    }
    if !told.driver.is_empty() {
        let why = if told.reason.is_empty() { String::new() } else { format!(", because {}", told.reason) };
        page.line("driver", &format!("{}{why}", told.driver));
    }
    for (position, layer) in told.layers.iter().take(SHOWN_LAYERS).enumerate() {
        page.line(if position == 0 { "layers" } else { "" }, layer);
    }
    if told.layers.len() > SHOWN_LAYERS {
        page.line("", &format!("and {} more", told.layers.len() - SHOWN_LAYERS));
    }
}

/// What the mount table says of the root.
fn seen(mount: &mounts::Mount) -> String {
    let kind = match mount.kind.as_str() {
        "overlay" => "the kernel's overlay: layers below, this container's own layer on top",
        "fuse" | "fuse.coracle" => "served by coracle (FUSE)",
        other => other,
    };
    let writes = match rustix::fs::access("/", Access::WRITE_OK) {
        _ if mount.has("ro") => "read-only",
        Ok(()) => "writable",
        Err(_) => "not writable for this user",
    };
    format!("{kind}; {writes}")
}

/// Mentions /dev/shm and /tmp when they are in memory.
fn memory_backed(table: &[mounts::Mount]) -> String {
    let in_memory = |point: &str| table.iter().any(|mount| mount.kind == "tmpfs" && mount.point == Path::new(point));
    let points: Vec<&str> = ["/dev", "/dev/shm", "/run", "/tmp"].into_iter().filter(|point| in_memory(point)).collect();
    if points.is_empty() { String::new() } else { format!(", in memory: {}", points.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_shown_with_its_reason() {
        let told = Told {
            driver: "copy".into(),
            reason: "the kernel cannot keep an overlay's changes on NFS".into(),
            layers: vec!["sha256:a".into(), "sha256:b".into()],
            image: "localhost/hello:latest".into(),
        };
        let mut page = Page::default();
        describe_told(&told, &mut page);
        assert!(page.text.contains("copy, because the kernel cannot keep an overlay's changes on"));
        assert!(page.text.contains("layers         sha256:a\n               sha256:b\n"));
        let mut page = Page::default();
        describe_told(&Told::default(), &mut page);
        assert!(page.text.is_empty());
    }
}
