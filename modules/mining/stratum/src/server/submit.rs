//! A share from its submit to the book.
//!
//! The order of the checks is the order of their cost. What is refused changes nothing but counts.

use pow::{Difficulty, Target};

use crate::answer::Lines;
use crate::attest::AttestedShare;
use crate::book::{BookError, Entry, Share};
use crate::call::Submit;
use crate::config::Payment;
use crate::extranonces::Extranonce1;
use crate::job::{Body, Solved};
use crate::limits::{ACCEPTED_PER_SPAN_MAX, PROOFS_PENDING_MAX, UNBOOKED_MAX};
use crate::metrics::count;
use crate::refusal::Refusal;
use crate::request::Id;
use crate::worker::Worker;

use super::chronicle::FoundWork;
use super::input::ProofId;
use super::output::{Output, Proof};
use super::pool::Pool;
use super::session::Session;

/// What an attestation keeps of a share.
fn attested(submit: &Submit, extranonce1: Extranonce1, solved: &Solved) -> AttestedShare {
    let [a, b, c, d] = extranonce1;
    let [e, f, g, h, i, j, k, l] = submit.extranonce2;
    let extranonce = [a, b, c, d, e, f, g, h, i, j, k, l];
    AttestedShare { extranonce, version: solved.header.version, time: submit.time, nonce: submit.nonce }
}

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
        let shown = Target::from_le_bytes(solved.hash).map_or(Difficulty::MAX, Target::difficulty);
        let is_pooled = self.port(session).payment != Payment::Solo;
        // The job may be of an earlier login of a session that was resumed.
        if !is_pooled && job.body.payee != worker.address {
            return Err(Refusal::Stale);
        }
        let share = Share {
            time_ms: self.now_ms,
            work_height: template.work_height,
            worker: worker.clone(),
            hash: solved.hash,
            billionths: job.difficulty.billionths(),
            is_pooled,
        };
        let (body, difficulty) = (std::sync::Arc::clone(&job.body), job.difficulty);
        let (hash, attested) = (solved.hash, attested(submit, extranonce1, &solved));
        self.enter(session, (&body, solved), share, outputs)?;
        count(&mut self.metrics.shares_accepted);
        let weight = difficulty.billionths();
        self.metrics.billionths_accepted = self.metrics.billionths_accepted.saturating_add(weight);
        lines.yes(id);
        if body.attests.is_some() || session.binding.is_some() {
            // The difficulty is the attestation's.
            self.attestations.keep(&body, hash, attested, self.now_ms);
            self.follow_attestation(session, lines);
            return Ok(());
        }
        let bounds = self.bounds(session);
        if session.vardiff.accepted((difficulty, shown), &bounds, self.now_ms) {
            self.issue(session, lines, true);
        }
        Ok(())
    }

    /// Takes a share into the book, and hands one that is heavy enough to the chain, for which there is always room.
    fn enter(
        &mut self,
        session: &mut Session,
        (body, solved): (&Body, Solved),
        share: Share,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let worker = share.worker.clone();
        let checked = self.book.check_share(&share);
        if matches!(checked, Err(BookError::Duplicate { .. })) {
            return Err(Refusal::Duplicate);
        }
        let is_flood = session.accepted.exceeds(self.now_ms, ACCEPTED_PER_SPAN_MAX);
        let is_of_chain = self.is_of_chain(body, &solved);
        let may_be_saved = checked.is_ok() && (is_of_chain || !is_flood);
        let is_saved = may_be_saved && self.save(Entry::Share(share.clone()), outputs).is_ok();
        if is_saved {
            session.count_share(&share);
        }
        if !is_saved && !is_of_chain {
            return Err(Refusal::Busy);
        }
        if !is_saved {
            if self.unbooked.contains(&solved.hash) {
                return Err(Refusal::Duplicate);
            }
            self.unbooked.truncate(UNBOOKED_MAX.saturating_sub(1));
            self.unbooked.push_front(solved.hash);
        }
        if self.is_work(body, &solved) {
            let work_height = body.template.work_height;
            let found =
                FoundWork { work_height, worker: worker.clone(), extranonce1: session.extranonce1.unwrap_or_default() };
            self.chronicle.solved(solved.hash, found);
        }
        if is_of_chain {
            self.prove(body, solved, worker, outputs);
        }
        Ok(())
    }

    /// Whether it is a work.
    fn is_work(&self, body: &Body, solved: &Solved) -> bool {
        let is_current = self.work.as_ref().is_some_and(|work| work.template.previous == body.template.previous);
        is_current && body.work_target.is_met_by(&solved.hash)
    }

    /// Whether it is heavy enough for the chain.
    fn is_of_chain(&self, body: &Body, solved: &Solved) -> bool {
        self.is_work(body, solved) || body.template.share_target.is_met_by(&solved.hash)
    }

    /// Hands it to the chain.
    fn prove(&mut self, body: &Body, solved: Solved, worker: Worker, outputs: &mut Vec<Output>) {
        let is_work = self.is_work(body, &solved);
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
