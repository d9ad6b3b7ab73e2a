//! Reads big-endian fields from the front. Nothing is copied that has no fixed length, and nothing is allocated.

use crate::form::TpmFormError;

/// What is left to read.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Reads a structure to its last byte.
    pub(crate) fn whole<T>(
        bytes: &'a [u8],
        read: impl FnOnce(&mut Self) -> Result<T, TpmFormError>,
    ) -> Result<T, TpmFormError> {
        let mut fields = Self(bytes);
        let value = read(&mut fields)?;
        if fields.0.is_empty() { Ok(value) } else { Err(TpmFormError::Trailing) }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], TpmFormError> {
        let (part, rest) = self.0.split_first_chunk().ok_or(TpmFormError::Short)?;
        self.0 = rest;
        Ok(*part)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, TpmFormError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, TpmFormError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, TpmFormError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, TpmFormError> {
        self.array().map(u64::from_be_bytes)
    }

    /// A length of two bytes, and as many bytes, `max` at most.
    pub(crate) fn sized(&mut self, max: usize) -> Result<&'a [u8], TpmFormError> {
        let length = usize::from(self.u16()?);
        if length > max {
            return Err(TpmFormError::FieldLength);
        }
        let (part, rest) = self.0.split_at_checked(length).ok_or(TpmFormError::Short)?;
        self.0 = rest;
        Ok(part)
    }

    /// A length of two bytes, which has to be this one, and as many bytes.
    pub(crate) fn sized_array<const N: usize>(&mut self) -> Result<[u8; N], TpmFormError> {
        if usize::from(self.u16()?) == N { self.array() } else { Err(TpmFormError::FieldLength) }
    }
}
