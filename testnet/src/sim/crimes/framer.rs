//! Frames honest members with what it passes on (FAULTS HA2, HB3): genuine votes with headers that their signers never
//! wrote, votes and certificates of others with bent signatures, and, while others are still in an epoch that it has left,
//! votes in the name of whoever has its own present place in the next set.
//!
//! It is heard to say all this itself, so nobody but itself may be punished for it.

use replica::wire::Message;
use types::{BlsSignature, Hash32, Proposal, TimeMs, ValidatorIndex, Vote, VoteKind, VoteStatement};

use super::{Crime, Hand, Utterance};

/// Frames somebody at so many of a thousand messages that it hears, and at every message of a new epoch.
pub(crate) struct Framer {
    per_mille: u64,
}

impl Framer {
    pub(crate) const fn new(per_mille: u64) -> Self {
        Self { per_mille }
    }

    /// What the leader never said: another header, or another vote.
    fn bend_proposal(hand: &mut Hand<'_>, proposal: &Proposal) -> Message {
        let mut bent = proposal.clone();
        match hand.lots.below(6) {
            0 => bent.header.time = TimeMs(bent.header.time.0 + 1),
            1 => bent.header.view = bent.header.view.next(),
            2 => bent.header.epoch = bent.header.epoch.next(),
            3 => bent.header.proposer = ValidatorIndex(bent.header.proposer.0 ^ 1),
            4 => bent.header.chain_id.0.0[0] ^= 1,
            _ => bent.vote.signature = bend(bent.vote.signature),
        }
        Message::Proposal(bent)
    }

    /// What its signer never said.
    fn bend_vote(hand: &mut Hand<'_>, vote: &Vote) -> Message {
        let mut bent = *vote;
        match hand.lots.below(3) {
            0 => bent.signature = bend(bent.signature),
            1 => bent.statement.view = bent.statement.view.next(),
            _ if bent.statement.kind == VoteKind::Nullify => bent.signer = ValidatorIndex(bent.signer.0 ^ 1),
            _ => bent.statement.block = Hash32([0xf1; 32]),
        }
        Message::Vote(bent)
    }

    /// The same vote by whoever stands in the coming set where this member stands in the present one.
    fn in_successors_name(hand: &mut Hand<'_>, statement: VoteStatement) -> Option<Message> {
        let before = types::Epoch(statement.epoch.0.checked_sub(1)?);
        let place = hand.ground.index_in(before, hand.own)?;
        let successor = hand.ground.member_at(statement.epoch, place)?;
        (successor != hand.own).then(|| {
            hand.faults.add("vote in a successor's name");
            Message::Vote(Vote { statement, signer: place, signature: bend(BlsSignature([3; 48])) })
        })
    }
}

fn bend(mut signature: BlsSignature) -> BlsSignature {
    signature.0[7] ^= 1;
    signature
}

impl Crime for Framer {
    fn hear(&mut self, hand: &mut Hand<'_>, heard: &Message) -> Vec<(usize, Utterance)> {
        let mut said = Vec::new();
        if let Message::Vote(vote) | Message::Proposal(Proposal { vote, .. }) = heard
            && let Some(message) = Self::in_successors_name(hand, vote.statement)
        {
            said.extend(hand.others().map(|to| (to, Utterance::Stream(message.clone()))));
        }
        if !hand.lots.chance(self.per_mille) {
            return said;
        }
        let bent = match heard {
            Message::Proposal(proposal) => Self::bend_proposal(hand, proposal),
            Message::Vote(vote) => Self::bend_vote(hand, vote),
            Message::Certificate(certificate) => {
                let mut bent = certificate.clone();
                bent.signature = bend(bent.signature);
                Message::Certificate(bent)
            }
            Message::Sketch(sketch) => {
                let mut bent = sketch.clone();
                bent.header.time = TimeMs(bent.header.time.0 + 1);
                Message::Sketch(bent)
            }
            Message::Transactions(_) | Message::SystemCalls(_) => return said,
        };
        hand.faults.add("framing");
        let to = hand.somebody();
        let by_gossip = hand.lots.chance(500);
        said.push((to, if by_gossip { Utterance::Gossip(bent) } else { Utterance::Stream(bent) }));
        said
    }
}
