//! A key that was made to cancel the others (FAULTS C10): its owner could sign for everybody. The genesis refuses it,
//! because nobody can prove possession of it; where it is let in, one validator forges a quorum.

use bls12_381::{G2Affine, G2Projective};
use consensus::verify::certificates_hold;
use crypto::ids::vote_preimage;
use genesis::GenesisError;
use types::{
    BlsPublicKey, Certificate, Epoch, Genesis, Hash32, List, SignerBitmap, ValidatorIndex, View, VoteKind,
    VoteStatement,
};

use super::super::ground::Ground;
use super::super::keys::{SignatureKind, Signatures, ValidatorKey, validator_keys};
use super::super::outcome::Outcome;
use super::Casting;

const MEMBERS: usize = 4;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut outline = casting.outline(vec![1; MEMBERS]);
    outline.signatures = SignatureKind::Bls;
    let ground = Ground::new(&outline);
    let attacker = &validator_keys(MEMBERS + 1)[usize::try_from(casting.seed % 4).expect("below four")];
    let genesis = with_rogue(&ground, attacker);
    let checked = match genesis::check(&genesis, &ground.registry) {
        Err(GenesisError::Possession { .. }) => Ok(()),
        Err(other) => Err(format!("the rogue key was refused for another reason: {other}")),
        Ok(()) => forge(&genesis, attacker),
    };
    let mut outcome = Outcome::of_check("no forgery", checked);
    outcome.faults.add("rogue key");
    outcome
}

/// The genesis with one validator more, whose key is the attacker's less the sum of all others'.
fn with_rogue(ground: &Ground, attacker: &ValidatorKey) -> Genesis {
    let mut genesis = ground.genesis.as_ref().clone();
    let mut validators = genesis.validators.to_vec();
    let others: G2Projective = validators.iter().map(|member| G2Projective::from(point(&member.key))).sum();
    let rogue = G2Affine::from(G2Projective::from(point(&attacker.public)) - others);
    let mut member = validators[0].clone();
    member.key = BlsPublicKey(rogue.to_compressed());
    // The best that the attacker has: a proof for its own key.
    member.possession = attacker.possession;
    member.peer.0[0] ^= 1;
    member.account.0[0] ^= 1;
    validators.push(member);
    validators.sort_unstable_by_key(|member| member.key);
    genesis.validators = List::new(validators).expect("five validators");
    genesis
}

fn point(key: &BlsPublicKey) -> G2Affine {
    Option::from(G2Affine::from_compressed(&key.0)).expect("a public key of the simulation is a point")
}

/// One signature of the attacker alone, as the signature of all.
fn forge(genesis: &Genesis, attacker: &ValidatorKey) -> Result<(), String> {
    let chain = genesis::chain_id(genesis);
    let set = genesis::validator_set(genesis).map_err(|error| error.to_string())?;
    let statement = VoteStatement {
        kind: VoteKind::Finalize,
        epoch: Epoch::ZERO,
        view: View(1),
        parent_view: View::ZERO,
        block: Hash32([0xbb; 32]),
    };
    let everybody = (0..set.len()).map(|place| ValidatorIndex(u16::try_from(place).expect("few")));
    let signature = attacker.secret.sign(&vote_preimage(chain, &statement)).to_bytes();
    let signers = SignerBitmap::new(set.len(), everybody);
    let forged = Certificate { statement, signers, signature };
    let signatures = Signatures::new(SignatureKind::Bls, chain);
    if certificates_hold(&set, &[forged], &signatures) == [true] {
        return Err("one validator with a rogue key finalized a block in the name of all".to_owned());
    }
    Err("a validator without a proof of possession is in the genesis".to_owned())
}
