//! Room for requests that are long: so many bytes at once, of which one client gets half, and so many a second of each client.
//!
//! It must not know sockets. Time is the caller's milliseconds.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MIB: usize = 1024 * 1024;
/// Bytes of all requests that are read and not answered yet, beyond the first of each connection.
pub(super) const LONG_BYTES_MAX: usize = 24 * MIB;
/// The same of one client.
const CLIENT_BYTES_MAX: usize = LONG_BYTES_MAX / 2;
/// Bytes a second that one client may send in long requests: some 40,000 transfers.
const CLIENT_BYTES_PER_MS: usize = 8 * MIB / 1_000;
/// Bytes that a client may send at once after a pause.
const CLIENT_BURST: usize = 16 * MIB;

/// The room of one listener.
#[derive(Debug, Default)]
pub(super) struct LongBytes {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    held: usize,
    /// Clients that hold something or have sent much lately.
    clients: BTreeMap<IpAddr, Client>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Client {
    held: usize,
    /// Bytes of its burst that are used up.
    spent: usize,
    at_ms: u64,
}

impl Client {
    fn recover(&mut self, now_ms: u64) {
        let passed = usize::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(usize::MAX);
        self.spent = self.spent.saturating_sub(passed.saturating_mul(CLIENT_BYTES_PER_MS));
        self.at_ms = self.at_ms.max(now_ms);
    }
}

impl LongBytes {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        // A panic elsewhere cannot leave a count half-changed.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes room for more bytes of a client; nothing when there is none.
    pub(super) fn take(self: &Arc<Self>, client: IpAddr, bytes: usize, now_ms: u64) -> Option<Held> {
        let mut taken = self.lock();
        let mut own = taken.clients.get(&client).copied().unwrap_or_default();
        own.recover(now_ms);
        let (held, spent, all) =
            (own.held.saturating_add(bytes), own.spent.saturating_add(bytes), taken.held.saturating_add(bytes));
        if all > LONG_BYTES_MAX || held > CLIENT_BYTES_MAX || spent > CLIENT_BURST {
            return None;
        }
        taken.held = all;
        taken.clients.insert(client, Client { held, spent, at_ms: own.at_ms });
        // Whoever holds nothing and has recovered is forgotten: what is left is bounded by what may be sent in two seconds.
        taken.clients.retain(|_, client| {
            client.recover(now_ms);
            client.held > 0 || client.spent > 0
        });
        drop(taken);
        Some(Held { room: self.clone(), client, bytes })
    }

    /// Bytes that are held.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.lock().held
    }
}

/// Room that is taken, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    room: Arc<LongBytes>,
    client: IpAddr,
    bytes: usize,
}

impl Held {
    /// Takes more of the same client in.
    pub(super) fn merge(&mut self, mut other: Self) {
        self.bytes = self.bytes.saturating_add(std::mem::take(&mut other.bytes));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = self.room.lock();
        taken.held = taken.held.saturating_sub(self.bytes);
        if let Some(own) = taken.clients.get_mut(&self.client) {
            own.held = own.held.saturating_sub(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    // FAULTS RD1
    #[test]
    fn one_client_gets_half_of_the_room_and_all_together_the_whole() {
        let room = Arc::new(LongBytes::default());
        let fill = |last| std::iter::from_fn(|| room.take(client(last), MIB, 0)).collect::<Vec<_>>();
        let (one, two, three) = (fill(1), fill(2), fill(3));
        assert_eq!((one.len(), two.len(), three.len()), (12, 12, 0));
        drop(one);
        assert_eq!(fill(3).len(), 12);
        drop(two);
        assert_eq!(room.held(), 0);
    }

    // FAULTS RD1
    #[test]
    fn a_client_that_sends_without_pause_is_slowed_and_forgotten_when_it_rests() {
        let room = Arc::new(LongBytes::default());
        let sent = |from_ms: u64, to_ms: u64| {
            (from_ms..to_ms).filter(|now_ms| room.take(client(1), 64 * 1024, *now_ms).is_some()).count() * 64 * 1024
        };
        let first = sent(0, 10_000);
        assert!((95 * MIB..=97 * MIB).contains(&first), "a burst and ten seconds: {first}");
        assert!(room.take(client(2), 8 * MIB, 10_000).is_some(), "others have their own");
        assert_eq!(room.lock().clients.len(), 2);
        drop(room.take(client(3), 1, 60_000));
        assert_eq!(room.lock().clients.len(), 1);
        assert!(room.take(client(1), 8 * MIB, 60_000).is_some());
    }
}
