//! How long a transaction is waited for, and why it takes so long.
//!
//! A chain that stands says nothing by itself, so whoever waits asks the node now and then and is told. It must not know who is
//! told, nor print. What is told here is the node's word: it helps a person to decide and proves nothing.

use std::fmt;
use std::time::{Duration, Instant};

use types::Height;

use crate::client::health::HealthStatus;
use crate::{NodeClient, Result};

/// A transaction that is not final after this takes long.
pub(crate) const LONG: Duration = Duration::from_secs(5);
/// Between two looks at the chain after that.
const AGAIN: Duration = Duration::from_secs(30);

/// A node that answers no question for so long is silent.
const SILENT: Duration = Duration::from_secs(10);

/// Who waits for a transaction.
pub trait Waiter {
    /// The node has the transaction.
    fn taken(&mut self) {}

    /// It takes long.
    fn slow(&mut self, _why: &Slow) {}
}

/// Whoever wants to hear nothing.
impl Waiter for () {}

/// Why it takes long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slow {
    /// The chain stands: no block has become final for so long; and what the node says is wrong with itself, if it says anything.
    Standing(Duration, Option<String>),
    /// Blocks become final, and none of them has had the transaction for so long.
    PassedOver(Duration),
    /// The node answers, and does not say where its chain stands; so long it has been.
    Unclear(Duration),
    /// The node has not answered for so long.
    Silent(Duration),
}

impl fmt::Display for Slow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standing(span, of_itself) => {
                write!(formatter, "no block has become final for {} s, as the node says", span.as_secs())?;
                match of_itself {
                    Some(sentence) => write!(formatter, ", and of itself: {sentence}"),
                    None => Ok(()),
                }
            }
            Self::PassedOver(span) => {
                write!(
                    formatter,
                    "blocks become final, as the node says, and none has held it for {} s",
                    span.as_secs()
                )
            }
            Self::Unclear(span) => {
                write!(formatter, "the node has not said for {} s how its chain is", span.as_secs())
            }
            Self::Silent(span) => write!(formatter, "the node has not answered for {} s", span.as_secs()),
        }
    }
}

/// The time that a wait may take, and what was seen of the chain meanwhile.
#[derive(Debug)]
pub(crate) struct Patience {
    begun: Instant,
    limit: Duration,
    /// When to look next.
    look_after: Duration,
    answered: Instant,
    /// The newest height that was seen, and when first.
    newest: Option<(Height, Instant)>,
    stood: Option<Duration>,
}

impl Patience {
    /// Begins now.
    pub(crate) fn new(limit: Duration) -> Self {
        let now = Instant::now();
        Self { begun: now, limit, look_after: LONG, answered: now, newest: None, stood: None }
    }

    /// How long it has been.
    pub(crate) fn waited(&self) -> Duration {
        self.begun.elapsed()
    }

    /// How long is still waited.
    pub(crate) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.waited())
    }

    /// Takes note of an answer, whatever it says.
    pub(crate) fn heard<T>(&mut self, answer: &Result<T>) {
        if !answer.as_ref().is_err_and(|error| error.own_code() == "node_unreachable") {
            self.answered = Instant::now();
        }
    }

    /// Whether nobody waits any longer.
    pub(crate) fn is_over(&self) -> bool {
        self.waited() > self.limit
    }

    /// Whether it takes long.
    pub(crate) fn is_long(&self) -> bool {
        self.waited() > LONG
    }

    /// For how long at most no block became final, where that was seen.
    pub(crate) const fn stood(&self) -> Option<Duration> {
        self.stood
    }

    /// Says why it takes long, when it is time to.
    pub(crate) fn look(&mut self, client: &NodeClient, waiter: &mut dyn Waiter) {
        if self.waited() >= self.look_after {
            waiter.slow(&self.see(client));
            self.look_after = self.waited().saturating_add(AGAIN);
        }
    }

    /// Asks the node where its chain stands.
    pub(crate) fn see(&mut self, client: &NodeClient) -> Slow {
        let Ok(status) = client.quick_status() else {
            let silent = self.answered.elapsed();
            return if silent < SILENT { Slow::Unclear(self.waited()) } else { Slow::Silent(silent) };
        };
        self.answered = Instant::now();
        let seen = self.newest.filter(|(height, _)| *height == status.final_height);
        let (_, since) = *self.newest.insert(seen.unwrap_or((status.final_height, self.answered)));
        // The node knows for how long, also from before; one of another version may not say it.
        let health = status.health.as_ref();
        let age = health.map_or_else(|| since.elapsed(), |health| Duration::from_millis(health.final_age_ms));
        if age < LONG {
            return Slow::PassedOver(self.waited());
        }
        self.stood = self.stood.max(Some(age));
        Slow::Standing(age, status.health.and_then(own_trouble))
    }
}

/// What is wrong with the node itself, beside that its chain stands: a transaction may have gone no further than there.
fn own_trouble(health: HealthStatus) -> Option<String> {
    let mut troubles = health.troubles.into_iter();
    troubles.find(|trouble| trouble.forbids_ready && trouble.name != "no_final").map(|trouble| trouble.sentence)
}
