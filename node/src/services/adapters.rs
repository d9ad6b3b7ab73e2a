//! Between what one service wants of another feature and that feature: the port for miners asks how a device stands, and by what its
//! work rate is measured.
//!
//! It must not decide anything.

use mining_service::{AttestWish, DeviceUse, Devices, FoundDevice, RateTerms};
use service::chain::{Chain, Unavailable};
use service::http::ApiError;
use verifyid_service::{AskedDevice, AttestAsk, AttestRate, DeviceCounts, attest_rate, find_device};

/// The devices that the chain has registered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RegisteredDevices;

impl Devices for RegisteredDevices {
    fn find(&self, chain: &dyn Chain, text: &str) -> Result<Option<FoundDevice>, Unavailable> {
        Ok(find_device(chain, text)?.map(found))
    }

    fn terms(&self, chain: &dyn Chain, wish: &AttestWish) -> Result<RateTerms, ApiError> {
        let AttestWish { device, class, beacon, valid_until, signature } = wish;
        let ask = AttestAsk { device, class: *class, beacon: *beacon, valid_until: *valid_until, signature };
        let AttestRate { device, binding, difficulty, shares, beacon_time, window_ms } = attest_rate(chain, &ask)?;
        Ok(RateTerms { device: found(device), binding, difficulty, shares, beacon_time, window_ms })
    }
}

fn found(AskedDevice { id, owner, counts }: AskedDevice) -> FoundDevice {
    let of_use = match counts {
        DeviceCounts::At(level) => DeviceUse::Counts(level),
        DeviceCounts::Held => DeviceUse::Held,
        DeviceCounts::Suspended => DeviceUse::Suspended,
        DeviceCounts::Revoked => DeviceUse::Revoked,
    };
    FoundDevice { id, owner, of_use }
}
