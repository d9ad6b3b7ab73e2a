//! How fast each kernel searches on one core: an answer to "which one, and is it the best that this machine can do".

use std::time::{Duration, Instant};

use lanes::sha256d::{HEADER_BYTES, Kernel, Scanner};

use super::job::VERSIONS_AT_ONCE;

/// How long each measurement takes.
const TIME: Duration = Duration::from_millis(500);
/// Hashes between two looks at the clock.
const STEP: u32 = 1 << 16;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The kernel.
    pub kernel: Kernel,
    /// Hashes a second with version rolling, and without; nothing where the processor lacks the instructions.
    pub hashes_per_second: Option<(u64, u64)>,
}

/// Measures every kernel, the fastest first as far as is known beforehand.
#[must_use]
pub fn measure() -> Vec<Figure> {
    let figure = |kernel: Kernel| {
        let hashes_per_second = kernel.is_available().then(|| (speed(kernel, VERSIONS_AT_ONCE), speed(kernel, 1)));
        Figure { kernel, hashes_per_second }
    };
    Kernel::ALL.map(figure).into()
}

fn speed(kernel: Kernel, versions: usize) -> u64 {
    let header: [u8; HEADER_BYTES] = std::array::from_fn(|place| (place % 251) as u8);
    let versions: Vec<u32> = (0_u32..).take(versions).map(|number| number << 13).collect();
    let scanner = Scanner::new(kernel, &header, &versions, &[0; 32]);
    let count = STEP / u32::try_from(versions.len()).expect("a few");
    let (start, mut hashes, mut nonce) = (Instant::now(), 0_u64, 0_u32);
    loop {
        let hits = scanner.scan(nonce, count);
        debug_assert!(hits.is_empty(), "no digest is zero");
        nonce = nonce.wrapping_add(count);
        hashes += u64::from(count) * versions.len() as u64;
        let time = start.elapsed();
        if time >= TIME {
            return hashes.saturating_mul(1_000_000) / u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        }
    }
}
