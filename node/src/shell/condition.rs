//! How the node is: the one answer of `/api/v1/status`, `/readyz`, `/metrics`, the log and thus of both programs.
//!
//! What the replica knows it has reckoned itself ([`replica::Status::troubles`]); this adds what only the shell can know, of the
//! machine and the process. Whoever knows another trouble of that kind adds it to [`Port::condition`]. It must not know who asks.

use p2p::RefusalReason;
use replica::Voting;
use service::State;
use types::ValidatorIndex;

use super::port::Port;
use super::room::{Scarcity, Space};

/// Something that is wrong, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// A stable name, for metrics and logs; `docs/OPERATING.md` has a row for each.
    pub name: &'static str,
    /// What is wrong and, where that is not plain, what to do.
    pub sentence: String,
    /// Whether the node is not ready because of it.
    pub forbids_ready: bool,
}

impl Told {
    fn forbidding(name: &'static str, sentence: impl Into<String>) -> Self {
        Self { name, sentence: sentence.into(), forbids_ready: true }
    }
}

/// How the node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its place in the set, if it votes.
    pub votes_as: Option<ValidatorIndex>,
    /// One sentence that answers "why am I (not) voting", and says what is wrong most.
    pub sentence: String,
    /// Milliseconds since the newest final block, or since the start.
    pub final_age_ms: u64,
    /// Everything that is wrong, what weighs most first.
    pub troubles: Vec<Told>,
}

impl Condition {
    /// Whether the node serves the chain's present and, as a validator, votes.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.troubles.iter().all(|told| !told.forbids_ready)
    }

    /// Why it is not ready.
    pub fn reasons(&self) -> impl Iterator<Item = &Told> {
        self.troubles.iter().filter(|told| told.forbids_ready)
    }

    /// What else is wrong.
    pub fn warnings(&self) -> impl Iterator<Item = &Told> {
        self.troubles.iter().filter(|told| !told.forbids_ready)
    }
}

/// The names of what only the shell can know.
const SHELL_TROUBLES: [&str; 7] =
    ["thread_stuck", "stopping", "disk_failed", "disk_full", "disk_low", "votes_allowed", "service_waiting"];
/// What a node without room for anything has as well, because it takes nothing in.
const OF_NO_ROOM: [&str; 6] = ["no_final", "no_peer", "cut", "beginning", "catching_up", "not_voting"];
/// For so long it is told that an operator raised the bound of votes.
const ALLOWED_MS: u64 = 24 * 60 * 60 * 1_000;

/// Every name that a trouble may have, for metrics and the document.
pub fn trouble_names() -> impl Iterator<Item = &'static str> {
    SHELL_TROUBLES.into_iter().chain(replica::Trouble::NAMES)
}

/// What is told for a day after `thronosd keys allow-votes`, so many milliseconds ago.
fn allowed_by_hand(ago_ms: u64) -> Option<Told> {
    let ago = types::counted(ago_ms / 60_000, "minute");
    let sentence =
        format!("{ago} ago an operator said by `thronosd keys allow-votes` above which view this node may vote");
    (ago_ms < ALLOWED_MS).then_some(Told { name: "votes_allowed", sentence, forbids_ready: false })
}

/// Whether a node votes, and why not: the same words in its log as in its status.
pub(crate) fn whether_it_votes(voting: &Voting, is_read_only: bool) -> String {
    if is_read_only { "not voting: this node is read-only".to_owned() } else { voting.to_string() }
}

impl Port {
    /// How the node is now.
    #[must_use]
    pub fn condition(&self) -> Condition {
        let (snapshot, now) = (self.snapshot.borrow().clone(), self.clock.now());
        let status = &snapshot.status;
        let mut troubles = Vec::new();
        if self.is_stopping() {
            troubles.push(Told::forbidding("stopping", "this node was told to stop"));
        } else if !self.is_alive() {
            let sentence = "the thread that owns the replica does not go round";
            troubles.push(Told::forbidding("thread_stuck", sentence));
        }
        let (scarce, low) = self.scarcity();
        troubles.extend(scarce);
        let told = |trouble: &replica::Trouble| Told {
            name: trouble.name(),
            sentence: self.sentence_of(trouble),
            forbids_ready: trouble.forbids_ready(),
        };
        let of_replica = status.troubles(now);
        // Without room the replica is told nothing: that it hears nobody and does not go on comes of that.
        let comes_of_it = |trouble: &&replica::Trouble| self.room.is_closed() && OF_NO_ROOM.contains(&trouble.name());
        troubles.extend(of_replica.iter().filter(|trouble| !comes_of_it(trouble)).map(told));
        troubles.extend(self.services_waiting());
        troubles.extend(low);
        troubles.extend(self.votes_allowed.and_then(|at| allowed_by_hand(now.unix_ms.saturating_sub(at.0))));
        let votes_as = match &status.voting {
            Voting::Active { index, .. } if !self.read_only && !self.room.is_closed() => Some(*index),
            _ => None,
        };
        Condition {
            votes_as,
            sentence: self.sentence(&status.voting, &troubles),
            final_age_ms: status.final_age_ms(now),
            troubles,
        }
    }

    fn sentence(&self, voting: &Voting, troubles: &[Told]) -> String {
        let whether = whether_it_votes(voting, self.read_only);
        let worst = troubles.iter().find(|told| told.forbids_ready).map(|told| &told.sentence);
        match (worst, voting) {
            (Some(worst), _) if self.room.is_closed() => format!("not voting: {worst}"),
            (Some(worst), Voting::Active { .. }) => format!("{whether}, but {worst}"),
            (Some(worst), _) if whether == *worst => whether,
            (Some(worst), _) => format!("{whether}; {worst}"),
            (None, Voting::NoKey) => format!("{whether}; it follows the chain"),
            (None, _) => whether,
        }
    }

    /// What is wrong, with what the network knows of it: whoever meets nobody of its own chain has taken the wrong genesis.
    fn sentence_of(&self, trouble: &replica::Trouble) -> String {
        let said = trouble.to_string();
        let counts = matches!(trouble, replica::Trouble::NoPeer { .. }).then(|| self.network.counts());
        let foreign = counts.and_then(|counts| counts.offences.get(RefusalReason::OtherChain.kind()).copied());
        match (foreign, said.split_once(": ")) {
            (Some(times), Some((what, next))) => {
                let (times, name) = (types::counted(times, "time"), String::from_utf8_lossy(&self.genesis.name));
                let own = format!("this node's is {name} ({})", self.chain_id);
                format!(
                    "{what}: peers of another chain answered ({times} since the start), and {own}: compare genesis.json with that of the \
                     network you mean; if it is the same, {next}"
                )
            }
            _ => said,
        }
    }

    /// Services that do not work now, each with its reason.
    fn services_waiting(&self) -> Vec<Told> {
        let states = self.services.get().map(Vec::as_slice).unwrap_or_default();
        let told = |(name, state): &(&str, tokio::sync::watch::Receiver<State>)| {
            let why = match &*state.borrow() {
                State::Ready | State::Ended => return None,
                State::Starting => "it starts".to_owned(),
                State::Waiting(why) => why.clone(),
            };
            Some(Told::forbidding("service_waiting", format!("the service `{name}` waits: {why}")))
        };
        states.iter().filter_map(told).collect()
    }

    /// What the disk forbids, and what it warns of.
    fn scarcity(&self) -> (Option<Told>, Option<Told>) {
        let free = |space: Space| format!("{} MiB of {} are free", space.free_bytes >> 20, self.room.path().display());
        let reserve = self.room.reserve_bytes() >> 20;
        match self.room.scarcity() {
            None => (None, None),
            Some(Scarcity::Failed(sentence)) => {
                let sentence = format!("{sentence}: make room and start the node again; until then it only answers");
                (Some(Told::forbidding("disk_failed", sentence)), None)
            }
            Some(Scarcity::Full(space)) => {
                let what = "it takes nothing in and only answers; make room, and it goes on by itself";
                let sentence = format!("{}, less than disk.reserve_mib = {reserve}: {what}", free(space));
                (Some(Told::forbidding("disk_full", sentence)), None)
            }
            Some(Scarcity::Low(space)) => {
                let sentence =
                    format!("{}; below {reserve} (disk.reserve_mib) this node stops: make room", free(space));
                (None, Some(Told { name: "disk_low", sentence, forbids_ready: false }))
            }
        }
    }
}
