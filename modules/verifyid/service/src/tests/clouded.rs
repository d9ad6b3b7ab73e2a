//! A node that is behind, that cannot read its store, or that has too much to do: it says so, and nothing is used up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use execution::Registry;
use service::Service;
use service::chain::{
    Chain, ChainBlock, Head, IncludedTransaction, Later, NodeStanding, Refused, StateAt, Unavailable,
};
use tokio::sync::watch;
use tryout::{Running, TryoutChain};
use types::{Address, ChainId, Genesis, Hash32, Height, Nonce, PeerKey, SystemCall, Transaction};

use super::harness::*;
use crate::VerifyIdService;

const CLEAR: u8 = 0;
const BEHIND: u8 = 1;
const UNREADABLE: u8 = 2;

/// A chain that a node does not see clearly.
struct Clouded {
    chain: Arc<TryoutChain>,
    cloud: AtomicU8,
}

impl Chain for Clouded {
    fn id(&self) -> ChainId {
        self.chain.id()
    }

    fn genesis(&self) -> &Genesis {
        self.chain.genesis()
    }

    fn registry(&self) -> &Registry {
        self.chain.registry()
    }

    fn own_peer(&self) -> PeerKey {
        self.chain.own_peer()
    }

    fn now_ms(&self) -> u64 {
        self.chain.now_ms()
    }

    fn standing(&self) -> NodeStanding {
        NodeStanding { is_behind: self.cloud.load(Ordering::Relaxed) == BEHIND, is_read_only: false }
    }

    fn state(&self) -> Result<StateAt, Unavailable> {
        if self.cloud.load(Ordering::Relaxed) == UNREADABLE { Err(Unavailable::Unreadable) } else { self.chain.state() }
    }

    fn head(&self, height: Height) -> Result<Option<Head>, Unavailable> {
        self.chain.head(height)
    }

    fn block(&self, height: Height) -> Result<Option<Arc<ChainBlock>>, Unavailable> {
        self.chain.block(height)
    }

    fn transaction(&self, id: &Hash32) -> Result<Option<IncludedTransaction>, Unavailable> {
        self.chain.transaction(id)
    }

    fn user_of_nonce(&self, sender: &Address, nonce: Nonce) -> Result<Option<IncludedTransaction>, Unavailable> {
        self.chain.user_of_nonce(sender, nonce)
    }

    fn heads(&self) -> watch::Receiver<Height> {
        self.chain.heads()
    }

    fn submit(&self, transaction: Transaction) -> Later<'_, Result<Hash32, Refused>> {
        self.chain.submit(transaction)
    }

    fn submit_system(&self, call: SystemCall) -> Later<'_, Result<(), Refused>> {
        self.chain.submit_system(call)
    }
}

// FAULTS VS7
#[tokio::test]
async fn a_node_that_is_behind_or_cannot_read_says_so_and_the_challenge_stays_good() {
    let mut world = World::new();
    world.settings.challenges_per_minute_max = 2;
    let clouded = Arc::new(Clouded { chain: world.chain.clone(), cloud: AtomicU8::new(CLEAR) });
    let ground = service::Ground { chain: clouded.clone(), ..world.ground() };
    let service = VerifyIdService::on_clocks(&world.settings, ground, Box::new(world.clocks.clone()));
    let service = service.expect("nothing forbids it");
    let routes = Service::routes(&service);
    let running = Running::start(service);
    let asked = challenge(&routes, Device(0)).await;
    for (cloud, code) in [(BEHIND, "behind"), (UNREADABLE, "store_unavailable")] {
        clouded.cloud.store(cloud, Ordering::Relaxed);
        assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.code(), (503, code));
        // What was not given costs the network nothing, however often it asked.
        for _ in 0..3 {
            assert_eq!(post(&routes, ASKER, ASK, &question(Device(0))).await.code(), (503, code));
        }
    }
    clouded.cloud.store(CLEAR, Ordering::Relaxed);
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.status, 200);
    challenge(&routes, Device(0)).await;
    assert_eq!(post(&routes, ASKER, ASK, &question(Device(0))).await.code(), (429, "asked_too_often"));
    running.stop().await.expect("it ends without a fault");
}
