//! Public keys that are open already, with their addresses, because the same accounts come again and again.
//!
//! It must not decide anything: a key that is not here is opened anew, with the same result. Invariants: it never holds more than
//! [`KEYS_MAX`] keys, whoever sends them; only keys that have made a right signature get in, so that filling it takes work.

use std::sync::{Mutex, PoisonError};

use crypto::ecdsa::{self, Check, EcdsaError, ParsedKey};
use crypto::ids;
use types::{Address, Secp256k1Key, Secp256k1Signature};

/// Keys in one set; of these the one that was used longest ago makes room.
const SET: usize = 4;
/// Sets behind one lock.
const SETS_PER_SHARD: usize = 64;
/// Locks.
const SHARDS: usize = 64;
/// Most keys that are kept.
const KEYS_MAX: usize = SET * SETS_PER_SHARD * SHARDS;
// All of them together fit into 2 MiB.
const _: () = assert!(KEYS_MAX * size_of::<Slot>() <= 2 * 1024 * 1024);

/// What is known of a key.
#[derive(Clone, Copy)]
struct Known {
    key: Secp256k1Key,
    open: ParsedKey,
    address: Address,
}

type Slot = Option<Known>;

/// A bounded memory of open keys.
pub(crate) struct KeyCache {
    /// Each is empty until its first key comes.
    shards: [Mutex<Vec<Slot>>; SHARDS],
}

impl KeyCache {
    pub(crate) const fn new() -> Self {
        Self { shards: [const { Mutex::new(Vec::new()) }; SHARDS] }
    }

    /// Says of each signature of a digest by a key what [`ecdsa::verify`] says.
    pub(crate) fn verify_many(
        &self,
        checks: &[(&[u8; 32], &Secp256k1Key, &Secp256k1Signature)],
    ) -> Vec<Result<(), EcdsaError>> {
        let open = |key: &Secp256k1Key| match self.get(key) {
            Some(known) => Ok((known.open, true)),
            None => Ok((ParsedKey::parse(key)?, false)),
        };
        let keys: Vec<Result<(ParsedKey, bool), EcdsaError>> = checks.iter().map(|(_, key, _)| open(key)).collect();
        let opened = checks.iter().zip(&keys).filter_map(|((digest, _, signature), key)| {
            let (key, _) = key.as_ref().ok()?;
            Some(Check { digest, key, signature })
        });
        let mut verdicts = ecdsa::verify_many(&opened.collect::<Vec<_>>()).into_iter();
        let answers = checks.iter().zip(keys).map(|((_, key, _), open)| {
            let (open, is_known) = open?;
            verdicts.next().unwrap_or(Err(EcdsaError::Mismatch))?;
            if !is_known {
                self.insert(key, open);
            }
            Ok(())
        });
        answers.collect()
    }

    /// As [`ids::address_of_key`].
    pub(crate) fn address(&self, key: &Secp256k1Key) -> Address {
        self.get(key).map_or_else(|| ids::address_of_key(key), |known| known.address)
    }

    fn get(&self, key: &Secp256k1Key) -> Option<Known> {
        self.with_set(key, |set| {
            let place = set.iter().position(|slot| slot.as_ref().is_some_and(|known| known.key == *key))?;
            set.get_mut(..=place)?.rotate_right(1);
            *set.first()?
        })
    }

    fn insert(&self, key: &Secp256k1Key, open: ParsedKey) {
        let address = ids::address_of_key(key);
        self.with_set(key, |set| {
            let is_new = !set.iter().flatten().any(|known| known.key == *key);
            if is_new {
                set.rotate_right(1);
                if let Some(first) = set.first_mut() {
                    *first = Some(Known { key: *key, open, address });
                }
            }
            None::<()>
        });
    }

    /// Hands the set of a key to `work`, the key that was used last in front.
    fn with_set<T>(&self, key: &Secp256k1Key, work: impl FnOnce(&mut [Slot]) -> Option<T>) -> Option<T> {
        // The coordinate is as good as random; who grinds keys for one set makes others open keys again, and no more.
        let [_, shard, set, ..] = key.0;
        let mut slots =
            self.shards.get(usize::from(shard) & (SHARDS - 1))?.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.is_empty() {
            slots.resize(SET * SETS_PER_SHARD, None);
        }
        let (sets, _) = slots.as_chunks_mut::<SET>();
        work(sets.get_mut(usize::from(set) & (SETS_PER_SHARD - 1))?)
    }
}

#[cfg(test)]
mod tests {
    use crypto::ecdsa_pure::SigningKey;

    use super::*;

    fn pair(number: u16) -> (SigningKey, Secp256k1Key) {
        let mut bytes = [1; 32];
        bytes[30..].copy_from_slice(&number.to_be_bytes());
        let secret = SigningKey::from_bytes(&bytes).expect("below the order");
        let key = secret.public_key();
        (secret, key)
    }

    fn verify(
        cache: &KeyCache,
        digest: &[u8; 32],
        key: &Secp256k1Key,
        signature: &Secp256k1Signature,
    ) -> Result<(), EcdsaError> {
        let verdicts = cache.verify_many(&[(digest, key, signature); 3]);
        assert!(verdicts.len() == 3 && verdicts.iter().all(|verdict| *verdict == verdicts[0]));
        cache.verify_many(&[(digest, key, signature)])[0]
    }

    fn kept(cache: &KeyCache) -> usize {
        cache.shards.iter().map(|shard| shard.lock().expect("no panic").iter().flatten().count()).sum()
    }

    #[test]
    fn a_verdict_is_the_same_with_and_without_the_key_in_memory() {
        let cache = KeyCache::new();
        let (secret, key) = pair(7);
        let (digest, other) = ([5; 32], [6; 32]);
        let signature = secret.sign(&digest);
        assert_eq!(verify(&cache, &other, &key, &signature), Err(EcdsaError::Mismatch));
        assert_eq!(kept(&cache), 0, "a wrong signature brings no key in");
        for _ in 0..2 {
            assert_eq!(cache.address(&key), ids::address_of_key(&key));
            assert_eq!(verify(&cache, &digest, &key, &signature), Ok(()));
            assert_eq!(verify(&cache, &other, &key, &signature), Err(EcdsaError::Mismatch));
        }
        assert_eq!(kept(&cache), 1);
        let no_point = Secp256k1Key([2; 33].map(|byte: u8| byte ^ 0xfd));
        assert_eq!(verify(&cache, &digest, &no_point, &signature), ecdsa::verify(&digest, &no_point, &signature));
    }

    #[test]
    fn a_full_set_forgets_the_key_that_was_used_longest_ago() {
        let cache = KeyCache::new();
        let mut same_set: Vec<(SigningKey, Secp256k1Key)> = Vec::new();
        for number in 0..u16::MAX {
            let (secret, key) = pair(number);
            let place = |key: &Secp256k1Key| (key.0[1] & 63, key.0[2] & 63);
            if same_set.first().is_none_or(|(_, first)| place(first) == place(&key)) {
                same_set.push((secret, key));
            }
            if same_set.len() == SET + 1 {
                break;
            }
        }
        let digest = [9; 32];
        for (secret, key) in same_set.iter().take(SET) {
            assert_eq!(verify(&cache, &digest, key, &secret.sign(&digest)), Ok(()));
        }
        let [first, second, .., last] = same_set.as_slice() else { panic!("five keys of one set exist") };
        assert!(cache.get(&first.1).is_some());
        assert_eq!(verify(&cache, &digest, &last.1, &last.0.sign(&digest)), Ok(()));
        assert_eq!(kept(&cache), SET);
        assert!(cache.get(&first.1).is_some() && cache.get(&last.1).is_some());
        assert!(cache.get(&second.1).is_none());
    }
}
