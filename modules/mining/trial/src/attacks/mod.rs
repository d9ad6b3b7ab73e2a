//! What strangers do to the port for miners and to the routes for proofs of work, one file each, named after the crime.

mod share_flooder;
mod slanderer;

use testnet::hostile::Attacks;

/// The attacks, for the trial.
pub(crate) const ATTACKS: Attacks = Attacks {
    all: &[share_flooder::ATTACK, slanderer::ATTACK],
    bodies: &["/api/v1/mining/submit"],
    not: &[(
        "D5",
        "what miners earn is judged where hashes are counted: modules/mining/stratum/tests/fair.rs and kinds.rs",
    )],
};
