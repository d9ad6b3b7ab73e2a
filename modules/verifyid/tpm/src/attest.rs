//! What a TPM says of its PCRs (`TPMS_ATTEST` of the type quote), as `tpm2_quote --message` writes it. It must not know who signed it.

use crate::form::TpmFormError;
use crate::public_area::{ALG_SHA256, TpmName, expect};
use crate::reader::Fields;

/// No quote that is read here is longer, in bytes.
pub const ATTEST_BYTES_MAX: usize = 256;
/// "Made by a TPM": no key that is restricted signs bytes from outside that begin so.
const MAGIC: u32 = 0xff54_4347;
const TYPE_QUOTE: u16 = 0x8018;
/// `TPM2B_DATA` holds a hash and its number at most.
const EXTRA_BYTES_MAX: usize = 66;
/// PCRs of a platform.
const PCRS: u8 = 24;

/// The clock of a TPM. A clearing of the TPM sets all of it back; `resets` and `restarts` of a key outside of the endorsement hierarchy
/// begin at a number of that key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TpmClock {
    /// Time under power, in ms.
    pub clock_ms: u64,
    /// How often the TPM began anew.
    pub resets: u32,
    /// How often it went on since then.
    pub restarts: u32,
    /// Whether no greater `clock_ms` was ever told.
    pub is_safe: bool,
}

/// PCRs of the bank of SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PcrSelection([u8; 3]);

impl PcrSelection {
    /// Of their numbers, 0 to 23; nothing if one is larger.
    #[must_use]
    pub fn of(numbers: &[u8]) -> Option<Self> {
        let mut bits = 0_u32;
        for number in numbers {
            bits |= 1_u32.checked_shl(u32::from(*number)).filter(|_| *number < PCRS)?;
        }
        let [first, second, third, _] = bits.to_le_bytes();
        Some(Self([first, second, third]))
    }

    /// How many they are.
    #[must_use]
    pub fn count(self) -> usize {
        let [first, second, third] = self.0;
        usize::try_from(u32::from_le_bytes([first, second, third, 0]).count_ones()).unwrap_or_default()
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, TpmFormError> {
        match fields.u32()? {
            1 => {}
            other => return Err(TpmFormError::PcrBanks(other)),
        }
        expect(fields.u16()?, ALG_SHA256, TpmFormError::PcrBank)?;
        if fields.u8()? == 3 { fields.array().map(Self) } else { Err(TpmFormError::FieldLength) }
    }
}

/// What is said. Nothing of it is proven: see [`crate::verify_quote`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quote<'a> {
    /// The key that signed it, with all above it. It is not the key's name.
    pub qualified_signer: TpmName,
    /// What the asker gave, 66 bytes at most.
    pub extra_data: &'a [u8],
    /// The clock.
    pub clock: TpmClock,
    /// The version of the TPM's firmware.
    pub firmware: u64,
    /// Which PCRs.
    pub pcrs: PcrSelection,
    /// SHA-256 of their values, in the order of their numbers.
    pub pcr_digest: [u8; 32],
}

impl<'a> Quote<'a> {
    /// Reads a `TPMS_ATTEST`, without a length in front.
    ///
    /// # Errors
    /// [`TpmFormError`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, TpmFormError> {
        if bytes.len() > ATTEST_BYTES_MAX {
            return Err(TpmFormError::Trailing);
        }
        Fields::whole(bytes, |fields| {
            let magic = fields.u32()?;
            if magic != MAGIC {
                return Err(TpmFormError::Magic(magic));
            }
            expect(fields.u16()?, TYPE_QUOTE, TpmFormError::AttestType)?;
            Ok(Self {
                qualified_signer: TpmName::read(fields)?,
                extra_data: fields.sized(EXTRA_BYTES_MAX)?,
                clock: clock(fields)?,
                firmware: fields.u64()?,
                pcrs: PcrSelection::read(fields)?,
                pcr_digest: fields.sized_array()?,
            })
        })
    }
}

fn clock(fields: &mut Fields<'_>) -> Result<TpmClock, TpmFormError> {
    let (clock_ms, resets, restarts) = (fields.u64()?, fields.u32()?, fields.u32()?);
    let is_safe = match fields.u8()? {
        0 => false,
        1 => true,
        other => return Err(TpmFormError::Safe(other)),
    };
    Ok(TpmClock { clock_ms, resets, restarts, is_safe })
}
