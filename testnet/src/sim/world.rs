//! The simulated world: time, the network, the nodes, and what happens to them.
//!
//! It performs effects as the daemon does: steps gather effects, one turn of the desk writes and syncs what they say,
//! and only then the rest leaves. Everything is in one thread and every choice is a lot, so a seed repeats a run.
//! Scenarios drive it from outside; checkers look on.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use consensus::Record;
use execution::{Fault, FinalizedBlock};
use replica::wire::{Message, Request, Response};
use replica::{Effect, Event, Job, JobAnswer, JobContext, JobId, LogRecord, Now, RequestId, RequestToken, Via};
use types::{Canonical, Certificate, Epoch, Hash32, Height, SystemCall, View};

use super::actor::Player;
use super::checks::{Auditor, Sighting};
use super::client::Client;
use super::crimes::{Crime, Hand, Utterance};
use super::echo::Echo;
use super::faults::Faults;
use super::gossip::Way;
use super::ground::{Ground, Outline};
use super::keys::SeedSigner;
use super::links::Links;
use super::lots::Lots;
use super::node::{Doom, Node, Question};
use super::queue::Queue;

/// Something that will happen.
pub(crate) enum Happening {
    Message { from: usize, to: usize, way: Way, bytes: Arc<[u8]> },
    Asked { from: usize, life: u64, to: usize, id: RequestId, bytes: Arc<[u8]> },
    Answered { from: usize, to: usize, life: u64, id: RequestId, bytes: Option<Arc<[u8]>> },
    Alarm { node: usize, life: u64, alarm: u64 },
    Settle { node: usize, life: u64 },
    WorkDone { node: usize, life: u64, id: JobId, answer: Box<JobAnswer> },
    Commit { node: usize, life: u64, block: Arc<FinalizedBlock> },
    SyncStore { node: usize, life: u64 },
    Load,
    Act { player: usize },
    HandIn { player: usize, node: usize, call: Box<SystemCall> },
    Rise { node: usize },
    Echo,
}

/// A network from one seed.
pub struct World {
    pub(crate) ground: Arc<Ground>,
    pub(crate) at_us: u64,
    pub(crate) queue: Queue<Happening>,
    pub(crate) lots: Lots,
    pub(crate) links: Links,
    pub(crate) nodes: Vec<Node>,
    pub(crate) auditor: Auditor,
    pub(crate) client: Client,
    pub(crate) players: Vec<Player>,
    pub(crate) faults: Faults,
    /// What was said, to be said again.
    pub(crate) echo: Option<Echo>,
    pub(crate) views: BTreeSet<(Epoch, View)>,
    /// Effects performed so far, in the whole network.
    pub(crate) effects: u64,
    /// At so many effects, all nodes lose power at once.
    pub(crate) kill_all_at: Option<u64>,
    /// What happened, folded into a number: equal seeds give equal numbers.
    pub(crate) trace: u64,
    /// How often a life of a node has asked for a block since when.
    pub(crate) asked: BTreeMap<(usize, u64, Hash32), (u64, usize)>,
    pub(super) gossip_tokens: u64,
    /// How often something was said to everybody.
    pub(super) publications: u64,
    narrated: bool,
}

/// Who stands in a network.
#[derive(Default)]
pub struct Cast {
    /// Members that break rules, and how; a member may be faulty by being somewhere twice.
    pub criminals: Vec<(usize, Option<Box<dyn Crime>>)>,
    /// Members that run twice.
    pub twins: Vec<usize>,
    /// Nodes that only follow.
    pub observers: usize,
    /// Members whose identity is somewhere else as well, where nothing runs yet.
    pub doubles: Vec<usize>,
}

impl World {
    /// A network in which nothing runs yet.
    #[must_use]
    pub fn new(seed: u64, outline: &Outline, cast: Cast) -> Self {
        let mut lots = Lots::new(seed);
        let ground = Arc::new(Ground::new(outline));
        let members = ground.keys.len();
        let mut nodes: Vec<Node> = (0..members + cast.observers).map(|place| Node::new(&ground, place)).collect();
        for twin in cast.twins {
            nodes[twin].is_faulty = true;
            let mut other = Node::new(&ground, twin);
            other.is_faulty = true;
            nodes.push(other);
        }
        for member in cast.doubles {
            let mut double = Node::new(&ground, member);
            double.is_put_away = true;
            nodes.push(double);
        }
        for (place, crime) in cast.criminals {
            nodes[place].is_faulty = true;
            nodes[place].crime = crime;
        }
        let mut players = Vec::new();
        let mut checkers = Vec::new();
        for trial in outline.trials {
            let troupe = (trial.simulated.troupe)(seed);
            players.extend(troupe.actor.map(|actor| Player::new(trial.name, actor)));
            checkers.extend(troupe.checkers);
        }
        let faulty = nodes.iter().filter(|node| node.is_faulty).map(|node| node.peer).collect();
        Self {
            at_us: 0,
            queue: Queue::new(lots.fork()),
            links: Links::new(nodes.len(), lots.fork()),
            auditor: Auditor::new(&ground, faulty, checkers),
            client: Client::new(&ground, lots.fork()),
            players,
            lots,
            nodes,
            ground,
            faults: Faults::default(),
            echo: None,
            views: BTreeSet::new(),
            effects: 0,
            kill_all_at: None,
            trace: seed,
            asked: BTreeMap::new(),
            gossip_tokens: 0,
            publications: 0,
            narrated: super::run::is_narrated(),
        }
    }

    /// Lets the next thing happen.
    fn turn(&mut self) {
        let Some((at_us, happening)) = self.queue.pop() else { return };
        self.at_us = self.at_us.max(at_us);
        self.note(at_us);
        match happening {
            Happening::Message { from, to, way, bytes } => self.hear(from, to, way, &bytes),
            Happening::Asked { from, life, to, id, bytes } => self.asked(from, life, to, id, &bytes),
            Happening::Answered { from, to, life, id, bytes } if self.lives(to, life) => {
                let response = bytes.and_then(|bytes| Response::from_canonical(&bytes).ok());
                let from = self.nodes[from].peer;
                self.give(to, Event::Response { id, from, response });
            }
            Happening::Alarm { node, life, alarm } if self.lives(node, life) && self.rings(node, alarm) => {
                self.give(node, Event::Clock);
            }
            Happening::Settle { node, life } if self.lives(node, life) => self.settle(node),
            Happening::WorkDone { node, life, id, answer } if self.lives(node, life) => {
                self.give(node, Event::JobDone { id, answer: *answer });
            }
            Happening::Commit { node, life, block } if self.lives(node, life) => self.commit(node, block),
            Happening::SyncStore { node, life } if self.lives(node, life) => {
                let (height, hash) = self.nodes[node].store.sync();
                self.give(node, Event::Synced { height, hash });
            }
            Happening::Load => self.load(),
            Happening::Act { player } => self.act(player),
            Happening::HandIn { player, node, call } => self.hand_in_call(player, node, *call),
            Happening::Rise { node } => self.rise(node),
            Happening::Echo => self.echo(),
            _ => {}
        }
    }

    /// Lets time pass until something holds; says whether it came to hold. Ends early when a property is violated.
    pub(crate) fn run_until(&mut self, for_ms: u64, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let end_us = self.at_us + for_ms * 1_000;
        loop {
            if holds(self) {
                return true;
            }
            let next = self.queue.next_at_us().filter(|next| *next <= end_us);
            if next.is_none() || self.is_violated() {
                self.at_us = self.at_us.max(end_us);
                return false;
            }
            self.turn();
        }
    }

    /// Lets time pass.
    pub fn run_for(&mut self, for_ms: u64) {
        self.run_until(for_ms, |_| false);
    }

    pub(crate) fn is_violated(&self) -> bool {
        !self.auditor.violations.is_empty()
    }

    fn lives(&self, node: usize, life: u64) -> bool {
        self.nodes[node].up.is_some() && self.nodes[node].life == life
    }

    /// Whether this alarm is the newest one set.
    fn rings(&self, node: usize, alarm: u64) -> bool {
        self.nodes[node].up.as_ref().is_some_and(|up| up.alarm == alarm)
    }

    pub(crate) fn now(&self, node: usize) -> Now {
        self.nodes[node].clock.now(self.at_us)
    }

    pub(crate) fn later(&mut self, in_us: u64, happening: Happening) {
        self.queue.push(self.at_us + in_us, happening);
    }

    /// Tells a person who repeats a seed what happens.
    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        if self.narrated {
            eprintln!("{:>10} {}", self.at_us, what());
        }
    }

    /// Folds a number into the trace.
    pub(crate) const fn note(&mut self, number: u64) {
        self.trace = (self.trace.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// Gives an event to a node's replica.
    pub(crate) fn give(&mut self, place: usize, event: Event) {
        let now = self.now(place);
        let node = &mut self.nodes[place];
        let Some(up) = &mut node.up else { return };
        let (replica, state) = (&mut up.replica, &node.store.state);
        match std::panic::catch_unwind(AssertUnwindSafe(|| replica.step(now, event, state))) {
            Ok(effects) => {
                up.pending.extend(effects);
                self.schedule_settle(place);
            }
            Err(_) => self.panicked(place),
        }
    }

    /// I11: nothing that comes from outside makes a node panic.
    fn panicked(&mut self, place: usize) {
        self.nodes[place].up = None;
        let message = format!("node {place} panicked: {}", super::panics::last());
        self.auditor.violated("no panic", message);
    }

    pub(crate) fn schedule_settle(&mut self, place: usize) {
        let sync_us = self.nodes[place].sync_us;
        let in_us = self.lots.between(20..=sync_us.max(20));
        let node = &mut self.nodes[place];
        let Some(up) = node.up.as_mut().filter(|up| !up.settling && !up.pending.is_empty()) else { return };
        up.settling = true;
        let life = node.life;
        self.later(in_us, Happening::Settle { node: place, life });
    }

    /// One turn of the desk.
    fn settle(&mut self, place: usize) {
        let Some(up) = &mut self.nodes[place].up else { return };
        up.settling = false;
        let effects = std::mem::take(&mut up.pending);
        let logged: Vec<Certificate> = effects.iter().filter_map(logged_certificate).cloned().collect();
        let mut performed = Vec::new();
        let settled = up.desk.settle(effects, |effect| performed.push(effect));
        if !self.nodes[place].is_faulty {
            for certificate in &logged {
                self.auditor.see(&Sighting::Certificate { node: place, certificate });
            }
        }
        let life = self.nodes[place].life;
        for effect in performed {
            if !self.spend(place) || !self.lives(place, life) {
                return;
            }
            self.perform(place, effect);
        }
        if let Err(error) = settled {
            if self.nodes[place].doom.take() == Some(Doom::DiskOperation) {
                self.faults.add("power cut inside a write");
            } else {
                self.faults.add("disk failure");
                self.note(error.to_string().len() as u64);
            }
            // A node whose disk failed stops; whether the power went or the disk, what is not synced is gone.
            self.cut_power(place);
        }
    }

    /// Counts an effect against every doom; says whether it is still performed.
    fn spend(&mut self, place: usize) -> bool {
        self.effects += 1;
        if self.kill_all_at == Some(self.effects) {
            self.kill_all_at = None;
            self.faults.add("power cut of all");
            (0..self.nodes.len()).for_each(|node| self.cut_power(node));
            return false;
        }
        match &mut self.nodes[place].doom {
            Some(Doom::Effects(0)) => {
                self.faults.add("power cut between effects");
                self.cut_power(place);
                false
            }
            Some(Doom::Effects(left)) => {
                *left -= 1;
                true
            }
            _ => true,
        }
    }

    /// Does a job on the store as it is now: a shell pins the state when it starts a job.
    pub(crate) fn work(&mut self, place: usize, job: Job) -> Option<JobAnswer> {
        let ground = self.ground.clone();
        let node = &self.nodes[place];
        let verified = node.up.as_ref()?.replica.verified();
        let key = node.validator.map(|place| &ground.keys[place]);
        let signer = SeedSigner { signatures: &ground.signatures, key };
        let context = JobContext {
            chain_id: ground.chain_id,
            registry: ground.rules(node.is_older),
            scheme: &ground.signatures,
            verified: &verified,
            signer: &signer,
            state: &node.store.state,
        };
        let answer = std::panic::catch_unwind(AssertUnwindSafe(|| job.run(&context))).ok();
        self.tell_answer(place, answer.as_ref());
        if answer.is_none() {
            self.panicked(place);
        }
        answer
    }

    fn tell_answer(&self, place: usize, answer: Option<&JobAnswer>) {
        match answer {
            Some(JobAnswer::Replay(replayed)) => {
                self.tell(|| format!("node {place} replays {} blocks, {:?}", replayed.blocks.len(), replayed.error));
            }
            Some(JobAnswer::Validate(Err(error))) => {
                self.tell(|| format!("node {place} finds a block invalid: {error}"))
            }
            Some(JobAnswer::CheckBody { result: Err(error), .. }) => {
                self.tell(|| format!("node {place} finds a body invalid: {error}"));
            }
            _ => {}
        }
    }

    fn commit(&mut self, place: usize, block: Arc<FinalizedBlock>) {
        let height = block.header.height;
        self.nodes[place].unwritten = self.nodes[place].unwritten.saturating_sub(1);
        if let Err(message) = self.nodes[place].store.commit(block.clone()) {
            self.auditor.violated("connected chain", format!("node {place}: {message}"));
            return;
        }
        self.tell(|| format!("node {place} commits {height} {:?} {:?}", block.hash, block.certificate.statement));
        if !self.nodes[place].is_faulty {
            self.note(u64::from(block.hash.0[0]) << 8 | u64::from(block.hash.0[1]));
            self.auditor.see(&Sighting::Commit { node: place, block: &block });
        }
        self.give(place, Event::Committed { height });
    }

    fn hear(&mut self, from: usize, to: usize, way: Way, bytes: &Arc<[u8]>) {
        if self.nodes[to].up.is_none() {
            return;
        }
        let Ok(message) = Message::from_canonical(bytes) else {
            if !self.nodes[from].is_faulty {
                self.auditor.violated("wire", format!("node {from} sent bytes that do not decode"));
            }
            return;
        };
        if let Some(echo) = &mut self.echo {
            echo.record(&message, bytes, self.nodes[from].is_faulty);
        }
        let via = match way {
            Way::Stream => Via::Stream,
            Way::Gossip(publication) => match self.overhear(from, to, publication, bytes) {
                Some(token) => Via::Gossip(token),
                None => return,
            },
        };
        self.provoke(to, &message);
        let from = self.nodes[from].peer;
        self.give(to, Event::Message { from, via, message });
    }

    /// A criminal hears something and may have something to say.
    fn provoke(&mut self, place: usize, heard: &Message) {
        let Some(mut crime) = self.nodes[place].crime.take() else { return };
        let said = self.with_hand(place, |hand| crime.hear(hand, heard));
        self.nodes[place].crime = Some(crime);
        for (to, utterance) in said {
            let to = self.instance(to);
            match utterance {
                Utterance::Stream(message) => self.transmit(place, to, Way::Stream, &message),
                Utterance::Gossip(message) => {
                    let way = self.publication();
                    self.transmit(place, to, way, &message);
                }
                Utterance::Junk(bytes) => self.carry(place, to, Way::Stream, &bytes.into()),
            }
        }
    }

    pub(crate) fn with_hand<T>(&mut self, place: usize, act: impl FnOnce(&mut Hand<'_>) -> T) -> T {
        let own = self.nodes[place].validator.unwrap_or_default();
        let ground = self.ground.clone();
        let mut hand = Hand { ground: &ground, own, lots: &mut self.lots, faults: &mut self.faults };
        act(&mut hand)
    }

    fn asked(&mut self, from: usize, life: u64, to: usize, id: RequestId, bytes: &[u8]) {
        let peer = self.nodes[from].peer;
        let Some(up) = &mut self.nodes[to].up else { return };
        let Ok(request) = Request::from_canonical(bytes) else {
            self.auditor.violated("wire", format!("node {from} asked something that does not decode"));
            return;
        };
        up.tokens += 1;
        let token = RequestToken(up.tokens);
        up.questions.insert(token, Question { asker: from, life, id, request: request.clone() });
        self.give(to, Event::Request { from: peer, token, request });
    }

    /// One of the nodes with this member's identity.
    pub(crate) fn instance(&mut self, member: usize) -> usize {
        let peer = self.nodes[member].peer;
        let is_there = |place: &usize| self.nodes[*place].peer == peer && !self.nodes[*place].is_put_away;
        let same: Vec<usize> = (0..self.nodes.len()).filter(is_there).collect();
        self.lots.pick(&same)
    }

    /// The height of the lowest honest node that is up.
    pub(crate) fn lowest(&self) -> Height {
        let honest = self.nodes.iter().filter(|node| node.is_honest_and_up());
        honest.map(|node| node.store.height()).min().unwrap_or_default()
    }

    /// The height of the highest honest node.
    pub(crate) fn highest(&self) -> Height {
        self.auditor.chain.keys().next_back().copied().unwrap_or_default()
    }

    /// A node found a fault in itself and stops.
    pub(crate) fn stopped(&mut self, place: usize, why: Fault) {
        let node = &mut self.nodes[place];
        node.up = None;
        if node.is_older && matches!(why, Fault::TooOld { .. }) {
            node.stopped = Some(why);
        } else if !node.is_faulty {
            self.auditor.violated("no fault", format!("node {place} stopped itself: {why}"));
        }
    }

    /// Some time, up to the most that something takes.
    pub(crate) fn some_us(&mut self, most_us: u64) -> u64 {
        self.lots.between(10..=most_us)
    }
}

/// The certificate that goes into a node's log by this effect: one that it believes.
fn logged_certificate(effect: &Effect) -> Option<&Certificate> {
    match effect {
        Effect::Persist(LogRecord::Engine(record)) => match &**record {
            Record::Certificate(certificate) => Some(certificate),
            _ => None,
        },
        _ => None,
    }
}
