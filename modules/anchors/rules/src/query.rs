//! Questions about anchors, and the typed functions that answer them.
//!
//! Every one names an account. What is not there is said to be not there; the proof is that of an absent key, see `keys`.

use borsh::BorshDeserialize;
use execution::{Argument, ArgumentKind, ModuleQuery, ModuleView, QueryArguments, QueryError, argument};
use serde::Serialize;
use serde_json::{Value, json};
use types::{Address, Hash32};

use crate::answers::{AttestationAnswer, ContractAnswer, HashAnswer, LogAnswer, PutAnswer, ServiceAnswer};
use crate::genesis::AnchorsParameters;
use crate::keys;
use crate::names::{HashKind, SigningMethod, text};
use crate::records::{
    AttestationRecord, ContractRecord, HashRecord, LogRecord, PutRecord, ServiceRecord, decode, view,
};

/// Most entries of a list: a page of attestations stays below a megabyte.
pub const PAGE_MAX: usize = 256;
const PAGE_DEFAULT: usize = 100;

const ACCOUNT: Argument = Argument::required("account", ArgumentKind::Address, "the account");
const NAMESPACE: Argument = Argument::required("namespace", ArgumentKind::Text, "the namespace");
const KIND: Argument = Argument::required(
    "kind",
    ArgumentKind::Number,
    "1 document, 2 identity, 3 signature, 4 kyc, 5 model, 6 export, 7 evidence",
);
const SERVICE: Argument = Argument::required("service", ArgumentKind::Text, "the name of the service");
const FROM_HASH: Argument = Argument::optional("from", ArgumentKind::Hash, "the first of the list");
const FROM_TEXT: Argument = Argument::optional("from", ArgumentKind::Text, "the first of the list");
const LIMIT: Argument =
    Argument::optional("limit", ArgumentKind::Number, "how many at most; 100 unless given, never above 256");

/// What can be asked.
pub(crate) const QUERIES: &[ModuleQuery] = &[
    ModuleQuery { name: "rules", about: "The numbers of this module: fees and times.", arguments: &[] },
    ModuleQuery {
        name: "put",
        about: "The digest that an account has put under a name.",
        arguments: &[ACCOUNT, NAMESPACE, Argument::required("key", ArgumentKind::Text, "the key in the namespace")],
    },
    ModuleQuery {
        name: "puts",
        about: "What an account has put into a namespace, by its keys.",
        arguments: &[ACCOUNT, NAMESPACE, FROM_TEXT, LIMIT],
    },
    ModuleQuery {
        name: "hash",
        about: "Since when an account has a hash anchored.",
        arguments: &[ACCOUNT, KIND, Argument::required("hash", ArgumentKind::Hash, "the hash that was anchored")],
    },
    ModuleQuery {
        name: "hashes",
        about: "The hashes of a kind that an account has anchored.",
        arguments: &[ACCOUNT, KIND, FROM_HASH, LIMIT],
    },
    ModuleQuery {
        name: "contract",
        about: "A contract that an account has anchored.",
        arguments: &[ACCOUNT, Argument::required("manifest", ArgumentKind::Hash, "SHA-256 of its manifest")],
    },
    ModuleQuery {
        name: "contracts",
        about: "The contracts that an account has anchored, by their manifests.",
        arguments: &[ACCOUNT, FROM_HASH, LIMIT],
    },
    ModuleQuery { name: "service", about: "An AI service of an account.", arguments: &[ACCOUNT, SERVICE] },
    ModuleQuery {
        name: "services",
        about: "The AI services of an account, by their names.",
        arguments: &[ACCOUNT, FROM_TEXT, LIMIT],
    },
    ModuleQuery {
        name: "attestation",
        about: "What an AI service has attested.",
        arguments: &[ACCOUNT, SERVICE, Argument::required("txid", ArgumentKind::Hash, "SHA-256 of what was signed")],
    },
    ModuleQuery {
        name: "attestations",
        about: "All that an AI service has attested, by the txids.",
        arguments: &[ACCOUNT, SERVICE, FROM_HASH, LIMIT],
    },
    ModuleQuery {
        name: "log",
        about: "A log of an account, with its newest head.",
        arguments: &[ACCOUNT, Argument::required("log", ArgumentKind::Hash, "the log's id")],
    },
    ModuleQuery { name: "logs", about: "The logs of an account.", arguments: &[ACCOUNT, FROM_HASH, LIMIT] },
];

/// What was asked with.
struct Asked<'a>(&'a QueryArguments);

impl Asked<'_> {
    fn needed<T: serde::de::DeserializeOwned>(&self, name: &'static str, kind: ArgumentKind) -> Result<T, QueryError> {
        argument(self.0, name, kind)?.ok_or(QueryError::Argument { argument: name, expected: kind.expected() })
    }

    fn account(&self) -> Result<Address, QueryError> {
        self.needed("account", ArgumentKind::Address)
    }

    fn hash(&self, name: &'static str) -> Result<Hash32, QueryError> {
        self.needed(name, ArgumentKind::Hash)
    }

    fn text(&self, name: &'static str) -> Result<String, QueryError> {
        self.needed(name, ArgumentKind::Text)
    }

    fn kind(&self) -> Result<HashKind, QueryError> {
        let number: u64 = self.needed("kind", ArgumentKind::Number)?;
        let kind = u8::try_from(number).ok().and_then(HashKind::of);
        kind.ok_or_else(|| QueryError::NotFound("there is no kind of this number: they are 1 to 7".to_owned()))
    }

    fn first_hash(&self) -> Result<Hash32, QueryError> {
        Ok(argument(self.0, "from", ArgumentKind::Hash)?.unwrap_or_default())
    }

    fn first_text(&self) -> Result<String, QueryError> {
        Ok(argument(self.0, "from", ArgumentKind::Text)?.unwrap_or_default())
    }

    fn limit(&self) -> Result<usize, QueryError> {
        let limit: Option<u64> = argument(self.0, "limit", ArgumentKind::Number)?;
        Ok(limit.map_or(PAGE_DEFAULT, |limit| usize::try_from(limit).unwrap_or(PAGE_MAX)))
    }
}

/// Answers one question.
pub(crate) fn answer(state: &ModuleView<'_>, name: &str, arguments: &QueryArguments) -> Result<Value, QueryError> {
    let asked = Asked(arguments);
    match name {
        "rules" => Ok(json!(rules(state))),
        "put" => {
            let (namespace, key) = (asked.text("namespace")?, asked.text("key")?);
            found(put(state, &asked.account()?, &namespace, &key), "the account has put nothing under this name")
        }
        "puts" => {
            let (namespace, from) = (asked.text("namespace")?, asked.first_text()?);
            Ok(json!(puts(state, &asked.account()?, &namespace, (&from, asked.limit()?))))
        }
        "hash" => found(
            hash(state, &asked.account()?, asked.kind()?, &asked.hash("hash")?),
            "the account has not anchored this hash as one of this kind",
        ),
        "hashes" => Ok(json!(hashes(state, &asked.account()?, asked.kind()?, (&asked.first_hash()?, asked.limit()?)))),
        "contract" => found(
            contract(state, &asked.account()?, &asked.hash("manifest")?),
            "the account has anchored no contract with this manifest",
        ),
        "contracts" => Ok(json!(contracts(state, &asked.account()?, &asked.first_hash()?, asked.limit()?))),
        "log" => found(log(state, &asked.account()?, &asked.hash("log")?), "the account has not opened this log"),
        "logs" => Ok(json!(logs(state, &asked.account()?, &asked.first_hash()?, asked.limit()?))),
        _ => answer_of_services(state, name, &asked),
    }
}

fn answer_of_services(state: &ModuleView<'_>, name: &str, asked: &Asked<'_>) -> Result<Value, QueryError> {
    match name {
        "service" => found(
            service(state, &asked.account()?, &asked.text("service")?),
            "the account has registered no service of this name",
        ),
        "services" => Ok(json!(services(state, &asked.account()?, &asked.first_text()?, asked.limit()?))),
        "attestation" => found(
            attestation(state, &asked.account()?, &asked.text("service")?, &asked.hash("txid")?),
            "the account's service has attested nothing of this txid",
        ),
        "attestations" => {
            let (service, from) = (asked.text("service")?, asked.first_hash()?);
            Ok(json!(attestations(state, &asked.account()?, &service, (&from, asked.limit()?))))
        }
        _ => Err(QueryError::Unknown(name.to_owned())),
    }
}

fn found(answer: Option<impl Serialize>, missing: &str) -> Result<Value, QueryError> {
    answer.map(|answer| json!(answer)).ok_or_else(|| QueryError::NotFound(missing.to_owned()))
}

/// At most `limit` (and [`PAGE_MAX`]) records under a prefix, none whose rest of the key is below `from`, each with that rest.
fn page<T: BorshDeserialize>(state: &ModuleView<'_>, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, T)> {
    let pairs = state.scan(prefix, &[prefix, from].concat(), limit.min(PAGE_MAX));
    let rest = |key: &[u8]| key.strip_prefix(prefix).map(<[u8]>::to_vec);
    pairs.iter().filter_map(|(key, value)| Some((rest(key)?, decode(value)))).collect()
}

fn hash_of(rest: &[u8]) -> Option<Hash32> {
    rest.try_into().ok().map(Hash32)
}

/// The numbers of this module.
#[must_use]
pub fn rules(state: &ModuleView<'_>) -> AnchorsParameters {
    AnchorsParameters::view(state)
}

fn put_answer(account: &Address, namespace: &str, key: &str, record: PutRecord) -> PutAnswer {
    let (account, namespace, key) = (*account, namespace.to_owned(), key.to_owned());
    PutAnswer { account, namespace, key, digest: record.digest, height: record.since.height, time: record.since.time }
}

/// The digest that an account has put under a name.
#[must_use]
pub fn put(state: &ModuleView<'_>, account: &Address, namespace: &str, key: &str) -> Option<PutAnswer> {
    let record = view(state, &keys::put(account, namespace.as_bytes(), key.as_bytes()))?;
    Some(put_answer(account, namespace, key, record))
}

/// The same by what stands under [`keys::put`]; nothing if the bytes are no digest.
#[must_use]
pub fn read_put(account: &Address, namespace: &str, key: &str, bytes: &[u8]) -> Option<PutAnswer> {
    Some(put_answer(account, namespace, key, borsh::from_slice(bytes).ok()?))
}

/// What an account has put into a namespace, by its keys, none below `from`; at most `limit` and [`PAGE_MAX`].
#[must_use]
pub fn puts(
    state: &ModuleView<'_>,
    account: &Address,
    namespace: &str,
    (from, limit): (&str, usize),
) -> Vec<PutAnswer> {
    let page = page(state, &keys::puts_of(account, namespace.as_bytes()), from.as_bytes(), limit);
    page.into_iter().map(|(key, record)| put_answer(account, namespace, &text(&key), record)).collect()
}

/// Since when an account has a hash anchored.
#[must_use]
pub fn hash(state: &ModuleView<'_>, account: &Address, kind: HashKind, hash: &Hash32) -> Option<HashAnswer> {
    let HashRecord { since } = view(state, &keys::hash(account, kind, hash))?;
    Some(HashAnswer { account: *account, kind, hash: *hash, height: since.height, time: since.time })
}

/// The hashes of a kind that an account has anchored, none below `from`; at most `limit` and [`PAGE_MAX`].
#[must_use]
pub fn hashes(
    state: &ModuleView<'_>,
    account: &Address,
    kind: HashKind,
    (from, limit): (&Hash32, usize),
) -> Vec<HashAnswer> {
    let answer = |(rest, HashRecord { since }): (Vec<u8>, _)| {
        Some(HashAnswer { account: *account, kind, hash: hash_of(&rest)?, height: since.height, time: since.time })
    };
    let page = page(state, &keys::hashes_of(account, kind), from.as_bytes(), limit);
    page.into_iter().filter_map(answer).collect()
}

fn contract_answer(account: &Address, ContractRecord { contract, since }: ContractRecord) -> Option<ContractAnswer> {
    Some(ContractAnswer {
        account: *account,
        proof_version: contract.proof_version,
        document_sha256: contract.document_sha256,
        manifest_sha256: contract.manifest_sha256,
        contract_ref_hash: contract.contract_ref_hash,
        tenant_ref_hash: contract.tenant_ref_hash,
        agreement_version: contract.agreement_version.to_string(),
        signing_method_class: SigningMethod::of(contract.signing_method_class)?,
        idempotency_key: contract.manifest_sha256,
        height: since.height,
        time: since.time,
    })
}

/// A contract that an account has anchored.
#[must_use]
pub fn contract(state: &ModuleView<'_>, account: &Address, manifest: &Hash32) -> Option<ContractAnswer> {
    contract_answer(account, view(state, &keys::contract(account, manifest))?)
}

/// The contracts of an account by their manifests, none below `from`; at most `limit` and [`PAGE_MAX`].
#[must_use]
pub fn contracts(state: &ModuleView<'_>, account: &Address, from: &Hash32, limit: usize) -> Vec<ContractAnswer> {
    let page = page(state, &keys::contracts_of(account), from.as_bytes(), limit);
    page.into_iter().filter_map(|(_, record)| contract_answer(account, record)).collect()
}

fn service_answer(account: &Address, name: &str, record: ServiceRecord) -> ServiceAnswer {
    let ServiceRecord { key, scopes, txid, since, revoked } = record;
    ServiceAnswer {
        account: *account,
        service: name.to_owned(),
        key,
        scopes,
        txid,
        height: since.height,
        time: since.time,
        revoked: revoked.map(|revoked| revoked.time),
    }
}

/// A service of an account, revoked or not.
#[must_use]
pub fn service(state: &ModuleView<'_>, account: &Address, name: &str) -> Option<ServiceAnswer> {
    Some(service_answer(account, name, view(state, &keys::service(account, name.as_bytes()))?))
}

/// The services of an account by their names, none below `from`; at most `limit` and [`PAGE_MAX`].
#[must_use]
pub fn services(state: &ModuleView<'_>, account: &Address, from: &str, limit: usize) -> Vec<ServiceAnswer> {
    let page = page(state, &keys::services_of(account), from.as_bytes(), limit);
    page.into_iter().map(|(name, record)| service_answer(account, &text(&name), record)).collect()
}

fn attestation_answer(account: &Address, service: &str, txid: Hash32, record: AttestationRecord) -> AttestationAnswer {
    let AttestationRecord { payload, signature, since } = record;
    AttestationAnswer {
        account: *account,
        service: service.to_owned(),
        txid,
        payload: text(&payload),
        signature,
        height: since.height,
        time: since.time,
    }
}

/// What a service has attested.
#[must_use]
pub fn attestation(
    state: &ModuleView<'_>,
    account: &Address,
    service: &str,
    txid: &Hash32,
) -> Option<AttestationAnswer> {
    let record = view(state, &keys::attestation(account, service.as_bytes(), txid))?;
    Some(attestation_answer(account, service, *txid, record))
}

/// All that a service has attested by the txids, none below `from`; at most `limit` and [`PAGE_MAX`].
#[must_use]
pub fn attestations(
    state: &ModuleView<'_>,
    account: &Address,
    service: &str,
    (from, limit): (&Hash32, usize),
) -> Vec<AttestationAnswer> {
    let page = page(state, &keys::attestations_of(account, service.as_bytes()), from.as_bytes(), limit);
    page.into_iter()
        .filter_map(|(txid, record)| Some(attestation_answer(account, service, hash_of(&txid)?, record)))
        .collect()
}

fn log_answer(account: &Address, log: Hash32, record: LogRecord) -> LogAnswer {
    let LogRecord { opened, checkpoints, newest } = record;
    LogAnswer {
        account: *account,
        log,
        opened_height: opened.height,
        opened: opened.time,
        checkpoints,
        sequence: newest.map(|newest| newest.sequence),
        head: newest.map(|newest| newest.head),
        height: newest.map(|newest| newest.since.height),
        time: newest.map(|newest| newest.since.time),
    }
}

/// A log of an account, with its newest head.
#[must_use]
pub fn log(state: &ModuleView<'_>, account: &Address, log: &Hash32) -> Option<LogAnswer> {
    Some(log_answer(account, *log, view(state, &keys::log(account, log))?))
}

/// The logs of an account, none below `from`; at most `limit` and [`PAGE_MAX`].
#[must_use]
pub fn logs(state: &ModuleView<'_>, account: &Address, from: &Hash32, limit: usize) -> Vec<LogAnswer> {
    let page = page(state, &keys::logs_of(account), from.as_bytes(), limit);
    page.into_iter().filter_map(|(log, record)| Some(log_answer(account, hash_of(&log)?, record))).collect()
}
