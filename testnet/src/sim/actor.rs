//! Actors: whoever does something to a network again and again, beside its clients. A trial brings them.
//!
//! The world tells an actor when it may act and what has become final; what an actor does goes through its [`Stage`].
//! Invariant: an actor draws its own lots, so a network in which it does not act is the same as without it.

use std::collections::BTreeMap;

use replica::{Event, SubmissionToken};
use serde_json::Value;
use types::{Address, Body, Call, ChainId, Hash32, Height, SystemCall};

use super::clock::UNIX_MS_AT_START;
use super::world::{Happening, World};

/// Somebody who acts.
pub trait Actor: Send {
    /// It is to act about every so many microseconds from now on.
    fn begin(&mut self, pace_us: u64);

    /// Does something. First of all it says when it acts again ([`Stage::again`]), if it does.
    fn act(&mut self, stage: &mut Stage<'_>);

    /// A node told its clients that a block with this body is final.
    fn told(&mut self, body: &Body);

    /// A node answered one of its calls: it took it, or refused it.
    fn answered(&mut self, is_taken: bool);

    /// It is to act no more; says how long that takes.
    fn rest(&mut self) -> Rest;

    /// Does one thing more, which is awaited. Nothing comes after it, if it can't.
    fn last(&mut self, stage: &mut Stage<'_>);

    /// Whether what is awaited has become final.
    ///
    /// # Errors
    /// What is missing, in a sentence.
    fn settled(&self) -> Result<(), String>;
}

/// How long an actor's end takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Until nothing of it is on its way, in milliseconds.
    pub quiet_ms: u64,
    /// How long its last deed may take until it is final.
    pub final_ms_max: u64,
}

/// An actor of this world.
pub(crate) struct Player {
    name: &'static str,
    /// Away while it acts.
    actor: Option<Box<dyn Actor>>,
    has_begun: bool,
}

impl Player {
    pub(crate) const fn new(name: &'static str, actor: Box<dyn Actor>) -> Self {
        Self { name, actor: Some(actor), has_begun: false }
    }

    fn settled(&self) -> Result<(), String> {
        self.actor.as_ref().map_or(Ok(()), |actor| actor.settled())
    }
}

/// Where an actor stands: what it sees of the network, and what it can do to it.
pub struct Stage<'a> {
    world: &'a mut World,
    player: usize,
}

impl Stage<'_> {
    /// The nodes that follow the rules and run.
    #[must_use]
    pub fn honest_nodes(&self) -> Vec<usize> {
        self.world.honest_and_up()
    }

    /// The chain.
    #[must_use]
    pub fn chain_id(&self) -> ChainId {
        self.world.ground.chain_id
    }

    /// Accounts with money.
    #[must_use]
    pub fn accounts(&self) -> Vec<Address> {
        self.world.accounts()
    }

    /// Unix time in milliseconds, as somebody outside knows it.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        UNIX_MS_AT_START + self.world.at_us / 1_000
    }

    /// Height and hash of the newest block that a node has stored.
    #[must_use]
    pub fn tip(&self, node: usize) -> (Height, Hash32) {
        let tip = self.world.nodes[node].store.tip();
        (tip.header.height, tip.hash)
    }

    /// Asks a module at that block; nothing if it does not answer.
    #[must_use]
    pub fn ask(&self, node: usize, module: &str, query: &str) -> Option<Value> {
        let state = &self.world.nodes[node].store.state;
        self.world.ground.registry.query(state, module, query, &BTreeMap::new()).ok()
    }

    /// Acts again in so many microseconds.
    pub fn again(&mut self, in_us: u64) {
        self.world.later(in_us, Happening::Act { player: self.player });
    }

    /// Hands a call in at a node, if it is up.
    pub fn hand_in(&mut self, node: usize, call: SystemCall) {
        self.world.hand_in_call(self.player, node, call);
    }

    /// Hands a call in at a node in so many microseconds.
    pub fn hand_in_later(&mut self, in_us: u64, node: usize, call: SystemCall) {
        self.world.later(in_us, Happening::HandIn { player: self.player, node, call: Box::new(call) });
    }

    /// The first account makes this call before its usual ones. The clients sign it, and send it again until it is final.
    pub fn first_account_calls(&mut self, call: Call) {
        self.world.first_account_calls(call);
    }

    /// The same of the account of this place in [`Self::accounts`].
    pub fn account_calls(&mut self, account: usize, call: Call) {
        self.world.account_calls(account, call);
    }

    /// How many of these calls no client has sent yet.
    #[must_use]
    pub fn calls_unsent(&self) -> usize {
        self.world.client.special.len()
    }

    /// Counts something that does not happen in a network at peace.
    pub fn fault(&mut self, kind: &'static str) {
        self.world.faults.add(kind);
    }
}

impl World {
    /// The actor of a trial begins to act about every so many microseconds.
    ///
    /// # Panics
    /// The trial has no actor: its scenario is wrong.
    pub fn begin(&mut self, trial: &str, pace_us: u64) {
        let named = self.players.iter().position(|player| player.name == trial);
        let player = named.expect("a scenario begins an actor that its trial has");
        self.players[player].has_begun = true;
        if let Some(actor) = &mut self.players[player].actor {
            actor.begin(pace_us);
        }
        self.later(pace_us, Happening::Act { player });
    }

    /// An actor has its turn.
    pub(crate) fn act(&mut self, player: usize) {
        self.on_stage(player, |actor, stage| actor.act(stage));
    }

    fn on_stage(&mut self, player: usize, play: impl FnOnce(&mut dyn Actor, &mut Stage<'_>)) {
        let Some(mut actor) = self.players[player].actor.take() else { return };
        play(actor.as_mut(), &mut Stage { world: self, player });
        self.players[player].actor = Some(actor);
    }

    pub(crate) fn hand_in_call(&mut self, player: usize, node: usize, call: SystemCall) {
        self.give(node, Event::CallSubmitted { token: SubmissionToken(player as u64), call });
    }

    /// A node answered the call of an actor.
    pub(crate) fn answer_actor(&mut self, SubmissionToken(player): SubmissionToken, is_taken: bool) {
        let player = usize::try_from(player).ok().and_then(|player| self.players.get_mut(player));
        if let Some(actor) = player.and_then(|player| player.actor.as_mut()) {
            actor.answered(is_taken);
        }
    }

    /// All actors hear of a final block.
    pub(crate) fn tell_actors(&mut self, body: &Body) {
        self.players.iter_mut().filter_map(|player| player.actor.as_mut()).for_each(|actor| actor.told(body));
    }

    /// After healing, what each actor does last becomes final, once it is quiet.
    pub fn expect_settled(&mut self) {
        for player in 0..self.players.len() {
            if self.players[player].has_begun {
                self.expect_last(player);
            }
        }
    }

    fn expect_last(&mut self, player: usize) {
        let Some(Rest { quiet_ms, final_ms_max }) = self.players[player].actor.as_mut().map(|actor| actor.rest())
        else {
            return;
        };
        self.run_for(quiet_ms);
        if self.honest_and_up().is_empty() || self.is_violated() {
            return;
        }
        self.on_stage(player, |actor, stage| actor.last(stage));
        self.run_until(final_ms_max, |world| world.players[player].settled().is_ok());
        if let Err(message) = self.players[player].settled()
            && !self.is_violated()
        {
            let property = self.players[player].name;
            self.auditor.violated(property, message);
        }
    }

    pub(crate) fn honest_and_up(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|place| self.nodes[*place].is_honest_and_up()).collect()
    }
}
