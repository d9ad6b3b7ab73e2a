//! What peers say, sorted by kind and handed to whom it concerns.
//!
//! A message that came over a validator's own stream carries that validator's authority; anything else is hearsay
//! and is verified before it counts.

use std::sync::Arc;

use consensus::{Input, PeerToken, Route};
use types::{Height, List, PeerKey, Proposal, VoteKind};

use crate::effect::{Effect, GossipVerdict, Offence};
use crate::event::{GossipToken, RequestId, RequestToken, Via};
use crate::fetch::Asked;
use crate::job::{BodyDraft, Job};
use crate::jobs::{BodySource, Origin, Purpose};
use crate::replica::Replica;
use crate::shares::Load;
use crate::wire::{CertifiedBlock, Message, PeerStatus, Request, Response, Shared, StatusField, WireBlock};

impl Replica {
    pub(crate) fn hear(&mut self, from: PeerKey, via: Via, message: Message) {
        if let Message::Transactions(transactions) = message {
            let transactions = transactions.into_vec().into_iter().map(|transaction| transaction.0).collect();
            return self.hear_transactions(from, via, transactions);
        }
        self.note_rumour(from, &message);
        match via {
            Via::Stream => self.hear_over_stream(from, message),
            Via::Gossip(token) => self.hear_gossip(from, token, message),
        }
    }

    fn hear_transactions(&mut self, peer: PeerKey, via: Via, mut transactions: Vec<Arc<types::Transaction>>) {
        let is_validator = self.set.index_of_peer(&peer).is_some();
        if transactions.is_empty() || !self.shares.take(peer, is_validator, Load::of(&transactions)) {
            return self.verdict(via, GossipVerdict::Ignore);
        }
        // What came over a stream is checked in parts: several threads share it, and the first parts are known sooner.
        // Gossip gets one verdict on all of it.
        let part = if via == Via::Stream { CHECK_PART } else { transactions.len() };
        while !transactions.is_empty() {
            let rest = transactions.split_off(part.min(transactions.len()));
            let origin = Origin { peer, via, is_validator, load: Load::of(&transactions) };
            self.start_job(Job::Check { transactions }, Purpose::Check(origin));
            transactions = rest;
        }
    }

    fn hear_over_stream(&mut self, from: PeerKey, message: Message) {
        let route = if self.set.index_of_peer(&from).is_some() { Route::Direct(from) } else { Route::Relayed };
        let epoch = match &message {
            Message::Proposal(Proposal { vote, .. }) | Message::Vote(vote) => vote.statement.epoch,
            Message::Certificate(certificate) => certificate.statement.epoch,
            Message::Sketch(sketch) => sketch.header.epoch,
            Message::Transactions(_) | Message::SystemCalls(_) => self.epoch,
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
            Message::Sketch(sketch) => self.hear_sketch(from, *sketch),
            // Sorted out before.
            Message::Transactions(_) | Message::SystemCalls(_) => {}
        }
    }

    /// A whole block that was asked for.
    fn hear_block(&mut self, from: PeerKey, block: WireBlock) {
        let hash = crypto::ids::header_hash(&block.header);
        let tip = self.chain.tip().header.height;
        let known = self.chain.entry(&hash).is_some_and(|entry| entry.body.is_some());
        if known || block.header.height <= tip || block.header.chain_id != self.config.chain_id {
            return;
        }
        let body = BodyDraft::from(Arc::unwrap_or_clone(block.body.0));
        let job = Job::CheckBody { header: block.header, body };
        self.start_job(job, Purpose::Body { hash, from, source: BodySource::Whole });
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
            Request::Transactions { block, places } => match self.transactions_at(block, places) {
                Some(response) => response,
                None => {
                    self.effects.push(Effect::RespondFromStore { token, request });
                    return;
                }
            },
            Request::Range { .. } | Request::Headers { .. } | Request::Kept { .. } => {
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
            // Nothing is dropped yet; the genesis itself is nobody's to serve.
            base: Height(1),
            snapshots: List::default(),
            software: self.config.software.clone(),
            more: List::new(vec![StatusField::clock(self.now.unix_ms)]).unwrap_or_default(),
        }
    }

    fn block_in_memory(&self, hash: &types::Hash32) -> Option<WireBlock> {
        if let Some(entry) = self.chain.entry(hash) {
            let body = entry.body.as_ref()?.body().clone();
            return Some(WireBlock { header: entry.header.clone(), body: Shared(body) });
        }
        let block = self.chain.uncommitted().find(|block| block.hash == *hash)?;
        Some(WireBlock { header: block.header.clone(), body: Shared(block.body.clone()) })
    }

    pub(crate) fn hear_response(&mut self, id: RequestId, from: PeerKey, response: Option<Response>) {
        let Some(asked) = self.fetch.answered(id) else { return };
        match (asked, response) {
            (Asked::Range, Some(Response::Range(blocks))) => self.heard_range(id, Some(blocks.into_vec())),
            (Asked::Range, _) => self.heard_range(id, None::<Vec<CertifiedBlock>>),
            (Asked::Headers, Some(Response::Headers(headers))) => self.heard_headers(id, Some(&headers)),
            (Asked::Headers, _) => self.heard_headers(id, None),
            (Asked::Kept, Some(Response::Kept(kept))) => self.heard_kept(id, from, kept),
            (Asked::Kept, _) => self.heard_kept(id, from, None),
            (Asked::Status { at_ms }, Some(Response::Status(status))) => self.heard_status(from, at_ms, &status),
            (Asked::Certificates, Some(Response::Certificates(certificates))) => {
                for certificate in &certificates {
                    let input = Input::Certificate { certificate: certificate.clone(), route: Route::Relayed };
                    self.tell_engine(input);
                }
            }
            (Asked::Block(hash), Some(Response::Block(Some(block)))) => {
                if crypto::ids::header_hash(&block.header) == hash {
                    // A block at a height far above shows that ranges are needed, not single blocks.
                    self.sync.sources.shows(from, block.header.height.saturating_sub(1));
                    self.hear_block(from, *block);
                } else {
                    self.effects.push(Effect::Punish { peer: from, offence: Offence::InvalidBlock });
                    self.fetch.missed(&hash, &from);
                }
            }
            (Asked::Block(hash), _) => self.fetch.missed(&hash, &from),
            (Asked::Transactions(hash), Some(Response::Transactions(found))) => {
                self.hear_missing(hash, from, Some(found));
            }
            (Asked::Transactions(hash), _) => self.hear_missing(hash, from, None),
            (Asked::Status { .. } | Asked::Certificates, _) => {}
        }
    }

    /// Asks a peer how far it is, each at most once in a while: who talks much takes nobody else's turn.
    pub(crate) fn ask_status(&mut self, peer: PeerKey) {
        if !self.sync.sources.may_ask_status(&peer, self.now.monotonic_ms) {
            return;
        }
        let id = self.fetch.next_id(Asked::Status { at_ms: self.now.monotonic_ms });
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
}

/// Transactions that are checked in one job.
const CHECK_PART: usize = 128;
