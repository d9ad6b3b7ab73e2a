//! Why a service's stream was not opened, or has ended. It must not know streams.

use crate::frame::FrameError;

/// Why a stream was not opened, or has ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// There is no connection to the peer.
    #[error("the peer is not connected")]
    NotConnected,
    /// Nobody was met where the peer was looked for.
    #[error("the peer was not met in time")]
    NotMet,
    /// So many peers are looked for that this one has no turn: try again later.
    #[error("too many peers are looked for at once: try again later")]
    Crowded,
    /// Nobody can be at that address.
    #[error("{0}")]
    Address(String),
    /// The protocol stands in no row.
    #[error("streams of this protocol were not declared")]
    NotDeclared,
    /// The peer does not speak the protocol now.
    #[error("the peer does not speak this protocol")]
    NotSpoken,
    /// The peer did not open its end: most likely it has as many streams as it takes.
    #[error("the peer takes no more streams")]
    Refused,
    /// This node has as many streams of the protocol as it may.
    #[error("this node has as many streams of this protocol as it may")]
    TooMany,
    /// The peer did not open its end in time.
    #[error("the peer did not answer in time")]
    Silent,
    /// The frame is not one that the protocol carries.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The stream was closed, by either end.
    #[error("the stream is closed")]
    Closed,
    /// The connection has ended.
    #[error("the connection has ended")]
    Lost,
    /// The peer has begun a frame and goes no further, or does not read.
    #[error("the peer neither reads nor writes on")]
    Stuck,
    /// The peer has said what no peer says.
    #[error("the peer breaks the rules of a stream: {0}")]
    Broken(String),
    /// The network has too much to do.
    #[error("too many commands wait for the network")]
    Busy,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}
