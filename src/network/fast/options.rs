//! Options of a socket, carried over to the one that takes its place.

use crate::sys::socket_option::{Value, get, get_u64, set};
use libc::{
    IP_TOS, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPV6_TCLASS, IPV6_V6ONLY, SO_BUSY_POLL, SO_DONTROUTE,
    SO_INCOMING_CPU, SO_KEEPALIVE, SO_LINGER, SO_OOBINLINE, SO_PRIORITY, SO_RCVBUF, SO_RCVLOWAT, SO_RCVTIMEO,
    SO_REUSEADDR, SO_SNDBUF, SO_SNDTIMEO, SO_TIMESTAMP, SO_ZEROCOPY, SOL_SOCKET, TCP_CONGESTION, TCP_CORK,
    TCP_DEFER_ACCEPT, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_LINGER2, TCP_MAXSEG, TCP_NODELAY,
    TCP_NOTSENT_LOWAT, TCP_QUICKACK, TCP_SYNCNT, TCP_THIN_LINEAR_TIMEOUTS, TCP_USER_TIMEOUT, TCP_WINDOW_CLAMP,
};
use std::os::fd::BorrowedFd;

/// Options without privilege that a program may have set before connecting (socket(7), tcp(7), ip(7), ipv6(7)).
const COPIED: [(i32, i32); 30] = [
    (SOL_SOCKET, SO_KEEPALIVE),
    (SOL_SOCKET, SO_LINGER),
    (SOL_SOCKET, SO_OOBINLINE),
    (SOL_SOCKET, SO_PRIORITY),
    (SOL_SOCKET, SO_RCVLOWAT),
    (SOL_SOCKET, SO_RCVTIMEO),
    (SOL_SOCKET, SO_SNDTIMEO),
    (SOL_SOCKET, SO_REUSEADDR),
    (SOL_SOCKET, SO_TIMESTAMP),
    (SOL_SOCKET, SO_ZEROCOPY),
    (SOL_SOCKET, SO_BUSY_POLL),
    (SOL_SOCKET, SO_DONTROUTE),
    (SOL_SOCKET, SO_INCOMING_CPU),
    (IPPROTO_TCP, TCP_NODELAY),
    (IPPROTO_TCP, TCP_CORK),
    (IPPROTO_TCP, TCP_KEEPIDLE),
    (IPPROTO_TCP, TCP_KEEPINTVL),
    (IPPROTO_TCP, TCP_KEEPCNT),
    (IPPROTO_TCP, TCP_SYNCNT),
    (IPPROTO_TCP, TCP_LINGER2),
    (IPPROTO_TCP, TCP_DEFER_ACCEPT),
    (IPPROTO_TCP, TCP_WINDOW_CLAMP),
    (IPPROTO_TCP, TCP_QUICKACK),
    (IPPROTO_TCP, TCP_CONGESTION),
    (IPPROTO_TCP, TCP_USER_TIMEOUT),
    (IPPROTO_TCP, TCP_NOTSENT_LOWAT),
    (IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS),
    (IPPROTO_IP, IP_TOS),
    (IPPROTO_IPV6, IPV6_TCLASS),
    (IPPROTO_IPV6, IPV6_V6ONLY),
];

/// `SO_BUF_LOCK` and its bits: a program has chosen this buffer's size itself (include/uapi/linux/socket.h).
const SO_BUF_LOCK: i32 = 72;
const SEND_LOCKED: i32 = 1;
const RECEIVE_LOCKED: i32 = 2;
/// `SO_NETNS_COOKIE`, include/uapi/asm-generic/socket.h (Linux 5.14).
const SO_NETNS_COOKIE: i32 = 71;

/// Gives `to` the options of `from`, as far as they differ. What cannot be set is left: these are hints.
pub(super) fn copy(from: BorrowedFd<'_>, to: BorrowedFd<'_>) {
    for (level, name) in COPIED {
        if let (Ok(wanted), Ok(present)) = (get(from, level, name), get(to, level, name))
            && wanted != present
        {
            let _ = set(to, level, name, &wanted);
        }
    }
    // Reported before any connection as the protocol's default, which must not become a limit.
    if let (Ok(own), Ok(default)) = (get(from, IPPROTO_TCP, TCP_MAXSEG), get(to, IPPROTO_TCP, TCP_MAXSEG))
        && own != default
    {
        let _ = set(to, IPPROTO_TCP, TCP_MAXSEG, &own);
    }
    let locked = get(from, SOL_SOCKET, SO_BUF_LOCK).map_or(0, |value| value.number());
    for (bit, name) in [(SEND_LOCKED, SO_SNDBUF), (RECEIVE_LOCKED, SO_RCVBUF)] {
        if locked & bit != 0
            && let Ok(size) = get(from, SOL_SOCKET, name)
        {
            // The kernel doubles what it is given (socket(7)).
            let _ = set(to, SOL_SOCKET, name, &Value::of(size.number() / 2));
        }
    }
}

/// Which network namespace a socket belongs to.
pub(super) fn network_of(socket: BorrowedFd<'_>) -> Option<u64> {
    get_u64(socket, SOL_SOCKET, SO_NETNS_COOKIE).ok()
}

/// Family of a TCP socket; `None` for any other file.
pub(super) fn tcp_family(socket: BorrowedFd<'_>) -> Option<i32> {
    let option = |name| get(socket, SOL_SOCKET, name).ok().map(|value| value.number());
    let family = option(libc::SO_DOMAIN)?;
    let is_tcp = option(libc::SO_TYPE)? == libc::SOCK_STREAM && option(libc::SO_PROTOCOL)? == IPPROTO_TCP;
    (is_tcp && (family == libc::AF_INET || family == libc::AF_INET6)).then_some(family)
}
