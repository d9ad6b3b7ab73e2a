//! A whole network of engines in memory, from one seed: lossy, repeating and reordering links, crashes that keep
//! only what was persisted, a validator that runs twice, and one that signs everything. The set is another one in every
//! epoch, and most members' places with it. Checked throughout: no two
//! blocks of one height are final, no honest key contradicts itself, no honest validator is punished or accused, and
//! after healing everyone finalizes again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dice::Dice;
use super::{SCHEME, hash_of, header};
use consensus::{
    BuiltBlock, CertificateRequest, Config, Engine, EpochStart, Input, Output, PeerToken, Record, Resend, Route,
    Verdict, WorkState, contradicts, verify,
};
use types::{
    Certificate, Epoch, Hash32, Header, Proposal, TimeMs, ValidatorIndex, ValidatorSet, View, Vote, VoteKind,
    VoteStatement,
};

#[allow(clippy::large_enum_variant, reason = "short-lived values")]
#[derive(Clone)]
enum Message {
    Proposal(Proposal),
    Vote(Vote),
    Certificates(Vec<Certificate>),
    Body(Hash32),
    AskCertificate(CertificateRequest),
    AskBlock(Hash32),
}

enum Event {
    Deliver {
        to: usize,
        from: usize,
        message: Message,
    },
    /// A result on the node's own machine, lost when it crashes first.
    Local {
        at: usize,
        life: u64,
        input: Input,
    },
    Restart {
        at: usize,
    },
}

struct Node {
    /// Who it is, in every epoch; twins are one.
    number: u16,
    engine: Option<Engine>,
    /// Counts restarts.
    life: u64,
    log: Vec<Record>,
    start: EpochStart,
    bodies: BTreeSet<Hash32>,
    judging: BTreeMap<Hash32, (View, Hash32)>,
    /// The newest finalization of each epoch, as the store keeps it.
    store: BTreeMap<Epoch, Certificate>,
    height: u64,
}

/// Heights in an epoch.
const EPOCH_HEIGHTS: u64 = 12;
const HEALED_MS: u64 = 6_000;
const END_MS: u64 = 60_000;

#[derive(Clone, Copy, PartialEq)]
pub enum Crime {
    None,
    /// Validator 0 runs twice, each instance with half of the others.
    Twins,
    /// Validator 0 signs whatever it sees, with contradictions and bad signatures.
    Liar,
}

pub struct Network {
    dice: Dice,
    now: u64,
    /// Events so far.
    pub next: u64,
    queue: BTreeMap<(u64, u64), Event>,
    nodes: Vec<Node>,
    /// Of the even epochs, and of the odd ones.
    sets: [Arc<ValidatorSet>; 2],
    crime: Crime,
    blocks: BTreeMap<Hash32, Header>,
    /// Everything honest keys ever said.
    said: BTreeMap<(Epoch, View, ValidatorIndex), Vec<VoteStatement>>,
    pub chain: BTreeMap<u64, Hash32>,
    pub evidence: usize,
    /// Before healing: messages lost, in percent, and the longest way.
    loss: u64,
    delay_ms: u64,
}

impl Network {
    pub fn new(seed: u64, crime: Crime) -> Self {
        let mut dice = Dice(seed);
        let count = 5 + u8::try_from(dice.roll(4)).unwrap();
        // Node 0 alone may be faulty, so it has less than a third.
        let members = (0..count).map(|node| (node, if node == 0 { 2 } else { 2 + dice.roll(3) })).collect::<Vec<_>>();
        let without = |absent: u8| members.iter().copied().filter(|(node, _)| *node != absent).collect::<Vec<_>>();
        let sets = [count - 1, 1].map(|absent| super::set_of_nodes(&without(absent)));
        let root = header(0, 0, 0, Hash32::ZERO, ValidatorIndex(0), 0);
        let start = EpochStart {
            epoch: Epoch(0),
            set: Arc::clone(&sets[0]),
            root: hash_of(&root),
            root_view: View(0),
            floor: View(0),
        };
        let twin = (crime == Crime::Twins).then_some(0);
        let node = |number: u8| Node {
            number: u16::from(number),
            engine: None,
            life: 0,
            log: Vec::new(),
            start: start.clone(),
            bodies: BTreeSet::new(),
            judging: BTreeMap::new(),
            store: BTreeMap::new(),
            height: 0,
        };
        let nodes: Vec<Node> = (0..count).chain(twin).map(node).collect();
        let (loss, delay_ms) = [(2, 30), (10, 60), (20, 120), (35, 250)][usize::try_from(dice.roll(4)).unwrap()];
        let blocks = BTreeMap::from([(hash_of(&root), root)]);
        let mut network = Self {
            dice,
            now: 0,
            next: 0,
            queue: BTreeMap::new(),
            nodes,
            sets,
            crime,
            blocks,
            said: BTreeMap::new(),
            chain: BTreeMap::new(),
            evidence: 0,
            loss,
            delay_ms,
        };
        for at in 0..network.nodes.len() {
            network.start(at);
        }
        network
    }

    fn healed(&self) -> bool {
        self.now >= HEALED_MS
    }

    fn is_faulty(&self, number: u16) -> bool {
        self.crime != Crime::None && number == 0
    }

    fn set(&self, epoch: Epoch) -> &Arc<ValidatorSet> {
        &self.sets[usize::from(!epoch.0.is_multiple_of(2))]
    }

    /// Who has this place in an epoch.
    fn number_of(&self, epoch: Epoch, member: ValidatorIndex) -> u16 {
        super::place(self.set(epoch).get(member).unwrap().peer)
    }

    fn index_of(&self, epoch: Epoch, number: u16) -> Option<ValidatorIndex> {
        self.set(epoch).index_of_peer(&super::peer(number))
    }

    fn schedule(&mut self, delay: u64, event: Event) {
        self.next += 1;
        self.queue.insert((self.now + delay, self.next), event);
    }

    fn local(&mut self, at: usize, delay: u64, input: Input) {
        let life = self.nodes[at].life;
        self.schedule(delay, Event::Local { at, life, input });
    }

    /// Twins reach half of the others each.
    fn is_reachable(&self, from: usize, to: usize) -> bool {
        let Some(second) = (self.crime == Crime::Twins).then(|| self.nodes.len() - 1) else { return true };
        let side = |twin: usize, other: usize| other != 0 && other != second && other.is_multiple_of(2) == (twin == 0);
        match (from, to) {
            (a, b) if a == 0 || a == second => side(a, b) || self.now.is_multiple_of(3),
            (a, b) if b == 0 || b == second => side(b, a) || self.now.is_multiple_of(3),
            _ => true,
        }
    }

    fn send(&mut self, from: usize, to: usize, message: Message) {
        if from == to || !self.is_reachable(from, to) {
            return;
        }
        let healed = self.healed();
        // Before healing one half hardly hears the other, now and then.
        let cut = !healed && (self.now / 700) % 3 == 1 && (from % 2 != to % 2);
        if !healed && (cut || self.dice.percent(self.loss)) {
            return;
        }
        let copies = if !healed && self.dice.percent(10) { 2 } else { 1 };
        for _ in 0..copies {
            let delay = if healed { 1 + self.dice.roll(20) } else { 1 + self.dice.roll(self.delay_ms) };
            self.schedule(delay, Event::Deliver { to, from, message: message.clone() });
        }
    }

    fn broadcast(&mut self, from: usize, message: &Message) {
        for to in 0..self.nodes.len() {
            self.send(from, to, message.clone());
        }
    }

    fn start(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.life += 1;
        node.judging.clear();
        let own_key = Some(types::BlsPublicKey([u8::try_from(node.number).unwrap(); 96]));
        let config = Config { own_key, ..super::CONFIG };
        let (engine, outputs) = Engine::recover(config, &node.start, node.log.clone(), TimeMs(self.now));
        node.engine = Some(engine);
        let bodies: Vec<Hash32> = node.bodies.iter().copied().collect();
        self.carry_out(at, outputs);
        self.step(at, Input::Work(WorkState::Pending));
        for block in bodies {
            self.step(at, Input::Available { block });
        }
    }

    fn step(&mut self, at: usize, input: Input) {
        let now = TimeMs(self.now);
        if let Some(engine) = &mut self.nodes[at].engine {
            let outputs = engine.step(now, input);
            self.carry_out(at, outputs);
        }
    }

    /// What a shell does: all records first, then the rest; a crash may come in between.
    fn carry_out(&mut self, at: usize, outputs: Vec<Output>) {
        for output in &outputs {
            if let Output::Persist(record) = output {
                self.nodes[at].log.push(record.clone());
            }
        }
        if !self.healed() && self.now > 0 && self.dice.roll(400) == 0 {
            self.nodes[at].engine = None;
            let delay = 1 + self.dice.roll(1_500);
            self.schedule(delay, Event::Restart { at });
            return;
        }
        for output in outputs {
            self.carry_out_one(at, output);
        }
    }

    fn carry_out_one(&mut self, at: usize, output: Output) {
        match output {
            Output::Persist(_) | Output::Nullified(_) | Output::Notarized(_) | Output::Entered { .. } => {}
            Output::Twin(statement) => {
                let number = self.nodes[at].number;
                assert!(self.is_faulty(number), "honest node {number} does not know its own {statement:?}");
            }
            Output::Sign { statement, header } => self.sign(at, statement, header),
            Output::Resend(again) => {
                for one in again {
                    match one {
                        Resend::Vote(statement) => self.sign(at, statement, None),
                        Resend::Proposal { statement, header } => self.sign(at, statement, Some(header)),
                        Resend::Certificate(one) => self.broadcast(at, &Message::Certificates(vec![one])),
                    }
                }
            }
            Output::Send { certificate, to } => {
                for member in to {
                    self.send(at, usize::from(super::place(member)), Message::Certificates(vec![certificate.clone()]));
                }
            }
            Output::Verify { ticket, job } => {
                let delay = self.dice.roll(3);
                self.local(at, delay, Input::Verified { ticket, answer: verify::run(&job, &SCHEME) });
            }
            Output::Build { view, parent, .. } => self.build(at, view, parent),
            Output::Validate { view, block, parent, .. } => {
                self.nodes[at].judging.insert(block, (view, parent));
                self.judge(at, block);
            }
            Output::FetchCertificate { request, first_from } => {
                let to = first_from.map_or_else(|| self.anybody(), |first| usize::from(super::place(first)));
                self.send(at, to, Message::AskCertificate(request));
                let to = self.anybody();
                self.send(at, to, Message::AskCertificate(request));
            }
            Output::FetchBlock { block, first_from } => {
                let to = first_from.map_or_else(|| self.anybody(), |first| usize::from(super::place(first)));
                self.send(at, to, Message::AskBlock(block));
                let to = self.anybody();
                self.send(at, to, Message::AskBlock(block));
            }
            Output::Answer { peer_token: PeerToken(to), request, mut certificates } => {
                if certificates.is_empty() {
                    certificates.extend(self.nodes[at].store.get(&request.epoch).cloned());
                }
                self.send(at, usize::try_from(to).unwrap(), Message::Certificates(certificates));
            }
            Output::Decided { block, .. } => drop(self.settled(at, block)),
            Output::Finalized(certificate) => self.finalized(at, certificate),
            Output::Evidence(evidence) => {
                let accused = self.number_of(evidence.first.statement.epoch, evidence.signer());
                assert!(self.is_faulty(accused), "an honest validator is accused: {evidence:?}");
                self.evidence += 1;
            }
            Output::Punish { peer, why } => {
                assert!(self.is_faulty(super::place(peer)), "honest node {peer} is punished for {why:?}");
            }
            Output::WakeAt(TimeMs(due)) => {
                let delay = due.saturating_sub(self.now);
                self.local(at, delay, Input::Tick);
            }
        }
    }

    fn anybody(&mut self) -> usize {
        usize::try_from(self.dice.roll(self.nodes.len() as u64)).unwrap()
    }

    fn sign(&mut self, at: usize, statement: VoteStatement, header: Option<Header>) {
        let number = self.nodes[at].number;
        let Some(signer) = self.index_of(statement.epoch, number) else { panic!("node {number} is no member") };
        if !self.is_faulty(number) {
            let has_notarization = |record: &Record| {
                matches!(record, Record::Certificate(certificate) if certificate.statement.view == statement.view
                    && certificate.statement.kind == VoteKind::Notarize)
            };
            let log = &self.nodes[at].log;
            assert!(
                statement.kind != VoteKind::Finalize || log.iter().any(has_notarization),
                "a vote rests on a certificate that is not in the log: {statement:?}"
            );
            assert!(self.nodes[at].log.contains(&Record::Vote(statement)), "a vote before its record: {statement:?}");
            assert!(statement.view > self.nodes[at].start.floor || statement.epoch != self.nodes[at].start.epoch);
            let said = self.said.entry((statement.epoch, statement.view, signer)).or_default();
            assert!(
                !said.iter().any(|other| contradicts(other, &statement)),
                "{signer} said {said:?}, now {statement:?}"
            );
            said.push(statement);
        }
        let vote = super::sign(self.set(statement.epoch), signer, statement);
        self.local(at, 0, Input::Signed { vote });
        match header {
            Some(header) => self.broadcast(at, &Message::Proposal(Proposal { vote, header })),
            None => self.broadcast(at, &Message::Vote(vote)),
        }
    }

    fn is_last(&self, block: &Hash32) -> bool {
        let header = &self.blocks[block];
        header.height.0 == (header.epoch.0 + 1) * EPOCH_HEIGHTS
    }

    fn build(&mut self, at: usize, view: View, parent: Hash32) {
        let epoch = self.nodes[at].engine.as_ref().unwrap().epoch();
        let above = self.blocks[&parent].clone();
        let repropose = above.epoch == epoch && above.height.0 > 0 && self.is_last(&parent);
        let header = if repropose {
            above
        } else {
            let salt = self.dice.roll(1 << 40);
            let proposer = self.index_of(epoch, self.nodes[at].number).unwrap();
            header(epoch.0, view.0, above.height.0 + 1, parent, proposer, salt)
        };
        let hash = hash_of(&header);
        self.blocks.insert(hash, header.clone());
        let delay = self.dice.roll(20);
        self.local(at, delay, Input::Built { view, block: BuiltBlock { hash, header, repropose } });
        self.got_body(at, hash);
        // A faulty leader's body reaches only some.
        for to in 0..self.nodes.len() {
            if !self.is_faulty(self.nodes[at].number) || self.dice.percent(60) {
                self.send(at, to, Message::Body(hash));
            }
        }
    }

    fn got_body(&mut self, at: usize, block: Hash32) {
        if self.nodes[at].bodies.insert(block) {
            self.local(at, 1, Input::Available { block });
        }
        self.judge(at, block);
    }

    /// A verdict is there when the body is.
    fn judge(&mut self, at: usize, block: Hash32) {
        let node = &mut self.nodes[at];
        if !node.bodies.contains(&block) {
            return;
        }
        let Some((view, parent)) = node.judging.remove(&block) else { return };
        let fits = if block == parent {
            self.is_last(&block)
        } else {
            let ends = self.blocks[&parent].epoch == self.blocks[&block].epoch && self.is_last(&parent);
            !ends && self.blocks[&block].parent == parent
        };
        let verdict = if fits { Verdict::Valid } else { Verdict::Invalid };
        let delay = self.dice.roll(10);
        self.local(at, delay, Input::Verdict { view, block, verdict });
    }

    /// A node holds a block, and so its ancestors, to be final. Gives whether its word counts.
    fn settled(&mut self, at: usize, block: Hash32) -> bool {
        if self.is_faulty(self.nodes[at].number) && self.crime == Crime::Liar {
            return false;
        }
        let mut ancestor = block;
        loop {
            let header = &self.blocks[&ancestor];
            let settled = self.chain.insert(header.height.0, ancestor);
            assert!(settled.is_none_or(|other| other == ancestor), "two blocks are final at height {}", header.height);
            if settled.is_some() || header.height.0 == 0 {
                break;
            }
            ancestor = header.parent;
        }
        true
    }

    fn finalized(&mut self, at: usize, certificate: Certificate) {
        let VoteStatement { epoch, view, block, .. } = certificate.statement;
        self.nodes[at].store.insert(epoch, certificate);
        if !self.settled(at, block) {
            return;
        }
        let height = self.blocks[&block].height.0;
        self.nodes[at].height = self.nodes[at].height.max(height);
        if self.is_last(&block) {
            let set = Arc::clone(self.set(epoch.next()));
            let start = EpochStart { epoch: epoch.next(), set, root: block, root_view: View(0), floor: View(0) };
            self.nodes[at].start = start.clone();
            self.local(at, 0, Input::EnterEpoch(start));
        } else if self.dice.percent(10) && self.nodes[at].start.epoch == epoch {
            // The store is synced: the log's floor moves and records below it go.
            let node = &mut self.nodes[at];
            node.start = EpochStart { root: block, root_view: view, floor: view, ..node.start.clone() };
            node.log.retain(|record| record.place() > (epoch, view));
            self.local(at, 0, Input::Floor { epoch, view });
        }
    }

    fn deliver(&mut self, to: usize, from: usize, message: Message) {
        let sender = super::peer(self.nodes[from].number);
        let is_member =
            self.nodes[to].engine.as_ref().is_some_and(|engine| engine.set().index_of_peer(&sender).is_some());
        let relayed = self.dice.percent(20) || !is_member;
        let route = if relayed { Route::Relayed } else { Route::Direct(sender) };
        if self.crime == Crime::Liar && to == 0 {
            self.lie(&message);
        }
        match message {
            Message::Proposal(proposal) => {
                let hash = hash_of(&proposal.header);
                self.step(to, Input::Proposal { proposal, hash, route });
            }
            Message::Vote(vote) => self.step(to, Input::Vote { vote, route }),
            Message::Certificates(certificates) => {
                for certificate in certificates {
                    self.step(to, Input::Certificate { certificate, route });
                }
            }
            Message::Body(block) => self.got_body(to, block),
            Message::AskCertificate(request) => {
                self.step(to, Input::Asked { peer_token: PeerToken(from as u64), request });
            }
            Message::AskBlock(block) => {
                if self.nodes[to].bodies.contains(&block) {
                    self.send(to, from, Message::Body(block));
                }
            }
        }
    }

    /// The liar answers a vote with contradictions, one of them with a bad signature, each to somebody else.
    fn lie(&mut self, message: &Message) {
        let Message::Vote(Vote { statement, .. }) = message else { return };
        let VoteStatement { epoch, view, .. } = *statement;
        let made_up = Hash32([u8::try_from(self.dice.roll(200)).unwrap() + 1; 32]);
        for (kind, block) in [
            (VoteKind::Finalize, statement.block),
            (VoteKind::Nullify, Hash32::ZERO),
            (VoteKind::Notarize, made_up),
            (VoteKind::Finalize, made_up),
        ] {
            let lie = VoteStatement { kind, epoch, view, parent_view: View(0), block };
            let mut vote = super::sign(self.set(epoch), ValidatorIndex(0), lie);
            if self.dice.percent(25) {
                vote.signature.0[5] ^= 1;
            }
            let to = self.anybody();
            self.send(0, to, Message::Vote(vote));
        }
    }

    /// Runs until every honest node has finalized ten blocks after healing; gives how long that took.
    pub fn run(&mut self) -> u64 {
        let mut goal: Option<u64> = None;
        while let Some(((now, _), event)) = self.queue.pop_first() {
            self.now = now;
            assert!(now < END_MS, "no progress: {:?}", self.nodes.iter().map(|node| node.height).collect::<Vec<_>>());
            match event {
                Event::Deliver { to, from, message } => self.deliver(to, from, message),
                Event::Local { at, life, input } if self.nodes[at].life == life => self.step(at, input),
                Event::Local { .. } => {}
                Event::Restart { at } => self.start(at),
            }
            if self.healed() {
                let heights = || self.nodes.iter().filter(|node| !self.is_faulty(node.number)).map(|node| node.height);
                let goal = *goal.get_or_insert(heights().max().unwrap() + 10);
                if heights().min().unwrap() >= goal {
                    return now - HEALED_MS;
                }
            }
        }
        unreachable!("an engine always wants to be woken")
    }
}
