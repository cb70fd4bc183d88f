//! `-p` and `--expose`.

use super::OptionError;
use crate::cli::values;
use crate::engine::request::PublishRequest;
use std::net::IpAddr;

/// Parses `[[IP:]HOST:]CONTAINER[/PROTOCOL]`; IPv6 addresses stand in brackets, either side may be a range.
pub(super) fn publish(text: &str) -> Result<PublishRequest, OptionError> {
    let (text, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    if !matches!(protocol, "tcp" | "udp" | "sctp") {
        return Err(OptionError::PortProtocol(protocol.to_owned()));
    }
    let (host_ip, rest) = address(text)?;
    let (host, container) = match rest.split_once(':') {
        Some((host, container)) if !container.contains(':') => (host, container),
        Some(_) => return Err(OptionError::PortFormat),
        None if host_ip.is_empty() => ("", rest),
        None => return Err(OptionError::PortFormat),
    };
    let (container_port, count) = range("container", container)?;
    let (host_port, host_count) = match host {
        "" | "0" => (0, count),
        _ => range("host", host)?,
    };
    // A range on the host's side for a single port lets the system choose within it; podman takes its first port.
    if host_count != count && count != 1 {
        return Err(OptionError::PortRangeLength { host: host_count.into(), container: count.into() });
    }
    Ok(PublishRequest { host_ip: host_ip.to_owned(), host_port, container_port, count, protocol: protocol.to_owned() })
}

/// Splits a leading address from the ports.
fn address(text: &str) -> Result<(&str, &str), OptionError> {
    let (address, rest) = match text.strip_prefix('[') {
        Some(inner) => inner.split_once("]:").ok_or(OptionError::PortFormat)?,
        None if text.matches(':').count() == 2 => text.split_once(':').ok_or(OptionError::PortFormat)?,
        None => return Ok(("", text)),
    };
    match address.is_empty() || address.parse::<IpAddr>().is_ok() {
        true => Ok((address, rest)),
        false => Err(OptionError::PortAddress(address.to_owned())),
    }
}

/// First port and number of ports of `80` or `80-90`.
fn range(side: &'static str, text: &str) -> Result<(u16, u16), OptionError> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(side, first)?, port(side, last)?);
    match first {
        1.. if first <= last => Ok((first, last - first + 1)),
        _ => Err(OptionError::PortRange { side, text: text.to_owned() }),
    }
}

fn port(side: &'static str, text: &str) -> Result<u16, OptionError> {
    let number = values::unsigned(text).map_err(|reason| {
        let reason = reason.replace("ParseUint", "Atoi");
        OptionError::PortNumber { side, reason }
    })?;
    u16::try_from(number).map_err(|_| OptionError::PortRange { side, text: text.to_owned() })
}

/// Checks `PORT[-PORT][/PROTOCOL]`.
pub(super) fn check_expose(text: &str) -> Result<(), OptionError> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    if !matches!(protocol, "tcp" | "udp" | "sctp") {
        return Err(OptionError::PortProtocol(protocol.to_owned()));
    }
    for number in ports.splitn(2, '-') {
        values::unsigned(number).map_err(|reason| OptionError::Expose(format!("{ports}: {reason}")))?;
    }
    range("container", ports).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ip host container count protocol` in one line.
    fn show(text: &str) -> String {
        match publish(text) {
            Ok(port) => {
                format!("{} {} {} {} {}", port.host_ip, port.host_port, port.container_port, port.count, port.protocol)
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn ports_of_the_command_line() {
        let cases = [
            ("80", " 0 80 1 tcp"),
            ("8080:80", " 8080 80 1 tcp"),
            (":80", " 0 80 1 tcp"),
            ("8080:80/udp", " 8080 80 1 udp"),
            ("127.0.0.1:8080:80", "127.0.0.1 8080 80 1 tcp"),
            ("127.0.0.1::80", "127.0.0.1 0 80 1 tcp"),
            ("[::]:8080:80", ":: 8080 80 1 tcp"),
            ("[::1]::80", "::1 0 80 1 tcp"),
            ("8000-8002:80-82", " 8000 80 3 tcp"),
            ("1-65535", " 0 1 65535 tcp"),
            ("8000-8002:80-83", "container and host port ranges have different lengths: 3 vs 4"),
            ("0", r#"container ports "0" must be a range of rising ports from 1 to 65535"#),
            ("82-80", r#"container ports "82-80" must be a range of rising ports from 1 to 65535"#),
            ("70000:80", r#"host ports "70000" must be a range of rising ports from 1 to 65535"#),
            ("a.b:80:80", r#"cannot parse "a.b" as an IP address"#),
            ("80/icmp", r#"unrecognized protocol "icmp" in port mapping"#),
            ("[::1]80", "invalid port format - format is [[hostIP:]hostPort:]containerPort"),
            ("[::1]:80", "invalid port format - format is [[hostIP:]hostPort:]containerPort"),
            ("", r#"parsing container port: invalid port number: strconv.Atoi: parsing "": invalid syntax"#),
        ];
        for (text, expected) in cases {
            assert_eq!(show(text), expected, "-p {text}");
        }
    }
}
