//! Attesting a device's work: begun by the word of its key, watched, and given out as the chain takes it.
//!
//! It must not know what a binding binds, nor whether the chain takes the shares. Invariant: nobody begins one for another's device, and
//! so nobody sets another's difficulty.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mining::{AttestedGroupResponse, AttestedShareResponse, WorkAttestationRequest, WorkAttestationResponse};
use service::chain::Unavailable;
use service::http::{ApiError, ErrorResponse, JsonBody, Path, shown};
use stratum::{AttestProgress, AttestState, AttestTerms, AttestedGroup, AttestedShare, NotBegun};
use types::{Hash32, TimeMs};

use super::Api;
use crate::devices::{AttestWish, RateTerms};

/// A block has to take the shares within the window: so long before its end no more of them count.
const INCLUSION_MS: u64 = 60_000;
/// Of a short window only this part is left for it.
const INCLUSION_PART: u64 = 8;

/// Begins to attest the work of a device, by the word of its key for a beacon of less than a minute ago. While it is open, machines that
/// mine here with `v=DEVICE` in the password search at the difficulty of the class, in coinbases that bind it.
#[utoipa::path(post, path = "/api/v1/mining/attestations", tag = "mining", request_body = WorkAttestationRequest, responses(
    (status = 201, body = WorkAttestationResponse), (status = 400, body = ErrorResponse), (status = 401, body = ErrorResponse),
    (status = 403, body = ErrorResponse), (status = 404, body = ErrorResponse), (status = 409, body = ErrorResponse),
    (status = 503, body = ErrorResponse)))]
pub(super) async fn begin(
    State(api): State<Api>,
    JsonBody(request): JsonBody<WorkAttestationRequest>,
) -> Result<(StatusCode, Json<WorkAttestationResponse>), ApiError> {
    let port = api.port()?;
    let wish = read_wish(request)?;
    let (class, beacon) = (wish.class, wish.beacon);
    let (devices, chain) = (api.devices.clone(), api.chain.clone());
    let rate = api.reads.read(move || devices.terms(&*chain, &wish)).await?;
    let begun = port.attest(terms_of(&rate, class, beacon)).await.ok_or(Unavailable::Stopping)?;
    begun.map_err(refused)?;
    api.attestation(rate.device.id).await.map(|answer| (StatusCode::CREATED, Json(answer)))
}

/// How far the attestation of a device's work is, and when it is complete the shares, as the chain takes them.
#[utoipa::path(get, path = "/api/v1/mining/attestations/{device}", tag = "mining",
    params(("device" = String, Path, description = "The device's id: its text, or 64 hexadecimal digits.", format = "device")),
    responses((status = 200, body = WorkAttestationResponse), (status = 404, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn attestation(
    State(api): State<Api>,
    Path(text): Path<String>,
) -> Result<Json<WorkAttestationResponse>, ApiError> {
    api.port()?;
    let (devices, chain) = (api.devices.clone(), api.chain.clone());
    let unknown = ApiError::not_found(format!("no device is registered as `{}`", shown(&text)), "compare the id");
    let found = api.reads.read(move || Ok(devices.find(&*chain, &text)?)).await?;
    api.attestation(found.ok_or(unknown)?.id).await.map(Json)
}

impl Api {
    async fn attestation(&self, device: Hash32) -> Result<WorkAttestationResponse, ApiError> {
        let told = self.ask(move |server| (server.attestation(&device), server.now_ms())).await?;
        let (Some(progress), now_ms) = told else {
            let hint = "begin one with `thronos device attest KEY --class N --from NAME`; what ended is forgotten after a minute";
            return Err(ApiError::not_found("no attestation of this device's work was begun here", hint));
        };
        Ok(answer(progress, now_ms))
    }
}

fn read_wish(request: WorkAttestationRequest) -> Result<AttestWish, ApiError> {
    let WorkAttestationRequest { device, class, beacon, valid_until, signature: text } = request;
    let mut signature = [0; 64];
    hex::decode_to_slice(&text, &mut signature).map_err(|_| {
        let message = format!("`signature` has {} characters and is no signature", text.len());
        ApiError::bad("malformed", message, "write 128 hexadecimal digits: r and s, or R and S, 32 bytes each")
    })?;
    Ok(AttestWish { device, class, beacon, valid_until: TimeMs(valid_until), signature })
}

fn terms_of(rate: &RateTerms, class: u8, beacon: u64) -> AttestTerms {
    let ends_ms = rate.beacon_time.0.saturating_add(rate.window_ms);
    let inclusion_ms = INCLUSION_MS.min(rate.window_ms / INCLUSION_PART);
    AttestTerms {
        device: rate.device.id,
        owner: rate.device.owner,
        class,
        beacon,
        binding: rate.binding,
        difficulty: rate.difficulty,
        shares: rate.shares,
        until_ms: ends_ms.saturating_sub(inclusion_ms),
        ends_ms,
    }
}

fn refused(reason: NotBegun) -> ApiError {
    let (status, code, hint) = match reason {
        NotBegun::Over => (StatusCode::CONFLICT, "beacon_too_old", "begin with the newest beacon"),
        NotBegun::Shares(_) => (StatusCode::NOT_FOUND, "unknown_class", "name another class"),
        NotBegun::Earlier(_) => {
            (StatusCode::CONFLICT, "attestation_open", "wait for the next beacon, or watch what was begun")
        }
        NotBegun::OwnerFull | NotBegun::Full => {
            (StatusCode::SERVICE_UNAVAILABLE, "busy", "try again in some minutes, or at another node")
        }
    };
    ApiError::new(status, code, reason.to_string(), hint)
}

fn answer(progress: AttestProgress, now_ms: u64) -> WorkAttestationResponse {
    let AttestProgress { terms, state, shares, connections, groups } = progress;
    let state = match state {
        AttestState::Open => "open",
        AttestState::Complete => "complete",
        AttestState::Lapsed => "lapsed",
    };
    WorkAttestationResponse {
        device: terms.device,
        class: terms.class,
        beacon: terms.beacon,
        binding: terms.binding,
        difficulty: terms.difficulty.to_string(),
        state: state.to_owned(),
        shares,
        shares_needed: terms.shares,
        until_ms: terms.until_ms,
        ends_ms: terms.ends_ms,
        left_ms: terms.until_ms.saturating_sub(now_ms),
        connections: u32::try_from(connections).unwrap_or(u32::MAX),
        groups: groups.into_iter().map(group).collect(),
    }
}

fn group(group: AttestedGroup) -> AttestedGroupResponse {
    let share =
        |AttestedShare { extranonce, version, time, nonce }| AttestedShareResponse { extranonce, version, time, nonce };
    AttestedGroupResponse {
        coinbase1: types::to_hex(&group.coinbase1),
        coinbase2: types::to_hex(&group.coinbase2),
        branch: group.branch,
        previous: group.previous,
        bits: group.bits,
        shares: group.shares.into_iter().map(share).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::{DeviceUse, FoundDevice};

    #[test]
    fn shares_count_until_there_is_just_time_to_hand_them_in() {
        let device = FoundDevice { id: Hash32([1; 32]), owner: types::Address([2; 20]), of_use: DeviceUse::Counts(1) };
        let rate = |window_ms| RateTerms {
            device,
            binding: Hash32([3; 32]),
            difficulty: pow::Difficulty::ONE,
            shares: 41,
            beacon_time: TimeMs(1_000),
            window_ms,
        };
        let of_window = |window_ms| terms_of(&rate(window_ms), 1, 7);
        assert_eq!((of_window(960_000).until_ms, of_window(960_000).ends_ms), (901_000, 961_000));
        assert_eq!((of_window(30_000).until_ms, of_window(30_000).ends_ms), (27_250, 31_000));
    }
}
