//! How a replica is doing, and above all: why it is or is not voting, and what is wrong.
//!
//! This is the one place where that is reckoned: what a shell says in its status, its readiness, its metrics and its log it
//! says from here. [`Voting`] and [`Trouble`] are the lists of reasons: whoever knows another one adds it there, with its
//! sentence.

use std::sync::Arc;

use execution::VersionStart;
use journal::{Doubt, Position, VoteBound};
use types::{Epoch, Hash32, Height, TimeMs, ValidatorIndex, View};

use crate::company::Reach;
use crate::event::Now;
use crate::listen::Stage;
use crate::replica::Replica;
use crate::trouble::{Seconds, Trouble};

/// A chain without a final block for so long stands, whatever its pace.
const STANDS_MS_MIN: u64 = 10_000;

/// Whether this node votes, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voting {
    /// It votes.
    Active {
        /// Its place in the set.
        index: ValidatorIndex,
        /// The set's size.
        validators: usize,
    },
    /// It is no validator of this epoch.
    NotInSet,
    /// It has no consensus key.
    NoKey,
    /// It is behind and gets the blocks it missed first.
    CatchingUp {
        /// Its own height.
        height: Height,
        /// The highest height that is known to be final.
        known: Height,
    },
    /// Its log was lost: it votes only above this place.
    Barred {
        /// The epoch.
        epoch: Epoch,
        /// The view.
        view: View,
    },
    /// It listens for a short while before it votes.
    Listening {
        /// How much longer, at the most, in milliseconds.
        left_ms: u64,
    },
    /// Its home may have forgotten votes: it listens for a whole epoch.
    Doubtful {
        /// Why.
        doubt: Doubt,
        /// The epoch from which on it votes, when that is known.
        from: Option<Epoch>,
    },
    /// Another machine votes with its key.
    Twin {
        /// The epoch in which that was seen.
        epoch: Epoch,
        /// The view.
        view: View,
        /// From how many peers it came; 0 when that was before the start.
        peers: usize,
    },
    /// Its clock refuses the blocks of the others.
    ClockOff {
        /// How far it is ahead of the validators' median, in milliseconds.
        ahead_ms: i64,
    },
    /// What it caught up is not on its disk yet.
    Storing {
        /// Up to which block.
        height: Height,
    },
}

impl Voting {
    /// Whether it is a validator of this epoch that has to be silent, for a reason of its own. Every start begins with a
    /// short listen, which is none.
    #[must_use]
    pub const fn is_barred(&self) -> bool {
        match self {
            Self::Barred { .. }
            | Self::Doubtful { .. }
            | Self::Twin { .. }
            | Self::ClockOff { .. }
            | Self::Storing { .. } => true,
            Self::Active { .. } | Self::NotInSet | Self::NoKey | Self::CatchingUp { .. } | Self::Listening { .. } => {
                false
            }
        }
    }
}

/// What is to be known of a home that may have forgotten votes.
#[must_use]
pub const fn sentence_of(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::NoHistory => "this home remembers nothing of what its key signed, and the chain has begun",
        Doubt::LeaseLost => "the vote lease of this home was lost",
        Doubt::Copied => "this home was copied, cloned or put back, and may lack what its key signed since",
        Doubt::Twin(_) => "another machine voted with this key",
    }
}

impl std::fmt::Display for Voting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Active { index, validators } => {
                write!(formatter, "voting as validator {index} of {validators}")
            }
            Self::NotInSet => {
                formatter.write_str("not voting: this node's key is not in the validator set of this epoch")
            }
            Self::NoKey => formatter.write_str("not voting: this node has no consensus key"),
            Self::CatchingUp { height, known } => {
                write!(formatter, "not voting yet: catching up, at block {height} of at least {known}")
            }
            Self::Barred { epoch, view: View::MAX } => write!(
                formatter,
                "not voting before epoch {}: the consensus log was lost, the home was copied, or an operator has said so, and votes may exist until then",
                epoch.0.saturating_add(1)
            ),
            Self::Barred { epoch, view } => write!(
                formatter,
                "not voting up to view {view} of epoch {epoch}: the consensus log was lost, the home was copied, or an operator has said so, and \
                 votes may exist up to there"
            ),
            Self::Listening { left_ms } => write!(
                formatter,
                "not voting yet: it listens first, for at most {} s more, in case its key is in use elsewhere",
                left_ms.div_ceil(1_000)
            ),
            Self::Doubtful { doubt, from: Some(from) } => {
                write!(formatter, "not voting before epoch {from}: {}; it listens until then", sentence_of(*doubt))
            }
            Self::Doubtful { doubt, from: None } => write!(
                formatter,
                "not voting before the second epoch after it follows the newest blocks: {}",
                sentence_of(*doubt)
            ),
            Self::Twin { epoch, view, peers } => {
                write!(
                    formatter,
                    "not voting: another machine votes with this key: first seen in epoch {epoch}, view {view}"
                )?;
                match peers {
                    0 => {}
                    peers => write!(formatter, ", seen from {}", types::counted(*peers as u64, "peer"))?,
                }
                formatter.write_str(
                    "; stop that machine for good, then use `thronosd keys allow-votes --above EPOCH:VIEW --i-have-checked` here, with the view in \
                     which the network stands then: it may have signed in every view until it was stopped",
                )
            }
            Self::ClockOff { ahead_ms } => {
                let (by, way) = (Seconds(ahead_ms.unsigned_abs()), if *ahead_ms > 0 { "ahead of" } else { "behind" });
                write!(
                    formatter,
                    "not voting for blocks of others: this machine's clock is {by} {way} that of the validators, and refuses \
                     them: let NTP set it"
                )
            }
            Self::Storing { height } => {
                write!(formatter, "not voting yet: block {height}, which was caught up, is being written to the disk")
            }
        }
    }
}

/// How a replica is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The newest final block.
    pub height: Height,
    /// Its hash.
    pub hash: Hash32,
    /// The newest block in the store.
    pub committed: Height,
    /// The highest height that is known to be final: by certificates, and by peers that delivered what they claimed.
    pub known: Height,
    /// The epoch.
    pub epoch: Epoch,
    /// The view.
    pub view: View,
    /// The view's leader.
    pub leader: ValidatorIndex,
    /// Transactions in the pool.
    pub pooled: usize,
    /// Whether it votes.
    pub voting: Voting,
    /// Whether this node is known to be behind. What peers only claim does not count.
    pub catching_up: bool,
    /// When the newest final block became so here, or this node began, monotonic.
    pub final_at_ms: u64,
    /// After so long without a final block the chain stands.
    pub stands_after_ms: u64,
    /// The block time of the newest final block.
    pub time: TimeMs,
    /// Transactions in the pool that could be included.
    pub executable: usize,
    /// System calls that wait.
    pub calls: usize,
    /// Which validators are reached, and what their clocks show.
    pub reach: Arc<Reach>,
    /// Whether it has heard how far others are, if there are any.
    pub has_begun: bool,
    /// Since when nobody is connected, if nobody is and somebody should be.
    pub alone_since_ms: Option<u64>,
    /// A protocol version that is coming and that this program does not know.
    pub too_new: Option<VersionStart>,
}

impl Status {
    /// How old the newest final block is, by when it became final here.
    #[must_use]
    pub const fn final_age_ms(&self, now: Now) -> u64 {
        now.monotonic_ms.saturating_sub(self.final_at_ms)
    }

    /// Everything that is wrong, what weighs most first.
    #[must_use]
    pub fn troubles(&self, now: Now) -> Vec<Trouble> {
        let catching_up = Trouble::CatchingUp { height: self.height, known: self.known };
        let for_ms = self.final_age_ms(now);
        let no_final =
            Trouble::NoFinal { for_ms, transactions: self.executable, calls: self.calls, reach: self.reach.clone() };
        let alone_ms = self.alone_since_ms.map(|since_ms| now.monotonic_ms.saturating_sub(since_ms));
        let by_ms = self.time.0.saturating_sub(now.unix_ms);
        let clock = &self.reach.clock;
        let found = [
            self.reach.is_key_in_use().then(|| Trouble::KeyInUse(self.reach.clone())),
            (for_ms > self.stands_after_ms).then_some(no_final),
            alone_ms.map(|for_ms| Trouble::NoPeer { for_ms }),
            self.is_cut().then(|| Trouble::Cut(self.reach.clone())),
            // Without a peer there is nobody to ask.
            (!self.has_begun && alone_ms.is_none() && !self.catching_up).then_some(Trouble::Beginning),
            self.catching_up.then_some(catching_up),
            self.voting.is_barred().then(|| Trouble::NotVoting(self.voting.clone())),
            clock.is_off().then(|| Trouble::ClockOff(self.reach.clone())),
            (by_ms > clock.bound_ms).then_some(Trouble::ClockBehindChain { by_ms }),
            self.too_new.clone().map(Box::new).map(Trouble::ReleaseTooOld),
        ];
        found.into_iter().flatten().collect()
    }

    /// Whether this is a validator that fewer answer than it takes to make a block final, and nothing shows that it is heard.
    fn is_cut(&self) -> bool {
        let answering = u128::from(self.reach.power_answering).saturating_mul(3);
        let needed = u128::from(self.reach.power_total).saturating_mul(2);
        !matches!(self.voting, Voting::NoKey | Voting::NotInSet) && answering <= needed && !self.reach.is_counted
    }
}

impl Replica {
    /// How this replica is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        let (tip, pool, timing) = (self.chain.tip(), self.pool.status(), &self.config.genesis.parameters.timing);
        let is_only_one = self.set.validators().iter().all(|validator| validator.peer == self.config.own_peer);
        Status {
            height: tip.header.height,
            hash: tip.hash,
            committed: self.chain.committed_height(),
            known: self.height_known(),
            epoch: self.epoch,
            view: self.view,
            leader: self.leader,
            pooled: pool.transactions,
            voting: self.voting(),
            catching_up: self.is_behind(),
            final_at_ms: self.final_at_ms,
            stands_after_ms: STANDS_MS_MIN.max(timing.block_interval_empty_ms.saturating_mul(3)),
            time: tip.header.time,
            executable: pool.executable,
            calls: self.calls_waiting(),
            reach: self.reach(),
            has_begun: is_only_one || self.company.has_begun(),
            alone_since_ms: self.company.alone_since_ms().filter(|_| !is_only_one),
            too_new: self.too_new.clone(),
        }
    }

    fn voting(&self) -> Voting {
        let Some(_) = &self.config.own_key else { return Voting::NoKey };
        let Some(index) = self.own_index() else { return Voting::NotInSet };
        match (self.listen.stage, self.listen.bound) {
            (Stage::Twin { seen, peers }, _) => return Voting::Twin { epoch: seen.epoch, view: seen.view, peers },
            (Stage::Long { followed, .. }, VoteBound::Unknown(doubt)) => {
                let from = followed.map(|followed| followed.next().next());
                return Voting::Doubtful { doubt, from };
            }
            (_, VoteBound::Above(bound)) if bound >= (Position { epoch: self.epoch, view: self.view }) => {
                return Voting::Barred { epoch: bound.epoch, view: bound.view };
            }
            _ => {}
        }
        if self.is_behind() {
            return Voting::CatchingUp { height: self.chain.tip().header.height, known: self.height_known() };
        }
        if matches!(self.listen.stage, Stage::Short { .. }) {
            let in_use_ms = if self.is_key_in_use() { self.in_use_for_ms() } else { 0 };
            let left_ms = self.listen.left_ms(self.now.monotonic_ms).saturating_add(in_use_ms);
            return Voting::Listening { left_ms };
        }
        if self.synced < self.listen.caught_up {
            return Voting::Storing { height: self.listen.caught_up };
        }
        let clock = &self.company.reach_now().clock;
        if let Some(ahead_ms) = clock.ahead_ms.filter(|_| clock.refuses) {
            return Voting::ClockOff { ahead_ms };
        }
        Voting::Active { index, validators: self.set.len() }
    }
}
