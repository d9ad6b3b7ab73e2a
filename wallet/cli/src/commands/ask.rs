//! `thronos ask`: what can be asked of the chain's modules, and what a node answers.
//!
//! It must not know a module: names, arguments and sentences are those that modules give of their questions. What a node answers is
//! never called checked.

use clap::Args;
use execution::readable::nearest;
use execution::{ArgumentKind, KERNEL_NAME, ModuleQuery, QueryArguments, Registry};
use serde_json::{Value, json};
use types::{Address, Network};

use wallet::cli::Context;
use wallet::cli::report::{Report, table};
use wallet::{Error, Result};

/// `ask`
#[derive(Debug, Args)]
pub struct Ask {
    /// A module's name, or `kernel` [default: list what can be asked]
    module: Option<String>,
    /// What to ask [default: list the module's questions]
    query: Option<String>,
    /// What the question takes, such as `asset=0`; an account may be named as in this wallet
    #[arg(value_name = "NAME=VALUE")]
    arguments: Vec<String>,
}

/// A question with the name of who answers it.
type Question = (&'static str, &'static ModuleQuery);

impl Ask {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let registry = runtime::registry();
        let Some(module) = &self.module else { return Ok(overview(&registry.queries().collect::<Vec<_>>())) };
        let of_module: Vec<Question> = registry.queries().filter(|(name, _)| name == module).collect();
        if of_module.is_empty() {
            return Err(unknown_module(&registry, module));
        }
        let Some(name) = &self.query else { return Ok(details(&of_module)) };
        let found = of_module.iter().find(|(_, query)| query.name == name);
        let (module, query) = *found.ok_or_else(|| unknown_query(&of_module, name))?;
        let given = self.arguments.iter().map(|text| pair(text)).collect::<Result<Vec<_>>>()?;
        // What can be told without a node is told before one is asked.
        read((module, query), &given, |text| context.readable(text).map(|()| Address::default().to_legacy_text()))?;
        let client = context.client()?;
        let network = context.chain(&client)?.network();
        let arguments = read((module, query), &given, |text| resolved(context, text, network))?;
        let answer = client.query(module, query.name, &arguments).map_err(|error| of_node(error, module, query))?;
        let text = serde_json::to_string_pretty(&answer).expect("a JSON value always has a text");
        Ok(Report::new(text, json!({"module": module, "query": query.name, "answer": answer})).unproven())
    }
}

fn resolved(context: &Context, text: &str, network: Network) -> Result<String> {
    Ok(context.resolve(text, network)?.to_text(network))
}

/// A name and its value.
fn pair(text: &str) -> Result<(&str, &str)> {
    text.split_once('=').ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        Error::new("bad_argument", format!("`{shown}` is no name with a value"), "write it like `asset=0`")
    })
}

/// The arguments as a question takes them, with accounts read by `account`.
fn read(
    (module, query): Question,
    given: &[(&str, &str)],
    account: impl Fn(&str) -> Result<String>,
) -> Result<QueryArguments> {
    let mut arguments = QueryArguments::new();
    for (name, value) in given {
        let kind = query.arguments.iter().find(|argument| argument.name == *name).map(|argument| argument.kind);
        let value = match kind {
            Some(ArgumentKind::Address) => account(value)?,
            _ => (*value).to_owned(),
        };
        if arguments.insert((*name).to_owned(), value).is_some() {
            let message = format!("the argument `{name}` is given twice");
            return Err(Error::new("bad_argument", message, "give each argument once"));
        }
    }
    query.check(&arguments).map_err(|error| {
        let names: Vec<_> = query.arguments.iter().map(|argument| argument.name).collect();
        let hint = match names.as_slice() {
            [] => "this question takes nothing".to_owned(),
            names => format!("it takes {}; `thronos ask {module}` describes them", names.join(", ")),
        };
        Error::new("bad_argument", error.to_string(), hint)
    })?;
    Ok(arguments)
}

/// A node's refusal of what a module reads itself, with where its forms are described.
fn of_node(error: Error, module: &str, query: &ModuleQuery) -> Error {
    if !error.is_of_node || error.code != "bad_parameter" {
        return error;
    }
    let own = query.arguments.iter().filter(|argument| matches!(argument.kind, ArgumentKind::Form(_)));
    let named: String = own
        .map(|argument| format!("; `{}=` takes {}, no name of this wallet", argument.name, argument.about))
        .collect();
    let hint = format!("`thronos ask {module}` describes what it takes{named}");
    Error { hint: if error.hint.is_empty() { hint } else { format!("{}; {hint}", error.hint) }, ..error }
}

fn unknown_module(registry: &Registry, given: &str) -> Error {
    let names = || std::iter::once(KERNEL_NAME).chain(registry.modules().map(|module| module.name()));
    let shown: String = given.chars().take(80).collect();
    let message = format!("there is no module `{shown}` that answers questions{}", nearest(given, names()));
    Error::new("unknown_module", message, "see `thronos ask`")
}

fn unknown_query(of_module: &[Question], given: &str) -> Error {
    let shown: String = given.chars().take(80).collect();
    let module = of_module.first().map_or("", |(module, _)| *module);
    let near = nearest(given, of_module.iter().map(|(_, query)| query.name));
    let hint = format!("see `thronos ask {module}`");
    Error::new("unknown_query", format!("`{module}` has no question `{shown}`{near}"), hint)
}

/// All questions, one on a line.
fn overview(questions: &[Question]) -> Report {
    let takes = |query: &ModuleQuery| {
        let name = |argument: &execution::Argument| {
            if argument.is_required { format!("{}=…", argument.name) } else { format!("[{}=…]", argument.name) }
        };
        query.arguments.iter().map(name).collect::<Vec<_>>().join(" ")
    };
    let row = |(module, query): &Question| {
        vec![(*module).to_owned(), query.name.to_owned(), takes(query), query.about.to_owned()]
    };
    let rows: Vec<_> = questions.iter().map(row).collect();
    Report::new(table(&["module", "question", "takes", "answers"], &rows), document(questions))
}

/// The questions of one module, with what each takes.
fn details(questions: &[Question]) -> Report {
    let mut text = String::new();
    for (module, query) in questions {
        text += &format!("thronos ask {module} {}\n    {}\n", query.name, query.about);
        for argument in query.arguments {
            let optional = if argument.is_required { "" } else { "; may be left out" };
            let expected = argument.kind.expected();
            text += &format!("    {}=…  {}: {expected}{optional}\n", argument.name, argument.about);
        }
    }
    Report::new(text, document(questions))
}

fn document(questions: &[Question]) -> Value {
    let argument = |argument: &execution::Argument| {
        json!({
            "name": argument.name, "about": argument.about, "expected": argument.kind.expected(),
            "is_required": argument.is_required,
        })
    };
    let question = |(module, query): &Question| {
        let arguments: Vec<_> = query.arguments.iter().map(argument).collect();
        json!({"module": module, "query": query.name, "about": query.about, "arguments": arguments})
    };
    questions.iter().map(question).collect()
}
