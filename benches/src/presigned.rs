//! Accounts, and transfers between them that are signed before the clock runs.
//!
//! They sign with libsecp256k1, which is several times faster than what wallets sign with: a load generator must not be what is
//! measured. The bytes are the same, as both sign deterministically.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use execution::{CheckedTransaction, Registry};
use secp256k1::{Message, PublicKey, SecretKey};
use testnet::devnet::{Failure, Outcome};
use tokens::{BATCH_RECIPIENTS_MAX, BatchTransfer, Payment, TokensCall};
use tokens_client::{TransferRequest, build_transfer};
use types::{
    Address, Amount, Auth, Call, ChainId, Hash32, List, Nonce, Secp256k1Key, Secp256k1Signature, THR, TimeMs,
    Transaction, TransactionBody, Witness,
};
use wallet::Envelope;
use wallet::transaction::build;

/// 100 THR: enough for thousands of transfers with their fees.
pub const FIRST_BALANCE: Amount = Amount(100_000_000);
/// Far above the fee of a transfer at the floor of the price.
const FEE_MAX: Amount = Amount(10_000);
/// Far above the fee of a batch of transfers.
const BATCH_FEE_MAX: Amount = Amount(1_000_000);
/// Signed transfers stay valid for this long.
const VALIDITY_MS: u64 = 6 * 3_600_000;

/// A key with what follows from it.
#[derive(Clone, Debug)]
struct Member {
    secret: SecretKey,
    public: Secp256k1Key,
    address: Address,
}

/// Accounts that follow from their numbers, and the nonce each is at.
#[derive(Clone, Debug)]
pub struct Crowd {
    members: Vec<Member>,
    nonces: Vec<u64>,
    chance: u64,
}

/// A transfer that is ready to be handed in.
#[derive(Clone, Debug)]
pub struct Ready {
    /// What nodes will call it.
    pub id: Hash32,
    /// The sender's place in the crowd.
    pub sender: usize,
    /// The bytes.
    pub transaction: Transaction,
}

impl Crowd {
    /// So many accounts, the same at every start.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let members = on_all_cores(count, |places| places.map(Member::new).collect());
        Self { members, nonces: vec![0; count], chance: 1 }
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What the genesis gives them.
    #[must_use]
    pub fn balances(&self) -> Vec<(Address, Amount)> {
        self.members.iter().map(|member| (member.address, FIRST_BALANCE)).collect()
    }

    /// Signs transfers between uniformly chosen pairs, on all cores.
    ///
    /// # Errors
    /// What the wallet refuses.
    pub fn sign(&mut self, chain: ChainId, count: usize, now: TimeMs) -> Outcome<Vec<Ready>> {
        let plan: Vec<_> = (0..count).map(|_| self.next_pair()).collect();
        let valid_until = now.saturating_add(VALIDITY_MS);
        let one = |(sender, receiver, nonce): &(usize, usize, Nonce)| -> Outcome<Ready> {
            let (from, to) = (self.member(*sender), self.member(*receiver));
            let envelope = Envelope::single(from.address, *nonce, valid_until, FEE_MAX);
            let body = build_transfer(&envelope, &TransferRequest::thr(to.address, Amount(1)))?;
            let (id, transaction) = from.sign(chain, body);
            Ok(Ready { id, sender: *sender, transaction })
        };
        let signed = on_all_cores(count, |places| plan.get(places).into_iter().flatten().map(one).collect::<Vec<_>>());
        signed.into_iter().collect()
    }

    fn member(&self, place: usize) -> &Member {
        self.members.get(place).expect("a pair is of the crowd")
    }

    /// A sender with its next nonce and a receiver.
    fn next_pair(&mut self) -> (usize, usize, Nonce) {
        let (sender, receiver) = self.pair();
        let nonce = self.nonces.get_mut(sender).expect("a sender is one of the crowd");
        let this = Nonce(*nonce);
        *nonce += 1;
        (sender, receiver, this)
    }

    /// Two different members, each as likely as any other.
    fn pair(&mut self) -> (usize, usize) {
        let count = self.members.len();
        let sender = self.below(count);
        let other = self.below(count - 1);
        (sender, if other >= sender { other + 1 } else { other })
    }

    /// SplitMix64: the same pairs at every start.
    fn below(&mut self, bound: usize) -> usize {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).expect("below a usize")
    }
}

/// The account that the accounts of a crowd are paid from, when there are too many for a genesis file.
#[derive(Clone, Debug)]
pub struct Treasury(Member);

impl Default for Treasury {
    fn default() -> Self {
        Self(Member::of_secret([4; 32]))
    }
}

impl Treasury {
    /// Its address.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.0.address
    }

    /// What it needs to give so many accounts their first balance.
    #[must_use]
    pub fn needs(accounts: usize) -> Amount {
        let count = accounts as u128;
        Amount(count * SHARE.0 + (count / BATCH_RECIPIENTS_MAX as u128 + 2) * BATCH_FEE_MAX.0)
    }

    /// Signs the transfers that give every account of the crowd its first balance.
    ///
    /// # Errors
    /// What the wallet refuses.
    pub fn pay(&self, crowd: &Crowd, chain: ChainId, now: TimeMs) -> Outcome<Vec<Transaction>> {
        let valid_until = now.saturating_add(VALIDITY_MS);
        let one = |(nonce, members): (u64, &[Member])| -> Outcome<Transaction> {
            let payments = members.iter().map(|member| Payment { to: member.address, amount: SHARE }).collect();
            let payments = List::new(payments).map_err(|_| Failure::new("a batch has too many recipients"))?;
            let call = TokensCall::BatchTransfer(BatchTransfer { asset: THR, payments });
            let envelope = Envelope::single(self.0.address, Nonce(nonce), valid_until, BATCH_FEE_MAX);
            Ok(self.0.sign(chain, build(&envelope, vec![call.to_call()])?).1)
        };
        (0..).zip(crowd.members.chunks(BATCH_RECIPIENTS_MAX)).map(one).collect()
    }

    /// Signs a transaction of any calls.
    ///
    /// # Errors
    /// What the wallet refuses.
    pub fn carry_out(&self, chain: ChainId, nonce: u64, now: TimeMs, calls: Vec<Call>) -> Outcome<Transaction> {
        let valid_until = now.saturating_add(VALIDITY_MS);
        let envelope = Envelope::single(self.0.address, Nonce(nonce), valid_until, BATCH_FEE_MAX);
        Ok(self.0.sign(chain, build(&envelope, calls)?).1)
    }
}

/// What the treasury gives each account: 1 THR, hundreds of transfers with their fees.
const SHARE: Amount = Amount(1_000_000);

impl Member {
    fn new(place: usize) -> Self {
        let mut secret = [0_u8; 32];
        secret[0] = 2;
        secret[24..].copy_from_slice(&(place as u64 + 1).to_be_bytes());
        Self::of_secret(secret)
    }

    fn of_secret(secret: [u8; 32]) -> Self {
        let secret = SecretKey::from_secret_bytes(secret).expect("a number far below the order is a key of the curve");
        let public = Secp256k1Key(PublicKey::from_secret_key(&secret).serialize());
        Self { secret, public, address: crypto::ids::address_of_key(&public) }
    }

    fn sign(&self, chain: ChainId, body: TransactionBody) -> (Hash32, Transaction) {
        let id = crypto::ids::transaction_id(chain, &body);
        let signature = self.secret.sign_ecdsa(Message::from_digest(id.0)).serialize_compact();
        let auth = Auth::Single { key: self.public, signature: Secp256k1Signature(signature) };
        let auths = List::new(vec![auth]).expect("one is at most two");
        (id, Transaction { body, witness: Witness { auths } })
    }
}

/// Transfers with everything checked but the signature.
///
/// # Errors
/// Never for what a [`Crowd`] signed for this chain.
pub fn checked(registry: &Registry, chain: ChainId, all: Vec<Transaction>) -> Outcome<Vec<CheckedTransaction>> {
    let refused = |error| Failure::new(format!("a transaction made here is refused: {error:?}"));
    all.into_iter().map(|one| registry.check(chain, Arc::new(one)).map_err(refused)).collect()
}

/// The weight of one transfer.
///
/// # Errors
/// Never: transfers are what the chain takes.
pub fn transfer_weight(registry: &Registry) -> Outcome<u64> {
    let ready = Crowd::new(2).sign(ChainId::default(), 1, TimeMs(0))?;
    let all = checked(registry, ChainId::default(), ready.into_iter().map(|ready| ready.transaction).collect())?;
    all.first().map(|one| one.weight.0).ok_or_else(|| Failure::new("one transfer was to be signed"))
}

/// Splits transfers over nodes so that each sender's stay together and in order.
#[must_use]
pub fn by_node(all: Vec<Ready>, nodes: usize) -> Vec<Vec<Ready>> {
    let mut split: BTreeMap<usize, Vec<Ready>> = (0..nodes).map(|node| (node, Vec::new())).collect();
    for ready in all {
        split.entry(ready.sender % nodes).or_default().push(ready);
    }
    split.into_values().collect()
}

/// Does a share of the work on each core, and joins the results in order.
pub(crate) fn on_all_cores<T: Send>(count: usize, work: impl Fn(Range<usize>) -> Vec<T> + Sync) -> Vec<T> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = count.div_ceil(cores).max(1);
    let work = &work;
    std::thread::scope(|scope| {
        let starts = (0..count).step_by(share);
        let threads: Vec<_> = starts.map(|start| scope.spawn(move || work(start..count.min(start + share)))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("the work here does not panic")).collect()
    })
}

#[cfg(test)]
mod tests {
    use wallet::AccountKey;

    use super::*;

    #[test]
    fn a_crowd_signs_the_bytes_that_a_wallet_would() {
        let chain = ChainId::default();
        let mut crowd = Crowd::new(3);
        let ready = crowd.sign(chain, 5, TimeMs(1_000)).expect("they are signed");
        for Ready { id, sender, transaction } in ready {
            let key = AccountKey::from_secret(&crowd.members[sender].secret.to_secret_bytes()).expect("it is a key");
            let again = wallet::sign_transaction(&key, chain, transaction.body.clone()).expect("it is the sender's");
            assert_eq!(again, transaction);
            assert_eq!(id, crypto::ids::transaction_id(chain, &transaction.body));
        }
    }

    #[test]
    fn every_account_of_a_crowd_is_paid_once_and_the_treasury_has_enough() {
        let crowd = Crowd::new(BATCH_RECIPIENTS_MAX + 1);
        let treasury = Treasury::default();
        let paid = treasury.pay(&crowd, ChainId::default(), TimeMs(1_000)).expect("they are signed");
        assert_eq!(paid.len(), 2);
        let fees: u128 = paid.iter().map(|one| one.body.fee_max.0).sum();
        assert!(fees + SHARE.0 * crowd.len() as u128 <= Treasury::needs(crowd.len()).0);
        assert!(crowd.balances().iter().all(|(address, _)| *address != treasury.address()));
    }
}
