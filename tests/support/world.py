"""world.py COMMAND...: runs COMMAND in a small world of its own, as root of a fresh user and network namespace.

`unshare --user --map-root-user --net --mount python3 world.py coracle run ...`. The world has addresses 198.51.100.1 to .9, a name
server on 198.51.100.53, and on every address TCP servers that say who they are:
  80, 8080  answer "from ADDRESS to ADDRESS" to whatever they are sent, then close
  443       the same, after the first bytes
  25        say "ready" first, as mail servers do, then the same
Names: a.example .1, b.example .2, x.wild.example .3, cdn.example is an alias of edge.example .4, meta.example 169.254.169.254,
slow.example is never answered. UDP port 443 echoes. The name servers 198.51.100.54 and 127.0.0.53 give every name 198.51.100.54 and .53. A file named by WORLD_NAMES gets a line for every name asked for.
"""
import os, socket, struct, subprocess, sys, threading

NAMES = {"a.example": ("A", "198.51.100.1"), "b.example": ("A", "198.51.100.2"), "x.wild.example": ("A", "198.51.100.3"),
         "cdn.example": ("CNAME", "edge.example"), "edge.example": ("A", "198.51.100.4"), "meta.example": ("A", "169.254.169.254")}


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(name, kind, value):
    data = socket.inet_aton(value) if kind == "A" else wire(value)
    return wire(name) + struct.pack(">HHIH", 1 if kind == "A" else 5, 1, 60, len(data)) + data


def reply(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    question, kind = query[12:at + 5], struct.unpack(">H", query[at + 1:at + 3])[0]
    name = ".".join(labels).lower()
    if os.environ.get("WORLD_NAMES"):
        with open(os.environ["WORLD_NAMES"], "a") as file:
            file.write(name + "\n")
    if name == "slow.example":
        return None
    answers = []
    while name in NAMES and kind == 1:
        answers.append(record(name, *NAMES[name]))
        name = NAMES[name][1] if NAMES[name][0] == "CNAME" else ""
    known = ".".join(labels).lower() in NAMES
    header = query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, len(answers), 0, 0)
    return header + question + b"".join(answers)


def reply_always(query, address):
    question = query[12:query.index(b"\0", 12) + 5]
    kind = struct.unpack(">H", question[-4:-2])[0]
    answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address) if kind == 1 else b""
    return query[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(answer), 0, 0) + question + answer


def serve_names(server, answering):
    while True:
        query, client = server.recvfrom(4096)
        answer = answering(query)
        if answer:
            server.sendto(answer, client)


def serve(connection, port):
    with connection:
        try:
            connection.settimeout(20)
            if port == 25:
                connection.sendall(b"ready\n")
            connection.recv(65536)
            connection.sendall(f"from {connection.getpeername()[0]} to {connection.getsockname()[0]}\n".encode())
        except OSError:
            pass


def listen(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("0.0.0.0", port))
    server.listen(1024)

    def accept():
        while True:
            connection = server.accept()[0]
            threading.Thread(target=serve, args=(connection, port), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()


def echo():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", 443))
    while True:
        data, client = server.recvfrom(65536)
        server.sendto(data, client)


run("ip", "link", "set", "lo", "up")
for last in list(range(1, 10)) + [53, 54]:
    run("ip", "addr", "add", f"198.51.100.{last}/32", "dev", "lo")
with open(os.path.join(os.environ.get("TMPDIR", "/tmp"), f"resolv-{os.getpid()}"), "w") as file:
    file.write("nameserver 198.51.100.53\n")
run("mount", "--bind", file.name, os.path.realpath("/etc/resolv.conf"))
os.unlink(file.name)
for server in ("198.51.100.53", "198.51.100.54", "127.0.0.53"):
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind((server, 53))
    fixed = "198.51.100." + server.split(".")[3]
    answering = reply if server == "198.51.100.53" else lambda query, fixed=fixed: reply_always(query, fixed)
    threading.Thread(target=serve_names, args=(names, answering), daemon=True).start()
threading.Thread(target=echo, daemon=True).start()
for port in (25, 80, 443, 8080):
    listen(port)
done = subprocess.run(sys.argv[1:])
sys.stdout.flush()
os._exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)
