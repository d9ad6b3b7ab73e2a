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
use types::{Address, Body, ChainId, Genesis, Hash32, Height, Nonce, PeerKey, SystemCall, Transaction};

use crate::shell::Port;

/// Entries of an account that are read at once.
const PAGE: usize = 256;

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
        let page = |before| store.account_history(sender, before, PAGE).map_err(unreadable);
        // Many entries may stand in one block.
        let mut read: Option<(Height, Body)> = None;
        let nonce_at = |place: &AccountPlace| {
            let Some(index) = (place.receipt as usize).checked_sub(1) else { return Ok(None) };
            let body = match read.take().filter(|(height, _)| *height == place.height) {
                Some((_, body)) => body,
                None => store.body(place.height).map_err(unreadable)?.ok_or(Unavailable::Unreadable)?,
            };
            let transaction = body.transactions.get(index).ok_or(Unavailable::Unreadable)?;
            let found = (transaction.body.sender == *sender).then_some(transaction.body.nonce);
            read = Some((place.height, body));
            Ok(found)
        };
        let Some(AccountPlace { height, receipt }) = place_of_nonce(nonce, page, nonce_at)? else { return Ok(None) };
        let receipts = store.receipts(height).map_err(unreadable)?.unwrap_or_default();
        let found = receipts.get(receipt as usize).ok_or(Unavailable::Unreadable)?;
        Ok(Some(IncludedTransaction { id: found.id, height, code: found.code }))
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

/// Where an account used this nonce, among all its entries: however many came since, of whomever. `page` gives the entries before one,
/// the newest first, and `nonce_at` the nonce of those that the account sent itself.
fn place_of_nonce(
    nonce: Nonce,
    page: impl Fn(Option<AccountPlace>) -> Result<Vec<AccountPlace>, Unavailable>,
    mut nonce_at: impl FnMut(&AccountPlace) -> Result<Option<Nonce>, Unavailable>,
) -> Result<Option<AccountPlace>, Unavailable> {
    let mut before = None;
    loop {
        let places = page(before)?;
        for place in &places {
            match nonce_at(place)? {
                Some(found) if found == nonce => return Ok(Some(*place)),
                // The newest come first, and nonces rise.
                Some(found) if found < nonce => return Ok(None),
                Some(_) | None => {}
            }
        }
        match places.last() {
            Some(last) => before = Some(*last),
            None => return Ok(None),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS HV2: what came in since hid who had used a nonce, so a payout stood for good and nothing told why.
    #[test]
    fn who_used_a_nonce_is_found_behind_however_many_entries_of_others() {
        const OTHERS: u64 = 3 * PAGE as u64;
        // Nonces 0 to 4 at the lowest heights, and then what others sent.
        let page = |before: Option<AccountPlace>| {
            let end = before.map_or(OTHERS + 5, |before| before.height.0);
            let places = (0..end).rev().map(|height| AccountPlace { height: Height(height), receipt: 1 });
            Ok(places.take(PAGE).collect())
        };
        let of = |place: &AccountPlace| (place.height.0 < 5).then_some(Nonce(place.height.0));
        for (nonce, found) in [(0, Some(Height(0))), (3, Some(Height(3))), (4, Some(Height(4))), (5, None), (9, None)] {
            let mut read = 0;
            let nonce_at = |place: &AccountPlace| {
                read += 1;
                Ok(of(place))
            };
            let place = place_of_nonce(Nonce(nonce), page, nonce_at).expect("readable");
            assert_eq!(place.map(|place| place.height), found, "{nonce}");
            assert!(
                read <= OTHERS + 5 && (found.is_some() || read == OTHERS + 1),
                "a lower nonce of its own ends it: {read}"
            );
        }
        let none = place_of_nonce(Nonce(1), |_| Ok(Vec::new()), |_| Ok(None));
        assert_eq!(none, Ok(None));
        let unreadable = place_of_nonce(Nonce(1), page, |_| Err(Unavailable::Unreadable));
        assert_eq!(unreadable, Err(Unavailable::Unreadable));
    }
}
