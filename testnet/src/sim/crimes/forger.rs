//! Forges certificates and votes, and sends junk (FAULTS C9, C10, C13): bitmaps too short, too long or padded, one
//! signer short of a quorum, signatures of other statements, votes in others' names.

use std::collections::BTreeMap;

use consensus::Scheme;
use replica::wire::Message;
use types::{
    BlsSignature, ByteString, Certificate, Epoch, Hash32, Proposal, SignerBitmap, ValidatorIndex, View, Vote, VoteKind,
    VoteStatement,
};

use super::{Crime, Hand, Utterance};

/// Forges something at every so many messages that it hears.
pub(crate) struct Forger {
    pub(crate) per_mille: u64,
    /// Genuine certificates, to be bent.
    seen: Vec<Certificate>,
    /// Votes that it heard, of which it makes certificates before others do.
    votes: BTreeMap<VoteStatement, BTreeMap<ValidatorIndex, BlsSignature>>,
}

/// Statements whose votes a forger keeps.
const STATEMENTS_MAX: usize = 32;

impl Forger {
    pub(crate) const fn new(per_mille: u64) -> Self {
        Self { per_mille, seen: Vec::new(), votes: BTreeMap::new() }
    }

    /// Keeps a genuine certificate.
    fn keep(&mut self, certificate: Certificate) {
        if self.seen.len() >= 16 {
            self.seen.remove(0);
        }
        self.seen.push(certificate);
    }

    /// The certificate of the votes that it heard and its own, when this one makes them a quorum.
    fn assemble(&mut self, hand: &Hand<'_>, vote: &Vote) -> Option<Certificate> {
        if self.votes.len() >= STATEMENTS_MAX {
            self.votes.pop_first();
        }
        let own = hand.sign(vote.statement);
        let votes = self.votes.entry(vote.statement).or_default();
        let before = votes.len();
        votes.insert(own.signer, own.signature);
        votes.insert(vote.signer, vote.signature);
        let set = hand.ground.set(vote.statement.epoch);
        let is_quorum = set.is_quorum(set.power_of(votes.keys().copied()));
        if votes.len() == before || !is_quorum {
            return None;
        }
        let signatures: Vec<BlsSignature> = votes.values().copied().collect();
        let signature = hand.ground.signatures.aggregate(&signatures)?;
        let signers = SignerBitmap::new(set.len(), votes.keys().copied());
        Some(Certificate { statement: vote.statement, signers, signature })
    }

    fn forge(&self, hand: &mut Hand<'_>, statement: VoteStatement) -> Utterance {
        let members = hand.ground.set(statement.epoch).len();
        let signature = BlsSignature([u8::try_from(hand.lots.below(256)).expect("below 256"); 48]);
        let all = (0..members).map(|place| ValidatorIndex(u16::try_from(place).expect("few")));
        let real = (!self.seen.is_empty()).then(|| self.seen[hand.lots.place(self.seen.len())].clone());
        match (hand.lots.below(8), real) {
            (0, Some(real)) => certificate(with_bitmap(&real, |bytes| bytes.push(0))),
            (1, Some(real)) => certificate(with_bitmap(&real, |bytes| bytes.extend([0xff; 4]))),
            (2, Some(real)) => certificate(with_bitmap(&real, Vec::clear)),
            (3, Some(real)) => certificate(Certificate { signers: fewer(&real, members), ..real }),
            (4, Some(real)) => {
                let statement = VoteStatement { epoch: Epoch(real.statement.epoch.0 + 1), ..real.statement };
                certificate(Certificate { statement, ..real })
            }
            (5, _) => {
                let signer = ValidatorIndex(u16::try_from(hand.lots.below(members as u64 + 2)).expect("few"));
                Utterance::Stream(Message::Vote(Vote { statement, signer, signature }))
            }
            (6, _) => {
                let length = hand.lots.place(400);
                Utterance::Junk((0..length).map(|_| u8::try_from(hand.lots.below(256)).expect("below 256")).collect())
            }
            _ => certificate(Certificate { statement, signers: SignerBitmap::new(members, all), signature }),
        }
    }
}

fn certificate(certificate: Certificate) -> Utterance {
    Utterance::Stream(Message::Certificate(certificate))
}

fn with_bitmap(real: &Certificate, bend: impl FnOnce(&mut Vec<u8>)) -> Certificate {
    let mut bytes = real.signers.as_bytes().to_vec();
    bend(&mut bytes);
    bytes.truncate(types::limits::SIGNER_BITMAP_BYTES_MAX);
    let signers = SignerBitmap::from_bytes(ByteString::new(bytes).expect("cut to what a bitmap may hold"));
    Certificate { signers, ..real.clone() }
}

/// The same signers without the last two.
fn fewer(real: &Certificate, members: usize) -> SignerBitmap {
    let signers = real.signers.signers(members).unwrap_or_default();
    SignerBitmap::new(members, signers.into_iter().rev().skip(2))
}

impl Crime for Forger {
    /// Bends what it assembled itself: with luck it is the first that the other hears of that certificate.
    fn send(&mut self, hand: &mut Hand<'_>, _to: usize, message: Message) -> Vec<Message> {
        match message {
            Message::Certificate(real) if hand.lots.chance(self.per_mille) => {
                hand.faults.add("forgery");
                vec![Message::Certificate(with_bitmap(&real, |bytes| bytes.push(0)))]
            }
            message => vec![message],
        }
    }

    fn hear(&mut self, hand: &mut Hand<'_>, heard: &Message) -> Vec<(usize, Utterance)> {
        let vote = match heard {
            Message::Vote(vote) | Message::Proposal(Proposal { vote, .. }) => vote,
            Message::Certificate(certificate) => {
                self.keep(certificate.clone());
                return Vec::new();
            }
            _ => return Vec::new(),
        };
        if let Some(real) = self.assemble(hand, vote) {
            self.keep(real.clone());
            if hand.lots.chance(self.per_mille) {
                hand.faults.add("forgery");
                // Whoever has not heard as many votes yet hears this first.
                let bent = with_bitmap(&real, |bytes| bytes.push(0));
                return hand.others().map(|place| (place, certificate(bent.clone()))).collect();
            }
        }
        let about = vote.statement;
        if !hand.lots.chance(self.per_mille) {
            return Vec::new();
        }
        let kind = hand.lots.pick(&[VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize]);
        let view = about.view.saturating_add(hand.lots.below(3));
        let invented = Hash32([u8::try_from(hand.lots.below(256)).expect("below 256"); 32]);
        let block = if hand.lots.chance(500) || about.block == Hash32::ZERO { invented } else { about.block };
        let statement = VoteStatement {
            kind,
            view,
            parent_view: if kind == VoteKind::Notarize { view.saturating_sub(1) } else { View::ZERO },
            block: if kind == VoteKind::Nullify { Hash32::ZERO } else { block },
            ..about
        };
        let forged = self.forge(hand, statement);
        hand.faults.add("forgery");
        let to = hand.somebody();
        let forged = match forged {
            Utterance::Stream(message) if hand.lots.chance(200) => Utterance::Gossip(message),
            forged => forged,
        };
        vec![(to, forged)]
    }
}
