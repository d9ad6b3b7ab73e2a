//! How long every stage is measured: short enough that `cargo bench -p benches` ends within four minutes.
//!
//! It must not know what is measured. Groups may ask for fewer samples, not for more time.

use std::time::Duration;

use criterion::Criterion;

/// Caches are warm after this, and the number of calls per sample is known.
const WARM_UP: Duration = Duration::from_millis(500);
/// All samples of one stage together.
const MEASUREMENT: Duration = Duration::from_secs(2);

/// What all groups begin with.
pub fn settings() -> Criterion {
    Criterion::default().warm_up_time(WARM_UP).measurement_time(MEASUREMENT).sample_size(50).without_plots()
}
