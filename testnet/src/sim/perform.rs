//! Performing effects: what leaves a node and what comes back to it.

use std::sync::Arc;

use replica::wire::{Message, Request, Response};
use replica::{Effect, Event, Job, JobId, Notice, RequestId, RequestToken, Target};
use types::{Canonical, Hash32, Header, Height, PeerKey, Proposal, Vote, VoteStatement};

use super::checks::Sighting;
use super::crimes::Crime;
use super::gossip::Way;
use super::node::Node;
use super::world::{Happening, World};

/// How long a node waits for an answer.
const ANSWER_US_MAX: u64 = 2_000_000;
/// Longest time that a job takes.
const JOB_US_MAX: u64 = 800;
/// Blocks that may become final in the step in which the bound is met.
const UNWRITTEN_SLACK: usize = 64;
/// Longest time until the store has written a block, or synced.
const STORE_US_MAX: u64 = 2_000;

impl World {
    /// Performs one effect that the desk has let through.
    pub(crate) fn perform(&mut self, place: usize, effect: Effect) {
        let life = self.nodes[place].life;
        match effect {
            Effect::Persist(_) | Effect::Floor { .. } | Effect::Bound(_) => {}
            Effect::Sign { statement, header, .. } => self.sign(place, statement, header),
            Effect::Send { to, message } => self.send(place, &to, &message),
            Effect::Gossip(message) => {
                self.watch(place, &message);
                self.publish(place, &message);
            }
            Effect::Request { id, to, request } => self.ask(place, id, to, &request),
            Effect::Respond { token, response } => self.respond(place, token, Some(response)),
            Effect::RespondFromStore { token, request } => {
                if let Some(height) = self.nodes[place].store.unreadable_for(&request) {
                    return self.read(place, height);
                }
                let response = self.nodes[place].store.answer(&request);
                self.respond(place, token, response);
            }
            Effect::Job { id, job } => self.start_work(place, id, job),
            Effect::Mend { lost, kept } => {
                if let Err(message) = self.nodes[place].store.mend(&lost, &kept) {
                    self.auditor.violated("mended", message);
                }
                // What lies below hangs on it.
                self.read(place, lost.height.saturating_sub(1));
            }
            Effect::Commit(block) => {
                self.nodes[place].unwritten += 1;
                self.expect_bounded(place);
                // The store writes in order: one writer, first come, first served.
                let node = &mut self.nodes[place];
                let at_us = node.store_busy_until_us.max(self.at_us) + self.lots.between(10..=STORE_US_MAX / 4);
                node.store_busy_until_us = at_us;
                self.queue.push(at_us, Happening::Commit { node: place, life, block });
            }
            Effect::SyncStore => {
                let in_us = self.some_us(STORE_US_MAX);
                self.later(in_us, Happening::SyncStore { node: place, life });
            }
            Effect::WakeAt(monotonic_ms) => {
                let at_us = self.nodes[place].clock.at_us(monotonic_ms).max(self.at_us);
                let Some(up) = &mut self.nodes[place].up else { return };
                up.alarm += 1;
                let alarm = up.alarm;
                self.queue.push(at_us, Happening::Alarm { node: place, life, alarm });
            }
            Effect::CallSubmission { token, result } => self.answer_actor(token, result.is_ok()),
            Effect::Submission { results, .. } => {
                let refused = results.iter().filter(|result| result.is_err()).count() as u64;
                self.client.refused += refused;
            }
            Effect::Notify(notice) => self.notice(place, notice),
            Effect::Punish { peer, offence } => {
                self.tell(|| format!("node {place} punishes {peer:?}: {offence:?}"));
                if !self.nodes[place].is_faulty {
                    self.auditor.see(&Sighting::Punished { node: place, peer, offence });
                }
            }
            Effect::Stop(fault) => self.stopped(place, fault),
            Effect::Verdict { token, verdict } => self.verdict(place, token, verdict),
        }
    }

    fn sign(&mut self, place: usize, statement: VoteStatement, header: Option<Box<Header>>) {
        let validator = self.nodes[place].validator;
        let index = validator.and_then(|member| self.ground.index_in(statement.epoch, member));
        let (Some(index), Some(validator)) = (index, validator) else {
            self.auditor.violated("no fault", format!("node {place} is no validator and wants to vote"));
            return;
        };
        let vote = self.ground.signatures.vote(&self.ground.keys[validator], index, statement);
        let message = match header {
            Some(header) => Message::Proposal(Proposal { vote, header: *header }),
            None => Message::Vote(vote),
        };
        self.nodes[place].voted_us = self.at_us;
        self.send(place, &Target::Validators, &message);
        self.give(place, Event::Signed { vote });
    }

    fn send(&mut self, place: usize, to: &Target, message: &Message) {
        self.watch(place, message);
        let targets = self.targets(place, to);
        if matches!(message, Message::Vote(_) | Message::Proposal(_)) && *to == Target::Validators {
            let unreached = |to: &usize| self.nodes[*to].up.is_none() || self.links.is_cut(place, *to);
            if !self.nodes[place].is_faulty && targets.iter().any(unreached) {
                // Those who are reached may reach the others.
                self.publish(place, message);
            }
        }
        let Some(mut crime) = self.nodes[place].crime.take() else {
            // Encoded once for all.
            let bytes: Arc<[u8]> = message.to_canonical().into();
            for to in targets {
                if !self.links.filtered(to, message) {
                    self.carry(place, to, Way::Stream, &bytes);
                }
            }
            return;
        };
        for to in targets {
            for message in self.commit_crime(place, &mut crime, to, message.clone()) {
                self.transmit(place, to, Way::Stream, &message);
            }
        }
        self.nodes[place].crime = Some(crime);
    }

    /// Who is meant, by the set that the sender knows.
    fn targets(&self, place: usize, to: &Target) -> Vec<usize> {
        let own = self.nodes[place].peer;
        let epoch = self.nodes[place].up.as_ref().map(|up| up.replica.status().epoch).unwrap_or_default();
        let set = self.ground.set(epoch);
        let is_meant = |node: &Node| match to {
            Target::Validators => node.peer != own && set.index_of_peer(&node.peer).is_some(),
            Target::Members(peers) => peers.contains(&node.peer),
        };
        (0..self.nodes.len()).filter(|to| is_meant(&self.nodes[*to])).collect()
    }

    fn commit_crime(&mut self, place: usize, crime: &mut Box<dyn Crime>, to: usize, message: Message) -> Vec<Message> {
        self.with_hand(place, |hand| crime.send(hand, to, message))
    }

    /// Lets the checkers see what leaves an honest node.
    fn watch(&mut self, place: usize, message: &Message) {
        if let Message::Certificate(certificate) = message {
            self.tell(|| format!("node {place} sends certificate {:?}", certificate.statement));
        }
        match message {
            Message::Vote(vote) | Message::Proposal(Proposal { vote, .. }) => self.watch_vote(place, vote),
            Message::Transactions(transactions) if !self.nodes[place].is_faulty => {
                self.auditor.see(&Sighting::PassedOn { node: place, transactions });
            }
            Message::Certificate(certificate) if !self.nodes[place].is_faulty => {
                self.auditor.see(&Sighting::Certificate { node: place, certificate });
            }
            _ => {}
        }
    }

    fn watch_vote(&mut self, place: usize, vote: &Vote) {
        self.tell(|| format!("node {place} says {:?}", vote.statement));
        let honest = !self.nodes[place].is_faulty;
        let member = self.ground.member_at(vote.statement.epoch, vote.signer);
        if honest || (member.is_some() && member == self.nodes[place].validator) {
            self.auditor.see(&Sighting::Vote { vote, honest });
        }
    }

    /// Sends a message on its way, one destination, encoded for itself.
    pub(crate) fn transmit(&mut self, from: usize, to: usize, way: Way, message: &Message) {
        if self.nodes[from].is_faulty {
            self.watch(from, message);
        }
        if !self.links.filtered(to, message) {
            self.carry(from, to, way, &message.to_canonical().into());
        }
    }

    pub(crate) fn carry(&mut self, from: usize, to: usize, way: Way, bytes: &Arc<[u8]>) {
        let times = self.links.carry(from, to, bytes.len());
        match times.len() {
            0 => self.faults.add("message lost"),
            1 => {}
            _ => self.faults.add("message doubled"),
        }
        for in_us in times {
            self.later(in_us, Happening::Message { from, to, way, bytes: bytes.clone() });
        }
    }

    /// A node reads a block, which it may find to be unreadable.
    pub(crate) fn read(&mut self, place: usize, height: Height) {
        if let Some(lost) = self.nodes[place].store.lost(height) {
            self.give(place, Event::Unreadable { lost });
        }
    }

    /// What waits for a store that stalls is bounded, whatever a block takes beside its content. Afterwards a range that is
    /// caught up with may come on top.
    fn expect_bounded(&mut self, place: usize) {
        let node = &self.nodes[place];
        let blocks_max = self.ground.unwritten_bytes_max / 4_096 + UNWRITTEN_SLACK;
        if !node.is_faulty && self.at_us < node.stalled_until_us && node.unwritten > blocks_max {
            let message = format!("{} blocks wait for the store of node {place}", node.unwritten);
            self.auditor.violated("bounded", message);
        }
    }

    /// Nobody asks for a block without a pause: within Δ each peer is asked about once.
    fn expect_patience(&mut self, place: usize, hash: Hash32) {
        let (life, at_us) = (self.nodes[place].life, self.at_us);
        let delta_us = self.ground.genesis.parameters.timing.delta_ms * 1_000;
        let (since_us, count) = self.asked.entry((place, life, hash)).or_insert((at_us, 0));
        if at_us >= *since_us + delta_us {
            (*since_us, *count) = (at_us, 0);
        }
        *count += 1;
        if *count > 3 * self.nodes.len() && !self.nodes[place].is_faulty {
            let message = format!("node {place} asks for block {hash} again and again");
            self.auditor.violated("patience", message);
        }
    }

    fn ask(&mut self, place: usize, id: RequestId, to: PeerKey, request: &Request) {
        self.tell(|| format!("node {place} asks {request:?}"));
        if let Request::Block { hash } = request {
            self.expect_patience(place, *hash);
        }
        let life = self.nodes[place].life;
        let Some(member) = self.nodes.iter().position(|node| node.peer == to) else { return };
        let to = self.instance(member);
        let bytes: Arc<[u8]> = request.to_canonical().into();
        if let Some(in_us) = self.links.carry(place, to, bytes.len()).first().copied() {
            self.later(in_us, Happening::Asked { from: place, life, to, id, bytes });
        }
        // The question is answered for itself when nobody does; an answer that comes later finds nobody who waits.
        self.later(ANSWER_US_MAX, Happening::Answered { from: to, to: place, life, id, bytes: None });
    }

    fn respond(&mut self, place: usize, token: RequestToken, response: Option<Response>) {
        let Some(question) = self.nodes[place].up.as_mut().and_then(|up| up.questions.remove(&token)) else { return };
        let Some(mut response) = response else { return };
        if let Some(mut crime) = self.nodes[place].crime.take() {
            let answer = self.with_hand(place, |hand| crime.answer(hand, &question.request, response));
            self.nodes[place].crime = Some(crime);
            match answer {
                Some(bent) => response = bent,
                None => return,
            }
        }
        let bytes: Arc<[u8]> = response.to_canonical().into();
        for in_us in self.links.carry(place, question.asker, bytes.len()) {
            let (to, life, id) = (question.asker, question.life, question.id);
            self.later(in_us, Happening::Answered { from: place, to, life, id, bytes: Some(bytes.clone()) });
        }
    }

    fn start_work(&mut self, place: usize, id: JobId, job: Box<Job>) {
        let life = self.nodes[place].life;
        let in_us = self.some_us(JOB_US_MAX);
        if let Some(answer) = self.work(place, *job) {
            self.later(in_us, Happening::WorkDone { node: place, life, id, answer: Box::new(answer) });
        }
    }

    fn notice(&mut self, place: usize, notice: Notice) {
        if self.nodes[place].is_faulty {
            return;
        }
        match notice {
            Notice::Decided { block } => {
                self.client.heard(place, &block.body);
                let (height, outcome) = (block.header.height, &block.outcome);
                self.auditor.see(&Sighting::Told { node: place, height, outcome, at_us: self.at_us });
            }
            Notice::Final { block } => {
                self.client.heard(place, &block.body);
                self.client.told(&block);
                self.tell_actors(&block.body);
                let (height, outcome) = (block.header.height, &block.outcome);
                self.auditor.see(&Sighting::Told { node: place, height, outcome, at_us: self.at_us });
            }
            Notice::View { epoch, view, leader } => {
                self.tell(|| format!("node {place} enters view {view} of epoch {epoch}, led by {leader}"));
                self.views.insert((epoch, view));
            }
            Notice::Evidence { signer, epoch, .. } => {
                self.faults.add("evidence");
                self.auditor.see(&Sighting::Evidence { epoch, signer });
            }
            Notice::Twin { epoch, view, peers } => {
                self.tell(|| {
                    format!("node {place} hears of its twin in view {view} of epoch {epoch} from {peers} peers")
                });
                self.faults.add("twin noticed");
            }
            Notice::InvalidProposal { .. } => self.faults.add("invalid proposal"),
            Notice::Pooled { .. } | Notice::Dropped { .. } | Notice::Validators { .. } => {}
        }
    }
}
