//! Doing the jobs: pure functions of a job, the store and the rules.
//!
//! A job checks each signature once: what the pool or an earlier block has verified is remembered by its exact bytes.

use std::sync::Arc;

use consensus::verify;
use execution::{
    BuildError, BuildRequest, Built, CheckedBody, CheckedTransaction, InvalidBlock, Layered, NextBlock, Reject,
};
use types::{Header, Transaction};

use crate::chain::Ground;
use crate::job::{BodyDraft, Executed, Job, JobAnswer, JobContext, Piece, Proposing};

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
            Self::Mend { lost, kept, set } => {
                let result = context.compare(&lost, kept, &set);
                JobAnswer::Mend(lost, result)
            }
            Self::Replay { ground, blocks, path } => JobAnswer::Replay(context.replay(ground, blocks, path)),
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

    pub(crate) fn execute(&self, ground: &Ground, header: &Header, body: &CheckedBody, check: bool) -> Executed {
        if check && let Err(error) = self.validate(ground, header, body) {
            return Executed::Invalid(error);
        }
        let state = Layered::new(self.state, &ground.layers);
        match self.registry.apply(&state, ground.tip.state_root, header, body) {
            Ok(outcome) => Executed::Done(Arc::new(outcome)),
            Err(fault) => Executed::Fault(fault),
        }
    }
}
