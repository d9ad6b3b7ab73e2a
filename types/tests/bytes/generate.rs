//! Values of every kind from a seed, the same on every machine.

use types::{
    Address, Amount, AssetId, Auth, AuthKind, Block, BlsPublicKey, BlsSignature, Body, ByteString, Call, Certificate,
    ChainId, Epoch, Event, Genesis, GenesisAllowance, GenesisBalance, GenesisGrant, GenesisSection, GenesisValidator,
    Hash32, Header, Height, List, ModuleId, MultisigPolicy, Network, Nonce, Parameters, Payer, PeerKey,
    PolicySignature, Power, Proposal, ProtocolVersion, Receipt, Secp256k1Key, Secp256k1Signature, SignerBitmap,
    SystemCall, TimeMs, Transaction, TransactionBody, Validator, ValidatorIndex, ValidatorSet, View, Vote, VoteKind,
    VoteStatement, Weight, Witness,
};

/// SplitMix64: small, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Small and large numbers alike.
    fn number(&mut self) -> u64 {
        let shift = self.below(64);
        self.next() >> shift
    }

    fn wide(&mut self) -> u128 {
        (u128::from(self.number()) << 64) | u128::from(self.next())
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }

    fn bytes<const MAX: usize>(&mut self, bound: u64) -> ByteString<MAX> {
        let length = self.below(bound);
        ByteString::new((0..length).map(|_| self.next() as u8).collect()).expect("the bound is below the maximum")
    }

    fn list<T, const MAX: usize>(&mut self, bound: u64, mut one: impl FnMut(&mut Self) -> T) -> List<T, MAX> {
        let length = self.below(bound);
        List::new((0..length).map(|_| one(self)).collect()).unwrap_or_default()
    }

    fn ascii<const MAX: usize>(&mut self, bound: u64) -> ByteString<MAX> {
        let length = self.below(bound);
        ByteString::new((0..length).map(|_| b'A' + self.below(26) as u8).collect()).expect("within the maximum")
    }

    pub fn hash(&mut self) -> Hash32 {
        Hash32(self.array())
    }

    fn address(&mut self) -> Address {
        Address(self.array())
    }

    fn auth_kind(&mut self) -> AuthKind {
        if self.below(2) == 0 { AuthKind::Single } else { AuthKind::Multisig }
    }

    pub fn policy(&mut self) -> MultisigPolicy {
        let count = 1 + self.below(16);
        let keys: Vec<_> = (0..count).map(|_| Secp256k1Key(self.array())).collect();
        let threshold = 1 + self.below(count);
        MultisigPolicy::new(threshold as u8, keys).expect("random keys differ and the threshold is within them")
    }

    fn auth(&mut self) -> Auth {
        match self.auth_kind() {
            AuthKind::Single => {
                Auth::Single { key: Secp256k1Key(self.array()), signature: Secp256k1Signature(self.array()) }
            }
            AuthKind::Multisig => Auth::Multisig {
                policy: self.policy(),
                signatures: self.list(16, |random| PolicySignature {
                    key: random.below(16) as u8,
                    signature: Secp256k1Signature(random.array()),
                }),
            },
        }
    }

    pub fn transaction(&mut self) -> Transaction {
        let payer = self.below(3) == 0;
        let body = TransactionBody {
            version: 1,
            sender: self.address(),
            auth: self.auth_kind(),
            nonce: Nonce(self.number()),
            valid_until: TimeMs(self.number()),
            fee_max: Amount(self.wide()),
            tip: Amount(self.wide()),
            payer: payer.then(|| Payer { address: self.address(), auth: self.auth_kind() }),
            calls: self.list(16, |random| Call { module: ModuleId(random.number() as u16), body: random.bytes(200) }),
        };
        Transaction { body, witness: Witness { auths: self.list(3, Self::auth) } }
    }

    pub fn header(&mut self) -> Header {
        let last = self.below(4) == 0;
        Header {
            version: ProtocolVersion(self.number() as u16),
            chain_id: ChainId(self.hash()),
            epoch: Epoch(self.number()),
            view: View(self.number()),
            height: Height(self.number()),
            parent: self.hash(),
            time: TimeMs(self.number()),
            proposer: ValidatorIndex(self.below(100) as u16),
            body_root: self.hash(),
            state_root: self.hash(),
            receipts_root: self.hash(),
            price: self.wide(),
            validators_hash: self.hash(),
            next_validators_hash: last.then(|| self.hash()),
        }
    }

    pub fn body(&mut self) -> Body {
        Body {
            system_calls: self
                .list(4, |random| SystemCall { module: ModuleId(random.number() as u16), body: random.bytes(300) }),
            transactions: self.list(6, Self::transaction),
        }
    }

    pub fn block(&mut self) -> Block {
        Block { header: self.header(), body: self.body() }
    }

    pub fn statement(&mut self) -> VoteStatement {
        let kind = [VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize][self.below(3) as usize];
        VoteStatement {
            kind,
            epoch: Epoch(self.number()),
            view: View(self.number()),
            parent_view: View(self.number()),
            block: self.hash(),
        }
    }

    pub fn vote(&mut self) -> Vote {
        Vote {
            statement: self.statement(),
            signer: ValidatorIndex(self.below(100) as u16),
            signature: BlsSignature(self.array()),
        }
    }

    pub fn certificate(&mut self) -> Certificate {
        let validators = 1 + self.below(100) as usize;
        let signers: Vec<_> = (0..validators as u16).filter(|_| self.below(3) > 0).map(ValidatorIndex).collect();
        Certificate {
            statement: self.statement(),
            signers: SignerBitmap::new(validators, signers),
            signature: BlsSignature(self.array()),
        }
    }

    pub fn proposal(&mut self) -> Proposal {
        Proposal { vote: self.vote(), header: self.header() }
    }

    pub fn receipt(&mut self) -> Receipt {
        Receipt {
            id: self.hash(),
            code: self.number() as u32,
            call: self.below(16) as u8,
            weight: Weight(self.number()),
            fee: Amount(self.wide()),
            events: self.list(5, |random| Event {
                module: ModuleId(random.number() as u16),
                kind: random.number() as u16,
                body: random.bytes(100),
            }),
        }
    }

    pub fn validator_set(&mut self) -> ValidatorSet {
        let count = 1 + self.below(100);
        let validators = (0..count).map(|_| Validator {
            key: BlsPublicKey(self.array()),
            power: Power(1 + self.below(1 << 50)),
            account: self.address(),
            peer: PeerKey(self.array()),
        });
        ValidatorSet::new(validators.collect()).expect("random keys differ and the powers are small")
    }

    pub fn genesis(&mut self) -> Genesis {
        Genesis {
            version: ProtocolVersion(1),
            name: self.ascii(64),
            network: if self.below(2) == 0 { Network::Main } else { Network::Test },
            time: TimeMs(self.number()),
            parameters: Parameters::with_ecosystem(self.address()),
            modules: self
                .list(3, |random| GenesisSection { module: ModuleId(random.number() as u16), body: random.bytes(300) }),
            balances: self.list(5, |random| GenesisBalance {
                address: random.address(),
                asset: AssetId(random.below(3)),
                amount: Amount(random.wide()),
            }),
            grants: self.list(3, |random| GenesisGrant {
                module: ModuleId(random.number() as u16),
                pot: random.ascii(64),
                asset: AssetId(random.below(3)),
                amount: Amount(random.wide()),
            }),
            allowances: self.list(3, |random| GenesisAllowance {
                module: ModuleId(random.number() as u16),
                account: random.address(),
                asset: AssetId(random.below(3)),
                share_ppm: random.number() as u32,
                span_ms: random.number(),
            }),
            validators: self.list(5, |random| GenesisValidator {
                key: BlsPublicKey(random.array()),
                possession: BlsSignature(random.array()),
                power: Power(random.number()),
                account: random.address(),
                peer: PeerKey(random.array()),
            }),
        }
    }
}
