//! What people do with the nodes of a world: hand transactions and calls in, and ask.

use super::*;

impl World {
    /// How a node's replica is doing.
    pub fn status(&self, place: usize) -> replica::Status {
        self.nodes[place].running.as_ref().expect("it runs").replica.status()
    }

    /// Submits a transfer through a node's API.
    pub fn transfer(&mut self, place: usize, from: u8, to: u8, nonce: u64, amount: u128) -> Hash32 {
        let transaction = self.signed(from, to, nonce, amount, |_| {});
        let id = transaction.id;
        self.submit(place, vec![transaction]);
        id
    }

    /// Hands transactions in at a node's API.
    pub fn submit(&mut self, place: usize, transactions: Vec<Arc<CheckedTransaction>>) {
        let token = replica::SubmissionToken(0);
        self.happen(place, Event::Submitted { token, transactions });
    }

    /// A transfer, changed before it is signed.
    pub fn signed(
        &self,
        from: u8,
        to: u8,
        nonce: u64,
        amount: u128,
        change: impl FnOnce(&mut TransactionBody),
    ) -> Arc<CheckedTransaction> {
        let (key, sender) = account(from);
        let call = tokens::TokensCall::transfer(THR, account(to).1, Amount(amount));
        let call =
            Call { module: ModuleId(1), body: ByteString::new(types::Canonical::to_canonical(&call)).expect("short") };
        let mut body = TransactionBody {
            version: 1,
            sender,
            auth: AuthKind::Single,
            nonce: Nonce(nonce),
            valid_until: TimeMs(self.now.unix_ms + 60_000),
            fee_max: Amount(10_000_000),
            tip: Amount::ZERO,
            payer: None,
            calls: List::new(vec![call]).expect("one call"),
        };
        change(&mut body);
        let id = ids::transaction_id(self.chain, &body);
        let auth = Auth::Single { key: key.public_key(), signature: key.sign(id.as_bytes()) };
        let witness = Witness { auths: List::new(vec![auth]).expect("one proof") };
        let checked = self.registry.check(self.chain, Arc::new(Transaction { body, witness })).expect("well-formed");
        execution::check_signatures(&checked.id, &checked.transaction).expect("signed");
        Arc::new(checked)
    }

    /// A transaction that waits at a node.
    pub fn pooled(&self, place: usize, id: Hash32) -> Option<Arc<mempool::PoolTransaction>> {
        self.nodes[place].running.as_ref().expect("it runs").replica.pooled(&id)
    }

    /// What a node keeps for others.
    pub fn kept(&self, place: usize) -> Kept {
        self.nodes[place].running.as_ref().expect("it runs").replica.kept()
    }

    /// What a node's clocks show.
    pub fn now_of(&self, place: usize) -> Now {
        Now { unix_ms: self.now.unix_ms.saturating_add_signed(self.clock_ahead_ms[place]), ..self.now }
    }

    /// What a node says that is wrong.
    pub fn troubles(&self, place: usize) -> Vec<Trouble> {
        let running = self.nodes[place].running.as_ref().expect("it runs");
        running.replica.status().troubles(self.now_of(place))
    }

    /// Hands a system call in at a node.
    pub fn submit_call(&mut self, place: usize, call: SystemCall) {
        self.happen(place, Event::CallSubmitted { token: replica::SubmissionToken(0), call });
    }

    /// How many system calls wait at a node.
    pub fn calls_waiting(&self, place: usize) -> usize {
        self.nodes[place].running.as_ref().expect("it runs").replica.calls_waiting()
    }

    /// What a module answers about a node's final state.
    pub fn ask(&self, place: usize, module: &str, question: &str) -> serde_json::Value {
        let answer = self.registry.query(&self.nodes[place].disks.state, module, question, &BTreeMap::new());
        answer.expect("a known question")
    }
}
