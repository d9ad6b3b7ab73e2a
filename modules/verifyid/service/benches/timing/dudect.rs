//! Whether a computation takes another time for one class of inputs than for another (dudect: Reparaz, Balasch, Verbauwhede, "Dude, is my code
//! constant time?", 2017): Welch's t-test over many measurements, the slowest left out.
//!
//! It must not know what is measured. Of two classes that take the same time |t| stays below 4.5 but once in 100,000 runs.

use std::hint::black_box;
use std::time::Instant;

/// From here on two classes are taken to differ.
pub const T_MAX: f64 = 4.5;
/// Inputs that are made before they are measured.
const ROUND: usize = 10_000;
/// Which of the first round's measurements, in order of time, is the slowest that counts: what is beyond tells of the machine.
const KEPT_PER_CENT: usize = 90;

/// The two classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// As near to the secret as can be.
    Near,
    /// Anything.
    Any,
}

/// Numbers that nobody's secret hangs on (SplitMix64).
#[derive(Clone, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// So many bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.draw().to_le_bytes()[0])
    }
}

/// Mean and variance as they grow (Welford).
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let off = value - self.mean;
        self.mean += off / self.count;
        self.squares += off * (value - self.mean);
    }

    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

/// |t| of so many measurements. `make` gives an input of a class, `run` is what is measured.
pub fn t<I, O>(samples: usize, make: impl Fn(Class, &mut Numbers) -> I, run: impl Fn(&I) -> O) -> f64 {
    let mut numbers = Numbers(0x7468_726f_6e6f_7321);
    let mut slowest = None;
    let (mut near, mut any) = (Moments::default(), Moments::default());
    let mut left = samples;
    while left > 0 {
        let inputs: Vec<(Class, I)> = (0..left.min(ROUND))
            .map(|_| {
                let class = if numbers.draw() & 1 == 0 { Class::Near } else { Class::Any };
                (class, make(class, &mut numbers))
            })
            .collect();
        left -= inputs.len();
        let times: Vec<(Class, u64)> = inputs
            .iter()
            .map(|(class, input)| {
                let begun = Instant::now();
                black_box(run(black_box(input)));
                (*class, u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX))
            })
            .collect();
        // The first round warms caches and says what is slow.
        let Some(most) = slowest else {
            let mut sorted: Vec<u64> = times.iter().map(|(_, time)| *time).collect();
            sorted.sort_unstable();
            slowest = sorted.get(sorted.len() * KEPT_PER_CENT / 100).copied();
            continue;
        };
        for (class, time) in times.into_iter().filter(|(_, time)| *time <= most) {
            let moments = if class == Class::Near { &mut near } else { &mut any };
            moments.add(time as f64);
        }
    }
    let error = (near.error() + any.error()).sqrt();
    if error > 0.0 { ((near.mean - any.mean) / error).abs() } else { 0.0 }
}
