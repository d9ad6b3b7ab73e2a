//! Where a dial by name has really arrived: the library tells everybody above name resolution the name only.
//!
//! [`Reached`] stands beneath name resolution and says with each connection where it is; above it [`Arrived`] keeps that for whoever
//! admits the connection. It must not know who is admitted, and why.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, ready};

use libp2p::{Multiaddr, PeerId};

use super::address::ip_and_port;
use super::links::lock;

/// Arrivals by name that nobody has asked for. Only those are left here that come to nothing afterwards.
const ARRIVED_MAX: usize = 256;

/// A connection in the making, with the address that it goes to or comes from.
pub(super) struct Reached<F> {
    at: Multiaddr,
    connects: F,
}

impl<F> Reached<F> {
    pub(super) const fn new(at: Multiaddr, connects: F) -> Self {
        Self { at, connects }
    }
}

impl<T, E, F: Future<Output = Result<T, E>> + Unpin> Future for Reached<F> {
    type Output = Result<(Multiaddr, T), E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let done = ready!(Pin::new(&mut self.connects).poll(context));
        Poll::Ready(done.map(|done| (std::mem::replace(&mut self.at, Multiaddr::empty()), done)))
    }
}

/// Dials by name that have arrived, until somebody asks where.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    /// Who was met, what was dialled, and where that is. The newest is last.
    by_name: Mutex<VecDeque<(PeerId, Multiaddr, Multiaddr)>>,
}

impl Arrived {
    /// A dial has met a peer. Of an address that tells where it is there is nothing to keep.
    pub(super) fn note(&self, peer: PeerId, dialled: &Multiaddr, at: Multiaddr) {
        if ip_and_port(dialled).is_some() {
            return;
        }
        let mut by_name = lock(&self.by_name);
        if by_name.len() >= ARRIVED_MAX {
            by_name.pop_front();
        }
        by_name.push_back((peer, dialled.clone(), at));
    }

    /// Where a peer is that was met by dialling an address; nothing when that is not known. Of several dials of one name it is not known
    /// which arrived where: if it may be a place that is unwanted, it is taken for that one, and the others are forgotten.
    pub(super) fn take(
        &self,
        peer: PeerId,
        dialled: &Multiaddr,
        is_unwanted: impl Fn(&Multiaddr) -> bool,
    ) -> Option<Multiaddr> {
        if ip_and_port(dialled).is_some() {
            return Some(dialled.clone());
        }
        let mut by_name = lock(&self.by_name);
        let is_it = |(who, name, _): &(PeerId, Multiaddr, Multiaddr)| *who == peer && name == dialled;
        if let Some((_, _, unwanted)) = by_name.iter().find(|entry| is_it(entry) && is_unwanted(&entry.2)).cloned() {
            by_name.retain(|entry| !is_it(entry));
            return Some(unwanted);
        }
        let place = by_name.iter().rposition(is_it)?;
        by_name.remove(place).map(|(_, _, at)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().expect("an address")
    }

    // FAULTS RF6
    #[test]
    fn a_name_is_kept_with_where_it_led_until_somebody_asks_and_within_bounds() {
        let (arrived, peer, name) = (Arrived::default(), PeerId::random(), address("/dns4/seed.example/tcp/1"));
        let ip = address("/ip4/1.2.3.4/tcp/1");
        let wanted = |_: &Multiaddr| false;
        assert_eq!(arrived.take(peer, &ip, wanted), Some(ip.clone()));
        assert_eq!(arrived.take(peer, &name, wanted), None, "nobody has been there");
        arrived.note(peer, &name, ip.clone());
        arrived.note(peer, &name, address("/ip4/5.6.7.8/tcp/1"));
        assert_eq!(arrived.take(PeerId::random(), &name, wanted), None, "it is another peer");
        assert_eq!(arrived.take(peer, &name, wanted), Some(address("/ip4/5.6.7.8/tcp/1")), "the newest");
        assert_eq!(arrived.take(peer, &name, wanted), Some(ip.clone()));
        assert_eq!(arrived.take(peer, &name, wanted), None);
        // Two dials at once: whichever ends first, neither is taken for the other.
        let banned = address("/ip4/5.6.7.8/tcp/1");
        for places in [[&ip, &banned], [&banned, &ip]] {
            places.iter().for_each(|at| arrived.note(peer, &name, (*at).clone()));
            assert_eq!(arrived.take(peer, &name, |at| *at == banned), Some(banned.clone()));
            assert_eq!(arrived.take(peer, &name, |at| *at == banned), None, "nor later");
        }
        (0..1_000).for_each(|_| arrived.note(peer, &name, ip.clone()));
        assert_eq!(lock(&arrived.by_name).len(), ARRIVED_MAX);
    }
}
