//! A TLS ClientHello with a server name, damaged by the input: at each pair of bytes of the input (place, value).
//! However much of it has come, what is said of it is never taken back.
#![no_main]

use coracle::network::egress::client_hello::{Hello, read};
use libfuzzer_sys::fuzz_target;

/// A record with a ClientHello for `name`.
fn sound(name: &[u8]) -> Vec<u8> {
    let long = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
    let list = long(&[&[0][..], &long(name)].concat());
    let extensions = [&[0, 0][..], &long(&list), &[0, 0x2b, 0, 3, 2, 3, 4]].concat();
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &long(&extensions)].concat();
    let handshake = [&[1, 0][..], &long(&body)].concat();
    [&[22, 3, 1][..], &long(&handshake)].concat()
}

fuzz_target!(|data: &[u8]| {
    let mut hello = sound(b"www.example.org");
    for pair in data.chunks_exact(2) {
        let length = hello.len();
        hello[usize::from(pair[0]) % length] = pair[1];
    }
    let mut before = Hello::Incomplete;
    for length in 0..=hello.len() {
        let now = read(&hello[..length]);
        assert!(before == Hello::Incomplete || now == before, "{before:?}, then {now:?}");
        if let Hello::Name(name) = &now {
            assert!(!name.is_empty() && name.len() <= 253);
        }
        before = now;
    }
    read(data);
});
