//! The votes of one view by what they say, a few per signer.

use std::collections::BTreeMap;

use types::{BlsSignature, ValidatorIndex, ValidatorSet, Vote, VoteKind, VoteStatement};

use crate::evidence::contradicts;
use crate::limits;

/// Equal votes.
#[derive(Clone, Debug, Default)]
struct Pool {
    votes: BTreeMap<ValidatorIndex, BlsSignature>,
    power: u64,
    /// A job is under way on them.
    checking: bool,
}

/// The votes of one view by what they say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pools: BTreeMap<VoteStatement, Pool>,
}

impl Tally {
    pub(crate) fn is_empty(&self) -> bool {
        self.pools.is_empty()
    }

    /// How many votes are remembered.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.pools.values().map(|pool| pool.votes.len()).sum()
    }

    pub(crate) fn has(&self, signer: ValidatorIndex, statement: &VoteStatement) -> bool {
        self.pools.get(statement).is_some_and(|pool| pool.votes.contains_key(&signer))
    }

    /// Whether this signer said anything of this kind.
    pub(crate) fn has_kind(&self, signer: ValidatorIndex, kind: VoteKind) -> bool {
        self.pools.iter().any(|(statement, pool)| statement.kind == kind && pool.votes.contains_key(&signer))
    }

    /// Whether this signer has said as much of this kind as is remembered.
    pub(crate) fn is_full(&self, signer: ValidatorIndex, kind: VoteKind) -> bool {
        let of_kind = self.pools.iter().filter(|(statement, _)| statement.kind == kind);
        of_kind.filter(|(_, pool)| pool.votes.contains_key(&signer)).count() >= limits::STATEMENTS_PER_SIGNER_MAX
    }

    /// What was said of this kind.
    pub(crate) fn statements(&self, kind: VoteKind) -> Vec<VoteStatement> {
        self.pools.keys().filter(|statement| statement.kind == kind).copied().collect()
    }

    /// Another vote of this signer that contradicts this one.
    pub(crate) fn contradicting(&self, vote: &Vote) -> Option<Vote> {
        self.pools.iter().filter(|(statement, _)| contradicts(statement, &vote.statement)).find_map(
            |(statement, pool)| {
                let signature = *pool.votes.get(&vote.signer)?;
                Some(Vote { statement: *statement, signer: vote.signer, signature })
            },
        )
    }

    /// Adds a vote unless it is known or its signer already said enough of this kind. Gives whether it was added.
    pub(crate) fn insert(&mut self, vote: &Vote, power: u64) -> bool {
        if self.is_full(vote.signer, vote.statement.kind) || self.has(vote.signer, &vote.statement) {
            return false;
        }
        let pool = self.pools.entry(vote.statement).or_default();
        pool.votes.insert(vote.signer, vote.signature);
        pool.power = pool.power.saturating_add(power);
        true
    }

    pub(crate) fn remove(&mut self, signer: ValidatorIndex, statement: &VoteStatement, power: u64) {
        if let Some(pool) = self.pools.get_mut(statement)
            && pool.votes.remove(&signer).is_some()
        {
            pool.power = pool.power.saturating_sub(power);
            if pool.votes.is_empty() {
                self.pools.remove(statement);
            }
        }
    }

    pub(crate) fn is_quorum(&self, statement: &VoteStatement, set: &ValidatorSet) -> bool {
        self.pools.get(statement).is_some_and(|pool| set.is_quorum(pool.power))
    }

    /// The equal votes if they are a quorum on which no job is under way; from now on one is.
    pub(crate) fn take_quorum(
        &mut self,
        statement: &VoteStatement,
        set: &ValidatorSet,
    ) -> Option<Vec<(ValidatorIndex, BlsSignature)>> {
        let pool = self.pools.get_mut(statement)?;
        if pool.checking || !set.is_quorum(pool.power) {
            return None;
        }
        pool.checking = true;
        Some(pool.votes.iter().map(|(signer, signature)| (*signer, *signature)).collect())
    }

    /// The job on these votes is done.
    pub(crate) fn checked(&mut self, statement: &VoteStatement) {
        if let Some(pool) = self.pools.get_mut(statement) {
            pool.checking = false;
        }
    }
}
