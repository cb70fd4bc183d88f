//! A container's network under load and with a bad world outside: the container goes on, and nothing is left behind. The
//! world is `support/world.py`.

use super::support::{Sandbox, needs, networked_host};

/// Prints how many descriptors the container's network process has, and how much memory of its own in KiB.
const STATE: &str = r#"
state() {
    for process in /proc/[0-9]*; do
        if [ "$(cat $process/comm 2>/dev/null)" = coracle-net ] && [ "$(readlink $process/ns/net)" = "$(readlink /proc/self/ns/net)" ]; then
            echo "$(ls $process/fd | wc -l) $(sed -n 's/^Private_Dirty: *\([0-9]*\) kB/\1/p' $process/smaps_rollup)"
        fi
    done
}
"#;

/// Numbers that a script printed.
fn numbers(text: &str) -> Vec<u64> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn five_thousand_connections_leave_nothing() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    let sandbox = Sandbox::new();
    let client = sandbox.file(
        "client.py",
        "import socket\nfor n in range(5000):\n    s = socket.create_connection(('198.51.100.5', 80), 20)\n    s.sendall(b'x'); assert s.recv(99); s.close()\n",
    );
    let script = format!(
        "{STATE} $coracle run -d --name c --network private host sleep 100 >/dev/null
        $coracle exec -i c python3 -c 'import socket; socket.create_connection((\"198.51.100.5\", 80), 20)'
        state; $coracle exec -i c python3 - <{client}; state; $coracle rm -f -t 0 c >/dev/null"
    );
    let outcome = sandbox.shell_in_world(&script).run().succeeds();
    let [descriptors, memory, descriptors_after, memory_after] = numbers(&outcome.text())[..] else {
        panic!("{outcome:?}");
    };
    // A connection that waits for its last packet may still be there.
    assert!(descriptors_after <= descriptors + 64, "{outcome:?}");
    assert!(memory_after <= memory + 4096, "{outcome:?}");
}

#[test]
fn a_resolver_that_hangs_stops_nobody_else() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    let sandbox = Sandbox::new();
    let script = "getent hosts slow.example & sleep 0.2; began=$(date +%s%N); getent hosts a.example;
        echo $(( ($(date +%s%N) - began) / 1000000 ))";
    let outcome =
        sandbox.in_world(["run", "--rm", "--network", "private", "host", "sh", "-c", script]).run().succeeds();
    let lines = outcome.lines();
    assert!(lines.iter().any(|line| line.starts_with("198.51.100.1")), "{outcome:?}");
    let milliseconds: u64 = lines.iter().find_map(|line| line.parse().ok()).expect("a time");
    assert!(milliseconds < 2000, "{outcome:?}");
}

#[test]
fn a_host_without_network_is_an_error_at_once_and_heals() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    let sandbox = Sandbox::new();
    let ask = "import socket; s = socket.create_connection((\"198.51.100.5\", 80), 20); s.sendall(b\"x\"); print(s.recv(4).decode())";
    let script = format!(
        "$coracle run -d --name c --network private host sleep 100 >/dev/null
        $coracle exec c python3 -c '{ask}'
        ip addr del 198.51.100.5/32 dev lo
        began=$(date +%s); $coracle exec c python3 -c '{ask}' 2>&1 | tail -n 1; echo $(( $(date +%s) - began < 10 ))
        ip addr add 198.51.100.5/32 dev lo
        $coracle exec c python3 -c '{ask}'; $coracle rm -f -t 0 c >/dev/null"
    );
    let outcome = sandbox.shell_in_world(&script).run().succeeds();
    let lines = outcome.lines();
    assert_eq!((lines[0].as_str(), lines[2].as_str(), lines[3].as_str()), ("from", "1", "from"), "{outcome:?}");
    assert!(lines[1].contains("unreachable"), "{outcome:?}");
}

/// Garbage, and openings of connections that nobody ever goes on with: to an address that never answers, a port that is
/// closed, and the gateway; then one honest connection.
const FLOOD: &str = r#"
import random, socket, struct
mac = lambda text: bytes.fromhex(text.replace(":", ""))
own = mac(open("/sys/class/net/eth0/address").read().strip())
def inside(command):
    import subprocess
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
route = inside(["ip", "-4", "route", "show", "default"])
gateway = route[route.index("via") + 1]
address = [word for word in inside(["ip", "-4", "-o", "addr", "show", "eth0"]) if "/" in word][0].split("/")[0]
for line in open("/proc/net/arp").read().splitlines()[1:]:
    if line.split()[0] == gateway:
        router = mac(line.split()[3])
def total(data):
    data += b"\0" * (len(data) % 2)
    value = sum(struct.unpack(f">{len(data) // 2}H", data))
    while value > 0xffff:
        value = (value & 0xffff) + (value >> 16)
    return ~value & 0xffff
def opening(target, port, number):
    ends = socket.inet_aton(address) + socket.inet_aton(target)
    tcp = struct.pack(">HHIIBBHHH", 1024 + number % 60000, port, number * 7919, 0, 0x50, 2, 65535, 0, 0)
    tcp = tcp[:16] + struct.pack(">H", total(ends + struct.pack(">HH", 6, len(tcp)) + tcp)) + tcp[18:]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), number & 0xffff, 0, 64, 6, 0) + ends
    head = head[:10] + struct.pack(">H", total(head)) + head[12:]
    return router + own + b"\x08\0" + head + tcp
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("eth0", 0))
chance = random.Random(7)
for number in range(12000):
    kind = chance.choice([b"\x08\0", b"\x86\xdd", b"\x08\x06", chance.randbytes(2)])
    start = chance.choice([b"", b"\x45\0", b"\x60", b"\0\1\x08\0\6\4\0\1"])
    frames = [router + own + kind + start + chance.randbytes(chance.randrange(1, 1400))]
    frames += [opening("203.0.113.7", 80, number), opening("198.51.100.5", 81, number), opening(gateway, 9, number)]
    for frame in frames:
        try:
            wire.send(frame)
        except OSError:
            pass
"#;

#[test]
fn floods_and_garbage_from_inside_are_borne() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    let sandbox = Sandbox::new();
    let flood = sandbox.file("flood.py", FLOOD);
    let honest = "import socket; s = socket.create_connection((\"198.51.100.5\", 80), 60); s.sendall(b\"x\"); print(s.recv(4).decode())";
    // What is sent to 203.0.113.7 is never heard of again.
    let script = format!(
        "{STATE} ip link add hole type veth peer name bottom; ip addr add 203.0.113.1/24 dev hole
        ip link set bottom up; ip link set hole up; ip neigh add 203.0.113.7 lladdr 02:00:00:00:00:07 dev hole
        $coracle run -d --name c --network private --cap-add NET_RAW host sleep 1000 >/dev/null
        $coracle exec c python3 -c '{honest}'
        $coracle exec -i c python3 - <{flood}; state; $coracle exec c python3 -c '{honest}'
        $coracle inspect --format '{{{{.State.Status}}}}' c; $coracle rm -f -t 0 c >/dev/null"
    );
    let outcome = sandbox.shell_in_world(&script).run().succeeds();
    let lines = outcome.lines();
    assert_eq!(
        (lines[0].as_str(), &lines[2..]),
        ("from", &["from".to_owned(), "running".to_owned()][..]),
        "{outcome:?}"
    );
    let memory = numbers(&lines[1])[1];
    assert!(memory < 64 << 10, "{memory} KiB: {outcome:?}");
    sandbox.assert_nothing_left();
}
