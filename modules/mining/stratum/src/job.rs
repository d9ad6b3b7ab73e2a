//! Jobs: what a connection was asked to hash, and at which difficulty.
//!
//! It must not know who asked or what a share earns. Invariants: a job keeps the difficulty that was assigned when it
//! was issued, and shares are credited at that one, whatever was assigned later; a connection answers for a bounded
//! number of jobs, the oldest goes first.

use std::collections::VecDeque;
use std::sync::Arc;

use pow::coinbase::CoinbaseParts;
use pow::{CoinbaseError, Commitment, Difficulty, SearchSpace, Target, WorkHeader, merkle, sha256d};
use types::Address;

use crate::attest::AttestTerms;
use crate::call::Submit;
use crate::limits::{EXTRANONCE1_BYTES, JOBS_PER_CONNECTION_MAX};
use crate::refusal::Refusal;
use crate::template::Template;

/// A template for one payee: everything of a job that connections share.
#[derive(Clone, Debug)]
pub struct Body {
    /// The work.
    pub template: Arc<Template>,
    /// When the template came, in milliseconds.
    pub received_ms: u64,
    /// Whom the coinbase pays.
    pub payee: Address,
    /// The coinbase around the extranonces.
    pub coinbase: CoinbaseParts,
    /// What a work has to meet.
    pub work_target: Target,
    /// The attestation that the coinbase binds, if it does.
    pub attests: Option<AttestTerms>,
}

impl Body {
    /// Builds the coinbase, with the word of the builder or what an attestation binds.
    ///
    /// # Errors
    /// [`CoinbaseError`] for a tag that is too long.
    pub fn new(
        (template, received_ms): (Arc<Template>, u64),
        payee: Address,
        (tag, space): (&str, SearchSpace),
        work_target: Target,
        attests: Option<AttestTerms>,
    ) -> Result<Self, CoinbaseError> {
        let commitment = Commitment {
            chain_id: template.chain_id,
            work_height: template.work_height,
            payee,
            anchor: template.anchor,
        };
        let binding = attests.map(|terms| terms.tag());
        let coinbase = commitment.coinbase_parts_in(binding.as_deref().unwrap_or(tag.as_bytes()), space)?;
        Ok(Self { template, received_ms, payee, coinbase, work_target, attests })
    }
}

impl Body {
    /// The fields of `mining.notify` from the previous hash to the bits, as JSON.
    #[must_use]
    pub fn fields(&self) -> String {
        let template = &self.template;
        let branch: Vec<String> = template.branch.iter().map(|hash| format!("\"{}\"", hex::encode(hash.0))).collect();
        format!(
            "\"{}\",\"{}\",\"{}\",[{}],\"{:08x}\",\"{:08x}\"",
            swapped_words(&template.previous),
            hex::encode(&self.coinbase.coinbase1),
            hex::encode(&self.coinbase.coinbase2),
            branch.join(","),
            template.version,
            template.bits.0,
        )
    }

    /// The header time to begin with now.
    #[must_use]
    pub fn time(&self, now_ms: u64) -> u32 {
        self.template.time.saturating_add(self.age_s(now_ms)).clamp(self.template.time_min, self.time_max(now_ms))
    }

    /// Whether a header with this time counts now.
    #[must_use]
    pub fn takes_time(&self, time: u32, now_ms: u64) -> bool {
        time >= self.template.time_min && time <= self.time_max(now_ms)
    }

    fn time_max(&self, now_ms: u64) -> u32 {
        self.template.time_max.saturating_add(self.age_s(now_ms)).max(self.template.time_min)
    }

    /// Whole seconds since the template came.
    fn age_s(&self, now_ms: u64) -> u32 {
        let age_ms = now_ms.saturating_sub(self.received_ms);
        u32::try_from(age_ms.checked_div(1_000).unwrap_or(0)).unwrap_or(u32::MAX)
    }
}

/// The previous hash as `mining.notify` wants it: each of the eight words byte-swapped.
fn swapped_words(hash: &[u8; 32]) -> String {
    let words = hash.chunks(4).flat_map(|word| word.iter().rev().copied());
    hex::encode(words.collect::<Vec<u8>>())
}

/// One job of one connection.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number on the wire, in hexadecimal.
    pub id: u32,
    /// What is hashed.
    pub body: Arc<Body>,
    /// What its shares are worth.
    pub difficulty: Difficulty,
    /// What its shares have to meet.
    pub target: Target,
    /// When it was issued, in milliseconds.
    pub issued_ms: u64,
}

/// Where a session searches. Headers of one space count at one difficulty: else whoever hashes once could choose, for each header,
/// the heaviest job that it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// The previous-hash field of the work.
    pub previous: [u8; 32],
    /// The difficulty of all of its jobs.
    pub difficulty: Difficulty,
    /// Which of the session's spaces for this work.
    pub lane: u32,
}

impl Space {
    /// The space of the next job, for this work and at this difficulty.
    #[must_use]
    pub fn next(earlier: Option<Self>, previous: [u8; 32], difficulty: Difficulty) -> Self {
        let lane = match earlier.filter(|earlier| earlier.previous == previous) {
            None => 0,
            Some(same) if same.difficulty == difficulty => same.lane,
            Some(other) => other.lane.wrapping_add(1),
        };
        Self { previous, difficulty, lane }
    }
}

/// A header that was put together from a job and a submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solved {
    /// The header.
    pub header: WorkHeader,
    /// Its hash, in the byte order of the hash function.
    pub hash: [u8; 32],
    /// The whole coinbase.
    pub coinbase: Vec<u8>,
}

impl Job {
    /// Puts the header together and hashes it. `mask` are the version bits that this connection may roll.
    ///
    /// # Errors
    /// [`Refusal::VersionOutsideMask`]. Time and difficulty are for the caller to judge.
    pub fn solve(&self, submit: &Submit, extranonce1: [u8; EXTRANONCE1_BYTES], mask: u32) -> Result<Solved, Refusal> {
        let rolled = submit.version_bits.unwrap_or(0);
        if rolled & !mask != 0 {
            return Err(Refusal::VersionOutsideMask);
        }
        let template = &self.body.template;
        let version = match submit.version_bits {
            Some(bits) => (template.version & !mask) | bits,
            None => template.version,
        };
        let coinbase = self.body.coinbase.assemble(extranonce1, submit.extranonce2);
        let header = WorkHeader {
            version,
            previous: template.previous,
            merkle_root: merkle::fold(sha256d(&coinbase), &template.branch),
            time: submit.time,
            bits: template.bits,
            nonce: submit.nonce,
        };
        let hash = header.hash();
        Ok(Solved { header, hash, coinbase })
    }
}

/// The jobs that one connection may still answer.
#[derive(Debug, Default)]
pub struct Jobs {
    list: VecDeque<Job>,
}

impl Jobs {
    /// Adds the newest job.
    pub fn push(&mut self, job: Job) {
        while self.list.len() >= JOBS_PER_CONNECTION_MAX {
            self.list.pop_front();
        }
        self.list.push_back(job);
    }

    /// The job of this number.
    #[must_use]
    pub fn get(&self, id: u32) -> Option<&Job> {
        self.list.iter().rev().find(|job| job.id == id)
    }

    /// The newest job.
    #[must_use]
    pub fn newest(&self) -> Option<&Job> {
        self.list.back()
    }

    /// The newest ones that still count, for the session's return.
    #[must_use]
    pub fn newest_of(&self, max: usize, counts: impl Fn(&Job) -> bool) -> Self {
        let counted = self.list.iter().filter(|job| counts(job));
        let surplus = counted.clone().count().saturating_sub(max);
        Self { list: counted.skip(surplus).cloned().collect() }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Drops the jobs of works that nobody accepts any more.
    pub fn retain(&mut self, keep: impl Fn(&Job) -> bool) {
        self.list.retain(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_previous_hash_is_sent_with_each_word_swapped() {
        let hash: [u8; 32] = std::array::from_fn(|index| index as u8);
        assert_eq!(
            swapped_words(&hash),
            "0302010007060504".to_owned() + "0b0a09080f0e0d0c" + "1312111017161514" + "1b1a19181f1e1d1c"
        );
    }
}
