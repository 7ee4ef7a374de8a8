//! No secret in state, plan or log.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use gitops_sandbox::eks::AccessKey;
use serde_json::Value as Json;

use crate::support::cli::{Run, Workspace};
use crate::support::sandbox::{Kinds, Objects, all_of, kinds};

/// Texts that occur nowhere else. They have letters and digits only, so that no way of quoting
/// changes them.
const SECRET_KEY: &str = "canaryA7Qm2secretkeyXx0Zt5Lw9Pd3Rb6Ns1Ve8";
const SESSION_TOKEN: &str = "canaryB4Hy8sessiontokenKk2Jf7Gq1Mc5Tz9Wa3";
const BEARER_TOKEN: &str = "canaryC1Uv6bearertokenDd4Yb0Xn8Ie2Os7Lp5";
const PASSWORD: &str = "canaryD9Fg3passwordRr7Hm1Ck5Qz8Tj2Bw6Va0";
const PLAIN_TOKEN: &str = "canaryE5Pk0plaintokenWw3Sn6Gd9Lx2Jy8Uc4Ze";
/// Kept nowhere. The plain form of the last one is in the state and the plan, as documented.
const CANARIES: [&str; 4] = [SECRET_KEY, SESSION_TOKEN, BEARER_TOKEN, PASSWORD];

#[tokio::test]
async fn a_secret_is_in_no_log_no_state_and_no_plan() {
    let sandbox = kinds().await;
    let workspace = workspace(&sandbox, "secrets");
    workspace.init().await;

    let plan = ["plan", "-input=false", "-no-color", "-out=tfplan"];
    let planned = workspace.run(&plan).await.succeeded();
    let shown = workspace.run(&["show", "-no-color", "tfplan"]).await.succeeded();
    for run in [planned, shown] {
        let run = run.says("bearer_token = (sensitive value)");
        without(&run.output, &[PLAIN_TOKEN], &run.to_string());
    }
    workspace.run(&["apply", "-input=false", "-no-color", "tfplan"]).await.succeeded();
    arrived(&sandbox, &workspace, "token", BEARER_TOKEN).await;
    arrived(&sandbox, &workspace, "password", PASSWORD).await;
    arrived(&sandbox, &workspace, "plain", PLAIN_TOKEN).await;
    arrived(&sandbox, &workspace, "repository", PASSWORD).await;
    arrived(&sandbox, &workspace, "repositories", BEARER_TOKEN).await;

    workspace.plan().await.shows_no_changes();
    let again = workspace.clone().with("TF_VAR_secret_version", 2);
    let changes = again.planned().await.changes();
    assert_eq!(changes["gitops_cluster.token"], ["config.bearer_token_wo_version"]);
    assert_eq!(changes["gitops_repository.this"], ["password_wo_version"]);
    let json = again.run(&["show", "-json", "tfplan"]).await.succeeded();
    again.apply().await.succeeded().says("4 changed");
    again.run(&["refresh", "-input=false", "-no-color"]).await.succeeded();
    let state = again.run(&["show", "-json"]).await.succeeded();
    nowhere(&again, &[&json, &state]);
    again.destroy().await.succeeded();
    nowhere(&again, &[]);
}

#[tokio::test]
async fn a_write_only_secret_is_sent_anew_when_its_version_changes() {
    let sandbox = kinds().await;
    let workspace = workspace(&sandbox, "secrets-rotated");
    workspace.init().await;
    workspace.apply().await.succeeded();
    arrived(&sandbox, &workspace, "token", BEARER_TOKEN).await;

    // Nobody can tell that it is another one.
    let other = workspace.with("TF_VAR_bearer_token", "another");
    other.plan().await.shows_no_changes();
    let rotated = other.with("TF_VAR_secret_version", 2);
    rotated.apply().await.succeeded();
    arrived(&sandbox, &rotated, "token", "another").await;
    arrived(&sandbox, &rotated, "repositories", "another").await;
    rotated.plan().await.shows_no_changes();
    rotated.destroy().await.succeeded();
}

/// The fixture, whose calls to EKS and to the cluster are made with an access key of its own.
fn workspace(sandbox: &Kinds, name: &str) -> Workspace {
    let eks = sandbox.eks().expect("the EKS API");
    let entries = all_of(eks, "accessEntries");
    let administrator = entries
        .iter()
        .filter_map(|entry| entry["principalArn"].as_str())
        .find(|arn| arn.ends_with(":user/sandbox"))
        .expect("an administrator");
    // Verified by the emulator: a wrong secret or session token is no access to the cluster.
    let key = AccessKey {
        access_key_id: "ASIACANARY0000000000".to_owned(),
        secret_access_key: SECRET_KEY.to_owned(),
        session_token: Some(SESSION_TOKEN.to_owned()),
        arn: administrator.to_owned(),
        user_id: None,
    };
    eks.add_access_key(key.clone());
    let workspace = Workspace::of(sandbox.of(), name, "tests/fixtures/secrets");
    let log = workspace.folder().join("trace.log").display().to_string();
    workspace
        .with("TF_LOG", "TRACE")
        .with("TF_LOG_PATH", log)
        .with("TF_VAR_access_key", key.access_key_id)
        .with("TF_VAR_secret_key", SECRET_KEY)
        .with("TF_VAR_session_token", SESSION_TOKEN)
        .with("TF_VAR_bearer_token", BEARER_TOKEN)
        .with("TF_VAR_password", PASSWORD)
        .with("TF_VAR_plain_token", PLAIN_TOKEN)
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY")
}

/// The secret is where it belongs: in the Secret for Argo CD.
async fn arrived(sandbox: &Kinds, workspace: &Workspace, name: &str, secret: &str) {
    let secrets = Objects::new(sandbox, "v1", "Secret", Some(workspace.prefix()));
    let found = secrets.get(name).await;
    let decoded = |key: &str| {
        let text = found["data"][key].as_str();
        text.map(|text| STANDARD.decode(text).expect("base64"))
    };
    // A login of a cluster is JSON under one key, one of a repository has keys of its own.
    let texts = match decoded("config") {
        Some(config) => {
            let config: Json = serde_json::from_slice(&config).expect("JSON");
            [config["bearerToken"].clone(), config["password"].clone()]
        }
        None => ["bearerToken", "password"]
            .map(|key| decoded(key).map(|text| String::from_utf8(text).expect("UTF-8")).into()),
    };
    assert!(texts.contains(&Json::from(secret)), "{secret} is not in {found:#}");
}

/// Looks through all that the runs have left in the workspace, and what they have printed.
fn nowhere(workspace: &Workspace, printed: &[&Run]) {
    let log = workspace.read("trace.log");
    for trace in ["tf_rpc", "ApplyResourceChange", "PATCH", "DescribeCluster"] {
        assert!(log.contains(trace), "the log is not at TRACE: it has no {trace}");
    }
    without(&log, &[&CANARIES[..], &[PLAIN_TOKEN]].concat(), "the log");
    for run in printed {
        without(&run.output, &CANARIES, &format!("what was printed by\n{run}"));
    }
    let mut looked_into = Vec::new();
    for entry in std::fs::read_dir(workspace.folder()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            for text in contents(&path) {
                without(&text, &CANARIES, &name);
            }
            looked_into.push(name);
        }
    }
    for file in ["terraform.tfstate", "terraform.tfstate.backup", "tfplan"] {
        assert!(looked_into.iter().any(|name| name == file), "no {file} in {looked_into:?}");
    }
}

/// What is in a file; of a plan, which is a ZIP archive, what is in each of its files.
fn contents(path: &Path) -> Vec<String> {
    let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let file = File::open(path).expect("a file");
    let Ok(mut archive) = zip::ZipArchive::new(file) else {
        return vec![lossy(std::fs::read(path).expect("a file"))];
    };
    let mut texts = Vec::new();
    for index in 0..archive.len() {
        let mut bytes = Vec::new();
        archive.by_index(index).expect("a file").read_to_end(&mut bytes).expect("its content");
        texts.push(lossy(bytes));
    }
    assert!(texts.len() > 3, "a plan has more than {} files", texts.len());
    texts
}

/// Asserts that a text has none of the secrets, neither as they are nor within any base64.
#[track_caller]
fn without(text: &str, secrets: &[&str], place: &str) {
    for secret in secrets {
        for form in forms(secret) {
            let Some(at) = text.find(&form) else { continue };
            let start = text.floor_char_boundary(at.saturating_sub(300));
            panic!("{secret} is in {place}:\n…{}", &text[start..at + form.len()]);
        }
    }
}

/// A secret, and the part of its base64 that does not depend on what stands around it, for each of
/// the three ways in which it may lie across the groups of three bytes.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    for shift in 0..3 {
        let bytes = [&vec![0; shift], secret.as_bytes()].concat();
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = alphabet.encode(&bytes);
            forms.push(encoded[(shift * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned());
        }
    }
    forms
}

#[test]
fn a_secret_is_found_within_base64() {
    for before in ["", "a", "ab", "abc"] {
        let encoded = STANDARD.encode(format!("{before}{PASSWORD}and more"));
        let found = forms(PASSWORD).iter().any(|form| encoded.contains(form));
        assert!(found, "{encoded}");
    }
}
