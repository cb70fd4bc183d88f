"""measure.py REGISTRY RUNS WHAT...: the measuring part of bench/run; runs inside Debian trixie as an ordinary user."""
import json, os, re, shutil, statistics, subprocess, sys, time

registry, runs, what = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
if "all" in what:
    what = ["start", "exec", "parallel", "memory", "pull"]
missed = []
IMAGE = f"{registry}/busybox"
PODMAN = ["podman", "--log-level=error"]


def out(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout.strip()


def must(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout.strip()


def works(command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def table(title, columns, rows):
    print(f"\n{title}")
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [columns] + rows) for i in range(len(columns))]
    for row in [columns, ["-" * width for width in widths]] + rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells))


def budget(name, ours, limit):
    verdict = "met" if ours <= limit else "MISSED"
    print(f"  budget: {name}: {ours:.2f}, at most {limit:g}: {verdict}")
    if ours > limit:
        missed.append(name)


def default_filter():
    """podman's default profile without the rules for capabilities and architectures that are not here, as OCI has it."""
    with open("/usr/share/containers/seccomp.json") as file:
        profile = json.load(file)
    rules = []
    for rule in profile["syscalls"]:
        needs, unless = rule.get("includes") or {}, rule.get("excludes") or {}
        if needs.get("caps") or (needs.get("arches") and "amd64" not in needs["arches"]) or (unless and not unless.get("caps")):
            continue
        rules.append({key: rule[key] for key in ("names", "action", "args", "errnoRet") if rule.get(key) not in (None, [])})
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile.get("defaultErrnoRet", 38),
            "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": rules}


def crun_bundle():
    """The same tree and command as the others, as `crun spec --rootless` describes a container."""
    if os.path.exists("bundle/config.json"):
        os.unlink("bundle/config.json")
    must("sh", "-c", "cd bundle && crun spec --rootless")
    with open("bundle/config.json") as file:
        spec = json.load(file)
    spec["process"]["terminal"] = False
    spec["process"]["args"] = ["true"]
    spec["process"]["env"] = ["PATH=/usr/bin:/bin"]
    spec["root"]["readonly"] = False
    # Equal to what the others set up: all namespaces, the subordinate ids, the system call filter.
    for kind in ("network", "cgroup"):
        if not any(ns["type"] == kind for ns in spec["linux"]["namespaces"]):
            spec["linux"]["namespaces"].append({"type": kind})
    own = {"containerID": 0, "hostID": os.getuid(), "size": 1}
    for field, file in (("uidMappings", "/etc/subuid"), ("gidMappings", "/etc/subgid")):
        with open(file) as lines:
            start, size = next(line.split(":")[1:] for line in lines if line.startswith("bench:"))
        spec["linux"][field] = [own, {"containerID": 1, "hostID": int(start), "size": int(size)}]
    spec["linux"]["seccomp"] = default_filter()
    with open("bundle/config.json", "w") as file:
        json.dump(spec, file)


def peers():
    """name -> command that runs `true` in a container without network."""
    crun_bundle()
    tree = os.path.abspath("bundle/rootfs")
    candidates = {
        "coracle run": ["coracle", "run", "--rm", "--network", "none", IMAGE, "true"],
        "coracle run (default network)": ["coracle", "run", "--rm", IMAGE, "true"],
        "crun run": ["crun", "--cgroup-manager=disabled", "run", "--bundle", "bundle", "bench"],
        "bubblewrap": ["bwrap", "--unshare-all", "--bind", tree, "/", "--proc", "/proc", "--dev", "/dev", "/bin/true"],
        "unshare": ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "/bin/true"],
        "podman run": PODMAN + ["run", "--rm", "--network", "none", IMAGE, "true"],
        "podman run (default network)": PODMAN + ["run", "--rm", IMAGE, "true"],
    }
    found = {}
    for name, command in candidates.items():
        if works(command):
            found[name] = command
        else:
            print(f"left out: {name}: {' '.join(command)}: {out(*command)[:300]}")
    return found


def prepare():
    must("coracle", "pull", "-q", "--tls-verify=false", IMAGE)
    must(*PODMAN, "pull", "-q", "--tls-verify=false", IMAGE)


def bench_start():
    prepare()
    commands = peers()
    count = str(runs or 30)
    arguments = ["hyperfine", "-N", "--ignore-failure", "--style", "none", "--warmup", "3", "--runs", count, "--export-json", "start.json"]
    for name, command in commands.items():
        arguments += ["--command-name", name, " ".join(command)]
    must(*arguments)
    with open("start.json") as file:
        measured = json.load(file)["results"]
    results = {result["command"]: sorted(1000 * t for t in result["times"]) for result in measured}
    for result in measured:
        failures = [code for code in result["exit_codes"] if code != 0]
        if failures:
            print(f"  {result['command']}: {len(failures)} of {len(result['exit_codes'])} failed: {failures}")
            missed.append(f"{result['command']} always succeeds")
    base = statistics.median(results.get("crun run", results["coracle run"]))
    rows = []
    for name, times in results.items():
        median = statistics.median(times)
        low, high = times[len(times) // 4], times[len(times) * 3 // 4]
        rows.append([name, f"{median:.1f}", f"{times[0]:.1f}", f"{low:.1f}-{high:.1f}", f"{times[-1]:.1f}", f"{median / base:.2f}"])
    table(f"start: run --rm IMAGE true, warm, {count} runs each (ms)", ["", "median", "fastest", "quartiles", "slowest", "to crun"], rows)
    ours = statistics.median(results["coracle run"])
    if "crun run" in results:
        budget("start, ratio to bare crun", ours / base, 1)
    if "bubblewrap" in results:
        print(f"  aim: start, ratio to bubblewrap: {ours / statistics.median(results['bubblewrap']):.2f}, aim 2")
    if "podman run" in results:
        budget("start, part of podman's time", ours / statistics.median(results["podman run"]), 1 / 15)


def bench_exec():
    prepare()
    commands = {}
    for name, tool in (("coracle exec", ["coracle"]), ("podman exec", PODMAN)):
        subprocess.run(tool + ["rm", "-f", "-t", "0", "busy"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started = tool + ["run", "-d", "--name", "busy", "--network", "none", IMAGE, "sleep", "100000"]
        if works(started) and works(tool + ["exec", "busy", "true"]):
            commands[name] = tool + ["exec", "busy", "true"]
        else:
            print(f"left out: {name}: {out(*started)[:300]}")
    times = {name: [] for name in commands}
    count = -(-(runs or 50) // 5)
    for turn in range(5):  # in turns: what disturbs one disturbs both
        arguments = ["hyperfine", "-N", "--style", "none", "--warmup", "3", "--runs", str(count), "--export-json", "exec.json"]
        for name, command in commands.items():
            arguments += ["--command-name", name, " ".join(command)]
        must(*arguments)
        with open("exec.json") as file:
            for result in json.load(file)["results"]:
                times[result["command"]] += [1000 * t for t in result["times"]]
    rows = []
    for name, taken in times.items():
        taken.sort()
        low, high = taken[len(taken) // 4], taken[len(taken) * 3 // 4]
        rows.append([name, f"{statistics.median(taken):.1f}", f"{taken[0]:.1f}", f"{low:.1f}-{high:.1f}", f"{taken[-1]:.1f}"])
    table(f"exec: exec CONTAINER true, warm, {5 * count} runs each in turns (ms)", ["", "median", "fastest", "quartiles", "slowest"], rows)
    ours = statistics.median(times["coracle exec"])
    budget("exec, ms", ours, 5)
    if "podman exec" in times:
        budget("exec, part of podman's time", ours / statistics.median(times["podman exec"]), 1 / 20)
    for tool in (["coracle"], PODMAN):
        subprocess.run(tool + ["rm", "-f", "-t", "0", "busy"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def bench_parallel():
    prepare()
    rows, alone = [], {}
    for name, command in peers().items():
        if "default" in name:
            continue
        for count in (1, 4, 16):
            totals = []
            for turn in range(runs or 5):
                # A container of crun has a name of its own; the others make one up.
                commands = [[word if word != "bench" else f"bench-{n}" for word in command] for n in range(count)]
                began = time.monotonic()
                running = [subprocess.Popen(c, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for c in commands]
                codes = [process.wait() for process in running]
                totals.append(1000 * (time.monotonic() - began))
                if any(codes):
                    print(f"  {name}: {sum(1 for code in codes if code)} of {count} failed")
            total = statistics.median(totals)
            alone.setdefault(name, total)
            rows.append([name, count, f"{total:.1f}", f"{min(totals):.1f}-{max(totals):.1f}", f"{total / count:.1f}", f"{total / count / alone[name]:.2f}"])
    table("parallel: N starts at once (ms)", ["", "N", "all done", "spread", "per start", "to one alone"], rows)
    cores = len(os.sched_getaffinity(0))
    ours = [float(row[5]) for row in rows if row[0] == "coracle run" and row[1] == 16]
    if ours:
        # Time per start with all cores busy is at most what one alone takes; with several cores it should be less.
        print(f"  {cores} cores")
        budget("sixteen at once, time per start against one alone", ours[0], 1.25)


def pss(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M)[1])
    except (OSError, TypeError):
        return None


def all_pids():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def bench_memory():
    prepare()
    rows, ours = [], []
    for name, network in (("coracle", "none"), ("podman", "none"), ("coracle", ""), ("podman", "")) * (runs or 3):
        tool = PODMAN if name == "podman" else [name]
        option = ["--network", network] if network else []
        before = all_pids()
        done = subprocess.run(tool + ["run", "-d", "--name", "idle"] + option + [IMAGE, "sleep", "1000"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            print(f"left out: {name} {network}: {done.stdout[:300]}")
            continue
        time.sleep(3)  # idle: the keeper gives back what starting took
        sizes = {}
        for pid in sorted(all_pids() - before):
            try:
                with open(f"/proc/{pid}/comm") as file:
                    label = file.read().strip()
            except OSError:
                continue
            sizes[f"{label}/{pid}"] = pss(pid)
        subprocess.run(tool + ["rm", "-f", "-t", "0", "idle"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # A pause process of podman belongs to all containers; it is named, and counted.
        unread = [label for label, size in sizes.items() if size is None]
        total = sum(size or 0 for size in sizes.values())
        rows.append([f"{name} --network {network or '(default)'}", len(sizes), f"{total / 1024:.2f}",
                     ", ".join(f"{label.split('/')[0]} {(size or 0) / 1024:.2f}" for label, size in sizes.items())])
        if unread:
            print(f"  not readable, so not counted: {', '.join(unread)}")
        if name == "coracle" and network == "none":
            ours.append(total / 1024)
    table("memory: one idle container, all its processes (MiB PSS)", ["", "processes", "sum", "each"], rows)
    budget("idle container, all processes, MiB PSS, median", statistics.median(ours), 6)


def bench_pull():
    image = f"{registry}/bench"
    tools = {
        "coracle": (["coracle", "pull", "-q", "--tls-verify=false", image], [["coracle", "rmi", "-a", "-f"]]),
        "podman": (PODMAN + ["pull", "-q", "--tls-verify=false", image], [PODMAN + ["rmi", "-a", "-f"]]),
    }
    times, memory = {name: [] for name in tools}, {name: [] for name in tools}
    for turn in range(runs or 3):
        for name, (command, cleaning) in tools.items():
            for clean in cleaning:
                subprocess.run(clean, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            os.sync()
            began = time.monotonic()
            pid = os.spawnvp(os.P_NOWAIT, "sh", ["sh", "-c", 'exec "$@" >/dev/null', "sh"] + command)
            _, status, usage = os.wait4(pid, 0)
            times[name].append(time.monotonic() - began)
            memory[name].append(usage.ru_maxrss / 1024)
            if status != 0:
                sys.exit(f"bench: {' '.join(command)} failed")
    rows = [[name, f"{statistics.median(times[name]):.2f}", f"{min(times[name]):.2f}-{max(times[name]):.2f}", f"{max(memory[name]):.0f}"] for name in tools]
    table("pull: about 350 MB in three gzip layers from a registry on loopback (s, MiB)", ["", "median", "spread", "peak memory"], rows)
    budget("pull, part of podman's time", statistics.median(times["coracle"]) / statistics.median(times["podman"]), 0.25)
    budget("pull, peak memory in MiB", max(memory["coracle"]), 100)


print("versions: " + "; ".join([out("coracle", "--version"), out("podman", "--version"), out("crun", "--version").splitlines()[0], out("bwrap", "--version"), "Linux " + os.uname().release, f"{len(os.sched_getaffinity(0))} cores"]))
for name in what:
    globals()[f"bench_{name}"]()
if missed:
    sys.exit("budgets missed: " + "; ".join(missed))
