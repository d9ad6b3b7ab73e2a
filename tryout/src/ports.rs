//! Ports for programs of their own, which cannot be told to choose one themselves.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::{Mutex, PoisonError};

/// Where they are looked for: below the ports that systems give to outgoing connections (from 32768 on Linux, from 49152
/// elsewhere), and above those that the project's own networks use.
const RANGE: std::ops::Range<u16> = 30_000..32_700;
/// As many attempts as there are ports, and some.
const ATTEMPTS_MAX: usize = 10_000;

/// Which ones this process has given away already.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Ports of the local host that nobody listens on, each given once in a process.
///
/// The system's own choice (port 0) is no good for a port that is closed again and opened later by another program: in between
/// any outgoing connection may be given the same one.
///
/// # Panics
/// When there are none left.
#[must_use]
pub fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    std::array::from_fn(|_| free_port())
}

/// One of [`free_ports`].
///
/// # Panics
/// When there is none left.
#[must_use]
pub fn free_port() -> u16 {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    // Other processes look in the same range at the same time: begin anywhere.
    let random = RandomState::new();
    for attempt in 0..ATTEMPTS_MAX {
        let mut hasher = random.build_hasher();
        hasher.write_usize(attempt);
        let span = u64::from(RANGE.end - RANGE.start);
        let offset = u16::try_from(hasher.finish() % span).expect("below the span");
        let port = RANGE.start + offset;
        if is_free(port) && given.insert(port) {
            return port;
        }
    }
    panic!("no free port between {} and {}", RANGE.start, RANGE.end);
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice_and_none_that_is_taken() {
        let some: BTreeSet<u16> = free_ports::<100>().into();
        assert_eq!(some.len(), 100);
        assert!(some.iter().all(|port| RANGE.contains(port)));
        let (first, others) = (some.first().expect("a hundred"), free_ports::<100>());
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, *first)).expect("it is free");
        assert!(!is_free(*first) && others.iter().all(|port| !some.contains(port)));
        drop(held);
    }
}
