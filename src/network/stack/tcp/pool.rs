//! Memory for data on its way to guests: buffers of one frame each, kept until the guest has acknowledged them.
//!
//! A frame's payload is received straight into such a buffer, its headers are put in front, it leaves in one write and
//! stays where it is for a retransmission. The last buffers given back are reused first, while they are still in the
//! processor's cache. The whole is bounded; a flow that finds nothing left waits.

use super::super::packet::HEADROOM;

/// Payload of one buffer: the longest segment of IPv4 at the largest MTU, 65,520 - 40.
pub const PAYLOAD: usize = 65_480;

/// Most buffers in use at once: 64 MiB.
pub const MOST: usize = 1024;

/// Buffers kept for reuse. At rest they are all that is left: 512 KiB.
const KEPT: usize = 8;

/// Payload up to this many bytes is kept in a buffer of its own size.
const SMALL: usize = 8192;

/// The buffers.
#[derive(Debug, Default)]
pub struct Pool {
    free: Vec<Box<[u8]>>,
    used: usize,
}

/// Payload that was sent, behind [`HEADROOM`] bytes for its headers.
#[derive(Debug)]
pub struct Buffer {
    bytes: Box<[u8]>,
    is_large: bool,
}

impl Buffer {
    /// All bytes: headroom, then payload.
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Pool {
    /// A buffer to receive into; `None` when all are in use.
    pub fn take(&mut self) -> Option<Buffer> {
        if self.used >= MOST {
            return None;
        }
        self.used += 1;
        let bytes = self.free.pop().unwrap_or_else(|| vec![0; HEADROOM + PAYLOAD].into_boxed_slice());
        Some(Buffer { bytes, is_large: true })
    }

    /// Gives a buffer back.
    pub fn give(&mut self, buffer: Buffer) {
        if buffer.is_large {
            self.used -= 1;
            if self.free.len() < KEPT {
                self.free.push(buffer.bytes);
            }
        }
    }

    /// The same payload in no more memory than it needs, of which `length` bytes are used.
    pub fn fit(&mut self, buffer: Buffer, length: usize) -> Buffer {
        if length > SMALL {
            return buffer;
        }
        let Some(used) = buffer.bytes.get(..HEADROOM + length) else { return buffer };
        let small = Buffer { bytes: used.into(), is_large: false };
        self.give(buffer);
        small
    }

    /// Buffers that one more flow may take.
    pub fn fair_share(&self) -> usize {
        ((MOST - self.used) / 4).max(1)
    }

    /// Bytes held for retransmission in whole buffers.
    pub fn bytes_used(&self) -> usize {
        self.used * (HEADROOM + PAYLOAD)
    }
}
