//! A share from its submit to the book.
//!
//! The order of the checks is the order of their cost. What is refused changes nothing but counts.

use crate::answer::Lines;
use crate::book::{BookError, Entry, Share};
use crate::call::Submit;
use crate::config::Payment;
use crate::job::{Body, Solved};
use crate::limits::PROOFS_PENDING_MAX;
use crate::metrics::count;
use crate::refusal::Refusal;
use crate::request::Id;
use crate::worker::Worker;

use super::input::ProofId;
use super::output::{Output, Proof};
use super::pool::Pool;
use super::session::Session;

impl Pool {
    /// `mining.submit`: true, or why not.
    ///
    /// # Errors
    /// The [`Refusal`] for the miner.
    pub(super) fn submit(
        &mut self,
        session: &mut Session,
        id: Id<'_>,
        submit: &Submit,
        lines: &mut Lines,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let extranonce1 = session.extranonce1.ok_or(Refusal::NotSubscribed)?;
        let worker = session.member(&submit.user).ok_or(Refusal::Unauthorized)?.clone();
        let job = submit.job.and_then(|job| session.jobs.get(job)).ok_or_else(|| session.missing(submit.job))?;
        let template = &job.body.template;
        let work = self.work.as_ref().ok_or(Refusal::Stale)?;
        if !work.takes(template, self.now_ms) {
            return Err(Refusal::Stale);
        }
        if !job.body.takes_time(submit.time, self.now_ms) {
            return Err(Refusal::TimeOutOfRange);
        }
        let solved = job.solve(submit, extranonce1, session.mask)?;
        if !job.target.is_met_by(&solved.hash) {
            return Err(Refusal::LowDifficulty);
        }
        let share = Share {
            time_ms: self.now_ms,
            work_height: template.work_height,
            worker: worker.clone(),
            hash: solved.hash,
            billionths: job.difficulty.billionths(),
            is_pooled: self.port(session).payment != Payment::Solo,
        };
        let (body, difficulty) = (std::sync::Arc::clone(&job.body), job.difficulty);
        self.save(Entry::Share(share), outputs).map_err(|error| match error {
            BookError::Duplicate { .. } => Refusal::Duplicate,
            _ => Refusal::Busy,
        })?;
        count(&mut self.metrics.shares_accepted);
        let weight = difficulty.billionths();
        self.metrics.billionths_accepted = self.metrics.billionths_accepted.saturating_add(weight);
        lines.yes(id);
        self.prove(&body, solved, worker, outputs);
        let bounds = self.bounds(session);
        if session.vardiff.accepted(difficulty, &bounds, self.now_ms) {
            self.issue(session, lines, true);
        }
        Ok(())
    }

    /// Hands a share that is heavy enough to the chain.
    fn prove(&mut self, body: &Body, solved: Solved, worker: Worker, outputs: &mut Vec<Output>) {
        let is_current = self.work.as_ref().is_some_and(|work| work.template.previous == body.template.previous);
        let is_work = is_current && body.work_target.is_met_by(&solved.hash);
        if !is_work && !body.template.share_target.is_met_by(&solved.hash) {
            return;
        }
        let id = ProofId(self.next_proof);
        self.next_proof = self.next_proof.saturating_add(1);
        self.proofs.insert(id);
        while self.proofs.len() > PROOFS_PENDING_MAX {
            self.proofs.pop_first();
        }
        count(&mut self.metrics.proofs);
        outputs.push(Output::Submit(Box::new(Proof {
            id,
            worker,
            work_height: body.template.work_height,
            anchor_height: body.template.anchor_height,
            is_work,
            header: solved.header.to_bytes(),
            hash: solved.hash,
            coinbase: solved.coinbase,
            branch: body.template.branch.clone(),
        })));
    }
}
