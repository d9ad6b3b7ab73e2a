//! Has others keep what never comes: with each block that it leads it sends sketches of blocks far above, with long bodies and
//! the right roots, for each view that it may lead next (FAULTS HB5).

use replica::wire::{Message, Sketch};
use types::{ByteString, Header, Height, List, SystemCall, View};

use super::{Crime, Hand};

/// How many sketches go with a block, to each node.
const SKETCHES: u64 = 4;
/// System calls in each, and bytes of each.
const CALLS: usize = 64;
const CALL_BYTES: usize = 2_048;

/// Sends more than it leads.
#[derive(Default)]
pub(crate) struct Hoarder {
    count: u64,
}

impl Hoarder {
    fn sketch(&mut self, hand: &mut Hand<'_>, honest: &Header) -> Sketch {
        self.count += 1;
        let module = hand.ground.open_module();
        let call = |number: usize| {
            let mut body = vec![0; CALL_BYTES];
            body[..8].copy_from_slice(&self.count.to_le_bytes());
            body[8..16].copy_from_slice(&number.to_le_bytes());
            SystemCall { module, body: ByteString::new(body).expect("shorter than a call may be") }
        };
        let system_calls: Vec<SystemCall> = (0..CALLS).map(call).collect();
        let body_root = crypto::ids::body_root(&system_calls, &[]);
        let height = match hand.lots.below(3) {
            0 => Height(u64::MAX),
            1 => Height(honest.height.0 + 1_000_000),
            _ => Height(honest.height.0 + 1 + hand.lots.below(4)),
        };
        let view = View(honest.view.0 + hand.lots.below(3));
        hand.faults.add("sketch of what never comes");
        Sketch {
            header: Header { height, view, body_root, ..honest.clone() },
            system_calls: List::new(system_calls).expect("fewer than a block may have"),
            transactions: List::default(),
            given: List::default(),
        }
    }
}

impl Crime for Hoarder {
    fn send(&mut self, hand: &mut Hand<'_>, _to: usize, message: Message) -> Vec<Message> {
        let Message::Sketch(honest) = message else { return vec![message] };
        let more: Vec<_> = (0..SKETCHES).map(|_| self.sketch(hand, &honest.header)).collect();
        let more = more.into_iter().map(|sketch| Message::Sketch(Box::new(sketch)));
        more.chain([Message::Sketch(honest)]).collect()
    }
}
