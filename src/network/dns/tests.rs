use super::message::{A, AAAA, NAME_ERROR, NO_ERROR, PTR, SERVER_FAILURE, code, is_answer, reply, wire_name};
use super::names::Names;
use super::{Forwarder, Malformed, Open, Screen, Settings, parse_query};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

fn query(id: [u8; 2], name: &str, kind: u16) -> Vec<u8> {
    let mut message = vec![id[0], id[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    message.extend(wire_name(name).unwrap());
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend([0, 1]);
    message
}

/// An answer with one A record.
fn answer(query: &[u8], address: [u8; 4]) -> Vec<u8> {
    let end = parse_query(query).unwrap().end;
    let mut message = reply(query, Some(end), NO_ERROR);
    message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4]);
    message.extend(address);
    message[7] = 1;
    message
}

fn forwarder(servers: &[SocketAddr]) -> Forwarder {
    Forwarder::new(&Settings { servers: servers.to_vec(), ..Settings::default() }, Box::new(Open)).unwrap()
}

/// Runs the forwarder until `client` can be read or `limit` has passed.
fn run(forwarder: &mut Forwarder, client: &OwnedFd, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    loop {
        let now = Instant::now();
        if now >= end {
            return false;
        }
        let wake = forwarder.deadline().map_or(end, |deadline| deadline.min(end)).saturating_duration_since(now);
        let timeout = Timespec { tv_sec: wake.as_secs() as i64, tv_nsec: i64::from(wake.subsec_nanos()) };
        let descriptor = forwarder.descriptor();
        let mut watched = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN), PollFd::new(client, PollFlags::IN)];
        poll(&mut watched, Some(&timeout)).unwrap();
        if !watched[1].revents().is_empty() {
            return true;
        }
        let has_news = !watched[0].revents().is_empty();
        if has_news {
            forwarder.ready(Instant::now());
        }
        forwarder.expired(Instant::now());
    }
}

fn ask(forwarder: &mut Forwarder, client: &OwnedFd, message: &[u8]) -> Vec<u8> {
    rustix::io::write(client, message).unwrap();
    assert!(run(forwarder, client, Duration::from_secs(20)), "no answer");
    let mut buffer = vec![0; 65535];
    let length = rustix::io::read(client, &mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

/// A name server on loopback that treats each query with `serve`, in a thread of its own.
fn server(serve: impl Fn(&UdpSocket, &[u8], SocketAddr) + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            serve(&socket, &buffer[..length], from);
        }
    });
    address
}

#[test]
fn a_query_is_forwarded_with_another_id_and_its_answer_comes_back() {
    let address = server(|socket, query, from| {
        // Forged answers first: another id, another question.
        let mut forged = answer(query, [6, 6, 6, 6]);
        forged[0] ^= 1;
        socket.send_to(&forged, from).unwrap();
        let mut other = query.to_vec();
        other[13] ^= 1;
        socket.send_to(&answer(&other, [6, 6, 6, 6]), from).unwrap();
        socket.send_to(&answer(query, [10, 1, 2, 3]), from).unwrap();
    });
    let mut forwarder = forwarder(&[address]);
    let client = forwarder.datagrams().unwrap();
    let sent = query([7, 8], "Example.org", A);
    let got = ask(&mut forwarder, &client, &sent);
    assert!(is_answer(&sent, &got), "{got:?}");
    assert!(got.ends_with(&[10, 1, 2, 3]));
}

#[test]
fn a_server_that_hangs_is_followed_by_the_next_which_is_then_preferred() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let alive = server(|socket, query, from| drop(socket.send_to(&answer(query, [1, 1, 1, 1]), from)));
    let mut forwarder = forwarder(&[silent.local_addr().unwrap(), alive]);
    let client = forwarder.datagrams().unwrap();
    let start = Instant::now();
    let sent = query([0, 1], "a.test", A);
    assert_eq!(code(&ask(&mut forwarder, &client, &sent)), NO_ERROR);
    assert!(start.elapsed() > Duration::from_secs(1));
    let start = Instant::now();
    assert_eq!(code(&ask(&mut forwarder, &client, &query([0, 2], "b.test", A))), NO_ERROR);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn servers_that_refuse_end_in_failure_at_once() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut forwarder = forwarder(&[closed, closed]);
    let client = forwarder.datagrams().unwrap();
    let start = Instant::now();
    assert_eq!(code(&ask(&mut forwarder, &client, &query([0, 1], "a.test", A))), SERVER_FAILURE);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_failure_of_one_server_is_not_the_last_word() {
    let failing = server(|socket, query, from| {
        let end = parse_query(query).unwrap().end;
        socket.send_to(&reply(query, Some(end), 5), from).unwrap();
    });
    let alive = server(|socket, query, from| drop(socket.send_to(&answer(query, [1, 1, 1, 1]), from)));
    let mut both = forwarder(&[failing, alive]);
    let client = both.datagrams().unwrap();
    assert_eq!(code(&ask(&mut both, &client, &query([0, 1], "a.test", A))), NO_ERROR);
    let mut one = forwarder(&[failing]);
    let client = one.datagrams().unwrap();
    assert_eq!(code(&ask(&mut one, &client, &query([0, 1], "a.test", A))), 5);
}

#[test]
fn queries_over_tcp_are_forwarded_over_tcp_one_after_the_other() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut query).unwrap();
            let mut long = answer(&query, [9, 9, 9, 9]);
            long.resize(20_000, 0);
            stream.write_all(&(long.len() as u16).to_be_bytes()).unwrap();
            stream.write_all(&long).unwrap();
        }
    });
    let mut forwarder = forwarder(&[address]);
    let client = forwarder.stream(Instant::now()).unwrap();
    let mut sent = Vec::new();
    for number in 0..3 {
        let query = query([0, number], "big.test", A);
        sent.extend((query.len() as u16).to_be_bytes());
        sent.extend(query);
    }
    rustix::io::write(&client, &sent).unwrap();
    let mut got = Vec::new();
    while got.len() < 3 * 20_002 {
        assert!(run(&mut forwarder, &client, Duration::from_secs(20)));
        let mut buffer = [0; 65535];
        let length = rustix::io::read(&client, &mut buffer).unwrap();
        got.extend_from_slice(&buffer[..length]);
    }
    for number in 0..3 {
        let start = usize::from(number) * 20_002;
        assert_eq!(got[start..start + 4], [0x4e, 0x20, 0, number]);
    }
    // A client that goes away while its query is under way leaves nothing.
    let stream = UnixStream::from(client);
    drop(stream);
    forwarder.ready(Instant::now());
    assert_eq!(forwarder.deadline(), None);
}

#[test]
fn names_of_the_table_are_answered_here() {
    let mut forwarder = forwarder(&["127.0.0.1:9".parse().unwrap()]);
    forwarder.add_name("Redis", "10.89.0.5".parse().unwrap());
    forwarder.add_name("redis", "fd00::5".parse().unwrap());
    let client = forwarder.datagrams().unwrap();
    let mut asked = |name: &str, kind: u16| ask(&mut forwarder, &client, &query([0, 1], name, kind));
    let got = asked("rEDIS", A);
    assert_eq!((code(&got), got[7], got.ends_with(&[10, 89, 0, 5])), (NO_ERROR, 1, true));
    assert!(asked("redis.dns.podman", AAAA).ends_with(&[0, 0, 5]));
    assert_eq!(asked("redis", 15)[7], 0, "the name has no MX record");
    assert_eq!(code(&asked("other.dns.podman", A)), NAME_ERROR);
    let got = asked("5.0.89.10.in-addr.arpa", PTR);
    assert!(got.ends_with(b"\x05redis\0"), "{got:?}");
    forwarder.remove_name("redis", "10.89.0.5".parse().unwrap());
    assert_eq!(ask(&mut forwarder, &client, &query([0, 1], "redis", A))[7], 0);
}

#[test]
fn a_screen_sees_answers_and_refuses_names() {
    struct Refusing;
    impl Screen for Refusing {
        fn question(&mut self, _client: Option<IpAddr>, query: &[u8]) -> Option<Vec<u8>> {
            let question = parse_query(query).ok()?;
            (question.name == wire_name("no.test").unwrap()).then(|| reply(query, Some(question.end), 5))
        }
        fn answer(&mut self, _client: Option<IpAddr>, query: &[u8], response: &[u8]) {
            assert!(is_answer(query, response));
        }
    }
    let alive = server(|socket, query, from| drop(socket.send_to(&answer(query, [1, 1, 1, 1]), from)));
    let settings = Settings { servers: vec![alive], ..Settings::default() };
    let mut forwarder = Forwarder::new(&settings, Box::new(Refusing)).unwrap();
    let client = forwarder.datagrams().unwrap();
    assert_eq!(code(&ask(&mut forwarder, &client, &query([0, 1], "no.test", A))), 5);
    assert_eq!(code(&ask(&mut forwarder, &client, &query([0, 2], "yes.test", A))), NO_ERROR);
}

#[test]
fn noise_is_ignored_or_refused() {
    let noise: [(&[u8], Malformed); 6] = [
        (&[], Malformed::Ignore),
        (&[0; 11], Malformed::Ignore),
        (&[0, 0, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0], Malformed::Ignore),
        (&[0, 0, 0x28, 0, 0, 1, 0, 0, 0, 0, 0, 0], Malformed::Answer(4)),
        (&[0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0], Malformed::Answer(1)),
        (&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1], Malformed::Answer(1)),
    ];
    for (message, expected) in noise {
        assert_eq!(parse_query(message), Err(expected), "{message:?}");
    }
    let mut long = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for _ in 0..5 {
        long.push(60);
        long.extend([b'a'; 60]);
    }
    long.extend([0, 0, 1, 0, 1]);
    assert_eq!(parse_query(&long), Err(Malformed::Answer(1)));
}

#[test]
fn nothing_that_arrives_makes_a_parser_panic() {
    let base = answer(&query([1, 2], "www.example.org", A), [1, 2, 3, 4]);
    let mut names = Names::default();
    names.add("www.example.org", "10.0.0.1".parse().unwrap());
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for _ in 0..200_000 {
        let mut message = base.clone();
        for _ in 0..1 + random() % 4 {
            let at = random() as usize % message.len();
            message[at] = random() as u8;
        }
        message.truncate(random() as usize % (message.len() + 1));
        if let Ok(question) = parse_query(&message) {
            let answer = names.answer(&message, &question);
            assert!(answer.is_none_or(|answer| answer.len() <= 512));
            reply(&message, Some(question.end), SERVER_FAILURE);
        }
        is_answer(&base, &message);
        is_answer(&message, &base);
    }
}
