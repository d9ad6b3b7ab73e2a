//! Hears the proofs of others and wants to be paid for them: tells the same header with a coinbase of its own, tells again
//! what counted long ago, and puts either into the blocks that it leads (FAULTS W2, W9).

use replica::wire::{Message, Request, Response};
use testnet::sim::{Crime, Hand, Smuggler, Utterance};
use types::{List, SystemCall};

use super::loot::{Loot, Plan, Sack};

/// Steals by word and by block.
pub(super) struct Thief {
    smuggler: Smuggler,
    loot: Loot,
}

impl Thief {
    /// The plan says what it puts into its blocks.
    pub(super) fn new(plan: Plan) -> Self {
        Self { smuggler: Smuggler::of(Box::new(Sack::new(plan))), loot: Loot::default() }
    }
}

fn tell(hand: &mut Hand<'_>, call: SystemCall) -> (usize, Utterance) {
    let to = hand.somebody();
    let calls = List::new(vec![call]).expect("one call");
    (to, Utterance::Stream(Message::SystemCalls(calls)))
}

impl Crime for Thief {
    fn send(&mut self, hand: &mut Hand<'_>, to: usize, message: Message) -> Vec<Message> {
        self.smuggler.send(hand, to, message)
    }

    fn hear(&mut self, hand: &mut Hand<'_>, heard: &Message) -> Vec<(usize, Utterance)> {
        self.smuggler.hear(hand, heard);
        let mut said = Vec::new();
        // Each proof is worth a try once: two thieves would otherwise feed each other for ever.
        for call in self.loot.hear(heard) {
            if let Some(stolen) = self.loot.redirect(hand.chain_id(), &call) {
                hand.fault("redirected proof");
                said.push(tell(hand, stolen));
            }
            if let Some(old) = self.loot.oldest() {
                hand.fault("repeated proof");
                said.push(tell(hand, old));
            }
        }
        said
    }

    fn answer(&mut self, hand: &mut Hand<'_>, request: &Request, honest: Response) -> Option<Response> {
        self.smuggler.answer(hand, request, honest)
    }
}
