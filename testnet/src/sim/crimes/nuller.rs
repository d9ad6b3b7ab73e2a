//! Nullifies every view, as early as it can, and nothing else.

use replica::wire::Message;
use types::{Epoch, Hash32, View, VoteKind, VoteStatement};

use super::{Crime, Hand, Utterance};

/// Remembers which views it has nullified.
#[derive(Default)]
pub(crate) struct Nuller {
    newest: (Epoch, View),
}

fn nullify(statement: VoteStatement) -> VoteStatement {
    VoteStatement { kind: VoteKind::Nullify, parent_view: View::ZERO, block: Hash32::ZERO, ..statement }
}

impl Crime for Nuller {
    fn send(&mut self, hand: &mut Hand<'_>, _to: usize, message: Message) -> Vec<Message> {
        match message {
            Message::Vote(vote) => vec![Message::Vote(hand.sign(nullify(vote.statement)))],
            Message::Proposal(_) | Message::Sketch(_) => Vec::new(),
            message => vec![message],
        }
    }

    fn hear(&mut self, hand: &mut Hand<'_>, heard: &Message) -> Vec<(usize, Utterance)> {
        let Message::Vote(vote) = heard else { return Vec::new() };
        let statement = vote.statement;
        if (statement.epoch, statement.view) <= self.newest {
            return Vec::new();
        }
        self.newest = (statement.epoch, statement.view);
        hand.faults.add("early nullify");
        let vote = Message::Vote(hand.sign(nullify(statement)));
        let others = hand.others();
        others.map(|to| (to, Utterance::Stream(vote.clone()))).collect()
    }
}
