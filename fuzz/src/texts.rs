//! Values as people and JSON write them.

use types::{Address, Amount, Canonical, Genesis, Network};

/// Text of an address, in every form and on both kinds of network.
pub fn address_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for network in [Network::Main, Network::Test] {
        if let Ok(address) = Address::parse(text, network) {
            let (own, legacy) = (address.to_text(network), address.to_legacy_text());
            assert!(text.eq_ignore_ascii_case(&own) || text.eq_ignore_ascii_case(&legacy), "a third form: {text}");
        }
    }
}

/// Text of an amount: the first byte chooses the decimals.
pub fn amount_text(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let decimals = first % 19;
    if let Ok(amount) = Amount::parse_decimal(text, decimals) {
        let shown = amount.to_decimal(decimals);
        assert_eq!(Amount::parse_decimal(&shown, decimals).ok(), Some(amount), "{text} is shown as {shown}");
    }
}

/// A genesis file: what is accepted has canonical bytes, and these have one readable form.
pub fn genesis_json(data: &[u8]) {
    let registry = runtime::registry();
    let Some(genesis) = std::str::from_utf8(data).ok().and_then(|json| genesis::parse(json, &registry).ok()) else {
        return;
    };
    let decoded = Genesis::from_canonical(&genesis.to_canonical()).expect("what the JSON form accepts is canonical");
    assert_eq!(decoded, genesis);
    let text = genesis::to_json(&genesis, &registry);
    assert_eq!(genesis::parse(&text, &registry), Ok(genesis));
}
