//! One method per route.

use std::fmt;
use std::time::Duration;

use crypto::ids::transaction_id;
use serde::Serialize;
use serde::de::DeserializeOwned;
use types::{AssetId, ChainId, Epoch, Hash32, Height, Transaction, Weight};
use ureq::Agent;
use ureq::http::Response;
use zeroize::Zeroizing;

use super::network::{MempoolResponse, PeersResponse};
use super::place::base_of;
use super::proofs::STATE_BYTES_MAX;
use super::stream::EventStream;
use super::types::{
    AccountResponse, AssetResponse, AssetsResponse, BatchRefusal, BatchRefusals, BatchResponse, BatchResult,
    BlockResponse, BlocksResponse, ErrorResponse, FeeEstimateResponse, HistoryResponse, ProofResponse,
    SimulateResponse, StatusResponse, SubmitRequest, SubmitResponse, TransactionResponse, ValidatorsResponse,
};
use super::unreached::{no_node, unreached};
use crate::patience::LONG;
use crate::visible::{one_line, one_line_texts};
use crate::{Error, Result};

/// Most bytes of an answer with transactions and receipts: a full block in hex and JSON.
const BLOCK_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Most bytes of any other answer.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Most bytes of a genesis file.
const GENESIS_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// By this a node knows in which language its refusals are read.
const LANGUAGE: &str = "accept-language";
/// Longest wait for an answer.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// Longest wait for an answer that would only be pleasant to have.
const QUICK_WAIT: Duration = Duration::from_secs(2);
/// Longest wait for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// The longest pause that a node may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);
/// Only so long a pause is made for a busy node by itself, and so often.
const BUSY_WAIT: Duration = Duration::from_secs(2);
const BUSY_TRIES: u32 = 3;
/// A stream is given up after this long without a byte; nodes send a comment more often.
const STREAM_SILENCE: Duration = Duration::from_secs(45);
/// So long at most is a stream about one transaction read, whatever comes: whoever waits longer asks.
const STREAM_OF_ONE: Duration = LONG.saturating_mul(2);
/// Most characters that are told of a text of a node.
const TEXT_MAX: usize = 1_000;

/// A node's API.
#[derive(Clone)]
pub struct NodeClient {
    base: String,
    agent: Agent,
    /// What is shown with what is handed in.
    bearer: Option<Zeroizing<String>>,
}

impl fmt::Debug for NodeClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NodeClient")
            .field("base", &self.base)
            .field("shows_token", &self.bearer.is_some())
            .finish()
    }
}

impl NodeClient {
    /// A client of the node at `url`, such as `http://127.0.0.1:26701`. Of a node on this machine host and port are enough.
    ///
    /// # Errors
    /// `bad_node_url` unless it begins with `http://` or `https://` and names a host, or is host and port of this machine.
    pub fn new(url: &str) -> Result<Self> {
        let base = base_of(url)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_WAIT))
            .user_agent(concat!("thronos/", env!("CARGO_PKG_VERSION")))
            .max_redirects(0)
            .build();
        Ok(Self { base, agent: config.new_agent(), bearer: None })
    }

    /// The same, showing a token with what is handed in: letters, digits and `-._~+/=` alone (RFC 6750), or nothing leaves.
    #[must_use]
    pub fn with_bearer(self, token: Zeroizing<String>) -> Self {
        Self { bearer: Some(token), ..self }
    }

    /// Whether it shows a token.
    #[must_use]
    pub const fn shows_token(&self) -> bool {
        self.bearer.is_some()
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

    /// The same where the answer is not worth a long wait.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn quick_status(&self) -> Result<StatusResponse> {
        self.read(self.call("/status", QUICK_WAIT)?)
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
        self.get_within(&format!("/api/v1/blocks/{which}"), BLOCK_BYTES_MAX)
    }

    /// Final blocks from a height on.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn blocks(&self, from: Height, limit: u32) -> Result<BlocksResponse> {
        self.get_within(&format!("/api/v1/blocks?from={from}&limit={limit}"), BLOCK_BYTES_MAX)
    }

    /// Where a transaction stands; waits up to `wait` for it to become final.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn transaction(&self, id: &Hash32, wait: Duration) -> Result<TransactionResponse> {
        let path = format!("/transactions/{id}?wait={}", wait.as_millis());
        self.read_within(self.call(&path, ANSWER_WAIT.saturating_add(wait))?, BLOCK_BYTES_MAX)
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
        let cursor = cursor.map(place).transpose()?.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let path = format!("/api/v1/accounts/{}/transactions?limit={limit}{cursor}", plain(address)?);
        self.get_within(&path, BLOCK_BYTES_MAX)
    }

    /// A proof of what an account has of an asset.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn proof(&self, address: &str, asset: AssetId) -> Result<ProofResponse> {
        self.get_within(&format!("/api/v1/accounts/{}/proof?asset={asset}", plain(address)?), STATE_BYTES_MAX)
    }

    /// Proof of what the chain knows of an asset.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn asset_proof(&self, asset: AssetId) -> Result<ProofResponse> {
        self.get_within(&format!("/api/v1/assets/{asset}/proof"), STATE_BYTES_MAX)
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
        // A receipt with all its events may be long.
        let sent = self.sent("/api/v1/transactions/simulate", &request)?;
        self.read_within(sent, BLOCK_BYTES_MAX)
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
        self.stream(
            &from.map_or_else(|| "/stream".to_owned(), |from| format!("/stream?from={from}")),
            STREAM_SILENCE,
            None,
        )
    }

    /// Events of one transaction as they happen; open it before handing the transaction in. It ends after a few seconds of silence,
    /// and a few seconds later in any case, so that whoever waits can say why it takes long.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn follow_transaction(&self, id: &Hash32) -> Result<EventStream> {
        self.stream(&format!("/stream?transaction={id}"), LONG, Some(STREAM_OF_ONE))
    }

    fn stream(&self, path: &str, silence: Duration, whole: Option<Duration>) -> Result<EventStream> {
        let request = self.agent.get(format!("{}/api/v1{path}", self.base)).header("accept", "text/event-stream");
        let request = request
            .config()
            .timeout_recv_response(Some(ANSWER_WAIT))
            .timeout_per_read(Some(silence))
            .timeout_recv_body(whole);
        let request = request.build();
        let mut response = request.call().map_err(|error| self.failed(&error))?;
        self.refuse_errors(&mut response)?;
        Ok(EventStream::new(response.into_body().into_with_config().limit(u64::MAX).reader()))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.get_at(&format!("/api/v1{path}"))
    }

    fn call(&self, path: &str, wait: Duration) -> Result<Response<ureq::Body>> {
        self.call_at(&format!("/api/v1{path}"), wait)
    }

    fn call_at(&self, path: &str, wait: Duration) -> Result<Response<ureq::Body>> {
        let request = self.agent.get(format!("{}{path}", self.base)).header(LANGUAGE, languages::spoken().tag());
        let request = request.config().timeout_global(Some(wait)).build();
        request.call().map_err(|error| self.failed(&error))
    }

    /// The answer of a route by its whole path. A node that is busy for a moment is asked again after the pause that it asks for.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn get_at<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.get_within(path, ANSWER_BYTES_MAX)
    }

    /// The same of an answer that has no more bytes.
    pub(super) fn get_within<T: DeserializeOwned>(&self, path: &str, bytes_max: u64) -> Result<T> {
        let mut tries = 1;
        loop {
            let answer = self.read_within(self.call_at(path, ANSWER_WAIT)?, bytes_max);
            let asked = answer.as_ref().err().and_then(|error: &Error| error.retry_after);
            match asked.filter(|asked| *asked <= BUSY_WAIT && tries < BUSY_TRIES) {
                Some(pause) => std::thread::park_timeout(pause),
                None => return answer,
            }
            tries += 1;
        }
    }

    fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.post_at(&format!("/api/v1{path}"), body)
    }

    /// The same for what is handed in.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn post_at<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.read(self.sent(path, body)?)
    }

    fn sent(&self, path: &str, body: &impl Serialize) -> Result<Response<ureq::Body>> {
        let request = self.agent.post(format!("{}{path}", self.base)).header(LANGUAGE, languages::spoken().tag());
        let request = match &self.bearer {
            Some(token) => request.header("authorization", format!("Bearer {}", token.as_str())),
            None => request,
        };
        let request = request.config().timeout_global(Some(ANSWER_WAIT)).build();
        request.send_json(body).map_err(|error| self.failed(&error))
    }

    fn read<T: DeserializeOwned>(&self, response: Response<ureq::Body>) -> Result<T> {
        self.read_within(response, ANSWER_BYTES_MAX)
    }

    fn read_within<T: DeserializeOwned>(&self, mut response: Response<ureq::Body>, bytes_max: u64) -> Result<T> {
        self.refuse_errors(&mut response)?;
        let body = response.body_mut().with_config().limit(bytes_max).read_to_vec();
        let body = body.map_err(|error| self.failed(&error))?;
        read_json(&body).map_err(|why| {
            let message = format!("the answer of {} cannot be read: {why}", self.base);
            Error::new("bad_answer", message, "the node may be of another version, or the address of something else")
        })
    }

    /// Passes on what the node says about a request it refuses, as what it is: the word of a node.
    fn refuse_errors(&self, response: &mut Response<ureq::Body>) -> Result<()> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let retry_after = retry_after(response);
        let body = response.body_mut().with_config().limit(64 * 1024).read_to_vec().unwrap_or_default();
        let said = read_json::<ErrorResponse>(&body);
        let unreadable = |_| Error { retry_after, ..no_node(&self.base, status.as_u16()) };
        let ErrorResponse { code, message, hint } = said.map_err(unreadable)?;
        let is_code = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let code = if is_code && (1..=64).contains(&code.len()) { code } else { "unreadable".to_owned() };
        let [message, hint] = [message, hint].map(|text| text.chars().take(TEXT_MAX).collect::<String>());
        let message = format!("the node refuses this ({code}), as the node says: {message}");
        let hint = match &*hint {
            "" => "that is the word of one node: ask another one with `--node`".to_owned(),
            hint => format!("the node advises: {hint}"),
        };
        Err(Error { code: code.into(), message, hint, retry_after, is_of_node: true })
    }

    fn failed(&self, error: &ureq::Error) -> Error {
        unreached(&self.base, error)
    }
}

/// How long a busy node, or what stands in front of it, asks to wait. A date is not read: clocks differ.
fn retry_after(response: &Response<ureq::Body>) -> Option<Duration> {
    if ![429, 503].contains(&response.status().as_u16()) {
        return None;
    }
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// Reads what a node says. This is where its texts come in, each on one line: whatever sentence they stand in later, they begin no
/// line of it and do nothing to a terminal.
pub(super) fn read_json<T: DeserializeOwned>(body: &[u8]) -> std::result::Result<T, String> {
    let text = std::str::from_utf8(body).map_err(|_| "it is not text".to_owned())?;
    serde_json::from_str(&one_line_texts(text)).map_err(|error| one_line(&error.to_string()).into_owned())
}

/// Where a list goes on, as a node writes it (`HEIGHT.INDEX`) and as a part of a query: letters, digits, dots, `-` and `_`.
fn place(cursor: &str) -> Result<&str> {
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if !cursor.is_empty() && cursor.bytes().all(may_stand) {
        return Ok(cursor);
    }
    let shown: String = cursor.chars().filter(|character| !character.is_control()).take(80).collect();
    let hint = "take it from the last line of the answer before, or leave it out and begin with the newest";
    Err(Error::new("bad_cursor", format!("`{shown}` is not where a list goes on"), hint))
}

/// An address as a part of a path: letters, digits, `-` and `_`.
///
/// # Errors
/// `bad_address` for anything else.
pub fn plain(part: &str) -> Result<&str> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_in_no_log() {
        let client = NodeClient::new("http://127.0.0.1:1")
            .expect("a URL")
            .with_bearer(Zeroizing::new("secret.token".to_owned()));
        let shown = format!("{client:?}");
        assert!(
            shown.contains("127.0.0.1") && shown.contains("shows_token: true") && !shown.contains("secret"),
            "{shown}"
        );
    }
}
