//! Proposes an epoch's last block again on the view in which it was first notarized, as if the views since were
//! nullified, though one of them notarized it once more. Where that is followed, a view that was finalized in between
//! can be undone.

use replica::wire::Message;
use types::{Proposal, VoteStatement};

use super::{Crime, Hand};

/// Names the header's own view as the parent's.
pub(crate) struct Reproposer;

impl Crime for Reproposer {
    fn send(&mut self, hand: &mut Hand<'_>, _to: usize, message: Message) -> Vec<Message> {
        match message {
            Message::Proposal(proposal) if hand.is_own(&proposal) => {
                let statement = proposal.vote.statement;
                let first = proposal.header.view;
                if first >= statement.parent_view {
                    return vec![Message::Proposal(proposal)];
                }
                hand.faults.add("unjustified re-proposal");
                let vote = hand.sign(VoteStatement { parent_view: first, ..statement });
                vec![Message::Proposal(Proposal { vote, header: proposal.header })]
            }
            message => vec![message],
        }
    }
}
