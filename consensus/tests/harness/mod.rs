//! What the test suites share: a keyed hash in place of BLS, and makers of sets, blocks, votes and certificates.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, reason = "every suite is a crate of its own and uses its part")]

pub mod dice;
pub mod network;

use std::sync::Arc;

use consensus::{Aggregated, Config, Engine, EpochStart, Input, Output, Route, Scheme, Voice, verify};
use sha2::{Digest, Sha256};
use types::{
    Address, BlsPublicKey, BlsSignature, Certificate, Epoch, Hash32, Header, Height, PeerKey, Power, Proposal,
    ProtocolVersion, SignerBitmap, TimeMs, Validator, ValidatorIndex, ValidatorSet, View, Vote, VoteKind,
    VoteStatement,
};

/// Signatures are hashes of key and statement, sums are sums of bytes. 0xff in front is "no point of the group".
pub struct KeyedHash {
    pub chain: u8,
}

/// The chain of the tests.
pub const SCHEME: KeyedHash = KeyedHash { chain: 7 };

impl KeyedHash {
    pub fn sign(&self, key: &BlsPublicKey, statement: &VoteStatement) -> BlsSignature {
        let bytes = borsh::to_vec(&(self.chain, key.0.to_vec(), statement)).unwrap();
        let mut signature = [0; 48];
        signature[1..33].copy_from_slice(&Sha256::digest(bytes));
        BlsSignature(signature)
    }
}

impl Scheme for KeyedHash {
    fn verify_vote(
        &self,
        set: &ValidatorSet,
        signer: ValidatorIndex,
        statement: &VoteStatement,
        signature: &BlsSignature,
    ) -> bool {
        set.get(signer).is_some_and(|validator| self.sign(&validator.key, statement) == *signature)
    }

    fn aggregate(&self, signatures: &[BlsSignature]) -> Option<BlsSignature> {
        let mut sum = [0_u8; 48];
        for signature in signatures {
            if signature.0[0] == 0xff {
                return None;
            }
            for (sum, byte) in sum.iter_mut().zip(signature.0) {
                *sum = sum.wrapping_add(byte);
            }
        }
        Some(BlsSignature(sum))
    }

    fn verify_aggregated(&self, set: &ValidatorSet, aggregated: Aggregated<'_>) -> bool {
        let signatures: Option<Vec<_>> = aggregated
            .signers
            .iter()
            .map(|signer| Some(self.sign(&set.get(*signer)?.key, aggregated.statement)))
            .collect();
        !aggregated.signers.is_empty() && signatures.and_then(|all| self.aggregate(&all)) == Some(*aggregated.signature)
    }
}

/// The stream of the member at a place of the sets made here.
pub fn peer(place: u16) -> PeerKey {
    PeerKey([u8::try_from(place).unwrap(); 32])
}

/// Whose stream this is.
pub fn place(peer: PeerKey) -> u16 {
    u16::from(peer.0[0])
}

/// Over the stream of the member at this place.
pub fn direct(place: u16) -> Route {
    Route::Direct(peer(place))
}

pub fn set_of(powers: &[u64]) -> Arc<ValidatorSet> {
    set_with(powers, 0)
}

/// A set whose keys differ from those of another `salt`.
pub fn set_with(powers: &[u64], salt: u8) -> Arc<ValidatorSet> {
    let validators = powers.iter().zip(0_u8..).map(|(power, place)| {
        let mut key = [salt; 96];
        key[0] = place;
        Validator {
            key: BlsPublicKey(key),
            power: Power(*power),
            account: Address([place; 20]),
            peer: PeerKey([place; 32]),
        }
    });
    Arc::new(ValidatorSet::new(validators.collect()).unwrap())
}

/// The set of these nodes, of whom each has a power, a key and a stream of its own in every set; places rise with numbers.
pub fn set_of_nodes(members: &[(u8, u64)]) -> Arc<ValidatorSet> {
    let validators = members.iter().map(|(node, power)| Validator {
        key: BlsPublicKey([*node; 96]),
        power: Power(*power),
        account: Address([*node; 20]),
        peer: peer(u16::from(*node)),
    });
    Arc::new(ValidatorSet::new(validators.collect()).unwrap())
}

pub const ROOT: Hash32 = Hash32([0xee; 32]);

pub fn start(set: &Arc<ValidatorSet>) -> EpochStart {
    EpochStart { epoch: Epoch(0), set: Arc::clone(set), root: ROOT, root_view: View(0), floor: View(0) }
}

pub fn header(epoch: u64, view: u64, height: u64, parent: Hash32, proposer: ValidatorIndex, salt: u64) -> Header {
    Header {
        version: ProtocolVersion(1),
        epoch: Epoch(epoch),
        view: View(view),
        height: Height(height),
        parent,
        time: TimeMs(salt),
        proposer,
        ..Header::default()
    }
}

pub fn hash_of(header: &Header) -> Hash32 {
    Hash32(Sha256::digest(borsh::to_vec(header).unwrap()).into())
}

pub fn statement(kind: VoteKind, view: u64, parent_view: u64, block: Hash32) -> VoteStatement {
    let parent_view = View(parent_view);
    VoteStatement { kind, epoch: Epoch(0), view: View(view), parent_view, block }
}

pub fn notarize(view: u64, parent_view: u64, block: Hash32) -> VoteStatement {
    statement(VoteKind::Notarize, view, parent_view, block)
}

pub fn nullify(view: u64) -> VoteStatement {
    statement(VoteKind::Nullify, view, 0, Hash32::ZERO)
}

pub fn finalize(view: u64, block: Hash32) -> VoteStatement {
    statement(VoteKind::Finalize, view, 0, block)
}

pub fn sign(set: &ValidatorSet, signer: ValidatorIndex, statement: VoteStatement) -> Vote {
    let signature = SCHEME.sign(&set.get(signer).unwrap().key, &statement);
    Vote { statement, signer, signature }
}

pub fn certify(set: &ValidatorSet, signers: &[u16], statement: VoteStatement) -> Certificate {
    let signers: Vec<_> = signers.iter().copied().map(ValidatorIndex).collect();
    let signatures: Vec<_> = signers.iter().map(|signer| sign(set, *signer, statement).signature).collect();
    let signature = SCHEME.aggregate(&signatures).unwrap();
    Certificate { statement, signers: SignerBitmap::new(set.len(), signers), signature }
}

pub const CONFIG: Config =
    Config { own_key: None, voice: Voice::Free, delta_ms: 100, delta_max_ms: 800, idle_ms: 2_000, resend_ms: 100 };

/// One engine, its log, and everybody else played by the test.
pub struct Stage {
    pub set: Arc<ValidatorSet>,
    pub own: u16,
    pub engine: Engine,
    pub now: u64,
    pub log: Vec<consensus::Record>,
}

impl Stage {
    /// Validator `own` of four equal ones at the beginning of epoch 0, and its first outputs.
    pub fn new(own: u16) -> (Self, Vec<Output>) {
        Self::recovered(own, Vec::new(), &start(&set_of(&[1, 1, 1, 1])))
    }

    pub fn recovered(own: u16, log: Vec<consensus::Record>, start: &EpochStart) -> (Self, Vec<Output>) {
        let set = Arc::clone(&start.set);
        let config = Config { own_key: Some(set.get(ValidatorIndex(own)).unwrap().key), ..CONFIG };
        let (engine, outputs) = Engine::recover(config, start, log.clone(), TimeMs(0));
        let mut stage = Self { set, own, engine, now: 0, log };
        let outputs = stage.carry_out(outputs);
        (stage, outputs)
    }

    /// The same node after a crash: what was persisted is there, nothing else.
    pub fn restart(&self) -> (Self, Vec<Output>) {
        Self::recovered(self.own, self.log.clone(), &start(&self.set))
    }

    pub fn give(&mut self, input: Input) -> Vec<Output> {
        let outputs = self.engine.step(TimeMs(self.now), input);
        self.carry_out(outputs)
    }

    /// Lets time pass up to the next wake-up and further, to `now`.
    pub fn at(&mut self, now: u64) -> Vec<Output> {
        self.now = now;
        self.give(Input::Tick)
    }

    /// Runs jobs and signs votes, as the shell does; gives all outputs in order.
    fn carry_out(&mut self, outputs: Vec<Output>) -> Vec<Output> {
        let mut all = Vec::new();
        let mut waiting = std::collections::VecDeque::from(outputs);
        while let Some(output) = waiting.pop_front() {
            let mut inputs = Vec::new();
            match &output {
                Output::Persist(record) => self.log.push(record.clone()),
                Output::Verify { ticket, job } => {
                    inputs.push(Input::Verified { ticket: *ticket, answer: verify::run(job, &SCHEME) });
                }
                Output::Sign { statement, .. } => inputs.push(self.signed(*statement)),
                Output::Resend(again) => {
                    for one in again {
                        match one {
                            consensus::Resend::Vote(statement) | consensus::Resend::Proposal { statement, .. } => {
                                inputs.push(self.signed(*statement));
                            }
                            consensus::Resend::Certificate(_) => {}
                        }
                    }
                }
                _ => {}
            }
            all.push(output);
            for input in inputs {
                waiting.extend(self.engine.step(TimeMs(self.now), input));
            }
        }
        all
    }

    fn signed(&self, statement: VoteStatement) -> Input {
        Input::Signed { vote: sign(&self.set, ValidatorIndex(self.own), statement) }
    }

    pub fn vote(&mut self, signer: u16, statement: VoteStatement) -> Vec<Output> {
        let vote = sign(&self.set, ValidatorIndex(signer), statement);
        self.give(Input::Vote { vote, route: direct(signer) })
    }

    pub fn certificate(&mut self, signers: &[u16], statement: VoteStatement) -> Vec<Output> {
        let certificate = certify(&self.set, signers, statement);
        self.give(Input::Certificate { certificate, route: Route::Relayed })
    }

    pub fn leader(&self, view: u64) -> u16 {
        self.engine.leader(View(view)).0
    }

    /// The leader's header of a view.
    pub fn block(&self, view: u64, parent: Hash32) -> (Header, Hash32) {
        let header = header(0, view, view, parent, ValidatorIndex(self.leader(view)), 0);
        let hash = hash_of(&header);
        (header, hash)
    }

    /// A proposal over the leader's own stream.
    pub fn propose(&mut self, view: u64, parent_view: u64, header: Header) -> Vec<Output> {
        let hash = hash_of(&header);
        let leader = self.leader(view);
        let vote = sign(&self.set, ValidatorIndex(leader), notarize(view, parent_view, hash));
        self.give(Input::Proposal { proposal: Proposal { vote, header }, hash, route: direct(leader) })
    }

    pub fn available(&mut self, block: Hash32) -> Vec<Output> {
        self.give(Input::Available { block })
    }
}

/// The votes that these outputs cast.
pub fn cast(outputs: &[Output]) -> Vec<VoteStatement> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Sign { statement, .. } => Some(*statement),
            _ => None,
        })
        .collect()
}

/// The votes that these outputs send again.
pub fn resent(outputs: &[Output]) -> Vec<VoteStatement> {
    let again = outputs.iter().filter_map(|output| match output {
        Output::Resend(again) => Some(again),
        _ => None,
    });
    again
        .flatten()
        .filter_map(|one| match one {
            consensus::Resend::Vote(statement) | consensus::Resend::Proposal { statement, .. } => Some(*statement),
            consensus::Resend::Certificate(_) => None,
        })
        .collect()
}

/// The views that these outputs enter.
pub fn entered(outputs: &[Output]) -> Vec<u64> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Entered { view, .. } => Some(view.0),
            _ => None,
        })
        .collect()
}

/// The (view, leader asked first) of the certificates that these outputs ask for.
pub fn fetched(outputs: &[Output]) -> Vec<(u64, Option<u16>)> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::FetchCertificate { request, first_from } => Some((request.view.0, first_from.map(place))),
            _ => None,
        })
        .collect()
}

/// The blocks that these outputs finalize.
pub fn finalized(outputs: &[Output]) -> Vec<Hash32> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Finalized(certificate) => Some(certificate.statement.block),
            _ => None,
        })
        .collect()
}

/// The blocks that are final for this node, though their certificates are not yet checked.
pub fn decided(outputs: &[Output]) -> Vec<Hash32> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Decided { block, .. } => Some(*block),
            _ => None,
        })
        .collect()
}
