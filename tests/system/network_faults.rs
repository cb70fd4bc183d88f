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
