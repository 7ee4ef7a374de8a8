//! Credentials as users write them, as Kargo reads them, and what is wrong with some.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::framework::Severity;
use crate::framework::schema::empty;

fn text(text: &str) -> Attr<String> {
    Attr::Known(text.to_owned())
}

fn secret_of(text: &str) -> Attr<Secret> {
    Attr::Known(Secret::from(text.to_owned()))
}

fn of_type(of_type: &str) -> Credentials {
    Credentials {
        metadata: ObjectMeta { name: text("c"), namespace: text("shop"), ..ObjectMeta::default() },
        r#type: text(of_type),
        ..Credentials::default()
    }
}

fn git() -> Credentials {
    Credentials {
        repo_url: text("https://github.com/example/shop"),
        username: text("ci"),
        password_wo: secret_of("hunter2"),
        password_wo_version: Attr::Known(1),
        ..of_type("git")
    }
}

fn rendered(credentials: &Credentials) -> Json {
    Credentials::render(&Credentials::attributes(), &Model::into_value(credentials.clone()))
        .unwrap()
}

/// The data of a Secret as texts.
fn data(secret: &Json) -> BTreeMap<String, String> {
    let data = secret["data"].as_object().unwrap().iter().map(|(key, value)| {
        let decoded = STANDARD.decode(value.as_str().unwrap()).unwrap();
        (key.clone(), String::from_utf8(decoded).unwrap())
    });
    data.collect()
}

#[test]
fn credentials_are_a_secret_with_kargo_s_label_and_keys() {
    let secret = rendered(&Credentials {
        description: text("x"),
        replicate_to: text("*"),
        repo_url: text("^https://github.com/example/"),
        repo_url_is_regex: Attr::Known(true),
        username: Attr::Null,
        password_wo: Attr::Null,
        github_app_client_id: text("Iv1.a"),
        github_app_installation_id: Attr::Known(17),
        github_app_private_key: secret_of("PEM"),
        github_token_scopes: AsJson([("shop".to_owned(), vec!["api".to_owned()])].into()).into(),
        ..git()
    });
    assert_eq!(secret["metadata"]["labels"], json!({"kargo.akuity.io/cred-type": "git"}));
    assert_eq!(
        secret["metadata"]["annotations"],
        json!({
            "kargo.akuity.io/description": "x",
            "kargo.akuity.io/replicate-to": "*",
            "kargo.akuity.io/github-token-scopes": "{\"shop\":[\"api\"]}",
        })
    );
    assert_eq!((&secret["kind"], &secret["type"]), (&json!("Secret"), &json!("Opaque")));
    assert!(secret["stringData"].is_null());
    let expected = [
        ("githubAppClientID", "Iv1.a"),
        ("githubAppInstallationID", "17"),
        ("githubAppPrivateKey", "PEM"),
        ("repoURL", "^https://github.com/example/"),
        ("repoURLIsRegex", "true"),
    ];
    assert_eq!(data(&secret), expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
}

#[test]
fn a_secret_enters_the_state_in_no_way_but_the_one_that_keeps_it() {
    let attributes = Credentials::attributes();
    let secret = rendered(&git());
    assert_eq!(data(&secret)["password"], "hunter2");
    let state = Model::into_value(Credentials { password_wo: Attr::Null, ..git() });
    let seen = Credentials::project(&attributes, &secret, &state, View::Owned).unwrap();
    assert_eq!(seen, state);
    let imported = Credentials::project(&attributes, &secret, &empty(&attributes), View::Whole);
    let imported = imported.unwrap();
    assert!(imported.get("password").is_null() && imported.get("data").is_null());
    assert_eq!(imported.get("type"), &"git".into());
    assert_eq!(imported.get("username"), &"ci".into());
    assert!(imported.get("labels").is_null(), "{imported:?}");

    // What is kept is looked at.
    let kept = Credentials { password: secret_of("other"), ..git() };
    let kept = Model::into_value(Credentials { password_wo: Attr::Null, ..kept });
    let seen = Credentials::project(&attributes, &secret, &kept, View::Owned).unwrap();
    assert_eq!(seen.get("password"), &"hunter2".into());

    let other = json!({"metadata": {"name": "c", "namespace": "shop"}, "data": {}});
    let error = Credentials::project(&attributes, &other, &empty(&attributes), View::Whole);
    assert!(error.unwrap_err().message().contains(TYPE_LABEL));
}

#[test]
fn what_is_generic_has_any_keys() {
    let attributes = Credentials::attributes();
    let pairs = |pairs: &[(&str, &str)]| -> Attr<BTreeMap<String, String>> {
        Attr::Known(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    };
    let kept =
        Credentials { data: pairs(&[("secret", "a"), ("repoURL", "b")]), ..of_type("generic") };
    let secret = rendered(&kept);
    assert_eq!(data(&secret), kept.data.known().cloned().unwrap());
    let kept = Model::into_value(kept);
    let see = |live: &Json, prior: &Value| {
        Credentials::project(&attributes, live, prior, View::Owned).unwrap()
    };
    assert_eq!(see(&secret, &kept), kept);
    // A value that somebody changed shows, a key that somebody added does not.
    let mut drifted = secret.clone();
    drifted["data"]["secret"] = json!(STANDARD.encode("other"));
    drifted["data"]["added"] = json!(STANDARD.encode("x"));
    let expected: Value =
        [("repoURL".to_owned(), Value::from("b")), ("secret".to_owned(), Value::from("other"))]
            .into_iter()
            .collect();
    assert_eq!(see(&drifted, &kept).get("data"), &expected);
    drifted["data"].as_object_mut().unwrap().remove("repoURL");
    assert!(see(&drifted, &kept).get("data").get("repoURL").is_null());

    let hidden = Credentials {
        data_wo: pairs(&[("secret", "hunter2")]),
        data_wo_version: Attr::Known(1),
        ..of_type("generic")
    };
    let secret = rendered(&hidden);
    assert_eq!(data(&secret)["secret"], "hunter2");
    let state = Model::into_value(Credentials { data_wo: Attr::Null, ..hidden });
    assert_eq!(see(&secret, &state), state);
}

/// The paths of the findings, with a mark on warnings.
fn found(credentials: &Credentials) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    Credentials::validate(credentials, &mut diagnostics);
    let mark = |found: &crate::framework::Diagnostic| match found.severity {
        Severity::Error => found.path.to_string(),
        Severity::Warning => format!("{}?", found.path),
    };
    diagnostics.iter().map(mark).collect()
}

#[test]
fn every_way_to_log_in_that_kargo_has() {
    let without = Credentials {
        username: Attr::Null,
        password_wo: Attr::Null,
        password_wo_version: Attr::Null,
        ..git()
    };
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop";
    let aws = Credentials {
        r#type: text("image"),
        repo_url: text(image),
        aws_region: text("eu-west-1"),
        aws_access_key_id: text("AKIA"),
        aws_secret_access_key: secret_of("x"),
        ..without.clone()
    };
    let none = [""; 0];
    assert_eq!(found(&git()), none);
    assert_eq!(found(&aws), none);
    let chart = format!("oci://{image}");
    assert_eq!(
        found(&Credentials { r#type: text("helm"), repo_url: text(&chart), ..aws.clone() }),
        none
    );
    let google = Credentials {
        r#type: text("image"),
        repo_url: text("europe-docker.pkg.dev/shop/images"),
        gcp_service_account_key: secret_of("e30="),
        ..without.clone()
    };
    assert_eq!(found(&google), none);
    let app = Credentials {
        github_app_id: Attr::Known(1),
        github_app_installation_id: Attr::Known(2),
        github_app_private_key: secret_of("PEM"),
        ..without.clone()
    };
    assert_eq!(found(&app), none);
    let generic = Credentials { data: Attr::Known(BTreeMap::new()), ..of_type("generic") };
    assert_eq!(found(&generic), none);
    let ssh = Credentials {
        repo_url: text("git@github.com:example/shop.git"),
        ssh_private_key: secret_of("PEM"),
        ..without.clone()
    };
    assert_eq!(found(&ssh), ["ssh_private_key?"]);

    refused(&without, &aws, &google, &app, &generic);
}

/// What does not fit together is never used, and Kargo says nothing of it.
fn refused(
    without: &Credentials,
    aws: &Credentials,
    google: &Credentials,
    app: &Credentials,
    generic: &Credentials,
) {
    for (wrong, expected) in [
        (Box::new(without.clone()), &["type"][..]),
        (Box::new(Credentials { repo_url: Attr::Null, ..git() }), &["repo_url"]),
        (
            Box::new(Credentials {
                repo_url: text("("),
                repo_url_is_regex: Attr::Known(true),
                ..git()
            }),
            &["repo_url"],
        ),
        (
            Box::new(Credentials { repo_url: text("http://git.example.com/x"), ..git() }),
            &["repo_url?"],
        ),
        (Box::new(Credentials { r#type: text("image"), ..git() }), &["repo_url"]),
        (Box::new(Credentials { username: Attr::Null, ..git() }), &["username"]),
        (
            Box::new(Credentials {
                password_wo: Attr::Null,
                password_wo_version: Attr::Null,
                ..git()
            }),
            &["password"],
        ),
        (
            Box::new(Credentials { ssh_private_key: secret_of("PEM"), ..git() }),
            &["repo_url", "ssh_private_key", "ssh_private_key?"],
        ),
        (
            Box::new(Credentials {
                r#type: text("git"),
                repo_url: text("https://x/y"),
                ..aws.clone()
            }),
            &["repo_url", "aws_secret_access_key"],
        ),
        (
            Box::new(Credentials { repo_url: text("ghcr.io/example/shop"), ..aws.clone() }),
            &["repo_url"],
        ),
        (
            Box::new(Credentials { repo_url: text("ghcr.io/example/shop"), ..google.clone() }),
            &["repo_url"],
        ),
        (Box::new(Credentials { aws_region: Attr::Null, ..aws.clone() }), &["aws_region"]),
        (
            Box::new(Credentials { github_app_installation_id: Attr::Null, ..app.clone() }),
            &["github_app_installation_id"],
        ),
        (
            Box::new(Credentials { github_token_scopes: AsJson(BTreeMap::new()).into(), ..git() }),
            &["github_token_scopes"],
        ),
        (Box::new(Credentials { data: Attr::Known(BTreeMap::new()), ..git() }), &["data"]),
        (Box::new(of_type("generic")), &["data_wo"]),
        (Box::new(Credentials { username: text("x"), ..generic.clone() }), &["username"]),
        (Box::new(Credentials { password: secret_of("x"), ..git() }), &["password_wo"]),
        (Box::new(Credentials { password_wo_version: Attr::Null, ..git() }), &["password_wo"]),
    ] {
        assert_eq!(found(&wrong), expected, "{wrong:?}");
    }
}

#[test]
fn what_is_not_known_yet_breaks_no_rule() {
    let unknown = Credentials {
        repo_url: Attr::Unknown,
        username: Attr::Unknown,
        password_wo: Attr::Unknown,
        ..git()
    };
    assert_eq!(found(&unknown), [""; 0]);
    assert_eq!(found(&Credentials { r#type: Attr::Unknown, ..of_type("git") }), [""; 0]);
}
