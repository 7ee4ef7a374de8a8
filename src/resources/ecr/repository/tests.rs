//! What is sent, what is seen, and which rules are broken.

use super::rules::{kms_key, seen_key};
use super::*;

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/0123abcd-0123-0123-0123-0123456789ab";
const ID: &str = "0123abcd-0123-0123-0123-0123456789ab";

fn text(value: &str) -> Attr<String> {
    value.to_owned().into()
}

fn found() -> Found {
    Found::builder()
        .repository_arn("arn:aws:ecr:eu-west-1:123456789012:repository/shop/api")
        .registry_id("123456789012")
        .repository_name("shop/api")
        .repository_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api")
        .build()
}

fn encrypted(kind: &str, key: Attr<String>) -> Repository {
    let encryption = EncryptionConfiguration { encryption_type: text(kind), kms_key: key };
    Repository { encryption_configuration: encryption.into(), ..Repository::default() }
}

fn complaints(config: &Repository) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    Repository::validate(config, &mut diagnostics);
    diagnostics.iter().map(|said| said.path.to_string()).collect()
}

#[test]
fn what_ecr_leaves_out_has_its_default() {
    let seen = Repository::default().seen(found());
    assert_eq!(seen.image_tag_mutability, text("MUTABLE"));
    assert!(seen.image_tag_mutability_exclusion_filters.is_null());
    assert_eq!(seen.scanning().map(|scanning| scanning.scan_on_push), Some(false));
    let encryption = seen.encryption_configuration.known().unwrap();
    assert_eq!(encryption.encryption_type, text("AES256"));
    assert!(encryption.kms_key.is_null());
    assert_eq!(seen.force_delete, Attr::Known(false));
    assert_eq!(seen.repository_url, text("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api"));
}

#[test]
fn filters_are_sent_and_seen() {
    let filter = ExclusionFilter { filter: text("dev-*"), filter_type: text("WILDCARD") };
    let ours = Repository {
        image_tag_mutability: text("IMMUTABLE_WITH_EXCLUSION"),
        image_tag_mutability_exclusion_filters: Attr::Known(Set(vec![filter])),
        ..Repository::default()
    };
    let sent = ours.exclusions().unwrap();
    assert_eq!(sent.as_ref().unwrap()[0].filter, "dev-*");
    let mut live = found();
    live.image_tag_mutability = ours.mutability();
    live.image_tag_mutability_exclusion_filters = sent;
    let seen = Repository::default().seen(live);
    assert_eq!(seen.image_tag_mutability, ours.image_tag_mutability);
    assert_eq!(
        seen.image_tag_mutability_exclusion_filters,
        ours.image_tag_mutability_exclusion_filters
    );
    // An empty list is refused by the API.
    assert_eq!(Repository::default().exclusions().unwrap(), None);
}

#[test]
fn exceptions_go_with_a_rule_that_has_some() {
    let with = |mutability: Attr<String>, filters| Repository {
        image_tag_mutability: mutability,
        image_tag_mutability_exclusion_filters: filters,
        ..Repository::default()
    };
    let some = || Attr::Known(Set(vec![ExclusionFilter::default()]));
    assert_eq!(complaints(&with(text("IMMUTABLE_WITH_EXCLUSION"), some())), [""; 0]);
    assert_eq!(complaints(&with(text("MUTABLE"), Attr::Null)), [""; 0]);
    assert_eq!(complaints(&with(Attr::Unknown, some())), [""; 0]);
    assert_eq!(complaints(&with(text("IMMUTABLE_WITH_EXCLUSION"), Attr::Unknown)), [""; 0]);
    let filters = "image_tag_mutability_exclusion_filters";
    assert_eq!(complaints(&with(text("IMMUTABLE"), some())), [filters]);
    assert_eq!(complaints(&with(Attr::Null, some())), [filters]);
    let lacking = with(text("MUTABLE_WITH_EXCLUSION"), Attr::Null);
    assert_eq!(complaints(&lacking), ["image_tag_mutability"]);
}

#[test]
fn a_key_goes_with_an_encryption_by_kms() {
    assert_eq!(complaints(&encrypted("KMS", text(KEY))), [""; 0]);
    assert_eq!(complaints(&encrypted("KMS_DSSE", Attr::Null)), [""; 0]);
    assert_eq!(complaints(&encrypted("AES256", Attr::Null)), [""; 0]);
    let at = "encryption_configuration.kms_key";
    assert_eq!(complaints(&encrypted("AES256", text(KEY))), [at]);
}

#[test]
fn a_key_keeps_the_spelling_of_the_configuration() {
    let live = || Some(KEY.to_owned());
    let seen = |ours: &str| seen_key(Some(&ours.to_owned()), live());
    assert_eq!(seen(ID).as_deref(), Some(ID));
    assert_eq!(seen("alias/ecr").as_deref(), Some("alias/ecr"));
    assert_eq!(seen(&KEY.replace("0123abcd", "aaaaaaaa")), live());
    assert_eq!(seen_key(None, live()), live());
    assert!(same_kms_key(ID, KEY) && same_kms_key(KEY, KEY) && !same_kms_key("alias/ecr", KEY));
    let same = |planned: &Repository| rules::same_encryption(planned, &encrypted("KMS", text(KEY)));
    assert!(same(&Repository::default()) && same(&encrypted("KMS", Attr::Unknown)));
    assert!(same(&encrypted("KMS", text(ID))));
    assert!(!same(&encrypted("KMS", text("other"))) && !same(&encrypted("KMS_DSSE", text(KEY))));
}

#[test]
fn keys_and_names_and_filters_have_their_form() {
    for good in [KEY, ID, "alias/ecr", "arn:aws:kms:eu-west-1:123456789012:alias/ecr"] {
        assert_eq!(kms_key(good), Ok(()), "{good}");
    }
    for bad in ["", "alias/", "arn:aws:kms:eu-west-1:123456789012:key/", "key/x"] {
        assert!(kms_key(bad).is_err(), "{bad}");
    }
    for good in ["ab", "shop/api", "a__b", "a--b", "a.b/c_d", &"a".repeat(256)] {
        assert_eq!(repository_name(good), Ok(()), "{good}");
    }
    for bad in ["", "a", "Shop", "shop/", "/shop", "a..b", "a___b", "-a", &"a".repeat(257)] {
        assert!(repository_name(bad).is_err(), "{bad}");
    }
    for (filter, fits) in [("latest", true), ("dev-*", true), ("", false), ("a b", false)] {
        assert_eq!(tag_filter(filter).is_ok(), fits, "{filter}");
    }
}

#[test]
fn a_repository_policy_says_whom_it_is_for_and_nothing_else() {
    let with = |more: &str| {
        format!(r#"{{"Statement":{{"Effect":"Allow","Action":"ecr:BatchGetImage"{more}}}}}"#)
    };
    assert_eq!(repository_policy(&with(r#","Principal":"*""#)), Ok(()));
    let rule = repository_policy(&with(r#","Principal":"*","Resource":"*""#)).unwrap_err();
    assert!(rule.starts_with("statement 0 has a Resource"), "{rule}");
    let rule = repository_policy(&with("")).unwrap_err();
    assert!(rule.contains("add a Principal"), "{rule}");
    assert!(repository_policy(&"x".repeat(10_241)).unwrap_err().contains("10240 at most"));
}

#[test]
fn only_roles_and_users_may_be_not_there_yet() {
    let with = |principal: &str| {
        format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"ecr:*"}}]}}"#
        )
    };
    let role = r#"{"AWS":["arn:aws:iam::123456789012:role/x"]}"#;
    assert!(policies::names_a_principal(&with(role)));
    for nobody_new in [r#""*""#, r#"{"AWS":"123456789012"}"#, r#"{"Service":"x.amazonaws.com"}"#] {
        assert!(!policies::names_a_principal(&with(nobody_new)), "{nobody_new}");
    }
}
