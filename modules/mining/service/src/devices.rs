//! Devices that mine: what mining asks of whoever knows them, and how it answers the port for miners.
//!
//! It must not know what makes a device one, nor how a level is reached. Invariant: how a device stands is asked of the newest final
//! state each time and kept nowhere.

use std::net::IpAddr;
use std::sync::Arc;

use pow::Difficulty;
use service::Ground;
use service::chain::{Chain, Unavailable};
use service::http::{ApiError, Reads};
use stratum::service::{Admission, Later};
use stratum::{MiningDevice, Refusal, Worker};
use types::{Address, Hash32, TimeMs};

/// Whether a device counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceUse {
    /// It does, at this level.
    Counts(u8),
    /// Not for some hours.
    Held,
    /// Not until somebody decides.
    Suspended,
    /// Never again.
    Revoked,
}

/// A device as the newest final state has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundDevice {
    /// Its id.
    pub id: Hash32,
    /// Whose it is.
    pub owner: Address,
    /// Whether it counts.
    pub of_use: DeviceUse,
}

/// A device's wish to show its work rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestWish {
    /// The device, as it was named.
    pub device: String,
    /// The class of rates.
    pub class: u8,
    /// The number of the beacon.
    pub beacon: u64,
    /// Until when the device's word holds.
    pub valid_until: TimeMs,
    /// The device's word.
    pub signature: [u8; 64],
}

/// What a device's work is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateTerms {
    /// The device.
    pub device: FoundDevice,
    /// What coinbases have to bind.
    pub binding: Hash32,
    /// The difficulty of a share.
    pub difficulty: Difficulty,
    /// How many shares.
    pub shares: u16,
    /// The beacon's time.
    pub beacon_time: TimeMs,
    /// The shares stand in a block at most so long after it, in milliseconds.
    pub window_ms: u64,
}

/// Whoever knows devices.
pub trait Devices: Send + Sync + 'static {
    /// The device that a text names; nothing if none is registered by it.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn find(&self, chain: &dyn Chain, text: &str) -> Result<Option<FoundDevice>, Unavailable>;

    /// What a device's work is to be measured by, if its own key asks for it with a young beacon.
    ///
    /// # Errors
    /// Why not, for whoever asks.
    fn terms(&self, chain: &dyn Chain, wish: &AttestWish) -> Result<RateTerms, ApiError>;
}

/// Nobody knows devices.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDevices;

impl Devices for NoDevices {
    fn find(&self, _: &dyn Chain, _: &str) -> Result<Option<FoundDevice>, Unavailable> {
        Ok(None)
    }

    fn terms(&self, _: &dyn Chain, _: &AttestWish) -> Result<RateTerms, ApiError> {
        Err(ApiError::not_found("this node knows no devices", "ask another node"))
    }
}

/// Lets those in who mine as their own device.
pub(crate) struct DeviceDoor {
    devices: Arc<dyn Devices>,
    chain: Arc<dyn Chain>,
    reads: Reads,
}

impl DeviceDoor {
    pub(crate) fn new(devices: Arc<dyn Devices>, ground: &Ground) -> Self {
        Self { devices, chain: ground.chain.clone(), reads: ground.reads.clone() }
    }
}

impl Admission for DeviceDoor {
    fn ask(&self, worker: Worker, _: IpAddr, device: Option<String>) -> Later<Result<Option<MiningDevice>, Refusal>> {
        let Some(text) = device else { return Box::pin(async { Ok(None) }) };
        let (devices, chain, reads) = (self.devices.clone(), self.chain.clone(), self.reads.clone());
        Box::pin(async move {
            let found = reads.read(move || Ok(devices.find(&*chain, &text)?)).await;
            // Nobody can say now how it stands: the store is busy, or the node stops.
            let found = found.map_err(|_| Refusal::Busy)?;
            judge(found, worker.address).map(Some)
        })
    }
}

/// Whether a machine that mines for this address may mine as this device.
fn judge(found: Option<FoundDevice>, payee: Address) -> Result<MiningDevice, Refusal> {
    let FoundDevice { id, owner, of_use } = found.ok_or(Refusal::UnknownDevice)?;
    if owner != payee {
        return Err(Refusal::OtherOwner);
    }
    match of_use {
        DeviceUse::Counts(level) => Ok(MiningDevice { id, level }),
        DeviceUse::Held => Err(Refusal::DeviceHeld),
        DeviceUse::Suspended => Err(Refusal::DeviceSuspended),
        DeviceUse::Revoked => Err(Refusal::DeviceRevoked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_mines_as_a_device_of_its_payee_that_counts() {
        let (id, owner) = (Hash32([1; 32]), Address([2; 20]));
        let with = |of_use| judge(Some(FoundDevice { id, owner, of_use }), owner);
        assert_eq!(judge(None, owner), Err(Refusal::UnknownDevice));
        let revoked = FoundDevice { id, owner, of_use: DeviceUse::Revoked };
        // Whose it is comes first: nobody hears how another's device stands.
        assert_eq!(judge(Some(revoked), Address([3; 20])), Err(Refusal::OtherOwner));
        assert_eq!(with(DeviceUse::Counts(0)), Ok(MiningDevice { id, level: 0 }));
        assert_eq!(with(DeviceUse::Held), Err(Refusal::DeviceHeld));
        assert_eq!(with(DeviceUse::Suspended), Err(Refusal::DeviceSuspended));
        assert_eq!(with(DeviceUse::Revoked), Err(Refusal::DeviceRevoked));
    }
}
