//! Any bytes as what comes over the sockets between command, keeper, guard and init, and as lines of a container's log.
#![no_main]

use coracle::engine::logs::LogLine;
use coracle::network::fast::parse_address;
use coracle::runtime::attach::{ClientFrame, KeeperFrame};
use coracle::runtime::handshake;
use coracle::runtime::plan::LogDriver;
use coracle::sys::message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(frame) = ClientFrame::decode(data) {
        assert_eq!(ClientFrame::decode(&frame.encode()), Some(frame), "a frame survives the way");
    }
    let (one, other) = message::pair().expect("a pair");
    if message::send(&one, data, &[]).is_ok() {
        let _ = handshake::receive(&other);
    }
    if message::send(&one, data, &[]).is_ok() {
        let _ = handshake::next_order(&other);
    }
    if message::send(&one, data, &[]).is_ok() {
        let _ = KeeperFrame::receive(&other);
    }
    for driver in [LogDriver::K8sFile, LogDriver::JsonFile] {
        for line in data.split(|byte| *byte == b'\n') {
            if let Some(parsed) = LogLine::parse(driver, line) {
                assert!(parsed.text.len() <= line.len());
            }
        }
    }
    parse_address(data);
});
