use serde_json::json;

use super::*;
use crate::framework::{Severity, state};

fn values(updater: &Json) -> Value {
    let schema = crate::framework::Schema::new(0, "", ImageUpdater::attributes());
    let updater = state::from_json(&schema.attributes, updater).expect("an image updater");
    Value::from_iter([("image_updater".to_owned(), updater)])
}

fn two() -> Json {
    json!({
        "images": [
            {
                "image": "localhost:5000/shop/web", "alias": "web", "constraint": ">=1.0",
                "update_strategy": "semver", "allow_tags": "regexp:^v", "ignore_tags": ["a", "b-*"],
                "platforms": ["linux/arm64"], "pull_secret": "pullsecret:argocd/registry",
                "force_update": true, "helm_image_name": "image.name", "helm_image_tag": "image.tag",
            },
            { "image": "nginx", "constraint": "~1.26" },
        ],
        "write_back_method": "git:secret:argocd/git", "git_branch": "main:images",
    })
}

fn written(updater: &Json) -> Json {
    let mut object = json!({});
    write(&values(updater), &mut object);
    object
}

fn seen(object: &Json, prior: &Value, view: View) -> Value {
    let mut seen = Value::Object(Object::new());
    read(object, prior, &mut seen, view);
    seen.get("image_updater").clone()
}

#[test]
fn images_are_the_annotations_that_image_updater_reads() {
    let expected = json!({
        "argocd-image-updater.argoproj.io/image-list": "web=localhost:5000/shop/web:>=1.0,nginx:~1.26",
        "argocd-image-updater.argoproj.io/write-back-method": "git:secret:argocd/git",
        "argocd-image-updater.argoproj.io/git-branch": "main:images",
        "argocd-image-updater.argoproj.io/web.update-strategy": "semver",
        "argocd-image-updater.argoproj.io/web.allow-tags": "regexp:^v",
        "argocd-image-updater.argoproj.io/web.ignore-tags": "a,b-*",
        "argocd-image-updater.argoproj.io/web.platforms": "linux/arm64",
        "argocd-image-updater.argoproj.io/web.pull-secret": "pullsecret:argocd/registry",
        "argocd-image-updater.argoproj.io/web.force-update": "true",
        "argocd-image-updater.argoproj.io/web.helm.image-name": "image.name",
        "argocd-image-updater.argoproj.io/web.helm.image-tag": "image.tag",
    });
    let object = written(&two());
    assert_eq!(object["metadata"]["annotations"], expected);
    let ours = values(&two()).get("image_updater").clone();
    assert_eq!(seen(&object, &values(&two()), View::Owned), ours);
    assert_eq!(seen(&object, &Value::Null, View::Whole), ours);
    assert!(seen(&object, &Value::Null, View::Owned).is_null(), "it is not ours");
    assert!(seen(&json!({}), &Value::Null, View::Whole).is_null());
}

#[test]
fn a_change_of_others_shows_at_its_attribute() {
    let mut object = written(&two());
    let annotations = &mut object["metadata"]["annotations"];
    let key = |name: &str| format!("argocd-image-updater.argoproj.io/{name}");
    annotations[key("web.allow-tags")] = "any".into();
    annotations[key("web.force-update")] = Json::Null;
    annotations[key("web.kustomize.image-name")] = "theirs".into();
    annotations[key("image-list")] = "web=localhost:5000/shop/web:>=2.0, nginx:~1.26".into();
    let mut expected = two();
    expected["images"][0]["allow_tags"] = "any".into();
    expected["images"][0]["force_update"] = Json::Null;
    expected["images"][0]["constraint"] = ">=2.0".into();
    let expected = values(&expected).get("image_updater").clone();
    assert_eq!(seen(&object, &values(&two()), View::Owned), expected);

    object["metadata"]["annotations"][key("image-list")] = Json::Null;
    let gone = seen(&object, &values(&two()), View::Owned);
    assert_eq!(gone.get("images").as_list(), Some(&[][..]));
}

#[test]
fn what_image_updater_writes_to_the_application_is_its_own() {
    let one = json!({ "images": [{ "image": "nginx" }] });
    assert!(writes_to_the_application(&values(&one)));
    assert!(!writes_to_the_application(&values(&two())), "it writes to Git");
    assert!(!writes_to_the_application(&Value::Null));
    let mut unsure = values(&one);
    assert!(!is_undecided(&unsure));
    unsure.set("image_updater", Value::Unknown);
    assert!(is_undecided(&unsure));
}

#[test]
fn what_image_updater_would_not_understand_is_refused() {
    let found = |updater: &Json, annotations: &[&str]| {
        let updater = ImageUpdater::from_value(values(updater).get("image_updater").clone());
        let mut findings = Findings::default();
        let annotations = Attr::Known(annotations.to_vec());
        check(&Attr::Known(updater.unwrap()), &annotations, &mut findings);
        let found = findings.into_iter();
        found.map(|it| (it.path.to_string(), it.severity == Severity::Error)).collect::<Vec<_>>()
    };
    assert_eq!(found(&two(), &["team"]), []);
    let key = "argocd-image-updater.argoproj.io/image-list";
    assert_eq!(found(&two(), &[key]), [(format!("annotations[{key:?}]"), true)]);
    let image = |more: Json| {
        let mut image = json!({ "image": "nginx", "alias": "a" });
        for (name, value) in more.as_object().expect("an object") {
            image[name] = value.clone();
        }
        json!({ "images": [image] })
    };
    for (updater, path, is_error) in [
        (image(json!({ "alias": null, "allow_tags": "any" })), "images[0].allow_tags", true),
        (image(json!({ "update_strategy": "digest" })), "images[0].update_strategy", true),
        (
            image(json!({ "constraint": "~1", "update_strategy": "newest-build" })),
            "images[0].constraint",
            false,
        ),
        (
            image(json!({ "helm_image_spec": "a", "helm_image_tag": "b" })),
            "images[0].helm_image_spec",
            true,
        ),
        (json!({ "images": [{ "image": "nginx" }], "git_branch": "main" }), "git_branch", true),
        (
            json!({ "images": [{ "image": "a", "alias": "x" }, { "image": "b", "alias": "x" }] }),
            "images[1].alias",
            true,
        ),
    ] {
        assert_eq!(
            found(&updater, &[]),
            [(format!("image_updater.{path}"), is_error)],
            "{updater}"
        );
    }
}

#[test]
fn texts_are_of_the_forms_that_image_updater_has() {
    for text in ["argocd", "git", "git:repocreds", "git:secret:argocd/git"] {
        assert!(write_back_method(text).is_ok(), "{text}");
    }
    for text in ["", "gti", "git:secret:git"] {
        assert!(write_back_method(text).is_err(), "{text}");
    }
    for text in ["pullsecret:a/b", "secret:a/b#c", "env:A", "ext:/a"] {
        assert!(pull_secret(text).is_ok(), "{text}");
    }
    for text in ["a/b", "secret:a/b", "env:", "pullsecret:a"] {
        assert!(pull_secret(text).is_err(), "{text}");
    }
    assert!(allow_tags("any").is_ok() && allow_tags("regexp:^v[0-9]+$").is_ok());
    assert!(allow_tags("regexp:(").is_err() && allow_tags("^v").is_err());
    assert!(alias("web-1").is_ok() && alias("a.b").is_err() && alias("").is_err());
    assert!(constraint("~1.26").is_ok() && constraint(">=1, <2").is_err());
}
