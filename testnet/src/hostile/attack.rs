//! What an attack is. A new one is a file under `attacks` with a constant of this type, and a line in its list; what attacks a
//! feature its trial brings.

use std::collections::BTreeMap;
use std::time::Duration;

use super::siege::Siege;
use crate::devnet::Outcome;

/// What an attacker has done and seen, counted by words of its own.
pub type Deeds = BTreeMap<String, u64>;

/// On whose implementation an attack is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hand {
    /// js-libp2p; needs `./setup --peers`.
    JsLibp2p,
    /// Sockets of the standard library.
    PlainSockets,
    /// The network layer or the client of this project.
    Ours,
}

/// Who is there while an attack runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scene {
    /// All validators and the follower.
    AllThere,
    /// All but the last validator, whose identity and keys the attacker may use.
    LastAway,
}

/// Harm under way.
pub trait Assault {
    /// Whether this deed was done at least once, as far as can be told before the end.
    fn has_done(&mut self, _deed: &str) -> bool {
        true
    }

    /// Ends it; says what was done.
    ///
    /// # Errors
    /// When the attacker itself has failed, so that nothing can be said about the victims.
    fn end(self: Box<Self>) -> Outcome<Deeds>;
}

/// An attack that has begun, or why it cannot.
pub enum Begun {
    /// Harm is being done.
    Assault(Box<dyn Assault>),
    /// It cannot be run here.
    NotRun(String),
}

/// What is wrong beyond the rules that hold for all attacks: sentences.
pub type Wrongs = Vec<String>;

/// One attack. `..Attack::PLAIN` gives what most have in common.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// Its name, that of its file.
    pub name: &'static str,
    /// The rows of `docs/FAULTS.md` that it tries.
    pub rows: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The deed, by the attacker's own word, without which it has missed.
    pub deed: &'static str,
    /// Whose implementation.
    pub hand: Hand,
    /// Who is there.
    pub scene: Scene,
    /// Its share of the time, against those of the others.
    pub weight: f64,
    /// Whether the last validator's keys are used for a crime: then what is held against it is right.
    pub traitor: bool,
    /// Begins it, for at most this long.
    pub begin: fn(&Siege, Duration) -> Outcome<Begun>,
    /// Looks closer while harm is done, after finality was measured.
    pub during: fn(&mut Siege) -> Outcome<Wrongs>,
    /// Looks closer when the harm has ended.
    pub after: fn(&mut Siege, &Deeds) -> Outcome<Wrongs>,
}

impl Attack {
    /// An attack without looks of its own.
    pub const PLAIN: Self = Self {
        name: "",
        rows: "",
        about: "",
        deed: "",
        hand: Hand::JsLibp2p,
        scene: Scene::AllThere,
        weight: 2.0,
        traitor: false,
        begin: |_, _| Ok(Begun::NotRun("it does nothing".to_owned())),
        during: |_| Ok(Wrongs::new()),
        after: |_, _| Ok(Wrongs::new()),
    };
}

/// How strangers attack a feature.
#[derive(Clone, Copy, Debug)]
pub struct Attacks {
    /// Run after those of the house.
    pub all: &'static [Attack],
    /// Routes of the feature that take a body, for who sends bodies to all that do.
    pub bodies: &'static [&'static str],
    /// Rows of the tables under attack that no attack tries, and why.
    pub not: &'static [(&'static str, &'static str)],
}

impl Attacks {
    /// Nothing.
    pub const PLAIN: Self = Self { all: &[], bodies: &[], not: &[] };
}
