//! From the newest state to a template: what the next work must build on, and the block that its coinbase binds.
//!
//! It must not know miners. A template is made anew when a block carried proofs, and before the block that it binds becomes too old.

use std::sync::Arc;
use std::time::Duration;

use execution::Module;
use mining::{AnchorBlock, WorkTerms};
use pow::Target;
use stratum::Template;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use types::{Header, Height, ModuleId, TimeMs};

use super::kept::Kept;
use super::unix_ms;
use crate::shell::Port;

/// The module whose proofs change the terms.
pub(super) const MINING: ModuleId = ModuleId(3);
/// Version of Bitcoin's headers (BIP 9) with no bit set.
const VERSION: u32 = 0x2000_0000;
/// A template is made anew at least so often, so that what its coinbase binds is young.
const REFRESH_MS: u64 = 20_000;
/// Modules see the last 4,096 blocks; a coinbase binds one that is in them for as long again as half of them took.
const ANCHORS_HALF: u64 = 2_048;
/// A node whose newest block is older than this is catching up, or cut off: what it would offer is worth nothing.
const BEHIND_MS_MAX: u64 = 30_000;
/// Header times end this long before the rule's bound, for clocks that differ.
const TIME_MARGIN_S: u64 = 60;

/// What there is to mine, with the block that a coinbase may bind.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The chain's terms.
    pub(crate) terms: WorkTerms,
    /// The newest final block.
    pub(crate) anchor: Header,
    /// Its hash and height.
    pub(crate) anchor_block: AnchorBlock,
    /// Until when proofs that bind it count, in Unix ms.
    pub(crate) expires_ms: u64,
}

/// What the newest final state asks for; nothing while the node is behind.
///
/// # Errors
/// What the store or the module says, for the log.
pub(crate) fn offer(port: &Port) -> Result<Option<Offer>, String> {
    let view = port.store.view().map_err(|error| error.to_string())?;
    let tip = port.store.block(view.height()).map_err(|error| error.to_string())?;
    let Some(tip) = tip else { return Ok(None) };
    if port.unix_ms().saturating_sub(tip.header.time.0) > BEHIND_MS_MAX {
        return Ok(None);
    }
    let state = port.registry.view(&view, mining::Mining::ID).ok_or("mining does not run on this chain")?;
    let terms = mining::terms(&state);
    let half = Height(tip.header.height.0.saturating_sub(ANCHORS_HALF));
    let early = port.store.block(half).map_err(|error| error.to_string())?.map_or(TimeMs(0), |block| block.header.time);
    let is_young = tip.header.height.0 <= ANCHORS_HALF;
    let seen_ms = if is_young { u64::MAX } else { tip.header.time.0.saturating_sub(early.0) };
    let age_ms = terms.anchor_age_max_ms.min(seen_ms);
    Ok(Some(Offer {
        terms,
        expires_ms: tip.header.time.0.saturating_add(age_ms),
        anchor_block: AnchorBlock { height: tip.header.height, hash: tip.hash },
        anchor: tip.header,
    }))
}

impl Offer {
    /// The same for the Stratum service.
    pub(crate) fn template(&self, port: &Port) -> Option<Template> {
        let rules = execution::section::<mining::Mining>(&port.genesis)?;
        let Self { terms, anchor, anchor_block, expires_ms } = self;
        let target = Target::from_compact(terms.bits).ok()?;
        let (now_s, anchor_s) = (port.unix_ms() / 1_000, anchor.time.0 / 1_000);
        let seconds = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let ahead = u64::from(rules.header_ahead_max_s);
        Some(Template {
            chain_id: port.chain_id,
            work_height: terms.work_height,
            previous: terms.previous.0,
            version: VERSION,
            bits: terms.bits,
            share_target: target.times(terms.share_factor),
            anchor: anchor_block.hash,
            anchor_height: anchor_block.height,
            expires_ms: *expires_ms,
            time: seconds(now_s),
            time_min: seconds(anchor_s.saturating_sub(rules.header_behind_max_s.into())),
            time_max: seconds(now_s.saturating_add(ahead.saturating_sub(TIME_MARGIN_S.min(ahead / 2)))),
            // The chain counts shares on the work before until the one after the next, which is at least so far away: half of it is
            // for miners who hear late, the other half for the share's way into a block.
            grace_ms: rules.spacing_min_ms / 2,
            branch: Vec::new(),
        })
    }
}

/// Keeps the service's template new until the node stops, from when miners may begin.
pub(super) async fn follow(
    port: Port,
    templates: watch::Sender<Option<Arc<Template>>>,
    kept: Arc<Kept>,
    mut may_begin: watch::Receiver<bool>,
    mut stopping: watch::Receiver<bool>,
) {
    tokio::select! {
        _ = stopping.wait_for(|stopping| *stopping) => return,
        // A sender that is gone means that the node is gone.
        begun = may_begin.wait_for(|may_begin| *may_begin) => if begun.is_err() { return },
    }
    let mut blocks = port.notices.blocks();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut made_ms = 0_u64;
    loop {
        let is_due = tokio::select! {
            // A sender that is gone means that the node is gone.
            _ = stopping.wait_for(|stopping| *stopping) => return,
            block = blocks.recv() => match block {
                Ok(block) => block.body.system_calls.iter().any(|call| call.module == MINING),
                Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => return,
            },
            _ = ticks.tick() => needs_refresh(&templates, made_ms, unix_ms()),
        };
        if !is_due {
            continue;
        }
        match offer(&port) {
            Ok(Some(offer)) => {
                if let Some(template) = offer.template(&port) {
                    kept.forget_below(template.work_height.saturating_sub(2));
                    templates.send_replace(Some(Arc::new(template)));
                    made_ms = unix_ms();
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(error, "no template can be made"),
        }
    }
}

/// Whether the template is missing, old, or half way to its end.
fn needs_refresh(templates: &watch::Sender<Option<Arc<Template>>>, made_ms: u64, now_ms: u64) -> bool {
    let template = templates.borrow();
    let Some(template) = template.as_ref() else { return true };
    let life_ms = template.expires_ms.saturating_sub(made_ms);
    now_ms.saturating_sub(made_ms) >= REFRESH_MS.min(life_ms / 2)
}
