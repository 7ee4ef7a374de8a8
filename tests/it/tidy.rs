//! What holds for the sources as such: the rings, the places of things, and that nothing is missing.
//!
//! Each rule is a pure function over texts, so that [`tests`] can show on made-up sources that it
//! finds what it is for. Here they meet this checkout.

mod named;
mod reader;
mod rings;
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use terraform_provider_gitops::framework::PREFIX;
use terraform_provider_gitops::resources;

use reader::{Named, read};
use rings::{File, RINGS, forbidden};

/// More lines than this are a smell: look for the seam.
const MOST_LINES: usize = 500;

/// Files that are longer, and why.
const LONG: [(&str, &str); 0] = [];

/// Resources without unit tests of their own, and where they are tested.
const TESTED_ELSEWHERE: [(&str, &str); 2] = [
    ("src/resources/kargo/cluster_config.rs", "with the configuration of a project"),
    ("src/resources/kargo/cluster_promotion_task.rs", "with the tasks of a project"),
];

/// The traits of what is served.
const SERVED: [&str; 7] =
    ["Action", "Resource", "Kind", "object::Kind", "DataSource", "Ephemeral", "Function"];

/// Where the environment is read. `plugin` reads what hosts define, `provider` all the rest.
const ENVIRONMENT: [&str; 2] = ["plugin/env.rs", "provider/environment.rs"];

/// Who writes to standard output: one stray line there breaks the handshake.
const STANDARD_OUTPUT: &str = "plugin/handshake.rs";

#[test]
fn every_arrow_between_rings_points_inwards() {
    assert_none(sources().iter().flat_map(|(path, text)| forbidden(RINGS, File { path, text })));
}

#[test]
fn the_environment_is_read_and_standard_output_written_in_their_places() {
    assert_none(sources().iter().flat_map(|(path, text)| places(File { path, text })));
}

#[test]
fn no_file_is_too_long_without_a_reason() {
    let files = checkout().into_iter().filter(|path| is_rust(path));
    assert_none(limits(&LONG, files.map(|path| (path.clone(), text(&path).lines().count()))));
}

#[test]
fn nothing_is_left_to_do_and_no_path_is_of_this_machine() {
    let mut machine = vec![concat!("/wo", "rk/").to_owned(), concat!("/ro", "ot/").to_owned()];
    machine.push(format!("{}/", root().display()));
    machine.extend(
        std::env::var_os("HOME")
            .map(|home| format!("{}/", home.to_string_lossy().trim_end_matches('/')))
            .filter(|home| home.len() > 2),
    );
    assert_none(checkout().iter().flat_map(|path| manners(path, &text(path), &machine)));
}

#[test]
fn every_type_has_an_example_and_is_in_the_readme() {
    let readme = text("README.md");
    let registry = resources::registry();
    let types: Vec<_> =
        registry.resources().map(|managed| format!("{PREFIX}_{}", managed.name())).collect();
    let mut found = Vec::new();
    for name in &types {
        if !readme.contains(&format!("`{name}`")) {
            found.push(format!("README.md: {name} is not mentioned"));
        }
        for file in ["resource.tf", "import.sh", "import-by-identity.tf"] {
            let path = format!("examples/resources/{name}/{file}");
            let names_it = fs::read_to_string(root().join(&path)).is_ok_and(|text| {
                text.contains(&format!("resource \"{name}\"")) || text.contains(&format!("{name}."))
            });
            if !names_it {
                found.push(format!("{path}: is missing, or about something else"));
            }
        }
    }
    found.extend(others_in("examples/resources", &types));
    assert_none(found);
}

#[test]
fn every_function_has_an_example_and_is_in_the_readme() {
    let registry = resources::registry();
    let names: Vec<_> = registry.functions().map(|function| function.name.to_owned()).collect();
    assert!(!names.is_empty(), "there are functions");
    let mut found = others_in("examples/functions", &names);
    for name in names {
        let call = format!("provider::{PREFIX}::{name}(");
        found.extend(missing_page(&format!("examples/functions/{name}/function.tf"), &call, &name));
    }
    assert_none(found);
}

#[test]
fn every_data_source_has_an_example_and_is_in_the_readme() {
    let registry = resources::registry();
    let names = registry.data_sources().map(|(name, _)| name.to_owned());
    let names: Vec<_> = names.filter(|name| name.starts_with(PREFIX)).collect();
    assert!(!names.is_empty(), "there are data sources");
    let mut found = others_in("examples/data-sources", &names);
    for name in names {
        let example = format!("examples/data-sources/{name}/data-source.tf");
        found.extend(missing_page(&example, &format!("data \"{name}\""), &name));
    }
    assert_none(found);
}

#[test]
fn every_ephemeral_resource_has_an_example_and_is_in_the_readme() {
    let registry = resources::registry();
    let names = registry.ephemerals().map(|(name, _)| name.to_owned());
    let names: Vec<_> = names.filter(|name| name.starts_with(PREFIX)).collect();
    assert!(!names.is_empty(), "there are ephemeral resources");
    let mut found = others_in("examples/ephemeral-resources", &names);
    for name in names {
        let example = format!("examples/ephemeral-resources/{name}/ephemeral-resource.tf");
        found.extend(missing_page(&example, &format!("ephemeral \"{name}\""), &name));
    }
    assert_none(found);
}

#[test]
fn every_action_has_an_example_and_is_in_the_readme() {
    let registry = resources::registry();
    let names = registry.actions().map(|(name, _)| name.to_owned());
    let names: Vec<_> = names.filter(|name| name.starts_with(PREFIX)).collect();
    assert!(!names.is_empty(), "there are actions");
    let mut found = others_in("examples/actions", &names);
    for name in names {
        let example = format!("examples/actions/{name}/action.tf");
        found.extend(missing_page(&example, &format!("action \"{name}\""), &name));
    }
    assert_none(found);
}

/// That an example is missing or about something else, and that the README does not name it.
fn missing_page(example: &str, mention: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !fs::read_to_string(root().join(example)).is_ok_and(|text| text.contains(mention)) {
        found.push(format!("{example}: is missing, or about something else"));
    }
    if !text("README.md").contains(&format!("`{name}`")) {
        found.push(format!("README.md: {name} is not mentioned"));
    }
    found
}

/// Examples in a folder of what there is not.
fn others_in(folder: &str, names: &[String]) -> Vec<String> {
    let examples = fs::read_dir(root().join(folder)).expect("a folder of examples");
    let examples = examples.map(|entry| entry.expect("an entry").file_name());
    let examples = examples.map(|example| example.to_string_lossy().into_owned());
    examples
        .filter(|example| !names.contains(example))
        .map(|example| format!("{folder}/{example}: there is no such thing"))
        .collect()
}

/// Pages that say of what holds by which test it is shown.
const SHOWN_BY_TESTS: [&str; 2] = ["docs/compare-aws.md", "docs/protocol.md"];

#[test]
fn every_test_that_a_page_names_is_there() {
    let text_of = |path: &str| fs::read_to_string(root().join(path)).ok();
    let found = SHOWN_BY_TESTS.iter().flat_map(|page| named::missing(page, &text(page), text_of));
    assert_none(found);
}

#[test]
fn every_call_is_in_the_page_of_the_protocol() {
    let calls = text("proto/tfplugin6.proto");
    let calls = calls.lines().filter_map(|line| line.trim().strip_prefix("rpc "));
    let page = text("docs/protocol.md");
    let calls = calls.filter_map(|line| line.split('(').next());
    let missing = calls.filter(|call| !page.contains(&format!("\n| {call} | ")));
    assert_none(missing.map(|call| format!("docs/protocol.md: no row for {call}")));
}

#[test]
fn everything_that_is_served_has_unit_tests() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        let path = format!("src/{path}");
        let is_served = SERVED.iter().any(|what| text.contains(&format!("impl {what} for")));
        if !path.starts_with("src/resources/") || !is_served {
            continue;
        }
        let tested = text.contains("#[cfg(test)]\nmod tests");
        let excused = TESTED_ELSEWHERE.iter().any(|(excused, _)| *excused == path);
        match (tested, excused) {
            (false, false) => found.push(format!("{path}: has no unit tests")),
            (true, true) => found.push(format!("{path}: is excused from tests, and has them")),
            _ => {}
        }
    }
    assert_none(found);
}

#[test]
fn every_ring_is_in_the_description_of_the_architecture() {
    let page = text("docs/architecture.md");
    let missing = RINGS.iter().filter(|ring| {
        let path = format!("src/{}", ring.at.replace("::", "/"));
        !page.contains(&path)
    });
    assert_none(missing.map(|ring| format!("docs/architecture.md: {} is missing", ring.at)));
}

/// Reading the environment, and writing to standard output, anywhere but where it belongs.
fn places(file: File<'_>) -> Vec<String> {
    let source = match read(file.text, &file.module()) {
        Ok(source) if !file.is_test() => source,
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    let at = |line: usize| format!("src/{}:{line}", file.path);
    for mention in source.mentions.iter().filter(|mention| !mention.test) {
        let Named::Foreign(path) = &mention.path else { continue };
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        match path[..] {
            ["std", "env", what, ..]
                if what.starts_with("var") && !ENVIRONMENT.contains(&file.path) =>
            {
                found.push(format!("{}: reads the environment", at(mention.line)));
            }
            ["std" | "tokio", "io", "stdout", ..] if file.path != STANDARD_OUTPUT => {
                found.push(format!("{}: writes to standard output", at(mention.line)));
            }
            _ => {}
        }
    }
    for call in source.macros.iter().filter(|call| !call.test) {
        if matches!(call.name.as_str(), "print" | "println") && file.path != STANDARD_OUTPUT {
            found.push(format!("{}: prints to standard output", at(call.line)));
        }
    }
    found
}

/// Files with more lines than they may have, and excuses that none needs.
fn limits(
    excused: &[(&str, &str)],
    files: impl IntoIterator<Item = (String, usize)>,
) -> Vec<String> {
    let files: Vec<_> = files.into_iter().collect();
    let is_excused = |path: &str| excused.iter().any(|(excused, _)| *excused == path);
    let too_long = files
        .iter()
        .filter(|(path, lines)| *lines > MOST_LINES && !is_excused(path))
        .map(|(path, lines)| format!("{path}: {lines} lines, at most {MOST_LINES} are read"));
    let idle = excused
        .iter()
        .filter(|(excused, _)| {
            !files.iter().any(|(path, lines)| path == excused && *lines > MOST_LINES)
        })
        .map(|(path, _)| format!("{path}: is excused for its length, and need not be"));
    too_long.chain(idle).collect()
}

/// Work that is left to do, and paths that only one machine has.
fn manners(path: &str, text: &str, machine: &[String]) -> Vec<String> {
    let unfinished = [
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
    ];
    let mut found = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if unfinished.iter().any(|word| text.contains(word)) {
            found.push(format!("{path}:{line}: work that is left to do"));
        }
        if machine.iter().any(|place| text.contains(place.as_str())) {
            found.push(format!("{path}:{line}: a path of somebody's machine"));
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    let bytes = fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The sources of the library and the program by their path below `src`, without the derive macro,
/// which is a package of its own.
fn sources() -> Vec<(String, String)> {
    let files = checkout().into_iter().filter_map(|path| {
        let below = path.strip_prefix("src/")?;
        let ours = is_rust(below) && !below.starts_with("derive/");
        ours.then(|| (below.to_owned(), text(&path)))
    });
    files.collect()
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// The files of the checkout by their path, without what is built or hidden.
fn checkout() -> Vec<String> {
    let mut folders = vec![PathBuf::new()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root().join(&folder));
        for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let entry = entry.expect("an entry of a folder");
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = folder.join(&name);
            let kept = matches!(name.as_str(), ".ci" | ".github" | ".cargo");
            // Built, hidden, or left there by a run.
            let left = name == "target" || name.starts_with("terraform.tfstate");
            if left || (name.starts_with('.') && !kept) {
                continue;
            }
            let kind = entry.file_type().expect("the type of an entry");
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.push(path.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}

fn assert_none(found: impl IntoIterator<Item = String>) {
    let found: Vec<_> = found.into_iter().collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}
