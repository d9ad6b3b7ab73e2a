//! Doing the jobs: pure functions of a job, the store and the rules.
//!
//! A job checks each signature once: what the pool or an earlier block has verified is remembered by its exact bytes.

use std::sync::Arc;

use consensus::verify::{self, VerifyAnswer, VerifyJob};
use crypto::ids::header_hash;
use execution::{
    BlockOutcome, BuildError, BuildRequest, Built, CheckedBody, CheckedTransaction, FinalizedBlock, InvalidBlock,
    Layered, NextBlock, Reject,
};
use types::{Certificate, Hash32, Header, Transaction, ValidatorSet, VoteKind};

use crate::chain::{Ground, Tip};
use crate::job::{BodyDraft, Executed, Job, JobAnswer, JobContext, Piece, Proposing, ReplayError, Replayed};
use crate::wire::CertifiedBlock;

impl Job {
    /// Does the work.
    #[must_use]
    pub fn run(self, context: &JobContext<'_>) -> JobAnswer {
        match self {
            Self::Verify(job) | Self::Hearsay(job) => JobAnswer::Verify(verify::run(&job, context.scheme)),
            Self::Check { transactions } => JobAnswer::Check(context.check(transactions)),
            Self::CheckBody { header, body } => {
                let result = context.check_body(&header, body).map(Arc::new);
                JobAnswer::CheckBody { header, result }
            }
            Self::Build { ground, proposing } => JobAnswer::Build(context.build(&ground, *proposing).map(Box::new)),
            Self::Validate { ground, header, body } => JobAnswer::Validate(context.validate(&ground, &header, &body)),
            Self::Execute { ground, hash: _, header, body, check } => {
                JobAnswer::Execute(context.execute(&ground, &header, &body, check))
            }
            Self::Replay { ground, blocks } => JobAnswer::Replay(context.replay(ground, blocks)),
        }
    }
}

impl JobContext<'_> {
    /// Checks transactions each by itself, signatures only where they were not checked before.
    fn check(&self, transactions: Vec<Arc<Transaction>>) -> Vec<Result<Arc<CheckedTransaction>, Reject>> {
        let check = |transaction| self.registry.check(self.chain_id, transaction);
        let results = transactions.into_iter().map(check).collect();
        let results = self.verified.check_signatures(results);
        results.into_iter().map(|result| result.map(Arc::new)).collect()
    }

    /// Makes a body of its parts, hashing only what this node has not checked before.
    fn check_body(&self, header: &Header, draft: BodyDraft) -> Result<CheckedBody, InvalidBlock> {
        let mut checked = Vec::with_capacity(draft.transactions.len());
        for (index, piece) in (0..).zip(draft.transactions) {
            checked.push(match piece {
                Piece::Checked(checked) => checked,
                Piece::Raw(transaction) => {
                    let checked = self.registry.check(header.chain_id, transaction);
                    Arc::new(checked.map_err(|reject| InvalidBlock::Transaction { index, reject })?)
                }
            });
        }
        CheckedBody::from_checked(header, draft.system_calls, &checked)
    }

    fn check_body_signatures(&self, body: &CheckedBody) -> Result<(), InvalidBlock> {
        let mut unknown = self.verified.unknown(body.facts()).into_iter().peekable();
        let asked: Vec<_> = (0_u32..)
            .zip(body.transactions())
            .enumerate()
            .filter_map(|(place, asked)| unknown.next_if_eq(&place).map(|_| asked))
            .collect();
        let signed: Vec<_> = asked.iter().map(|(_, (transaction, facts))| (&facts.id, *transaction)).collect();
        for ((index, _), verdict) in asked.iter().zip(execution::check_many_signatures(&signed)) {
            verdict.map_err(|reject| InvalidBlock::Transaction { index: *index, reject })?;
        }
        self.verified.insert(asked.iter().map(|(_, (_, facts))| *facts));
        Ok(())
    }

    fn build(&self, ground: &Ground, proposing: Proposing) -> Result<Built, BuildError> {
        let view = Layered::new(self.state, &ground.layers);
        // Seed and attendance ride along when the seed is due: both cost a signature check, and neither is urgent.
        let due = NextBlock::read(&view).seed_is_due(proposing.time);
        let request = BuildRequest {
            view: proposing.view,
            time: proposing.time,
            proposer: proposing.proposer,
            seed: due.then(|| self.signer.sign_seed(proposing.epoch, proposing.view)),
            attendance: proposing.attendance.filter(|_| due),
            system_calls: &proposing.system_calls,
            candidates: &proposing.candidates,
        };
        self.registry.build(&view, ground.tip.state_root, &request)
    }

    fn validate(&self, ground: &Ground, header: &Header, body: &CheckedBody) -> Result<(), InvalidBlock> {
        let view = Layered::new(self.state, &ground.layers);
        self.registry.validate(&view, ground.tip.state_root, header, body)?;
        self.check_body_signatures(body)
    }

    fn execute(&self, ground: &Ground, header: &Header, body: &CheckedBody, check: bool) -> Executed {
        if check && let Err(error) = self.validate(ground, header, body) {
            return Executed::Invalid(error);
        }
        let state = Layered::new(self.state, &ground.layers);
        match self.registry.apply(&state, ground.tip.state_root, header, body) {
            Ok(outcome) => Executed::Done(Arc::new(outcome)),
            Err(fault) => Executed::Fault(fault),
        }
    }

    fn replay(&self, mut ground: Ground, blocks: Vec<CertifiedBlock>) -> Replayed {
        // Hundreds of blocks may wait for the store: each read would look through all of their layers.
        ground.layers = one_layer(ground.layers);
        let mut replay = Replay { context: self, ground, done: Vec::new() };
        let error = replay.run(blocks).err();
        Replayed { blocks: replay.done, error }
    }
}

/// A range on its way.
struct Replay<'a> {
    context: &'a JobContext<'a>,
    ground: Ground,
    done: Vec<Arc<FinalizedBlock>>,
}

impl Replay<'_> {
    fn run(&mut self, blocks: Vec<CertifiedBlock>) -> Result<(), ReplayError> {
        let mut blocks = std::collections::VecDeque::from(blocks);
        while let Some(epoch) = blocks.front().map(|block| block.header.epoch) {
            let same = blocks.iter().take_while(|block| block.header.epoch == epoch).count();
            let segment = blocks.drain(..same).collect();
            self.run_epoch(segment)?;
        }
        Ok(())
    }

    /// Blocks of one epoch: the state before them fixes who may certify them.
    fn run_epoch(&mut self, segment: Vec<CertifiedBlock>) -> Result<(), ReplayError> {
        let view = Layered::new(self.context.state, &self.ground.layers);
        let set = Arc::new(NextBlock::read(&view).validators);
        let hashes = self.link(&segment)?;
        let proven = self.prove(&segment, &hashes, &set)?;
        for (block, hash) in segment.into_iter().zip(hashes).take(proven) {
            self.take(block, hash)?;
        }
        Ok(())
    }

    /// The hashes of blocks that follow each other.
    fn link(&self, segment: &[CertifiedBlock]) -> Result<Vec<Hash32>, ReplayError> {
        let mut parent = self.ground.tip.hash;
        let mut hashes = Vec::with_capacity(segment.len());
        for block in segment {
            if block.header.parent != parent {
                return Err(ReplayError::NotLinked);
            }
            parent = header_hash(&block.header);
            hashes.push(parent);
        }
        Ok(hashes)
    }

    /// How many of the blocks are proven: up to the last whose own finalization is valid. Every certificate that
    /// would be stored is checked, in one batch; a block's certificate may be that of a later one of the range.
    fn prove(
        &self,
        segment: &[CertifiedBlock],
        hashes: &[Hash32],
        set: &Arc<ValidatorSet>,
    ) -> Result<usize, ReplayError> {
        let mut certificates: Vec<Certificate> = Vec::new();
        let mut proven = 0;
        for (place, block) in segment.iter().enumerate() {
            let statement = &block.certificate.statement;
            let names = hashes.iter().skip(place).position(|hash| *hash == statement.block);
            let in_order = statement.kind == VoteKind::Finalize && statement.epoch == block.header.epoch;
            match names.filter(|_| in_order) {
                Some(0) => proven = place.saturating_add(1),
                Some(_) => {}
                // The certificate lies beyond this answer: the block waits for the next one.
                None if place >= proven => break,
                None => return Err(ReplayError::NotCertified),
            }
            if certificates.last() != Some(&block.certificate) {
                certificates.push(block.certificate.clone());
            }
        }
        let certificates: Vec<Certificate> = certificates
            .into_iter()
            .filter(|certificate| hashes.iter().take(proven).any(|hash| *hash == certificate.statement.block))
            .collect();
        if proven == 0 {
            return Err(ReplayError::Unproven);
        }
        let job = VerifyJob::Certificates { set: set.clone(), certificates };
        match verify::run(&job, self.context.scheme) {
            VerifyAnswer::Certificates(good) if good.iter().all(|good| *good) => Ok(proven),
            _ => Err(ReplayError::NotCertified),
        }
    }

    fn take(&mut self, block: CertifiedBlock, hash: Hash32) -> Result<(), ReplayError> {
        let CertifiedBlock { header, body, certificate } = block;
        let body = self.context.registry.check_body(&header, Arc::new(body)).map_err(ReplayError::Invalid)?;
        let outcome = match self.context.execute(&self.ground, &header, &body, true) {
            Executed::Done(outcome) => outcome,
            Executed::Invalid(error) => return Err(ReplayError::Invalid(error)),
            Executed::Fault(fault) => return Err(ReplayError::Fault(fault)),
        };
        self.stand_on(&header, hash, &outcome);
        let body = body.body().clone();
        self.done.push(Arc::new(FinalizedBlock { hash, header, body, certificate, outcome }));
        Ok(())
    }

    fn stand_on(&mut self, header: &Header, hash: Hash32, outcome: &Arc<BlockOutcome>) {
        // One layer for the whole range: looking through hundreds would make each read as slow as they are many.
        match self.ground.layers.last_mut().filter(|_| !self.done.is_empty()).map(Arc::make_mut) {
            Some(range) => lay_over(range, outcome),
            None => self.ground.layers.push(outcome.clone()),
        }
        self.ground.tip =
            Tip { hash, header: header.clone(), state_root: outcome.state_root, receipts_root: outcome.receipts_root };
    }
}

/// What all layers together leave behind, as one.
fn one_layer(layers: Vec<Arc<BlockOutcome>>) -> Vec<Arc<BlockOutcome>> {
    let mut layers = layers.into_iter();
    let Some(mut first) = layers.next() else { return Vec::new() };
    for later in layers {
        lay_over(Arc::make_mut(&mut first), &later);
    }
    vec![first]
}

/// Adds what a later block did to state and tree.
fn lay_over(range: &mut BlockOutcome, later: &BlockOutcome) {
    range.changes.merge(later.changes.clone());
    range.pages.extend(later.pages.iter().map(|(path, page)| (*path, page.clone())));
}
