//! Secrets: found by their names, for the schema cannot know them.

use std::collections::BTreeSet;

use crate::support::core::schema::{Attribute, Shape};
use crate::support::core::{Block, Ty};

use super::core;

/// Words in the names of secrets.
const WORDS: [&str; 9] = [
    "password",
    "passphrase",
    "token",
    "secret",
    "private_key",
    "client_key",
    "key_data",
    "credentials",
    "bearer",
];

/// Ends of names that speak of a secret and are none: where it is, what it is
/// called, which version of it.
const BESIDE: [&str; 11] = [
    "_version",
    "_name",
    "_arn",
    "_file",
    "_files",
    "_path",
    "_ref",
    "_url",
    "_id",
    "_namespace",
    // Where the login to a registry comes from.
    "pull_secret",
];

/// Whether a text attribute of that name holds a secret.
fn is_secret(name: &str, attr: &Attribute) -> bool {
    let text = match &attr.shape {
        Shape::Plain(Ty::String) => true,
        Shape::Plain(Ty::List(ty) | Ty::Set(ty) | Ty::Map(ty)) => **ty == Ty::String,
        _ => false,
    };
    text && WORDS.iter().any(|word| name.contains(word))
        && !BESIDE.iter().any(|end| name.ends_with(end))
}

async fn blocks() -> Vec<(String, Block)> {
    let core = core().await;
    let resources = core.resources.into_iter().map(|(name, resource)| (name, resource.block));
    resources.chain([("provider".to_owned(), core.provider)]).collect()
}

fn name(at: &str) -> &str {
    at.rsplit('.').next().unwrap_or(at)
}

#[tokio::test]
async fn what_is_called_a_secret_is_hidden() {
    let (mut shown, mut hidden) = (BTreeSet::new(), BTreeSet::new());
    for (block_name, block) in blocks().await {
        block.walk(&block_name, &mut |at, attr| {
            if is_secret(name(at), attr) {
                let side = if attr.sensitive { &mut hidden } else { &mut shown };
                side.insert(at.to_owned());
            }
        });
    }
    assert_eq!(shown, BTreeSet::new());
    // That the words find what they are for.
    for known in ["provider.secret_key", "provider.cluster.token", "cluster.config.password"] {
        assert!(hidden.contains(known), "{known} is not among {hidden:#?}");
    }
}

#[tokio::test]
async fn a_write_only_secret_has_its_name_its_version_and_is_hidden() {
    fn check(
        at: &str,
        attributes: &std::collections::BTreeMap<String, Attribute>,
        found: &mut usize,
        wrong: &mut Vec<String>,
    ) {
        for (name, attr) in attributes {
            let at = format!("{at}.{name}");
            if attr.write_only != name.ends_with("_wo") {
                wrong.push(format!("{at}: write-only goes with the ending _wo"));
            }
            if attr.write_only {
                *found += 1;
                let version = attributes.get(&format!("{name}_version"));
                let fits = version.is_some_and(|version| {
                    version.ty() == Ty::Number && version.optional && !version.computed
                });
                if !fits {
                    wrong.push(format!("{at}: has no {name}_version, an optional number"));
                }
                if !attr.sensitive {
                    wrong.push(format!("{at}: is shown"));
                }
            }
            if let Shape::Nested(_, inner) = &attr.shape {
                check(&at, inner, found, wrong);
            }
        }
    }
    let (mut found, mut wrong) = (0, Vec::new());
    for (name, block) in blocks().await {
        check(&name, &block.attributes, &mut found, &mut wrong);
        for (nested, inner) in &block.blocks {
            check(&format!("{name}.{nested}"), &inner.block.attributes, &mut found, &mut wrong);
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(found > 0, "there is at least one");
}

/// Hidden attributes without a write-only form, and why.
const WITHOUT: [(&str, &str); 6] = [
    ("cluster.client_key", CONNECTION),
    ("cluster.password", CONNECTION),
    ("cluster.token", CONNECTION),
    ("config.exec_provider_config.args", PROGRAM),
    ("config.exec_provider_config.env", PROGRAM),
    ("webhook_receiver_urls", "nobody sets them: Kargo makes them, for others to read here"),
];
const CONNECTION: &str = "a refresh has no configuration to take it from; who keeps it out of the \
                          state configures the provider's `cluster`";
const PROGRAM: &str = "no secret as such: what a program is called with, hidden in case";

#[tokio::test]
async fn a_secret_that_the_state_would_hold_has_a_write_only_form() {
    let (mut without, mut doubled) = (BTreeSet::new(), 0);
    for resource in core().await.resources.values() {
        let (mut paths, mut hidden) = (BTreeSet::new(), Vec::new());
        resource.block.walk("", &mut |at, attr| {
            let at = at.trim_start_matches('.').to_owned();
            if attr.sensitive && !attr.write_only {
                hidden.push(at.clone());
            }
            paths.insert(at);
        });
        for at in hidden {
            if paths.contains(&format!("{at}_wo")) {
                doubled += 1;
            } else {
                without.insert(at);
            }
        }
    }
    let excused: BTreeSet<_> = WITHOUT.iter().map(|(at, _)| (*at).to_owned()).collect();
    assert_eq!(without, excused, "{WITHOUT:#?}");
    assert!(doubled > 0, "there is at least one");
}
