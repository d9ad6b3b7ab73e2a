//! The service on a made-up chain: it follows the blocks, answers its route, counts, and stops when it is asked to.

use std::sync::Arc;

use axum::http::StatusCode;
use module_name::{ModuleName, ModuleNameCall, ModuleNameWrite};
use module_name_service::{ModuleNameService, ModuleNameSettings};
use service::{AnySection, Service, Value};
use tryout::{Measured, Running, TryoutChain, answered, get, ground};
use types::{ByteString, Network};

const ROUTE: &str = "/api/v1/module_name/newest";

fn leave(chain: &TryoutChain, user: u8, text: &str) {
    let text = ByteString::new(text.into()).expect("a short note");
    assert_eq!(chain.send(user, ModuleNameCall::Write(ModuleNameWrite { text }).to_call()), 0);
}

#[tokio::test]
async fn a_note_in_a_final_block_is_among_the_newest_and_counted() {
    let folder = tempfile::tempdir().expect("a directory");
    let chain = Arc::new(TryoutChain::new(vec![Box::new(ModuleName)]));
    let settings = ModuleNameSettings { newest_max: 2 };
    let service = ModuleNameService::open(&settings, ground(&chain, folder.path()), Vec::new());
    let service = service.expect("nothing forbids it").expect("it is never switched off");
    let routes = Service::routes(&service);
    let measured = Measured::of(&service);
    assert!(measured.text().contains("thronos_module_name_notes_total 0"), "{}", measured.text());
    assert_eq!(get(&routes, ROUTE).await, (StatusCode::OK, serde_json::json!([])));

    let mut running = Running::start(service);
    running.ready().await;
    for (user, text) in [(0, "first"), (1, "second"), (2, "third")] {
        leave(&chain, user, text);
    }
    let newest = answered(&routes, ROUTE, |newest| newest[0]["number"] == 3).await;
    assert_eq!(newest.as_array().map(Vec::len), Some(2), "no more than the setting says: {newest}");
    assert_eq!((&newest[0]["text"], &newest[1]["text"]), (&"third".into(), &"second".into()));
    assert_eq!(newest[0]["author"], TryoutChain::user(2).to_text(Network::Test));
    assert_eq!(get(&routes, &format!("{ROUTE}?limit=1")).await.1.as_array().map(Vec::len), Some(1));
    assert_eq!(get(&routes, &format!("{ROUTE}?limit=0")).await.0, StatusCode::BAD_REQUEST);
    assert!(measured.text().contains("thronos_module_name_notes_total 3"), "{}", measured.text());
    running.stop().await.expect("it ends without a fault");
}

#[test]
fn the_setting_refuses_a_number_out_of_its_range() {
    let mut settings = ModuleNameSettings::default();
    assert_eq!(settings.set("newest_max", Value::Number(7)), Some(Ok(())));
    assert_eq!(settings.set("newest_max", Value::Number(0)), Some(Err("a number from 1 to 10000")));
}
