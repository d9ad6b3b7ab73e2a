//! Says one thing to some and another to the others: two proposals in a view, two notarize votes, nullify and finalize
//! (FAULTS C1). Both proposals are valid blocks, so honest nodes would follow either.

use replica::wire::{Message, Sketch};
use types::{Hash32, Header, Proposal, TimeMs, View, VoteKind, VoteStatement};

use super::{Crime, Hand};

/// Tells nodes with an odd number, counted from the view, the other story.
#[derive(Default)]
pub(crate) struct Equivocator;

impl Equivocator {
    fn is_deceived(to: usize, view: View) -> bool {
        (to as u64 + view.0 / 4).is_multiple_of(2)
    }

    /// The same block a millisecond later: as valid as the first, unless the epoch ends between them.
    fn other(header: &Header) -> Header {
        Header { time: TimeMs(header.time.0 + 1), ..header.clone() }
    }

    fn other_vote(hand: &mut Hand<'_>, statement: VoteStatement) -> Message {
        let other = match statement.kind {
            VoteKind::Notarize => VoteStatement { block: Hash32([0xee; 32]), ..statement },
            VoteKind::Nullify => statement,
            VoteKind::Finalize => VoteStatement { kind: VoteKind::Nullify, block: Hash32::ZERO, ..statement },
        };
        hand.faults.add("contradicting vote");
        Message::Vote(hand.sign(other))
    }
}

impl Crime for Equivocator {
    fn send(&mut self, hand: &mut Hand<'_>, to: usize, message: Message) -> Vec<Message> {
        match message {
            Message::Proposal(proposal)
                if hand.is_own(&proposal)
                    && proposal.header.view == proposal.vote.statement.view
                    && Self::is_deceived(to, proposal.header.view) =>
            {
                let header = Self::other(&proposal.header);
                let block = crypto::ids::header_hash(&header);
                let vote = hand.sign(VoteStatement { block, ..proposal.vote.statement });
                hand.faults.add("second proposal");
                let other = Message::Proposal(Proposal { vote, header });
                if hand.lots.chance(300) { vec![other, Message::Proposal(proposal)] } else { vec![other] }
            }
            Message::Sketch(sketch)
                if sketch.header.proposer == hand.index(sketch.header.epoch)
                    && Self::is_deceived(to, sketch.header.view) =>
            {
                let header = Self::other(&sketch.header);
                vec![Message::Sketch(Box::new(Sketch { header, ..*sketch }))]
            }
            Message::Vote(vote) if hand.lots.chance(400) => {
                let other = Self::other_vote(hand, vote.statement);
                if hand.lots.chance(500) { vec![other] } else { vec![Message::Vote(vote), other] }
            }
            message => vec![message],
        }
    }
}
