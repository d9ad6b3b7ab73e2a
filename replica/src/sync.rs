//! Catching up: which range of final blocks is asked of whom.
//!
//! Claims decide only whom to ask (`sources.rs`). Progress is the tip alone. Ranges are asked ahead but handed on strictly in
//! order; a range that fails is asked again at the same place, of another peer, so no height can be skipped. Where a range has no
//! proof of its own, the headers up to the block that is certified are walked first (`trail.rs`). FAULTS L12, L16, C18.
//! This file must not know what a block means.

use std::collections::VecDeque;
use std::sync::Arc;

use types::{Certificate, Epoch, Hash32, Header, Height, PeerKey, Transaction};

use crate::event::RequestId;
use crate::job::Path;
use crate::sources::{Need, Sources};
use crate::trail::{Trail, Walk};
use crate::verified::GENERATION_MAX;
use crate::wire::{ANSWER_BYTES_MAX, BLOCKS_PER_ANSWER_MAX, CertifiedBlock, HEADERS_PER_ANSWER_MAX};

/// Ranges asked or waiting at once.
const RANGES_MAX: usize = 3;
/// Most blocks asked for at once.
pub(crate) const RANGE_BLOCKS: u16 = 256;
/// Bytes that an answer is meant to have. With room to the limit, as an answer that is cut short makes those useless that
/// were asked for behind it.
const RANGE_BYTES: usize = ANSWER_BYTES_MAX / 4 * 3;
/// Transactions whose signatures are checked in one job, about: some 50 ms.
const PIECE_TRANSACTIONS: usize = 2_048;
/// Transactions that are checked ahead and not replayed yet: beyond that the first verdicts might be forgotten before their replay asks,
/// and the pool needs some too.
const AHEAD_TRANSACTIONS_MAX: usize = GENERATION_MAX / 4 * 3;
/// Time for one answer, in milliseconds: that of the network's requests.
const ANSWER_MS_MAX: u64 = 10_000;
/// Time for one answer of who has never answered, where somebody who does is idle.
const PATIENCE_MS: u64 = 2_000;
/// After so long without a block that became final, peers are asked how far they are, one after the other.
const STANDSTILL_MS: u64 = 5_000;
/// Time between two of these questions.
const STATUS_PAUSE_MS: u64 = 1_000;
/// Answers for a walk that may be missing before another certificate is tried.
const WALK_FAILURES_MAX: u32 = 8;

#[derive(Debug)]
enum Stage {
    Asked { id: RequestId, peer: PeerKey, deadline_ms: u64 },
    Here { peer: PeerKey, blocks: Vec<CertifiedBlock>, ahead: Ahead },
}

/// How far the signatures of a range have been checked ahead of its replay, which has a thread of its own to wait for.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    /// The question that the range answers, so that late answers of jobs do not count for another range.
    id: RequestId,
    /// Blocks that were handed out.
    blocks: usize,
    /// Transactions that were.
    transactions: usize,
    /// Jobs under way.
    jobs: usize,
}

#[derive(Debug)]
struct Range {
    from: Height,
    count: u16,
    stage: Stage,
}

/// Blocks that are being replayed.
#[derive(Clone, Copy, Debug)]
struct Replaying {
    /// Who gave them.
    peer: PeerKey,
    /// The height after them.
    next: Height,
    /// How many transactions they have.
    transactions: usize,
}

/// A question to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) id: RequestId,
    pub(crate) peer: PeerKey,
    pub(crate) from: Height,
    pub(crate) count: u16,
}

/// A walk down the headers of a run, and the question under way for it.
#[derive(Debug)]
struct Walking {
    trail: Trail,
    /// Who gave the certificate, and so has its block, until it fails.
    giver: Option<PeerKey>,
    asked: Option<(RequestId, PeerKey, u64)>,
    failures: u32,
}

/// Which range of final blocks is asked of whom.
#[derive(Debug, Default)]
pub(crate) struct Sync {
    pub(crate) sources: Sources,
    ranges: VecDeque<Range>,
    walking: Option<Walking>,
    /// The peer whose blocks are being replayed now, and the height after the last of them.
    replaying: Option<Replaying>,
    /// Blocks to ask for at once, by the size of the last ones; the most when none have come yet.
    stride: Option<u16>,
    /// When a block last became final here, in monotonic milliseconds.
    progressed_ms: u64,
    /// Whose turn it is to be asked how far it is.
    turn: usize,
}

impl Sync {
    pub(crate) fn peer_up(&mut self, peer: PeerKey) {
        self.sources.up(peer);
    }

    pub(crate) fn peer_down(&mut self, peer: &PeerKey) {
        self.sources.down(peer);
        self.cut_ranges(|range| matches!(&range.stage, Stage::Asked { peer: asked, .. } if asked == peer));
        if let Some(walking) = &mut self.walking {
            walking.asked = walking.asked.filter(|(_, asked, _)| asked != peer);
        }
    }

    /// Peers that may be asked for a block.
    pub(crate) fn peers(&self) -> impl Iterator<Item = PeerKey> {
        self.sources.all()
    }

    /// Whether blocks or headers are on their way or being replayed.
    pub(crate) fn is_busy(&self) -> bool {
        self.replaying.is_some() || self.walking.is_some() || !self.ranges.is_empty()
    }

    /// The highest height of which more than hearsay says that it is final: a walk, or the word of who delivered before.
    pub(crate) fn height_credible(&self) -> Height {
        let walked = self.walking.as_ref().map(|walking| walking.trail.highest()).unwrap_or_default();
        walked.max(self.sources.height_credible())
    }

    /// A block has become final.
    pub(crate) const fn progressed(&mut self, now_ms: u64) {
        self.progressed_ms = now_ms;
    }

    /// A peer to be asked how far it is, where nothing has become final for a while: another one each time.
    pub(crate) fn next_to_ask(&mut self, now_ms: u64) -> Option<PeerKey> {
        if now_ms < self.progressed_ms.saturating_add(STANDSTILL_MS) {
            return None;
        }
        // The next one at the next tick of the engine.
        self.progressed_ms = now_ms.saturating_sub(STANDSTILL_MS).saturating_add(STATUS_PAUSE_MS);
        self.turn = self.turn.wrapping_add(1);
        let peers: Vec<PeerKey> = self.sources.all().collect();
        peers.get(self.turn.checked_rem(peers.len())?).copied()
    }

    /// The questions for ranges to ask now, given the newest final height and the highest that is proven.
    pub(crate) fn questions(
        &mut self,
        (tip, proven): (Height, Height),
        now_ms: u64,
        is_member: impl Fn(&PeerKey) -> bool,
        mut id: impl FnMut() -> RequestId,
    ) -> Vec<Question> {
        let mut questions = Vec::new();
        // What is asked for before the walk is done has no proof either.
        while self.ranges.len() < RANGES_MAX && self.walking.as_ref().is_none_or(|walking| !walking.is_on()) {
            // Beyond the first range only the length of full answers can be assumed; `received` closes gaps.
            let from = self.next_from(tip);
            let need = Need { height: from, is_proven: from <= proven, is_extra: self.is_asking() };
            let Some(peer) = self.sources.choose(need, now_ms, &is_member) else { break };
            let question = Question { id: id(), peer, from, count: self.stride.unwrap_or(RANGE_BLOCKS) };
            let deadline_ms = now_ms.saturating_add(ANSWER_MS_MAX);
            let stage = Stage::Asked { id: question.id, peer, deadline_ms };
            self.ranges.push_back(Range { from, count: question.count, stage });
            questions.push(question);
        }
        questions
    }

    /// The question for headers to ask now: of whom, and downwards from which.
    pub(crate) fn walk_on(
        &mut self,
        tip: Height,
        now_ms: u64,
        is_member: impl Fn(&PeerKey) -> bool,
        id: impl FnOnce() -> RequestId,
    ) -> Option<(RequestId, PeerKey, Hash32)> {
        let walking = self.walking.as_mut().filter(|walking| walking.asked.is_none())?;
        let wanted = walking.trail.wanted()?;
        let need = Need { height: tip.next(), is_proven: true, is_extra: false };
        let giver = walking.giver.filter(|giver| self.sources.take(giver, now_ms));
        let peer = giver.or_else(|| self.sources.choose(need, now_ms, is_member))?;
        let id = id();
        walking.asked = Some((id, peer, now_ms.saturating_add(ANSWER_MS_MAX)));
        Some((id, peer, wanted))
    }

    /// Headers that were asked for, or their absence. Says what it means of who gave them.
    pub(crate) fn walked(
        &mut self,
        id: RequestId,
        headers: Option<&[Header]>,
        tip: (Hash32, Height),
        now_ms: u64,
    ) -> Option<Verdict> {
        let walking = self.walking.as_mut().filter(|walking| walking.asked.is_some_and(|(asked, ..)| asked == id))?;
        let (_, peer, _) = walking.asked.take()?;
        let verdict = match headers.filter(|headers| !headers.is_empty()) {
            Some(headers) => match walking.trail.walk(headers, tip) {
                step @ (Walk::On | Walk::Done) => {
                    walking.failures = 0;
                    // Who gives little at a time has no claim to be asked again.
                    let is_full = step == Walk::Done || headers.len() >= HEADERS_PER_ANSWER_MAX;
                    walking.giver = walking.giver.filter(|giver| is_full || *giver != peer);
                    self.sources.answered(&peer);
                    Verdict::Fine
                }
                Walk::Idle => {
                    self.walking = None;
                    Verdict::Fine
                }
                Walk::Astray => {
                    self.sources.misled(&peer, now_ms);
                    Verdict::Invalid(peer)
                }
            },
            // Who did not give the certificate need not have its block.
            None if headers.is_some() && walking.giver != Some(peer) => {
                self.walk_missed(&peer);
                Verdict::Fine
            }
            None => {
                self.walk_missed(&peer);
                self.strike(peer, now_ms)
            }
        };
        self.free_all();
        Some(verdict)
    }

    fn walk_missed(&mut self, peer: &PeerKey) {
        if let Some(walking) = &mut self.walking {
            walking.asked = None;
            walking.giver = walking.giver.filter(|giver| giver != peer);
            walking.failures = walking.failures.saturating_add(1);
            if walking.failures >= WALK_FAILURES_MAX {
                self.walking = None;
            }
        }
    }

    fn is_asking(&self) -> bool {
        self.ranges.iter().any(|range| matches!(range.stage, Stage::Asked { .. }))
    }

    fn next_from(&self, tip: Height) -> Height {
        match self.ranges.back() {
            None => self.replaying.as_ref().map_or(tip.next(), |replaying| replaying.next),
            Some(range) => match &range.stage {
                Stage::Asked { .. } => range.from.saturating_add(u64::from(range.count)),
                Stage::Here { blocks, .. } => range.from.saturating_add(blocks.len() as u64),
            },
        }
    }

    /// An answer, or its absence. Returns whether the question was one of ours, and whether the peer is useless.
    pub(crate) fn received(
        &mut self,
        id: RequestId,
        blocks: Option<Vec<CertifiedBlock>>,
        own_epoch: Epoch,
        now_ms: u64,
    ) -> Option<Verdict> {
        let place = self
            .ranges
            .iter()
            .position(|range| matches!(&range.stage, Stage::Asked { id: asked, .. } if *asked == id))?;
        let range = self.ranges.get_mut(place)?;
        let Stage::Asked { peer, .. } = range.stage else { return None };
        let Some(blocks) = blocks else { return Some(self.failed(peer, place, now_ms)) };
        let in_order = blocks.iter().zip(range.from.0..).all(|(block, height)| block.header.height == Height(height));
        if blocks.is_empty() || !in_order {
            self.sources.lacks(&peer, range.from, own_epoch);
            return Some(self.failed(peer, place, now_ms));
        }
        let short = blocks.len() < usize::from(range.count);
        self.stride = Some(stride(&blocks));
        range.stage = Stage::Here { peer, blocks, ahead: Ahead { id, blocks: 0, transactions: 0, jobs: 0 } };
        if short {
            // Ranges behind it were asked for on the assumption of a full one.
            self.ranges.truncate(place.saturating_add(1));
        }
        self.sources.answered(&peer);
        self.free_all();
        Some(Verdict::Fine)
    }

    /// Transactions of blocks that have come, to be checked while other blocks are replayed; the range whose question had
    /// this id waits until [`Sync::checked`] was called as often.
    pub(crate) fn next_to_check(&mut self) -> Option<(RequestId, Vec<Arc<Transaction>>)> {
        let handed_out = self.ranges.iter().map(|range| match &range.stage {
            Stage::Asked { .. } => 0,
            Stage::Here { ahead, .. } => ahead.transactions,
        });
        let of_replay = self.replaying.as_ref().map_or(0, |replaying| replaying.transactions);
        let is_far = handed_out.fold(of_replay, usize::saturating_add) >= AHEAD_TRANSACTIONS_MAX;
        // The first range waits for its check, and never for its turn.
        let ranges = if is_far { 1 } else { self.ranges.len() };
        self.ranges.iter_mut().take(ranges).find_map(|range| match &mut range.stage {
            Stage::Asked { .. } => None,
            Stage::Here { blocks, ahead, .. } => {
                let mut piece: Vec<Arc<Transaction>> = Vec::new();
                for block in blocks.iter().skip(ahead.blocks) {
                    piece.extend(block.body.transactions.iter().map(|transaction| Arc::new(transaction.clone())));
                    ahead.blocks = ahead.blocks.saturating_add(1);
                    if piece.len() >= PIECE_TRANSACTIONS {
                        break;
                    }
                }
                ahead.transactions = ahead.transactions.saturating_add(piece.len());
                ahead.jobs = ahead.jobs.saturating_add(usize::from(!piece.is_empty()));
                (!piece.is_empty()).then_some((ahead.id, piece))
            }
        })
    }

    /// A job on what [`Sync::to_check`] gave is done. What it found does not count: the replay asks again, and says who is to
    /// blame.
    pub(crate) fn checked(&mut self, id: RequestId) {
        for range in &mut self.ranges {
            if let Stage::Here { ahead, .. } = &mut range.stage
                && ahead.id == id
            {
                ahead.jobs = ahead.jobs.saturating_sub(1);
            }
        }
    }

    /// The next blocks in order, once nothing is being replayed and their signatures have been looked at, with what a walk knows
    /// of them.
    pub(crate) fn next_blocks(&mut self, tip: Height) -> Option<(PeerKey, Vec<CertifiedBlock>, Option<Path>)> {
        if self.replaying.is_some() {
            return None;
        }
        let front = self.ranges.front()?;
        if !matches!(&front.stage, Stage::Here { ahead, .. } if ahead.jobs == 0) {
            return None;
        }
        let range = self.ranges.pop_front()?;
        let Stage::Here { peer, mut blocks, ahead } = range.stage else { return None };
        // The tip may have moved on by other ways meanwhile.
        let known = tip.next().0.saturating_sub(range.from.0);
        let known = usize::try_from(known).unwrap_or(usize::MAX).min(blocks.len());
        blocks.drain(..known);
        if range.from > tip.next() || blocks.is_empty() {
            self.ranges.clear();
            self.free_all();
            return None;
        }
        let next = tip.next().saturating_add(blocks.len() as u64);
        self.replaying = Some(Replaying { peer, next, transactions: ahead.transactions });
        let path = self.walking.as_ref().and_then(|walking| walking.trail.path(tip.next(), BLOCKS_PER_ANSWER_MAX));
        Some((peer, blocks, path))
    }

    /// The blocks handed out were replayed, up to this tip, or found invalid.
    pub(crate) fn replayed(&mut self, valid: bool, tip: Height, now_ms: u64) -> Option<PeerKey> {
        let Replaying { peer, .. } = self.replaying.take()?;
        if self.walking.as_ref().is_some_and(|walking| !walking.is_on() && walking.trail.highest() <= tip) {
            self.walking = None;
        }
        if valid {
            self.sources.delivered(&peer);
            return None;
        }
        self.sources.misled(&peer, now_ms);
        self.ranges.clear();
        self.free_all();
        Some(peer)
    }

    /// What proves the blocks handed out lies beyond the answer: the way there is walked first.
    pub(crate) fn unproven(&mut self, certificate: Certificate) {
        let giver = self.replaying.take().map(|replaying| replaying.peer);
        self.ranges.clear();
        self.walking = Some(Walking { trail: Trail::new(certificate), giver, asked: None, failures: 0 });
        self.free_all();
    }

    /// Gives up on answers that are overdue. Returns the peers that have become useless.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<PeerKey> {
        let mut verdicts = Vec::new();
        while let Some((place, peer)) = self.ranges.iter().enumerate().find_map(|(place, range)| match &range.stage {
            Stage::Asked { peer, deadline_ms, .. } if self.is_overdue((peer, *deadline_ms), range.from, now_ms) => {
                Some((place, *peer))
            }
            _ => None,
        }) {
            verdicts.push(self.failed(peer, place, now_ms));
        }
        let asked = self.walking.as_ref().and_then(|walking| walking.asked);
        let overdue =
            asked.filter(|(_, peer, deadline_ms)| self.is_overdue((peer, *deadline_ms), Height::ZERO, now_ms));
        if let Some((_, peer, _)) = overdue {
            self.walk_missed(&peer);
            verdicts.push(self.strike(peer, now_ms));
            self.free_all();
        }
        let useless = |verdict| if let Verdict::Useless(peer) = verdict { Some(peer) } else { None };
        verdicts.into_iter().filter_map(useless).collect()
    }

    /// Whether an answer is late: for somebody who never answered, as soon as somebody who does has nothing to do.
    fn is_overdue(&self, (peer, deadline_ms): (&PeerKey, u64), from: Height, now_ms: u64) -> bool {
        let patience_ms = deadline_ms.saturating_sub(ANSWER_MS_MAX).saturating_add(PATIENCE_MS);
        let is_slow = patience_ms <= now_ms && !self.sources.answers(peer);
        deadline_ms <= now_ms || (is_slow && self.sources.has_idle(from, now_ms))
    }

    /// When `expire` has to be called next.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        let ranges = self.ranges.iter().filter_map(|range| match range.stage {
            Stage::Asked { deadline_ms, .. } => Some(deadline_ms),
            Stage::Here { .. } => None,
        });
        let walk = self.walking.as_ref().and_then(|walking| walking.asked).map(|(_, _, deadline_ms)| deadline_ms);
        ranges.chain(walk).min()
    }

    /// A range did not come: it is asked again at its place, and what was asked behind it too, for fewer blocks where the
    /// link, and not the peer, may have been too slow.
    fn failed(&mut self, peer: PeerKey, place: usize, now_ms: u64) -> Verdict {
        self.ranges.truncate(place);
        self.stride = Some((self.stride.unwrap_or(RANGE_BLOCKS) / 2).max(1));
        self.free_all();
        self.strike(peer, now_ms)
    }

    fn strike(&mut self, peer: PeerKey, now_ms: u64) -> Verdict {
        if self.sources.failed(&peer, now_ms) { Verdict::Useless(peer) } else { Verdict::Fine }
    }

    fn cut_ranges(&mut self, gone: impl Fn(&Range) -> bool) {
        if let Some(place) = self.ranges.iter().position(gone) {
            self.ranges.truncate(place);
            self.free_all();
        }
    }

    /// A peer is busy exactly while something is asked of it.
    fn free_all(&mut self) {
        let (ranges, walking) = (&self.ranges, &self.walking);
        let walks = |peer: &PeerKey| {
            walking.as_ref().and_then(|walking| walking.asked).is_some_and(|(_, asked, _)| asked == *peer)
        };
        self.sources.set_busy(|peer| {
            let asked = |range: &Range| matches!(&range.stage, Stage::Asked { peer: asked, .. } if asked == peer);
            walks(peer) || ranges.iter().any(asked)
        });
    }
}

impl Walking {
    /// Whether headers are still missing.
    fn is_on(&self) -> bool {
        self.trail.wanted().is_some()
    }
}

/// How many blocks like these make an answer of the right size.
fn stride(blocks: &[CertifiedBlock]) -> u16 {
    let lengths = blocks.iter().map(|block| borsh::object_length(block).unwrap_or(usize::MAX));
    let bytes = lengths.fold(0_usize, usize::saturating_add);
    let fitting = RANGE_BYTES.saturating_mul(blocks.len()).checked_div(bytes).unwrap_or(usize::MAX);
    u16::try_from(fitting).unwrap_or(RANGE_BLOCKS).clamp(1, RANGE_BLOCKS)
}

/// What an answer says of who gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Fine,
    /// It has failed to answer again and again.
    Useless(PeerKey),
    /// It answered with what nobody can err into.
    Invalid(PeerKey),
}

#[cfg(test)]
mod tests;
