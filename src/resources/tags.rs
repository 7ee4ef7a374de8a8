//! Tags of AWS resources: the resource's own over the provider's defaults.

use std::collections::{BTreeMap, HashMap};

use crate::clients::aws::OperationResult;
use crate::clients::aws::tags::{self as aws_tags, Changes};
use crate::framework::managed::IMPORTED;
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
pub(crate) fn read(cx: &Operation, before: &Tags, own: &mut Tags, all: &mut Tags) {
    let settings = cx.provider().settings();
    let seen = settings.seen_tags(std::mem::take(all).into_known().unwrap_or_default());
    let imported = cx.recall::<bool>(IMPORTED).unwrap_or_default();
    let mine = settings.own_tags(&seen, before.known().unwrap_or(&BTreeMap::new()), imported);
    *own = if mine.is_empty() && before.is_null() { Attr::Null } else { Attr::Known(mine) };
    *all = Attr::Known(seen);
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
pub(crate) fn changes(cx: &Operation, before: &Tags, after: &Tags) -> Changes {
    let settings = cx.provider().settings();
    let ours = |tags: &Tags| settings.seen_tags(tags.known().cloned().unwrap_or_default());
    Changes::between(&ours(before), &ours(after))
}

/// Brings the tags of an EKS resource from what they were to what they shall be.
pub(crate) async fn update(
    cx: &Operation,
    eks: &aws_sdk_eks::Client,
    arn: &str,
    before: &Tags,
    after: &Tags,
) -> Result<()> {
    let Changes { set, remove } = changes(cx, before, after);
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
