//! Blocks as they become final on each node, with the moment at which this process learned of it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use testnet::devnet::{Failure, LocalNetwork, Outcome};
use types::Height;
use wallet::client::StreamEvent;

/// A block that became final on a node.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Which node.
    pub node: usize,
    /// Its number.
    pub height: Height,
    /// How many transactions it has.
    pub transactions: u32,
    /// When its news came.
    pub at: Instant,
}

/// The news of all nodes of a network, in the order in which they came.
#[derive(Debug)]
pub struct Blocks {
    news: Receiver<Outcome<Seen>>,
    /// How many nodes tell.
    pub nodes: usize,
}

impl Blocks {
    /// Opens a stream at every node. Blocks that become final from now on are told.
    ///
    /// # Errors
    /// When a node refuses.
    pub fn follow(network: &LocalNetwork) -> Outcome<Self> {
        let (sender, news) = channel();
        for node in &network.nodes {
            let stream = node.client().follow_blocks(None)?;
            let (index, sender) = (node.index, sender.clone());
            let tell = move || {
                for event in stream {
                    let seen = match event {
                        Ok(StreamEvent::Final(block)) => Ok(Seen {
                            node: index,
                            height: block.height,
                            transactions: block.transactions,
                            at: Instant::now(),
                        }),
                        Ok(_) => continue,
                        Err(error) => Err(Failure::from(error)),
                    };
                    if sender.send(seen).is_err() {
                        return;
                    }
                }
                let _ = sender.send(Err(Failure::new(format!("node {index} has closed its stream of blocks"))));
            };
            let thread = std::thread::Builder::new().name(format!("blocks-{index}"));
            thread.spawn(tell).map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?;
        }
        Ok(Self { news, nodes: network.nodes.len() })
    }

    /// The next news.
    ///
    /// # Errors
    /// When none comes in time, or a stream breaks off.
    pub fn next(&self, patience: Duration) -> Outcome<Seen> {
        match self.news.recv_timeout(patience) {
            Ok(seen) => seen,
            Err(RecvTimeoutError::Timeout) => {
                Err(Failure::new(format!("no block became final for {} s", patience.as_secs())))
            }
            Err(RecvTimeoutError::Disconnected) => Err(Failure::new("all nodes have closed their streams")),
        }
    }

    /// The news that are there, without waiting.
    ///
    /// # Errors
    /// When a stream has broken off.
    pub fn waiting(&self) -> Outcome<Vec<Seen>> {
        self.news.try_iter().collect()
    }
}
