//! Votes, and what blocks carry of validators' signatures, checked with BLS, for the real network.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use consensus::{Aggregated, EqualVotes, Scheme};
use crypto::bls::{AggregatePublicKey, BatchItem, PublicKey, Signature, aggregate_bytes, verify_batch};
use crypto::ids::{VOTE_PREIMAGE_BYTES, vote_preimage};
use execution::ValidatorSignatures;
use types::{BlsPublicKey, BlsSignature, ChainId, ValidatorIndex, ValidatorSet, VoteStatement};

/// Parsed keys that are kept: several full sets.
const KEYS_MAX: usize = 1_024;
/// Sums of keys that are kept, half a kilobyte each: a set of four has five quorums, and a larger one signs with few of
/// the many it has.
const SUMS_MAX: usize = 256;

/// BLS12-381 multisignatures over vote statements of one chain.
///
/// Keys of a set had their possession proven when they entered it; each is parsed once.
pub struct BlsScheme {
    chain: ChainId,
    /// Weighs the parts of a batch; fresh secret entropy of this process.
    batch_seed: [u8; 32],
    keys: Mutex<Keys>,
}

/// Keys in the form that verifying takes.
#[derive(Default)]
struct Keys {
    parsed: HashMap<BlsPublicKey, Arc<PublicKey>>,
    /// By the hash of the keys that were added up.
    sums: HashMap<[u8; 32], Arc<AggregatePublicKey>>,
}

impl Keys {
    fn key(&mut self, bytes: &BlsPublicKey) -> Option<Arc<PublicKey>> {
        if let Some(key) = self.parsed.get(bytes) {
            return Some(key.clone());
        }
        let key = Arc::new(PublicKey::parse(bytes).ok()?);
        if self.parsed.len() >= KEYS_MAX {
            self.parsed.clear();
        }
        self.parsed.insert(*bytes, key.clone());
        Some(key)
    }

    fn sum(&mut self, keys: &[&BlsPublicKey]) -> Option<Arc<AggregatePublicKey>> {
        let bytes: Vec<u8> = keys.iter().flat_map(|key| key.as_bytes()).copied().collect();
        let name = crypto::hash::sha256(&bytes);
        if let Some(sum) = self.sums.get(&name) {
            return Some(sum.clone());
        }
        let keys: Option<Vec<_>> = keys.iter().map(|key| self.key(key)).collect();
        let sum = Arc::new(AggregatePublicKey::new(keys?.iter().map(AsRef::as_ref))?);
        if self.sums.len() >= SUMS_MAX {
            self.sums.clear();
        }
        self.sums.insert(name, sum.clone());
        Some(sum)
    }
}

/// Something signed, as points.
struct Part {
    message: [u8; VOTE_PREIMAGE_BYTES],
    key: Arc<AggregatePublicKey>,
    signature: Signature,
}

impl BlsScheme {
    /// A scheme for one chain. `batch_seed` is fresh secret entropy.
    #[must_use]
    pub fn new(chain: ChainId, batch_seed: [u8; 32]) -> Self {
        Self { chain, batch_seed, keys: Mutex::default() }
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, Keys> {
        // A panic elsewhere cannot leave a map half-written: each call writes one entry.
        self.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The sum of some members' keys.
    fn sum(
        &self,
        set: &ValidatorSet,
        signers: impl Iterator<Item = ValidatorIndex>,
    ) -> Option<Arc<AggregatePublicKey>> {
        let keys: Option<Vec<&BlsPublicKey>> = signers.map(|signer| Some(&set.get(signer)?.key)).collect();
        self.keys().sum(&keys?)
    }

    fn part(&self, set: &ValidatorSet, aggregated: &Aggregated<'_>) -> Option<Part> {
        Some(Part {
            message: vote_preimage(self.chain, aggregated.statement),
            key: self.sum(set, aggregated.signers.iter().copied())?,
            signature: Signature::parse(aggregated.signature).ok()?,
        })
    }

    fn part_of_votes(&self, set: &ValidatorSet, votes: &EqualVotes<'_>) -> Option<Part> {
        Some(Part {
            message: vote_preimage(self.chain, votes.statement),
            key: self.sum(set, votes.votes.iter().map(|(signer, _)| *signer))?,
            signature: aggregate_bytes(votes.votes.iter().map(|(_, signature)| signature))?,
        })
    }

    /// Whether all parts are right; false for none.
    fn hold(&self, parts: &[Part]) -> bool {
        // The factors depend on what is checked and on a secret: nobody can choose a batch that fits them.
        let mut seed = self.batch_seed;
        for part in parts {
            seed = crypto::hash::sha256(&[seed.as_slice(), part.signature.to_bytes().as_bytes()].concat());
        }
        let items = parts.iter().map(|part| {
            let Part { message, key, signature } = part;
            BatchItem { message, key, signature }
        });
        verify_batch(&items.collect::<Vec<_>>(), &seed)
    }
}

impl ValidatorSignatures for BlsScheme {
    fn verify(&self, keys: &[&BlsPublicKey], message: &[u8], signature: &BlsSignature) -> bool {
        let Ok(signature) = Signature::parse(signature) else { return false };
        self.keys().sum(keys).is_some_and(|sum| sum.verify(message, &signature))
    }
}

impl Scheme for BlsScheme {
    fn verify_vote(
        &self,
        set: &ValidatorSet,
        signer: ValidatorIndex,
        statement: &VoteStatement,
        signature: &BlsSignature,
    ) -> bool {
        let Some(key) = set.get(signer).and_then(|member| self.keys().key(&member.key)) else { return false };
        let message = vote_preimage(self.chain, statement);
        Signature::parse(signature).is_ok_and(|signature| key.verify(&message, &signature))
    }

    fn aggregate(&self, signatures: &[BlsSignature]) -> Option<BlsSignature> {
        aggregate_bytes(signatures).map(|sum| sum.to_bytes())
    }

    fn verify_aggregated(&self, set: &ValidatorSet, aggregated: Aggregated<'_>) -> bool {
        self.part(set, &aggregated).is_some_and(|part| part.key.verify(&part.message, &part.signature))
    }

    fn verify_batch(&self, set: &ValidatorSet, batch: &[Aggregated<'_>]) -> bool {
        let parts: Option<Vec<Part>> = batch.iter().map(|aggregated| self.part(set, aggregated)).collect();
        parts.is_some_and(|parts| self.hold(&parts))
    }

    fn verified_sums(&self, set: &ValidatorSet, parts: &[EqualVotes<'_>]) -> Option<Vec<BlsSignature>> {
        let parts: Option<Vec<Part>> = parts.iter().map(|votes| self.part_of_votes(set, votes)).collect();
        parts.filter(|parts| self.hold(parts)).map(|parts| parts.iter().map(|part| part.signature.to_bytes()).collect())
    }
}

#[cfg(test)]
mod tests {
    use crypto::bls::SecretKey;
    use types::{Address, Epoch, Hash32, PeerKey, Power, Validator, View, VoteKind};

    use super::*;

    const CHAIN: ChainId = ChainId(Hash32([1; 32]));

    /// A set, and its secrets in the set's order.
    fn set_of(count: u8, salt: u8) -> (ValidatorSet, Vec<SecretKey>) {
        let mut secrets: Vec<SecretKey> =
            (0..count).map(|place| SecretKey::from_ikm(&[place.wrapping_add(salt); 32])).collect();
        secrets.sort_by_key(|secret| secret.public_key().to_bytes());
        let member = |(secret, place): (&SecretKey, u8)| Validator {
            key: secret.public_key().to_bytes(),
            power: Power(1),
            account: Address([place; 20]),
            peer: PeerKey([place; 32]),
        };
        (ValidatorSet::new(secrets.iter().zip(0..).map(member).collect()).expect("a set"), secrets)
    }

    fn statement(view: u64) -> VoteStatement {
        let (kind, epoch, parent_view) = (VoteKind::Finalize, Epoch::ZERO, View::ZERO);
        VoteStatement { kind, epoch, view: View(view), parent_view, block: Hash32([8; 32]) }
    }

    fn members(bits: usize) -> Vec<ValidatorIndex> {
        (0..16).filter(|place| bits >> place & 1 == 1).map(ValidatorIndex).collect()
    }

    fn votes(secrets: &[SecretKey], bits: usize, view: u64) -> Vec<(ValidatorIndex, BlsSignature)> {
        let message = vote_preimage(CHAIN, &statement(view));
        let vote = |signer: ValidatorIndex| (signer, secrets[usize::from(signer.0)].sign(&message).to_bytes());
        members(bits).into_iter().map(vote).collect()
    }

    /// The sum of the votes, made and checked in two steps.
    fn in_steps(scheme: &BlsScheme, set: &ValidatorSet, part: EqualVotes<'_>) -> Option<BlsSignature> {
        let (signers, signatures): (Vec<_>, Vec<_>) = part.votes.iter().copied().unzip();
        let sum = scheme.aggregate(&signatures)?;
        let aggregated = Aggregated { statement: part.statement, signers: &signers, signature: &sum };
        scheme.verify_aggregated(set, aggregated).then_some(sum)
    }

    #[test]
    fn a_sum_is_the_same_whether_made_and_checked_at_once_or_in_steps() {
        let scheme = BlsScheme::new(CHAIN, [1; 32]);
        let (set, secrets) = set_of(5, 0);
        let of_all = votes(&secrets, 0b11111, 1);
        let mut right = 0;
        for bits in 0..32 {
            for crime in 0..5 {
                let mut votes = votes(&secrets, bits, 1);
                match votes.as_mut_slice() {
                    [first, ..] if crime == 1 => first.1 = of_all[(usize::from(first.0.0) + 1) % 5].1,
                    [first, ..] if crime == 2 => first.1.0[0] ^= 0x20,
                    [first, ..] if crime == 3 => first.1 = BlsSignature::ZERO,
                    [first, second, ..] if crime == 4 => std::mem::swap(&mut first.1, &mut second.1),
                    _ => {}
                }
                let statement = statement(1);
                let part = EqualVotes { statement: &statement, votes: &votes };
                let sum = in_steps(&scheme, &set, part);
                assert_eq!(scheme.verified_sums(&set, &[part]), sum.map(|sum| vec![sum]), "{bits:b}, {crime}");
                // Votes swapped between two signers still add up; nothing adds up to nothing.
                let spoiled = (1..=3).contains(&crime) || bits == 0;
                assert_eq!(sum.is_some(), !spoiled, "{bits:b}, {crime}");
                right += u32::from(sum.is_some());
            }
        }
        assert_eq!(right, 62);
    }

    #[test]
    fn several_sums_hold_together_only_if_each_does() {
        let scheme = BlsScheme::new(CHAIN, [1; 32]);
        let (set, secrets) = set_of(4, 0);
        let statements: Vec<_> = (0..6).map(statement).collect();
        let quorums = [0b0111, 0b0111, 0b1011, 0b0111, 0b1111, 0b0111];
        let good: Vec<_> = (0..).zip(quorums).map(|(view, bits)| votes(&secrets, bits, view)).collect();
        let parts = |votes: &[Vec<_>]| -> Option<Vec<BlsSignature>> {
            let part = |(statement, votes)| EqualVotes { statement, votes };
            let votes = votes.iter().map(Vec::as_slice);
            scheme.verified_sums(&set, &statements.iter().zip(votes).map(part).collect::<Vec<_>>())
        };
        let one_by_one = statements
            .iter()
            .zip(&good)
            .map(|(statement, votes)| in_steps(&scheme, &set, EqualVotes { statement, votes }).expect("all are right"));
        assert_eq!(parts(&good), Some(one_by_one.collect()));
        assert_eq!(parts(&[]), None, "none are not right");
        for place in 0..6 {
            let mut bad = good.clone();
            bad[place][0].1 = good[(place + 1) % 6][0].1;
            assert_eq!(parts(&bad), None, "a vote for another view in {place}");
            let mut bad = good.clone();
            bad[place][1].1 = BlsSignature::ZERO;
            assert_eq!(parts(&bad), None, "no signature in {place}");
            let mut bad = good.clone();
            bad.swap(place, (place + 1) % 6);
            assert_eq!(parts(&bad), None, "two statements swapped at {place}");
        }
    }

    #[test]
    fn a_kept_sum_of_keys_never_stands_for_other_signers_or_another_set() {
        let scheme = BlsScheme::new(CHAIN, [1; 32]);
        let sets = [set_of(9, 0), set_of(9, 100)];
        let statement = statement(1);
        // More than are kept, each asked for again after it was put out.
        for round in 0..2 {
            for bits in 1..300 {
                for (place, (set, secrets)) in sets.iter().enumerate() {
                    let votes = votes(secrets, bits, 1);
                    let sum = aggregate_bytes(votes.iter().map(|(_, signature)| signature));
                    let signature = sum.expect("there is a vote").to_bytes();
                    let holds = |set: &ValidatorSet, bits| {
                        let signers = members(bits);
                        let (statement, signature) = (&statement, &signature);
                        scheme.verify_aggregated(set, Aggregated { statement, signers: &signers, signature })
                    };
                    assert!(holds(set, bits), "round {round}, {bits:b} of set {place}");
                    if bits % 8 == round {
                        assert!(!holds(set, bits ^ 0b100), "{bits:b}");
                        assert!(!holds(&sets[1 - place].0, bits), "{bits:b}");
                    }
                }
            }
        }
        let stranger = [ValidatorIndex(9)];
        let signature = &votes(&sets[0].1, 1, 1)[0].1;
        let aggregated = Aggregated { statement: &statement, signers: &stranger, signature };
        assert!(!scheme.verify_aggregated(&sets[0].0, aggregated), "no member has this place");
    }

    #[test]
    fn the_rules_get_the_answers_that_a_check_without_memory_gives() {
        let scheme = BlsScheme::new(CHAIN, [1; 32]);
        let (set, secrets) = set_of(4, 0);
        let key = |place: usize| &set.get(members(1 << place)[0]).expect("a member").key;
        let message = b"a seed".as_slice();
        let signatures: Vec<_> = secrets.iter().map(|secret| secret.sign(message).to_bytes()).collect();
        for bits in 0..16_usize {
            let places: Vec<usize> = (0..4).filter(|place| bits >> place & 1 == 1).collect();
            let keys: Vec<&BlsPublicKey> = places.iter().map(|place| key(*place)).collect();
            let sum = aggregate_bytes(places.iter().map(|place| &signatures[*place]));
            let sum = sum.map_or(BlsSignature::ZERO, |sum| sum.to_bytes());
            // Twice: the second time from what is kept.
            for (message, signature) in
                [(message, &sum), (b"other".as_slice(), &sum), (message, &signatures[3])].repeat(2)
            {
                let expected = execution::Blst.verify(&keys, message, signature);
                assert_eq!(ValidatorSignatures::verify(&scheme, &keys, message, signature), expected, "{bits:b}");
                assert!(expected == (message == b"a seed" && (*signature == sum || bits == 0b1000) && bits > 0));
            }
        }
        let unknown = BlsPublicKey([0xff; 96]);
        assert!(!ValidatorSignatures::verify(&scheme, &[&unknown], message, &signatures[0]), "no point");
    }
}
