//! The state of a replica and the one door through which things happen to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use consensus::{Engine, EpochStart, Input, Voice, WorkState};
use execution::{ChainState, FinalizedBlock, Terms, VersionStart};
use mempool::Mempool;
use types::{Certificate, Epoch, Hash32, Height, TimeMs, ValidatorIndex, ValidatorSet, View};

use crate::admission::Arrivals;
use crate::chain::Chain;
use crate::company::Company;
use crate::config::{Config, Start};
use crate::effect::Effect;
use crate::event::{Event, Now};
use crate::fetch::Fetch;
use crate::hearsay::Hearsay;
use crate::hints::Hints;
use crate::jobs::Jobs;
use crate::judge::Judgement;
use crate::known::Known;
use crate::listen::Listen;
use crate::log::LogRecord;
use crate::mend::Mending;
use crate::pool::Outgoing;
use crate::propose::Turn;
use crate::shares::Shares;
use crate::sketch::Drafts;
use crate::sync::Sync;
use crate::verified::Verified;
use crate::waiting_calls::SystemCalls;
use crate::wire::{Message, WireBlock};

/// One validator, or a node that only follows.
pub struct Replica {
    pub(crate) config: Config,
    pub(crate) now: Now,
    pub(crate) engine: Engine,
    pub(crate) epoch: Epoch,
    pub(crate) set: Arc<ValidatorSet>,
    pub(crate) view: View,
    pub(crate) leader: ValidatorIndex,
    /// Whether it may vote, and what it waits for.
    pub(crate) listen: Listen,
    pub(crate) chain: Chain,
    pub(crate) pool: Mempool,
    pub(crate) sync: Sync,
    /// Which validators are reached, and what their clocks show.
    pub(crate) company: Company,
    /// A protocol version that is coming and that this program does not know.
    pub(crate) too_new: Option<VersionStart>,
    pub(crate) fetch: Fetch,
    pub(crate) jobs: Jobs,
    /// Gossip that may be passed on.
    pub(crate) hearsay: Hearsay,
    /// A block this node has to make.
    pub(crate) turn: Option<Turn>,
    /// Proposals whose verdict is not known yet, by view.
    pub(crate) judgements: BTreeMap<View, Judgement>,
    /// Blocks above the tip that a quorum stands behind, and the newest of them.
    pub(crate) certified: BTreeSet<Hash32>,
    pub(crate) newest_certified: Option<Hash32>,
    /// The newest block that is final for this node while its certificate is being checked.
    pub(crate) decided: Option<Hash32>,
    /// The newest height of which clients were told that it is final.
    pub(crate) told: Height,
    /// Finalizations whose block or ancestors are not here yet, newest last.
    pub(crate) finalizations: Vec<Certificate>,
    /// Hashes of the newest final blocks, oldest first.
    pub(crate) final_hashes: VecDeque<Hash32>,
    pub(crate) tip_has_transactions: bool,
    /// When the newest final block became so here, or this node began, monotonic.
    pub(crate) final_at_ms: u64,
    /// The newest finalization of the tip itself, for the attendance list.
    pub(crate) tip_certificate: Option<Certificate>,
    /// Final blocks that the pool has not seen yet.
    pub(crate) unpooled: VecDeque<Arc<FinalizedBlock>>,
    /// Final blocks that are in no log: told to clients when the store is synced.
    pub(crate) untold: VecDeque<Arc<FinalizedBlock>>,
    /// Where each block above the log's floor became final.
    pub(crate) places: BTreeMap<Height, (Epoch, View)>,
    /// The newest height on the store's disk, and whether a sync is under way.
    pub(crate) synced: Height,
    pub(crate) syncing: bool,
    /// An epoch's last block has become final.
    pub(crate) page_is_full: bool,
    /// What the engine was last told of waiting work.
    pub(crate) work: Option<WorkState>,
    /// What the engine is to be told next.
    pub(crate) inputs: VecDeque<Input>,
    pub(crate) engine_wake_ms: u64,
    /// Blocks whose bodies the engine waits for.
    pub(crate) awaited: BTreeSet<Hash32>,
    /// Sketches taken, and those that lack something.
    pub(crate) hints: Hints,
    pub(crate) drafts: Drafts,
    /// Waiting transactions by short id.
    pub(crate) known: Known,
    /// Transactions on their way into the pool, and what is charged for them.
    pub(crate) arrivals: Arrivals,
    pub(crate) shares: Shares,
    /// What the next block asks of a transaction, by the tip.
    pub(crate) terms: Option<(Hash32, Terms)>,
    /// Transactions on their way to the other validators.
    pub(crate) outgoing: Outgoing,
    /// System calls that wait for a block.
    pub(crate) calls: SystemCalls,
    /// A final block that the store lost.
    pub(crate) mending: Option<Mending>,
    pub(crate) verified: Arc<Verified>,
    pub(crate) effects: Vec<Effect>,
}

/// The engine is woken at least this often, in milliseconds.
const TICK_MS_MAX: u64 = 1_000;

impl Replica {
    /// Begins where store and log end. The effects are to be performed like those of a step.
    #[must_use]
    pub fn new(config: Config, start: Start, now: Now, state: &dyn ChainState) -> (Self, Vec<Effect>) {
        let engine_config = engine_config(&config);
        let height = start.tip.header.height;
        let mut listen = Listen::new(config.listen, start.votes_above, height, now.monotonic_ms);
        listen.entered(start.epoch, config.own_key.as_ref().and_then(|key| start.set.index_of(key)));
        let epoch_start = engine_start(&start, &listen);
        let (records, blocks) = split_log(start.log);
        let at = TimeMs(now.monotonic_ms);
        let log_end = records.iter().map(consensus::Record::place).max().unwrap_or_default();
        let (engine, outputs) = Engine::recover(engine_config, &epoch_start, records, at);
        let company = Company::new(&start.set, &config.own_peer, log_end, now.monotonic_ms);
        let mut replica = Self {
            now,
            engine,
            epoch: start.epoch,
            set: start.set,
            view: View::ZERO,
            leader: ValidatorIndex::ZERO,
            listen,
            final_hashes: VecDeque::from([start.tip.hash]),
            chain: Chain::new(start.tip),
            pool: Mempool::new(config.pool),
            sync: Sync::default(),
            company,
            too_new: None,
            final_at_ms: now.monotonic_ms,
            fetch: Fetch::default(),
            jobs: Jobs::default(),
            hearsay: Hearsay::default(),
            turn: None,
            judgements: BTreeMap::new(),
            certified: BTreeSet::new(),
            newest_certified: None,
            decided: None,
            told: height,
            finalizations: Vec::new(),
            tip_has_transactions: false,
            tip_certificate: None,
            unpooled: VecDeque::new(),
            untold: VecDeque::new(),
            places: BTreeMap::new(),
            synced: height,
            syncing: false,
            page_is_full: false,
            work: None,
            inputs: VecDeque::new(),
            engine_wake_ms: 0,
            awaited: BTreeSet::new(),
            hints: Hints::default(),
            drafts: Drafts::new(),
            known: Known::default(),
            arrivals: Arrivals::default(),
            shares: Shares::default(),
            terms: None,
            outgoing: Outgoing::default(),
            calls: SystemCalls::default(),
            mending: None,
            verified: Arc::default(),
            effects: Vec::new(),
            config,
        };
        for block in blocks {
            replica.remember(block);
        }
        outputs.into_iter().for_each(|output| replica.output(output));
        replica.settle_down(state);
        let effects = std::mem::take(&mut replica.effects);
        (replica, effects)
    }

    /// One thing happens; what is to be done about it comes back, in order.
    pub fn step(&mut self, now: Now, event: Event, state: &dyn ChainState) -> Vec<Effect> {
        self.now = now;
        self.note_company(&event);
        match event {
            Event::Clock => self.arrivals.turn(),
            Event::Message { from, via, message: Message::SystemCalls(calls) } => {
                self.hear_calls(from, via, calls.into_vec(), state);
            }
            Event::Message { from, via, message } => self.hear(from, via, message),
            Event::Request { from: _, token, request } => self.answer(token, request),
            Event::Response { id, from, response } => self.hear_response(id, from, response),
            Event::PeerUp { peer } => self.peer_up(peer),
            Event::PeerDown { peer } => {
                self.sync.peer_down(&peer);
                self.company.peer_down(&peer, now.monotonic_ms);
            }
            Event::KeyInUse { peer } => self.company.key_in_use(&peer, now.monotonic_ms),
            Event::Submitted { token, transactions } => self.submit(token, transactions),
            Event::CallSubmitted { token, call } => self.submit_call(token, call, state),
            Event::JobDone { id, answer } => self.job_done(id, answer),
            Event::Signed { vote } => self.tell_engine(Input::Signed { vote }),
            Event::Unreadable { lost } => self.mend(lost),
            Event::Committed { height } => self.committed(height),
            Event::Synced { height, hash } => self.synced(height, hash),
        }
        self.settle_down(state);
        std::mem::take(&mut self.effects)
    }

    /// Lets everything that can go on go on, until nothing changes.
    fn settle_down(&mut self, state: &dyn ChainState) {
        if self.now.monotonic_ms >= self.engine_wake_ms {
            self.tell_engine(Input::Tick);
        }
        loop {
            self.drive();
            self.try_finalize();
            self.try_tell();
            self.turn_page(state);
            self.update_pool(state);
            self.admit(state);
            self.update_calls(state);
            self.try_judge();
            self.execute_ready();
            self.update_work();
            self.update_voice();
            self.try_propose();
            if self.inputs.is_empty() {
                break;
            }
        }
        self.pass_on_what_is_due();
        self.want_again();
        self.ask_ranges();
        self.mend_on();
        self.ask_company();
        self.push_transactions();
        self.push_calls();
        self.set_alarm();
    }

    fn set_alarm(&mut self) {
        let deadlines = [
            Some(self.engine_wake_ms),
            Some(self.now.monotonic_ms.saturating_add(TICK_MS_MAX)),
            self.propose_wake_ms(),
            self.fetch.deadline_ms(),
            self.sync.deadline_ms(),
            self.mend_deadline_ms(),
            Some(self.company.deadline_ms()),
            self.arrivals.deadline_ms(self.now.monotonic_ms),
            self.outgoing.deadline_ms(),
            self.calls_deadline_ms(),
            self.hearsay.deadline_ms(),
            self.listen.deadline_ms(self.now.monotonic_ms),
        ];
        let soonest = deadlines.into_iter().flatten().min().unwrap_or(u64::MAX);
        // At least one millisecond on: a deadline that has just been served must not spin.
        self.effects.push(Effect::WakeAt(soonest.max(self.now.monotonic_ms.saturating_add(1))));
    }

    /// A block from the log: it was valid, or certified, when it was written.
    fn remember(&mut self, block: WireBlock) {
        let hash = crypto::ids::header_hash(&block.header);
        let Ok(body) = self.config.registry.check_body(&block.header, block.body.0) else { return };
        self.chain.insert(hash, &block.header, Some(Arc::new(body)));
        if let Some(entry) = self.chain.entry_mut(&hash) {
            (entry.logged, entry.valid) = (true, Some(true));
        }
        self.tell_engine(Input::Available { block: hash });
    }
}

/// The engine's settings: the chain's paces and this node's key.
fn engine_config(config: &Config) -> consensus::Config {
    let timing = &config.genesis.parameters.timing;
    consensus::Config {
        own_key: config.own_key,
        voice: Voice::Silent,
        delta_ms: timing.delta_ms,
        delta_max_ms: timing.delta_max_ms,
        idle_ms: timing.block_interval_empty_ms,
        resend_ms: timing.delta_ms,
    }
}

/// Where the engine begins.
fn engine_start(start: &Start, listen: &Listen) -> EpochStart {
    let root_view = crate::epoch::root_view(&start.tip.header, start.epoch);
    EpochStart {
        epoch: start.epoch,
        set: start.set.clone(),
        root: start.tip.hash,
        root_view,
        floor: listen.floor_in(start.epoch).max(root_view),
    }
}

/// The engine's part of the log, and the blocks.
fn split_log(log: Vec<LogRecord>) -> (Vec<consensus::Record>, Vec<WireBlock>) {
    let (mut records, mut blocks) = (Vec::new(), Vec::new());
    for record in log {
        match record {
            LogRecord::Engine(record) => records.push(*record),
            LogRecord::Block(block) => blocks.push(*block),
        }
    }
    (records, blocks)
}
