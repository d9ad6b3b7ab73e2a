//! Streams of frames between services of two nodes, or of a node and a client: `node` implements them over its network, `tryout` in
//! memory.
//!
//! A service names its protocols in a const list ([`crate::Service::STREAMS`]); the node refuses two of one name, offers a protocol while its
//! service runs, and closes all streams before the replica ends. They travel beside the validators' channels and never delay them. It
//! must not know connections, keys of transports, or what a frame means.

pub use p2p::{StreamError, StreamRow};
use types::PeerKey;

use crate::chain::Later;

/// A stream of frames to and from one peer. It is closed when this is dropped; what was sent before is still written.
pub trait PeerStream: Send + Sync + 'static {
    /// Who is at the other end; its key is proven.
    fn peer(&self) -> PeerKey;
    /// Sends a frame. Waits while the other end takes no more, for as long as that may be: give it a time of your own. Nothing is
    /// sent when this is dropped before it is ready.
    fn send(&self, frame: Vec<u8>) -> Later<'_, Result<(), StreamError>>;
    /// The next frame. What is not taken makes the other end wait.
    fn next(&self) -> Later<'_, Result<Vec<u8>, StreamError>>;
    /// Closes the stream, and waits until what was sent is written. What the other end says from now on is not heard.
    fn close(&self) -> Later<'_, ()>;
}

/// A stream as services hold it.
pub type AnyStream = Box<dyn PeerStream>;

/// The streams of one service's protocols.
pub trait Streams: Send + Sync + 'static {
    /// Makes sure that a peer is connected: looks for it at these multiaddresses, or where others know it to be.
    fn reach(&self, peer: PeerKey, addresses: Vec<String>) -> Later<'_, Result<(), StreamError>>;
    /// Opens a stream of a protocol to a connected peer.
    fn open(&self, protocol: &'static str, peer: PeerKey) -> Later<'_, Result<AnyStream, StreamError>>;
    /// The next stream of a protocol that a peer has opened; [`StreamError::Stopping`] when there will be no more.
    fn accept(&self, protocol: &'static str) -> Later<'_, Result<AnyStream, StreamError>>;
}
