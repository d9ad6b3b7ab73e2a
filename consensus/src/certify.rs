//! From votes to certificates.
//!
//! Votes over their sender's own stream are collected unverified; once equal votes are a quorum, one job checks their
//! sum. Votes by other hands, and those of a signer caught with a bad signature, are verified before they count.
//! Certificates from outside are verified before anything rests on them; one that this node made is not verified
//! again. Of one kind and view one check is under way at a time: every validator assembles the same certificate, and
//! one of them is enough. A decided view's own certificate moves nothing here any more: it is checked together with the
//! next quorum, or after a moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::canary::{Canary, planted};
use types::{Certificate, Proposal, ValidatorIndex, View, Vote, VoteKind, VoteStatement};

use crate::evidence::Evidence;
use crate::input::{Route, Ticket};
use crate::output::{Misconduct, Output};
use crate::record::Record;
use crate::timers::Ending;
use crate::verify::{self, HeardQuorum, Sifted, VerifyAnswer, VerifyJob};
use crate::{Engine, limits};

/// What a job under way is about.
#[derive(Clone, Debug)]
enum Pending {
    Quorums(Vec<VoteStatement>),
    Doubted(Vec<Vote>),
    Suspect(Box<Evidence>),
    Proposal(Box<Proposal>),
    Certificates(Vec<(Certificate, Route)>),
}

/// Verification under way and waiting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    last: u64,
    pending: BTreeMap<Ticket, Pending>,
    /// Votes that wait for the job on earlier ones.
    doubted: Vec<Vote>,
    /// Certificates that wait for the job on earlier ones.
    certificates: Vec<(Certificate, Route)>,
    /// Quorums of decided views: their check is in no hurry, and costs half as much together with another.
    put_off: Vec<VoteStatement>,
}

impl Jobs {
    /// Forgets everything but the tickets that were given out.
    pub(crate) fn clear(&mut self) {
        *self = Self { last: self.last, ..Self::default() };
    }

    fn add(&mut self, pending: Pending) -> Ticket {
        self.last = self.last.saturating_add(1);
        self.pending.insert(Ticket(self.last), pending);
        Ticket(self.last)
    }

    fn count(&self, wanted: impl Fn(&Pending) -> bool) -> usize {
        self.pending.values().filter(|pending| wanted(pending)).count()
    }

    /// Whether a certificate of this kind and view is being checked.
    fn checks_certificate(&self, place: Place) -> bool {
        self.pending.values().any(|pending| match pending {
            Pending::Certificates(batch) => {
                batch.iter().any(|(certificate, _)| place_of(&certificate.statement) == place)
            }
            _ => false,
        })
    }

    /// Whether own votes of this kind and view are being checked, or will be.
    fn checks_quorum(&self, place: Place) -> bool {
        let is_there = |statements: &[VoteStatement]| statements.iter().any(|statement| place_of(statement) == place);
        let under_way = |pending: &Pending| matches!(pending, Pending::Quorums(statements) if is_there(statements));
        is_there(&self.put_off) || self.pending.values().any(under_way)
    }
}

#[cfg(test)]
impl Jobs {
    /// Jobs under way, and votes and certificates that wait for one.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (self.pending.len(), self.doubted.len(), self.certificates.len())
    }
}

/// What at most one certificate is needed for.
type Place = (VoteKind, View);

const fn place_of(statement: &VoteStatement) -> Place {
    (statement.kind, statement.view)
}

impl Engine {
    /// A vote from outside: believed for now if it came over the signer's own stream, else verified first.
    pub(crate) fn receive_vote(&mut self, vote: Vote, route: Route) {
        if !self.admits_vote(&vote) {
            return;
        }
        if self.is_believed(route, vote.signer) {
            self.count_vote(vote);
        } else {
            self.doubt_vote(vote);
        }
    }

    /// Whether what this signer is said to have signed counts before its signature is looked at.
    pub(crate) fn is_believed(&self, route: Route, signer: ValidatorIndex) -> bool {
        let is_own = Some(signer) == self.epoch.own;
        route == Route::Own || self.is_of_signer(route, signer) && !is_own && !self.epoch.distrusted.contains(&signer)
    }

    /// Whether something came over the stream of whoever signed it.
    pub(crate) fn is_of_signer(&self, route: Route, signer: ValidatorIndex) -> bool {
        self.epoch.sender(route) == Some(signer)
    }

    /// [7] An own vote is signed: it counts here like everybody else's, if it is one that was cast.
    pub(crate) fn receive_own_vote(&mut self, vote: Vote) {
        let cast = self.rounds.get(&vote.statement.view).is_some_and(|round| round.own.includes(&vote.statement));
        if cast && Some(vote.signer) == self.epoch.own && self.admits_vote(&vote) {
            self.count_vote(vote);
        }
    }

    /// The admission window: one epoch, members of the set, views around the current one.
    pub(crate) fn admits_vote(&self, vote: &Vote) -> bool {
        let statement = &vote.statement;
        let lowest = View(self.finalized_view().0.saturating_sub(limits::VIEWS_SUSPECTED_MAX))
            .max(View(self.view.0.saturating_sub(limits::VIEWS_BEHIND_MAX)));
        statement.epoch == self.epoch.epoch
            && statement.is_well_formed()
            && statement.view > View::ZERO
            && statement.view >= lowest
            && statement.view <= self.view.saturating_add(limits::VIEWS_AHEAD_MAX)
            && self.epoch.set.get(vote.signer).is_some()
    }

    /// Adds a vote to its view, looks for a contradiction, and has a new quorum checked.
    pub(crate) fn count_vote(&mut self, vote: Vote) {
        let statement = vote.statement;
        self.notice_twin(&statement, Some(vote.signer) == self.epoch.own);
        let power = self.epoch.power_of(vote.signer);
        let is_leader = self.leader(statement.view) == vote.signer;
        let round = self.round(statement.view);
        if round.tally.has(vote.signer, &statement) {
            return;
        }
        let contradiction = round.tally.contradicting(&vote);
        let added = round.tally.insert(&vote, power);
        if is_leader && statement.kind == VoteKind::Notarize && contradiction.is_some() {
            round.leader_equivocated = true;
        }
        self.epoch.hear(vote.signer, statement.view);
        if let Some(evidence) = contradiction.and_then(|earlier| Evidence::of(earlier, vote)) {
            self.suspect(evidence);
        }
        if added {
            self.decide(&statement);
            self.check_quorum(&statement);
        }
    }

    /// [6] A quorum of finalize votes was heard: no other block can become final here any more. Each vote came over its
    /// signer's own stream or was verified, so for this node it is a vote; the certificate is what proves it to others.
    fn decide(&mut self, statement: &VoteStatement) {
        let VoteStatement { kind, view, block, .. } = *statement;
        if kind != VoteKind::Finalize || view <= self.finalized_view() {
            return;
        }
        let set = Arc::clone(&self.epoch.set);
        let round = self.round(view);
        if !round.decided && round.finalization.is_none() && round.tally.is_quorum(statement, &set) {
            round.decided = true;
            self.outputs.push(Output::Decided { view, block });
        }
    }

    /// A quorum that is not yet checked is checked now, unless its block is decided: then a little later, with the next.
    fn check_quorum(&mut self, statement: &VoteStatement) {
        let set = Arc::clone(&self.epoch.set);
        if !self.needs_check(statement) || !self.round(statement.view).tally.is_quorum(statement, &set) {
            return;
        }
        let is_decided = statement.kind == VoteKind::Finalize && self.round(statement.view).decided;
        if !is_decided {
            return self.check_with_put_off(vec![*statement]);
        }
        if !self.jobs.put_off.contains(statement) {
            self.jobs.put_off.push(*statement);
            self.timers.put_off_check(self.now);
        }
    }

    /// Whether the certificate of these votes would tell anything new and nobody else's is being checked.
    fn needs_check(&self, statement: &VoteStatement) -> bool {
        let known = self.rounds.get(&statement.view).is_some_and(|round| round.certificate(statement.kind).is_some());
        let awaited = self.jobs.checks_certificate(place_of(statement));
        !known && !awaited && statement.view > self.finalized_view()
    }

    /// Hands out one job on these quorums and on all that were put off.
    pub(crate) fn check_with_put_off(&mut self, mut statements: Vec<VoteStatement>) {
        self.timers.checked();
        statements.append(&mut self.jobs.put_off);
        let set = Arc::clone(&self.epoch.set);
        let mut quorums = Vec::new();
        for statement in statements {
            if self.needs_check(&statement)
                && let Some(votes) = self.round(statement.view).tally.take_quorum(&statement, &set)
            {
                quorums.push(HeardQuorum { statement, votes });
            }
        }
        if !quorums.is_empty() {
            let ticket = self.jobs.add(Pending::Quorums(quorums.iter().map(|quorum| quorum.statement).collect()));
            self.outputs.push(Output::Verify { ticket, job: VerifyJob::Quorums { set, quorums } });
        }
    }

    fn doubt_vote(&mut self, vote: Vote) {
        let known =
            self.rounds.get(&vote.statement.view).is_some_and(|round| round.tally.has(vote.signer, &vote.statement));
        let waiting = &self.jobs.doubted;
        let of_signer = waiting.iter().filter(|other| other.signer == vote.signer).count();
        if !known
            && of_signer < limits::DOUBTED_VOTES_PER_SIGNER_MAX
            && waiting.len() < limits::DOUBTED_VOTES_MAX
            && !waiting.contains(&vote)
        {
            self.jobs.doubted.push(vote);
        }
    }

    /// Both statements are verified one by one before they are called evidence.
    fn suspect(&mut self, evidence: Evidence) {
        let place = (evidence.first.statement.view, evidence.signer());
        if self.epoch.accused.contains(&place)
            || self.jobs.count(|pending| matches!(pending, Pending::Suspect(_))) >= limits::SUSPECTS_MAX
        {
            return;
        }
        self.epoch.accused.insert(place);
        let ticket = self.jobs.add(Pending::Suspect(Box::new(evidence)));
        let votes = vec![evidence.first, evidence.second];
        self.outputs.push(Output::Verify { ticket, job: VerifyJob::Votes { set: Arc::clone(&self.epoch.set), votes } });
    }

    /// A proposal by other hands than its leader's: believed when its signature is verified.
    pub(crate) fn doubt_proposal(&mut self, proposal: Proposal) {
        if self.jobs.count(|pending| matches!(pending, Pending::Proposal(_))) >= limits::PROPOSALS_WAITING_MAX {
            return;
        }
        let votes = vec![proposal.vote];
        let ticket = self.jobs.add(Pending::Proposal(Box::new(proposal)));
        self.outputs.push(Output::Verify { ticket, job: VerifyJob::Votes { set: Arc::clone(&self.epoch.set), votes } });
    }

    /// A certificate from outside, cheap checks first. `Own` means that this machine verified it before.
    pub(crate) fn receive_certificate(&mut self, certificate: Certificate, route: Route) {
        if !self.is_news(&certificate) || self.epoch.has_forged(route) {
            return;
        }
        if verify::signers_of(&self.epoch.set, &certificate).is_none() {
            self.bad_certificate(route);
            return;
        }
        if route == Route::Own {
            self.accept_certificate(certificate);
            return;
        }
        let waiting = &self.jobs.certificates;
        let of_source = waiting.iter().filter(|(_, other)| *other == route).count();
        if of_source < limits::CERTIFICATES_WAITING_PER_SOURCE_MAX
            && waiting.len() < limits::CERTIFICATES_WAITING_MAX
            && !waiting.iter().any(|(other, _)| *other == certificate)
        {
            // What validators vouch for by their own stream goes before what anybody may have written.
            let relayed = waiting.iter().position(|(_, other)| *other == Route::Relayed).unwrap_or(waiting.len());
            let place = if route == Route::Relayed { waiting.len() } else { relayed };
            self.jobs.certificates.insert(place, (certificate, route));
        }
    }

    /// An honest validator sends no certificate it did not check: nothing more of this kind is taken from its stream.
    fn bad_certificate(&mut self, route: Route) {
        self.epoch.forgers.extend(self.epoch.sender(route));
        self.punish(route, Misconduct::BadCertificate);
    }

    /// Hands out what waits, one job of each sort at a time, so that a flood shares jobs instead of making them.
    pub(crate) fn start_jobs(&mut self) {
        let set = Arc::clone(&self.epoch.set);
        if !self.jobs.doubted.is_empty() && self.jobs.count(|pending| matches!(pending, Pending::Doubted(_))) == 0 {
            let count = self.jobs.doubted.len().min(limits::DOUBTED_VOTES_PER_JOB_MAX);
            let votes: Vec<Vote> = self.jobs.doubted.drain(..count).collect();
            let ticket = self.jobs.add(Pending::Doubted(votes.clone()));
            self.outputs.push(Output::Verify { ticket, job: VerifyJob::Votes { set: Arc::clone(&set), votes } });
        }
        if self.jobs.certificates.is_empty()
            || self.jobs.count(|pending| matches!(pending, Pending::Certificates(_))) > 0
        {
            return;
        }
        let batch = self.next_certificates();
        if !batch.is_empty() {
            let certificates = batch.iter().map(|(certificate, _)| certificate.clone()).collect();
            let ticket = self.jobs.add(Pending::Certificates(batch));
            self.outputs.push(Output::Verify { ticket, job: VerifyJob::Certificates { set, certificates } });
        }
    }

    /// Of the certificates that wait, those still unknown, one per view and kind: every validator assembles its own,
    /// and one of them is enough.
    fn next_certificates(&mut self) -> Vec<(Certificate, Route)> {
        let mut batch: Vec<(Certificate, Route)> = Vec::new();
        let mut rest = Vec::new();
        for (certificate, route) in std::mem::take(&mut self.jobs.certificates) {
            let place = place_of(&certificate.statement);
            let same = |(other, _): &(Certificate, Route)| place_of(&other.statement) == place;
            if !self.is_news(&certificate) {
                continue;
            }
            // One bad certificate makes every one of its batch be checked by itself.
            let is_hearsay = route == Route::Relayed && batch.first().is_some_and(|(_, first)| *first != route);
            let awaited = self.jobs.checks_quorum(place) || batch.iter().any(same) || is_hearsay;
            if batch.len() < limits::CERTIFICATES_PER_JOB_MAX && !awaited {
                batch.push((certificate, route));
            } else {
                rest.push((certificate, route));
            }
        }
        self.jobs.certificates = rest;
        batch
    }

    /// Whether a certificate adds nothing: of another epoch, below finality, or one of its kind is there.
    pub(crate) fn knows_certificate(&self, certificate: &Certificate) -> bool {
        let statement = &certificate.statement;
        let place = self.rounds.get(&statement.view).and_then(|round| round.certificate(statement.kind));
        statement.epoch != self.epoch.epoch || statement.view <= self.finalized_view() || place.is_some()
    }

    /// A job is done. Answers nobody waits for, such as those of the epoch before, are nothing.
    pub(crate) fn job_done(&mut self, ticket: Ticket, answer: VerifyAnswer) {
        let Some(pending) = self.jobs.pending.remove(&ticket) else { return };
        match (pending, answer) {
            (Pending::Quorums(statements), VerifyAnswer::Quorums(sifted)) => {
                for (statement, Sifted { certificate, bad }) in statements.into_iter().zip(sifted) {
                    self.quorum_checked(statement, certificate, &bad);
                }
            }
            (Pending::Doubted(votes), VerifyAnswer::Votes(good)) => {
                for (vote, _) in votes.into_iter().zip(good).filter(|(_, good)| *good) {
                    if self.admits_vote(&vote) {
                        self.count_vote(vote);
                    }
                }
            }
            (Pending::Suspect(evidence), VerifyAnswer::Votes(good)) => self.suspect_checked(*evidence, &good),
            (Pending::Proposal(proposal), VerifyAnswer::Votes(good)) if good == [true] => self.see_proposal(*proposal),
            (Pending::Certificates(batch), VerifyAnswer::Certificates(good)) => {
                for ((certificate, route), good) in batch.into_iter().zip(good) {
                    if good {
                        self.accept_certificate(certificate);
                    } else {
                        self.bad_certificate(route);
                        self.check_quorums(place_of(&certificate.statement));
                    }
                }
            }
            _ => {}
        }
    }

    /// A certificate was no good: own votes, which waited for it, are checked now.
    fn check_quorums(&mut self, (kind, view): Place) {
        let Some(round) = self.rounds.get(&view) else { return };
        for statement in round.tally.statements(kind) {
            self.check_quorum(&statement);
        }
    }

    fn quorum_checked(&mut self, statement: VoteStatement, certificate: Option<Certificate>, bad: &[ValidatorIndex]) {
        for signer in bad {
            self.drop_bad_vote(*signer, &statement);
        }
        self.round(statement.view).tally.checked(&statement);
        match certificate {
            Some(certificate) => self.accept_certificate(certificate),
            // With nobody to drop the same check would fail again; the next vote starts another one.
            None if bad.is_empty() => {}
            None => self.check_quorum(&statement),
        }
    }

    fn suspect_checked(&mut self, evidence: Evidence, good: &[bool]) {
        let signer = evidence.signer();
        if good == [true, true] {
            self.outputs.push(Output::Evidence(evidence));
            self.punish_member(signer, Misconduct::Equivocation);
            return;
        }
        self.epoch.accused.remove(&(evidence.first.statement.view, signer));
        for (vote, good) in [evidence.first, evidence.second].iter().zip(good) {
            if !good {
                self.drop_bad_vote(signer, &vote.statement);
            }
        }
    }

    /// A vote that its signer sent itself and that is no vote: from now on this signer is verified first.
    fn drop_bad_vote(&mut self, signer: ValidatorIndex, statement: &VoteStatement) {
        let power = self.epoch.power_of(signer);
        self.round(statement.view).tally.remove(signer, statement, power);
        if Some(signer) != self.epoch.own {
            self.epoch.distrusted.insert(signer);
            self.punish_member(signer, Misconduct::BadSignature);
        }
    }

    /// Only a member of this epoch's set, and only for what came over its own stream.
    pub(crate) fn punish(&mut self, route: Route, why: Misconduct) {
        if let Some(member) = self.epoch.sender(route) {
            self.punish_member(member, why);
        }
    }

    fn punish_member(&mut self, member: ValidatorIndex, why: Misconduct) {
        let peer = self.epoch.set.get(member).map(|validator| validator.peer);
        self.outputs.extend(peer.map(|peer| Output::Punish { peer, why }));
    }

    /// [4] [5] [6] A certificate that holds: log it, send it on if it moves this node, and follow it.
    pub(crate) fn accept_certificate(&mut self, certificate: Certificate) {
        let VoteStatement { kind, view, block, .. } = certificate.statement;
        self.notice_twin(&certificate.statement, self.epoch.own.is_some_and(|own| certificate.signers.contains(own)));
        if self.knows_certificate(&certificate) {
            return;
        }
        for signer in verify::signers_of(&self.epoch.set, &certificate).unwrap_or_default() {
            self.epoch.hear(signer, view);
        }
        *self.round(view).certificate_mut(kind) = Some(certificate.clone());
        if !planted(Canary::CertificateNotLogged) {
            self.outputs.push(Output::Persist(Record::Certificate(certificate.clone())));
        }
        self.spread(&certificate);
        if view >= self.view {
            self.leave_view(kind, view);
        }
        match kind {
            VoteKind::Notarize => {
                self.outputs.push(Output::Notarized(certificate));
                self.await_body(view, block);
            }
            VoteKind::Nullify => self.outputs.push(Output::Nullified(certificate)),
            VoteKind::Finalize => self.finalize(certificate),
        }
        if view >= self.view {
            self.enter_view(view.next());
        }
    }

    /// [4] [5] [6] The current view ends by a certificate of this view or a later one: what that says about Δ.
    fn leave_view(&mut self, kind: VoteKind, view: View) {
        let current = self.view;
        let ending = match kind {
            VoteKind::Notarize | VoteKind::Finalize if view == current => Ending::Notarized,
            VoteKind::Nullify if view == current => Ending::Nullified,
            _ => Ending::Overtaken,
        };
        self.round(current).enough = self.timers.leave(self.now, ending);
    }
}
