//! How much a guest may send: the room in the host's socket, so that the receiver at the far end sets the pace and
//! nothing is buffered here but what was already under way.

use super::flow::{Flow, Host};
use crate::sys::socket_memory;

/// Largest window, bytes.
pub const MOST: u32 = 4 << 20;

/// Smallest window while the socket takes data: a frame. `pending` holds what does not fit.
const LEAST: u32 = 65_536;

/// What is accepted before the policy has decided, bytes.
pub const INSPECTED: usize = 16 * 1024;

/// Payload after which the socket's room is measured again, bytes.
const MEASURE_AFTER: u32 = 32 * 1024;

/// The window to put in the next segment, bytes, a multiple of the flow's scale. Its right edge never moves back
/// (RFC 9293 section 3.8.6.2.2).
pub fn advertise(flow: &mut Flow) -> u32 {
    let fresh = flow.receive_next.wrapping_add(room(flow));
    if super::flow::before(flow.receive_edge, fresh) {
        // Rounded down to what the header can say.
        let window = fresh.wrapping_sub(flow.receive_next) >> flow.receive_scale << flow.receive_scale;
        let expressible = window.min(65_535 << flow.receive_scale);
        let edge = flow.receive_next.wrapping_add(expressible);
        if super::flow::before(flow.receive_edge, edge) {
            flow.receive_edge = edge;
        }
    }
    flow.receive_edge.wrapping_sub(flow.receive_next)
}

/// Bytes that the host's side can take.
fn room(flow: &mut Flow) -> u32 {
    match flow.host {
        Host::Inspecting | Host::Connecting => INSPECTED.saturating_sub(flow.pending.len()) as u32,
        Host::Connected if !flow.pending.is_empty() || !flow.writable => 0,
        Host::Connected => {
            if flow.room == 0 || flow.since_measured >= MEASURE_AFTER {
                flow.since_measured = 0;
                let measured = flow.socket.as_ref().and_then(|socket| socket_memory::send_room(socket).ok());
                flow.room = measured.unwrap_or(LEAST).clamp(LEAST, MOST);
            }
            flow.room
        }
    }
}
