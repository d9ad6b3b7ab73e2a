//! What peers say, sorted by kind and handed to whom it concerns.
//!
//! A message that came over a validator's own stream carries that validator's authority; anything else is hearsay
//! and is verified before it counts.

use std::sync::Arc;

use consensus::verify::{VerifyAnswer, VerifyJob};
use consensus::{Input, PeerToken, Route};
use types::{Canonical, List, PeerKey, Proposal, VoteKind};

use crate::effect::{Effect, GossipVerdict, Offence};
use crate::event::{GossipToken, RequestId, RequestToken, Via};
use crate::fetch::Asked;
use crate::job::Job;
use crate::jobs::{Origin, Purpose};
use crate::replica::Replica;
use crate::wire::{CertifiedBlock, Message, PeerStatus, Request, Response, WireBlock};

impl Replica {
    pub(crate) fn hear(&mut self, from: PeerKey, via: Via, message: Message) {
        if let Message::Transactions(transactions) = message {
            let origin = Origin { peer: from, via };
            return self.hear_transactions(origin, transactions.into_vec());
        }
        match via {
            Via::Stream => self.hear_over_stream(from, message),
            Via::Gossip(token) => self.hear_gossip(from, token, message),
        }
    }

    fn hear_transactions(&mut self, origin: Origin, transactions: Vec<types::Transaction>) {
        if self.jobs.checks_under_way() >= CHECKS_MAX {
            return self.verdict(origin.via, GossipVerdict::Ignore);
        }
        self.start_job(Job::Check { transactions }, Purpose::Check(origin));
    }

    fn hear_over_stream(&mut self, from: PeerKey, message: Message) {
        let route = self.set.index_of_peer(&from).map_or(Route::Relayed, Route::Direct);
        let epoch = match &message {
            Message::Proposal(Proposal { vote, .. }) | Message::Vote(vote) => vote.statement.epoch,
            Message::Certificate(certificate) => certificate.statement.epoch,
            Message::Block(block) => block.header.epoch,
            Message::Transactions(_) => self.epoch,
        };
        if epoch > self.epoch {
            // Somebody is an epoch ahead; how far is asked, not believed.
            self.ask_status(from);
        }
        match message {
            Message::Proposal(proposal) => {
                let hash = crypto::ids::header_hash(&proposal.header);
                self.tell_engine(Input::Proposal { proposal, hash, route });
            }
            Message::Vote(vote) => self.tell_engine(Input::Vote { vote, route }),
            Message::Certificate(certificate) => {
                let statement = &certificate.statement;
                if !(statement.kind == VoteKind::Finalize && self.is_final(&statement.block)) {
                    self.tell_engine(Input::Certificate { certificate, route });
                }
            }
            Message::Block(block) => self.hear_block(from, *block, false),
            Message::Transactions(_) => {}
        }
    }

    /// What anybody may have written is verified before it is passed on or believed.
    fn hear_gossip(&mut self, from: PeerKey, token: GossipToken, message: Message) {
        let set = self.set.clone();
        let (statement, job) = match &message {
            Message::Proposal(Proposal { vote, .. }) | Message::Vote(vote) => {
                (vote.statement, VerifyJob::Votes { set, votes: vec![*vote] })
            }
            Message::Certificate(certificate) => {
                (certificate.statement, VerifyJob::Certificates { set, certificates: vec![certificate.clone()] })
            }
            // Bodies are asked for, never gossiped.
            Message::Block(_) | Message::Transactions(_) => return self.give_verdict(token, GossipVerdict::Reject),
        };
        if statement.epoch > self.epoch {
            self.ask_status(from);
        }
        let known = self.is_final(&statement.block);
        let near = self.view.0.saturating_sub(statement.view.0) <= GOSSIP_VIEWS_BEHIND_MAX;
        let busy = self.jobs.gossip_under_way() >= CHECKS_MAX;
        if statement.epoch != self.epoch || known || busy || !near {
            return self.give_verdict(token, GossipVerdict::Ignore);
        }
        self.start_job(Job::Verify(job), Purpose::Gossip(token, Box::new(message)));
    }

    /// Gossip that was verified, or found to be false.
    pub(crate) fn heard_gossip(&mut self, token: GossipToken, message: Message, answer: &VerifyAnswer) {
        let good = match answer {
            VerifyAnswer::Votes(good) | VerifyAnswer::Certificates(good) => good.first() == Some(&true),
            VerifyAnswer::Quorum { .. } => false,
        };
        if !good {
            return self.give_verdict(token, GossipVerdict::Reject);
        }
        self.give_verdict(token, GossipVerdict::Accept);
        match message {
            // A verified vote speaks for its signer as if it had come from there.
            Message::Vote(vote) => self.tell_engine(Input::Vote { vote, route: Route::Direct(vote.signer) }),
            Message::Proposal(proposal) => {
                let hash = crypto::ids::header_hash(&proposal.header);
                let route = Route::Direct(proposal.vote.signer);
                self.tell_engine(Input::Proposal { proposal, hash, route });
            }
            Message::Certificate(certificate) => {
                self.tell_engine(Input::Certificate { certificate, route: Route::Own });
            }
            Message::Block(_) | Message::Transactions(_) => {}
        }
    }

    /// A block's body, sent ahead by its leader or asked for. Before a vote vouches for it, it is only a hint.
    pub(crate) fn hear_block(&mut self, from: PeerKey, block: WireBlock, asked: bool) {
        let hash = crypto::ids::header_hash(&block.header);
        let tip = self.chain.tip().header.height;
        let wanted = asked || self.is_hint(from, &block.header);
        let known = self.chain.entry(&hash).is_some_and(|entry| entry.body.is_some());
        if !wanted || known || block.header.height <= tip || block.header.chain_id != self.config.chain_id {
            return;
        }
        let job = Job::CheckBody { header: block.header, body: Arc::new(block.body) };
        self.start_job(job, Purpose::Body { hash, from });
    }

    /// Whether a body that nobody asked for is one that its leader sends ahead, the first or second of its view.
    fn is_hint(&mut self, from: PeerKey, header: &types::Header) -> bool {
        let leader = self.engine.leader(header.view);
        let from_leader = self.set.get(leader).is_some_and(|leader| leader.peer == from);
        let (lowest, highest) = (self.view, self.view.saturating_add(HINT_VIEWS_AHEAD_MAX));
        if header.epoch != self.epoch || !from_leader || header.view < lowest || header.view > highest {
            return false;
        }
        self.hints.retain(|view, _| *view >= lowest);
        let count = self.hints.entry(header.view).or_default();
        *count = count.saturating_add(1);
        *count <= HINTS_PER_VIEW_MAX
    }

    pub(crate) fn answer(&mut self, token: RequestToken, request: Request) {
        let response = match &request {
            Request::Status => Response::Status(self.own_status()),
            Request::Certificates(request) => {
                let input = Input::Asked { peer_token: PeerToken(token.0), request: *request };
                self.tell_engine(input);
                return;
            }
            Request::Block { hash } => match self.block_in_memory(hash) {
                Some(block) => Response::Block(Some(Box::new(block))),
                None => {
                    self.effects.push(Effect::RespondFromStore { token, request });
                    return;
                }
            },
            Request::Range { .. } => {
                self.effects.push(Effect::RespondFromStore { token, request });
                return;
            }
        };
        self.effects.push(Effect::Respond { token, response });
    }

    pub(crate) fn own_status(&self) -> PeerStatus {
        PeerStatus {
            chain_id: self.config.chain_id,
            height: self.chain.committed_height(),
            epoch: self.epoch,
            software: self.config.software.clone(),
        }
    }

    fn block_in_memory(&self, hash: &types::Hash32) -> Option<WireBlock> {
        if let Some(entry) = self.chain.entry(hash) {
            let body = entry.body.as_ref()?.body().as_ref().clone();
            return Some(WireBlock { header: entry.header.clone(), body });
        }
        let block = self.chain.uncommitted().find(|block| block.hash == *hash)?;
        Some(WireBlock { header: block.header.clone(), body: block.body.as_ref().clone() })
    }

    pub(crate) fn hear_response(&mut self, id: RequestId, from: PeerKey, response: Option<Response>) {
        let Some(asked) = self.fetch.answered(id) else { return };
        match (asked, response) {
            (Asked::Range, Some(Response::Range(blocks))) => self.heard_range(id, Some(blocks.into_vec())),
            (Asked::Range, _) => self.heard_range(id, None::<Vec<CertifiedBlock>>),
            (Asked::Status, Some(Response::Status(status))) => self.heard_status(from, &status),
            (Asked::Certificates, Some(Response::Certificates(certificates))) => {
                for certificate in &certificates {
                    let input = Input::Certificate { certificate: certificate.clone(), route: Route::Relayed };
                    self.tell_engine(input);
                }
            }
            (Asked::Block(hash), Some(Response::Block(Some(block)))) => {
                if crypto::ids::header_hash(&block.header) == hash {
                    // A block at a height far above shows that ranges are needed, not single blocks.
                    self.sync.claim(from, block.header.height.saturating_sub(1));
                    self.hear_block(from, *block, true);
                } else {
                    self.effects.push(Effect::Punish { peer: from, offence: Offence::InvalidBlock });
                    self.fetch.missed(&hash);
                }
            }
            (Asked::Block(hash), _) => self.fetch.missed(&hash),
            (Asked::Status | Asked::Certificates, _) => {}
        }
    }

    /// Asks a peer how far it is, at most once in a while whoever it is.
    pub(crate) fn ask_status(&mut self, peer: PeerKey) {
        if self.now.monotonic_ms < self.status_asked_ms.saturating_add(STATUS_MS_MIN) {
            return;
        }
        self.status_asked_ms = self.now.monotonic_ms;
        let id = self.fetch.next_id(Asked::Status);
        self.effects.push(Effect::Request { id, to: peer, request: Request::Status });
    }

    pub(crate) fn verdict(&mut self, via: Via, verdict: GossipVerdict) {
        if let Via::Gossip(token) = via {
            self.give_verdict(token, verdict);
        }
    }

    pub(crate) fn give_verdict(&mut self, token: GossipToken, verdict: GossipVerdict) {
        self.effects.push(Effect::Verdict { token, verdict });
    }

    /// Splits transactions into messages that fit the wire.
    pub(crate) fn transaction_messages(transactions: &[Arc<types::Transaction>]) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut batch: Vec<types::Transaction> = Vec::new();
        let mut bytes: usize = 0;
        for transaction in transactions {
            let length = transaction.encoded_length();
            let full = batch.len() >= crate::wire::TRANSACTIONS_PER_MESSAGE_MAX
                || bytes.saturating_add(length) > BATCH_BYTES_MAX;
            if full && !batch.is_empty() {
                messages.extend(List::new(std::mem::take(&mut batch)).map(Message::Transactions).ok());
                bytes = 0;
            }
            bytes = bytes.saturating_add(length);
            batch.push(transaction.as_ref().clone());
        }
        if !batch.is_empty() {
            messages.extend(List::new(batch).map(Message::Transactions).ok());
        }
        messages
    }
}

/// Jobs on unasked messages of one kind that may be under way at once.
const CHECKS_MAX: usize = 64;
/// Views behind the present one about which gossip is still passed on.
const GOSSIP_VIEWS_BEHIND_MAX: u64 = 64;
/// Views ahead of the present one whose bodies are taken.
const HINT_VIEWS_AHEAD_MAX: u64 = 2;
/// Bodies taken unasked per view: an honest leader sends one.
const HINTS_PER_VIEW_MAX: u8 = 2;
/// Time between two questions about a peer's height, in milliseconds.
const STATUS_MS_MIN: u64 = 100;
/// Most bytes of transactions in one message; one transaction always fits.
const BATCH_BYTES_MAX: usize = 192 * 1024;
const _: () = assert!(BATCH_BYTES_MAX > <types::Transaction as Canonical>::BYTES_MAX);
