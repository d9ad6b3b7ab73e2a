//! A whole session through the eyes of a parser that was written elsewhere: crate `sv1_api`.
//!
//! Every line of the server has to parse as a message of that crate; the client builds its requests with it, finds a
//! real proof on the CPU, and has it accepted.

mod rig;

use std::convert::TryFrom;

use pow::{CompactBits, Difficulty, Target, WorkHeader, merkle, sha256d};
use rig::{Rig, SOLO, template, user};
use stratum::{ConnectionId, Template};
use sv1_api::Message;
use sv1_api::client_to_server;
use sv1_api::methods::server_to_client;
use sv1_api::utils::{Extranonce, HexU32Be};
use types::Hash32;

/// Says a message and gives back what came, parsed by the judge.
fn say(rig: &mut Rig, connection: ConnectionId, message: Message) -> Vec<Message> {
    let line = serde_json::to_string(&message).expect("a message is JSON");
    let lines = rig.say(connection, &line);
    lines.into_iter().map(|line| serde_json::from_value(line).expect("the judge reads every line")).collect()
}

fn responses(messages: &[Message]) -> Vec<&sv1_api::json_rpc::Response> {
    let mut found = Vec::new();
    for message in messages {
        if let Message::OkResponse(response) | Message::ErrorResponse(response) = message {
            found.push(response);
        }
    }
    found
}

fn notified(messages: &[Message]) -> (Vec<server_to_client::Notify>, Vec<f64>) {
    let (mut jobs, mut difficulties) = (Vec::new(), Vec::new());
    for message in messages {
        if let Message::Notification(notification) = message {
            match notification.method.as_str() {
                "mining.notify" => {
                    jobs.push(
                        server_to_client::Notify::try_from(notification.clone()).expect("a job that the judge reads"),
                    );
                }
                "mining.set_difficulty" => {
                    let set = server_to_client::SetDifficulty::try_from(notification.clone()).expect("a difficulty");
                    difficulties.push(set.value);
                }
                other => panic!("{other}"),
            }
        }
    }
    (jobs, difficulties)
}

/// The proof: a nonce and version bits for the job, by the judge's own types.
fn search(job: &server_to_client::Notify, extranonce1: &[u8], extranonce2: &[u8], bits: u32, target: Target) -> u32 {
    let coinbase = [job.coin_base1.as_ref(), extranonce1, extranonce2, job.coin_base2.as_ref()].concat();
    let branch: Vec<Hash32> =
        job.merkle_branch.iter().map(|node| Hash32(node.as_ref().try_into().expect("32 bytes"))).collect();
    let previous: &[u8] = job.prev_hash.as_ref();
    let header = |nonce| WorkHeader {
        version: job.version.0 | bits,
        previous: previous.try_into().expect("32 bytes"),
        merkle_root: merkle::fold(sha256d(&coinbase), &branch),
        time: job.time.0,
        bits: CompactBits(job.bits.0),
        nonce,
    };
    (0..).find(|nonce| target.is_met_by(&header(*nonce).hash())).expect("one in a few")
}

#[test]
fn a_client_built_elsewhere_configures_subscribes_authorizes_and_has_a_work_accepted() {
    let mut rig = Rig::new();
    let easiest = Target::from_compact(CompactBits(0x207f_ffff)).expect("valid bits");
    rig.work(Template { bits: CompactBits(0x207f_ffff), share_target: easiest.times(64), ..template(1) });
    let connection = rig.connect(SOLO);

    let mask = Some(HexU32Be(0xffff_ffff));
    let configure = client_to_server::Configure::new(0, mask, Some(HexU32Be(2)));
    let messages = say(&mut rig, connection, configure.into());
    let configured = server_to_client::Configure::try_from(responses(&messages)[0]).expect("configured");
    let granted: HexU32Be = configured.version_rolling.expect("version rolling").version_rolling_mask;
    assert_eq!(granted.0, 0x1fff_e000);

    let subscribe = client_to_server::Subscribe { id: 1, agent_signature: "judge/1".to_owned(), extranonce1: None };
    let messages = say(&mut rig, connection, subscribe.try_into().expect("a request"));
    let subscribed = server_to_client::Subscribe::try_from(responses(&messages)[0]).expect("subscribed");
    assert_eq!((subscribed.extra_nonce1.len(), subscribed.extra_nonce2_size), (4, 8));

    let name = user(1, "judge");
    let authorize = client_to_server::Authorize { id: 2, name: name.clone(), password: "x".to_owned() };
    let messages = say(&mut rig, connection, authorize.into());
    let granted = server_to_client::GeneralResponse::try_from(responses(&messages)[0]).expect("granted");
    assert!(granted.into_authorize(name.clone()).is_ok());
    let (jobs, difficulties) = notified(&messages);
    assert_eq!((jobs.len(), difficulties.len(), jobs[0].clean_jobs), (1, 1, true));

    let extranonce1: Vec<u8> = subscribed.extra_nonce1.clone().into();
    let bits = 0x0000_6000;
    let nonce = search(&jobs[0], &extranonce1, &[0, 1, 2, 3, 4, 5, 6, 7], bits, easiest.min(Difficulty::MIN.target()));
    let submit = client_to_server::Submit {
        id: 3,
        user_name: name,
        job_id: jobs[0].job_id.clone(),
        extra_nonce2: Extranonce::try_from(vec![0, 1, 2, 3, 4, 5, 6, 7]).expect("8 bytes"),
        time: HexU32Be(jobs[0].time.0),
        nonce: HexU32Be(nonce),
        version_bits: Some(HexU32Be(bits)),
    };
    let messages = say(&mut rig, connection, submit.clone().into());
    let accepted = server_to_client::GeneralResponse::try_from(responses(&messages)[0]).expect("accepted");
    assert!(accepted.into_submit().is_ok());
    assert!(rig.proofs.len() == 1 && rig.proofs[0].is_work);

    let messages = say(&mut rig, connection, submit.into());
    let error = responses(&messages)[0].error.clone().expect("a duplicate");
    assert_eq!((error.code, error.message.as_str()), (22, "Duplicate share"));
}
