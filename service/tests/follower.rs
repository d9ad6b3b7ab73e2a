//! Whoever follows the chain gets every final block, in order, whether it was missed or is new.

use std::sync::Arc;

use execution::Registry;
use service::chain::{
    Chain, ChainBlock, Follower, Head, IncludedTransaction, Later, NodeStanding, Refused, StateAt, Unavailable,
};
use tokio::sync::watch;
use types::{
    Address, Body, ChainId, Genesis, Hash32, Header, Height, Nonce, PeerKey, ProtocolVersion, SystemCall, TimeMs,
    Transaction, View,
};

struct MadeUp(watch::Sender<Height>, Registry);

fn header(height: Height) -> Header {
    Header { version: ProtocolVersion(1), view: View(height.0), height, time: TimeMs(height.0), ..Header::default() }
}

impl Chain for MadeUp {
    fn id(&self) -> ChainId {
        ChainId(Hash32::ZERO)
    }

    fn genesis(&self) -> &Genesis {
        panic!("a follower does not ask")
    }

    fn registry(&self) -> &Registry {
        &self.1
    }

    fn own_peer(&self) -> PeerKey {
        PeerKey([0; 32])
    }

    fn now_ms(&self) -> u64 {
        0
    }

    fn standing(&self) -> NodeStanding {
        NodeStanding { is_behind: false, is_read_only: false }
    }

    fn state(&self) -> Result<StateAt, Unavailable> {
        Err(Unavailable::Busy)
    }

    fn head(&self, height: Height) -> Result<Option<Head>, Unavailable> {
        let is_there = height <= *self.0.borrow();
        Ok(is_there.then(|| Head { hash: Hash32::ZERO, header: header(height) }))
    }

    fn block(&self, height: Height) -> Result<Option<Arc<ChainBlock>>, Unavailable> {
        let block = |Head { hash, header }| ChainBlock {
            hash,
            header,
            body: Arc::new(Body::default()),
            receipts: Arc::default(),
        };
        Ok(self.head(height)?.map(block).map(Arc::new))
    }

    fn transaction(&self, _id: &Hash32) -> Result<Option<IncludedTransaction>, Unavailable> {
        Err(Unavailable::Busy)
    }

    fn user_of_nonce(&self, _sender: &Address, _nonce: Nonce) -> Result<Option<IncludedTransaction>, Unavailable> {
        Err(Unavailable::Busy)
    }

    fn heads(&self) -> watch::Receiver<Height> {
        self.0.subscribe()
    }

    fn submit(&self, _: Transaction) -> Later<'_, Result<Hash32, Refused>> {
        Box::pin(async { Err(Unavailable::Busy.into()) })
    }

    fn submit_system(&self, _: SystemCall) -> Later<'_, Result<(), Refused>> {
        Box::pin(async { Err(Unavailable::Busy.into()) })
    }
}

#[tokio::test]
async fn what_was_missed_and_what_is_new_come_by_the_same_path_in_order() {
    let chain = Arc::new(MadeUp(watch::Sender::new(Height(2)), Registry::new(Vec::new())));
    let mut follower = Follower::new(chain.clone(), Height(1));
    for height in 1..=2 {
        assert_eq!(follower.next().await.expect("a block").header.height, Height(height));
    }
    chain.0.send_replace(Height(200));
    for height in 3..=200 {
        assert_eq!(follower.next().await.expect("a block").header.height, Height(height));
    }
    assert_eq!(follower.next_height(), Height(201));
}

#[tokio::test]
async fn a_block_is_not_lost_when_nobody_waits_for_it_any_more() {
    let chain = Arc::new(MadeUp(watch::Sender::new(Height(5)), Registry::new(Vec::new())));
    let mut follower = Follower::from_now(chain.clone());
    for _ in 0..3 {
        let waits = follower.next();
        assert!(is_pending(waits).await, "there is none yet");
    }
    chain.0.send_replace(Height(7));
    for height in 6..=7 {
        assert_eq!(follower.next().await.expect("a block").header.height, Height(height));
    }
}

async fn is_pending<T>(future: impl Future<Output = T>) -> bool {
    tokio::select! {
        biased;
        _ = future => false,
        () = tokio::task::yield_now() => true,
    }
}
