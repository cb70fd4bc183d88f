//! The network: interfaces, addresses, default route, name servers; from /proc/net and /etc/resolv.conf.

use super::Page;
use std::net::Ipv4Addr;

pub(super) fn describe(page: &mut Page) {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let interfaces = interfaces(&read("/proc/net/dev"));
    let addresses = local_addresses(&read("/proc/net/fib_trie"));
    let mut text = match interfaces.as_slice() {
        [] => "no interface".to_owned(),
        names if names.iter().all(|name| name == "lo") => "loopback only".to_owned(),
        names => names.join(" "),
    };
    if !addresses.is_empty() {
        let shown: Vec<String> = addresses.iter().map(Ipv4Addr::to_string).collect();
        text.push_str(&format!("; addresses {}", shown.join(" ")));
    }
    if let Some(gateway) = default_gateway(&read("/proc/net/route")) {
        text.push_str(&format!("; gateway {gateway}"));
    }
    page.line("network", &text);
    let resolver = read("/etc/resolv.conf");
    let servers = name_servers(&resolver);
    if !servers.is_empty() {
        page.line("name servers", &servers.join(" "));
    }
}

/// Names of the interfaces in a text of /proc/net/dev (two lines of heading).
fn interfaces(text: &str) -> Vec<String> {
    text.lines().skip(2).filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())).collect()
}

/// Addresses of this host other than loopback, from the kernel's table: `|-- ADDRESS` and below it `/32 host LOCAL`.
fn local_addresses(text: &str) -> Vec<Ipv4Addr> {
    let mut addresses = Vec::new();
    let mut last = None;
    for line in text.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse::<Ipv4Addr>().ok();
        } else if line.starts_with("/32 host LOCAL") {
            addresses.extend(last.filter(|address| !address.is_loopback() && !addresses.contains(address)));
        }
    }
    addresses
}

/// The gateway of the default route in a text of /proc/net/route; numbers are hexadecimal in the machine's byte order.
fn default_gateway(text: &str) -> Option<Ipv4Addr> {
    text.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (destination, gateway) = (fields.next()?, fields.next()?);
        let number = u32::from_str_radix(gateway, 16).ok().filter(|number| *number != 0)?;
        (destination == "00000000").then(|| Ipv4Addr::from(number.to_ne_bytes()))
    })
}

fn name_servers(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.split_whitespace().next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_the_kernel_are_read() {
        let devices = "Inter-|   Receive\n face |bytes\n    lo:       0\n  eth0: 1296\n";
        assert_eq!(interfaces(devices), ["lo", "eth0"]);
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.2.100\n        /32 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n\
                    Local:\n     |-- 10.0.2.100\n        /32 host LOCAL\n     |-- 10.0.2.255\n        /32 link BROADCAST\n";
        assert_eq!(local_addresses(trie), [Ipv4Addr::new(10, 0, 2, 100)]);
        assert_eq!(name_servers("# x\nnameserver 10.0.2.3\nsearch a\n nameserver  ::1 \n"), ["10.0.2.3", "::1"]);
    }

    #[test]
    fn the_gateway_is_that_of_the_default_route() {
        let number = u32::from_ne_bytes([10, 0, 2, 2]);
        let text = format!("Iface\tDestination\tGateway\neth0\t0002000A\t00000000\neth0\t00000000\t{number:08X}\n");
        assert_eq!(default_gateway(&text), Some(Ipv4Addr::new(10, 0, 2, 2)));
        assert_eq!(default_gateway(""), None);
    }
}
