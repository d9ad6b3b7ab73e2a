//! Proofs that are kept until they must be in a block, so that one that was accepted survives whatever ends the process.
//!
//! They stand in the share ledger, beside the shares that they are of. It must not know what a proof is worth. Invariant: bounded in
//! bytes; the oldest, which had most time to get into a block, give way.

use std::collections::{BTreeSet, VecDeque};

use borsh::{BorshDeserialize, BorshSerialize};
use types::SystemCall;

use crate::limits::KEPT_PROOFS_BYTES_MAX;

/// Stands for the work height of what was there at the start.
const FROM_BEFORE: u64 = 0;
/// For how many works it is kept.
const KEPT_FROM_BEFORE: u64 = 3;
/// The chain takes shares of the work before; one more is kept for a block that comes late.
const WORKS_KEPT: u64 = 2;

/// A proof as a block would have it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KeptProof {
    /// The work that it is of, or whose shares it is among.
    pub work_height: u64,
    /// The proof.
    pub call: SystemCall,
}

impl KeptProof {
    /// What it counts against the bound: its body and what stands around it.
    fn bytes(&self) -> usize {
        self.call.body.len().saturating_add(64)
    }
}

/// The proofs of the newest works, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptProofs {
    proofs: VecDeque<KeptProof>,
    bytes: usize,
}

impl KeptProofs {
    /// Those that a start found.
    pub(crate) fn from_before(found: impl IntoIterator<Item = SystemCall>) -> Self {
        let mut kept = Self::default();
        for call in found {
            kept.add(KeptProof { work_height: FROM_BEFORE, call });
        }
        kept
    }

    /// One more.
    pub(crate) fn add(&mut self, proof: KeptProof) {
        self.bytes = self.bytes.saturating_add(proof.bytes());
        self.proofs.push_back(proof);
        while self.bytes > KEPT_PROOFS_BYTES_MAX {
            self.forget_oldest();
        }
    }

    /// The search for this work began: older works need theirs no more. What was there at the start is kept until the chain is a few
    /// works on, whatever work it was of.
    pub fn begin_work(&mut self, work_height: u64) {
        let oldest = work_height.saturating_sub(WORKS_KEPT);
        for proof in self.proofs.iter_mut().take_while(|proof| proof.work_height == FROM_BEFORE) {
            proof.work_height = oldest.saturating_add(KEPT_FROM_BEFORE);
        }
        while self.proofs.front().is_some_and(|proof| proof.work_height < oldest) {
            self.forget_oldest();
        }
    }

    /// These are of no use any more, whatever their work.
    pub fn forget(&mut self, calls: &[SystemCall]) {
        let gone: BTreeSet<(u16, &[u8])> = calls.iter().map(|call| (call.module.0, &call.body[..])).collect();
        self.proofs.retain(|proof| !gone.contains(&(proof.call.module.0, &proof.call.body[..])));
        self.bytes = self.proofs.iter().map(KeptProof::bytes).sum();
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &KeptProof> {
        self.proofs.iter()
    }

    fn forget_oldest(&mut self) {
        let bytes = self.proofs.pop_front().map_or(self.bytes, |proof| proof.bytes());
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use types::{ByteString, ModuleId};

    use super::*;

    fn call(byte: u8) -> SystemCall {
        SystemCall { module: ModuleId(3), body: ByteString::new(vec![byte; 300]).expect("short") }
    }

    fn bytes_of(kept: &KeptProofs) -> Vec<u8> {
        kept.iter().map(|proof| proof.call.body[0]).collect()
    }

    #[test]
    fn what_no_work_needs_any_more_goes_and_what_came_back_is_kept_for_three_works() {
        let mut kept = KeptProofs::from_before([call(1), call(2)]);
        kept.add(KeptProof { work_height: 40, call: call(3) });
        kept.begin_work(41);
        kept.add(KeptProof { work_height: 41, call: call(4) });
        for work_height in [42, 43, 44] {
            kept.begin_work(work_height);
        }
        assert_eq!(bytes_of(&kept), [1, 2, 3, 4], "they are in the order in which they came");
        kept.begin_work(45);
        assert!(bytes_of(&kept).is_empty());
        assert_eq!(kept.bytes, 0);
    }

    #[test]
    fn what_is_settled_goes_at_once_and_the_rest_stays() {
        let mut kept = KeptProofs::from_before([call(1), call(2), call(3)]);
        let one = kept.bytes / 3;
        kept.forget(&[call(1), call(3), call(9)]);
        assert_eq!((bytes_of(&kept), kept.bytes), (vec![2], one));
    }

    // FAULTS HB7
    #[test]
    fn what_is_kept_is_bounded_in_bytes_and_the_oldest_give_way() {
        let mut kept = KeptProofs::default();
        let fit = KEPT_PROOFS_BYTES_MAX / KeptProof { work_height: 1, call: call(1) }.bytes();
        for number in 0..fit + 10 {
            kept.add(KeptProof { work_height: number as u64, call: call(1) });
        }
        assert_eq!(kept.proofs.len(), fit);
        assert!(kept.bytes <= KEPT_PROOFS_BYTES_MAX);
        assert_eq!(kept.proofs.front().map(|proof| proof.work_height), Some(10));
    }
}
