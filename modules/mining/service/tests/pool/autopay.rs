//! A pool that pays by itself what it owes: each payee exactly that, however often the node is stopped between.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use node::config::Config;
use node::home::Home;
use node::keys::{AccountKeys, PasswordSource};
use serde_json::Value;
use signing::AccountKey;
use tokens::TokensCall;
use types::{Amount, List, Network, THR};

use crate::machine::Machine;
use crate::program::thronosd;
use crate::support::{Running, address, key, make_home, sign, start_with};

/// Who mines.
const PAYEES: [u8; 2] = [11, 12];
/// Who pays.
const PAYER: u8 = 13;

fn text(number: u8) -> String {
    address(&key(number)).to_text(Network::Test)
}

fn accounts() -> AccountKeys {
    let mut accounts = AccountKeys::default();
    accounts.add("mining", AccountKey::from_secret(&[PAYER; 32]).expect("a key")).expect("the first");
    accounts
}

/// A pool in a home that outlives its node.
struct Pool {
    home: Home,
    config: Config,
    running: Running,
    nonce: u64,
}

impl Pool {
    /// A pool in which each payee has a share.
    fn with_shares() -> Self {
        let pool = Self::start(&[]);
        for (number, payee) in (1..).zip(PAYEES) {
            let mut machine = Machine::log_in(Box::new(Machine::socket(&pool.running, 1)), &text(payee));
            assert_eq!(machine.mine(number).0["result"], true);
        }
        pool
    }

    fn start(settings: &[(&str, &str)]) -> Self {
        let operator = text(6);
        let usual = [
            ("mining.enabled", "true"),
            ("mining.listen", "127.0.0.1:0"),
            ("mining.pool_listen", "127.0.0.1:0"),
            ("mining.pool_operator", operator.as_str()),
            ("mining.difficulty", "0.000001"),
            ("mining.payout_least", "1"),
        ];
        let settings: Vec<_> = usual.iter().chain(settings).copied().collect();
        let directory = tempfile::tempdir().expect("a directory");
        let genesis = crate::support::genesis();
        let (home, config) = make_home(directory.path(), &genesis, &settings);
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let chain = genesis::chain_id(&genesis);
        let node = start_with(home.clone(), config.clone(), accounts(), None);
        Self { home, config, running: Running { node, directory, chain, agent }, nonce: 0 }
    }

    /// The node goes and comes again.
    fn restart(self) -> Self {
        self.restart_after(|_| {})
    }

    /// As before, with something done to the service's files meanwhile.
    fn restart_after(self, act: impl FnOnce(&Path)) -> Self {
        self.restart_with(accounts(), act)
    }

    /// As before, with these accounts.
    fn restart_with(self, accounts: AccountKeys, act: impl FnOnce(&Path)) -> Self {
        let Self { home, config, running: Running { node, directory, chain, agent }, nonce } = self;
        node.stop().expect("a clean stop");
        act(&home.root().join("data/services/mining"));
        let node = start_with(home.clone(), config.clone(), accounts, None);
        Self { home, config, running: Running { node, directory, chain, agent }, nonce }
    }

    fn command(&self, arguments: &[&str]) -> Output {
        let mut command = thronosd();
        command.arg("mining").args(arguments).arg("--home").arg(self.home.root()).env_remove("THRONOS_HOME");
        command.output().expect("the program runs")
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).expect("text")
    }

    fn rehearse(&self) -> Value {
        serde_json::from_str(&self.done(&["pay", "--dry-run", "--json"])).expect("JSON")
    }

    fn fund(&mut self, amount: u128) {
        let call = TokensCall::transfer(THR, address(&key(PAYER)), Amount(amount)).to_call();
        let calls = List::new(vec![call]).expect("one");
        let (status, accepted) = self.running.submit(&self.running.transfer(self.nonce, |body| body.calls = calls));
        assert_eq!(status, 202, "{accepted}");
        self.running.final_transaction(accepted["id"].as_str().expect("an id"));
        self.nonce += 1;
    }

    /// An income of a new reference; who is owed how much of it.
    fn income(&self, number: u8, amount: u128) -> Vec<(String, u128)> {
        let reference = hex::encode([number; 32]);
        let before = self.owed();
        self.done(&["income", "--reference", &reference, "--amount", &amount.to_string()]);
        let after = self.owed();
        let of = |owed: &[(String, u128)], name: &str| {
            owed.iter().find(|(address, _)| address == name).map_or(0, |(_, owed)| *owed)
        };
        after.iter().map(|(name, owed)| (name.clone(), owed - of(&before, name))).collect()
    }

    /// An income that may be paid by itself before anybody has asked: how much of it is owed.
    fn shared(&self, number: u8, amount: u128) -> u128 {
        let reference = hex::encode([number; 32]);
        let told = self.done(&["income", "--reference", &reference, "--amount", &amount.to_string()]);
        told.split(' ').nth(3).and_then(|shared| shared.parse().ok()).expect("of AMOUNT µTHR SHARED are owed")
    }

    fn owed(&self) -> Vec<(String, u128)> {
        let list: Value = serde_json::from_str(&self.done(&["owed", "--json"])).expect("JSON");
        let line = |line: &Value| (line["address"].as_str().expect("a text").to_owned(), units(&line["owed"]));
        list["payouts"].as_array().expect("a list").iter().map(line).collect()
    }

    fn balance(&self, name: &str) -> u128 {
        let (_, account) = self.running.get(&format!("/api/v1/accounts/{name}"));
        account["balances"].as_array().and_then(|all| all.first()).map_or(0, |first| units(&first["amount"]))
    }

    /// Waits until nothing is paid without the operator's word; why.
    fn until_held(&self) -> String {
        let why = |rehearsed: &Value| rehearsed["trouble"].as_str().unwrap_or_default().to_owned();
        let is_held = |why: &str| why.contains("older copy") && why.contains("thronosd mining pay");
        why(&self.until_rehearsed(|rehearsed| is_held(&why(rehearsed))))
    }

    /// Lets payouts go on that are held, by the word that is told with every reason.
    fn release(&self) -> String {
        let list: Value = serde_json::from_str(&self.done(&["owed", "--json"])).expect("JSON");
        let word = list["release"].as_str().expect("held");
        assert!(list["held"].as_str().is_some_and(|why| why.contains(&format!("--release {word}"))), "{list}");
        self.done(&["pay", "--release", word])
    }

    fn until_rehearsed(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(90);
        loop {
            let rehearsed = self.rehearse();
            if is_so(&rehearsed) {
                return rehearsed;
            }
            assert!(Instant::now() < end, "{rehearsed}");
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    fn until_nothing_is_owed(&self) {
        self.running.until("/api/v1/mining/payouts", |status, all| status == 200 && all["owed"] == "0");
        // The book is marked before the payout is closed in the log.
        self.until_rehearsed(|rehearsed| rehearsed["under_way"].is_null());
    }
}

fn units(text: &Value) -> u128 {
    text.as_str().and_then(|text| text.parse().ok()).expect("an amount")
}

// FAULTS HV2
#[test]
fn a_pool_pays_each_payee_what_it_owes_once_however_often_the_node_is_stopped_between() {
    let mut pool = Pool::with_shares();
    let mut paid = pool.income(1, 1_000_001);
    assert_eq!(paid.len(), 2, "{paid:?}");
    let rehearsed = pool.done(&["pay", "--dry-run"]);
    assert!(PAYEES.iter().all(|payee| rehearsed.contains(&text(*payee))), "{rehearsed}");
    assert!(
        rehearsed.contains("would be paid to 2 addresses") && pool.rehearse()["under_way"].is_null(),
        "{rehearsed}"
    );
    // Without THR it waits, and says so. Nothing is settled meanwhile: who is paid by hand is not paid again.
    assert!(pool.done(&["pay"]).contains("are to be paid to 2 addresses"));
    let waiting = pool.running.until("/readyz", |_, answer| answer.to_string().contains("has less than 1 THR"));
    assert!(waiting.to_string().contains(&text(PAYER)), "{waiting}");
    assert!(pool.rehearse()["under_way"].is_null());
    assert_eq!(pool.owed(), paid, "what is not final is owed");
    pool = pool.restart();
    pool.fund(50_000_000);
    pool.done(&["pay"]);
    pool.until_nothing_is_owed();
    // Stopped at any moment between the word to pay and the last mark.
    for number in 2..6 {
        for (name, owed) in pool.income(number, 1_000_000 + u128::from(number)) {
            paid.iter_mut().find(|(known, _)| *known == name).expect("the same payees").1 += owed;
        }
        pool.done(&["pay"]);
        std::thread::park_timeout(Duration::from_millis(u64::from(number - 2) * 150));
        pool = pool.restart();
        // The word may have been lost with the node; what was begun goes on.
        pool.done(&["pay"]);
        pool.until_nothing_is_owed();
    }
    for (name, paid) in &paid {
        assert_eq!(pool.balance(name), *paid, "{name}");
    }
    assert!(pool.done(&["pay"]).starts_with("nobody is owed 0.000001 THR or more"));
    let ready = pool.running.until("/readyz", |status, _| status == 200);
    assert!(!ready.to_string().contains("has less than"), "{ready}");
    pool.running.node.stop().expect("a clean stop");
}

/// Copies the files of a folder into another, over what is there.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("room");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("readable").path()) {
        if entry.is_file() {
            std::fs::copy(&entry, to.join(entry.file_name().expect("a name"))).expect("room");
        }
    }
}

/// A pool that owes something to one payee, with a copy of its files from then, and that has paid it since.
fn paid_after_a_copy(copied: &Path) -> (Pool, u128) {
    let mut pool = Pool::start(&[("mining.payouts", "true")]);
    let mut machine = Machine::log_in(Box::new(Machine::socket(&pool.running, 1)), &text(PAYEES[0]));
    assert_eq!(machine.mine(1).0["result"], true);
    // The account has nothing yet, so what is owed stays owed.
    let owed = pool.income(1, 1_000_001)[0].1;
    pool = pool.restart_after(|folder| copy(folder, copied));
    pool.fund(50_000_000);
    // The account may not have been looked at before the stop: then it is new to this pool.
    if !pool.command(&["pay"]).status.success() {
        pool.release();
    }
    pool.until_nothing_is_owed();
    assert_eq!(pool.balance(&text(PAYEES[0])), owed);
    (pool, owed)
}

// FAULTS HV2
#[test]
fn files_that_were_restored_from_an_older_copy_pay_nothing_twice() {
    // All of them; the book alone; the logs alone; all but what the account has sent.
    let all: &[&str] = &[];
    for (only, is_owed) in
        [(all, true), (&["shares."], true), (&["account.log", "payouts"], false), (&["shares.", "payouts"], true)]
    {
        let copied = tempfile::tempdir().expect("a directory");
        let (mut pool, owed) = paid_after_a_copy(copied.path());
        pool = pool.restart_after(|folder| {
            for entry in
                std::fs::read_dir(copied.path()).expect("a folder").map(|entry| entry.expect("readable").path())
            {
                let name = entry.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
                if only.is_empty() || only.iter().any(|begin| name.starts_with(begin)) {
                    std::fs::copy(&entry, folder.join(&name)).expect("room");
                }
            }
        });
        let told = pool.until_held();
        let shown = pool.done(&["owed"]);
        assert!(shown.contains("payouts are held: ") && shown.contains("older copy"), "{only:?}: {shown}");
        // Whoever watches the node sees it too.
        pool.running
            .until("/readyz", |status, answer| status == 503 && answer.to_string().contains("no miner is paid: "));
        if is_owed {
            assert_eq!(pool.owed(), [(text(PAYEES[0]), owed)], "{only:?}: {told}");
        }
        assert!(pool.rehearse()["under_way"].is_null(), "{only:?}");
        assert_eq!(pool.balance(&text(PAYEES[0])), owed, "{only:?}");
        // The operator compares, marks what was paid, and lets it go on.
        for (name, owed) in pool.owed() {
            pool.done(&["paid", "--reference", &"09".repeat(32), &name, &owed.to_string()]);
        }
        let told = pool.release();
        assert!(told.contains("payouts are no longer held"), "{only:?}: {told}");
        assert!(!pool.done(&["owed"]).contains("held"), "{only:?}");
        pool.running.until("/readyz", |status, _| status == 200);
        let more = pool.shared(2, 2_000_001);
        pool.until_nothing_is_owed();
        assert_eq!(pool.balance(&text(PAYEES[0])), owed + more, "{only:?}");
        pool.running.node.stop().expect("a clean stop");
    }
}

/// Where the last record that begins a payout ends, in the log of payouts.
fn end_of_begun(log: &[u8]) -> usize {
    const HEAD: usize = 12;
    const BEGUN: u8 = 1;
    let (mut at, mut found) = (0, 0);
    while let Some(length) = log.get(at..at + 4) {
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        let is_begun = log.get(at + HEAD) == Some(&BEGUN);
        at += HEAD + usize::try_from(length).expect("small");
        found = if is_begun { at } else { found };
    }
    found
}

// FAULTS HV2: shares and payouts were copied while a payout was open, and the account's log after that was closed and forgotten.
#[test]
fn a_book_and_a_log_from_the_middle_of_a_payout_pay_nothing_twice() {
    let copied = tempfile::tempdir().expect("a directory");
    let (mut pool, owed) = paid_after_a_copy(copied.path());
    let (home, mut told) = (pool.home.clone(), String::new());
    pool = pool.restart_after(|folder| {
        restore_shares(copied.path(), folder);
        let mut log = std::fs::read(folder.join("payouts")).expect("own file");
        log.truncate(end_of_begun(&log));
        std::fs::write(folder.join("payouts"), log).expect("room");
        let mut check = thronosd();
        check.arg("check").arg("--home").arg(home.root()).env_remove("THRONOS_HOME");
        let Output { stdout, stderr, .. } = check.output().expect("the program runs");
        told = String::from_utf8([stdout, stderr].concat()).expect("text");
    });
    let why = "the log of payouts is an older copy than that of the account";
    let held = told.lines().any(|line| line.starts_with("held ") && line.contains(why));
    assert!(
        held && told.contains("until the operator lets them go on"),
        "whoever looks before the start is told: {told}"
    );
    pool.until_rehearsed(|rehearsed| rehearsed["trouble"].as_str().is_some_and(|held| held.contains(why)));
    assert_eq!(pool.balance(&text(PAYEES[0])), owed, "nothing is paid before the operator's word");
    assert!(pool.rehearse()["under_way"].is_null());
    pool.running.node.stop().expect("a clean stop");
}

// FAULTS HV2
#[test]
fn a_read_only_node_marks_nothing_that_an_open_payout_pays_and_says_why_payouts_are_held() {
    let mut pool = Pool::with_shares();
    let owed = pool.income(1, 1_000_001);
    pool.config.set("node.read_only", "true").expect("a setting");
    // Such a node opens no key.
    pool = pool.restart_with(AccountKeys::default(), |folder| {
        // As a node leaves it that is stopped after it has begun a payout, and has found a reason to hold others.
        let bounds = service::log::LogBounds { record_bytes_max: 40_000, file_bytes_max: 16 << 20 };
        let log = service::log::Log::open(&folder.join("payouts"), bounds, service::log::OnDamage::Refuse);
        let begun = (1_u8, types::Hash32([7; 32]), vec![(address(&key(PAYEES[0])), Amount(5))]);
        let records =
            [borsh::to_vec(&begun).expect("memory"), borsh::to_vec(&(3_u8, "the tide is out")).expect("memory")];
        log.expect("whole").log.append(records.iter().map(Vec::as_slice)).expect("room");
    });
    let shown = pool.done(&["owed"]);
    assert!(shown.contains("payouts are held: the tide is out"), "{shown}");
    let paid = |payee| ["paid".to_owned(), "--reference".to_owned(), "09".repeat(32), text(payee), "5".to_owned()];
    let [under_way, other] = PAYEES.map(|payee| pool.command(&paid(payee).each_ref().map(String::as_str)));
    let said = String::from_utf8_lossy(&under_way.stderr).into_owned();
    assert!(said.contains("[under_way]") && said.contains("node.read_only"), "{said}");
    assert!(other.status.success(), "{}", String::from_utf8_lossy(&other.stderr));
    let left: u128 = pool.owed().iter().map(|(_, owed)| owed).sum();
    assert_eq!(left, owed.iter().map(|(_, owed)| owed).sum::<u128>() - 5, "one was marked, the other was not");
    pool.running.node.stop().expect("a clean stop");
}

/// Puts an older copy of the book in the place of the book.
fn restore_shares(copied: &Path, folder: &Path) {
    for name in ["shares.snapshot", "shares.journal"] {
        std::fs::copy(copied.join(name), folder.join(name)).expect("room");
    }
}

// FAULTS HV2
#[test]
fn an_older_book_is_noticed_though_miners_fill_it_before_anybody_asks() {
    let copied = tempfile::tempdir().expect("a directory");
    let (mut pool, owed) = paid_after_a_copy(copied.path());
    pool = pool.restart_after(|folder| restore_shares(copied.path(), folder));
    // As many entries as were lost come again, and more, before the account has seen a block.
    let mut machine = Machine::log_in(Box::new(Machine::socket(&pool.running, 1)), &text(PAYEES[1]));
    assert_eq!(machine.mine(7).0["result"], true);
    pool.until_held();
    assert_eq!(pool.balance(&text(PAYEES[0])), owed);
    pool.running.node.stop().expect("a clean stop");
}

// FAULTS HV2
#[test]
fn a_book_from_before_a_payment_that_was_marked_by_hand_is_noticed() {
    let copied = tempfile::tempdir().expect("a directory");
    let mut pool = Pool::start(&[("mining.payouts", "true")]);
    let mut machine = Machine::log_in(Box::new(Machine::socket(&pool.running, 1)), &text(PAYEES[0]));
    assert_eq!(machine.mine(1).0["result"], true);
    let owed = pool.income(1, 1_000_001)[0].1;
    pool = pool.restart_after(|folder| copy(folder, copied.path()));
    pool.done(&["paid", "--reference", &"09".repeat(32), &text(PAYEES[0]), &owed.to_string()]);
    pool = pool.restart_after(|folder| restore_shares(copied.path(), folder));
    pool.fund(50_000_000);
    pool.until_held();
    assert_eq!(pool.owed(), [(text(PAYEES[0]), owed)], "it is owed again");
    assert_eq!(pool.balance(&text(PAYEES[0])), 0);
    pool.running.node.stop().expect("a clean stop");
}

// FAULTS HV2
#[test]
fn another_program_with_the_accounts_key_is_noticed_long_after_the_start_and_the_word_is_asked_for() {
    let mut pool = Pool::start(&[]);
    let mut machine = Machine::log_in(Box::new(Machine::socket(&pool.running, 1)), &text(PAYEES[0]));
    assert_eq!(machine.mine(1).0["result"], true);
    pool.fund(50_000_000);
    // The account has been looked at, and all is well.
    let ready = |rehearsed: &Value| rehearsed["balance"] == "50000000" && rehearsed["trouble"].is_null();
    let owed = pool.income(1, 1_000_001)[0].1;
    pool.until_rehearsed(ready);
    // Nothing is under way when a copy of this home, or a person, pays the same with the same key.
    let call = TokensCall::transfer(THR, address(&key(PAYEES[0])), Amount(owed)).to_call();
    let mut body = pool.running.transfer(0, |_| {}).body;
    (body.sender, body.calls) = (address(&key(PAYER)), List::new(vec![call]).expect("one"));
    let (status, accepted) = pool.running.submit(&sign(&key(PAYER), pool.running.chain, body));
    assert_eq!(status, 202, "{accepted}");
    pool.running.final_transaction(accepted["id"].as_str().expect("an id"));
    // Whoever reads the log, which tells the same, learns the command that helps.
    pool.running.until("/readyz", |_, answer| {
        let told = answer.to_string();
        told.contains("another program sends from this account")
            && told.contains("`thronosd mining owed` says what to do")
    });
    // The word that was given before that was told is none.
    let told = pool.refused(&["pay"]);
    assert!(told.contains("older copy") && told.contains("mark what it has paid"), "{told}");
    assert!(told.contains("payouts are held") && told.contains("[payouts_held]"), "{told}");
    let told = pool.refused(&["pay", "--release", "00000000"]);
    assert!(told.contains("this is not the word for what holds payouts now"), "{told}");
    pool.until_held();
    assert_eq!((pool.balance(&text(PAYEES[0])), pool.owed()[0].1), (owed, owed));
    // Compared, marked, and on: also what is paid afterwards is paid once.
    pool.done(&["paid", "--reference", &"09".repeat(32), &text(PAYEES[0]), &owed.to_string()]);
    assert!(pool.release().contains("payouts are no longer held"));
    let more = pool.shared(2, 2_000_001);
    pool.done(&["pay"]);
    pool.until_nothing_is_owed();
    assert_eq!(pool.balance(&text(PAYEES[0])), owed + more);
    pool.running.node.stop().expect("a clean stop");
}

// FAULTS HV2
#[test]
fn a_payout_that_the_book_has_as_paid_is_closed_and_not_sent_again() {
    // The last record of the log of payouts: which one is closed, and its frame.
    const CLOSED_BYTES: u64 = 45;
    let copied = tempfile::tempdir().expect("a directory");
    let (mut pool, owed) = paid_after_a_copy(copied.path());
    pool = pool.restart_after(|folder| {
        let log = std::fs::File::options().write(true).open(folder.join("payouts")).expect("own file");
        log.set_len(log.metadata().expect("own file").len() - CLOSED_BYTES).expect("room");
    });
    let more = pool.shared(2, 2_000_001);
    pool.until_nothing_is_owed();
    assert_eq!(pool.balance(&text(PAYEES[0])), owed + more);
    pool.running.node.stop().expect("a clean stop");
}

#[test]
fn an_income_is_paid_out_by_itself_where_the_settings_say_so() {
    let mut pool = Pool::start(&[("mining.payouts", "true")]);
    let mut machine = Machine::log_in(Box::new(Machine::socket(&pool.running, 1)), &text(PAYEES[0]));
    assert_eq!(machine.mine(1).0["result"], true);
    pool.fund(20_000_000);
    pool.done(&["income", "--reference", &"01".repeat(32), "--amount", "700000"]);
    pool.until_nothing_is_owed();
    let (_, all) = pool.running.get("/api/v1/mining/payouts");
    assert_eq!(pool.balance(&text(PAYEES[0])) + units(&all["kept"]), 700_000, "{all}");
    pool.running.node.stop().expect("a clean stop");
}

#[test]
fn two_services_with_one_account_are_refused() {
    let refused = accounts().add("another", AccountKey::from_secret(&[PAYER; 32]).expect("a key")).expect_err("shared");
    assert_eq!(refused.code(), "account_shared");
    assert!(refused.to_string().contains("`accounts.mining` and `accounts.another`"), "{refused}");
}

#[test]
fn an_accounts_key_is_a_key_file_of_the_wallet_and_opens_with_the_password_that_its_setting_names() {
    let folder = tempfile::tempdir().expect("a directory");
    let [key_file, password_file] = ["payouts.json", "password"].map(|name| folder.path().join(name));
    let secret = signing::keystore::Secret::Key(AccountKey::from_secret(&[PAYER; 32]).expect("a key"));
    // A password that a keyboard may give in two forms.
    let password = signing::password::Password::new("caf\u{e9} au lait").expect("a password");
    let sealed = signing::keystore::seal(&secret, &password).expect("memory");
    let write = |path: &Path, text: &str| {
        signing::keystore::file::write_private(path, text.as_bytes(), signing::keystore::file::Existing::Replace)
            .expect("own file");
    };
    write(&key_file, &sealed);
    write(&password_file, "cafe\u{301} au lait\n");
    let path = |path: &Path| path.display().to_string();
    let mut config = Config::default();
    config.set("accounts.mining", &path(&key_file)).expect("a file");
    config.set("accounts.mining_password_file", &path(&password_file)).expect("a file");
    assert_eq!(config.set("accounts.minig", "x").map_err(|error| error.code()), Err("config_unknown_key"));
    let unlock = || AccountKeys::unlock(&config.accounts, PasswordSource::new).map_err(|error| error.to_string());
    let opened = unlock().expect("the right password").of("mining").expect("it is set");
    assert_eq!(opened.address(), address(&key(PAYER)));
    write(&password_file, "tea\n");
    let refused = unlock().map(drop).expect_err("a wrong password");
    assert!(refused.contains("`accounts.mining`") && refused.contains("password is wrong"), "{refused}");
    write(&key_file, "{}");
    assert!(unlock().map(drop).expect_err("no key file").contains(&path(&key_file)));
    std::fs::remove_file(&key_file).expect("own file");
    assert!(unlock().map(drop).expect_err("nothing there").contains("payouts.json"));
}
