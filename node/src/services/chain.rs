//! The chain as services see it, over the store and the replica.
//!
//! It must not know any service.

use std::sync::Arc;

use execution::{CheckedTransaction, Registry, Reject};
use mempool::PoolReject;
use replica::CallRefusal;
use service::chain::{
    Chain, ChainBlock, Head, IncludedTransaction, Later, NodeStanding, Reason, Refused, StateAt, Unavailable,
};
use store::{AccountPlace, StoreError};
use tokio::sync::watch;
use types::{Address, ChainId, Genesis, Hash32, Height, Nonce, PeerKey, SystemCall, Transaction};

use crate::shell::Port;

/// Entries of an account among which a nonce is looked for: each reads a block.
const HISTORY_MAX: usize = 4_096;

/// The chain of this node.
pub(crate) struct NodeChain(Port);

impl NodeChain {
    pub(crate) const fn new(port: Port) -> Self {
        Self(port)
    }

    /// Form and signatures, on a thread that may take its time.
    async fn check(&self, transaction: Transaction) -> Result<CheckedTransaction, Refused> {
        let port = self.0.clone();
        let check = move || {
            let checked = port.registry.check(port.chain_id, Arc::new(transaction));
            let checked = port.verified.check_signatures(vec![checked]).pop();
            checked
                .unwrap_or(Err(Reject::from(execution::KernelReject::WrongSignature)))
                .map_err(|reject| rule(&port.registry, reject))
        };
        tokio::task::spawn_blocking(check).await.map_err(|_| Refused::from(Unavailable::Stopping))?
    }

    fn tip(&self) -> Result<Height, Unavailable> {
        self.0.store.tip().map(|tip| tip.height).ok_or(Unavailable::Unreadable)
    }
}

/// The store's error goes to the log: a service has no use for it.
fn unreadable(error: StoreError) -> Unavailable {
    tracing::error!(%error, "the store cannot answer a service");
    Unavailable::Unreadable
}

impl Chain for NodeChain {
    fn id(&self) -> ChainId {
        self.0.chain_id
    }

    fn genesis(&self) -> &Genesis {
        &self.0.genesis
    }

    fn registry(&self) -> &Registry {
        &self.0.registry
    }

    fn own_peer(&self) -> PeerKey {
        self.0.network.key()
    }

    fn now_ms(&self) -> u64 {
        self.0.unix_ms()
    }

    fn standing(&self) -> NodeStanding {
        let snapshot = self.0.snapshot.borrow();
        let is_alone = snapshot.set.validators().iter().all(|validator| validator.peer == self.0.network.key());
        let hears = is_alone || !self.0.network.peers().is_empty();
        NodeStanding { is_behind: snapshot.status.catching_up || !hears, is_read_only: self.0.read_only }
    }

    fn state(&self) -> Result<StateAt, Unavailable> {
        let view = self.0.store.view().map_err(unreadable)?;
        let head = self.head(view.height())?.ok_or(Unavailable::Unreadable)?;
        Ok(StateAt { head, view: Box::new(view) })
    }

    fn head(&self, height: Height) -> Result<Option<Head>, Unavailable> {
        let block = self.0.store.block(height).map_err(unreadable)?;
        Ok(block.map(|block| Head { hash: block.hash, header: block.header }))
    }

    fn block(&self, height: Height) -> Result<Option<Arc<ChainBlock>>, Unavailable> {
        if height > self.tip()? {
            return Ok(None);
        }
        let Some(Head { hash, header }) = self.head(height)? else { return Ok(None) };
        let body = self.0.store.body(height).map_err(unreadable)?.ok_or(Unavailable::Unreadable)?;
        let receipts = self.0.store.receipts(height).map_err(unreadable)?.ok_or(Unavailable::Unreadable)?;
        Ok(Some(Arc::new(ChainBlock { hash, header, body: Arc::new(body), receipts: Arc::new(receipts) })))
    }

    fn transaction(&self, id: &Hash32) -> Result<Option<IncludedTransaction>, Unavailable> {
        let Some(place) = self.0.store.transaction(id).map_err(unreadable)? else { return Ok(None) };
        let receipts = self.0.store.receipts(place.height).map_err(unreadable)?.unwrap_or_default();
        let receipt = receipts.get(place.index as usize + 1).filter(|receipt| receipt.id == *id);
        let receipt = receipt.ok_or(Unavailable::Unreadable)?;
        Ok(Some(IncludedTransaction { id: *id, height: place.height, code: receipt.code }))
    }

    fn user_of_nonce(&self, sender: &Address, nonce: Nonce) -> Result<Option<IncludedTransaction>, Unavailable> {
        let store = &self.0.store;
        let history = store.account_history(sender, None, HISTORY_MAX).map_err(unreadable)?;
        for AccountPlace { height, receipt } in history {
            let Some(index) = (receipt as usize).checked_sub(1) else { continue };
            let body = store.body(height).map_err(unreadable)?.ok_or(Unavailable::Unreadable)?;
            let Some(transaction) = body.transactions.get(index) else { return Err(Unavailable::Unreadable) };
            if transaction.body.sender != *sender || transaction.body.nonce > nonce {
                continue;
            }
            if transaction.body.nonce < nonce {
                // The newest come first, and nonces rise.
                return Ok(None);
            }
            let receipts = store.receipts(height).map_err(unreadable)?.unwrap_or_default();
            let found = receipts.get(receipt as usize).ok_or(Unavailable::Unreadable)?;
            return Ok(Some(IncludedTransaction { id: found.id, height, code: found.code }));
        }
        Ok(None)
    }

    fn heads(&self) -> watch::Receiver<Height> {
        self.0.notices.heads()
    }

    fn submit(&self, transaction: Transaction) -> Later<'_, Result<Hash32, Refused>> {
        Box::pin(async move {
            let checked = self.check(transaction).await?;
            let results = self.0.submit(vec![Arc::new(checked)]).await?;
            match results.into_iter().next() {
                Some(Ok(id)) => Ok(id),
                Some(Err(reject)) => Err(pool_refusal(&reject)),
                None => Err(Unavailable::Stopping.into()),
            }
        })
    }

    fn submit_system(&self, call: SystemCall) -> Later<'_, Result<(), Refused>> {
        Box::pin(async move {
            self.0.submit_call(call).await?.map_err(|refusal| match refusal {
                CallRefusal::NotAdmitted(reject) => rule(&self.0.registry, reject),
                CallRefusal::Known => {
                    Refused { code: "already_known", sentence: "it is known already".to_owned(), reason: Reason::Known }
                }
                CallRefusal::Full => Refused {
                    code: "calls_full",
                    sentence: "too many calls of this kind wait for a block".to_owned(),
                    reason: Reason::Full,
                },
            })
        })
    }
}

/// What a rule refuses, in its own words.
fn rule(registry: &Registry, reject: Reject) -> Refused {
    let (code, sentence) = match registry.describe(reject) {
        Some(found) => (found.name, found.sentence.to_owned()),
        None => ("rejected", reject.to_string()),
    };
    Refused { code, sentence, reason: Reason::Rule(reject) }
}

/// What the pool refuses, in its own words.
fn pool_refusal(reject: &PoolReject) -> Refused {
    let reason = match reject {
        PoolReject::AlreadyKnown => Reason::Known,
        PoolReject::PoolFull | PoolReject::SenderLimit { .. } | PoolReject::PeerLimit { .. } => Reason::Full,
        PoolReject::Busy => Reason::Unavailable(Unavailable::Busy),
        _ => Reason::Pool,
    };
    Refused { code: reject.name(), sentence: reject.to_string(), reason }
}
