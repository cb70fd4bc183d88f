"""network.py RUNS: the measuring part of bench/run network; runs inside Debian trixie as an ordinary user.

Every figure is measured in turns: one run of each contender, then the next, so that what disturbs one disturbs all.
CORACLE_BENCH_ONLY=tcp,latency,... measures only these, and judges only their budgets; a part of a title ("eight") does, too.

network.py sizes: tells the measuring part, as root, how large processes are.
"""
import json, os, re, signal, socket, statistics, subprocess, sys, time

SIZES = "/run/sizes.sock"


def sizes():
    """Answers every process number it is sent with the lines of smaps_rollup."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(SIZES)
    os.chmod(SIZES, 0o666)
    server.listen(16)
    while True:
        client = server.accept()[0]
        with client:
            try:
                with open(f"/proc/{int(client.recv(32))}/smaps_rollup", "rb") as file:
                    client.sendall(file.read())
            except (OSError, ValueError):
                pass


if sys.argv[1:] == ["sizes"]:
    sizes()

RUNS = int(sys.argv[1]) or 3
SECONDS = int(os.environ.get("CORACLE_BENCH_SECONDS", "1"))
ONLY = [word for word in os.environ.get("CORACLE_BENCH_ONLY", "").split(",") if word]
HOST = "198.51.100.1"
# iperf3's socket buffers, where the host allows so much.
BUFFER = ["-w", "1M"] if int(open("/proc/sys/net/core/rmem_max").read()) >= 1 << 20 else []
missed, children = [], []

ECHO_SERVER = """
import socket
s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(("0.0.0.0", 5300)); s.listen(64)
while True:
    c = s.accept()[0]; c.setsockopt(6, 1, 1)
    while True:
        d = c.recv(64)
        if not d: break
        c.sendall(d)
    c.close()
"""
ECHO_CLIENT = """
import socket, sys, time, statistics
s = socket.create_connection((sys.argv[1], 5300)); s.setsockopt(6, 1, 1)
times = []
for n in range(4500):
    t = time.perf_counter_ns(); s.sendall(b"x"); s.recv(1)
    if n >= 500: times.append(time.perf_counter_ns() - t)
print(statistics.median(times) / 1000)
"""
NGINX = """user root root; daemon off; master_process off; pid /tmp/nginx-%d.pid; error_log /dev/null;
events { worker_connections 2048; }
http { access_log off; client_body_temp_path /tmp/n1; proxy_temp_path /tmp/n2; fastcgi_temp_path /tmp/n3;
uwsgi_temp_path /tmp/n4; scgi_temp_path /tmp/n5; keepalive_requests 1000000;
server { listen %d reuseport; location / { return 200 "hello"; } } }
"""


def start(command, **options):
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **options)
    children.append(child)
    return child


def stop(child):
    try:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(5)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        child.kill()
        child.wait()


def output(command, timeout=60):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)[:200]}: exit code {done.returncode}: {(done.stderr or done.stdout)[-300:]}")
    return done.stdout


def content(path):
    with open(path, "rb") as file:
        return file.read()


def until_open(port, address="127.0.0.1"):
    """A published port is open before its server is: an answer counts, not a connection."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            with socket.create_connection((address, port), 1) as s:
                s.sendall(b"GET / HTTP/1.0\r\n\r\n")
                s.settimeout(1)
                if s.recv(1):
                    return
        except OSError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"nothing answers on port {port}")


class Native:
    name, host = "native loopback", "127.0.0.1"

    def client(self, words):
        return words

    def server(self, words, port):
        return start(words)

    def end(self, server):
        stop(server)


class Pasta:
    host = "198.51.100.254"  # pasta leads its gateway's address to the host's loopback

    def __init__(self, name, program):
        self.name, self.program = name, program

    def client(self, words):
        return [self.program, "--config-net", "-q", "-t", "none", "-u", "none", "--"] + words

    def server(self, words, port):
        return start([self.program, "--config-net", "-q", "-t", str(port), "-u", "none", "--"] + words)

    def end(self, server):
        stop(server)


class Slirp:
    name, host = "slirp4netns", HOST
    SCRIPT = """
import json, os, signal, socket, subprocess, sys, time
port, words = int(sys.argv[1]), sys.argv[2:]
go_r, go_w = os.pipe(); up_r, up_w = os.pipe()
child = os.fork()
if child == 0:
    os.close(go_w)
    code = 'import os,sys; os.write(int(sys.argv[1]), b"x"); os.read(int(sys.argv[2]), 1); os.execvp(sys.argv[3], sys.argv[3:])'
    for fd in (up_w, go_r): os.set_inheritable(fd, True)
    os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", code, str(up_w), str(go_r)] + words)
os.close(up_w); os.read(up_r, 1)
ready_r, ready_w = os.pipe(); os.set_inheritable(ready_w, True)
api = f"/tmp/slirp-{os.getpid()}"
slirp = subprocess.Popen(["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", f"--ready-fd={ready_w}", f"--api-socket={api}", str(child), "tap0"], close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
os.read(ready_r, 1)
if port:
    s = socket.socket(socket.AF_UNIX); s.connect(api)
    s.sendall(json.dumps({"execute": "add_hostfwd", "arguments": {"proto": "tcp", "host_addr": "0.0.0.0", "host_port": port, "guest_addr": "10.0.2.100", "guest_port": port}}).encode())
    s.shutdown(socket.SHUT_WR); s.recv(999)
os.write(go_w, b"x")
def end(*_): os.kill(child, signal.SIGKILL)
signal.signal(signal.SIGTERM, end)
status = os.waitpid(child, 0)[1]
slirp.terminate(); slirp.wait(); os.unlink(api) if os.path.exists(api) else None
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"""

    def client(self, words):
        return [sys.executable, "-c", self.SCRIPT, "0"] + words

    def server(self, words, port):
        return start([sys.executable, "-c", self.SCRIPT, str(port)] + words)

    def end(self, server):
        stop(server)


class Coracle:
    host = HOST
    count = 0

    def __init__(self, name, *options):
        self.name, self.options = name, list(options)

    def client(self, words):
        return ["coracle", "run", "--rm"] + self.options + ["-v", "/tmp:/tmp", "host"] + words

    def server(self, words, port):
        Coracle.count += 1
        name = f"bench{Coracle.count}"
        output(["coracle", "run", "-d", "--rm", "--name", name, "-p", f"{port}:{port}"] + self.options + ["-v", "/tmp:/tmp", "host"] + words)
        return name

    def end(self, server):
        subprocess.run(["coracle", "rm", "-f", "-t", "0", server], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Named(Coracle):
    """Two containers on one network: the other end is a container too."""

    def __init__(self):
        super().__init__("coracle, two on a network", "--network", "bench")
        subprocess.run(["coracle", "network", "rm", "-f", "bench"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        output(["coracle", "network", "create", "bench"])
        self.peer = None

    @property
    def host(self):
        if self.peer is None:
            output(["coracle", "rm", "-f", "-i", "-t", "0", "bench-peer"])
            script = f"iperf3 -s >/dev/null & iperf3 -s -p 5202 >/dev/null & exec python3 -c '{ECHO_SERVER}'"
            output(["coracle", "run", "-d", "--rm", "--name", "bench-peer"] + self.options + ["host", "sh", "-c", script])
            self.peer = "bench-peer"
            time.sleep(0.5)
        return self.peer


def contenders():
    found = [Native(), Slirp()]
    found.append(Pasta("pasta (trixie)", "pasta"))
    if os.access("/opt/host/pasta", os.X_OK) and content("/opt/host/pasta") != content("/usr/bin/pasta"):
        found.append(Pasta("pasta (host's)", "/opt/host/pasta"))
    found += [Coracle("coracle", "--network", "private"), Coracle("coracle fast", "--network", "fast")]
    try:
        found.append(Named())
    except RuntimeError as error:
        print(f"left out: two containers on a network: {error}")
    usable = []
    for one in found:
        try:
            output(one.client(["true"]))
            usable.append(one)
        except (RuntimeError, OSError) as error:
            print(f"left out: {one.name}: {error}")
    return usable


def iperf(one, *options):
    """Megabits a second, and percent lost for UDP."""
    port = "5202" if "-u" in options else "5201"
    text = output(one.client(["iperf3", "-c", one.host, "-p", port, "-J", "-t", str(SECONDS), "-O", "0.3" if "-u" not in options else "0"] + list(options)))
    end = json.loads(text)["end"]
    total = end.get("sum_received") or end["sum"]
    return total["bits_per_second"] / 1e6, (end.get("sum") or {}).get("lost_percent")


def connections(one):
    text = output(one.client(["wrk", "-t", "2", "-c", "32", "-d", f"{SECONDS}s", "-H", "Connection: close", f"http://{one.host}:5400/"]))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), None


def served(one):
    port = 5500
    with open(f"/tmp/nginx-{port}.conf", "w") as file:
        file.write(NGINX % (port, port))
    server = one.server(["nginx", "-c", f"/tmp/nginx-{port}.conf"], port)
    try:
        until_open(port)
        text = output(["wrk", "-t", "2", "-c", "64", "-d", f"{SECONDS}s", f"http://127.0.0.1:{port}/"])
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), None
    finally:
        one.end(server)


def published(one, *options):
    port = 5600
    server = one.server(["iperf3", "-s", "-p", str(port)], port)
    try:
        end = time.monotonic() + 10
        while True:
            try:
                text = output(["iperf3", "-c", "127.0.0.1", "-p", str(port), "-J", "-t", str(SECONDS), "-O", "0.3"] + list(options))
                return json.loads(text)["end"]["sum_received"]["bits_per_second"] / 1e6, None
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
    finally:
        one.end(server)


def latency(one):
    return float(output(one.client(["python3", "-c", ECHO_CLIENT, one.host]))), None


TESTS = [
    # key, title, unit, measure, named network takes part
    ("tcp", "TCP, one stream, out", "Mbit/s", lambda one: iperf(one), True),
    ("tcp", "TCP, one stream, in", "Mbit/s", lambda one: iperf(one, "-R"), True),
    ("tcp", "TCP, eight streams, out", "Mbit/s", lambda one: iperf(one, "-P", "8"), True),
    ("tcp", "TCP, eight streams, in", "Mbit/s", lambda one: iperf(one, "-P", "8", "-R"), True),
    ("published", "TCP, one stream into a published port", "Mbit/s", lambda one: published(one), False),
    # With the buffer that programs which receive so much ask for; with the default one even loopback loses.
    ("udp", "UDP out at 1 Gbit/s, 1400 bytes", "% lost", lambda one: iperf(one, "-u", "-b", "1G", "-l", "1400", *BUFFER), True),
    ("udp", "UDP in at 1 Gbit/s, 1400 bytes", "% lost", lambda one: iperf(one, "-u", "-b", "1G", "-l", "1400", "-R", *BUFFER), True),
    ("connections", "short TCP connections out", "a second", connections, False),
    ("nginx", "nginx under wrk through a published port", "requests/s", served, False),
    ("latency", "round trip of one byte", "microseconds", latency, True),
]


def budget(name, is_met, text):
    print(f"  budget: {name}: {text}: {'met' if is_met else 'MISSED'}")
    if not is_met:
        missed.append(name)


def judge(key, title, medians):
    native = medians.get("native loopback")
    ours, fast = medians.get("coracle"), medians.get("coracle fast")
    peers = {name: value for name, value in medians.items() if name.startswith(("pasta", "slirp"))}
    pastas = {name: value for name, value in peers.items() if name.startswith("pasta")}
    if key == "tcp" and ours and peers:
        best = max(peers, key=peers.get)
        budget(title, ours >= peers[best], f"{ours / peers[best]:.2f} of {best}, at least 1")
    if key in ("connections", "nginx") and ours and pastas:
        best = max(pastas, key=pastas.get)
        budget(title, ours >= pastas[best], f"{ours / pastas[best]:.2f} of {best}, at least 1")
    if key in ("tcp", "published") and fast and native:
        limit = 0.9
        if key == "tcp":
            budget(f"{title}, fast", fast >= limit * native, f"{fast / native:.2f} of native, at least {limit}")
    if key == "udp" and ours is not None:
        budget(title, ours <= 0.01, f"{ours:.3f} % lost, none")
    if key == "latency" and ours and native:
        budget(title, ours - native <= 50, f"{ours - native:.1f} microseconds more than native, at most 50")


def run_tests(usable):
    for key, title, unit, measure, with_named in TESTS:
        if ONLY and not any(word == key or word in title for word in ONLY):
            continue
        values = {one.name: [] for one in usable if with_named or not isinstance(one, Named)}
        rates = {}
        for _ in range(RUNS):
            for one in usable:
                if one.name not in values:
                    continue
                try:
                    rate, lost = measure(one)
                    values[one.name].append(rate if key != "udp" else (lost if lost is not None else 100.0))
                    rates.setdefault(one.name, []).append(rate)
                except (RuntimeError, subprocess.TimeoutExpired, KeyError, TypeError, ValueError) as error:
                    print(f"  {one.name}: {title}: {str(error)[:400]}", flush=True)
        medians = {name: statistics.median(got) for name, got in values.items() if got}
        base = medians.get("native loopback") or 1
        digits = 0 if unit in ("Mbit/s", "a second", "requests/s") else (3 if key == "udp" else 1)
        rows = []
        for name, median in medians.items():
            got = values[name]
            last = f"{statistics.median(rates[name]):.0f} Mbit/s" if key == "udp" else f"{median / base:.2f}"
            rows.append([name, f"{median:.{digits}f}", f"{min(got):.{digits}f}-{max(got):.{digits}f}", last])
        table(f"{title} ({unit}, {RUNS} runs of {SECONDS} s)", ["", "median", "spread", "received" if key == "udp" else "to native"], rows)
        judge(key, title, medians)


def table(title, columns, rows):
    print(f"\n{title}")
    widths = [max(len(row[i]) for row in [columns] + rows) for i in range(len(columns))]
    for row in [columns, ["-" * width for width in widths]] + rows:
        print("  " + "  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]), flush=True)


def starts():
    modes = {"--network none": ["--network", "none"], "default network": ["--network", "private"], "--network fast": ["--network", "fast"]}
    times = {name: [] for name in modes}
    for turn in range(10 * RUNS + 2):
        for name, options in modes.items():
            began = time.monotonic()
            subprocess.run(["coracle", "run", "--rm"] + options + ["host", "true"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            if turn >= 2:
                times[name].append(1000 * (time.monotonic() - began))
    rows = [[name, f"{statistics.median(got):.2f}", f"{min(got):.2f}-{max(got):.2f}"] for name, got in times.items()]
    table(f"start: run --rm host true (ms, {10 * RUNS} runs)", ["", "median", "spread"], rows)
    more = statistics.median(times["default network"]) - statistics.median(times["--network none"])
    budget("default network at start", more <= 3, f"{more:.2f} ms more than none, at most 3")


def pss(pid):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.connect(SIZES)
        server.sendall(str(pid).encode())
        text = b"".join(iter(lambda: server.recv(65536), b"")).decode()
    found = re.search(r"^Pss:\s+(\d+)", text, re.M)
    return int(found[1]) / 1024 if found else 0


def memory():
    rows, sums = [], {}
    for _ in range(RUNS):
        for mode, options in (("none", ["--network", "none"]), ("default", ["--network", "private"]), ("fast", ["--network", "fast"])):
            before = {int(name) for name in os.listdir("/proc") if name.isdigit()}
            output(["coracle", "run", "-d", "--rm", "--name", "idle"] + options + ["host", "sleep", "1000"])
            time.sleep(3)  # idle: what starting took is given back
            sizes = []
            for pid in sorted({int(name) for name in os.listdir("/proc") if name.isdigit()} - before):
                try:
                    with open(f"/proc/{pid}/comm") as file:
                        sizes.append((file.read().strip(), pss(pid)))
                except OSError:
                    pass
            subprocess.run(["coracle", "rm", "-f", "-t", "0", "idle"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            sums.setdefault(mode, []).append(sum(size for _, size in sizes))
            rows.append([mode, f"{sums[mode][-1]:.2f}", ", ".join(f"{name} {size:.2f}" for name, size in sizes)])
    table("memory: one idle container, all its processes (MiB PSS)", ["network", "sum", "each"], rows)
    more = statistics.median(sums["default"]) - statistics.median(sums["none"])
    budget("memory of the default network", more <= 2, f"{more:.2f} MiB more than none, at most 2")


def versions():
    first = lambda *words: (output(list(words)).strip().splitlines() or ["?"])[0]
    print("versions: " + "; ".join([first("coracle", "--version"), first("slirp4netns", "--version"), "passt " + first("dpkg-query", "-W", "-f", "${Version}", "passt"), first("iperf3", "--version"),
                                    "Linux " + os.uname().release, f"{len(os.sched_getaffinity(0))} cores"]), flush=True)


def main():
    versions()
    with open("/tmp/nginx-5400.conf", "w") as file:
        file.write(NGINX % (5400, 5400))
    start(["iperf3", "-s", "-p", "5201"])
    start(["iperf3", "-s", "-p", "5202"])
    start(["nginx", "-c", "/tmp/nginx-5400.conf"])
    start([sys.executable, "-c", ECHO_SERVER])
    until_open(5400)
    run_tests(contenders())
    for key, bench in (("start", starts), ("memory", memory)):
        if not ONLY or key in ONLY:
            bench()


try:
    main()
finally:
    for child in children:
        stop(child)
if missed:
    sys.exit("budgets missed: " + "; ".join(missed))
