//! The checks on sources that are made up: each finds what it is for.

use super::named::missing;
use super::reader::{Named, read};
use super::rings::{File, RINGS, Ring, forbidden};
use super::{limits, manners, places};

fn arrows(path: &str, text: &str) -> Vec<String> {
    forbidden(RINGS, File { path, text })
}

#[test]
fn an_arrow_that_points_outwards_is_found() {
    for (path, text, found) in [
        (
            "framework/plan.rs",
            "use crate::clients::kube::Objects;",
            "src/framework/plan.rs:1: framework must not use clients::kube::Objects",
        ),
        (
            "framework/plan.rs",
            "\nfn f() { let x = super::super::rpc::codec::decode(); }",
            "src/framework/plan.rs:2: framework must not use rpc::codec::decode",
        ),
        (
            "plugin/tls.rs",
            "use crate::framework::{error::Result, value::Value};",
            "src/plugin/tls.rs:1: plugin must not use framework::value::Value",
        ),
        (
            "clients/kube/link.rs",
            "use super::super::aws::Clients;",
            "src/clients/kube/link.rs:1: clients::kube must not use clients::aws::Clients",
        ),
        (
            "resources/kargo/stage.rs",
            "use crate::resources::{argocd::application, object::Kind};",
            "src/resources/kargo/stage.rs:1: resources::kargo must not use \
             resources::argocd::application",
        ),
        (
            "rpc/server.rs",
            "use crate::plugin::{MAX_MESSAGE_SIZE, run};",
            "src/rpc/server.rs:1: rpc must not use plugin::run",
        ),
        (
            "main.rs",
            "use terraform_provider_gitops::{plugin, clients::aws};",
            "src/main.rs:1: main must not use clients::aws",
        ),
        ("elsewhere.rs", "", "src/elsewhere.rs: no ring is declared for it"),
    ] {
        assert_eq!(arrows(path, text), [found], "{text}");
    }
}

#[test]
fn a_library_of_another_ring_is_found() {
    for (path, text, found) in [
        ("framework/value.rs", "use prost::Message;", "framework must not use prost"),
        ("resources/object.rs", "fn f(x: tonic::Status) {}", "resources must not use tonic"),
        ("resources/argocd.rs", "use kube::Client;", "resources::argocd must not use kube"),
        ("clients/kube.rs", "use aws_sdk_eks as eks;", "clients::kube must not use aws_sdk_eks"),
        ("rpc/wire.rs", "use k8s_openapi::api;", "rpc must not use k8s_openapi"),
    ] {
        let arrows = arrows(path, text);
        assert!(arrows.len() == 1 && arrows[0].contains(found), "{text}: {arrows:?}");
    }
}

#[test]
fn what_is_allowed_or_only_looks_forbidden_passes() {
    for (path, text) in [
        ("rpc/codec.rs", "use crate::framework::Value; use rmp::encode;"),
        (
            "resources/eks/capability.rs",
            "use crate::resources::iam::trust; use aws_sdk_eks::Client;",
        ),
        // A module of ours that is called like a package.
        ("resources/object.rs", "use crate::clients::kube::{self, Target}; fn f(x: kube::Exec) {}"),
        ("clients.rs", "pub mod kube; pub use kube::Objects;"),
        // Neither text nor a comment is code.
        ("framework/error.rs", "//! See [`crate::rpc`].\nconst X: &str = \"crate::rpc::codec\";"),
        // Tests have libraries of their own, and keep to the rings all the same.
        ("framework/wait.rs", "#[cfg(test)] mod tests { use kube::Client; }"),
    ] {
        assert_eq!(arrows(path, text), [""; 0], "{text}");
    }
    let in_test = "#[cfg(test)] mod tests { use crate::clients::aws; }";
    assert_eq!(arrows("framework/wait.rs", in_test).len(), 1);
}

#[test]
fn an_arrow_is_found_wherever_it_is_written() {
    let ring = Ring { at: "inner", uses: &[], libraries: &[] };
    for text in [
        "mod a { mod b { use super::super::super::outer::X; } }",
        "#[attr(check = crate::outer::check)] struct X;",
        "fn f() { select! { x = crate::outer::f() => {} } }",
        "use crate::{inner::A, outer::{self as other, B}};",
        "use crate as root; fn f() { root::outer::f() }",
        "use crate::outer as alias; fn f() -> alias::X {}",
        "fn f() { <X as crate::outer::Trait>::f() }",
    ] {
        let arrows = forbidden(std::slice::from_ref(&ring), File { path: "inner.rs", text });
        assert!(!arrows.is_empty(), "{text}");
        assert!(arrows.iter().all(|arrow| arrow.contains("must not use outer")), "{arrows:?}");
    }
}

#[test]
fn a_path_is_followed_to_where_it_leads() {
    let text = "use std::{env, io::{self as streams}}; mod own; fn f() { env::var(); \
                streams::stdout(); own::g(); self::own::g(); }";
    let source = read(text, &["plugin", "log"]).unwrap();
    let paths: Vec<_> = source
        .mentions
        .iter()
        .map(|mention| match &mention.path {
            Named::Ours(path) => format!("crate::{}", path.join("::")),
            Named::Foreign(path) => path.join("::"),
        })
        .collect();
    for path in ["std::env::var", "std::io::stdout", "crate::plugin::log::own::g"] {
        assert!(paths.iter().any(|found| found == path), "{path}: {paths:?}");
    }
    assert!(read("fn f( {", &[]).is_err());
}

#[test]
fn the_environment_and_standard_output_have_their_places() {
    fn found(path: &str, text: &str) -> Vec<String> {
        places(File { path, text })
    }
    let var = "fn f() { std::env::var(\"HOME\"); }";
    assert_eq!(found("provider/environment.rs", var), [""; 0]);
    assert_eq!(found("clients/aws.rs", var).len(), 1);
    assert_eq!(found("clients/aws.rs", "use std::env; fn f() { env::vars_os() }").len(), 1);
    assert_eq!(found("plugin.rs", "fn f() { std::env::args(); }"), [""; 0]);

    let print = "fn f() { println!(\"{}\", 1); let x = std::io::stdout(); }";
    assert_eq!(found("plugin/handshake.rs", print), [""; 0]);
    assert_eq!(found("plugin/log.rs", print).len(), 2);
    assert_eq!(found("plugin/log.rs", &format!("#[cfg(test)] mod tests {{ {print} }}")), [""; 0]);
    assert_eq!(found("plugin/log.rs", "// println!(\"never\")\nfn f() { eprintln!() }"), [""; 0]);
}

#[test]
fn a_test_that_is_named_and_not_there_is_found() {
    let text = |path: &str| match path {
        "tests/it/promises/access.rs" => Some("async fn it_holds() {}".to_owned()),
        "src/clients/aws/tags.rs" => Some("mod tests { fn tags_win() {} }".to_owned()),
        _ => None,
    };
    let found = |page: &str| missing("p.md", page, text);
    assert_eq!(
        found("`promises::access::it_holds`, `clients::aws::tags::tests::tags_win`"),
        [""; 0]
    );
    assert_eq!(found("`provider::gitops::x()` `promises::access::it_holds`"), [""; 0]);
    let absent = "`promises::access::it_does_not` and `promises::others::it_holds`";
    assert_eq!(
        found(absent),
        [
            "p.md: there is no test promises::access::it_does_not",
            "p.md: there is no test promises::others::it_holds",
        ]
    );
    assert_eq!(found("nothing `is named`"), ["p.md: names no test"]);
}

#[test]
fn a_file_that_is_too_long_is_found_and_so_is_an_excuse_too_many() {
    let excused = [("src/long.rs", "a table")];
    let found = |files: &[(&str, usize)]| {
        let files = files.iter().map(|(path, lines)| ((*path).to_owned(), *lines));
        limits(&excused, files)
    };
    assert_eq!(found(&[("src/long.rs", 501), ("src/short.rs", 500)]), [""; 0]);
    let too_long = found(&[("src/long.rs", 501), ("src/other.rs", 501)]);
    assert!(too_long.len() == 1 && too_long[0].starts_with("src/other.rs: 501 lines"));
    let idle = found(&[("src/long.rs", 500)]);
    assert!(idle.len() == 1 && idle[0].starts_with("src/long.rs: is excused"), "{idle:?}");
}

#[test]
fn unfinished_work_and_paths_of_a_machine_are_found() {
    let found = |text| manners("a.rs", text, &["/home/somebody/".to_owned()]);
    assert_eq!(found("fn f() {}\n// see /home/others"), [""; 0]);
    assert_eq!(found(concat!("\nfn f() { to", "do!() }")), ["a.rs:2: work that is left to do"]);
    assert_eq!(found(concat!("// FIX", "ME")), ["a.rs:1: work that is left to do"]);
    assert_eq!(found("cd /home/somebody/x"), ["a.rs:1: a path of somebody's machine"]);
}
