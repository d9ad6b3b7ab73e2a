//! What peers say, sorted by kind and handed to whom it concerns.
//!
//! A message that came over a validator's own stream carries that validator's authority; anything else is hearsay
//! and is verified before it counts.

use std::sync::Arc;

use consensus::{Input, PeerToken, Route};
use types::{Canonical, Certificate, List, PeerKey, VoteKind};

use crate::effect::{Effect, GossipVerdict, Offence};
use crate::event::{GossipToken, RequestId, RequestToken, Via};
use crate::fetch::Asked;
use crate::job::Job;
use crate::jobs::{Origin, Purpose};
use crate::replica::Replica;
use crate::wire::{CertifiedBlock, Message, PeerStatus, Request, Response, WireBlock};

impl Replica {
    pub(crate) fn hear(&mut self, from: PeerKey, via: Via, message: Message) {
        let route = match via {
            Via::Stream => self.set.index_of_peer(&from).map_or(Route::Relayed, Route::Direct),
            Via::Gossip(_) => Route::Relayed,
        };
        match message {
            Message::Proposal(proposal) => {
                self.verdict(via, GossipVerdict::Accept);
                let hash = crypto::ids::header_hash(&proposal.header);
                self.tell_engine(Input::Proposal { proposal, hash, route });
            }
            Message::Vote(vote) => {
                self.verdict(via, GossipVerdict::Accept);
                self.tell_engine(Input::Vote { vote, route });
            }
            Message::Certificate(certificate) => self.hear_certificate(from, via, route, certificate),
            Message::Block(block) => {
                self.verdict(via, GossipVerdict::Accept);
                self.hear_block(from, *block, false);
            }
            Message::Transactions(transactions) => {
                let origin = Origin { peer: from, via };
                self.start_job(Job::Check { transactions: transactions.into_vec() }, Purpose::Check(origin));
            }
        }
    }

    fn hear_certificate(&mut self, from: PeerKey, via: Via, route: Route, certificate: Certificate) {
        let statement = &certificate.statement;
        if statement.kind == VoteKind::Finalize && self.is_final(&statement.block) {
            self.verdict(via, GossipVerdict::Accept);
            return;
        }
        if statement.epoch > self.epoch {
            // Somebody is an epoch ahead; how far is asked, not believed.
            self.verdict(via, GossipVerdict::Ignore);
            self.ask_status(from);
            return;
        }
        // The engine checks every certificate it acts on; passing it on costs the others no more than a look.
        self.verdict(via, GossipVerdict::Accept);
        self.tell_engine(Input::Certificate { certificate, route });
    }

    /// A block's body, sent ahead by its leader or asked for. Before a vote vouches for it, it is only a hint.
    pub(crate) fn hear_block(&mut self, from: PeerKey, block: WireBlock, asked: bool) {
        let hash = crypto::ids::header_hash(&block.header);
        let tip = self.chain.tip().header.height;
        let from_leader = self.set.get(block.header.proposer).is_some_and(|leader| leader.peer == from);
        let near = block.header.epoch == self.epoch && block.header.view.0 <= self.view.0.saturating_add(2);
        let wanted = asked || (from_leader && near);
        let known = self.chain.entry(&hash).is_some_and(|entry| entry.body.is_some());
        if !wanted || known || block.header.height <= tip || block.header.chain_id != self.config.chain_id {
            return;
        }
        let job = Job::CheckBody { header: block.header, body: Arc::new(block.body) };
        self.start_job(job, Purpose::Body { hash, from });
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

    pub(crate) fn ask_status(&mut self, peer: PeerKey) {
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

/// Most bytes of transactions in one message; one transaction always fits.
const BATCH_BYTES_MAX: usize = 192 * 1024;
const _: () = assert!(BATCH_BYTES_MAX > <types::Transaction as Canonical>::BYTES_MAX);
