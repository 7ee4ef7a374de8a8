//! The pages of the registries are those of this schema and these examples.

use std::path::Path;

use gitops_sandbox::pages;

#[test]
fn the_pages_are_those_that_the_schema_and_the_examples_make() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-gitops"));
    // Fails too when tfplugindocs finds something wrong with a page.
    let made = pages::make(checkout, provider).expect("the pages can be made");
    let there = pages::of_checkout(checkout).expect("pages");
    assert!(made.keys().any(|page| page.starts_with("resources")), "no page of a resource");
    let stale = pages::differences(&there, &made);
    assert!(stale.is_empty(), "run cargo docs-pages, and commit what it changes: {stale:?}");
}
