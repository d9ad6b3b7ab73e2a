//! A miner among the clients: it makes works and shares as honest nodes tell it to, and hands them to one node or several,
//! sometimes twice, late, or long after they counted.
//!
//! It must not know what counts: nodes decide. Invariant: all that it solves stands in the book with its payee, so that nothing
//! else can count unnoticed.

use mining::{AnchorBlock, Template, WorkTerms, template};
use pow::{WorkHeader, merkle};
use testnet::sim::{Actor, Lots, Rest, Stage};
use types::{Body, Hash32, SystemCall};

use super::book::Book;

/// Proofs that the miner remembers, to hand them in again.
const MADE_MAX: usize = 64;
/// Of a thousand proofs so many are to be works; the others are whatever is found first.
const WORKS: u64 = 150;
/// How long a proof that comes late is kept back at most.
const LATE_US_MAX: u64 = 2_000_000;
/// How long a share may take until it is final, after healing and when nobody else mines.
const PROOF_MS_MAX: u64 = 30_000;

/// One miner, whose machines work for all accounts.
pub(super) struct Miner {
    lots: Lots,
    /// Time between two proofs, in microseconds; 0 for none.
    pace_us: u64,
    made: Vec<SystemCall>,
    count: u64,
    /// How many proofs nodes have taken, and of the last one whether they did.
    taken: u64,
    /// A proof that is to become final, until it is.
    awaited: Option<SystemCall>,
    /// Where that was handed in.
    last_node: usize,
    book: Book,
}

impl Miner {
    pub(super) fn new(seed: u64, book: Book) -> Self {
        // Lots of its own, so that a network without a miner is the same as before.
        let lots = Lots::new(seed ^ 0x5a5a_d161_7a11_0000);
        Self { lots, pace_us: 0, made: Vec::new(), count: 0, taken: 0, awaited: None, last_node: 0, book }
    }
}

impl Actor for Miner {
    fn begin(&mut self, pace_us: u64) {
        self.pace_us = pace_us;
    }

    /// Makes something, or finds something again, and hands it in.
    fn act(&mut self, stage: &mut Stage<'_>) {
        let pace_us = self.pace_us;
        if pace_us == 0 {
            return;
        }
        stage.again(self.lots.between(pace_us / 2..=pace_us * 3 / 2));
        let up = stage.honest_nodes();
        if up.is_empty() {
            return;
        }
        if self.lots.chance(100) && !self.made.is_empty() {
            let old = self.made[self.lots.place(self.made.len())].clone();
            stage.fault("proof handed in again");
            let node = self.lots.pick(&up);
            return stage.hand_in(node, old);
        }
        let source = self.lots.pick(&up);
        let wants_work = self.lots.chance(WORKS);
        if let Some(call) = self.make_proof(stage, source, wants_work) {
            self.spread(stage, &up, &call);
        }
    }

    fn told(&mut self, body: &Body) {
        if self.awaited.as_ref().is_some_and(|awaited| body.system_calls.contains(awaited)) {
            self.awaited = None;
        }
    }

    fn answered(&mut self, is_taken: bool) {
        self.taken += u64::from(is_taken);
    }

    fn rest(&mut self) -> Rest {
        self.pace_us = 0;
        Rest { quiet_ms: LATE_US_MAX / 1_000 + 1_000, final_ms_max: PROOF_MS_MAX }
    }

    /// W2: a share that one honest node takes becomes final.
    fn last(&mut self, stage: &mut Stage<'_>) {
        let node = self.lots.pick(&stage.honest_nodes());
        self.taken = 0;
        let Some(call) = self.make_proof(stage, node, false) else { return };
        self.awaited = Some(call.clone());
        self.last_node = node;
        stage.hand_in(node, call);
    }

    fn settled(&self) -> Result<(), String> {
        if self.awaited.is_none() {
            return Ok(());
        }
        let (node, is_taken) = (self.last_node, self.taken > 0);
        Err(format!("a share that was handed in at node {node} is not final; taken: {is_taken}"))
    }
}

impl Miner {
    /// To one node or several, to some of them twice, or late.
    fn spread(&mut self, stage: &mut Stage<'_>, up: &[usize], call: &SystemCall) {
        let lots = &mut self.lots;
        let mut nodes = vec![lots.pick(up)];
        if lots.chance(400) {
            nodes.extend(lots.subset(up.len()).into_iter().map(|place| up[place]));
        }
        let is_late = lots.chance(100);
        let in_us = if is_late { lots.between(0..=LATE_US_MAX) } else { 0 };
        if nodes.len() > 1 {
            stage.fault("proof handed to several nodes");
        }
        if is_late {
            stage.fault("proof held back");
        }
        for node in nodes {
            let in_us = in_us + self.lots.between(0..=2_000);
            stage.hand_in_later(in_us, node, call.clone());
        }
    }

    /// Mines as this node says, for some account.
    fn make_proof(&mut self, stage: &Stage<'_>, source: usize, wants_work: bool) -> Option<SystemCall> {
        let (height, hash) = stage.tip(source);
        let terms = serde_json::from_value::<WorkTerms>(stage.ask(source, "mining", "terms")?);
        let terms = terms.expect("the terms of the next work");
        let payee = self.lots.pick(&stage.accounts());
        let anchor = AnchorBlock { height, hash };
        let task = template(&terms, stage.chain_id(), payee, anchor).expect("the chain's nBits are a target");
        self.count += 1;
        let parts = task.coinbase_parts(b"/simulated/").expect("a short tag");
        let coinbase = parts.assemble([0; 4], self.count.to_be_bytes());
        let time = u32::try_from(stage.unix_ms() / 1_000).expect("before 2106");
        let header = solve(&task, &coinbase, time, wants_work);
        self.book.solved(Hash32(header.hash()), payee);
        let call = task.proof(&header, coinbase).expect("a short coinbase").to_system_call();
        self.remember(&call);
        Some(call)
    }

    fn remember(&mut self, call: &SystemCall) {
        if self.made.len() >= MADE_MAX {
            self.made.remove(0);
        }
        self.made.push(call.clone());
    }
}

/// Counts the nonce up until the header is a share, or the work that is wanted.
fn solve(task: &Template, coinbase: &[u8], time: u32, wants_work: bool) -> WorkHeader {
    let merkle_root = merkle::fold(pow::sha256d(coinbase), &[]);
    let (previous, bits) = (task.previous, task.bits);
    let mut header = WorkHeader { version: 0x2000_0000, previous, merkle_root, time, bits, nonce: 0 };
    let target = if wants_work { task.target } else { task.share_target };
    while !target.is_met_by(&header.hash()) {
        header.nonce += 1;
    }
    header
}
