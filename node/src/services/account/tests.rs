//! What is told of an account while its node has the newest blocks, and while it has not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use execution::Registry;
use service::chain::{ChainBlock, Head, IncludedTransaction, NodeStanding, Refused, StateAt, Unavailable};
use tryout::TryoutChain;
use types::{ChainId, Genesis, Height, PeerKey, SystemCall, Transaction};

use super::*;

/// A chain whose node may be behind.
struct Lagging {
    chain: TryoutChain,
    is_behind: AtomicBool,
}

impl Chain for Lagging {
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
        NodeStanding { is_behind: self.is_behind.load(Ordering::Relaxed), is_read_only: false }
    }

    fn state(&self) -> Result<StateAt, Unavailable> {
        self.chain.state()
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

// FAULTS HV2: an account that was paid in a block which is not here yet was called empty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_called_empty_only_by_a_node_that_has_the_newest_blocks() {
    let folder = tempfile::tempdir().expect("a directory");
    let chain = TryoutChain::new(Vec::new());
    let chain = Arc::new(Lagging { chain, is_behind: AtomicBool::new(true) });
    let key = AccountKey::from_secret(&[200; 32]).expect("a key");
    let need = AccountNeed { about: "", password_key: "", when_held: "ask somebody" };
    let opened = open(("any", need), folder.path(), key, &AccountSettings::default(), chain.clone());
    let (account, keeper) = opened.expect("a new log");
    let mut shown = keeper.shown();
    let task = tokio::spawn(keeper.run());
    let patience = Duration::from_secs(60);
    let seen = tokio::time::timeout(patience, shown.wait_for(|shown| shown.balance.is_some())).await;
    let seen = seen.expect("in time").expect("it runs").clone();
    assert_eq!((seen.balance, seen.trouble), (Some(Amount::ZERO), None), "what is not here may have been paid");
    chain.is_behind.store(false, Ordering::Relaxed);
    let seen = tokio::time::timeout(patience, shown.wait_for(|shown| shown.trouble.is_some())).await;
    let trouble = seen.expect("in time").expect("it runs").trouble.clone().expect("it waited for that");
    assert!(trouble.contains("has less than 1 THR"), "{trouble}");
    drop(account);
    task.await.expect("no panic").expect("the log is written");
}
