//! One method per route.

use std::time::Duration;

use crypto::ids::transaction_id;
use serde::Serialize;
use serde::de::DeserializeOwned;
use types::{AssetId, ChainId, Epoch, Hash32, Height, Transaction, Weight};
use ureq::Agent;
use ureq::http::Response;

use super::stream::EventStream;
use super::types::{
    AccountResponse, AssetResponse, AssetsResponse, BatchRefusal, BatchRefusals, BatchResponse, BatchResult,
    BlockResponse, BlocksResponse, ErrorResponse, FeeEstimateResponse, HistoryResponse, MempoolResponse, PeersResponse,
    ProofResponse, SimulateResponse, StatusResponse, SubmitRequest, SubmitResponse, TransactionResponse,
    ValidatorsResponse,
};
use crate::{Error, Result};

/// Most bytes of an answer: a full block in hex and JSON, with receipts.
const ANSWER_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Most bytes of a genesis file.
const GENESIS_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Longest wait for an answer.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// Longest wait for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// A stream is given up after this long without a byte; nodes send a comment more often.
const STREAM_SILENCE: Duration = Duration::from_secs(45);

/// A node's API.
#[derive(Clone, Debug)]
pub struct NodeClient {
    base: String,
    agent: Agent,
}

impl NodeClient {
    /// A client of the node at `url`, such as `http://127.0.0.1:26701`.
    ///
    /// # Errors
    /// `bad_node_url` unless it begins with `http://` or `https://` and names a host.
    pub fn new(url: &str) -> Result<Self> {
        let base = url.trim_end_matches('/').trim_end_matches("/api/v1").to_owned();
        let host = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://")).unwrap_or_default();
        if host.is_empty() || host.contains(char::is_whitespace) || host.contains(['?', '#', '@']) {
            let shown: String = url.chars().take(100).collect();
            let message = format!("`{shown}` is not the address of a node");
            return Err(Error::new("bad_node_url", message, "write it like http://127.0.0.1:26701"));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_WAIT))
            .user_agent(concat!("thronos/", env!("CARGO_PKG_VERSION")))
            .max_redirects(0)
            .build();
        Ok(Self { base, agent: config.new_agent() })
    }

    /// The node's address without a path.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.base
    }

    /// Where the node stands.
    ///
    /// # Errors
    /// As every method here: `node_unreachable`, `bad_answer`, or what the node says, with its code.
    pub fn status(&self) -> Result<StatusResponse> {
        self.get("/status")
    }

    /// The genesis file.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn genesis_json(&self) -> Result<String> {
        let mut response = self.call("/genesis", ANSWER_WAIT)?;
        self.refuse_errors(&mut response)?;
        let body = response.body_mut().with_config().limit(GENESIS_BYTES_MAX).read_to_string();
        body.map_err(|error| self.failed(&error))
    }

    /// The validators of an epoch, or of the present one.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn validators(&self, epoch: Option<Epoch>) -> Result<ValidatorsResponse> {
        self.get(&epoch.map_or_else(|| "/validators".to_owned(), |epoch| format!("/validators?epoch={epoch}")))
    }

    /// A block by its height, its hash in hex, or `latest`.
    ///
    /// # Errors
    /// As [`Self::status`]; `bad_block` for another text.
    pub fn block(&self, which: &str) -> Result<BlockResponse> {
        let is_height = which.parse::<u64>().is_ok() && which.bytes().all(|byte| byte.is_ascii_digit());
        if !(which == "latest" || is_height || which.parse::<Hash32>().is_ok()) {
            let shown: String = which.chars().take(80).collect();
            let message = format!("`{shown}` is neither a height, nor a block's hash, nor `latest`");
            return Err(Error::new("bad_block", message, "give a number, or 64 hexadecimal digits"));
        }
        self.get(&format!("/blocks/{which}"))
    }

    /// Final blocks from a height on.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn blocks(&self, from: Height, limit: u32) -> Result<BlocksResponse> {
        self.get(&format!("/blocks?from={from}&limit={limit}"))
    }

    /// Where a transaction stands; waits up to `wait` for it to become final.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn transaction(&self, id: &Hash32, wait: Duration) -> Result<TransactionResponse> {
        let path = format!("/transactions/{id}?wait={}", wait.as_millis());
        self.read(self.call(&path, ANSWER_WAIT.saturating_add(wait))?)
    }

    /// An account; any text form of its address.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn account(&self, address: &str) -> Result<AccountResponse> {
        self.get(&format!("/accounts/{}", plain(address)?))
    }

    /// What an account has to do with, newest first.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn history(&self, address: &str, cursor: Option<&str>, limit: u32) -> Result<HistoryResponse> {
        let cursor = cursor.map(plain).transpose()?.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        self.get(&format!("/accounts/{}/transactions?limit={limit}{cursor}", plain(address)?))
    }

    /// A proof of what an account has of an asset.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn proof(&self, address: &str, asset: AssetId) -> Result<ProofResponse> {
        self.get(&format!("/accounts/{}/proof?asset={asset}", plain(address)?))
    }

    /// Proof of what the chain knows of an asset.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn asset_proof(&self, asset: AssetId) -> Result<ProofResponse> {
        self.get(&format!("/assets/{asset}/proof"))
    }

    /// Hands in a transaction; returns as soon as the node has taken or refused it.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn submit(&self, chain_id: ChainId, transaction: &Transaction) -> Result<SubmitResponse> {
        self.post("/transactions", &SubmitRequest { chain_id, transaction: crate::transaction::to_hex(transaction) })
    }

    /// Hands in many transactions, as canonical bytes; each has a result of its own.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn submit_batch(&self, chain_id: ChainId, transactions: &[Transaction]) -> Result<BatchResponse> {
        let bytes = borsh::to_vec(&(chain_id, transactions)).expect("writing to memory cannot fail");
        let request = self.agent.post(format!("{}/api/v1/transactions/batch", self.base));
        let request = request.config().timeout_global(Some(ANSWER_WAIT)).build();
        let request = request.content_type("application/octet-stream");
        let answer: BatchRefusals = self.read(request.send(&bytes).map_err(|error| self.failed(&error))?)?;
        let ids = transactions.iter().map(|transaction| transaction_id(chain_id, &transaction.body));
        let mut results: Vec<_> = ids.map(|id| BatchResult { id: Some(id), error: None }).collect();
        for BatchRefusal { place, error } in answer.refused {
            let result = usize::try_from(place).ok().and_then(|place| results.get_mut(place));
            let result = result.ok_or_else(|| {
                let message = format!("{} refuses transaction {place} of {}", self.base, transactions.len());
                Error::new("bad_answer", message, "the node may be of another version")
            })?;
            result.error = Some(error);
        }
        Ok(BatchResponse { accepted: answer.accepted, results })
    }

    /// What would become of a transaction, without handing it in.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn simulate(&self, chain_id: ChainId, transaction: &Transaction) -> Result<SimulateResponse> {
        let request = SubmitRequest { chain_id, transaction: crate::transaction::to_hex(transaction) };
        self.post("/transactions/simulate", &request)
    }

    /// What a transaction of this weight costs now.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn fee_estimate(&self, weight: Weight) -> Result<FeeEstimateResponse> {
        self.get(&format!("/fees/estimate?weight={weight}"))
    }

    /// The pool of waiting transactions.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn mempool(&self) -> Result<MempoolResponse> {
        self.get("/mempool")
    }

    /// The node's peers.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn peers(&self) -> Result<PeersResponse> {
        self.get("/peers")
    }

    /// All assets.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn assets(&self) -> Result<AssetsResponse> {
        self.get("/assets")
    }

    /// One asset.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn asset(&self, id: AssetId) -> Result<AssetResponse> {
        self.get(&format!("/assets/{id}"))
    }

    /// Events as they happen: blocks from a height on.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn follow_blocks(&self, from: Option<Height>) -> Result<EventStream> {
        self.stream(&from.map_or_else(|| "/stream".to_owned(), |from| format!("/stream?from={from}")))
    }

    /// Events of one transaction as they happen; open it before handing the transaction in.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn follow_transaction(&self, id: &Hash32) -> Result<EventStream> {
        self.stream(&format!("/stream?transaction={id}"))
    }

    fn stream(&self, path: &str) -> Result<EventStream> {
        let request = self.agent.get(format!("{}/api/v1{path}", self.base)).header("accept", "text/event-stream");
        let request =
            request.config().timeout_recv_response(Some(ANSWER_WAIT)).timeout_per_read(Some(STREAM_SILENCE)).build();
        let mut response = request.call().map_err(|error| self.failed(&error))?;
        self.refuse_errors(&mut response)?;
        Ok(EventStream::new(response.into_body().into_with_config().limit(u64::MAX).reader()))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.read(self.call(path, ANSWER_WAIT)?)
    }

    fn call(&self, path: &str, wait: Duration) -> Result<Response<ureq::Body>> {
        self.call_at(&format!("/api/v1{path}"), wait)
    }

    fn call_at(&self, path: &str, wait: Duration) -> Result<Response<ureq::Body>> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let request = request.config().timeout_global(Some(wait)).build();
        request.call().map_err(|error| self.failed(&error))
    }

    /// The answer of a route by its whole path.
    pub(super) fn get_at<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.read(self.call_at(path, ANSWER_WAIT)?)
    }

    fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.post_at(&format!("/api/v1{path}"), body)
    }

    /// The same for what is handed in.
    pub(super) fn post_at<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let request = self.agent.post(format!("{}{path}", self.base));
        let request = request.config().timeout_global(Some(ANSWER_WAIT)).build();
        self.read(request.send_json(body).map_err(|error| self.failed(&error))?)
    }

    fn read<T: DeserializeOwned>(&self, mut response: Response<ureq::Body>) -> Result<T> {
        self.refuse_errors(&mut response)?;
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| self.failed(&error))?;
        serde_json::from_slice(&body).map_err(|error| {
            let message = format!("the answer of {} cannot be read: {error}", self.base);
            Error::new("bad_answer", message, "the node may be of another version, or the address of something else")
        })
    }

    /// Passes on what the node says about a request it refuses.
    fn refuse_errors(&self, response: &mut Response<ureq::Body>) -> Result<()> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let body = response.body_mut().with_config().limit(64 * 1024).read_to_vec().unwrap_or_default();
        let said = serde_json::from_slice::<ErrorResponse>(&body);
        let unreadable = |_| {
            let message = format!("{} answers with status {}", self.base, status.as_u16());
            Error::new("bad_answer", message, "the node may be of another version, or the address of something else")
        };
        let ErrorResponse { code, message, hint } = said.map_err(unreadable)?;
        let [code, message, hint] = [code, message, hint].map(printable);
        Err(Error { code: code.into(), message, hint })
    }

    fn failed(&self, error: &ureq::Error) -> Error {
        let message = format!("cannot talk to the node at {}: {error}", self.base);
        Error::new(
            "node_unreachable",
            message,
            "check that it runs, and give its address with `--node` or THRONOS_NODE",
        )
    }
}

/// What a node says is shown on a terminal, which control characters could fool.
fn printable(text: String) -> String {
    text.chars().filter(|character| !character.is_control()).take(1_000).collect()
}

/// An address or cursor as a part of a path: letters, digits, `-` and `_`.
pub(super) fn plain(part: &str) -> Result<&str> {
    if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Ok(part);
    }
    let shown: String = part.chars().take(80).collect();
    Err(Error::new(
        "bad_address",
        format!("`{shown}` is not an address"),
        "give it as thr1…, or thrt1… on a test network",
    ))
}
