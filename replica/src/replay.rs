//! Proving, checking and executing ranges of final blocks: pure functions, as in `run.rs`.
//!
//! A block is taken when a certificate proves it: its own, or that of a descendant that is in the range or to which a walk of
//! headers leads. Every certificate that will be stored was verified against the set that the state before it fixes.

use std::sync::Arc;

use consensus::verify::{self, VerifyAnswer, VerifyJob};
use crypto::ids::header_hash;
use execution::{BlockOutcome, FinalizedBlock, Layered, NextBlock};
use types::{Certificate, Hash32, Header, ValidatorSet, VoteKind};

use crate::chain::{Ground, Tip};
use crate::job::{Executed, JobContext, Path, ReplayError, Replayed};
use crate::wire::CertifiedBlock;

impl JobContext<'_> {
    pub(crate) fn replay(&self, mut ground: Ground, blocks: Vec<CertifiedBlock>, path: Option<Path>) -> Replayed {
        // Hundreds of blocks may wait for the store: each read would look through all of their layers.
        ground.layers = one_layer(ground.layers);
        let mut replay = Replay { context: self, ground, done: Vec::new() };
        let error = replay.run(blocks, path).err();
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
    fn run(&mut self, blocks: Vec<CertifiedBlock>, mut path: Option<Path>) -> Result<(), ReplayError> {
        let mut blocks = std::collections::VecDeque::from(blocks);
        while let Some(epoch) = blocks.front().map(|block| block.header.epoch) {
            let same = blocks.iter().take_while(|block| block.header.epoch == epoch).count();
            let segment = blocks.drain(..same).collect();
            // A path ends within an epoch: no certificate proves a block of an earlier one.
            self.run_epoch(segment, path.take())?;
        }
        Ok(())
    }

    /// Blocks of one epoch: the state before them fixes who may certify them.
    fn run_epoch(&mut self, mut segment: Vec<CertifiedBlock>, path: Option<Path>) -> Result<(), ReplayError> {
        let view = Layered::new(self.context.state, &self.ground.layers);
        let set = Arc::new(NextBlock::read(&view).validators);
        let hashes = self.link(&segment)?;
        let proven = self.prove(&mut segment, &hashes, &set)?;
        let proven = proven.max(follow(path, &mut segment, &hashes, proven));
        if proven == 0 {
            return Err(self.whence(&segment, &set));
        }
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

    /// How many of the blocks are proven by certificates that name one of them. Each of these is checked, in one batch; a block
    /// that has none of its own here gets that of the descendant.
    fn prove(
        &self,
        segment: &mut [CertifiedBlock],
        hashes: &[Hash32],
        set: &Arc<ValidatorSet>,
    ) -> Result<usize, ReplayError> {
        let mut proven = 0;
        let mut cover: Option<Certificate> = None;
        let mut named: Vec<bool> = Vec::with_capacity(segment.len());
        for (place, block) in segment.iter().enumerate() {
            let names = hashes.iter().skip(place).position(|hash| *hash == block.certificate.statement.block);
            let end =
                names.filter(|_| is_finalization(block)).map(|ahead| place.saturating_add(ahead).saturating_add(1));
            named.push(end.is_some());
            if end > Some(proven) {
                proven = end.unwrap_or_default();
                cover = Some(block.certificate.clone());
            }
        }
        let mut certificates: Vec<Certificate> = Vec::new();
        for (block, is_named) in segment.iter_mut().zip(named).take(proven).rev() {
            match &cover {
                Some(cover) if !is_named => block.certificate = cover.clone(),
                _ => cover = Some(block.certificate.clone()),
            }
            if certificates.last() != Some(&block.certificate) {
                certificates.push(block.certificate.clone());
            }
        }
        if proven > 0 && !self.are_valid(certificates, set) {
            return Err(ReplayError::NotCertified);
        }
        Ok(proven)
    }

    /// Where the proof of blocks lies that is not among them: their certificate says it, if it is good for anything.
    fn whence(&self, segment: &[CertifiedBlock], set: &Arc<ValidatorSet>) -> ReplayError {
        let Some(first) = segment.first() else { return ReplayError::NotCertified };
        let certificate = &first.certificate;
        let above = certificate.statement.view >= first.header.view;
        if is_finalization(first) && above && self.are_valid(vec![certificate.clone()], set) {
            return ReplayError::Unproven(Box::new(certificate.clone()));
        }
        ReplayError::NotCertified
    }

    fn are_valid(&self, certificates: Vec<Certificate>, set: &Arc<ValidatorSet>) -> bool {
        let job = VerifyJob::Certificates { set: set.clone(), certificates };
        let answer = verify::run(&job, self.context.scheme);
        matches!(answer, VerifyAnswer::Certificates(good) if good.iter().all(|good| *good))
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

/// Whether a block's certificate is a finalization of its epoch.
fn is_finalization(block: &CertifiedBlock) -> bool {
    let statement = &block.certificate.statement;
    statement.kind == VoteKind::Finalize && statement.epoch == block.header.epoch
}

/// How many of the blocks lie on a path; those that nothing else proves get its certificate.
fn follow(path: Option<Path>, segment: &mut [CertifiedBlock], hashes: &[Hash32], proven: usize) -> usize {
    let Some(Path { certificate, hashes: known }) = path else { return 0 };
    let on_it = hashes.iter().zip(&known).take_while(|(hash, known)| hash == known).count();
    for block in segment.iter_mut().take(on_it).skip(proven) {
        block.certificate = certificate.clone();
    }
    on_it
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
