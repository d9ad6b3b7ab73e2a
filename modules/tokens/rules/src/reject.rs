//! Why this module rejects a call. Numbers are stable; what the ledger rejects has codes of the kernel.

use types::ModuleId;

execution::rejects! {
    /// What this module rejects.
    pub enum TokensReject of ModuleId(1);
    1 ZeroAmount "zero_amount" "the amount is zero: give at least one base unit"
    2 EmptyBatch "empty_batch" "the batch has no recipient: give at least one"
    3 MalformedSymbol "malformed_symbol" "the symbol must be 1 to 16 ASCII capitals and digits, beginning with a capital"
    4 TooManyDecimals "too_many_decimals" "an asset has at most 18 decimals"
    5 ZeroCap "zero_cap" "the cap is zero: nothing could ever be issued"
    6 InitialAboveCap "initial_above_cap" "the first issue is above the cap"
    7 NothingIssuable "nothing_issuable" "without a minter and a first issue, nothing could ever be issued"
    8 UnknownAsset "unknown_asset" "there is no asset with this number"
    9 NotMinter "not_minter" "only the asset's minter may issue it"
    10 CreationFeeUnpayable "creation_fee_unpayable" "the account's THR does not cover the fee for creating an asset"
    11 AssetsExhausted "assets_exhausted" "there is no number left for another asset"
}
