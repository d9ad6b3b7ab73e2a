//! Streams of services as the network's user sees them.

use std::time::Duration;

use libp2p::Multiaddr;
use types::PeerKey;

use super::super::address;
use super::super::handle::{Command, Network};
use super::super::identity::key_of;
use super::NetworkStream;
use super::turns::TURN_MAX;
use crate::stream_error::StreamError;

/// Addresses of a peer that are tried.
const ADDRESSES_MAX: usize = 8;
/// How long a peer is looked for, from its turn.
const REACH_MAX: Duration = Duration::from_secs(15);

impl Network {
    /// Lets peers open streams of a protocol, which somebody accepts from now on; or no more.
    pub fn offer_streams(&self, protocol: &str, is_offered: Offered) {
        self.streams.offer(protocol, is_offered == Offered::Yes);
    }

    /// Makes sure that a peer is connected: looks for it at these multiaddresses, or where others know it to be. The address policy
    /// holds, and names are not resolved. Behind other searches it waits for its turn first.
    ///
    /// # Errors
    /// When it was not met in time, somebody else is meant by an address, or too many are looked for ([`StreamError::Crowded`]).
    pub async fn reach(&self, peer: PeerKey, addresses: &[String]) -> Result<(), StreamError> {
        if self.is_connected(peer) {
            return Ok(());
        }
        let addresses = addresses.iter().take(ADDRESSES_MAX).map(|text| where_is(peer, text));
        let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
        let met = self.links.met(peer);
        tokio::pin!(met);
        // It may come by itself before its turn.
        let turn = tokio::select! {
            () = &mut met => return Ok(()),
            turn = self.streams.turns.take(self.links.guest(peer)) => turn?,
        };
        let reach = Command::Reach { peer, addresses };
        self.commands.streams.try_send(reach).map_err(|_| StreamError::Busy)?;
        let is_met = tokio::time::timeout(TURN_MAX, &mut met).await.is_ok();
        drop(turn);
        let left = REACH_MAX.saturating_sub(TURN_MAX);
        if is_met || tokio::time::timeout(left, met).await.is_ok() { Ok(()) } else { Err(StreamError::NotMet) }
    }

    /// Waits until a peer is connected, whoever dials.
    ///
    /// # Errors
    /// When it was not met in time.
    pub async fn meet(&self, peer: PeerKey) -> Result<(), StreamError> {
        tokio::time::timeout(REACH_MAX, self.links.met(peer)).await.map_err(|_| StreamError::NotMet)
    }

    /// Opens a stream of a declared protocol to a connected peer.
    ///
    /// # Errors
    /// [`StreamError`].
    pub async fn open_stream(&self, protocol: &str, peer: PeerKey) -> Result<NetworkStream, StreamError> {
        if !self.is_connected(peer) {
            return Err(StreamError::NotConnected);
        }
        self.streams.open(protocol, peer, self.links.guest(peer)).await
    }

    /// The next stream of a declared protocol that a peer has opened.
    ///
    /// # Errors
    /// [`StreamError::NotDeclared`], or [`StreamError::Stopping`].
    pub async fn accept_stream(&self, protocol: &str) -> Result<NetworkStream, StreamError> {
        self.streams.accept(protocol).await
    }

    /// Opens and accepts no more streams; those that are open go on.
    pub fn refuse_streams(&self) {
        self.streams.refuse();
    }

    /// Closes all streams and waits a moment for it.
    pub async fn close_streams(&self) {
        self.streams.close().await;
    }
}

/// Whether peers may open streams of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// They may.
    Yes,
    /// They may not.
    No,
}

fn where_is(peer: PeerKey, text: &str) -> Result<Multiaddr, StreamError> {
    let parsed = address::to_dial(text).map_err(|error| StreamError::Address(error.to_string()))?;
    let (place, named) = address::split_peer(&parsed);
    if named.is_some_and(|named| key_of(&named) != Some(peer)) {
        return Err(StreamError::Address(format!("`{text}` names another peer")));
    }
    if address::ip_and_port(&place).is_none() {
        return Err(StreamError::Address(format!("`{text}` does not begin with /ip4/ or /ip6/")));
    }
    Ok(place)
}
