//! The state before the first block, and block 0.
//!
//! It must not know files or JSON. Invariant: the state and its root follow from the genesis alone; whatever breaks a rule of the
//! ledger here is refused, never repaired.

use crypto::{ids, jellyfish};
use types::{
    Amount, AssetId, ChainId, Epoch, Genesis, GenesisSection, Hash32, Header, Height, ModuleId, ProtocolVersion, THR,
    Validator, ValidatorIndex, ValidatorSet, ValidatorSetError, View, limits,
};

use crate::context::{BlockInfo, Context, Report};
use crate::fault::Fault;
use crate::module::AnyModule;
use crate::outcome::BlockOutcome;
use crate::overlay::Overlay;
use crate::records::{self, AllowanceRecord, ChainRecord, EpochRecord, RunningRecord, SeedRecord, Tip};
use crate::registry::Registry;
use crate::reject::{KernelReject, Reject};
use crate::section::SectionError;
use crate::system::KERNEL;
use crate::view::MemoryState;
use crate::{epoch, fee, keys, ledger};

/// The rules that chains begin with, and the newest that the kernel knows.
pub const PROTOCOL_VERSION: ProtocolVersion = ProtocolVersion(1);

/// Why a genesis is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// Rules that this code does not know.
    #[error("the genesis asks for protocol version {0}; this program knows version {PROTOCOL_VERSION}")]
    Version(ProtocolVersion),
    /// Validators that make no set.
    #[error(transparent)]
    Validators(#[from] ValidatorSetError),
    /// A number of the fee market that is zero.
    #[error("the fee market's {0} must be above zero")]
    FeeZero(&'static str),
    /// Numbers of the fee market whose price could not be computed.
    #[error("price floor times excess per e must be below 2^96")]
    FeeProduct,
    /// A limit above that of the byte format.
    #[error("the limit {name} is {given}, above the format's {format}")]
    Limit {
        /// Its name.
        name: &'static str,
        /// In the genesis, in bytes.
        given: u32,
        /// Of the format, in bytes.
        format: usize,
    },
    /// Balances out of order or twice.
    #[error("the balances must be in rising order of address and asset, without repeats; entry {0} is not")]
    BalanceOrder(usize),
    /// More than may be issued.
    #[error("the balances of asset {asset} are above its cap of {cap} base units")]
    AboveCap {
        /// The asset.
        asset: AssetId,
        /// Most base units that may ever be issued.
        cap: Amount,
    },
    /// A balance of an asset that nobody defines.
    #[error("a balance is of asset {0}, which is not defined")]
    UnknownAsset(AssetId),
    /// A section whose module this program does not have.
    #[error("the genesis begins module {0}, which this program does not have: install a release that has it")]
    UnknownModule(ModuleId),
    /// A section that breaks a rule of its module.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// An asset that a module is to back, and that is not there or another's.
    #[error("asset {0} is to be backed by a module, but no section begins it, or another module backs it")]
    Unbacked(AssetId),
    /// Money of an asset that a module alone issues.
    #[error("the genesis gives out asset {0}, which a module backs and alone issues")]
    Backed(AssetId),
    /// A grant or an allowance of a module that the genesis does not begin.
    #[error("the genesis gives money to module {0}, which has no section in it")]
    NotBegun(ModuleId),
    /// What a module refuses.
    #[error("{0}")]
    Module(String),
    /// The ledger does not add up.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Block 0 and the state after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisBlock {
    /// Its header, with zero roots.
    pub header: Header,
    /// The whole first state as changes of the empty one.
    pub outcome: BlockOutcome,
}

impl Registry {
    /// Makes block 0 and the first state.
    ///
    /// # Errors
    /// What is wrong with the genesis.
    pub fn genesis(&self, genesis: &Genesis, chain_id: ChainId) -> Result<GenesisBlock, GenesisError> {
        check_numbers(genesis)?;
        self.check_sections(genesis)?;
        let set = validator_set(genesis)?;
        let empty = MemoryState::default();
        let mut overlay = Overlay::new(&empty);
        let header = header_of(genesis, chain_id, &set);
        let hash = ids::header_hash(&header);
        let block = block_info(genesis, chain_id, &set);
        let receipts_root = ids::receipts_root(&[]);
        write_records(
            &mut overlay,
            genesis,
            chain_id,
            &set,
            Tip { height: Height::ZERO, hash, time: genesis.time, is_last: false, receipts_root, excess: 0 },
        );
        epoch::remember(&mut overlay, &block, hash);
        ledger::open(&mut overlay, THR, genesis.parameters.thr_cap)
            .map_err(|_| GenesisError::Module("THR is defined twice".to_owned()))?;
        for GenesisSection { module: id, body } in &genesis.modules {
            let module = self.module(*id).ok_or(GenesisError::UnknownModule(*id))?;
            let mut report = Report::default();
            module.genesis(body, &mut Context::new(&block, *id, None, &mut overlay, &mut report))?;
        }
        for module in genesis.modules.iter().filter_map(|section| self.module(section.module)) {
            bind_backed(&mut overlay, module).map_err(GenesisError::Unbacked)?;
        }
        write_balances(&mut overlay, genesis)?;
        write_grants(&mut overlay, genesis)?;
        write_allowances(&mut overlay, genesis)?;
        ledger::check_conservation(&overlay)?;
        let changes = overlay.into_changes();
        let update = jellyfish::update(&empty, jellyfish::EMPTY_ROOT, &changes.tree_changes());
        let outcome = BlockOutcome {
            hash,
            height: Height::ZERO,
            changes,
            pages: update.pages,
            pages_replaced: update.replaced,
            state_root: Hash32(update.root),
            receipts: Vec::new(),
            receipts_root,
            accounts_touched: Vec::new(),
        };
        Ok(GenesisBlock { header, outcome })
    }
}

/// The validators of the first epochs as a set.
///
/// # Errors
/// Why they make none.
pub fn validator_set(genesis: &Genesis) -> Result<ValidatorSet, ValidatorSetError> {
    let member = |member: &types::GenesisValidator| Validator {
        key: member.key,
        power: member.power,
        account: member.account,
        peer: member.peer,
    };
    ValidatorSet::new(genesis.validators.iter().map(member).collect())
}

fn check_numbers(genesis: &Genesis) -> Result<(), GenesisError> {
    if genesis.version != PROTOCOL_VERSION {
        return Err(GenesisError::Version(genesis.version));
    }
    let fees = &genesis.parameters.fees;
    for (name, number) in [
        ("price floor", fees.price_floor),
        ("weight target", fees.weight_target_per_s),
        ("excess per e", fees.excess_per_e),
    ] {
        if number == 0 {
            return Err(GenesisError::FeeZero(name));
        }
    }
    // The series of the price needs room above the first term, or the least excess would make it unpayable.
    let first_term = u128::from(fees.price_floor).saturating_mul(u128::from(fees.excess_per_e));
    if first_term >= 1 << 96 {
        return Err(GenesisError::FeeProduct);
    }
    let limits_given = &genesis.parameters.limits;
    for (name, given) in
        [("body_bytes_max", limits_given.body_bytes_max), ("system_bytes_max", limits_given.system_bytes_max)]
    {
        if given as usize > limits::BODY_BYTES_MAX {
            return Err(GenesisError::Limit { name, given, format: limits::BODY_BYTES_MAX });
        }
    }
    let out_of_order = genesis.balances.windows(2).position(|pair| match pair {
        [left, right] => (left.address, left.asset) >= (right.address, right.asset),
        _ => false,
    });
    out_of_order.map_or(Ok(()), |place| Err(GenesisError::BalanceOrder(place.saturating_add(1))))
}

fn header_of(genesis: &Genesis, chain_id: ChainId, set: &ValidatorSet) -> Header {
    Header {
        version: genesis.version,
        chain_id,
        epoch: Epoch::ZERO,
        view: View::ZERO,
        height: Height::ZERO,
        parent: Hash32::ZERO,
        time: genesis.time,
        proposer: ValidatorIndex::ZERO,
        body_root: Hash32::ZERO,
        state_root: Hash32::ZERO,
        receipts_root: Hash32::ZERO,
        price: fee::price(&genesis.parameters.fees, 0),
        validators_hash: ids::validator_set_hash(set),
        next_validators_hash: None,
    }
}

fn block_info(genesis: &Genesis, chain_id: ChainId, set: &ValidatorSet) -> BlockInfo {
    BlockInfo {
        chain_id,
        parameters: genesis.parameters.clone(),
        version: genesis.version,
        height: Height::ZERO,
        parent: Hash32::ZERO,
        time: genesis.time,
        epoch: Epoch::ZERO,
        proposer: ValidatorIndex::ZERO,
        proposer_account: set.get(ValidatorIndex::ZERO).map(|first| first.account).unwrap_or_default(),
        price: fee::price(&genesis.parameters.fees, 0),
        seed_mix: chain_id.0,
    }
}

fn write_records(overlay: &mut Overlay<'_>, genesis: &Genesis, chain_id: ChainId, set: &ValidatorSet, tip: Tip) {
    let chain = ChainRecord { chain_id, network: genesis.network, parameters: genesis.parameters.clone() };
    let set_hash = ids::validator_set_hash(set);
    let epoch = EpochRecord {
        number: Epoch::ZERO,
        start: genesis.time,
        version: genesis.version,
        validators_hash: set_hash,
        next_validators_hash: set_hash,
    };
    overlay.write(&keys::chain(), Some(records::encode(&chain)));
    overlay.write(&keys::tip(), Some(records::encode(&tip)));
    overlay.write(&keys::epoch(), Some(records::encode(&epoch)));
    overlay.write(&keys::seed(), Some(records::encode(&SeedRecord { mix: chain_id.0, time: genesis.time })));
    let modules = genesis.modules.iter().map(|section| section.module).collect();
    overlay.write(&keys::running(), Some(records::encode(&RunningRecord { modules })));
    for epoch in [Epoch::ZERO, Epoch(1)] {
        overlay.write(&keys::validators(epoch), Some(records::encode(set)));
    }
}

fn write_balances(overlay: &mut Overlay<'_>, genesis: &Genesis) -> Result<(), GenesisError> {
    for balance in &genesis.balances {
        let supply = ledger::supply(overlay, balance.asset).ok_or(GenesisError::UnknownAsset(balance.asset))?;
        ledger::mint(overlay, KERNEL, balance.asset, &balance.address, balance.amount)
            .map_err(|reject| not_given(reject, balance.asset, supply.cap))?;
    }
    Ok(())
}

fn write_grants(overlay: &mut Overlay<'_>, genesis: &Genesis) -> Result<(), GenesisError> {
    for grant in &genesis.grants {
        begun(genesis, grant.module)?;
        let supply = ledger::supply(overlay, grant.asset).ok_or(GenesisError::UnknownAsset(grant.asset))?;
        let pot = ledger::pot(grant.asset, grant.module, &grant.pot);
        ledger::mint_into(overlay, KERNEL, grant.asset, &pot, grant.amount)
            .map_err(|reject| not_given(reject, grant.asset, supply.cap))?;
    }
    Ok(())
}

/// Why money cannot be given: its asset is one module's to issue, or there would be more than its cap.
fn not_given(reject: Reject, asset: AssetId, cap: Amount) -> GenesisError {
    if reject == KernelReject::NotBacker.into() {
        GenesisError::Backed(asset)
    } else {
        GenesisError::AboveCap { asset, cap }
    }
}

fn write_allowances(overlay: &mut Overlay<'_>, genesis: &Genesis) -> Result<(), GenesisError> {
    for allowance in &genesis.allowances {
        begun(genesis, allowance.module)?;
        let record = AllowanceRecord {
            share_ppm: allowance.share_ppm,
            span_ms: allowance.span_ms,
            from: genesis.time,
            span: u64::MAX,
            left: Amount::ZERO,
        };
        let key = keys::allowance(allowance.module, &allowance.account, allowance.asset);
        overlay.write(&key, Some(records::encode(&record)));
    }
    Ok(())
}

/// Binds the assets that a module backs, or says which one cannot be.
pub(crate) fn bind_backed(overlay: &mut Overlay<'_>, module: &dyn AnyModule) -> Result<(), AssetId> {
    let mut backed = module.backed().iter();
    backed.try_for_each(
        |backed| {
            if ledger::bind(overlay, backed.asset, module.id()) { Ok(()) } else { Err(backed.asset) }
        },
    )
}

fn begun(genesis: &Genesis, module: ModuleId) -> Result<(), GenesisError> {
    let is_begun = genesis.modules.iter().any(|section| section.module == module);
    if is_begun { Ok(()) } else { Err(GenesisError::NotBegun(module)) }
}
