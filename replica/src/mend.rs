//! Getting a final block again that this node's store cannot read any more.
//!
//! The shell says which block is lost and what the block after it says of it; one peer after the other is asked, each once in
//! a round, until one gives a block with that hash and receipts with that root. It must not know why the block is lost, and
//! believes nothing that it cannot check.

use std::sync::Arc;

use consensus::verify::{self, VerifyAnswer, VerifyJob};
use types::{Certificate, Hash32, Height, PeerKey, ValidatorSet, VoteKind};

use crate::effect::{Effect, Offence};
use crate::event::RequestId;
use crate::fetch::Asked;
use crate::job::{Job, JobContext};
use crate::jobs::Purpose;
use crate::replica::Replica;
use crate::wire::{KeptBlock, Request};

/// A block of the final chain that the store cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostBlock {
    /// Its height.
    pub height: Height,
    /// Its hash.
    pub hash: Hash32,
    /// What commits to its receipts.
    pub receipts_root: Hash32,
    /// A finalization that proves it, if the store has one.
    pub certificate: Option<Certificate>,
}

/// Why a block is not the one that was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTheBlock {
    /// Header, body or receipts are others.
    #[error("it is another block")]
    Other,
    /// Its certificate does not verify.
    #[error("its certificate does not prove it")]
    NotCertified,
    /// Its certificate is that of a descendant, or of validators that this node does not know any more: right as it may be,
    /// it shows nothing here.
    #[error("its certificate shows nothing to this node")]
    Unproven,
}

/// The block that is being fetched.
#[derive(Clone, Debug)]
pub(crate) struct Mending {
    lost: LostBlock,
    /// Who was asked in this round.
    asked: Vec<PeerKey>,
    waiting: Option<RequestId>,
    retry_ms: u64,
}

impl Replica {
    /// The store cannot read a block: from now on it is fetched, in place of what was fetched before.
    pub(crate) fn mend(&mut self, lost: LostBlock) {
        self.mending = Some(Mending { lost, asked: Vec::new(), waiting: None, retry_ms: 0 });
    }

    /// Asks the next peer, if it is time.
    pub(crate) fn mend_on(&mut self) {
        let now_ms = self.now.monotonic_ms;
        let peers: Vec<PeerKey> = self.sync.peers().collect();
        let Some(mending) = self.mending.as_mut().filter(|mending| mending.retry_ms <= now_ms) else { return };
        let pause_ms = self.config.genesis.parameters.timing.delta_ms.max(PAUSE_MS_MIN);
        mending.retry_ms = now_ms.saturating_add(pause_ms);
        let Some(peer) = peers.iter().find(|peer| !mending.asked.contains(peer)).copied() else {
            // Everybody was asked once.
            mending.asked.clear();
            return;
        };
        mending.asked.push(peer);
        let height = mending.lost.height;
        let id = self.fetch.next_id(Asked::Kept);
        mending.waiting = Some(id);
        mending.retry_ms = now_ms.saturating_add(ANSWER_MS_MAX);
        self.effects.push(Effect::Request { id, to: peer, request: Request::Kept { height } });
    }

    /// A block that a peer kept, or nothing.
    pub(crate) fn heard_kept(&mut self, id: RequestId, from: PeerKey, kept: Option<Box<KeptBlock>>) {
        let Some(mending) = self.mending.as_mut().filter(|mending| mending.waiting == Some(id)) else { return };
        mending.waiting = None;
        let Some(kept) = kept else {
            mending.retry_ms = 0;
            return;
        };
        let (lost, set) = (mending.lost.clone(), self.set.clone());
        self.start_job(Job::Mend { lost, kept, set }, Purpose::Mend(from));
    }

    /// A block was compared with what is known of the lost one.
    pub(crate) fn mended(&mut self, from: PeerKey, lost: LostBlock, result: Result<Box<KeptBlock>, NotTheBlock>) {
        let Some(mending) = self.mending.as_mut().filter(|mending| mending.lost == lost) else { return };
        match result {
            Ok(kept) => {
                self.mending = None;
                self.effects.push(Effect::Mend { lost: Box::new(lost), kept });
            }
            Err(why) => {
                mending.retry_ms = 0;
                if why != NotTheBlock::Unproven {
                    self.effects.push(Effect::Punish { peer: from, offence: Offence::InvalidBlock });
                }
            }
        }
    }

    pub(crate) fn mend_deadline_ms(&self) -> Option<u64> {
        self.mending.as_ref().map(|mending| mending.retry_ms)
    }
}

impl JobContext<'_> {
    /// Whether a block is the lost one; its certificate is replaced by the known one where it is of no use by itself.
    pub(crate) fn compare(
        &self,
        lost: &LostBlock,
        mut kept: Box<KeptBlock>,
        set: &Arc<ValidatorSet>,
    ) -> Result<Box<KeptBlock>, NotTheBlock> {
        let block = &kept.block;
        let body = Arc::new(block.body.clone());
        let same = crypto::ids::header_hash(&block.header) == lost.hash
            && crypto::ids::receipts_root(&kept.receipts) == lost.receipts_root
            && self.registry.check_body(&block.header, body).is_ok();
        if !same {
            return Err(NotTheBlock::Other);
        }
        let statement = block.certificate.statement;
        let own = statement.kind == VoteKind::Finalize
            && statement.epoch == block.header.epoch
            && statement.block == lost.hash;
        let known_set = crypto::ids::validator_set_hash(set) == block.header.validators_hash;
        if let Some(certificate) = lost.certificate.clone().filter(|_| !own || !known_set) {
            kept.block.certificate = certificate;
            return Ok(kept);
        }
        if !own || !known_set {
            return Err(NotTheBlock::Unproven);
        }
        let job = VerifyJob::Certificates { set: set.clone(), certificates: vec![block.certificate.clone()] };
        match verify::run(&job, self.scheme) {
            VerifyAnswer::Certificates(good) if good.first() == Some(&true) => Ok(kept),
            _ => Err(NotTheBlock::NotCertified),
        }
    }
}

/// Time for one answer, in milliseconds.
const ANSWER_MS_MAX: u64 = 10_000;
/// Least time between two rounds.
const PAUSE_MS_MIN: u64 = 100;
