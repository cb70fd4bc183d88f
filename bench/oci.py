"""Times the verbs of OCI runtimes in turns: oci.py WORK RUNS NAME=PROGRAM... (see oci.sh)."""

import itertools
import json
import os
import select
import statistics
import subprocess
import sys
import time

VERBS = ["create", "start", "state", "kill", "delete"]


def call(words):
    """Runs a program without output; returns milliseconds."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in range(3)]
    begin = time.perf_counter()
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    took = (time.perf_counter() - begin) * 1000
    os.close(null)
    if status:
        sys.exit(f"{' '.join(words)} ended with {status}")
    return took


def cycle(program, root, bundle, number):
    """One container's life."""
    name = f"bench-{number}"
    runtime = [program, "--root", root]
    took = {"create": call(runtime + ["create", "--bundle", bundle, "--pid-file", f"{root}.pid", name])}
    process = int(open(f"{root}.pid").read())
    handle = os.pidfd_open(process)
    took["start"] = call(runtime + ["start", name])
    took["state"] = call(runtime + ["state", name])
    took["kill"] = call(runtime + ["kill", name, "KILL"])
    # Its end is not the verb's.
    select.select([handle], [], [], 60)
    os.close(handle)
    took["delete"] = call(runtime + ["delete", name])
    return took


def main():
    work, runs = sys.argv[1], int(sys.argv[2])
    programs = dict(word.split("=", 1) for word in sys.argv[3:])
    config = f"{work}/bundle/config.json"
    spec = json.load(open(config))
    spec["process"]["args"] = ["sleep", "1000"]
    spec["process"]["terminal"] = False
    # Device rules need a limit to be raised, which not every machine that this runs on lets root do.
    del spec["linux"]["resources"]
    json.dump(spec, open(config, "w"))
    times = {name: {verb: [] for verb in VERBS} for name in programs}
    # The kernel takes a container's namespaces apart after its end, which who comes next pays for: every order is as frequent.
    orders = list(itertools.permutations(programs.items()))
    for number in range(runs + 3):
        for name, program in orders[number % len(orders)]:
            os.makedirs(f"{work}/{name}", exist_ok=True)
            took = cycle(program, f"{work}/{name}", f"{work}/bundle", number)
            # The first ones warm the caches.
            if number >= 3:
                for verb, value in took.items():
                    times[name][verb].append(value)
    for name, program in programs.items():
        version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.splitlines()
        print(f"{name}: {version[0] if version else 'unknown'}")
    print(f"\nmilliseconds, medians of {runs} in turns (fastest tenth)\n")
    print("| " + " | ".join(["runtime"] + VERBS + ["sum"]) + " |")
    print("|" + "---|" * (len(VERBS) + 2))
    sums = {}
    for name, verbs in times.items():
        medians = [statistics.median(verbs[verb]) for verb in VERBS]
        fast = [sorted(verbs[verb])[max(0, runs // 10 - 1)] for verb in VERBS]
        sums[name] = sum(medians)
        cells = [f"{median:.1f} ({best:.1f})" for median, best in zip(medians, fast)]
        print("| " + " | ".join([name] + cells + [f"{sums[name]:.1f}"]) + " |")
    ours = sums.get("coracle", 0)
    for name, limit in (("crun", 1.0), ("runc", 0.5)):
        if name in sums:
            ratio = ours / sums[name]
            print(f"\ncoracle / {name}: {ratio:.2f} (budget {limit})")
    over = ours > sums.get("crun", ours) or ours > sums.get("runc", 2 * ours) * 0.5
    sys.exit(1 if over else 0)


main()
