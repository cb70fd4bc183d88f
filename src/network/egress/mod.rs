//! `--egress`: which outgoing traffic of a container is let out, and a log of it.
//!
//! ```text
//! lookup   ── question ── a rule for the name? ── no ── NXDOMAIN at once
//!                              │ yes
//! answer   ── ties the name to its addresses, for its time to live and a while
//! flow     ── an address rule? ─ allow
//!             a tied name with a rule for this port? ── TLS port ── the server name must be allowed ── allow
//!                              │ no                     other ports ── allow
//!                              └ refused at once (reset, or ICMP "administratively prohibited")
//! ```
//!
//! What must stay true:
//! - nothing leaves that no rule admits, and nothing is silently dropped;
//! - a name admits an address only after our own DNS gave that address for it, so a container cannot claim that an
//!   address belongs to an allowed name; and a server that shares its address with others is reached by TLS only
//!   under an allowed name (what the ClientHello says in the clear: under Encrypted Client Hello, the outer name);
//! - DNS servers other than the gateway's (port 53 and 853) are out of reach unless a rule names the port or the address, since
//!   lookups are a way out by themselves;
//! - everything kept is bounded, whatever the container does.
//!
//! The same rules, in a process that sees no lookups, decide what `--network=fast` may bypass: addresses only
//! ([`Rules::allow_address`]).

pub mod client_hello;
pub mod dns;
mod error;
pub mod log;
mod members;
mod names;
mod policy;
mod rules;

pub use error::EgressError;
pub use members::Members;
pub use policy::{EgressPolicy, EgressScreen};
pub(crate) use rules::is_within;
pub use rules::{Rules, Target};

use client_hello::Hello;
use jiff::Timestamp;
use log::{Kind, Line, Log, Outcome};
use names::Names;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Instant;

/// Protocols that rules tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP echo.
    Icmp,
}

/// Ports on which clients speak TLS first: HTTPS, SMTPS, LDAPS, DNS over TLS, FTPS, IMAPS, POP3S, SIPS, IRCS, AMQPS, MQTTS
/// (IANA's registry) and the usual second one of HTTPS. On others a client may wait for the server, so waiting
/// for it would stall both.
const TLS_PORTS: [u16; 12] = [443, 465, 636, 853, 990, 993, 995, 5061, 5671, 6697, 8443, 8883];
/// DNS and DNS over TLS.
const DNS_PORTS: [u16; 2] = [53, 853];

/// What a process that enforces the rules is told.
#[derive(Debug)]
pub struct Settings {
    /// The rules.
    pub rules: Rules,
    /// The gateway's addresses, which stand for the host.
    pub host: Vec<IpAddr>,
    /// Where flows are written, open for appending.
    pub log: Option<OwnedFd>,
}

impl Settings {
    /// The rules at work.
    pub fn begin(self) -> Egress {
        Egress::new(self.rules, self.host, self.log.map(Log::new))
    }
}

/// A decision about a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Let it out; the name that led to it, when known.
    Allow(Option<Rc<str>>),
    /// Refuse it at once.
    Refuse(Option<Rc<str>>),
    /// Show the first bytes the client sends to [`Egress::inspect`].
    Inspect,
}

/// The rules of one container at work: with the answers its DNS gave.
#[derive(Debug)]
pub struct Egress {
    rules: Rules,
    names: Names,
    /// Addresses of the gateway, which stand for the host.
    host: Vec<IpAddr>,
    log: Option<Log>,
}

/// Names of the gateway, which containers find in /etc/hosts rather than by asking.
const HOST_NAMES: [&str; 2] = ["host.containers.internal", "host.docker.internal"];

impl Egress {
    /// Rules without any answer yet. `host` are the gateway's addresses.
    pub fn new(rules: Rules, host: Vec<IpAddr>, log: Option<Log>) -> Egress {
        Egress { rules, names: Names::default(), host, log }
    }

    /// The rules themselves.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The container asks its DNS something. `Some` is the reply to give at once, without asking anybody.
    ///
    /// A message that is not one question of class IN is refused like a name that is not allowed, by silence when there
    /// is nothing to reply to.
    pub fn question(&mut self, query: &[u8]) -> Option<Vec<u8>> {
        let Some(question) = dns::question(query) else { return Some(Vec::new()) };
        if self.rules.allow_lookup(&question.name) {
            return None;
        }
        self.write(&Line {
            time: Timestamp::now(),
            protocol: Kind::Dns,
            name: Some(&question.name),
            address: None,
            port: None,
            verdict: Outcome::Refused,
            bytes_sent: None,
            bytes_received: None,
        });
        Some(dns::no_such_name(query, &question))
    }

    /// The container's DNS is about to give this answer to this question.
    pub fn answer(&mut self, query: &[u8], response: &[u8]) {
        let (Some(asked), Some(answered)) = (dns::question(query), dns::question(response)) else { return };
        if !asked.name.eq_ignore_ascii_case(&answered.name) || !self.rules.allow_lookup(&asked.name) {
            return;
        }
        let (name, now): (Rc<str>, _) = (asked.name.to_ascii_lowercase().into(), Instant::now());
        for (address, ttl_seconds) in dns::addresses(response, &answered) {
            self.names.tie(&name, address, ttl_seconds, now);
        }
    }

    /// Decides about a flow before anything of it leaves.
    pub fn decide(&self, target: &Target) -> Decision {
        let now = Instant::now();
        let is_dns = DNS_PORTS.contains(&target.port) && target.transport != Transport::Icmp;
        if self.rules.allow_address(target) && !(is_dns && self.rules.is_open_to(target)) {
            return Decision::Allow(self.names.of(target.address, now).next().cloned());
        }
        if self.host.contains(&target.address)
            && let Some(name) = HOST_NAMES.into_iter().find(|name| self.allows(name, target))
        {
            return Decision::Allow(Some(name.into()));
        }
        let tied = self.names.of(target.address, now).find(|name| self.allows(name, target)).cloned();
        match tied {
            Some(_) if is_dns && !self.rules.names_port(target) => Decision::Refuse(tied),
            Some(_) if target.transport == Transport::Tcp && TLS_PORTS.contains(&target.port) => Decision::Inspect,
            Some(_) => Decision::Allow(tied),
            None => Decision::Refuse(self.names.of(target.address, now).next().cloned()),
        }
    }

    /// Decides about a flow by the first bytes of its client. [`Decision::Inspect`] asks for more.
    pub fn inspect(&self, target: &Target, first: &[u8]) -> Decision {
        let tied = || {
            let now = Instant::now();
            self.names.of(target.address, now).find(|name| self.allows(name, target)).cloned()
        };
        match client_hello::read(first) {
            Hello::Incomplete if first.len() < client_hello::MOST_BYTES => Decision::Inspect,
            Hello::Name(name) if self.allows(&name, target) => Decision::Allow(Some(name.into())),
            Hello::Name(name) => Decision::Refuse(Some(name.into())),
            Hello::Incomplete | Hello::NoName | Hello::Other => Decision::Refuse(tied()),
        }
    }

    fn allows(&self, name: &str, target: &Target) -> bool {
        self.rules.allow_name(name, target.transport, target.port)
            || (target.transport == Transport::Icmp && self.rules.allow_lookup(name))
    }

    /// Writes a line to the log, if there is one.
    pub fn write(&mut self, line: &Line<'_>) {
        if let Some(log) = &mut self.log {
            log.write(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(words: &[&str], answers: &[(&str, [u8; 4])]) -> Egress {
        let mut egress = Egress::new(Rules::parse(words).unwrap(), vec![[10, 88, 0, 1].into()], None);
        for (name, address) in answers {
            let query = dns::tests::query(name);
            egress.answer(&query, &dns::tests::answer(&query, &[("", 1, address.to_vec())]));
        }
        egress
    }

    fn target(transport: Transport, address: [u8; 4], port: u16) -> Target {
        Target { transport, address: IpAddr::from(address), port }
    }

    const GOOD: [u8; 4] = [192, 0, 2, 1];
    const OTHER: [u8; 4] = [192, 0, 2, 2];

    #[test]
    fn names_need_an_answer() {
        use Transport::{Icmp, Tcp, Udp};
        let tied = egress(&["allow=a.example,b.example:22"], &[("A.example", GOOD), ("c.example", OTHER)]);
        let name = || Some(Rc::from("a.example"));
        for (target, expected) in [
            (target(Tcp, GOOD, 80), Decision::Allow(name())),
            (target(Udp, GOOD, 443), Decision::Allow(name())),
            (target(Icmp, GOOD, 0), Decision::Allow(name())),
            (target(Tcp, GOOD, 443), Decision::Inspect),
            (target(Tcp, GOOD, 53), Decision::Refuse(name())),
            (target(Udp, GOOD, 53), Decision::Refuse(name())),
            (target(Tcp, OTHER, 80), Decision::Refuse(None)),
            (target(Udp, OTHER, 443), Decision::Refuse(None)),
        ] {
            assert_eq!(tied.decide(&target), expected, "{target:?}");
        }
        assert_eq!(egress(&["allow=a.example"], &[]).decide(&target(Tcp, GOOD, 80)), Decision::Refuse(None));
    }

    #[test]
    fn foreign_name_servers_need_a_rule_of_their_own() {
        use Transport::{Tcp, Udp};
        let (query, encrypted) = (target(Udp, GOOD, 53), target(Tcp, GOOD, 853));
        for (word, expected) in [
            ("allow=*", false),
            ("allow=0.0.0.0/0", true),
            ("allow=192.0.2.1", true),
            ("allow=*:53,*:853", true),
            ("deny", false),
        ] {
            for target in [query, encrypted] {
                let is_allowed = matches!(egress(&[word], &[]).decide(&target), Decision::Allow(_));
                assert_eq!(is_allowed, expected, "{word} {target:?}");
            }
        }
    }

    #[test]
    fn the_host_has_names() {
        let gateway = target(Transport::Tcp, [10, 88, 0, 1], 443);
        let egress = |word| egress(&[word], &[]).decide(&gateway);
        let name = Some("host.docker.internal".into());
        assert_eq!(egress("allow=host.docker.internal:443"), Decision::Allow(name));
        assert_eq!(egress("allow=host.docker.internal:80"), Decision::Refuse(None));
    }

    #[test]
    fn tls_goes_by_the_name_in_the_hello() {
        let egress = egress(&["allow=*.a.example"], &[("www.a.example", GOOD)]);
        let target = target(Transport::Tcp, GOOD, 443);
        let hello = client_hello::tests::sample("img.A.example");
        assert_eq!(egress.inspect(&target, &hello), Decision::Allow(Some("img.a.example".into())));
        assert_eq!(egress.inspect(&target, &hello[..9]), Decision::Inspect);
        let other = client_hello::tests::sample("evil.example");
        assert_eq!(egress.inspect(&target, &other), Decision::Refuse(Some("evil.example".into())));
        assert_eq!(egress.inspect(&target, b"GET /"), Decision::Refuse(Some("www.a.example".into())));
    }

    #[test]
    fn lookups() {
        let mut egress = egress(&["allow=a.example:443"], &[]);
        assert_eq!(egress.question(&dns::tests::query("A.Example")), None);
        let reply = egress.question(&dns::tests::query("secret.evil.example")).unwrap();
        assert_eq!(reply[3] & 0xf, 3);
        assert_eq!(egress.question(b"garbage"), Some(Vec::new()));
    }

    #[test]
    fn the_log_is_json_and_bounded() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let descriptor = file.reopen().unwrap().into();
        let mut egress = Egress::new(Rules::default(), Vec::new(), Some(Log::new(descriptor)));
        for _ in 0..2000 {
            egress.question(&dns::tests::query("evil.example"));
        }
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!((1..=1500).contains(&text.lines().count()), "{}", text.lines().count());
        let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!((line["protocol"].as_str(), line["verdict"].as_str()), (Some("dns"), Some("refused")));
        assert_eq!(line["name"].as_str(), Some("evil.example"));
    }
}
