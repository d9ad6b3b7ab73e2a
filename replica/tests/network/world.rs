//! A handful of replicas, their disks and stores, and messages that arrive in the order in which they were sent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crypto::{bls, ids};
use execution::{CheckedTransaction, FinalizedBlock, MemoryState};
use journal::{Holder, Lease, MemoryDisk};
use replica::wire::{Message, Request, Response};
use replica::{
    BlsScheme, CallRefusal, Config, Desk, Effect, Event, GossipToken, GossipVerdict, Job, JobContext, JobId, Kept,
    ListenTerms, Notice, Now, Replica, RequestToken, Signer, Start, Target, Tip, Trouble, Via,
};
use types::{
    Amount, Auth, AuthKind, BlsSignature, ByteString, Call, ChainId, Epoch, Genesis, Hash32, Height, List, ModuleId,
    Nonce, Parameters, PeerKey, SystemCall, THR, TimeMs, Transaction, TransactionBody, View, Vote, Witness,
};

use crate::grounds::make_genesis;
pub use crate::grounds::{START_MS, account, validator_key};

/// Signs with a validator's key.
struct KeySigner {
    chain: ChainId,
    key: bls::SecretKey,
}

impl Signer for KeySigner {
    fn sign_seed(&self, epoch: Epoch, view: View) -> BlsSignature {
        self.key.sign(&ids::seed_preimage(self.chain, epoch, view)).to_bytes()
    }
}

/// What a node keeps when it is switched off.
pub struct Disks {
    pub journal: MemoryDisk,
    pub state: MemoryState,
    pub tip: Tip,
    pub blocks: BTreeMap<Height, Arc<FinalizedBlock>>,
}

pub struct Running {
    pub replica: Replica,
    desk: Desk<MemoryDisk>,
    wake_ms: u64,
    events: VecDeque<Event>,
}

pub struct Node {
    pub disks: Disks,
    pub told: Vec<(Height, Hash32)>,
    signer: KeySigner,
    voter: bool,
    pub peer: PeerKey,
    pub running: Option<Running>,
}

/// Looks at a message from one node to another.
pub type Post = Box<dyn FnMut(usize, usize, &mut Message) -> bool>;
/// Looks at what a node does.
pub type Watch = Box<dyn FnMut(usize, &Effect)>;

/// Changes an answer of a node.
pub type Bend = Box<dyn FnMut(usize, &mut Response)>;

pub struct World {
    pub now: Now,
    pub genesis: Arc<Genesis>,
    pub chain: ChainId,
    pub nodes: Vec<Node>,
    /// What becomes of a message on its way: it may change, and passes if the answer is yes.
    pub post: Option<Post>,
    pub watch: Option<Watch>,
    /// Who asked whom what.
    pub asked: Vec<(usize, usize, Request)>,
    /// Whether questions of a kind get no answer.
    pub unanswered: fn(&Request) -> bool,
    /// Ways, from one node to another, on which nothing passes.
    pub cut: BTreeSet<(usize, usize)>,
    /// How far each node's wall clock is ahead, in milliseconds.
    pub clock_ahead_ms: Vec<i64>,
    /// Bytes of blocks that may wait for a store.
    pub unwritten_bytes_max: usize,
    /// A node whose store writes nothing, and what waits for it.
    pub stalled: Option<usize>,
    pub waiting: VecDeque<Arc<FinalizedBlock>>,
    /// Changes an answer on its way, given who gives it.
    pub bend: Option<Bend>,
    /// Blocks for which an answer has room.
    pub blocks_per_answer: usize,
    /// Blocks that came in the place of lost ones.
    pub mended: Vec<(replica::LostBlock, replica::wire::KeptBlock)>,
    /// A node whose store syncs nothing.
    pub unsynced: Option<usize>,
    /// A node that may be punished.
    pub criminal: Option<usize>,
    /// For what it was.
    pub offences: Vec<replica::Offence>,
    /// What became of system calls that were handed in: where, and how.
    pub answers: Vec<(usize, Result<(), CallRefusal>)>,
    /// What became of transactions that were handed in.
    pub results: Vec<Result<Hash32, mempool::PoolReject>>,
    /// The verdicts on gossip.
    pub verdicts: Vec<(GossipToken, GossipVerdict)>,
    /// Proposals of the criminal that somebody found invalid, and why.
    pub invalid: Vec<execution::InvalidBlock>,
    registry: execution::Registry,
    scheme: BlsScheme,
}

impl World {
    /// `validators` that vote, and `followers` that do not.
    pub fn new(validators: u8, followers: u8) -> Self {
        Self::paced(validators, followers, None)
    }

    /// The same, with at least so much time between blocks.
    pub fn paced(validators: u8, followers: u8, interval_min_ms: Option<u64>) -> Self {
        Self::ruled(validators, followers, |parameters| {
            interval_min_ms.into_iter().for_each(|least_ms| parameters.timing.block_interval_min_ms = least_ms);
        })
    }

    /// The same under other rules.
    pub fn ruled(validators: u8, followers: u8, rule: impl FnOnce(&mut Parameters)) -> Self {
        Self::founded(validators, followers, |genesis| rule(&mut genesis.parameters))
    }

    /// The same from another genesis.
    pub fn founded(validators: u8, followers: u8, change: impl FnOnce(&mut Genesis)) -> Self {
        let keys: Vec<_> = (0..validators + followers).map(validator_key).collect();
        let mut genesis = make_genesis(&keys[..usize::from(validators)]);
        change(&mut genesis);
        let chain = ids::chain_id(&genesis);
        let registry = runtime::registry();
        let first = registry.genesis(&genesis, chain).expect("the genesis is sound");
        let nodes = keys.into_iter().zip(0_u8..).map(|(key, place)| {
            let mut state = MemoryState::default();
            state.apply(&first.outcome.changes);
            state.apply_pages(&first.outcome.pages);
            let tip = Tip {
                hash: first.outcome.hash,
                header: first.header.clone(),
                state_root: first.outcome.state_root,
                receipts_root: first.outcome.receipts_root,
            };
            let journal = MemoryDisk::new();
            Lease::begin(journal.clone(), key.public_key().to_bytes()).expect("a sound disk");
            let disks = Disks { journal, state, tip, blocks: BTreeMap::new() };
            let signer = KeySigner { chain, key };
            let peer = PeerKey([place + 1; 32]);
            Node { disks, told: Vec::new(), signer, voter: place < validators, peer, running: None }
        });
        let now = Now { monotonic_ms: 1, unix_ms: START_MS + 1 };
        let scheme = BlsScheme::new(chain, [9; 32]);
        Self {
            now,
            chain,
            nodes: nodes.collect(),
            post: None,
            watch: None,
            asked: Vec::new(),
            unanswered: |_| false,
            cut: BTreeSet::new(),
            clock_ahead_ms: vec![0; usize::from(validators + followers)],
            unwritten_bytes_max: replica::UNWRITTEN_BYTES_MAX,
            stalled: None,
            waiting: VecDeque::new(),
            mended: Vec::new(),
            bend: None,
            blocks_per_answer: usize::MAX,
            unsynced: None,
            criminal: None,
            offences: Vec::new(),
            answers: Vec::new(),
            results: Vec::new(),
            verdicts: Vec::new(),
            invalid: Vec::new(),
            registry,
            scheme,
            genesis: Arc::new(genesis),
        }
    }

    pub fn start(&mut self, place: usize) {
        let genesis = self.genesis.clone();
        let node = &mut self.nodes[place];
        let own_key = node.voter.then(|| node.signer.key.public_key().to_bytes());
        let holder = Holder { chain: self.chain, key: own_key };
        let opened = Desk::open(node.disks.journal.clone(), node.disks.journal.clone(), holder).expect("a sound log");
        let config = Config {
            chain_id: self.chain,
            genesis,
            registry: self.registry.clone(),
            own_key,
            own_peer: node.peer,
            listen: ListenTerms::of(&self.genesis),
            pool: mempool::PoolLimits::default(),
            unwritten_bytes_max: self.unwritten_bytes_max,
            software: ByteString::new(b"test".to_vec()).expect("short"),
        };
        let next = execution::NextBlock::read(&node.disks.state);
        let start = Start {
            tip: node.disks.tip.clone(),
            epoch: next.epoch.number,
            set: Arc::new(next.validators),
            votes_above: opened.votes_above,
            log: opened.log,
        };
        let now = self.now_of(place);
        let node = &mut self.nodes[place];
        let (replica, effects) = Replica::new(config, start, now, &node.disks.state);
        node.running = Some(Running { replica, desk: opened.desk, wake_ms: u64::MAX, events: VecDeque::new() });
        self.perform(place, effects);
        let up: Vec<usize> = (0..self.nodes.len()).filter(|other| *other != place).collect();
        for other in up {
            if self.nodes[other].running.is_some() {
                let (one, two) = (self.nodes[place].peer, self.nodes[other].peer);
                self.happen(place, Event::PeerUp { peer: two });
                self.happen(other, Event::PeerUp { peer: one });
            }
        }
    }

    /// Power off: what was not synced is gone.
    pub fn stop(&mut self, place: usize) {
        self.nodes[place].running = None;
        self.nodes[place].disks.journal.crash(|_, _| 0);
        let peer = self.nodes[place].peer;
        for other in 0..self.nodes.len() {
            self.happen(other, Event::PeerDown { peer });
        }
    }

    pub fn happen(&mut self, place: usize, event: Event) {
        if let Some(running) = &mut self.nodes[place].running {
            running.events.push_back(event);
        }
    }

    /// Lets time pass, one event after the other, until `done` or `ms` are over.
    pub fn run(&mut self, ms: u64, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now.monotonic_ms + ms;
        loop {
            while let Some((place, event)) = self.next_event() {
                let now = self.now_of(place);
                let node = &mut self.nodes[place];
                let running = node.running.as_mut().expect("it has events");
                let effects = running.replica.step(now, event, &node.disks.state);
                self.perform(place, effects);
            }
            if done(self) {
                return true;
            }
            let wake = self.nodes.iter().flat_map(|node| &node.running).map(|running| running.wake_ms).min();
            let wake = wake.unwrap_or(end).max(self.now.monotonic_ms + 1);
            if wake > end {
                return false;
            }
            self.now.unix_ms += wake - self.now.monotonic_ms;
            self.now.monotonic_ms = wake;
            for place in 0..self.nodes.len() {
                if self.nodes[place].running.as_ref().is_some_and(|running| running.wake_ms <= wake) {
                    self.happen(place, Event::Clock);
                }
            }
        }
    }

    fn next_event(&mut self) -> Option<(usize, Event)> {
        let nodes = self.nodes.iter_mut().enumerate();
        nodes.filter_map(|(place, node)| Some((place, node.running.as_mut()?.events.pop_front()?))).next()
    }

    fn perform(&mut self, place: usize, effects: Vec<Effect>) {
        let mut settled = Vec::new();
        let running = self.nodes[place].running.as_mut().expect("it was just stepped");
        running.desk.settle(effects, |effect| settled.push(effect)).expect("a sound disk");
        for effect in settled {
            self.do_effect(place, effect);
        }
    }

    pub fn do_effect(&mut self, place: usize, effect: Effect) {
        self.watch.iter_mut().for_each(|watch| watch(place, &effect));
        match effect {
            Effect::Sign { statement, header, .. } => self.sign(place, statement, header.map(|header| *header)),
            Effect::Send { to, message } => self.send(place, &to, &message),
            Effect::Gossip(message) => {
                for other in 0..self.nodes.len() {
                    self.deliver(place, other, &message, Via::Gossip(GossipToken(0)));
                }
            }
            Effect::Request { id, to, request } => self.request(place, id, to, request),
            Effect::Respond { token, response } => self.respond(place, token, response),
            Effect::RespondFromStore { token, request } => {
                let response = self.stored(place, &request);
                self.respond(place, token, response);
            }
            Effect::Job { id, job } => self.job(place, id, *job),
            Effect::Commit(block) => self.commit(place, block),
            Effect::SyncStore if self.unsynced == Some(place) => {}
            Effect::SyncStore => {
                let tip = &self.nodes[place].disks.tip;
                let event = Event::Synced { height: tip.header.height, hash: tip.hash };
                self.happen(place, event);
            }
            Effect::Mend { lost, kept } => self.mended.push((*lost, *kept)),
            Effect::WakeAt(at) => {
                self.nodes[place].running.as_mut().expect("it was just stepped").wake_ms = at;
            }
            Effect::Notify(Notice::Final { block }) => {
                self.nodes[place].told.push((block.header.height, block.hash));
            }
            Effect::Punish { peer, offence } => {
                let criminal = self.criminal.is_some_and(|criminal| self.nodes[criminal].peer == peer);
                assert!(criminal, "honest node {peer} is punished for {offence:?}");
                self.offences.push(offence);
            }
            Effect::Stop(fault) => panic!("{fault}"),
            Effect::Notify(Notice::InvalidProposal { error, .. }) => {
                assert!(self.criminal.is_some(), "an honest proposal is invalid: {error}");
                self.invalid.push(error);
            }
            Effect::CallSubmission { result, .. } => self.answers.push((place, result)),
            Effect::Persist(_) | Effect::Floor { .. } | Effect::Bound(_) => panic!("the desk keeps these"),
            Effect::Verdict { token, verdict } => self.verdicts.push((token, verdict)),
            Effect::Submission { results, .. } => self.results.extend(results),
            Effect::Notify(_) => {}
        }
    }

    fn sign(&mut self, place: usize, statement: types::VoteStatement, header: Option<types::Header>) {
        let node = &self.nodes[place];
        let running = node.running.as_ref().expect("it was just stepped");
        let Some(signer) = running.replica.own_index() else { return };
        let signature = node.signer.key.sign(&ids::vote_preimage(self.chain, &statement)).to_bytes();
        let vote = Vote { statement, signer, signature };
        let message = match header {
            Some(header) => Message::Proposal(types::Proposal { vote, header }),
            None => Message::Vote(vote),
        };
        self.send(place, &Target::Validators, &message);
        self.happen(place, Event::Signed { vote });
    }

    fn send(&mut self, place: usize, to: &Target, message: &Message) {
        for other in 0..self.nodes.len() {
            let node = &self.nodes[other];
            let wanted = match to {
                Target::Validators => node.voter,
                Target::Members(peers) => peers.contains(&node.peer),
            };
            if wanted {
                self.deliver(place, other, message, Via::Stream);
            }
        }
    }

    fn deliver(&mut self, from: usize, to: usize, message: &Message, via: Via) {
        if from == to || self.cut.contains(&(from, to)) {
            return;
        }
        let mut message = message.clone();
        if self.post.as_mut().is_none_or(|post| post(from, to, &mut message)) {
            let from = self.nodes[from].peer;
            self.happen(to, Event::Message { from, via, message });
        }
    }

    fn place_of(&self, peer: PeerKey) -> usize {
        self.nodes.iter().position(|node| node.peer == peer).expect("a known peer")
    }

    fn request(&mut self, place: usize, id: replica::RequestId, to: PeerKey, request: Request) {
        let other = self.place_of(to);
        self.asked.push((place, other, request.clone()));
        assert!(self.asked.len() < 100_000, "a node asks without a pause");
        let is_lost = self.cut.contains(&(place, other)) || self.cut.contains(&(other, place));
        if self.nodes[other].running.is_none() || is_lost || (self.unanswered)(&request) {
            return self.happen(place, Event::Response { id, from: to, response: None });
        }
        // The token carries who asked what, so that the answer finds its way.
        let token = RequestToken(id.0 << 8 | place as u64);
        let from = self.nodes[place].peer;
        self.happen(other, Event::Request { from, token, request });
    }

    fn respond(&mut self, place: usize, token: RequestToken, mut response: Response) {
        if let Some(bend) = &mut self.bend {
            bend(place, &mut response);
        }
        let (asker, id) = ((token.0 & 0xff) as usize, replica::RequestId(token.0 >> 8));
        let from = self.nodes[place].peer;
        self.happen(asker, Event::Response { id, from, response: Some(response) });
    }

    fn job(&mut self, place: usize, id: JobId, job: Job) {
        let node = &self.nodes[place];
        let verified = node.running.as_ref().expect("it was just stepped").replica.verified();
        let answer = job.run(&JobContext {
            chain_id: self.chain,
            registry: &self.registry,
            scheme: &self.scheme,
            verified: &verified,
            signer: &node.signer,
            state: &node.disks.state,
        });
        self.happen(place, Event::JobDone { id, answer });
    }

    /// How a node's replica is doing.
    pub fn status(&self, place: usize) -> replica::Status {
        self.nodes[place].running.as_ref().expect("it runs").replica.status()
    }

    /// Submits a transfer through a node's API.
    pub fn transfer(&mut self, place: usize, from: u8, to: u8, nonce: u64, amount: u128) -> Hash32 {
        let transaction = self.signed(from, to, nonce, amount, |_| {});
        let id = transaction.id;
        self.submit(place, vec![transaction]);
        id
    }

    /// Hands transactions in at a node's API.
    pub fn submit(&mut self, place: usize, transactions: Vec<Arc<CheckedTransaction>>) {
        let token = replica::SubmissionToken(0);
        self.happen(place, Event::Submitted { token, transactions });
    }

    /// A transfer, changed before it is signed.
    pub fn signed(
        &self,
        from: u8,
        to: u8,
        nonce: u64,
        amount: u128,
        change: impl FnOnce(&mut TransactionBody),
    ) -> Arc<CheckedTransaction> {
        let (key, sender) = account(from);
        let call = tokens::TokensCall::transfer(THR, account(to).1, Amount(amount));
        let call =
            Call { module: ModuleId(1), body: ByteString::new(types::Canonical::to_canonical(&call)).expect("short") };
        let mut body = TransactionBody {
            version: 1,
            sender,
            auth: AuthKind::Single,
            nonce: Nonce(nonce),
            valid_until: TimeMs(self.now.unix_ms + 60_000),
            fee_max: Amount(10_000_000),
            tip: Amount::ZERO,
            payer: None,
            calls: List::new(vec![call]).expect("one call"),
        };
        change(&mut body);
        let id = ids::transaction_id(self.chain, &body);
        let auth = Auth::Single { key: key.public_key(), signature: key.sign(id.as_bytes()) };
        let witness = Witness { auths: List::new(vec![auth]).expect("one proof") };
        let checked = self.registry.check(self.chain, Arc::new(Transaction { body, witness })).expect("well-formed");
        execution::check_signatures(&checked.id, &checked.transaction).expect("signed");
        Arc::new(checked)
    }

    /// A transaction that waits at a node.
    pub fn pooled(&self, place: usize, id: Hash32) -> Option<Arc<mempool::PoolTransaction>> {
        self.nodes[place].running.as_ref().expect("it runs").replica.pooled(&id)
    }

    /// What a node keeps for others.
    pub fn kept(&self, place: usize) -> Kept {
        self.nodes[place].running.as_ref().expect("it runs").replica.kept()
    }

    /// What a node's clocks show.
    pub fn now_of(&self, place: usize) -> Now {
        Now { unix_ms: self.now.unix_ms.saturating_add_signed(self.clock_ahead_ms[place]), ..self.now }
    }

    /// What a node says that is wrong.
    pub fn troubles(&self, place: usize) -> Vec<Trouble> {
        let running = self.nodes[place].running.as_ref().expect("it runs");
        running.replica.status().troubles(self.now_of(place))
    }

    /// Hands a system call in at a node.
    pub fn submit_call(&mut self, place: usize, call: SystemCall) {
        self.happen(place, Event::CallSubmitted { token: replica::SubmissionToken(0), call });
    }

    /// How many system calls wait at a node.
    pub fn calls_waiting(&self, place: usize) -> usize {
        self.nodes[place].running.as_ref().expect("it runs").replica.calls_waiting()
    }

    /// What a module answers about a node's final state.
    pub fn ask(&self, place: usize, module: &str, question: &str) -> serde_json::Value {
        let answer = self.registry.query(&self.nodes[place].disks.state, module, question, &BTreeMap::new());
        answer.expect("a known question")
    }
}
