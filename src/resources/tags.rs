//! Tags of AWS resources: the resource's own over the provider's defaults.

use std::collections::{BTreeMap, HashMap};

use crate::clients::aws::tags::{self as aws_tags, Changes};
use crate::clients::aws::{self, OperationResult};
use crate::framework::{Attr, AttrValue, Change, Result, Value};
use crate::resources::Operation;

type Tags = Attr<BTreeMap<String, String>>;

/// Plans `tags_all`: it follows from the configuration, so nobody has to wait for it.
pub(crate) fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
    let configured = change.config.get("tags");
    let own = Tags::from_value(configured.clone())?;
    let all = match (cx.provider().all_tags(own.known().unwrap_or(&BTreeMap::new())), own) {
        (Some(all), Attr::Null | Attr::Known(_)) => {
            aws_tags::validate(&all)?;
            all.into_value()
        }
        _ => Value::Unknown,
    };
    change.planned.set("tags_all", all);
    Ok(())
}

/// Splits what the API says into the resource's own tags and all of them.
///
/// While the provider's settings about tags are not known, only those that were the resource's
/// `before` (its own, and all) are looked at: any other may be a default or somebody else's.
pub(crate) fn read(
    cx: &Operation,
    before: [&Tags; 2],
    own: &mut Tags,
    all: &mut Tags,
) -> Result<()> {
    let settings = cx.provider().settings();
    let seen = settings.seen_tags(std::mem::take(all).into_known().unwrap_or_default());
    let none = BTreeMap::new();
    let imported = cx.is_imported();
    let [own_before, all_before] = before.map(|tags| tags.known().unwrap_or(&none));
    let (mine, seen) = match (cx.provider().known_tags(), before[1]) {
        (Ok(()), _) => (settings.own_tags(&seen, own_before, imported), seen),
        (Err(_), Attr::Known(_)) => (of(&seen, own_before), of(&seen, all_before)),
        (Err(unknown), _) => return Err(unknown),
    };
    *own = if mine.is_empty() && before[0].is_null() { Attr::Null } else { Attr::Known(mine) };
    *all = Attr::Known(seen);
    Ok(())
}

/// The tags of these keys.
fn of(tags: &aws::Tags, keys: &aws::Tags) -> aws::Tags {
    let both = tags.iter().filter(|(key, _)| keys.contains_key(*key));
    both.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Tags for a create; none at all rather than an empty map, which the API refuses.
pub(crate) fn to_api(all: &Tags) -> Option<HashMap<String, String>> {
    let all = all.known()?;
    let all: HashMap<_, _> = all.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    (!all.is_empty()).then_some(all)
}

/// Tags of an answer.
pub(crate) fn from_api(tags: Option<HashMap<String, String>>) -> Tags {
    Attr::Known(tags.unwrap_or_default().into_iter().collect())
}

/// What to change, leaving alone what others manage.
pub(crate) fn changes(cx: &Operation, before: &Tags, after: &Tags) -> Result<Changes> {
    cx.provider().known_tags()?;
    let settings = cx.provider().settings();
    let ours = |tags: &Tags| settings.seen_tags(tags.known().cloned().unwrap_or_default());
    Ok(Changes::between(&ours(before), &ours(after)))
}

/// Brings the tags of an EKS resource from what they were to what they shall be.
pub(crate) async fn update(
    cx: &Operation,
    eks: &aws_sdk_eks::Client,
    arn: &str,
    before: &Tags,
    after: &Tags,
) -> Result<()> {
    let Changes { set, remove } = changes(cx, before, after)?;
    if !remove.is_empty() {
        let call = eks.untag_resource().resource_arn(arn).set_tag_keys(Some(remove));
        call.send().await.operation("UntagResource")?;
    }
    if !set.is_empty() {
        let set = set.into_iter().collect();
        let call = eks.tag_resource().resource_arn(arn).set_tags(Some(set));
        call.send().await.operation("TagResource")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::framework::wait::Deadline;
    use crate::framework::{Diagnostics, Model, Private, Provider as _, Set};
    use crate::provider::{Config, Provider};

    async fn operation(change: impl FnOnce(&mut Config)) -> Operation {
        let mut config = Config::default();
        change(&mut config);
        let mut diagnostics = Diagnostics::default();
        let provider =
            Provider::configure(Model::into_value(config), &mut diagnostics).await.unwrap();
        let deadline = Deadline::new(Duration::from_secs(5), CancellationToken::default());
        Operation::new(Arc::new(provider), deadline, Private::default())
    }

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        Attr::Known(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    /// The state's tags before and after a refresh which finds those of a role and of its account.
    fn refreshed(cx: &Operation, before: [&Tags; 2]) -> Result<[Tags; 2]> {
        let (mut own, mut all) =
            (Attr::Null, tags(&[("app", "changed"), ("team", "a"), ("cost", "7")]));
        read(cx, before, &mut own, &mut all)?;
        Ok([own, all])
    }

    #[tokio::test]
    async fn a_default_tag_that_is_not_known_is_not_taken_for_the_resource_s_own() {
        let before = [&tags(&[("app", "shop")]), &tags(&[("app", "shop"), ("team", "a")])];
        let after = [tags(&[("app", "changed")]), tags(&[("app", "changed"), ("team", "a")])];
        for name in ["default_tags", "ignore_tags"] {
            let cx = operation(|config| match name {
                "default_tags" => config.default_tags = Attr::Unknown,
                _ => config.ignore_tags = Attr::Unknown,
            });
            let cx = cx.await;
            assert_eq!(refreshed(&cx, before).unwrap(), after, "{name}");
            // Nothing tells an imported one's tags apart.
            let error = refreshed(&cx, [&Attr::Null, &Attr::Null]).unwrap_err();
            assert!(error.message().contains(name), "{error}");
            let error = changes(&cx, before[1], &Attr::Unknown).unwrap_err();
            assert!(error.message().contains(name), "{error}");
        }
    }

    #[tokio::test]
    async fn what_is_neither_default_nor_ignored_is_the_resource_s_own() {
        let cx = operation(|config| {
            let team = Attr::Known([("team".to_owned(), "a".to_owned())].into());
            config.default_tags = Attr::Known(crate::provider::DefaultTags { tags: team });
            let keys = Attr::Known(Set(["cost".to_owned()].into()));
            let ignore = crate::provider::IgnoreTags { keys, key_prefixes: Attr::Null };
            config.ignore_tags = Attr::Known(ignore);
        });
        let [own, all] = refreshed(&cx.await, [&Attr::Null, &Attr::Null]).unwrap();
        assert_eq!(own, tags(&[("app", "changed")]));
        assert_eq!(all, tags(&[("app", "changed"), ("team", "a")]));
    }
}
