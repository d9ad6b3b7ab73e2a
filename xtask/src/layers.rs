//! The layers: who may name whom, from the data in the root manifest.
//!
//! - Every member of the workspace stands in exactly one layer, or beside the house.
//! - A dependency points to a lower layer, or is listed in `exceptions`.
//! - A dependency of tests may point anywhere below the top layer: a test of a low crate may use a higher one as
//!   its counterpart, but the top layer (shells with clocks and sockets) is nobody's test harness but its own.
//! - Nothing depends on a crate beside the house, and those depend on no member.

use crate::Failure;
use crate::workspace::{Arrow, Kind, Layers, Package, Workspace};

/// Runs the check.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    Ok(problems(&workspace.layers, &workspace.packages))
}

fn problems(layers: &Layers, packages: &[Package]) -> Vec<String> {
    let mut problems = placements(layers, packages);
    for package in packages {
        problems.extend(package.arrows.iter().filter_map(|arrow| wrong(layers, &package.name, arrow)));
    }
    problems
}

/// Each member has one place, and each place a member.
fn placements(layers: &Layers, packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    let placed: Vec<&String> = layers.layers.iter().flatten().chain(&layers.beside).collect();
    for package in packages {
        match placed.iter().filter(|name| **name == &package.name).count() {
            1 => {}
            0 => problems.push(format!("{}: is in no layer of Cargo.toml", package.name)),
            _ => problems.push(format!("{}: is listed in Cargo.toml more than once", package.name)),
        }
    }
    let known = |name: &String| packages.iter().any(|package| &package.name == name);
    for name in placed.into_iter().chain(&layers.pure).filter(|name| !known(name)) {
        problems.push(format!("{name}: is listed in Cargo.toml, but no member of the workspace"));
    }
    problems
}

fn wrong(layers: &Layers, from: &str, arrow: &Arrow) -> Option<String> {
    let to = arrow.to.as_str();
    let excepted = layers.exceptions.iter().any(|(source, target)| source == from && target == to);
    if excepted {
        return None;
    }
    let place = |name: &str| layers.layers.iter().position(|layer| layer.iter().any(|member| member == name));
    let top = layers.layers.len().saturating_sub(1);
    match (place(from), place(to), arrow.kind) {
        (Some(_), Some(target), Kind::Tested) if target < top => None,
        (Some(_), Some(target), Kind::Tested) => {
            Some(format!("{from} -> {to} (in tests): nobody tests with layer {target}, the top"))
        }
        (Some(source), Some(target), Kind::Built) if target < source => None,
        (Some(source), Some(target), Kind::Built) => {
            Some(format!("{from} -> {to}: from layer {source} to layer {target}, and arrows only point down"))
        }
        (None, _, _) => Some(format!("{from} -> {to}: a crate beside the house depends on no member")),
        (_, None, _) => Some(format!("{from} -> {to}: {to} is not in the house")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> Layers {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Layers {
            layers: vec![names(&["types", "crypto"]), names(&["consensus", "mempool"]), names(&["node"])],
            exceptions: vec![("crypto".to_owned(), "types".to_owned())],
            beside: names(&["xtask"]),
            pure: names(&["types"]),
            impure: Vec::new(),
        }
    }

    fn with_arrow(from: &str, to: &str, kind: Kind) -> Vec<String> {
        let package = |name: &str| {
            let arrow = Arrow { to: to.to_owned(), kind };
            let arrows = if name == from { vec![arrow] } else { Vec::new() };
            Package { name: name.to_owned(), folder: name.into(), arrows }
        };
        problems(&house(), &["types", "crypto", "consensus", "mempool", "node", "xtask"].map(package))
    }

    #[test]
    fn an_arrow_down_and_an_exception_are_allowed() {
        for (from, to) in [("node", "types"), ("consensus", "crypto"), ("crypto", "types")] {
            assert_eq!(with_arrow(from, to, Kind::Built), Vec::<String>::new(), "{from} -> {to}");
        }
    }

    #[test]
    fn an_arrow_up_or_sideways_or_to_the_side_building_is_refused() {
        for (from, to) in [("types", "crypto"), ("consensus", "mempool"), ("types", "node"), ("node", "xtask")] {
            let found = with_arrow(from, to, Kind::Built);
            assert_eq!(found.len(), 1, "{from} -> {to}: {found:?}");
            assert!(found[0].starts_with(&format!("{from} -> {to}:")), "{found:?}");
        }
        assert_eq!(with_arrow("xtask", "types", Kind::Built).len(), 1);
    }

    #[test]
    fn tests_may_look_up_but_not_to_the_top() {
        assert_eq!(with_arrow("types", "consensus", Kind::Tested), Vec::<String>::new());
        assert_eq!(with_arrow("types", "node", Kind::Tested).len(), 1);
    }

    #[test]
    fn a_member_without_a_layer_and_a_layer_without_a_member_are_named() {
        let package = |name: &str| Package { name: name.to_owned(), folder: name.into(), arrows: Vec::new() };
        let found = problems(&house(), &["types", "crypto", "consensus", "node", "xtask", "stray"].map(package));
        assert!(found.iter().any(|problem| problem.starts_with("stray: is in no layer")), "{found:?}");
        assert!(found.iter().any(|problem| problem.starts_with("mempool: is listed")), "{found:?}");
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
