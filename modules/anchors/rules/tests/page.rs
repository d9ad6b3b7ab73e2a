//! The calls of this module among the recorded examples of `docs/FORMATS.md`: each reads, has one form and the weight that the page says.

use anchors::{Anchors, AnchorsCall};
use execution::Module;
use types::Canonical;

const FILE: &str = include_str!("../../../../testnet/peers/formats-vectors.json");

#[test]
fn the_recorded_calls_of_the_page_are_all_that_there_are_and_weigh_what_it_says() {
    let file: serde_json::Value = serde_json::from_str(FILE).expect("JSON");
    let calls = file["calls"].as_array().expect("a list").iter().filter(|call| call["module"] == Anchors::ID.0);
    let mut variants = std::collections::BTreeSet::new();
    for recorded in calls {
        let bytes = hex::decode(recorded["bytes"].as_str().expect("digits")).expect("hexadecimal");
        let call = AnchorsCall::from_canonical(&bytes).expect("a call");
        assert_eq!(call.to_canonical(), bytes);
        let weight = Anchors.check(&call).expect("a call that may succeed");
        assert_eq!(serde_json::json!(weight.0), recorded["weight"], "{call:?}");
        let named = serde_json::to_value(&call).expect("JSON");
        let name = |value: &serde_json::Value| value.as_object().and_then(|object| object.keys().next().cloned());
        assert_eq!(name(&named), name(&recorded["fields"]));
        variants.insert(bytes[0]);
    }
    assert_eq!(variants, (0..8).collect());
}
