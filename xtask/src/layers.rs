//! The layers: who may name whom, from the data in the root manifest.
//!
//! - Every member of the workspace stands in exactly one layer, or beside the house.
//! - A dependency points to a lower layer, or is listed in `exceptions`.
//! - A dependency of tests may point anywhere but to the shells (crates with clocks and sockets): a test of a low crate may
//!   use a higher one as its counterpart, but a shell is nobody's test harness. A feature's tests may use those shells that
//!   stand below the top layer, because there its service and its commands run.
//! - Nothing depends on a crate beside the house, and those depend on no member.
//! - `lists`: a crate of a feature may be named only by its feature's other crates, by the crate that lists its role, and
//!   by tests. What broke this when the rule came stands in the ratchet.
//! - A crate of a listed role is listed: its list depends on it, and names it in the list's file.

use crate::Failure;
use crate::features::{self, Features};
use crate::new_module;
use crate::ratchet::{Finding, Ratchet};
use crate::workspace::{Arrow, Kind, Layers, Package, Workspace, role_of};

/// The rule whose exceptions stand in the ratchet.
pub(crate) const LISTS: &str = "lists";

/// Runs the check.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let mut problems = problems(&workspace.layers, &workspace.packages);
    problems.extend(listless(&workspace.features, &workspace.packages));
    let read = |path: &str| {
        std::fs::read_to_string(workspace.root.join(path)).map_err(|error| Failure::new(format!("{path}: {error}")))
    };
    problems.extend(forgotten(&workspace.features, &workspace.packages, new_module::list_file, read)?);
    problems.extend(needless(&workspace.features, &workspace.packages));
    problems.extend(Ratchet::load(&workspace.root)?.judge(|rule| rule == LISTS, unlisted(workspace)));
    Ok(problems)
}

/// The arrows to crates of features that no list allows.
pub(crate) fn unlisted(workspace: &Workspace) -> Vec<Finding> {
    let packages = &workspace.packages;
    let arrows = packages.iter().flat_map(|from| from.arrows.iter().map(move |arrow| (from, arrow)));
    arrows.filter_map(|(from, arrow)| beside_the_list(&workspace.features, packages, from, arrow)).collect()
}

fn beside_the_list(features: &Features, packages: &[Package], from: &Package, arrow: &Arrow) -> Option<Finding> {
    let to = packages.iter().find(|package| package.name == arrow.to)?;
    let part = to.part.as_ref()?;
    let list = features.list_of(&part.role);
    let of_one_feature = from.part.as_ref().is_some_and(|own| own.feature == part.feature);
    if arrow.kind == Kind::Tested || of_one_feature || list == Some(&from.name) || features.free.contains(&from.name) {
        return None;
    }
    let (feature, role) = (&part.feature, &part.role);
    let who = list.map_or("only the feature's own crates".to_owned(), |list| format!("only `{list}`, its list,"));
    let says = format!("names the {role} of {feature}; {who} may");
    Some(Finding { rule: LISTS, place: format!("{}->{}", from.name, to.name), number: 1, says })
}

/// The roles whose list is no member although some crate has that role in its own folder.
fn listless(features: &Features, packages: &[Package]) -> Vec<String> {
    let is_member = |name: &String| packages.iter().any(|package| &package.name == name);
    let is_used = |role: &str| packages.iter().any(|package| package.is_meant_by(&format!("*/{role}")));
    let missing = features.lists.iter().filter(|(role, list)| is_used(role) && !is_member(list));
    missing.map(|(role, list)| format!("{list}: is to list every {role}, but is no member of the workspace")).collect()
}

/// The crates of a listed role that its list does not have: nothing would be built of them, and nothing would say so.
fn forgotten(
    features: &Features,
    packages: &[Package],
    file_of: impl Fn(&str) -> Option<&'static str>,
    read: impl Fn(&str) -> Result<String, Failure>,
) -> Result<Vec<String>, Failure> {
    let mut problems = Vec::new();
    for (role, list) in &features.lists {
        let Some(list) = packages.iter().find(|package| &package.name == list) else { continue };
        let file = file_of(role).map(|file| read(file).map(|text| (file, text))).transpose()?;
        for package in packages.iter().filter(|package| package.is_meant_by(&format!("*/{role}"))) {
            let name = &package.name;
            let is_built = list.arrows.iter().any(|arrow| arrow.kind == Kind::Built && &arrow.to == name);
            if !is_built {
                let list = &list.name;
                problems.push(format!(
                    "{name}: {list}, which lists every {role}, does not depend on it, so no program has it"
                ));
            }
            if let Some((file, _)) = file.as_ref().filter(|(_, text)| !is_listed(role, text, name)) {
                problems
                    .push(format!("{name}: {file}, which lists every {role}, does not name it, so no program has it"));
            }
        }
    }
    Ok(problems)
}

/// Whether an entry of a role's list names this crate.
fn is_listed(role: &str, text: &str, package: &str) -> bool {
    let package = package.replace('-', "_");
    new_module::entries_of_role(role, text).iter().any(|entry| entry.package == package)
}

fn problems(layers: &Layers, packages: &[Package]) -> Vec<String> {
    let mut problems = placements(layers, packages);
    for package in packages {
        problems.extend(package.arrows.iter().filter_map(|arrow| wrong(layers, packages, package, arrow)));
    }
    problems
}

/// Each member has one place, and each place a member.
fn placements(layers: &Layers, packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    let placed: Vec<&String> = layers.layers.iter().flatten().chain(&layers.beside).collect();
    for package in packages {
        match placed.iter().filter(|entry| package.is_meant_by(entry)).count() {
            1 => {}
            0 => problems.push(format!("{}: is in no layer of Cargo.toml", package.name)),
            _ => problems.push(format!("{}: is listed in Cargo.toml more than once", package.name)),
        }
    }
    // A role comes with its first crate, so its place may be empty.
    let known = |name: &String| role_of(name).is_some() || packages.iter().any(|package| &package.name == name);
    for name in placed.into_iter().chain(&layers.pure).chain(&layers.shells).filter(|name| !known(name)) {
        problems.push(format!("{name}: is listed in Cargo.toml, but no member of the workspace"));
    }
    problems
}

fn wrong(layers: &Layers, packages: &[Package], package: &Package, arrow: &Arrow) -> Option<String> {
    let (from, to) = (package.name.as_str(), arrow.to.as_str());
    if layers.exceptions.iter().any(|(source, target)| source == from && target == to) {
        return None;
    }
    let layer =
        |package: &Package| layers.layers.iter().position(|layer| layer.iter().any(|entry| package.is_meant_by(entry)));
    let target = packages.iter().find(|package| package.name == to).and_then(layer);
    let top = layers.layers.len().saturating_sub(1);
    let is_shell = layers.shells.iter().any(|shell| shell == to);
    match (layer(package), target, arrow.kind) {
        (Some(_), Some(target), Kind::Tested) if target < top && (!is_shell || package.part.is_some()) => None,
        (Some(_), Some(target), Kind::Tested) => {
            Some(format!("{from} -> {to} (in tests): nobody tests with a shell (layer {target} of {top})"))
        }
        (Some(source), Some(target), Kind::Built) if target < source => None,
        (Some(source), Some(target), Kind::Built) => {
            Some(format!("{from} -> {to}: from layer {source} to layer {target}, and arrows only point down"))
        }
        (None, _, _) => Some(format!("{from} -> {to}: a crate beside the house depends on no member")),
        (_, None, _) => Some(format!("{from} -> {to}: {to} is not in the house")),
    }
}

/// Words that are no feature's.
fn needless(features: &Features, packages: &[Package]) -> Vec<String> {
    let is_named = |word: &String| {
        let parts = packages.iter().filter_map(|package| package.part.as_ref().map(|part| (package, part)));
        parts.into_iter().any(|(package, part)| &package.name == word || features::name(&part.feature) == word)
    };
    let words = features.ordinary.iter().filter(|word| !is_named(word));
    words.map(|word| format!("{word}: is called an ordinary word, but no feature has that name")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::path::Path;

    const FOLDERS: [&str; 11] = [
        "types",
        "crypto",
        "consensus",
        "mempool",
        "modules/mining/rules",
        "modules/mining/engine",
        "modules/tokens/rules",
        "runtime",
        "modules/mining/service",
        "node",
        "xtask",
    ];

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn house() -> Layers {
        Layers {
            layers: vec![
                names(&["types", "crypto"]),
                names(&["consensus", "mempool", "engine"]),
                names(&["*/rules"]),
                names(&["runtime"]),
                names(&["*/service"]),
                names(&["node"]),
                names(&["*/trial"]),
            ],
            shells: names(&["node"]),
            exceptions: vec![("crypto".to_owned(), "types".to_owned())],
            beside: names(&["xtask"]),
            pure: names(&["types", "*/rules"]),
            impure: Vec::new(),
        }
    }

    fn features() -> Features {
        let pair = |role: &str, list: &str| (role.to_owned(), list.to_owned());
        Features {
            folders: names(&["modules/*"]),
            lists: vec![pair("rules", "runtime"), pair("service", "node")],
            free: names(&["benches"]),
            ..Features::default()
        }
    }

    /// `modules/mining/rules` is called mining, `modules/mining/service` mining-service, an engine by its own name.
    fn called(folder: &str) -> String {
        let parts: Vec<&str> = folder.split('/').collect();
        match parts.as_slice() {
            [_, feature, "rules"] => (*feature).to_owned(),
            [_, feature, "service"] => format!("{feature}-service"),
            [.., name] => (*name).to_owned(),
            [] => String::new(),
        }
    }

    fn member(folder: &str, arrows: Vec<Arrow>) -> Package {
        let name = called(folder);
        Package { part: features().part(Path::new(folder)), name, folder: folder.into(), arrows }
    }

    fn workspace(from: &str, to: &str, kind: Kind) -> Workspace {
        let packages = FOLDERS.map(|folder| {
            let arrow = Arrow { to: to.to_owned(), kind };
            member(folder, if called(folder) == from { vec![arrow] } else { Vec::new() })
        });
        let (layers, features) = (house(), features());
        Workspace { root: "/r".into(), target: "/t".into(), packages: packages.into(), layers, features }
    }

    fn with_arrow(from: &str, to: &str, kind: Kind) -> Vec<String> {
        problems(&house(), &workspace(from, to, kind).packages)
    }

    fn beside(from: &str, to: &str, kind: Kind) -> Vec<String> {
        unlisted(&workspace(from, to, kind)).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn an_arrow_down_and_an_exception_are_allowed() {
        for (from, to) in
            [("node", "types"), ("consensus", "crypto"), ("crypto", "types"), ("mining-service", "mining")]
        {
            assert_eq!(with_arrow(from, to, Kind::Built), Vec::<String>::new(), "{from} -> {to}");
        }
    }

    #[test]
    fn an_arrow_up_or_sideways_or_to_the_side_building_is_refused() {
        let wrong = [("types", "crypto"), ("consensus", "mempool"), ("types", "node"), ("node", "xtask")];
        for (from, to) in wrong.into_iter().chain([("mining", "tokens"), ("mining", "mining-service")]) {
            let found = with_arrow(from, to, Kind::Built);
            assert_eq!(found.len(), 1, "{from} -> {to}: {found:?}");
            assert!(found[0].starts_with(&format!("{from} -> {to}:")), "{found:?}");
        }
        assert_eq!(with_arrow("xtask", "types", Kind::Built).len(), 1);
    }

    #[test]
    fn tests_may_look_up_but_only_those_of_features_at_a_shell() {
        assert_eq!(with_arrow("types", "consensus", Kind::Tested), Vec::<String>::new());
        assert_eq!(with_arrow("types", "node", Kind::Tested).len(), 1);
        assert_eq!(with_arrow("mining-service", "node", Kind::Tested), Vec::<String>::new());
    }

    #[test]
    fn a_feature_is_named_by_its_lists_by_itself_and_by_tests() {
        let allowed = [("runtime", "mining"), ("node", "mining-service"), ("mining-service", "mining")];
        for (from, to) in allowed.into_iter().chain([("mining", "engine"), ("node", "runtime")]) {
            assert_eq!(beside(from, to, Kind::Built), Vec::<String>::new(), "{from} -> {to}");
        }
        assert_eq!(beside("consensus", "mining", Kind::Tested), Vec::<String>::new());
    }

    #[test]
    fn a_feature_named_beside_its_list_is_found_although_the_arrow_points_down() {
        let planted = [("node", "mining"), ("node", "engine"), ("mining-service", "tokens"), ("runtime", "engine")];
        for (from, to) in planted {
            assert_eq!(with_arrow(from, to, Kind::Built), Vec::<String>::new(), "{from} -> {to}");
            assert_eq!(beside(from, to, Kind::Built), [format!("{from}->{to}")]);
        }
    }

    #[test]
    fn a_role_whose_list_is_missing_is_found() {
        let mut features = features();
        assert_eq!(listless(&features, &workspace("", "", Kind::Built).packages), Vec::<String>::new());
        features.lists =
            vec![("service".to_owned(), "nowhere".to_owned()), ("trial".to_owned(), "programs".to_owned())];
        let found = listless(&features, &workspace("", "", Kind::Built).packages);
        assert!(found.len() == 1 && found[0].starts_with("nowhere: is to list every service"), "{found:?}");
    }

    #[test]
    fn a_crate_that_its_list_has_forgotten_is_found_in_the_manifest_and_in_the_file() {
        let features = features();
        let arrow = |to: &str, kind| Arrow { to: to.to_owned(), kind };
        let packages = |of_runtime: Vec<Arrow>| {
            FOLDERS.map(|folder| {
                let arrows = match folder {
                    "runtime" => of_runtime.clone(),
                    "node" => vec![arrow("mining-service", Kind::Built)],
                    _ => Vec::new(),
                };
                member(folder, arrows)
            })
        };
        let files = |role: &str| match role {
            "rules" => Some("rules.rs"),
            "service" => Some("services.rs"),
            _ => None,
        };
        let whole =
            "pub fn modules() {\n    vec![\n    Box::new(mining::Mining),\n    Box::new(tokens::Tokens),\n    ]\n}\n";
        let services =
            "pub const SERVICES: &[Listed] = &[\n    service::<mining_service::MiningService>(), // why\n];\n";
        let found = |of_runtime, rules: &str| {
            let read = |path: &str| match path {
                "rules.rs" => Ok(rules.to_owned()),
                _ => Ok(services.to_owned()),
            };
            forgotten(&features, &packages(of_runtime), files, read).expect("readable")
        };
        let both = || vec![arrow("mining", Kind::Built), arrow("tokens", Kind::Built)];
        assert_eq!(found(both(), whole), Vec::<String>::new());
        for arrows in
            [vec![arrow("mining", Kind::Built)], vec![arrow("mining", Kind::Built), arrow("tokens", Kind::Tested)]]
        {
            let found = found(arrows, whole);
            assert!(found.len() == 1 && found[0].starts_with("tokens: runtime, which lists every rules"), "{found:?}");
        }
        // Not in the file; in a comment; as a part of another name; under a condition; as somebody else's argument.
        for line in [
            "",
            "    // Box::new(tokens::Tokens),",
            "    Box::new(more_tokens::Tokens),",
            "    #[cfg(test)]\n    Box::new(tokens::Tokens),",
            "    wrapped(\n        Box::new(tokens::Tokens),\n    ),",
        ] {
            let found = found(both(), &whole.replace("    Box::new(tokens::Tokens),", line));
            assert!(found.len() == 1 && found[0].starts_with("tokens: rules.rs, which lists"), "{line}: {found:?}");
        }
        // In an import, in another function, in a test.
        for other in [
            "use {\n    tokens::Tokens,\n};\n",
            "fn other() {\n    vec![\n        Box::new(tokens::Tokens),\n    ]\n}\n",
            "#[cfg(test)]\nmod tests {\n    fn all() {\n        vec![\n            Box::new(tokens::Tokens),\n        ];\n    }\n}\n",
        ] {
            let found = found(both(), &format!("{}{other}", whole.replace("    Box::new(tokens::Tokens),", "")));
            assert!(found.len() == 1 && found[0].starts_with("tokens: rules.rs, which lists"), "{other}: {found:?}");
        }
        assert_eq!(found(Vec::new(), "").len(), 4, "both, twice");
    }

    #[test]
    fn every_crate_of_the_project_that_has_a_role_stands_in_its_list() {
        let workspace = Workspace::load().expect("this is the project");
        let read = |path: &str| Ok(std::fs::read_to_string(workspace.root.join(path)).expect("it is there"));
        let found = forgotten(&workspace.features, &workspace.packages, new_module::list_file, read).expect("readable");
        assert_eq!(found, Vec::<String>::new());
        assert!(workspace.features.lists.iter().all(|(role, _)| new_module::list_file(role).is_some()));
    }

    #[test]
    fn a_word_of_no_feature_is_found() {
        let mut features = features();
        let packages = workspace("", "", Kind::Built).packages;
        features.ordinary = names(&["tokens", "engine"]);
        assert_eq!(needless(&features, &packages), Vec::<String>::new());
        features.ordinary = names(&["bridge"]);
        let found = needless(&features, &packages);
        assert!(found.len() == 1 && found[0].starts_with("bridge:"), "{found:?}");
    }

    #[test]
    fn a_member_without_a_layer_and_a_layer_without_a_member_are_named() {
        let left: Vec<&str> = FOLDERS.into_iter().filter(|folder| *folder != "mempool").chain(["stray"]).collect();
        let packages: Vec<Package> = left.into_iter().map(|folder| member(folder, Vec::new())).collect();
        let found = problems(&house(), &packages);
        assert!(found.iter().any(|problem| problem.starts_with("stray: is in no layer")), "{found:?}");
        assert!(found.iter().any(|problem| problem.starts_with("mempool: is listed")), "{found:?}");
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
