//! The address policy as a transport: it stands beneath name resolution, so it judges what is really dialled,
//! whichever part of the network asked for it, and says with each connection where that is. What comes in goes through the doors, before
//! anything else sees it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, RwLock};
use std::task::{Context, Poll};

use libp2p::Multiaddr;
use libp2p::core::transport::{Boxed, DialOpts, ListenerId, Transport, TransportError, TransportEvent};

use super::address::ip_and_port;
use super::doors::{Doors, Entering};
use super::links::read;
use super::reached::Reached;
use crate::address_policy::AddressPolicy;

/// Connections that are refused in a row before others have their turn.
const REFUSED_MAX: usize = 64;

/// A transport that dials only what the policy allows, and lets in only what the doors let in.
pub(super) struct Guard<T> {
    inner: Boxed<T>,
    policy: Arc<RwLock<AddressPolicy>>,
    doors: Arc<Doors>,
}

impl<T> Guard<T> {
    pub(super) const fn new(inner: Boxed<T>, policy: Arc<RwLock<AddressPolicy>>, doors: Arc<Doors>) -> Self {
        Self { inner, policy, doors }
    }
}

impl<T> Transport for Guard<T> {
    type Output = (Multiaddr, T);
    type Error = io::Error;
    type ListenerUpgrade = Reached<Entering<<Boxed<T> as Transport>::ListenerUpgrade>>;
    type Dial = Reached<<Boxed<T> as Transport>::Dial>;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<io::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, options: DialOpts) -> Result<Self::Dial, TransportError<io::Error>> {
        let Some((ip, port)) = ip_and_port(&address) else {
            return Err(TransportError::MultiaddrNotSupported(address));
        };
        let judgement = read(&self.policy).check(ip, port);
        match judgement {
            Ok(()) => Ok(Reached::new(address.clone(), self.inner.dial(address, options)?)),
            Err(refusal) => Err(TransportError::Other(io::Error::new(io::ErrorKind::PermissionDenied, refusal))),
        }
    }

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        for _ in 0..REFUSED_MAX {
            let Poll::Ready(event) = Pin::new(&mut self.inner).poll(context) else { return Poll::Pending };
            return Poll::Ready(match event {
                TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr } => {
                    // Dropping it closes the socket.
                    let Some(upgrade) = self.doors.enter(&send_back_addr, upgrade) else { continue };
                    let upgrade = Reached::new(send_back_addr.clone(), upgrade);
                    TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr }
                }
                TransportEvent::NewAddress { listener_id, listen_addr } => {
                    TransportEvent::NewAddress { listener_id, listen_addr }
                }
                TransportEvent::AddressExpired { listener_id, listen_addr } => {
                    TransportEvent::AddressExpired { listener_id, listen_addr }
                }
                TransportEvent::ListenerClosed { listener_id, reason } => {
                    TransportEvent::ListenerClosed { listener_id, reason }
                }
                TransportEvent::ListenerError { listener_id, error } => {
                    TransportEvent::ListenerError { listener_id, error }
                }
            });
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use libp2p::core::Endpoint;
    use libp2p::core::transport::PortUse;
    use libp2p::tcp;

    use super::*;
    use crate::address_policy::PrivateAddresses;

    const OPTIONS: DialOpts = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };

    // FAULTS P10: never dial outside the address policy, whoever asks.
    #[tokio::test]
    async fn a_private_address_is_not_dialled_unless_the_operator_wrote_it_down() {
        let policy = Arc::new(RwLock::new(AddressPolicy::new(PrivateAddresses::Refused)));
        let tcp = tcp::tokio::Transport::new(tcp::Config::new()).boxed();
        let doors = Arc::new(Doors::new(Arc::default()));
        let mut guard = Guard::new(tcp, Arc::clone(&policy), doors);
        let private: Multiaddr = "/ip4/127.0.0.1/tcp/9".parse().expect("an address");
        assert!(matches!(guard.dial(private.clone(), OPTIONS), Err(TransportError::Other(_))));
        let named: Multiaddr = "/dns4/localhost/tcp/9".parse().expect("an address");
        assert!(matches!(guard.dial(named, OPTIONS), Err(TransportError::MultiaddrNotSupported(_))));
        super::super::address::allow(&mut super::super::links::write(&policy), &private);
        assert!(guard.dial(private, OPTIONS).is_ok());
    }
}
