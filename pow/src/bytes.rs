//! Bytes of fixed layout, field by field.
//!
//! It must not know what the fields mean. Whoever calls has reserved the room.

/// Writes a field to the front, and gives the room behind it.
pub(crate) fn place<const N: usize>(bytes: &mut [u8], field: [u8; N]) -> &mut [u8] {
    let (head, rest) = bytes.split_first_chunk_mut().expect("the fields fit the room that was reserved for them");
    *head = field;
    rest
}
