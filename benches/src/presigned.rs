//! Accounts, and transfers between them that are signed before the clock runs.

use std::collections::BTreeMap;

use testnet::devnet::{Outcome, Payment, sign_payment};
use types::{Address, Amount, Hash32, Nonce, TimeMs, Transaction};
use wallet::{AccountKey, Chain};

/// 100 THR: enough for thousands of transfers with their fees.
pub const FIRST_BALANCE: Amount = Amount(100_000_000);
/// Far above the fee at the floor of the price.
const FEE_MAX: Amount = Amount(10_000);
/// Signed transfers stay valid for this long.
const VALIDITY_MS: u64 = 6 * 3_600_000;

/// Accounts that follow from their numbers, and the nonce each is at.
#[derive(Clone, Debug)]
pub struct Crowd {
    keys: Vec<AccountKey>,
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
    /// So many accounts.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let key = |place: usize| {
            let mut secret = [0_u8; 32];
            secret[0] = 2;
            secret[24..].copy_from_slice(&(place as u64 + 1).to_be_bytes());
            AccountKey::from_secret(&secret).expect("a small number is a key of the curve")
        };
        Self { keys: (0..count).map(key).collect(), nonces: vec![0; count], chance: 1 }
    }

    /// What the genesis gives them.
    #[must_use]
    pub fn balances(&self) -> Vec<(Address, Amount)> {
        self.keys.iter().map(|key| (key.address(), FIRST_BALANCE)).collect()
    }

    /// Signs transfers between uniformly chosen pairs, on all cores.
    ///
    /// # Errors
    /// What the wallet refuses.
    pub fn sign(&mut self, chain: &Chain, count: usize, now: TimeMs) -> Outcome<Vec<Ready>> {
        let mut plan = Vec::with_capacity(count);
        for _ in 0..count {
            let (sender, receiver) = self.pair();
            let nonce = self.nonces.get_mut(sender).expect("a sender is one of the crowd");
            plan.push((sender, receiver, Nonce(*nonce)));
            *nonce += 1;
        }
        let valid_until = now.saturating_add(VALIDITY_MS);
        let sign = |(sender, receiver, nonce): &(usize, usize, Nonce)| -> Outcome<Ready> {
            let key = |place: &usize| self.keys.get(*place).expect("a pair is of the crowd");
            let payment = Payment { from: key(sender), to: key(receiver).address(), amount: Amount(1) };
            let transaction = sign_payment(chain, payment, *nonce, valid_until, FEE_MAX)?;
            let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
            Ok(Ready { id, sender: *sender, transaction })
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = plan.len().div_ceil(cores).max(1);
        std::thread::scope(|scope| {
            let sign_share = |share: &[(usize, usize, Nonce)]| share.iter().map(sign).collect::<Outcome<Vec<Ready>>>();
            let threads: Vec<_> = plan.chunks(share).map(|share| scope.spawn(move || sign_share(share))).collect();
            let mut all = Vec::with_capacity(count);
            for thread in threads {
                all.extend(thread.join().expect("signing does not panic")?);
            }
            Ok(all)
        })
    }

    /// Two different members, each as likely as any other.
    fn pair(&mut self) -> (usize, usize) {
        let count = self.keys.len();
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

/// Splits transfers over nodes so that each sender's stay together and in order.
#[must_use]
pub fn by_node(all: Vec<Ready>, nodes: usize) -> Vec<Vec<Ready>> {
    let mut split: BTreeMap<usize, Vec<Ready>> = (0..nodes).map(|node| (node, Vec::new())).collect();
    for ready in all {
        split.entry(ready.sender % nodes).or_default().push(ready);
    }
    split.into_values().collect()
}
