//! `thronos reject`: what the codes of receipts mean.
//!
//! It must not know a module: numbers, names and sentences are those that modules give of their rejects. No node is asked.

use clap::Args;
use execution::readable::nearest;
use execution::{KERNEL_NAME, KernelReject, Registry, Reject};
use serde::Serialize;
use serde_json::json;
use types::ModuleId;

use wallet::cli::report::{Report, lines, table};
use wallet::{Error, Result};

/// `reject`
#[derive(Debug, Args)]
pub struct Rejected {
    /// The code as a receipt has it, 65544 or 0x10008; or 1.8, the module's number and the reject's; or its name [default: list all]
    code: Option<String>,
}

/// A reject with what there is to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Known {
    code: u32,
    module: &'static str,
    number: String,
    name: &'static str,
    sentence: &'static str,
}

impl Rejected {
    pub(crate) fn run(&self) -> Result<Report> {
        let all = known(&runtime::registry());
        let Some(asked) = &self.code else { return Ok(overview(&all)) };
        let found: Vec<&Known> = match code_in(asked) {
            Some(code) => all.iter().filter(|known| known.code == code).collect(),
            None => all.iter().filter(|known| known.name == asked).collect(),
        };
        if found.is_empty() {
            return Err(unknown(&all, asked));
        }
        let one = |known: &&Known| {
            lines(&[
                ("code:", format!("{} (0x{:08x}, {})", known.code, known.code, known.number)),
                ("module:", known.module.to_owned()),
                ("name:", known.name.to_owned()),
                ("means:", known.sentence.to_owned()),
            ])
        };
        Ok(Report::new(found.iter().map(one).collect::<Vec<_>>().join("\n"), json!(found)))
    }
}

/// Every reject of this release, the kernel's first.
fn known(registry: &Registry) -> Vec<Known> {
    let kernel = KernelReject::ALL.iter().map(|reject| (ModuleId(0), KERNEL_NAME, reject));
    let modules = registry.modules().flat_map(|module| {
        let (id, name) = (module.id(), module.name());
        module.rejects().iter().map(move |reject| (id, name, reject))
    });
    let described = |(id, module, reject): (ModuleId, &'static str, &execution::RejectDescription)| Known {
        code: Reject::new(id, reject.number).code(),
        module,
        number: format!("{id}.{}", reject.number),
        name: reject.name,
        sentence: reject.sentence,
    };
    kernel.chain(modules).map(described).collect()
}

/// A code in any of its spellings; nothing for a name.
fn code_in(text: &str) -> Option<u32> {
    if let Some((module, number)) = text.split_once('.') {
        return Some(Reject::new(ModuleId(module.parse().ok()?), number.parse().ok()?).code());
    }
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn overview(all: &[Known]) -> Report {
    let row = |known: &Known| {
        let words = [known.number.as_str(), known.module, known.name, known.sentence];
        std::iter::once(known.code.to_string()).chain(words.map(str::to_owned)).collect()
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    Report::new(table(&["code", "number", "module", "name", "means"], &rows), all)
}

fn unknown(all: &[Known], asked: &str) -> Error {
    let shown: String = asked.chars().take(80).collect();
    let near = nearest(asked, all.iter().map(|known| known.name));
    let hint = "see `thronos reject`; a newer release may know more";
    Error::new("unknown_reject", format!("no module of this release has the reject `{shown}`{near}"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(code: &str) -> Result<String> {
        Rejected { code: Some(code.to_owned()) }.run().map(|report| report.render(false))
    }

    #[test]
    fn a_code_is_explained_in_each_of_its_spellings() {
        let name = asked("not_minter").expect("it is known");
        assert!(name.contains("65545 (0x00010009, 1.9)") && name.contains("only the asset's minter"), "{name}");
        for code in ["65545", "0x10009", "1.9"] {
            assert_eq!(asked(code).expect("it is known"), name, "{code}");
        }
        assert_eq!(asked("unknown_asset").expect("two have it").matches("module:").count(), 2);
        assert!(asked("15").expect("it is known").contains("nonce_used"));
    }

    #[test]
    fn an_unknown_code_is_refused_with_what_was_probably_meant() {
        let error = asked("not_mintar").expect_err("there is none");
        assert!(error.code == "unknown_reject" && error.message.contains("did you mean `not_minter`?"), "{error}");
        for code in ["0", "1.900", "0xfffffff0", "1.x", ""] {
            assert!(asked(code).is_err(), "{code}");
        }
    }

    #[test]
    fn the_list_has_every_reject_of_every_module() {
        let all = known(&runtime::registry());
        let count: usize = runtime::registry().modules().map(|module| module.rejects().len()).sum();
        assert_eq!(all.len(), count + KernelReject::ALL.len());
        assert!(all.is_sorted_by_key(|known| known.code));
    }
}
