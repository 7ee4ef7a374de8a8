//! Repositories of ECR: made, changed, found changed, imported, moved and ended, against moto.

use std::collections::BTreeSet;

use aws_sdk_ecr::types::{
    ImageScanningConfiguration, ImageTagMutability, ImageTagMutabilityExclusionFilter, Repository,
    Tag,
};
use serde_json::{Value as Json, json};

use super::moves::{AWS, Peer, move_here};
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{ecr, own_eks, sandbox};

const FIXTURE: &str = "tests/fixtures/ecr";
const FULL: &str = "gitops_ecr_repository.full";
const BARE: &str = "gitops_ecr_repository.bare";

async fn workspace(name: &str) -> Workspace {
    let workspace = Workspace::of(sandbox().await, name, FIXTURE);
    workspace.init().await;
    workspace
}

/// The repositories of a workspace, by what follows its prefix.
async fn repositories(workspace: &Workspace) -> Vec<Repository> {
    let answer = ecr(sandbox().await).describe_repositories().send().await.expect("a list");
    let prefix = format!("{}/", workspace.prefix());
    let mut found = answer.repositories.unwrap_or_default();
    found.retain(|found| found.repository_name().is_some_and(|name| name.starts_with(&prefix)));
    found.sort_by(|a, b| a.repository_name().cmp(&b.repository_name()));
    found
}

async fn tags(arn: &str) -> Json {
    let call = ecr(sandbox().await).list_tags_for_resource().resource_arn(arn);
    let tags = call.send().await.expect("tags").tags.unwrap_or_default();
    tags.into_iter()
        .map(|tag| (tag.key, tag.value.into()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Pushes an image with nothing in it but its name.
async fn push(repository: &str, tag: &str) {
    const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
    let layer = json!({ "digest": format!("sha256:{tag}"), "size": 1, "mediaType": "text/plain" });
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MEDIA_TYPE, "layers": [layer],
        "config": { "digest": "sha256:x", "size": 1, "mediaType": "text/plain" },
    });
    let call = ecr(sandbox().await).put_image().repository_name(repository).image_tag(tag);
    let call = call.image_manifest_media_type(MEDIA_TYPE).image_manifest(manifest.to_string());
    call.send().await.expect("a pushed image");
}

#[tokio::test]
async fn a_repository_is_made_changed_and_ended() {
    lived(Cli::Tofu).await;
}

#[tokio::test]
async fn a_repository_is_made_changed_and_ended_under_terraform() {
    lived(Cli::Terraform).await;
}

async fn lived(cli: Cli) {
    let name = format!("ecr-{}", cli.name());
    let workspace = Workspace::of(sandbox().await, &name, FIXTURE).under(cli);
    workspace.init().await;
    workspace.apply().await.succeeded().says("2 added");
    workspace.plan().await.shows_no_changes();

    let made = repositories(&workspace).await;
    let [bare, full] = &made[..] else { panic!("{made:#?}") };
    assert_eq!(full.image_tag_mutability(), Some(&ImageTagMutability::ImmutableWithExclusion));
    let mut filters: Vec<_> = full
        .image_tag_mutability_exclusion_filters()
        .iter()
        .map(ImageTagMutabilityExclusionFilter::filter)
        .collect();
    filters.sort_unstable();
    assert_eq!(filters, ["dev-*", "latest"]);
    assert!(
        full.image_scanning_configuration().is_some_and(ImageScanningConfiguration::scan_on_push)
    );
    let encryption = full.encryption_configuration().expect("an encryption");
    assert_eq!(encryption.encryption_type().as_str(), "KMS");
    let arn = full.repository_arn().expect("an ARN");
    assert_eq!(tags(arn).await, json!({ "owner": "platform", "team": "shop" }));
    assert_eq!(bare.image_tag_mutability(), Some(&ImageTagMutability::Mutable));
    let stored = stored(&workspace, "full");
    assert_eq!(stored["arn"], *arn);
    assert_eq!(stored["registry_id"], "123456789012");
    assert_eq!(stored["repository_url"].as_str(), full.repository_uri());
    assert_eq!(
        stored["encryption_configuration"]["kms_key"].as_str(),
        encryption.kms_key(),
        "the key that AWS chose"
    );

    // In place, each by its own call.
    let filters =
        r#"[for filter in ["latest", "dev-*"] : { filter = filter, filter_type = "WILDCARD" }]"#;
    workspace.edit("main.tf", filters, "null");
    workspace.edit("main.tf", r#""IMMUTABLE_WITH_EXCLUSION""#, r#""IMMUTABLE""#);
    workspace.edit("main.tf", "scan_on_push = true", "scan_on_push = false");
    workspace.edit("main.tf", "countNumber = 100", "countNumber = 50");
    workspace.edit("main.tf", r#"team = "shop""#, r#"team = "pay""#);
    let changes = workspace.planned().await.changes();
    assert_eq!(
        changes[FULL],
        [
            "image_scanning_configuration.scan_on_push",
            "image_tag_mutability",
            "image_tag_mutability_exclusion_filters",
            "lifecycle_policy",
            "tags.team",
            "tags_all.team",
        ]
    );
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    workspace.plan().await.shows_no_changes();
    let full = &repositories(&workspace).await[1];
    assert_eq!(full.image_tag_mutability(), Some(&ImageTagMutability::Immutable));
    assert_eq!(full.image_tag_mutability_exclusion_filters().len(), 0);
    assert!(full.image_scanning_configuration().is_some_and(|scan| !scan.scan_on_push()));
    assert_eq!(tags(arn).await, json!({ "owner": "platform", "team": "pay" }));
    let repository = format!("{}/full", workspace.prefix());
    let ecr = ecr(sandbox().await);
    let policy = ecr.get_lifecycle_policy().repository_name(&repository).send().await;
    let policy = policy.expect("a policy").lifecycle_policy_text.unwrap_or_default();
    assert!(policy.contains("\"countNumber\":50"), "{policy}");

    // A policy that is no longer configured goes.
    workspace.edit(
        "main.tf",
        "  repository_policy = jsonencode(",
        "  tags_of_nobody = jsonencode(",
    );
    workspace.plan().await.failed().says("tags_of_nobody");
    let text = workspace.read("main.tf");
    let (before, after) = text.split_once("  tags_of_nobody").expect("it is there");
    let (_, after) = after.split_once("\n\n").expect("a paragraph");
    workspace.write("main.tf", &format!("{before}{after}"));
    assert_eq!(workspace.planned().await.changes()[FULL], ["repository_policy"]);
    workspace.apply().await.succeeded();
    let gone = ecr.get_repository_policy().repository_name(&repository).send().await;
    assert!(
        gone.expect_err("it is gone")
            .into_service_error()
            .is_repository_policy_not_found_exception()
    );
    workspace.plan().await.shows_no_changes();

    workspace.destroy().await.succeeded().says("2 destroyed");
    assert_eq!(repositories(&workspace).await, []);
}

/// The attributes of a repository in the state.
fn stored(workspace: &Workspace, name: &str) -> Json {
    let resources = workspace.resources();
    let found = resources.iter().find(|resource| resource["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))["instances"][0]["attributes"].clone()
}

#[tokio::test]
async fn what_somebody_changed_of_a_repository_shows_and_is_mended() {
    let workspace = workspace("ecr-drift").await;
    workspace.apply().await.succeeded();
    let ecr = ecr(sandbox().await);
    let full = format!("{}/full", workspace.prefix());
    let bare = format!("{}/bare", workspace.prefix());

    // Another spelling of the same is none of a change, nor is a tag of somebody else's.
    let policy = ecr.get_lifecycle_policy().repository_name(&full).send().await.expect("a policy");
    let policy: Json =
        serde_json::from_str(policy.lifecycle_policy_text().expect("a text")).expect("JSON");
    let mut rules = policy["rules"].as_array().expect("rules").clone();
    rules.reverse();
    let respelled = serde_json::to_string_pretty(&json!({ "rules": rules })).expect("JSON");
    let call = ecr.put_lifecycle_policy().repository_name(&full).lifecycle_policy_text(respelled);
    call.send().await.expect("another spelling");
    let arn = stored(&workspace, "full")["arn"].as_str().expect("an ARN").to_owned();
    let tag = |key: &str| Tag::builder().key(key).value("x").build().expect("a tag");
    ecr.tag_resource().resource_arn(&arn).tags(tag("audit/seen")).send().await.expect("a tag");
    // What is not configured is not looked at.
    let call = ecr.set_repository_policy().repository_name(&bare);
    let elsewhere = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDeleteImage" },
    ] });
    call.policy_text(elsewhere.to_string()).send().await.expect("somebody's policy");
    workspace.plan().await.shows_no_changes();

    // The SDK cannot say false to moto, so it is the other one that somebody has scanned.
    workspace.edit(
        "main.tf",
        r#"name = "${var.prefix}/bare""#,
        "name = \"${var.prefix}/bare\"\n  image_scanning_configuration = { scan_on_push = false }",
    );
    workspace.plan().await.shows_no_changes();
    ecr.put_image_tag_mutability()
        .repository_name(&full)
        .image_tag_mutability(ImageTagMutability::Mutable)
        .send()
        .await
        .expect("a change");
    let scanning = ImageScanningConfiguration::builder().scan_on_push(true).build();
    ecr.put_image_scanning_configuration()
        .repository_name(&bare)
        .image_scanning_configuration(scanning)
        .send()
        .await
        .expect("a change");
    let wider = elsewhere.to_string().replace("Deny", "Allow");
    ecr.set_repository_policy()
        .repository_name(&full)
        .policy_text(wider)
        .send()
        .await
        .expect("a change");
    ecr.delete_lifecycle_policy().repository_name(&full).send().await.expect("a change");
    ecr.tag_resource().resource_arn(&arn).tags(tag("team")).send().await.expect("a tag");
    let changes = workspace.planned().await.changes();
    assert_eq!(
        changes[FULL],
        [
            "image_tag_mutability",
            "image_tag_mutability_exclusion_filters",
            "lifecycle_policy",
            "repository_policy",
            "tags.team",
            "tags_all.team",
        ]
    );
    assert_eq!(changes[BARE], ["image_scanning_configuration.scan_on_push"]);
    workspace.apply().await.succeeded().says("0 added, 2 changed, 0 destroyed");
    workspace.plan().await.shows_no_changes();
    let seen = tags(&arn).await;
    assert_eq!(seen, json!({ "owner": "platform", "team": "shop", "audit/seen": "x" }));

    // One that is gone is made again.
    ecr.delete_repository().repository_name(&bare).send().await.expect("a deleted one");
    assert_eq!(workspace.planned().await.changes()[BARE], ["create"]);
    workspace.apply().await.succeeded().says("1 added");
    workspace.destroy().await.succeeded();
    assert_eq!(repositories(&workspace).await, []);
}

#[tokio::test]
async fn a_repository_is_imported_listed_and_moved_here() {
    let workspace = workspace("ecr-imports").await;
    workspace.apply().await.succeeded();
    let name = |of: &str| format!("{}/{of}", workspace.prefix());

    let forget = async || workspace.run(&["state", "rm", FULL, BARE]).await.succeeded();
    forget().await;
    for (address, of) in [(FULL, "full"), (BARE, "bare")] {
        let import = ["import", "-input=false", "-no-color", address, &name(of)];
        workspace.run(&import).await.succeeded().says("Import successful!");
    }
    workspace.plan().await.shows_no_changes();

    forget().await;
    let blocks = [(FULL, "full"), (BARE, "bare")].map(|(address, of)| {
        let name = name(of);
        format!("import {{\n  to = {address}\n  identity = {{ name = \"{name}\" }}\n}}\n")
    });
    workspace.write("imports.tf", &blocks.concat());
    let changes = workspace.planned().await.changes();
    assert!(changes.values().all(|fields| fields == &["import"]), "{changes:#?}");
    workspace.apply().await.succeeded().says("2 imported, 0 added, 0 changed, 0 destroyed");
    workspace.remove("imports.tf");
    workspace.plan().await.shows_no_changes();

    let eks = own_eks().await;
    let core = super::lists::core(sandbox().await, &eks).await;
    let query = json!({ "name_prefix": name("") });
    let found = core.list("gitops_ecr_repository", &query, true, 0).await.expect("a list");
    let names: BTreeSet<_> = found.iter().map(|found| found.display_name.clone()).collect();
    assert_eq!(names, BTreeSet::from([name("full"), name("bare")]));
    let full = found.iter().find(|found| found.display_name == name("full")).expect("it is there");
    assert_eq!(full.identity, json!({ "name": name("full") }));
    let object = full.object.as_ref().expect("it was asked for");
    assert_eq!(object["repository_url"], stored(&workspace, "full")["repository_url"]);

    let attributes = |ours: &Json| json!({ "id": ours["name"], "name": ours["name"] });
    let peers = ["full", "bare"].map(|of| Peer {
        ours: ("gitops_ecr_repository", of),
        provider: AWS,
        type_name: "aws_ecr_repository",
        attributes,
    });
    move_here(&workspace, sandbox().await, &peers).await;
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    assert_eq!(repositories(&workspace).await, []);
}

#[tokio::test]
async fn a_repository_whose_policy_is_refused_is_in_the_state() {
    let workspace = workspace("ecr-refused").await;
    let refused = workspace.clone().with("TF_VAR_action", "pull").apply().await.failed();
    let refused =
        refused.says("Invalid repository policy provided").says("InvalidParameterException");
    let refused = refused.says("repository_policy").says("ECR does not say what is wrong");
    refused.says("calling SetRepositoryPolicy");
    let full = stored(&workspace, "full");
    assert_eq!(full["name"], format!("{}/full", workspace.prefix()));
    assert!(
        full["lifecycle_policy"].is_string() && full["repository_policy"].is_null(),
        "{full:#}"
    );
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();

    // Nor is anything lost of an update that is refused half-way.
    let half = workspace.clone().with("TF_VAR_action", "pull");
    half.edit("main.tf", "countNumber = 100", "countNumber = 99");
    half.apply().await.failed().says("Invalid repository policy provided");
    let lifecycle = stored(&half, "full")["lifecycle_policy"].as_str().expect("a text").to_owned();
    assert!(lifecycle.contains("99"), "{lifecycle}");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    assert_eq!(repositories(&workspace).await, []);
}

#[tokio::test]
async fn images_are_neither_deleted_nor_taken_over_unless_asked_for() {
    let workspace = workspace("ecr-images").await;
    workspace.apply().await.succeeded();
    let full = format!("{}/full", workspace.prefix());

    // Without images it may well be what a run that was killed has left.
    workspace.run(&["state", "rm", FULL]).await.succeeded();
    workspace.apply().await.succeeded().says("Adopted an existing repository");
    workspace.plan().await.shows_no_changes();

    push(&full, "v1.0.0").await;
    workspace.run(&["state", "rm", FULL]).await.succeeded();
    let refused = workspace.apply().await.failed().says("RepositoryAlreadyExistsException");
    refused.says("with images in it").says(&format!("tofu import ADDRESS {full}"));
    workspace.run(&["import", "-input=false", "-no-color", FULL, &full]).await.succeeded();
    workspace.plan().await.shows_no_changes();

    let refused = workspace.destroy().await.failed().says("RepositoryNotEmptyException");
    refused.says("set force_delete = true");
    let forced = workspace.clone().with("TF_VAR_force_delete", "true");
    assert_eq!(forced.planned().await.changes()[FULL], ["force_delete"]);
    forced.apply().await.succeeded();
    forced.destroy().await.succeeded();
    assert_eq!(repositories(&workspace).await, []);
}

/// What ECR would refuse when applied is refused before.
#[tokio::test]
async fn a_bad_policy_is_refused_by_the_plan() {
    let workspace = workspace("ecr-bad").await;
    workspace.edit("main.tf", "rulePriority = 2", "rulePriority = 1");
    let refused = workspace.plan().await.failed().says("lifecycle_policy");
    refused.says("rules[1].rulePriority is 1, as in rules[0]");
    workspace.edit(
        "main.tf",
        "rulePriority = 1\n        selection    =",
        "rulePriority = 2\n        selection    =",
    );
    workspace.edit(
        "main.tf",
        r#"encryption_type = "KMS" }"#,
        r#"encryption_type = "AES256", kms_key = "alias/x" }"#,
    );
    let refused =
        workspace.plan().await.failed().says("A key of KMS for an encryption without KMS");
    refused.says("encryption_configuration.kms_key");
    workspace.edit(
        "main.tf",
        r#"encryption_type = "AES256", kms_key = "alias/x" }"#,
        r#"encryption_type = "KMS" }"#,
    );
    workspace.edit("main.tf", "Action = var.action }", "Action = var.action, Resource = \"*\" }");
    let refused = workspace.plan().await.failed().says("repository_policy");
    refused.says("statement 0 has a Resource");
    workspace.edit("main.tf", ", Resource = \"*\" }", " }");
    workspace.edit("main.tf", r#""${var.prefix}/bare""#, r#""${var.prefix}/Bare""#);
    let refused = workspace.plan().await.failed();
    refused.says("is not the name of a repository");
}
