//! One stream, as its user holds it, and what it shares with its pump.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;
use types::PeerKey;

use super::super::links::lock;
use super::room::{PeerShare, Seat};
use crate::channels::Row;
use crate::frame::frame_prefix;
use crate::stream_error::StreamError;
use crate::stream_window::StreamWindow;
use crate::stream_words::{WORD_MAX, arrived, grant};

/// What is allowed at once where a peer's rate makes it wait, if a stream has use for so much.
const GRANT_BYTES_MIN: u64 = 64 * 1024;
/// How long a peer may say of none of our frames that it has come: twice what the room of its streams takes on the slowest line that a
/// protocol may declare.
const THANKS_MAX: Duration = Duration::from_secs(128);

/// Where a stream stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The other end has said nothing.
    Opening,
    /// Both ends have opened it.
    Open,
    /// It has ended.
    Ended(StreamError),
}

/// A frame that has leave to go.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) frame: Vec<u8>,
    /// Room of this stream until the frame is written.
    _slot: OwnedSemaphorePermit,
}

/// A word that lets the other end send more, once the peer's rate allows it.
#[derive(Debug)]
struct Promise {
    bytes: u64,
    at_ms: u64,
}

#[derive(Debug)]
struct State {
    window: StreamWindow,
    promise: Option<Promise>,
    /// Bytes of frames that have come and of which the other end has not been told.
    arrived: usize,
    /// Bytes of frames that were given to the writer and of which the other end has not said that they have come.
    in_transit: usize,
    /// Since when it has said nothing of these.
    unthanked: Option<Instant>,
    has_ended: bool,
}

/// What a stream's user and its pump share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) peer: PeerKey,
    place: usize,
    share: Arc<PeerShare>,
    seat: Seat,
    state: Mutex<State>,
    stage: watch::Sender<Stage>,
    /// What the other end lets this one send.
    credit: Semaphore,
    /// Room for what waits to be written: the longest frame.
    slot: Arc<Semaphore>,
    outgoing: mpsc::UnboundedSender<Outgoing>,
    is_finishing: AtomicBool,
    /// Wakes the writer.
    pub(super) bell: Notify,
}

impl Shared {
    pub(super) fn new(
        place: usize,
        share: Arc<PeerShare>,
        seat: Seat,
        outgoing: mpsc::UnboundedSender<Outgoing>,
    ) -> Self {
        let (row, peer) = (seat.room.row, seat.sitter.peer);
        let window = StreamWindow::new(&row, seat.sitter);
        let state = State { window, promise: None, arrived: 0, in_transit: 0, unthanked: None, has_ended: false };
        Self {
            peer,
            place,
            share,
            seat,
            state: Mutex::new(state),
            stage: watch::Sender::new(Stage::Opening),
            credit: Semaphore::new(0),
            slot: Arc::new(Semaphore::new(row.first_bytes())),
            outgoing,
            is_finishing: AtomicBool::new(false),
            bell: Notify::new(),
        }
    }

    pub(super) fn room(&self) -> &super::room::Room {
        &self.seat.room
    }

    /// Whether the other end has opened its end.
    pub(super) fn has_begun(&self) -> bool {
        *self.stage.borrow() != Stage::Opening
    }

    pub(super) fn is_finishing(&self) -> bool {
        self.is_finishing.load(Ordering::Acquire)
    }

    /// This end has nothing more to say.
    pub(super) fn finish(&self) {
        self.is_finishing.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    /// What the other end may still send.
    pub(super) fn allowed(&self) -> usize {
        lock(&self.state).window.allowed()
    }

    /// A whole frame has come.
    pub(super) fn came(&self, length: usize) {
        let mut state = lock(&self.state);
        state.window.came(Row::charge(length));
        state.arrived = state.arrived.saturating_add(length);
        drop(state);
        self.room().came(length);
        self.bell.notify_one();
    }

    /// The other end lets this one send more: true when it has opened its end with that.
    ///
    /// # Errors
    /// What no peer says.
    pub(super) fn credit(&self, bytes: u32) -> Result<bool, StreamError> {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if self.credit.available_permits().saturating_add(bytes) > crate::stream_table::STREAM_BYTES_MAX {
            return Err(StreamError::Broken("it allows more than any stream may hold".to_owned()));
        }
        self.credit.add_permits(bytes);
        Ok(self.stage.send_if_modified(|stage| {
            let begins = *stage == Stage::Opening;
            if begins {
                *stage = Stage::Open;
            }
            begins
        }))
    }

    /// The other end says that frames of so many bytes have come.
    ///
    /// # Errors
    /// What no peer says.
    pub(super) fn has_arrived(&self, bytes: u32) -> Result<(), StreamError> {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let mut state = lock(&self.state);
        let Some(left) = state.in_transit.checked_sub(bytes) else {
            return Err(StreamError::Broken("it has got more than was sent".to_owned()));
        };
        state.in_transit = left;
        state.unthanked = (left > 0).then(Instant::now);
        drop(state);
        self.share.transit.add_permits(bytes);
        Ok(())
    }

    /// Ends when the other end has said for too long of nothing that was sent that it has come: it fills the room of all its streams.
    pub(super) async fn unthanked(&self) -> StreamError {
        loop {
            let left = self.thanks_left(Instant::now());
            if left.is_zero() {
                return StreamError::Stuck;
            }
            if let Ok(end) = tokio::time::timeout(left, self.ended()).await {
                return end;
            }
        }
    }

    fn thanks_left(&self, now: Instant) -> Duration {
        let since = lock(&self.state).unthanked.unwrap_or(now);
        THANKS_MAX.saturating_sub(now.saturating_duration_since(since))
    }

    /// Puts the first word into `buffer`, which opens the stream. It waits for nothing: where the peer's rate is used up, it lets one
    /// byte come ahead of time, and the rest follows as for any other stream.
    pub(super) fn first_word(&self, buffer: &mut Vec<u8>, now_ms: u64) {
        let mut state = lock(&self.state);
        let first = state.window.worth_granting();
        let (bytes, _) = self.share.take(self.place, as_bytes(first), 1, now_ms);
        self.allow(&mut state, bytes, buffer);
    }

    /// Puts the words that are due into `buffer`; says how many milliseconds later there may be one more.
    pub(super) fn words(&self, buffer: &mut Vec<u8>, now_ms: u64) -> Option<u64> {
        let mut state = lock(&self.state);
        if let Some(bytes) = word(state.arrived) {
            buffer.extend_from_slice(&arrived(bytes));
            state.arrived = 0;
        }
        loop {
            if state.promise.is_none() {
                let worth = u64::from(word(state.window.worth_granting())?);
                let (bytes, wait_ms) = self.share.take(self.place, worth, GRANT_BYTES_MIN, now_ms);
                state.promise = Some(Promise { bytes, at_ms: now_ms.saturating_add(wait_ms) });
            }
            let wait_ms = state.promise.as_ref()?.at_ms.saturating_sub(now_ms);
            if wait_ms > 0 {
                return Some(wait_ms);
            }
            let bytes = state.promise.take()?.bytes;
            self.allow(&mut state, bytes, buffer);
        }
    }

    /// Lets the other end send so many bytes more, or what is due if the window has shrunk.
    fn allow(&self, state: &mut State, bytes: u64, buffer: &mut Vec<u8>) {
        let wanted = usize::try_from(bytes).unwrap_or(usize::MAX);
        let given = state.window.grant(wanted);
        if let Some(bytes) = word(given) {
            buffer.extend_from_slice(&grant(bytes));
        }
        self.share.give_back(self.place, as_bytes(wanted.saturating_sub(given)));
    }

    /// The stream is over: whoever waits is told.
    pub(super) fn end(&self, why: StreamError) {
        let mut state = lock(&self.state);
        state.has_ended = true;
        if let Some(promise) = state.promise.take() {
            self.share.give_back(self.place, promise.bytes);
        }
        self.share.transit.add_permits(std::mem::take(&mut state.in_transit));
        drop(state);
        self.stage.send_if_modified(|stage| {
            let ends = !matches!(stage, Stage::Ended(_));
            if ends {
                *stage = Stage::Ended(why);
            }
            ends
        });
        self.credit.close();
        self.slot.close();
    }

    /// Notes that a frame is under way; false when the stream has ended.
    fn leaves(&self, length: usize) -> bool {
        let mut state = lock(&self.state);
        if !state.has_ended {
            state.in_transit = state.in_transit.saturating_add(length);
            state.unthanked.get_or_insert_with(Instant::now);
        }
        !state.has_ended
    }

    fn took(&self, length: usize) {
        lock(&self.state).window.took(Row::charge(length), &mut lock(&self.room().growth));
        self.bell.notify_one();
    }

    /// How it ended, once it has.
    async fn ended(&self) -> StreamError {
        let mut stage = self.stage.subscribe();
        match stage.wait_for(|stage| matches!(stage, Stage::Ended(_))).await.as_deref() {
            Ok(Stage::Ended(why)) => why.clone(),
            _ => StreamError::Closed,
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let growth = &mut lock(&self.seat.room.growth);
        lock(&self.state).window.end(growth);
    }
}

fn as_bytes(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// What one word can say of so many bytes; nothing of none. No stream has more under way than a word can say.
fn word(bytes: usize) -> Option<u32> {
    u32::try_from(bytes).ok().filter(|bytes| *bytes > 0).map(|bytes| bytes.min(WORD_MAX))
}

/// A stream of frames to and from one peer. It is closed when this is dropped; what was sent before is still written.
#[derive(Debug)]
pub struct NetworkStream {
    shared: Arc<Shared>,
    incoming: tokio::sync::Mutex<mpsc::UnboundedReceiver<Vec<u8>>>,
}

impl NetworkStream {
    pub(super) fn new(shared: Arc<Shared>, incoming: mpsc::UnboundedReceiver<Vec<u8>>) -> Self {
        Self { shared, incoming: tokio::sync::Mutex::new(incoming) }
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> PeerKey {
        self.shared.peer
    }

    /// Sends a frame. Waits while the other end takes no more, for as long as that may be: give it a time of your own. Nothing is
    /// sent when this is dropped before it is ready.
    ///
    /// # Errors
    /// When the frame does not fit, or the stream has ended.
    pub async fn send(&self, frame: Vec<u8>) -> Result<(), StreamError> {
        let shared = &*self.shared;
        frame_prefix(frame.len(), shared.room().row.frame_bytes_max)?;
        let too_long = |_| StreamError::Broken("a frame longer than any".to_owned());
        let charge = u32::try_from(Row::charge(frame.len())).map_err(too_long)?;
        let length = u32::try_from(frame.len()).map_err(too_long)?;
        let leave = async {
            let slot = shared.slot.clone().acquire_many_owned(charge).await.ok()?;
            let credit = shared.credit.acquire_many(charge).await.ok()?;
            let transit = shared.share.transit.clone().acquire_many_owned(length).await.ok()?;
            Some((slot, credit, transit))
        };
        let given = tokio::select! {
            given = leave => given,
            why = shared.ended() => return Err(why),
        };
        let Some((slot, credit, transit)) = given else { return Err(shared.ended().await) };
        if shared.is_finishing() {
            return Err(StreamError::Closed);
        }
        // The end may have come while room was found: then nothing is sent that was not sent before.
        if !shared.leaves(frame.len()) {
            return Err(shared.ended().await);
        }
        transit.forget();
        credit.forget();
        // A pump that has ended takes no more, and says why.
        let is_sent = shared.outgoing.send(Outgoing { frame, _slot: slot }).is_ok();
        if is_sent { Ok(()) } else { Err(shared.ended().await) }
    }

    /// The next frame.
    ///
    /// # Errors
    /// When the stream has ended, and everything that came before was taken.
    pub async fn next(&self) -> Result<Vec<u8>, StreamError> {
        match self.incoming.lock().await.recv().await {
            Some(frame) => {
                self.shared.took(frame.len());
                Ok(frame)
            }
            None => Err(self.shared.ended().await),
        }
    }

    /// Closes the stream, and waits until what was sent is written. What the other end says from now on is not heard.
    pub async fn close(&self) {
        self.shared.finish();
        self.shared.ended().await;
    }

    /// Waits until the other end has opened its end.
    pub(super) async fn opened(&self) -> Result<(), StreamError> {
        let mut stage = self.shared.stage.subscribe();
        let opened = stage.wait_for(|stage| *stage != Stage::Opening).await;
        match opened.as_deref() {
            Ok(Stage::Ended(why)) => Err(why.clone()),
            Ok(_) => Ok(()),
            Err(_) => Err(StreamError::Closed),
        }
    }
}

impl Drop for NetworkStream {
    fn drop(&mut self) {
        self.shared.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::super::room::{Room, TRANSIT_BYTES_MAX};
    use super::*;
    use crate::places::Side;
    use crate::prefix::Prefix;
    use crate::seats::{Guest, Sitter};
    use crate::stream_table::{StreamRow, sample};
    use crate::stream_words::{Word, WordDecoder};

    const TIDES: StreamRow = StreamRow { frame_bytes_max: 100_000, stream_bytes_max: 400_000, ..sample::TIDES };

    /// A stream of a peer, which shares this with its others.
    fn stream(share: &Arc<PeerShare>) -> Shared {
        let room = Arc::new(Room::new(TIDES));
        let stranger = Sitter { peer: PeerKey([1; 32]), prefix: Prefix::NOWHERE, guest: Guest::Stranger };
        let seat = Seat::take(&room, Side::Theirs, stranger);
        Shared::new(0, share.clone(), seat.expect("a seat"), mpsc::unbounded_channel().0)
    }

    /// What these words let the other end send.
    fn allowed(words: &[u8]) -> Vec<u32> {
        let (mut decoder, mut input, mut read) = (WordDecoder::new(1_000), words, Vec::new());
        while !input.is_empty() {
            match decoder.next(&mut input, 0).expect("sound") {
                Some(Word::Grant(bytes)) => read.push(bytes),
                other => panic!("{other:?}"),
            }
        }
        read
    }

    #[test]
    fn a_stream_opens_at_once_where_the_rate_is_used_up_and_streams_are_served_in_turn() {
        let share = Arc::new(PeerShare::new(&[TIDES], 0));
        let rate = u64::from(TIDES.bytes_per_second);
        assert_eq!(share.take(0, rate, 0, 0), (rate, 0), "the rate is used up");
        let streams = [stream(&share), stream(&share)];
        for stream in &streams {
            let mut words = Vec::new();
            stream.first_word(&mut words, 0);
            assert_eq!((allowed(&words), stream.allowed()), (vec![1], 1));
        }
        let said = |stream: &Shared, now_ms| {
            let mut words = Vec::new();
            let wait_ms = stream.words(&mut words, now_ms);
            (allowed(&words), wait_ms)
        };
        // However often the first one asks, the second one has its turn.
        for now_ms in 0..60 {
            assert_eq!(said(&streams[0], now_ms), (vec![], Some(63 - now_ms)));
        }
        assert_eq!(said(&streams[1], 60), (vec![], Some(66)));
        assert_eq!(said(&streams[0], 63), (vec![65_536], Some(96)), "the rest after the other's turn");
        assert_eq!(said(&streams[1], 126), (vec![65_536], Some(66)));
        // What is not allowed after all is left to the other.
        streams[0].end(StreamError::Closed);
        assert_eq!(said(&streams[1], 192), (vec![34_719], None));
        let first = TIDES.first_bytes();
        assert_eq!((streams[1].allowed(), 1 + 65_536 + 34_719), (first, first));
    }

    // FAULTS HB7
    #[test]
    fn who_says_of_nothing_that_it_has_come_has_a_while_and_its_room_is_free_when_the_stream_ends() {
        let share = Arc::new(PeerShare::new(&[TIDES], 0));
        let stream = stream(&share);
        let later = |after: Duration| Instant::now().checked_add(after).expect("a time");
        assert_eq!(stream.thanks_left(later(THANKS_MAX)), THANKS_MAX, "nothing was sent");
        for _ in 0..2 {
            share.transit.try_acquire_many(500).expect("room").forget();
            assert!(stream.leaves(500));
        }
        assert_eq!(stream.thanks_left(later(THANKS_MAX)), Duration::ZERO);
        stream.has_arrived(500).expect("it was sent");
        assert!(stream.thanks_left(later(Duration::ZERO)) > THANKS_MAX / 2, "it begins anew with each word");
        assert_eq!(stream.thanks_left(later(THANKS_MAX)), Duration::ZERO, "something is still on its way");
        assert!(matches!(stream.has_arrived(501), Err(StreamError::Broken(_))));
        stream.end(StreamError::Stuck);
        assert_eq!(share.transit.available_permits(), TRANSIT_BYTES_MAX);
    }
}
