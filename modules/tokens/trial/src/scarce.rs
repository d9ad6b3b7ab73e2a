//! An asset with little left to mint, and a minter who asks for more than its cap allows (FAULTS E1, I6).

use genesis::GenesisBuilder;
use testnet::sim::{Cast, Casting, Outcome, World};
use tokens::{Mint, Tokens, TokensCall};
use types::{Address, Amount, Asset, AssetId, ByteString};

/// The asset; the first account may mint it.
const SCARCE: AssetId = AssetId(1_000);
/// All that there may be.
const CAP: Amount = Amount(1_000);
/// What there is at the start.
const ISSUED: Amount = Amount(990);

/// Adds the asset.
pub(crate) fn genesis(builder: GenesisBuilder, accounts: &[Address]) -> GenesisBuilder {
    let Some(minter) = accounts.first().copied() else { return builder };
    let symbol = ByteString::new(b"SCARCE".to_vec()).expect("a short symbol");
    let scarce = Asset { symbol, decimals: 0, cap: CAP, minter: Some(minter) };
    builder.module::<Tokens>(|assets| assets.add(SCARCE, scarce)).balance(minter, SCARCE, ISSUED)
}

/// The minter asks for more than the cap allows, once in part and once in full.
pub(crate) fn oversupply(casting: &Casting) -> Outcome {
    let mut world = World::new(casting.seed, &casting.equals(4), Cast::default());
    let to = world.accounts()[1];
    for amount in [6, 5, 1_000, u128::MAX] {
        let mint = TokensCall::Mint(Mint { asset: SCARCE, to, amount: Amount(amount) });
        world.first_account_calls(mint.to_call());
        world.fault("mint above the cap");
    }
    world.start();
    world.run_for(1_000);
    world.expect_progress();
    Outcome::of(world)
}
