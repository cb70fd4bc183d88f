//! Figures: the FUSE tree under the kernel's overlay against the kernel's overlay on the unpacked image.
//!
//! `CORACLE_BENCH_LAYERS=a.tar:b.tar cargo test --release --test overlay -- --ignored --nocapture bench`, as root (only root
//! can drop caches). Compare columns of one run only.

use crate::harness;
use coracle::overlay::extract::extract;
use coracle::overlay::server::{DirectoryLower, Lower};
use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

const SCRIPT: &str = r#"
mkdir -p upper2 work2 plain && mount -t overlay overlay -o lowerdir=flat,upperdir=upper2,workdir=work2,userxattr plain
drop() { sync; echo 3 >/proc/sys/vm/drop_caches; }
ms() { start=$(date +%s%N); "$@" >/dev/null 2>&1 || true; end=$(date +%s%N); printf '%8d' $(((end - start) / 1000000)); }
find_all() { find "$1" -printf '%s %m\n'; }
tar_all() { tar -C "$1" --one-file-system -cf - . | cat; }
untar() { mkdir -p "$1/new" && tar -C "$1/new" -xf - <some.tar; }
copy_up() { chmod -R u+w "$1/usr/share"; }
printf '%-10s %8s%8s%8s%8s%8s%8s%8s\n' '' findcold findwarm tarcold tarwarm untar copyup rm
tar -C flat -cf some.tar usr/share usr/bin
for round in 1 2 3; do for tree in lower plain merged; do
    printf '%-10s ' $tree
    drop; ms find_all $tree; ms find_all $tree; drop; ms tar_all $tree; ms tar_all $tree
    if [ $tree != lower ]; then ms untar $tree; ms copy_up $tree; ms rm -rf $tree/new $tree/usr/share; fi
    echo
done; rm -rf upper/* upper2/* 2>/dev/null || true; done
grep -h -E 'VmRSS|RssAnon|VmHWM|Threads' /proc/$CORACLE_BENCH_KEEPER/status | tr '\n\t' '  '; echo
"#;

#[test]
#[ignore = "measures, by hand: the command is at the head of the file, and needs root to drop caches"]
fn bench() {
    let layers = std::env::var_os("CORACLE_BENCH_LAYERS").expect("a list of tars, bottom first");
    let layers: Vec<_> = std::env::split_paths(&layers).collect();
    let directory = tempfile::tempdir_in(layers[0].parent().unwrap()).unwrap();
    let path = directory.path();
    fs::create_dir(path.join("flat")).unwrap();
    let started = Instant::now();
    let Lower::Image { tree, layers: files } = harness::image(&layers) else { unreachable!() };
    println!("index and merge: {:?}, {} nodes, {} bytes", started.elapsed(), tree.node_count(), tree.content_bytes());
    if rustix::process::getuid().is_root() {
        let started = Instant::now();
        extract(&tree, &files, File::open(path.join("flat")).unwrap(), &harness::options()).unwrap();
        println!("extract: {:?}", started.elapsed());
    }
    let script = std::env::var("CORACLE_BENCH_SCRIPT").unwrap_or_else(|_| SCRIPT.to_owned());
    let script = format!("CORACLE_BENCH_KEEPER={}\n{script}", std::process::id());
    println!("{}", harness::run(Lower::Image { tree, layers: files }, path, &script));
}

/// The machine itself as the lower directory. Extra commands from `CORACLE_BENCH_SCRIPT`.
#[test]
#[ignore = "measures, by hand: the command is at the head of the file"]
fn host() {
    let directory = tempfile::tempdir_in("/var/tmp").unwrap();
    let masked = ["/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/home/*", "/root"].map(Into::into).to_vec();
    let lower = Lower::Directory(DirectoryLower::open(Path::new("/"), masked).unwrap());
    let script = std::env::var("CORACLE_BENCH_SCRIPT").unwrap_or_else(|_| HOST_SCRIPT.to_owned());
    println!("{}", harness::run(lower, directory.path(), &script));
}

const HOST_SCRIPT: &str = r#"
ms() { start=$(date +%s%N); "$@" >/dev/null 2>&1 || true; end=$(date +%s%N); printf '%s: %d ms\n' "$*" $(((end - start) / 1000000)); }
ms chroot merged true; ms chroot merged true; ms find merged/usr -size +1; ms find merged/usr -size +1; ms find /usr -size +1
ms tar -C merged/usr/bin -cf - .; ms tar -C merged/usr/bin -cf - .; ms tar -C /usr/bin -cf - .
"#;
