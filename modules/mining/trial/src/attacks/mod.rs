//! What strangers do to the port for miners, one file each, named after the crime.

mod share_flooder;

use testnet::hostile::Attacks;

/// The attacks, for the trial.
pub(crate) const ATTACKS: Attacks = Attacks {
    all: &[share_flooder::ATTACK],
    not: &[(
        "D5",
        "what miners earn is judged where hashes are counted: modules/mining/stratum/tests/fair.rs and kinds.rs",
    )],
};
