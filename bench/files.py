"""files.py RUNS ROWS COLUMNS: root file systems side by side; runs inside Debian trixie as an ordinary user, for bench/run.

One image, about 20,000 files in three layers. Every column is a root file system that is made of it in the same kind of
namespaces (user with subordinate ids, mount, pid, ipc, uts, network; no system call filter), entered by pivot_root, with
bench/worker.py as its first process. The writes are thrown away in the end, so everybody mounts `volatile`, as we and podman do for
`run --rm`: no waiting for the disk, which is the same for all and would hide the rest. All are alive at
once; row by row, each column does the same work in turn, so that what disturbs one disturbs all. Writes are on disk before the next
measurement. Rows in COLD begin with all caches dropped by root; what a workload wrote itself is read warm, since cold it would be
the disk that is measured.
"""
import glob, io, json, os, re, shutil, statistics, subprocess, sys, tarfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker import ROWS

registry, runs, rows_wanted, columns_wanted = sys.argv[1], int(sys.argv[2] or 0) or 3, sys.argv[3], sys.argv[4]
PLACE = "/srv/files"
LAYERS = [f"{PLACE}/layers/{number}" for number in range(3)]
COLD = {"find cold", "stat walk", "tar read cold", "python import"}
WRITES = {"chmod of 8,000", "untar 70 MB", "rm -rf of it", "2,000 small files", "write 512 MB", "fio random write", "sqlite commits", "git clone", "C compile"}
ARCHIVE_BYTES = 70_000_000
IMAGE = f"{registry}/files"
CORACLE = ["coracle", "--root", f"{PLACE}/coracle"]
missed = []
memory = {}

with open(f"{PLACE}/worker.py") as file:
    WORKER = file.read()


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout.strip()


def root_does(word):
    """`sync`, `drop`, or `memory` and a process, done by the helper of inside.sh."""
    with open("/run/bench/ask", "w") as ask:
        ask.write(word + "\n")
    with open("/run/bench/done") as done:
        return done.read()


NAMESPACES = ["unshare", "--user", "--map-root-user", "--map-auto", "--mount", "--pid", "--ipc", "--uts", "--net", "--fork", "--kill-child"]
ENTER = """set -e
cd {place}/{name}
{mount}
cd root
mount -t proc proc proc
mount --rbind /dev dev
pivot_root . .
umount -l .
cd /
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin python3 -u -c "$1"
"""
LOWER = "lowerdir=" + ":".join(reversed(LAYERS))


def mounted(command):
    """A column whose root is what `command` mounts on `root`."""
    def start(name):
        for part in ("root", "upper", "work"):
            os.makedirs(f"{PLACE}/{name}/{part}")
        return NAMESPACES + ["sh", "-c", ENTER.format(place=PLACE, name=name, mount=command), "sh", WORKER]
    return start


def contained(driver, is_view=False):
    """A column of ours: a container as `run --rm` makes it; a view has the place of the writes on a bind mount with `map=user`."""
    def start(name):
        volume = []
        if is_view:
            os.makedirs(f"{PLACE}/{name}")
            volume = ["-v", f"{PLACE}/{name}:/var/bench:map=user"]
        return CORACLE + ["--storage-driver", driver, "run", "--rm", "-i", "--name", name, "--network", "none", "--security-opt", "seccomp=unconfined",
                          *volume, "--pull", "never", IMAGE, "python3", "-u", "-c", WORKER]
    return start


COLUMNS = {
    "kernel overlay": mounted(f"mount -t overlay overlay -o {LOWER},upperdir=upper,workdir=work,userxattr,volatile root"),
    "fuse-overlayfs C": mounted(f"/usr/bin/fuse-overlayfs -o {LOWER},upperdir=upper,workdir=work,volatile root"),
    "fuse-overlayfs 2": mounted(f"/usr/local/bin/fuse-overlayfs-2 -o {LOWER},upperdir=upper,workdir=work,volatile root"),
    "fuse+overlay": contained("fuse+overlay"),
    "fuse": contained("fuse"),
    "overlay": contained("overlay"),
    "map=user": contained("fuse+overlay", is_view=True),
}
# Rows that work on the image's files, which are not on the bind mount.
IMAGE_ROWS = {"find cold", "find warm", "stat walk", "tar read cold", "tar read warm", "python import", "chmod of 8,000", "exec of 200"}


def servers():
    """Processes that answer FUSE requests for us."""
    found = set()
    for name in glob.glob("/proc/[0-9]*/task/*/comm"):
        try:
            with open(name) as file:
                if file.read().strip() in ("fuser-0", "overlay"):  # fuse-overlayfs 2's, and ours
                    found.add(name.split("/")[2])
        except OSError:
            pass  # it has ended
    return found


class Column:
    """One root file system, alive."""

    def __init__(self, name):
        self.label = name
        self.name = re.sub(r"[^a-z0-9]+", "-", name.lower())
        before = servers()
        self.process = subprocess.Popen(COLUMNS[name](self.name), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self.process.stdout.readline().strip() != b"hello":
            self.process.kill()
            raise OSError(self.process.stderr.read().decode(errors="replace").strip()[-300:])
        self.server = next(iter(servers() - before), None)

    def tell(self, line, data=b""):
        try:
            self.process.stdin.write(line.encode() + b"\n" + data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        word, _, rest = self.process.stdout.readline().decode().strip().partition(" ")
        if word != "ok":
            raise OSError(rest or "ended")
        return rest

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def clean():
    """What a run before left; the owners are subordinate ids, so it takes a user namespace."""
    for column in COLUMNS:
        name = re.sub(r"[^a-z0-9]+", "-", column.lower())
        subprocess.run(CORACLE + ["rm", "-f", "-t", "0", "--ignore", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["unshare", "--user", "--map-root-user", "--map-auto", "rm", "-rf", f"{PLACE}/{name}"], check=True)


def prepare():
    """The image for everybody: pulled, and its layers unpacked side by side with their owners."""
    run(*CORACLE, "pull", "-q", "--tls-verify=false", IMAGE)
    for number, layer in enumerate(LAYERS):
        tar = f"{PLACE}/tars/{number}.tar"
        mark, state = f"{layer}.complete", str(os.stat(tar).st_mtime_ns)
        if os.path.exists(mark) and open(mark).read() == state:
            continue
        unpack = f"rm -rf {layer}; mkdir -p {layer}; tar -C {layer} --numeric-owner --xattrs --xattrs-include=user.* -xpf {tar}"
        run("unshare", "--user", "--map-root-user", "--map-auto", "sh", "-ec", unpack)
        with open(mark, "w") as file:
            file.write(state)


def archive():
    """70 MB of the image's smaller files, as one tar in memory: not on any of the file systems."""
    out, size = io.BytesIO(), 0
    into = tarfile.open(fileobj=out, mode="w")
    for number in (2, 1):
        with tarfile.open(f"{PLACE}/tars/{number}.tar") as source:
            for member in source:
                if member.isfile() and member.size <= 65536 and size < ARCHIVE_BYTES:
                    member.pax_headers = {}
                    into.addfile(member, source.extractfile(member))
                    size += member.size
    into.close()
    return out.getvalue(), size


def measure(rows, names):
    """row -> column -> milliseconds of each run."""
    times = {row: {name: [] for name in names} for row in rows}
    reasons = {}
    tar, _ = archive()
    for turn in range(runs):
        clean()
        columns = []
        for name in names:
            try:
                column = Column(name)
                column.tell(f"archive {len(tar)}", tar)
                columns.append(column)
            except OSError as error:
                reasons.setdefault(name, f"left out: {name}: {error}")
        for number, row in enumerate(rows):
            for step in range(len(columns)):
                column = columns[(step + number + turn) % len(columns)]
                if column.label == "map=user" and row in IMAGE_ROWS:
                    continue
                try:
                    column.tell(f"ready {row}")
                    if row in COLD:
                        root_does("drop")
                    elif row in WRITES:
                        root_does("sync")
                    times[row][column.label].append(float(column.tell(f"go {row}")))
                    if column.server:
                        kilobytes = re.search(r"Private_Dirty: +([0-9]+)", root_does(f"memory {column.server}"))
                        memory.setdefault(column.label, {})[row] = int(kilobytes[1]) if kilobytes else 0
                except OSError as error:
                    reasons.setdefault((name, row), f"failed: {column.label}: {row}: {error}")
        for column in columns:
            column.close()
        print(f"run {turn + 1} of {runs} done", file=sys.stderr, flush=True)
    clean()
    for reason in reasons.values():
        print(f"  {reason}")
        if reason.startswith("failed: fuse+overlay") or reason.startswith("failed: fuse:"):
            missed.append(reason)
    return times


def table(columns, rows):
    widths = [max(len(row[i]) for row in [columns] + rows) for i in range(len(columns))]
    for row in [columns, ["-" * width for width in widths]] + rows:
        print("  " + "  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]))


def show(times, names):
    def cell(values):
        if not values:
            return "-"
        return f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})"
    print(f"\nfiles: one image, {runs} runs in turns: median (fastest-slowest), ms")
    table([""] + names, [[row] + [cell(times[row][name]) for name in names] for row in times])


def ratios(times, ours, base):
    """row -> median of `ours` in medians of `base`, for rows both did."""
    return {row: statistics.median(columns[ours]) / statistics.median(columns[base])
            for row, columns in times.items() if columns.get(ours) and columns.get(base)}


def budget(name, value, limit):
    print(f"  budget: {name}: {value:.2f}, at most {limit:g}: {'met' if value <= limit else 'MISSED'}")
    if value > limit:
        missed.append(name)


def judge(times, names):
    bases = [base for base in ("kernel overlay", "fuse-overlayfs 2", "fuse-overlayfs C") if base in names]
    ours = [name for name in ("fuse+overlay", "fuse", "overlay", "map=user") if name in names and any(times[row][name] for row in times)]
    pairs = [(name, base) for name in ours for base in bases]
    found = {pair: ratios(times, *pair) for pair in pairs}
    print("\nratios of the medians, and their geometric means")
    lines = [[row] + [f"{found[pair][row]:.2f}" if row in found[pair] else "-" for pair in pairs] for row in times]
    means = {pair: statistics.geometric_mean(found[pair].values()) for pair in pairs if found[pair]}
    lines.append(["geometric mean"] + [f"{means[pair]:.2f}" if pair in means else "-" for pair in pairs])
    table([""] + [f"{name} / {base.replace('fuse-overlayfs', 'fo')}" for name, base in pairs], lines)
    print()
    limits = {
        ("fuse+overlay", "kernel overlay"): (1.3, 2.5),
        ("fuse+overlay", "fuse-overlayfs 2"): (1 / 3, None),
        ("fuse", "fuse-overlayfs 2"): (0.5, 1),
    }
    for pair, (mean, single) in limits.items():
        if pair not in means:
            continue
        budget(f"{pair[0]} to {pair[1]}, geometric mean", means[pair], mean)
        if single:
            row = max(found[pair], key=found[pair].get)
            budget(f"{pair[0]} to {pair[1]}, worst row ({row})", found[pair][row], single)


def main():
    rows = [row for row in ROWS if not rows_wanted or any(part.strip() in row for part in rows_wanted.split(","))]
    exact = {name.strip() for name in columns_wanted.split(",")} if columns_wanted else set(COLUMNS)
    names = [name for name in COLUMNS if name in exact]
    if not rows or not names:
        sys.exit(f"bench: rows are {', '.join(ROWS)}; columns are {', '.join(COLUMNS)}")
    prepare()
    times = measure(rows, names)
    show(times, names)
    for label, rows in memory.items():
        kilobytes = ", ".join(f"{row} {value}" for row, value in rows.items())
        print(f"\nprivate memory of the server of {label} after each row of the last run, kB: {kilobytes}")
        read = [value for row, value in rows.items() if row.startswith(("find", "tar"))]
        if read and label in ("fuse", "fuse+overlay"):
            budget(f"private memory of {label} after reading the whole image, MB", max(read) / 1000, 4)
    judge(times, names)
    if missed:
        sys.exit("budgets missed: " + "; ".join(missed))


def first_line(*command):
    try:
        lines = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout.splitlines()
        return next((line for line in lines if re.search(r"\d\.\d", line)), "?")
    except OSError as error:
        return str(error)


print("versions: " + "; ".join([first_line("coracle", "--version"), "C: " + first_line("/usr/bin/fuse-overlayfs", "--version"),
      "Rust: " + first_line("/usr/local/bin/fuse-overlayfs-2", "--version"), "Linux " + os.uname().release, f"{len(os.sched_getaffinity(0))} cores"]))
main()
