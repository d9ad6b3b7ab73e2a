//! A valid member that talks without end: votes for views far ahead and far back, of unknown validators, the same
//! proposal over and over (FAULTS C13, L9, L19).

use replica::wire::Message;
use types::{Epoch, Hash32, ValidatorIndex, View, Vote, VoteKind, VoteStatement};

use super::{Crime, Hand, Utterance};

/// Says so many things for every view that begins; floods do not feed on floods.
pub(crate) struct Flooder {
    burst: u64,
    newest: (Epoch, View),
}

impl Flooder {
    pub(crate) const fn new(burst: u64) -> Self {
        Self { burst, newest: (Epoch::ZERO, View::ZERO) }
    }

    fn vote(hand: &mut Hand<'_>, about: VoteStatement) -> Message {
        let view = match hand.lots.below(4) {
            0 => about.view.saturating_add(1_000_000),
            1 => View(about.view.0 / 2 + 1),
            2 => View(u64::MAX),
            _ => about.view.saturating_add(hand.lots.below(16)),
        };
        let kind = hand.lots.pick(&[VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize]);
        let hash = Hash32(crypto::hash::sha256(&hand.lots.next().to_le_bytes()));
        let statement = VoteStatement {
            kind,
            epoch: about.epoch,
            view,
            parent_view: if kind == VoteKind::Notarize { view.saturating_sub(1) } else { View::ZERO },
            block: if kind == VoteKind::Nullify { Hash32::ZERO } else { hash },
        };
        let vote = hand.sign(statement);
        let stranger = hand.lots.chance(200);
        Message::Vote(if stranger { Vote { signer: ValidatorIndex(u16::MAX), ..vote } } else { vote })
    }
}

impl Crime for Flooder {
    fn hear(&mut self, hand: &mut Hand<'_>, heard: &Message) -> Vec<(usize, Utterance)> {
        let Message::Proposal(proposal) = heard else { return Vec::new() };
        let about = proposal.vote.statement;
        if (about.epoch, about.view) <= self.newest {
            return Vec::new();
        }
        self.newest = (about.epoch, about.view);
        let mut said = Vec::new();
        for _ in 0..self.burst {
            let message = if hand.lots.chance(200) { heard.clone() } else { Self::vote(hand, about) };
            hand.faults.add("flood");
            let to = hand.somebody();
            said.push((to, Utterance::Stream(message)));
        }
        said
    }
}
