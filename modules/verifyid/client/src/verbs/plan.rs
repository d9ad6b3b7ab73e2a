//! `thronos plan`: plans for devices and verifications. Prices are those of the genesis that is trusted.

use clap::{Args, Subcommand};
use serde_json::json;
use types::{Amount, TimeMs};
use verifyid::{Allowance, BuyPlan, CustomerAnswer, PlanTerms, SetPlan, VerifyIdCall, VerifyIdParameters};
use wallet::calls::shown_amount;
use wallet::cli::report::when;
use wallet::cli::submit::TransactionArgs;
use wallet::cli::{Context, Report, span};
use wallet::{Error, Result};

use super::token;
use crate::say::{lines, say, table};
use crate::sending::{from_now, send, thr};
use crate::{naming, node};

/// What can be done with plans.
#[derive(Debug, Subcommand)]
pub enum PlanVerb {
    /// Show the plans, and what an account has used of its own
    Show(ShowPlan),
    /// Buy a plan for months of 30 days
    Buy(BuyArgs),
    /// Give an account a plan; only the authority may
    Set(SetArgs),
    /// Get a token for a customer, by which it asks a node for challenges whatever others do
    Token(token::TokenArgs),
    /// Sign the request for a token of an account of several keys
    TokenSign(token::TokenSign),
    /// Hand in a request that as many keys have signed as must
    TokenSend(token::TokenSend),
}

/// `plan show`
#[derive(Debug, Args)]
pub struct ShowPlan {
    /// Address, or name of an account in this wallet [default: the plans alone]
    account: Option<String>,
}

/// `plan buy`
#[derive(Debug, Args)]
pub struct BuyArgs {
    /// The plan's number
    plan: u8,
    /// For how many months of 30 days
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=36))]
    months: u8,
    /// The other plan that runs, and ends with this
    #[arg(long, value_name = "PLAN", value_parser = clap::value_parser!(u8).range(1..))]
    replace: Option<u8>,
    /// Answer yes: the price that is shown is to be paid
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `plan set`
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Whom: an address or a name
    account: String,
    /// The plan's number; 0 takes the plan away
    plan: u8,
    /// How long; not with plan 0
    #[arg(long = "for", value_name = "SPAN")]
    lasts: Option<String>,
    #[command(flatten)]
    transaction: TransactionArgs,
}

impl PlanVerb {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::Show(show) => show.run(context),
            Self::Buy(buy) => buy.run(context),
            Self::Set(set) => set.run(context),
            Self::Token(token) => token.run(context),
            Self::TokenSign(sign) => sign.run(context),
            Self::TokenSend(send) => send.run(context),
        }
    }
}

fn plan_of(rules: &VerifyIdParameters, number: u8) -> Result<PlanTerms> {
    rules.plans.iter().find(|plan| plan.plan == number).copied().ok_or_else(|| {
        let message = say!("genesis_has_no_plan", number);
        Error::new("unknown_plan", message, say!("see_plans"))
    })
}

/// A bound for people.
fn bound(count: u64) -> String {
    if count >= Allowance::UNLIMITED { say!("no_bound") } else { count.to_string() }
}

fn price(amount: Amount) -> String {
    if amount.is_zero() { say!("not_sale") } else { shown_amount(types::THR, amount) }
}

impl ShowPlan {
    fn run(&self, context: &Context) -> Result<Report> {
        let Some(account) = &self.account else {
            let rules = node::rules(&naming::chain(context)?)?;
            return Ok(Report::new(plans(&rules), json!({"plans": *rules.plans, "free": rules.free})));
        };
        context.readable(account)?;
        let client = context.client()?;
        let chain = context.chain_of_state(&client)?;
        let rules = node::rules(&chain)?;
        let address = context.resolve(account, chain.network())?;
        let customer = node::customer(&client, &chain, address)?;
        let text = format!("{}\n{}", plans(&rules), lines(&used(&customer)));
        let json = json!({
            "plans": *rules.plans, "free": rules.free, "account": address.to_text(chain.network()), "customer": customer,
        });
        Ok(Report::new(text, json).unproven())
    }
}

fn plans(rules: &VerifyIdParameters) -> String {
    let row = |plan: &PlanTerms| {
        vec![plan.plan.to_string(), bound(plan.devices), bound(plan.verifications), price(plan.price)]
    };
    let free = vec![say!("none"), bound(rules.free.devices), bound(rules.free.verifications), say!("free")];
    let rows: Vec<_> = std::iter::once(free).chain(rules.plans.iter().map(row)).collect();
    table(&["plan", "devices", "verifications a month", "30 days cost"], &rows)
}

fn used(customer: &CustomerAnswer) -> Vec<(&'static str, String)> {
    let runs = match customer.plan {
        0 => say!("none"),
        plan => say!("until", plan, value = when(customer.until)),
    };
    vec![
        ("plan:", runs),
        ("devices:", say!("used_of_bound", devices = customer.devices, bound = bound(customer.devices_max))),
        (
            "verifications:",
            say!("used_of_bound_this_month", used = customer.used, bound = bound(customer.verifications_max)),
        ),
        ("next month:", when(customer.resets_at)),
    ]
}

impl BuyArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        context.sender(&self.transaction.from)?;
        let rules = node::rules(&naming::chain(context)?)?;
        let plan = plan_of(&rules, self.plan)?;
        if plan.price.is_zero() {
            let message = say!("plan_has_no_price", plan = self.plan);
            return Err(Error::new("plan_not_for_sale", message, say!("ask_authority_chain")));
        }
        if self.replace == Some(self.plan) {
            let message = say!("plan_cannot_replace_itself", plan = self.plan);
            return Err(Error::new("plan_runs", message, say!("leave_out_same_plan_goes_on")));
        }
        let price_max = Amount(plan.price.0.saturating_mul(self.months.into()));
        let shown = shown_amount(types::THR, price_max);
        let months = say!("counted_months", count = self.months);
        let terms =
            say!("devices_verifications_month", bound = bound(plan.devices), bound_2 = bound(plan.verifications));
        context.note(&say!("plan_30_days_costs", plan = self.plan, months, shown, terms));
        if !self.yes && !self.transaction.dry_run {
            context.confirm(&say!("pay", shown), "--yes")?;
        }
        let (plan, months, replaces) = (self.plan, self.months, self.replace.unwrap_or(0));
        let call = VerifyIdCall::BuyPlan(BuyPlan { plan, months, price_max, replaces });
        send(context, &self.transaction, &call, &[thr(price_max)])
    }
}

impl SetArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        context.readable(&self.account)?;
        let until = match (self.plan, self.lasts.as_deref()) {
            (0, None) => TimeMs(0),
            (0, Some(_)) => {
                let message = say!("plan_0_takes_plan_away_now");
                return Err(Error::new("bad_span", message, say!("leave_out")));
            }
            (_, Some(lasts)) => from_now(span::parse(lasts)?),
            (_, None) => {
                let message = say!("plan_needs_end", plan = self.plan);
                return Err(Error::new("bad_span", message, say!("say_how_long_runs_such")));
            }
        };
        let chain = naming::chain(context)?;
        let rules = node::rules(&chain)?;
        if self.plan != 0 {
            plan_of(&rules, self.plan)?;
        }
        let customer = context.resolve(&self.account, chain.network())?;
        let call = VerifyIdCall::SetPlan(SetPlan { customer, plan: self.plan, until });
        send(context, &self.transaction, &call, &[])
    }
}
