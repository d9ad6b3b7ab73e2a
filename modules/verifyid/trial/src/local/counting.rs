//! Batches of verifications: who may count on whose plan, what a month holds, and to which month a batch belongs.

use serde_json::Value;
use testnet::devnet::{Failure, Outcome};
use types::{List, Network, TimeMs};
use verifyid::{Batch, CustomerAnswer, DeviceId, SetPlan, Status, VerificationLeaf, VerifyIdCall};

use super::cast::{Troupe, equal, some_hash};
use super::proof::VERIFICATIONS_FREE;
use crate::keys::Key;

/// Longer ago than any month is long.
const FORTY_DAYS_MS: u64 = 40 * 86_400_000;
const PLAN: u8 = 1;
/// What that plan gives by default.
const VERIFICATIONS_OF_PLAN: u64 = 10_000;

/// How many leaves of a batch are good, when the last was, and which devices it marks as verified.
struct Wanted<'a> {
    ok: u32,
    last: TimeMs,
    listed: &'a [Key],
}

impl Troupe<'_> {
    fn batch(&self, sequence: u64, wanted: &Wanted<'_>) -> Outcome<VerifyIdCall> {
        let Wanted { ok, last, listed } = *wanted;
        let leaf = |number: u32| VerificationLeaf {
            device: DeviceId(some_hash(3)),
            challenge: u128::from(number).to_le_bytes(),
            time: last,
            result: 1,
            method: 1,
            audience: some_hash(4),
            answer: some_hash(5),
        };
        let leaves: Vec<_> = (0..ok).map(|number| leaf(number).digest()).collect();
        let devices = listed.iter().map(|key| DeviceId(key.id())).collect();
        let first_verified = List::new(devices).map_err(|_| Failure::new("a batch lists too many"))?;
        let (customer, root) = (self.owner.address(), crypto::merkle::root(verifyid::tags::TREE, &leaves));
        Ok(VerifyIdCall::Batch(Batch { customer, sequence, leaves: ok, ok, root, first: last, last, first_verified }))
    }

    fn customer(&self) -> Outcome<CustomerAnswer> {
        let address = self.owner.address().to_text(Network::Test);
        let arguments = execution::QueryArguments::from([("address".to_owned(), address)]);
        let answer: Value = self.client.query("verifyid", "customer", &arguments)?;
        serde_json::from_value(answer.clone()).map_err(|error| Failure::new(format!("{error}: {answer}")))
    }

    /// A month holds so many verifications; what comes above opens the next, until that is full, too.
    pub(super) fn count(&mut self, device: Key) -> Outcome<()> {
        let (owner, authority) = (self.owner.clone(), self.authority.clone());
        let free = u32::try_from(VERIFICATIONS_FREE).unwrap_or(u32::MAX);
        let now = self.now()?;
        let begun = self.batch(1, &Wanted { ok: 1, last: now, listed: &[device] })?;
        self.expect(&authority, &begun, "verifier_not_allowed")?;
        let allow = VerifyIdCall::AllowVerifier { verifier: authority.address(), allowed: true };
        self.expect(&owner, &allow, "ok")?;
        equal("its status before", &self.device(device)?.status, &Status::Pending)?;
        self.expect(&authority, &begun, "ok")?;
        self.expect(&authority, &begun, "batch_order")?;
        equal("its status in a batch", &self.device(device)?.status, &Status::Verified)?;
        equal("what is counted", &self.customer()?.used, &1)?;
        // The rest of this month, and all of the next.
        for (sequence, ok) in [(2, free - 1), (3, free)] {
            let call = self.batch(sequence, &Wanted { ok, last: now, listed: &[] })?;
            self.expect(&authority, &call, "ok")?;
        }
        let full = self.customer()?;
        equal("a month that is full", &(full.used, full.verifications_max), &(VERIFICATIONS_FREE, VERIFICATIONS_FREE))?;
        let more = self.batch(4, &Wanted { ok: 1, last: now, listed: &[] })?;
        self.expect(&authority, &more, "quota_exceeded")?;
        // What was verified in another month counts there, however late it comes.
        let before = self.batch(4, &Wanted { ok: free, last: TimeMs(now.0 - FORTY_DAYS_MS), listed: &[] })?;
        self.expect(&authority, &before, "ok")?;
        equal("this month after that", &self.customer()?.used, &VERIFICATIONS_FREE)?;
        let plan = SetPlan { customer: owner.address(), plan: PLAN, until: TimeMs(now.0 + FORTY_DAYS_MS) };
        self.expect(&owner, &VerifyIdCall::SetPlan(plan), "not_authority")?;
        self.expect(&authority, &VerifyIdCall::SetPlan(plan), "ok")?;
        let more = self.batch(5, &Wanted { ok: 1, last: now, listed: &[] })?;
        self.expect(&authority, &more, "ok")?;
        let wider = self.customer()?;
        let expected = (VERIFICATIONS_FREE + 1, VERIFICATIONS_OF_PLAN);
        equal("a month on a plan", &(wider.used, wider.verifications_max), &expected)
    }
}
