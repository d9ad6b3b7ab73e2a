//! Answers on the socket, and lets bans end.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use p2p::{Ban, Network, NetworkError, PeerInfo};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use types::counted;

use super::bans::{self, Bans, now_ms};
use super::{Answer, ConnectedPeer, PeerList, QUESTION_BYTES_MAX, Question, path};
use crate::peer_id;
use crate::services::Operators;
use crate::shell::Snapshot;

/// How long a question and its answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Conversations at once; whoever comes then waits until one of them ends.
const CONVERSATIONS_MAX: usize = 16;
/// The code of an answer that holds until the node stops.
const NOT_WRITTEN: &str = "bans_not_written";
/// How long after a failure of the system the next one is waited for.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// After so long the network is asked again to lift a ban that has ended.
const AGAIN_MS: u64 = 1_000;
const HOUR: Duration = Duration::from_secs(3_600);
/// Longest ban with an end, in seconds: a hundred years.
const SECONDS_MAX: u64 = 100 * 366 * 86_400;

/// The way to a directory that is open: it is short, however long its own path is.
pub(super) fn through(directory: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()))
}

/// The socket, bound and readable by its owner only.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Binds it. What a run before left is replaced: the home is locked.
    pub(crate) fn bind(home: &Path) -> std::io::Result<Self> {
        let directory = File::open(home)?;
        let (place, fresh) = (path(&through(&directory)), through(&directory).join("control.sock.new"));
        for old in [&place, &fresh] {
            match std::fs::remove_file(old) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let socket = UnixListener::bind(&fresh)?;
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
        // Under its name it appears with its mode.
        std::fs::rename(&fresh, &place)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, path: path(home) })
    }
}

/// A panic elsewhere cannot leave what is locked here half-changed.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everything that an answer needs.
pub(crate) struct Server {
    network: Network,
    snapshot: watch::Receiver<Snapshot>,
    bans: Arc<Mutex<Bans>>,
    /// Held by whoever writes them; the list itself is free meanwhile.
    writing: Arc<Mutex<()>>,
    operators: Operators,
}

impl Server {
    /// Serves on the present runtime until `stopping` turns true.
    pub(crate) fn start(
        listener: Listener,
        network: Network,
        snapshot: watch::Receiver<Snapshot>,
        bans: Bans,
        operators: Operators,
        mut stopping: watch::Receiver<bool>,
    ) -> std::io::Result<()> {
        let Listener { socket, path } = listener;
        let socket = tokio::net::UnixListener::from_std(socket)?;
        let (bans, writing) = (Arc::new(Mutex::new(bans)), Arc::default());
        let server = Arc::new(Self { network, snapshot, bans, writing, operators });
        tokio::spawn(async move {
            tokio::select! {
                () = server.serve(&socket) => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
            // A home that is moved away has taken it along.
            let _ = std::fs::remove_file(path);
        });
        Ok(())
    }

    async fn serve(self: &Arc<Self>, socket: &tokio::net::UnixListener) {
        let mut conversations = JoinSet::new();
        let mut pace = tokio::time::interval(ACCEPT_PAUSE);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let rest = self.lock().next_end_ms().map(|end_ms| Duration::from_millis(end_ms.saturating_sub(now_ms())));
            // Clocks may be set: the time is looked at once an hour.
            let rest = rest.map_or(HOUR, |rest| rest.min(HOUR));
            while conversations.try_join_next().is_some() {}
            if conversations.len() >= CONVERSATIONS_MAX {
                conversations.join_next().await;
            }
            match tokio::time::timeout(rest, socket.accept()).await {
                Ok(Ok((stream, _))) => {
                    let server = Arc::clone(self);
                    // Whoever asks may be gone before the answer.
                    conversations.spawn(async move {
                        drop(tokio::time::timeout(PATIENCE, server.converse(stream)).await);
                    });
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the control socket takes nobody now");
                    pace.tick().await;
                }
                Err(_) => self.let_end(),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Bans> {
        lock(&self.bans)
    }

    /// Keeps the list for the next run. A disk that hangs keeps nobody waiting but who asked for it.
    async fn keep(&self) -> Result<(), String> {
        let (bans, writing) = (Arc::clone(&self.bans), Arc::clone(&self.writing));
        let written = tokio::task::spawn_blocking(move || {
            // Whoever writes last writes the newest list.
            let _turn = lock(&writing);
            let draft = lock(&bans).draft();
            draft?.write()
        });
        written.await.unwrap_or_else(|panic| Err(panic.to_string()))
    }

    fn let_end(self: &Arc<Self>) {
        let mut bans = self.lock();
        let ended = bans.expire(now_ms());
        for ban in &ended {
            if self.network.unban(*ban).is_ok() {
                tracing::info!(whom = bans::text(ban), "a ban has ended");
            } else {
                // It is busy: once more in a while.
                bans.add(*ban, Some(now_ms().saturating_add(AGAIN_MS)));
            }
        }
        drop(bans);
        // Those that have ended have done so in the next run too, whatever the file says.
        if !ended.is_empty() {
            let server = Arc::clone(self);
            tokio::spawn(async move {
                if let Err(error) = server.keep().await {
                    tracing::warn!(error, "the bans cannot be written");
                }
            });
        }
    }

    async fn converse(&self, stream: UnixStream) -> std::io::Result<()> {
        let (reading, mut writing) = stream.into_split();
        let mut line = Vec::new();
        BufReader::new(reading.take(QUESTION_BYTES_MAX)).read_until(b'\n', &mut line).await?;
        let answer = match question(&line) {
            Ok(question) => self.answer(question).await,
            Err(why) => Answer::refused("bad_question", format!("this is no question: {why}")),
        };
        let mut line = serde_json::to_vec(&answer)?;
        line.push(b'\n');
        writing.write_all(&line).await?;
        writing.shutdown().await
    }

    async fn answer(&self, question: Question) -> Answer {
        match question {
            Question::Service { name, question } => match self.operators.answer(&name, question).await {
                Ok(said) => Answer::Service { said },
                Err(refusal) => Answer::refused(&refusal.code, refusal.message),
            },
            Question::Peers => Answer::Peers(self.peers()),
            Question::Ban { whom, seconds } => self.ban(&whom, seconds).await,
            Question::Unban { whom } => self.unban(&whom).await,
            Question::Dial { address } => self.dial(&address),
            Question::Disconnect { whom } => self.disconnect(&whom),
        }
    }

    /// Dials once. A ban would end the connection at once, so one of the peer is told instead, and one of its address beside.
    fn dial(&self, address: &str) -> Answer {
        let is_blocked = |ban: &Ban| matches!(ban, Ban::Peer(peer) if self.network.blocked().contains(peer));
        let is_away = |ban: &Ban| self.lock().get(ban).is_some() || is_blocked(ban);
        let banned = |ban: Option<Ban>| ban.filter(is_away).map(|ban| bans::text(&ban));
        if let Some(whom) = banned(bans::peer_of(address).map(Ban::Peer)) {
            let message = format!("{whom} is banned: `thronosd peers unban {whom}`, then dial again");
            return Answer::refused("banned", message);
        }
        let of_address = banned(bans::prefix_of(address).map(Ban::Address))
            .map(|whom| format!("; {whom} is banned, so it stays only if it is a validator or a persistent peer"));
        match self.network.dial(address) {
            Ok(()) => {
                let more = of_address.unwrap_or_default();
                done(format!("dialling {address}; `thronosd peers list` shows whether it answers{more}"))
            }
            Err(NetworkError::Myself(_)) => Answer::refused("own_peer", "this is the node itself"),
            Err(error @ NetworkError::Closed(_)) => {
                let hint = "name one of `network.persistent` with its peer id, or add it there and reload the settings";
                Answer::refused("only_persistent", format!("{error} (`network.only_persistent`): {hint}"))
            }
            Err(NetworkError::Setup(why)) => Answer::refused("busy", format!("{why}; try again")),
            Err(error) => Answer::refused("bad_address", error.to_string()),
        }
    }

    fn peers(&self) -> PeerList {
        let set = self.snapshot.borrow().set.clone();
        let peers = self.network.peers().into_iter().map(|peer| ConnectedPeer {
            peer_id: peer_id::text(&peer.peer),
            address: peer.address,
            outbound: peer.outbound,
            agent: peer.agent,
            validator: set.index_of_peer(&peer.peer).map(|index| index.0),
            persistent: peer.persistent,
            private: peer.private,
            round_trip_us: peer.round_trip_us,
        });
        PeerList {
            peers: peers.collect(),
            bans: self.lock().show(),
            blocked: self.network.blocked().iter().map(peer_id::text).collect(),
            known: self.network.addresses().len(),
        }
    }

    async fn ban(&self, whom: &str, seconds: Option<u64>) -> Answer {
        let Some(ban) = bans::parse(whom) else { return nobody(whom) };
        if let Ban::Peer(peer) = ban {
            if peer == self.network.key() {
                return Answer::refused("own_peer", "this is the node itself");
            }
            if self.snapshot.borrow().set.index_of_peer(&peer).is_some() {
                let message = format!(
                    "this peer is a validator of this epoch: its votes are needed here, so it is not banned; \
                     `thronosd peers disconnect {}` ends its connections for the moment",
                    bans::text(&ban)
                );
                return Answer::refused("is_validator", message);
            }
        }
        if seconds.is_some_and(|seconds| seconds == 0 || seconds > SECONDS_MAX) {
            return Answer::refused("bad_time", "a ban lasts from a second to a hundred years");
        }
        let until_ms = seconds.map(|seconds| now_ms().saturating_add(seconds.saturating_mul(1_000)));
        if let Err(refused) = self.add(ban, until_ms) {
            return refused;
        }
        let whom = bans::text(&ban);
        if let Err(error) = self.keep().await {
            let what = format!("{whom} is banned until this node stops, but that could not be written: {error}");
            return Answer::refused(NOT_WRITTEN, format!("{what}; when it can, ban it again"));
        }
        done(match seconds {
            Some(seconds) => format!("{whom} is banned for {}", span(seconds)),
            None => format!("{whom} is banned until `thronosd peers unban {whom}`"),
        })
    }

    /// Has the network keep somebody away, and lists it; where one refuses, everything is as before.
    fn add(&self, ban: Ban, until_ms: Option<u64>) -> Result<(), Answer> {
        let mut bans = self.lock();
        let former = bans.get(&ban);
        if !bans.add(ban, until_ms) {
            let message = format!("there are {} bans, as many as may be; lift one first", p2p::BANS_MAX);
            return Err(Answer::refused("too_many_bans", message));
        }
        self.network.ban(ban).map_err(|error| {
            bans.remove(&ban);
            if let Some((ban, until_ms)) = former {
                bans.add(ban, until_ms);
            }
            Answer::refused("busy", format!("{error}; try again"))
        })
    }

    async fn unban(&self, whom: &str) -> Answer {
        let Some(ban) = bans::parse(whom) else { return nobody(whom) };
        let is_blocked = matches!(ban, Ban::Peer(peer) if self.network.blocked().contains(&peer));
        let whom = bans::text(&ban);
        let was_banned = {
            let mut bans = self.lock();
            if let Err(error) = self.network.unban(ban) {
                return Answer::refused("busy", format!("{error}; try again"));
            }
            bans.remove(&ban)
        };
        // Whoever was told that it could not be written asks again.
        let written = self.keep().await;
        if !was_banned && !is_blocked && written.is_ok() {
            return Answer::refused("not_banned", format!("{whom} is not banned; see `thronosd peers list`"));
        }
        match written {
            Ok(()) => done(format!("{whom} may come back")),
            Err(error) => {
                let what =
                    format!("{whom} may come back until this node stops, but that could not be written: {error}");
                Answer::refused(NOT_WRITTEN, format!("{what}; when it can, unban it again"))
            }
        }
    }

    fn disconnect(&self, whom: &str) -> Answer {
        let Some(ban) = bans::parse(whom) else { return nobody(whom) };
        let is_meant = |peer: &PeerInfo| match ban {
            Ban::Peer(key) => peer.peer == key,
            Ban::Address(prefix) => bans::prefix_of(&peer.address) == Some(prefix),
        };
        let whom = bans::text(&ban);
        let peers: Vec<_> = self.network.peers().into_iter().filter(is_meant).map(|peer| peer.peer).collect();
        if peers.is_empty() {
            return Answer::refused("not_connected", format!("{whom} is not connected; see `thronosd peers list`"));
        }
        if let Err(error) = peers.iter().try_for_each(|peer| self.network.disconnect(*peer)) {
            return Answer::refused("busy", format!("{error}; try again"));
        }
        done(match ban {
            Ban::Peer(_) => format!("{whom} is disconnected; it may come back unless it is banned"),
            Ban::Address(_) => {
                let count = counted(peers.len() as u64, "peer");
                format!("{count} at {whom} disconnected; whoever is not banned may come back")
            }
        })
    }
}

/// What a line asks, or what is wrong with it.
fn question(line: &[u8]) -> Result<Question, String> {
    if line.len() as u64 >= QUESTION_BYTES_MAX && line.last() != Some(&b'\n') {
        return Err(format!("its line has more than {QUESTION_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(line).map_err(|error| format!("byte {} is not UTF-8 text", error.valid_up_to()))?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn done(sentence: String) -> Answer {
    Answer::Done { sentence }
}

fn nobody(whom: &str) -> Answer {
    let shown: String = whom.chars().filter(|letter| !letter.is_control()).take(80).collect();
    let message = format!("`{shown}` is no peer id like 12D3KooW… and no IP address; `thronosd peers list` shows both");
    Answer::refused("bad_peer", message)
}
/// A span in the largest unit that fits it.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let fits = units.into_iter().find(|(unit, _)| seconds > *unit && seconds.is_multiple_of(*unit) || seconds == *unit);
    fits.map_or_else(|| format!("{seconds} s"), |(unit, name)| counted(seconds / unit, name))
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_span_is_told_in_the_largest_unit_that_fits() {
        for (seconds, said) in
            [(1, "1 s"), (90, "90 s"), (60, "1 minute"), (7_200, "2 hours"), (86_400, "1 day"), (604_800, "7 days")]
        {
            assert_eq!(span(seconds), said);
        }
    }
}
