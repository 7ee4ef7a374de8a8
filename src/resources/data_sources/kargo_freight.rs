//! Freight of Kargo, as it is.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::kargo::{Contents, freight, put, read, seen};
use crate::clients::kube::Target;
use crate::framework::checks::exactly_one;
use crate::framework::{Attr, DataSource, Diagnostics, Error, Model, Result};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::kargo::freight::{ALIAS_LABEL, Freight};
use crate::resources::object::{ClusterRef, Kind};

/// Reads freight of a Kargo project: what it is made of, and where it has been. It is found by its
/// name or its alias; or it is the newest of a warehouse, the newest that was verified in a stage, or
/// both.
#[derive(Clone, Debug, Default, Model)]
pub struct KargoFreight {
    /// Namespace of the freight, which is its project.
    #[attr(required, local, check = crate::framework::checks::dns_label)]
    namespace: Attr<String>,
    /// Name of the freight. Either this is set, or `alias`, or at least one of `warehouse` and
    /// `verified_in_stage`.
    #[attr(optional, computed, api = "/metadata/name", check = crate::framework::checks::dns_subdomain)]
    name: Attr<String>,
    /// The name that Kargo or somebody gave it, to be remembered by, such as `iron-sponge`.
    #[attr(optional, computed, api = "/alias", check = crate::framework::checks::label_value)]
    alias: Attr<String>,
    /// Only freight of this warehouse; the newest of it is read.
    #[attr(local, check = crate::framework::checks::dns_subdomain)]
    warehouse: Attr<String>,
    /// Only freight that was verified in this stage; the newest of it is read. Freight that was
    /// approved by hand is not verified.
    #[attr(local, check = crate::framework::checks::dns_subdomain)]
    verified_in_stage: Attr<String>,
    /// The cluster that Kargo runs in; the provider's `cluster` when not set.
    #[attr(local)]
    cluster: Attr<ClusterRef>,
    /// What it is made of.
    #[attr(flatten)]
    contents: Contents,
    /// When its artifacts were found, such as `2026-11-21T15:04:05Z`. By this, freight is newer or
    /// older.
    #[attr(computed, api = "/discoveredAt")]
    discovered_at: Attr<String>,
    /// The stages that it was verified in.
    #[attr(computed, api = "/status/verifiedIn")]
    verified_in: Attr<BTreeMap<String, Verified>>,
    /// The stages that it was approved for by hand.
    #[attr(computed, api = "/status/approvedFor")]
    approved_for: Attr<BTreeMap<String, Approved>>,
    /// The stages that it is in now.
    #[attr(computed, api = "/status/currentlyIn")]
    currently_in: Attr<BTreeMap<String, Current>>,
}

/// That freight was verified in a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Verified {
    /// Since when.
    #[attr(computed)]
    verified_at: Attr<String>,
    /// The longest time that it has been in the stage, such as `24h0m0s`; null while it is in it for
    /// the first time.
    #[attr(computed)]
    longest_soak: Attr<String>,
}

/// That freight was approved for a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Approved {
    /// Since when.
    #[attr(computed)]
    approved_at: Attr<String>,
}

/// That freight is in a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Current {
    /// Since when.
    #[attr(computed)]
    since: Attr<String>,
}

impl DataSource for KargoFreight {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "kargo_freight";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        ClusterRef::check(&config.cluster, diagnostics);
        let Self { name, alias, warehouse, verified_in_stage, .. } = config;
        // Both of these together are one way.
        let newest = match verified_in_stage {
            Attr::Null => ("warehouse", warehouse),
            _ => ("verified_in_stage", verified_in_stage),
        };
        exactly_one(&[("name", name), ("alias", alias), newest], diagnostics);
    }

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        let target = cx.provider().target(&config.cluster)?;
        let live = config.find(cx, &target).await?;
        seen(&shown(live), &config.into_value())
    }
}

impl KargoFreight {
    async fn find(&self, cx: &Operation, target: &Target) -> Result<Json> {
        let namespace = self.namespace.require("namespace")?;
        if let Some(name) = self.name.as_str() {
            return read(cx, target, &Freight::OBJECT.namespaced(namespace, name)).await;
        }
        let selector = self.alias.as_str().map(|alias| format!("{ALIAS_LABEL}={alias}"));
        let objects = cx.provider().objects();
        let kind = Freight::OBJECT;
        let all = objects.list(target, &kind, Some(namespace), selector.as_deref(), cx.deadline());
        let all = all.await?;
        newest(all, self.warehouse.as_str(), self.verified_in_stage.as_str())
            .ok_or_else(|| self.missing(namespace))
    }

    fn missing(&self, project: &str) -> Error {
        let restricted = [
            (" with the alias", &self.alias),
            (" of warehouse", &self.warehouse),
            (" verified in stage", &self.verified_in_stage),
        ];
        let words = restricted
            .into_iter()
            .filter_map(|(what, name)| name.as_str().map(|name| format!("{what} {name:?}")));
        let at = if self.alias.is_set() {
            "alias"
        } else if self.warehouse.is_set() {
            "warehouse"
        } else {
            "verified_in_stage"
        };
        let words = words.collect::<String>();
        Error::not_found(format!("there is no freight{words} in project {project:?}")).at(at).advise(
            "Check the names. A warehouse makes freight when it has found its artifacts; the data \
             source gitops_kargo_warehouse says what keeps it from that.",
        )
    }
}

/// The newest of them that is of the warehouse, and was verified in the stage.
fn newest(all: Vec<Json>, warehouse: Option<&str>, stage: Option<&str>) -> Option<Json> {
    let fits = |live: &Json| {
        let of = warehouse.is_none_or(|name| live["origin"]["name"] == name);
        of && stage.is_none_or(|name| live["status"]["verifiedIn"][name].is_object())
    };
    all.into_iter().filter(fits).max_by_key(|live| {
        let text = |at: &str| live.pointer(at).and_then(Json::as_str).map(str::to_owned);
        // Kargo's webhook fills in when it was found; times are all in one form, UTC.
        let time = text("/discoveredAt").or_else(|| text("/metadata/creationTimestamp"));
        (time, text("/metadata/name"))
    })
}

/// The freight with nothing left out that is only empty.
fn shown(live: Json) -> Json {
    let mut live = freight(live);
    put(&mut live, "status", json!({}));
    for name in ["verifiedIn", "approvedFor", "currentlyIn"] {
        put(&mut live["status"], name, json!({}));
    }
    live
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::data_sources::kargo::recorded;

    fn text(text: &str) -> Attr<String> {
        Attr::Known(text.to_owned())
    }

    fn of(warehouse: &str, stage: &str) -> KargoFreight {
        let some = |name: &str| if name.is_empty() { Attr::Null } else { text(name) };
        KargoFreight {
            namespace: text("shop"),
            warehouse: some(warehouse),
            verified_in_stage: some(stage),
            ..KargoFreight::default()
        }
    }

    #[test]
    fn there_is_one_way_to_say_which_freight_is_meant() {
        let broken = |freight: KargoFreight| {
            let mut found = Diagnostics::default();
            KargoFreight::validate(&freight, &mut found);
            found.iter().map(|found| found.path.to_string()).collect::<Vec<_>>()
        };
        for good in [
            of("shop", ""),
            of("", "dev"),
            of("shop", "dev"),
            KargoFreight { name: text("a"), ..of("", "") },
            KargoFreight { alias: text("a"), ..of("", "") },
            KargoFreight { alias: Attr::Unknown, ..of("", "") },
        ] {
            assert_eq!(broken(good), [""; 0]);
        }
        assert_eq!(broken(of("", "")), [""]);
        assert_eq!(broken(KargoFreight { name: text("a"), ..of("shop", "") }), ["warehouse"]);
        let both = KargoFreight { name: text("a"), alias: text("b"), ..of("", "dev") };
        assert_eq!(broken(both), ["alias", "verified_in_stage"]);
        // As it is while a configuration with `for_each` is checked: it may yet be null.
        let unknown = KargoFreight { alias: text("b"), ..of("", "") };
        let unknown = KargoFreight { verified_in_stage: Attr::Unknown, ..unknown };
        assert_eq!(broken(unknown), [""; 0]);
    }

    #[test]
    fn the_newest_is_found_of_what_fits() {
        let live = |name: &str, warehouse: &str, found: &str, verified: &[&str]| {
            let verified: serde_json::Map<_, _> =
                verified.iter().map(|&stage| (stage.to_owned(), json!({}))).collect();
            json!({
                "metadata": {"name": name, "creationTimestamp": "2026-01-09T00:00:00Z"},
                "origin": {"kind": "Warehouse", "name": warehouse},
                "discoveredAt": if found.is_empty() { Json::Null } else { found.into() },
                "status": {"verifiedIn": verified},
            })
        };
        let all = || {
            vec![
                live("old", "shop", "2026-01-01T00:00:00Z", &["dev", "uat"]),
                live("new", "shop", "2026-01-03T00:00:00Z", &[]),
                live("middle", "shop", "2026-01-02T00:00:00Z", &["dev"]),
                live("other", "charts", "2026-01-04T00:00:00Z", &["dev"]),
            ]
        };
        let name = |warehouse, stage| {
            newest(all(), warehouse, stage).map(|live| live["metadata"]["name"].clone())
        };
        assert_eq!(name(Some("shop"), None), Some("new".into()));
        assert_eq!(name(Some("shop"), Some("dev")), Some("middle".into()));
        assert_eq!(name(None, Some("dev")), Some("other".into()));
        assert_eq!(name(Some("shop"), Some("uat")), Some("old".into()));
        assert_eq!(name(Some("shop"), Some("prod")), None);
        // One of before Kargo noted when it was found is as old as its object.
        let mut with_unnoted = all();
        with_unnoted.push(live("unnoted", "shop", "", &[]));
        let found = newest(with_unnoted, Some("shop"), None).unwrap();
        assert_eq!(found["metadata"]["name"], "unnoted");
        let said = of("shop", "prod").missing("pay").to_string();
        assert_eq!(
            said,
            "there is no freight of warehouse \"shop\" verified in stage \"prod\" in project \"pay\""
        );
    }

    #[test]
    fn what_it_is_made_of_and_where_it_has_been_is_shown() {
        let live = json!({
            "metadata": {"name": "bc477e5", "namespace": "shop"},
            "alias": "iron-sponge",
            "origin": {"kind": "Warehouse", "name": "shop"},
            "images": [{"repoURL": "ghcr.io/example/shop", "tag": "1.1.0"}],
            "discoveredAt": "2026-01-01T00:00:00Z",
            "status": {
                "verifiedIn": {"dev": {"verifiedAt": "2026-01-02T00:00:00Z", "longestSoak": "24h0m0s"}},
                "approvedFor": {"prod": {"approvedAt": "2026-01-03T00:00:00Z"}},
            },
        });
        let found: KargoFreight = seen(&shown(live), &of("shop", "").into_value()).unwrap();
        assert_eq!((&found.name, &found.alias), (&text("bc477e5"), &text("iron-sponge")));
        assert_eq!((&found.namespace, &found.warehouse), (&text("shop"), &text("shop")));
        assert_eq!(found.contents.origin.known().unwrap().kind, text("Warehouse"));
        assert_eq!(found.contents.images.known().unwrap()[0].tag, text("1.1.0"));
        assert_eq!(found.contents.commits, Attr::Known(vec![]));
        assert_eq!(found.verified_in.known().unwrap()["dev"].longest_soak, text("24h0m0s"));
        let approved = found.approved_for.known().unwrap();
        assert_eq!(approved["prod"].approved_at, text("2026-01-03T00:00:00Z"));
        assert_eq!(found.currently_in, Attr::Known(BTreeMap::new()));
    }

    #[test]
    fn what_a_live_kargo_wrote_is_read() {
        for (file, live) in recorded("Freight") {
            let found: KargoFreight = seen(&shown(live), &of("wh", "").into_value()).unwrap();
            assert_eq!(found.contents.origin.known().unwrap().name, text("wh"), "{file}");
            assert!(found.into_value().is_wholly_known(), "{file}");
        }
    }
}
