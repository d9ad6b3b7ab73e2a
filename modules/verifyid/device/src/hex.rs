//! Hexadecimal digits into and out of buffers of known length: how services write challenges and take answers.

/// Reads exactly as many bytes as the buffer has; says whether the text was that.
#[must_use]
pub fn read(text: &[u8], into: &mut [u8]) -> bool {
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != into.len() {
        return false;
    }
    for ([high, low], byte) in pairs.iter().zip(into) {
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return false };
        *byte = high << 4 | low;
    }
    true
}

/// Writes two lower-case digits for each byte; the rest of the buffer stays as it is. Says whether there was room.
#[must_use]
pub fn write(bytes: &[u8], into: &mut [u8]) -> bool {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (pairs, _) = into.as_chunks_mut::<2>();
    for (byte, pair) in bytes.iter().zip(pairs.iter_mut()) {
        let of = |place: u8| DIGITS.get(usize::from(place)).copied().unwrap_or(b'0');
        *pair = [of(byte >> 4), of(byte & 15)];
    }
    pairs.len() >= bytes.len()
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
