//! A miner among the clients: it makes works and shares as honest nodes tell it to, and hands them to one node or several,
//! sometimes twice, late, or long after they counted.
//!
//! It must not know what counts: nodes decide. Invariant: all that it solves is reported to the checkers with its payee, so
//! that nothing else can count unnoticed.

use std::collections::BTreeMap;

use mining::{AnchorBlock, Template, WorkTerms, template};
use pow::{WorkHeader, merkle};
use replica::{Event, SubmissionToken};
use types::{Body, Hash32, ModuleId, SystemCall};

use super::checks::Sighting;
use super::clock::UNIX_MS_AT_START;
use super::lots::Lots;
use super::world::{Happening, World};

/// The module that counts proofs.
pub(crate) const MINING: ModuleId = ModuleId(3);

/// Proofs that the miner remembers, to hand them in again.
const MADE_MAX: usize = 64;
/// Of a thousand proofs so many are to be works; the others are whatever is found first.
const WORKS: u64 = 150;
/// How long a proof that comes late is kept back at most.
const LATE_US_MAX: u64 = 2_000_000;
/// How long a share may take until it is final, after healing and when nobody else mines.
const PROOF_MS_MAX: u64 = 30_000;

/// One miner, whose machines work for all accounts.
pub(crate) struct Miner {
    lots: Lots,
    /// Time between two proofs, in microseconds; 0 for none.
    pace_us: u64,
    made: Vec<SystemCall>,
    count: u64,
    /// How many proofs nodes have taken.
    pub(crate) taken: u64,
    /// A proof that is to become final, until it is.
    awaited: Option<SystemCall>,
}

impl Miner {
    pub(crate) fn new(seed: u64) -> Self {
        // Lots of its own, so that a network without a miner is the same as before.
        let lots = Lots::new(seed ^ 0x5a5a_d161_7a11_0000);
        Self { lots, pace_us: 0, made: Vec::new(), count: 0, taken: 0, awaited: None }
    }

    /// A node told its clients that a block with this body is final.
    pub(crate) fn told(&mut self, body: &Body) {
        if self.awaited.as_ref().is_some_and(|awaited| body.system_calls.contains(awaited)) {
            self.awaited = None;
        }
    }

    /// Counts the nonce up until the header is a share, or the work that is wanted.
    fn solve(&self, task: &Template, coinbase: &[u8], time: u32, wants_work: bool) -> WorkHeader {
        let merkle_root = merkle::fold(pow::sha256d(coinbase), &[]);
        let (previous, bits) = (task.previous, task.bits);
        let mut header = WorkHeader { version: 0x2000_0000, previous, merkle_root, time, bits, nonce: 0 };
        let target = if wants_work { task.target } else { task.share_target };
        while !target.is_met_by(&header.hash()) {
            header.nonce += 1;
        }
        header
    }

    fn remember(&mut self, call: &SystemCall) {
        if self.made.len() >= MADE_MAX {
            self.made.remove(0);
        }
        self.made.push(call.clone());
    }
}

impl World {
    /// The miner begins.
    pub(crate) fn start_mining(&mut self, pace_us: u64) {
        self.miner.pace_us = pace_us;
        self.later(pace_us, Happening::Mine);
    }

    /// The miner makes something, or finds something again, and hands it in.
    pub(crate) fn mine(&mut self) {
        let pace_us = self.miner.pace_us;
        if pace_us == 0 {
            return;
        }
        let in_us = self.miner.lots.between(pace_us / 2..=pace_us * 3 / 2);
        self.later(in_us, Happening::Mine);
        let up = self.honest_and_up();
        if up.is_empty() {
            return;
        }
        if self.miner.lots.chance(100) && !self.miner.made.is_empty() {
            let old = self.miner.made[self.miner.lots.place(self.miner.made.len())].clone();
            self.faults.add("proof handed in again");
            let node = self.miner.lots.pick(&up);
            return self.hand_in_call(node, old);
        }
        let source = self.miner.lots.pick(&up);
        let wants_work = self.miner.lots.chance(WORKS);
        if let Some(call) = self.make_proof(source, wants_work) {
            self.spread(&up, call);
        }
    }

    fn honest_and_up(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|place| self.nodes[*place].is_honest_and_up()).collect()
    }

    /// To one node or several, to some of them twice, or late.
    fn spread(&mut self, up: &[usize], call: SystemCall) {
        let lots = &mut self.miner.lots;
        let mut nodes = vec![lots.pick(up)];
        if lots.chance(400) {
            nodes.extend(lots.subset(up.len()).into_iter().map(|place| up[place]));
        }
        let is_late = lots.chance(100);
        let in_us = if is_late { lots.between(0..=LATE_US_MAX) } else { 0 };
        if nodes.len() > 1 {
            self.faults.add("proof handed to several nodes");
        }
        if is_late {
            self.faults.add("proof held back");
        }
        for node in nodes {
            let in_us = in_us + self.miner.lots.between(0..=2_000);
            self.later(in_us, Happening::HandIn { node, call: Box::new(call.clone()) });
        }
    }

    /// Hands a proof in at a node, if it is up.
    pub(crate) fn hand_in_call(&mut self, node: usize, call: SystemCall) {
        self.give(node, Event::CallSubmitted { token: SubmissionToken(0), call });
    }

    /// Mines as this node says, for some account.
    fn make_proof(&mut self, source: usize, wants_work: bool) -> Option<SystemCall> {
        let store = &self.nodes[source].store;
        let tip = store.tip();
        let anchor = AnchorBlock { height: tip.header.height, hash: tip.hash };
        let answer = self.ground.registry.query(&store.state, "mining", "terms", &BTreeMap::new()).ok()?;
        let terms: WorkTerms = serde_json::from_value(answer).expect("the terms of the next work");
        let accounts = &self.ground.accounts;
        let payee = accounts[self.miner.lots.place(accounts.len())].address;
        let task = template(&terms, self.ground.chain_id, payee, anchor).expect("the chain's nBits are a target");
        self.miner.count += 1;
        let parts = task.coinbase_parts(b"/simulated/").expect("a short tag");
        let coinbase = parts.assemble([0; 4], self.miner.count.to_be_bytes());
        let time = (UNIX_MS_AT_START + self.at_us / 1_000) / 1_000;
        let time = u32::try_from(time).expect("before 2106");
        let header = self.miner.solve(&task, &coinbase, time, wants_work);
        self.auditor.see(&Sighting::Mined { hash: Hash32(header.hash()), payee });
        let call = task.proof(&header, coinbase).expect("a short coinbase").to_system_call();
        self.miner.remember(&call);
        Some(call)
    }

    /// W2: after healing, a share that one honest node takes becomes final, once the miner is quiet.
    pub(crate) fn expect_proof(&mut self) {
        self.miner.pace_us = 0;
        self.run_for(LATE_US_MAX / 1_000 + 1_000);
        let up = self.honest_and_up();
        if up.is_empty() || self.is_violated() {
            return;
        }
        let node = self.miner.lots.pick(&up);
        let taken = self.miner.taken;
        let Some(call) = self.make_proof(node, false) else { return };
        self.miner.awaited = Some(call.clone());
        self.hand_in_call(node, call);
        let done = self.run_until(PROOF_MS_MAX, |world| world.miner.awaited.is_none());
        if !done && !self.is_violated() {
            let is_taken = self.miner.taken > taken;
            let message = format!("a share that was handed in at node {node} is not final; taken: {is_taken}");
            self.auditor.violated("mining", message);
        }
    }
}
