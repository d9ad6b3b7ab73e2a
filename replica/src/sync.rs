//! Catching up: which range of final blocks is asked of whom.
//!
//! What a peer says of its height is hearsay: it decides only whom to ask first. Progress is the tip alone. Ranges
//! are asked ahead but handed on strictly in order; a range that fails is asked again at the same place, of
//! another peer, so no height can be skipped (FAULTS L12, L16, C18). This file must not know what a block means.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use types::{Height, PeerKey, Transaction};

use crate::event::RequestId;
use crate::wire::{ANSWER_BYTES_MAX, CertifiedBlock};

/// Ranges asked or waiting at once.
const RANGES_MAX: usize = 3;
/// Most blocks asked for at once.
pub(crate) const RANGE_BLOCKS: u16 = 256;
/// Bytes that an answer is meant to have. With room to the limit, as an answer that is cut short makes those useless that
/// were asked for behind it.
const RANGE_BYTES: usize = ANSWER_BYTES_MAX / 4 * 3;
/// Transactions whose signatures are checked in one job, about: some 50 ms.
const PIECE_TRANSACTIONS: usize = 2_048;
/// Useless answers in a row after which a peer is held to be useless.
const STRIKES_MAX: u8 = 3;
/// Time for one answer, in milliseconds.
const ANSWER_MS_MAX: u64 = 10_000;

/// What is known of a peer's chain.
#[derive(Clone, Copy, Debug, Default)]
struct Source {
    claim: Height,
    strikes: u8,
    busy: bool,
}

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
    /// Jobs under way.
    jobs: usize,
}

#[derive(Debug)]
struct Range {
    from: Height,
    count: u16,
    stage: Stage,
}

/// A question to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) id: RequestId,
    pub(crate) peer: PeerKey,
    pub(crate) from: Height,
    pub(crate) count: u16,
}

/// Which range of final blocks is asked of whom.
#[derive(Debug, Default)]
pub(crate) struct Sync {
    sources: BTreeMap<PeerKey, Source>,
    ranges: VecDeque<Range>,
    /// The peer whose blocks are being replayed now, and the height after the last of them.
    replaying: Option<(PeerKey, Height)>,
    /// Turns the choice among equal peers.
    turn: usize,
    /// Blocks to ask for at once, by the size of the last ones; the most when none have come yet.
    stride: Option<u16>,
}

impl Sync {
    pub(crate) fn peer_up(&mut self, peer: PeerKey) {
        self.sources.entry(peer).or_default();
    }

    pub(crate) fn peer_down(&mut self, peer: &PeerKey) {
        self.sources.remove(peer);
        self.cut_ranges(|range| matches!(&range.stage, Stage::Asked { peer: asked, .. } if asked == peer));
    }

    /// A peer claims, or shows by a certificate it sent, to have this height.
    pub(crate) fn claim(&mut self, peer: PeerKey, height: Height) {
        if let Some(source) = self.sources.get_mut(&peer) {
            source.claim = source.claim.max(height);
        }
    }

    /// The highest height that some peer claims.
    pub(crate) fn height_claimed(&self) -> Height {
        self.sources.values().map(|source| source.claim).max().unwrap_or_default()
    }

    /// Peers that may be asked for a block, best first.
    pub(crate) fn peers(&self) -> impl Iterator<Item = PeerKey> {
        self.sources.keys().copied()
    }

    /// Whether blocks are on their way or being replayed.
    pub(crate) fn is_busy(&self) -> bool {
        self.replaying.is_some() || !self.ranges.is_empty()
    }

    /// The questions to ask now, given the newest final height.
    pub(crate) fn questions(&mut self, tip: Height, now_ms: u64, mut id: impl FnMut() -> RequestId) -> Vec<Question> {
        let mut questions = Vec::new();
        while self.ranges.len() < RANGES_MAX {
            // Beyond the first range only the length of full answers can be assumed; `received` closes gaps.
            let from = self.next_from(tip);
            let Some(peer) = self.choose(from) else { break };
            if let Some(source) = self.sources.get_mut(&peer) {
                source.busy = true;
            }
            let question = Question { id: id(), peer, from, count: self.stride.unwrap_or(RANGE_BLOCKS) };
            let deadline_ms = now_ms.saturating_add(ANSWER_MS_MAX);
            let stage = Stage::Asked { id: question.id, peer, deadline_ms };
            self.ranges.push_back(Range { from, count: question.count, stage });
            questions.push(question);
        }
        questions
    }

    fn next_from(&self, tip: Height) -> Height {
        match self.ranges.back() {
            None => self.replaying.map_or(tip.next(), |(_, next)| next),
            Some(range) => match &range.stage {
                Stage::Asked { .. } => range.from.saturating_add(u64::from(range.count)),
                Stage::Here { blocks, .. } => range.from.saturating_add(blocks.len() as u64),
            },
        }
    }

    /// An idle peer that claims to have `from`, another one each time.
    fn choose(&mut self, from: Height) -> Option<PeerKey> {
        let able: Vec<PeerKey> = self
            .sources
            .iter()
            .filter(|(_, source)| !source.busy && source.claim >= from)
            .map(|(peer, _)| *peer)
            .collect();
        self.turn = self.turn.wrapping_add(1);
        let place = self.turn.checked_rem(able.len())?;
        able.get(place).copied()
    }

    /// An answer, or its absence. Returns whether the question was one of ours, and whether the peer is useless.
    pub(crate) fn received(&mut self, id: RequestId, blocks: Option<Vec<CertifiedBlock>>) -> Option<Verdict> {
        let place = self
            .ranges
            .iter()
            .position(|range| matches!(&range.stage, Stage::Asked { id: asked, .. } if *asked == id))?;
        let range = self.ranges.get_mut(place)?;
        let Stage::Asked { peer, .. } = range.stage else { return None };
        let blocks = blocks.unwrap_or_default();
        let in_order = blocks.iter().zip(range.from.0..).all(|(block, height)| block.header.height == Height(height));
        if blocks.is_empty() || !in_order {
            return Some(self.failed(peer, place));
        }
        let short = blocks.len() < usize::from(range.count);
        self.stride = Some(stride(&blocks));
        range.stage = Stage::Here { peer, blocks, ahead: Ahead { id, blocks: 0, jobs: 0 } };
        if let Some(source) = self.sources.get_mut(&peer) {
            source.busy = false;
        }
        if short {
            // Ranges behind it were asked for on the assumption of a full one.
            self.cut_after(place);
        }
        Some(Verdict::Fine)
    }

    /// Transactions of blocks that have come, to be checked while other blocks are replayed; the range whose question had
    /// this id waits until [`Sync::checked`] was called as often.
    pub(crate) fn next_to_check(&mut self) -> Option<(RequestId, Vec<Arc<Transaction>>)> {
        self.ranges.iter_mut().find_map(|range| match &mut range.stage {
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

    /// The next blocks in order, once nothing is being replayed and their signatures have been looked at.
    pub(crate) fn next_blocks(&mut self, tip: Height) -> Option<(PeerKey, Vec<CertifiedBlock>)> {
        if self.replaying.is_some() {
            return None;
        }
        let front = self.ranges.front()?;
        if !matches!(&front.stage, Stage::Here { ahead, .. } if ahead.jobs == 0) {
            return None;
        }
        let range = self.ranges.pop_front()?;
        let Stage::Here { peer, mut blocks, .. } = range.stage else { return None };
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
        self.replaying = Some((peer, next));
        Some((peer, blocks))
    }

    /// The blocks handed out were replayed, or found invalid.
    pub(crate) fn replayed(&mut self, valid: bool) -> Option<PeerKey> {
        let (peer, _) = self.replaying.take()?;
        if valid {
            if let Some(source) = self.sources.get_mut(&peer) {
                source.strikes = 0;
            }
            return None;
        }
        self.sources.remove(&peer);
        self.ranges.clear();
        self.free_all();
        Some(peer)
    }

    /// What proves the blocks handed out lies beyond the answer: the peer may have it by now, or never.
    pub(crate) fn unproven(&mut self) -> Option<Verdict> {
        let (peer, _) = self.replaying.take()?;
        self.ranges.clear();
        self.free_all();
        Some(self.strike(peer))
    }

    /// Gives up on answers that are overdue. Returns the peers that have become useless.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<PeerKey> {
        let mut useless = Vec::new();
        while let Some((place, peer)) = self.ranges.iter().enumerate().find_map(|(place, range)| match &range.stage {
            Stage::Asked { peer, deadline_ms, .. } if *deadline_ms <= now_ms => Some((place, *peer)),
            _ => None,
        }) {
            if self.failed(peer, place) == Verdict::Useless(peer) {
                useless.push(peer);
            }
        }
        useless
    }

    /// When `expire` has to be called next.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.ranges
            .iter()
            .filter_map(|range| match range.stage {
                Stage::Asked { deadline_ms, .. } => Some(deadline_ms),
                Stage::Here { .. } => None,
            })
            .min()
    }

    fn failed(&mut self, peer: PeerKey, place: usize) -> Verdict {
        let from = self.ranges.get(place).map(|range| range.from).unwrap_or_default();
        self.ranges.truncate(place.saturating_add(1));
        self.ranges.pop_back();
        self.free_all();
        let Some(source) = self.sources.get_mut(&peer) else { return Verdict::Fine };
        source.claim = source.claim.min(from.saturating_sub(1));
        self.strike(peer)
    }

    fn strike(&mut self, peer: PeerKey) -> Verdict {
        let Some(source) = self.sources.get_mut(&peer) else { return Verdict::Fine };
        source.strikes = source.strikes.saturating_add(1);
        if source.strikes >= STRIKES_MAX {
            source.strikes = 0;
            return Verdict::Useless(peer);
        }
        Verdict::Fine
    }

    fn cut_after(&mut self, place: usize) {
        self.ranges.truncate(place.saturating_add(1));
        self.free_all();
    }

    fn cut_ranges(&mut self, gone: impl Fn(&Range) -> bool) {
        if let Some(place) = self.ranges.iter().position(gone) {
            self.ranges.truncate(place);
            self.free_all();
        }
    }

    /// A peer is busy exactly while a range is asked of it.
    fn free_all(&mut self) {
        for (peer, source) in &mut self.sources {
            source.busy = self
                .ranges
                .iter()
                .any(|range| matches!(&range.stage, Stage::Asked { peer: asked, .. } if asked == peer));
        }
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
}

#[cfg(test)]
mod tests;
