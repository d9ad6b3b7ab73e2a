//! Driving the engine: its outputs become effects, questions and inputs, until it has nothing more to say.

use consensus::verify::VerifyJob;
use consensus::{Evidence, Input, Misconduct, Output, Resend};
use types::{Certificate, Hash32, PeerKey, TimeMs, ValidatorIndex, View};

use crate::effect::{Effect, Notice, Offence, Target};
use crate::job::Job;
use crate::jobs::Purpose;
use crate::log::LogRecord;
use crate::replica::Replica;
use crate::wire::{Message, Request, Response};

impl Replica {
    /// Gives the engine everything that waits for it.
    pub(crate) fn drive(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            for output in self.engine.step(TimeMs(self.now.monotonic_ms), input) {
                self.output(output);
            }
        }
    }

    pub(crate) fn output(&mut self, output: Output) {
        match output {
            Output::Persist(record) => self.effects.push(Effect::Persist(LogRecord::Engine(Box::new(record)))),
            Output::Sign { statement, header } => {
                self.effects.push(Effect::Sign { statement, header: header.map(Box::new), again: false });
            }
            Output::Resend(parts) => parts.into_iter().for_each(|part| self.resend(part)),
            Output::Send { certificate, to } => {
                let (to, message) = (Target::Members(to), Message::Certificate(certificate));
                self.effects.push(Effect::Send { to, message });
            }
            // Of votes, only those are checked one by one that came by others' hands, or that accuse somebody.
            Output::Verify { ticket, job: job @ VerifyJob::Votes { .. } } => {
                self.start_job(Job::Hearsay(job), Purpose::Verify(ticket));
            }
            Output::Verify { ticket, job } => self.start_job(Job::Verify(job), Purpose::Verify(ticket)),
            Output::Build { view, parent_view: _, parent } => self.take_turn(view, parent),
            Output::Validate { view, block, header, parent_view: _, parent } => {
                self.judge_later(view, block, header, parent);
            }
            Output::FetchCertificate { request, first_from } => self.fetch_certificates(request, first_from),
            Output::FetchBlock { block, first_from } => self.await_body(block, first_from),
            Output::Answer { peer_token, request, certificates } => {
                self.answer_certificates(peer_token, request, certificates);
            }
            Output::Notarized(certificate) => self.certified(certificate.statement.block),
            Output::Nullified(certificate) => self.drop_turn(certificate.statement.view),
            Output::Decided { view: _, block } => self.decided = Some(block),
            Output::Finalized(certificate) => {
                self.announce(&certificate);
                self.finalization(certificate);
            }
            Output::Evidence(evidence) => self.report(&evidence),
            Output::Punish { peer, why } => self.punish_validator(peer, why),
            Output::Twin(statement) => self.hear_twin(&statement),
            Output::WakeAt(at) => self.engine_wake_ms = at.0,
            Output::Entered { epoch, view, leader } => {
                if self.view > View::ZERO {
                    self.listen.view_ended();
                }
                self.view = view;
                self.leader = leader;
                self.judgements.retain(|judged, _| *judged >= view);
                self.drop_hints(view);
                self.effects.push(Effect::Notify(Notice::View { epoch, view, leader }));
            }
        }
    }

    fn resend(&mut self, part: Resend) {
        self.effects.push(match part {
            Resend::Vote(statement) => Effect::Sign { statement, header: None, again: true },
            Resend::Proposal { statement, header } => {
                Effect::Sign { statement, header: Some(Box::new(header)), again: true }
            }
            Resend::Certificate(certificate) => {
                Effect::Send { to: Target::Validators, message: Message::Certificate(certificate) }
            }
        });
    }

    /// A finalization that is new here, for those who listen and do not vote.
    fn announce(&mut self, certificate: &Certificate) {
        if self.spreads_finality() {
            self.effects.push(Effect::Gossip(Message::Certificate(certificate.clone())));
        }
    }

    /// Validators get the finalization over their streams; it is said aloud where somebody else listens. Every node
    /// passes on the first version that it has verified, so it reaches everybody.
    fn spreads_finality(&self) -> bool {
        self.sync.peers().any(|peer| self.set.index_of_peer(&peer).is_none())
    }

    fn answer_certificates(
        &mut self,
        consensus::PeerToken(token): consensus::PeerToken,
        request: consensus::CertificateRequest,
        certificates: Vec<Certificate>,
    ) {
        let token = crate::event::RequestToken(token);
        self.effects.push(if certificates.is_empty() {
            Effect::RespondFromStore { token, request: Request::Certificates(request) }
        } else {
            let mut certificates = certificates;
            certificates.truncate(crate::wire::CERTIFICATES_PER_ANSWER_MAX);
            let list = types::List::new(certificates).unwrap_or_default();
            Effect::Respond { token, response: Response::Certificates(list) }
        });
    }

    fn report(&mut self, evidence: &Evidence) {
        let statement = evidence.first.statement;
        self.effects.push(Effect::Notify(Notice::Evidence {
            signer: evidence.signer(),
            epoch: statement.epoch,
            view: statement.view,
        }));
    }

    fn punish_validator(&mut self, peer: PeerKey, why: Misconduct) {
        let offence = match why {
            Misconduct::BadSignature => Offence::InvalidSignature,
            Misconduct::BadCertificate => Offence::InvalidCertificate,
            Misconduct::BadProposal => Offence::InvalidBlock,
            // An equivocator's votes still count and its blocks are still wanted: evidence is the answer to it.
            Misconduct::Equivocation => return,
        };
        self.effects.push(Effect::Punish { peer, offence });
    }

    /// The place of this node in the epoch's set.
    #[must_use]
    pub fn own_index(&self) -> Option<ValidatorIndex> {
        self.config.own_key.as_ref().and_then(|key| self.set.index_of(key))
    }

    /// Whether a hash is that of a final block that this node has seen become final.
    pub(crate) fn is_final(&self, hash: &Hash32) -> bool {
        self.chain.tip().hash == *hash || self.final_hashes.contains(hash)
    }

    pub(crate) fn tell_engine(&mut self, input: Input) {
        self.inputs.push_back(input);
    }
}
