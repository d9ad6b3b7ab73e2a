//! The refusals of the protocol, with the codes that miners know.
//!
//! One word per reason: the number and the short sentence go to the miner, [`Refusal::name`] into metrics.

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The line is not a request.
    Malformed,
    /// The brackets are nested too deep.
    TooDeep,
    /// The id is an object, an array, a truth value, or too long.
    BadId,
    /// Nobody knows this method.
    UnknownMethod,
    /// The parameters do not fit the method.
    BadParams,
    /// The extranonce2 is not 16 hexadecimal digits.
    BadExtranonce2,
    /// The time is not one to eight hexadecimal digits.
    BadTime,
    /// The nonce is not one to eight hexadecimal digits.
    BadNonce,
    /// The version bits are not one to eight hexadecimal digits.
    BadVersion,
    /// The time is outside the job's bounds.
    TimeOutOfRange,
    /// Version bits outside the negotiated mask.
    VersionOutsideMask,
    /// The difficulty is not a number in range.
    BadDifficulty,
    /// Too much is going on.
    Busy,
    /// There is no such job on this connection.
    UnknownJob,
    /// The job was for an earlier work.
    Stale,
    /// The header was submitted before.
    Duplicate,
    /// The hash does not meet the job's difficulty.
    LowDifficulty,
    /// The worker is not authorized on this connection.
    Unauthorized,
    /// The user does not begin with an address of this chain.
    BadAddress,
    /// The address is not on the list of those who may mine here.
    NotAllowed,
    /// A solo connection already mines for another address.
    OtherPayee,
    /// Too many workers on one connection.
    TooManyWorkers,
    /// The worker sent too many invalid submits or requests.
    Banned,
    /// `mining.subscribe` has not come yet.
    NotSubscribed,
    /// The device that the password names is not registered.
    UnknownDevice,
    /// The address is not the owner of the device.
    OtherOwner,
    /// The device is suspended.
    DeviceSuspended,
    /// The device is revoked.
    DeviceRevoked,
    /// A verifier holds the device.
    DeviceHeld,
    /// The connection already mines as another device.
    OtherDevice,
    /// Only devices may mine here, and the password names none.
    DeviceNeeded,
    /// The device has a lower level than this node asks for.
    LevelTooLow,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 32] = [
        Self::Malformed,
        Self::TooDeep,
        Self::BadId,
        Self::UnknownMethod,
        Self::BadParams,
        Self::BadExtranonce2,
        Self::BadTime,
        Self::BadNonce,
        Self::BadVersion,
        Self::TimeOutOfRange,
        Self::VersionOutsideMask,
        Self::BadDifficulty,
        Self::Busy,
        Self::UnknownJob,
        Self::Stale,
        Self::Duplicate,
        Self::LowDifficulty,
        Self::Unauthorized,
        Self::BadAddress,
        Self::NotAllowed,
        Self::OtherPayee,
        Self::TooManyWorkers,
        Self::Banned,
        Self::NotSubscribed,
        Self::UnknownDevice,
        Self::OtherOwner,
        Self::DeviceSuspended,
        Self::DeviceRevoked,
        Self::DeviceHeld,
        Self::OtherDevice,
        Self::DeviceNeeded,
        Self::LevelTooLow,
    ];

    /// The customary number: 20 other, 21 stale or unknown job, 22 duplicate, 23 low difficulty, 24 unauthorized,
    /// 25 not subscribed.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::UnknownJob | Self::Stale => 21,
            Self::Duplicate => 22,
            Self::LowDifficulty => 23,
            Self::Unauthorized
            | Self::BadAddress
            | Self::NotAllowed
            | Self::OtherPayee
            | Self::TooManyWorkers
            | Self::Banned
            | Self::UnknownDevice
            | Self::OtherOwner
            | Self::DeviceSuspended
            | Self::DeviceRevoked
            | Self::DeviceHeld
            | Self::OtherDevice
            | Self::DeviceNeeded
            | Self::LevelTooLow => 24,
            Self::NotSubscribed => 25,
            _ => 20,
        }
    }

    /// A sentence for the miner's log.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Malformed => "Not a JSON request",
            Self::TooDeep => "JSON nested too deep",
            Self::BadId => "The id must be a number, a short string or null",
            Self::UnknownMethod => "Unknown method",
            Self::BadParams => "Parameters do not fit the method",
            Self::BadExtranonce2 => "extranonce2 must be 16 hexadecimal digits",
            Self::BadTime => "ntime must be at most 8 hexadecimal digits",
            Self::BadNonce => "nonce must be at most 8 hexadecimal digits",
            Self::BadVersion => "Version bits must be at most 8 hexadecimal digits",
            Self::TimeOutOfRange => "ntime out of range",
            Self::VersionOutsideMask => "Version bits outside the mask",
            Self::BadDifficulty => "Not a difficulty of at least 0.000000001",
            Self::Busy => "Server busy, try again",
            Self::UnknownJob => "Unknown job",
            Self::Stale => "Stale job",
            Self::Duplicate => "Duplicate share",
            Self::LowDifficulty => "Low difficulty share",
            Self::Unauthorized => "Unauthorized worker",
            Self::BadAddress => "The user must be a payout address, then an optional .worker",
            Self::NotAllowed => {
                "The operator of this node lets only certain addresses mine (mining.allow), and this is none of them"
            }
            Self::OtherPayee => "This connection mines for another address",
            Self::TooManyWorkers => "Too many workers on one connection",
            Self::Banned => "Banned for five minutes: too many invalid submits or requests",
            Self::NotSubscribed => "Not subscribed",
            Self::UnknownDevice => {
                "v= in the password names no registered device: register it with `thronos device register KEY --kind KIND --from NAME`"
            }
            Self::OtherOwner => {
                "The address does not own the device that v= names: mine for its owner, whom `thronos device show DEVICE` tells"
            }
            Self::DeviceSuspended => "The device that v= names is suspended: ask the authority of the chain",
            Self::DeviceRevoked => "The device that v= names is revoked for good: register another key and name that",
            Self::DeviceHeld => {
                "A verifier holds the device that v= names: wait until the time that `thronos device show DEVICE` tells"
            }
            Self::OtherDevice => "This connection mines as another device: open one connection for each",
            Self::DeviceNeeded => {
                "Only registered devices may mine here (mining.require_level): put v=DEVICE into the password"
            }
            Self::LevelTooLow => {
                "The device has too low a level for this node (mining.require_level): raise it with `thronos device accept DEVICE --from NAME` or `thronos device attest KEY --class N --from NAME`"
            }
        }
    }

    /// The label in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooDeep => "too_deep",
            Self::BadId => "bad_id",
            Self::UnknownMethod => "unknown_method",
            Self::BadParams => "bad_params",
            Self::BadExtranonce2 => "bad_extranonce2",
            Self::BadTime => "bad_time",
            Self::BadNonce => "bad_nonce",
            Self::BadVersion => "bad_version",
            Self::TimeOutOfRange => "time_out_of_range",
            Self::VersionOutsideMask => "version_outside_mask",
            Self::BadDifficulty => "bad_difficulty",
            Self::Busy => "busy",
            Self::UnknownJob => "unknown_job",
            Self::Stale => "stale",
            Self::Duplicate => "duplicate",
            Self::LowDifficulty => "low_difficulty",
            Self::Unauthorized => "unauthorized",
            Self::BadAddress => "bad_address",
            Self::NotAllowed => "not_allowed",
            Self::OtherPayee => "other_payee",
            Self::TooManyWorkers => "too_many_workers",
            Self::Banned => "banned",
            Self::NotSubscribed => "not_subscribed",
            Self::UnknownDevice => "unknown_device",
            Self::OtherOwner => "other_owner",
            Self::DeviceSuspended => "device_suspended",
            Self::DeviceRevoked => "device_revoked",
            Self::DeviceHeld => "device_held",
            Self::OtherDevice => "other_device",
            Self::DeviceNeeded => "device_needed",
            Self::LevelTooLow => "level_too_low",
        }
    }

    /// Whether a submit refused for this reason counts towards a ban. What comes too late, is for a job of an earlier connection, or
    /// finds the server busy, is nobody's fault; a share that is handed in twice was good once, and many a program does so whenever it
    /// missed an answer. These have a wider limit of their own.
    #[must_use]
    pub const fn is_invalid(self) -> bool {
        !matches!(self, Self::Stale | Self::UnknownJob | Self::Busy | Self::Duplicate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_name_and_a_sentence_that_needs_no_escape() {
        let names: std::collections::BTreeSet<&str> = Refusal::ALL.iter().map(|refusal| refusal.name()).collect();
        assert_eq!(names.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            assert!((20..=25).contains(&refusal.code()));
            assert!(refusal.sentence().bytes().all(|byte| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte)));
        }
    }
}
