//! Which networks with names a container is to be on: `--network NAME[:OPTION=VALUE,...]`, several times.

use crate::engine::error::Error;
use crate::store::networks::{DEFAULT_NAME, Networks};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Words after `--network` that are not names of networks, up to a `:`.
const MODES: &[&str] =
    &["none", "host", "private", "default", "ns", "container", "pasta", "slirp4netns", "slirp", "fast", ""];

/// One network a container is on, as asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The network's name.
    pub network: String,
    /// Addresses wanted, at most one of each family.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// Hardware address wanted, `xx:xx:xx:xx:xx:xx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Further names of the container on this network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Name of the interface inside; `eth0`, `eth1`, ... in order when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
}

/// What applies to all networks of a container: `--ip`, `--ip6`, `--mac-address`, `--network-alias`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `--ip` and `--ip6`.
    pub addresses: Vec<IpAddr>,
    /// `--mac-address`.
    pub mac: Option<String>,
    /// `--network-alias`.
    pub aliases: Vec<String>,
}

/// Whether one word after `--network` names a network (and not a mode).
pub fn names_a_network(word: &str) -> bool {
    !MODES.contains(&word.split(':').next().unwrap_or_default())
}

/// The networks that `words` ask for; none when they ask for a mode. Names are looked up in `networks`.
///
/// # Errors
/// Several words of which one is a mode; an unknown network or option; a bad address; an address for several networks.
pub fn parse_all(words: &[String], wishes: &Wishes, networks: &Networks) -> Result<Vec<Attachment>, Error> {
    let bad = |text: String| Err(Error::BadRequest(text));
    if let Some(mode) = words.iter().find(|word| !names_a_network(word)) {
        return match words.len() {
            1 => Ok(Vec::new()),
            _ => bad(format!(
                "cannot set multiple networks without bridge network mode, selected mode {mode}: invalid argument"
            )),
        };
    }
    let mut attachments: Vec<Attachment> = Vec::with_capacity(words.len());
    for word in words {
        let mut attachment = parse(word).map_err(Error::BadRequest)?;
        attachment.network = networks.find(&attachment.network)?.name;
        // The same network twice is one, with the options of both.
        match attachments.iter_mut().find(|known| known.network == attachment.network) {
            Some(known) => merge(known, attachment),
            None => attachments.push(attachment),
        }
    }
    if attachments.len() > 1 && !(wishes.addresses.is_empty() && wishes.mac.is_none()) {
        return bad("--ip, --ip6 and --mac-address can only be set for a single network".to_owned());
    }
    for attachment in &mut attachments {
        attachment.addresses.extend(&wishes.addresses);
        attachment.mac = attachment.mac.take().or_else(|| wishes.mac.clone());
        for alias in &wishes.aliases {
            add_alias(attachment, alias);
        }
    }
    check_interfaces(&attachments)?;
    Ok(attachments)
}

fn merge(known: &mut Attachment, other: Attachment) {
    known.addresses.extend(other.addresses);
    known.mac = known.mac.take().or(other.mac);
    known.interface = known.interface.take().or(other.interface);
    for alias in &other.aliases {
        add_alias(known, alias);
    }
}

/// Adds a name once.
pub fn add_alias(attachment: &mut Attachment, alias: &str) {
    if !attachment.aliases.iter().any(|known| known == alias) {
        attachment.aliases.push(alias.to_owned());
    }
}

/// `NAME[:OPTION=VALUE,...]`; the error is a whole line.
fn parse(word: &str) -> Result<Attachment, String> {
    let (name, options) = word.split_once(':').unwrap_or((word, ""));
    let name = if name == "bridge" { DEFAULT_NAME } else { name };
    let mut attachment = Attachment { network: name.to_owned(), ..Attachment::default() };
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match key {
            "ip" | "ip6" => attachment.addresses.push(address(value, key == "ip6")?),
            "mac" => attachment.mac = Some(mac(value)?),
            "alias" if value.is_empty() => return Err("alias cannot be empty".to_owned()),
            "alias" => add_alias(&mut attachment, value),
            "interface_name" if is_interface_name(value) => attachment.interface = Some(value.to_owned()),
            "interface_name" => return Err(format!("invalid interface name {value:?}")),
            // The host's side is in the network's own namespace, where nobody sees its name.
            "host_interface_name" => {}
            _ => return Err(format!("unknown bridge network option: {key}")),
        }
    }
    Ok(attachment)
}

/// An address of one family.
pub fn address(text: &str, is_ipv6: bool) -> Result<IpAddr, String> {
    let parsed: Option<IpAddr> = text.parse().ok();
    parsed.filter(|address| address.is_ipv6() == is_ipv6).ok_or_else(|| format!("invalid ip address {text:?}"))
}

/// A hardware address, brought into the form `xx:xx:xx:xx:xx:xx`.
pub fn mac(text: &str) -> Result<String, String> {
    let bad = || format!("address {text}: invalid MAC address");
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let is_good = parts.len() == 6
        && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    // A set lowest bit marks groups of receivers, which no interface can be.
    let is_group = parts.first().and_then(|part| u8::from_str_radix(part, 16).ok()).is_none_or(|first| first & 1 == 1);
    if is_good && !is_group { Ok(parts.join(":").to_ascii_lowercase()) } else { Err(bad()) }
}

/// The kernel's rule for names of interfaces (`dev_valid_name`, net/core/dev.c; 15 bytes).
pub fn is_interface_name(name: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b':');
    !name.is_empty() && name.len() < 16 && name != "." && name != ".." && name.bytes().all(is_good)
}

fn check_interfaces(attachments: &[Attachment]) -> Result<(), Error> {
    let mut names: Vec<&str> = attachments.iter().filter_map(|attachment| attachment.interface.as_deref()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::BadRequest(format!("interface name {:?} is given to two networks", pair[0]))),
        None if names.contains(&"lo") => Err(Error::BadRequest("interface name \"lo\" is the loopback's".to_owned())),
        None => Ok(()),
    }
}

/// The interface names of a container's networks, in order: those asked for, else `eth0`, `eth1`, ...
pub fn interfaces(attachments: &[Attachment]) -> Vec<String> {
    let mut taken: Vec<String> = attachments.iter().filter_map(|attachment| attachment.interface.clone()).collect();
    let name = |attachment: &Attachment| {
        attachment.interface.clone().unwrap_or_else(|| {
            let name = free_interface(&taken);
            taken.push(name.clone());
            name
        })
    };
    attachments.iter().map(name).collect()
}

/// The first of `eth0`, `eth1`, ... that is not taken.
pub fn free_interface(taken: &[String]) -> String {
    (0_u32..).map(|number| format!("eth{number}")).find(|name| !taken.contains(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::networks::Network;
    use crate::store::paths::Paths;

    fn parse_words(words: &[&str], wishes: &Wishes) -> Result<Vec<Attachment>, String> {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths { root: home.path().into(), run_root: home.path().into(), additional: vec![] };
        let networks = Networks::new(&paths);
        for name in ["a", "b"] {
            let network = Network { name: name.to_owned(), id: name.repeat(64), ..Network::default_network() };
            networks.write(&network).unwrap();
        }
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        parse_all(&words, wishes, &networks).map_err(|error| error.to_string())
    }

    #[test]
    fn modes_are_not_networks() {
        for mode in ["none", "host", "private", "pasta:-t,80", "slirp4netns:mtu=1", "container:x", "ns:/x", "fast"] {
            assert_eq!(parse_words(&[mode], &Wishes::default()), Ok(Vec::new()), "{mode}");
            assert!(parse_words(&["a", mode], &Wishes::default()).is_err(), "{mode}");
        }
    }

    #[test]
    fn options_follow_the_name() {
        let wishes = Wishes { aliases: vec!["x".to_owned()], ..Wishes::default() };
        let parsed =
            parse_words(&["a:ip=10.0.0.9,alias=x,alias=y,mac=02-AA-00-00-00-01", "b:interface_name=w0"], &wishes);
        let parsed = parsed.unwrap();
        assert_eq!(parsed[0].addresses, [IpAddr::from([10, 0, 0, 9])]);
        assert_eq!(parsed[0].aliases, ["x", "y"]);
        assert_eq!(parsed[0].mac.as_deref(), Some("02:aa:00:00:00:01"));
        assert_eq!(parsed[1].aliases, ["x"]);
        assert_eq!(interfaces(&parsed), ["eth0", "w0"]);
        assert_eq!(parse_words(&["bridge"], &Wishes::default()).unwrap()[0].network, "podman");
        assert_eq!(parse_words(&["a", "a:alias=z"], &Wishes::default()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let one_address = Wishes { addresses: vec![IpAddr::from([10, 0, 0, 9])], ..Wishes::default() };
        for (words, wishes, expected) in [
            (&["c"][..], Wishes::default(), "unable to find network with name or ID c: network not found"),
            (&["a:x=1"], Wishes::default(), "unknown bridge network option: x"),
            (&["a:ip=fd00::1"], Wishes::default(), "invalid ip address \"fd00::1\""),
            (&["a:mac=01:00:00:00:00:01"], Wishes::default(), "address 01:00:00:00:00:01: invalid MAC address"),
            (&["a:interface_name=x/y"], Wishes::default(), "invalid interface name \"x/y\""),
            (
                &["a:interface_name=e", "b:interface_name=e"],
                Wishes::default(),
                "interface name \"e\" is given to two networks",
            ),
            (&["a", "b"], one_address, "--ip, --ip6 and --mac-address can only be set for a single network"),
        ] {
            assert_eq!(parse_words(words, &wishes).unwrap_err(), expected);
        }
    }
}
