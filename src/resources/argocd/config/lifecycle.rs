//! The life of settings: several objects as one, of which others have parts.

use super::live::{self, Live, Place, SECRET, Wanted};
use super::{ArgocdConfig, data};
use crate::clients::kube::Freshness;
use crate::framework::api::{self, View};
use crate::framework::{
    Attr, Change, DefaultTimeouts, Diagnostics, ImportFormat, Model, Path, Resource, Result, Saved,
};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::argocd::profile;
use crate::resources::object::{ClusterRef, life};

/// Under this name the objects are remembered that anything was written to.
const WRITTEN: &str = "written";
/// Under this name the keys of the Secret are remembered, which no state has.
const SECRET_KEYS: &str = "secret_keys";

impl Resource for ArgocdConfig {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "argocd_config";
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(10);
    const IMPORT: ImportFormat = ImportFormat("{namespace}");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        config.check(diagnostics);
        ClusterRef::check(&config.cluster, diagnostics);
    }

    async fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        life::place(cx, change)?;
        profile::check::<Self>(cx, change, Self::check_profile)
    }

    async fn create(cx: &Operation, planned: Self, progress: &mut Saved<'_, Self>) -> Result<Self> {
        let place = Place::of(cx, &planned)?;
        let names = live::involved(&planned)?;
        let found = place.read(&names, Freshness::Now).await?;
        if live::has_settings_of_ours(&found) {
            cx.warn(
                Path::root(),
                "Adopted settings",
                "Some of the settings were made by this provider already. Only one \
                 gitops_argocd_config may be for the Argo CD of a namespace: keys of another would \
                 be taken away.",
            );
        }
        write(cx, &place, &planned, names, Live::new(), false, progress).await
    }

    async fn read(cx: &Operation, state: Self) -> Result<Option<Self>> {
        let place = Place::of(cx, &state)?;
        if cx.is_imported() {
            let found = place.read(&data::MAPS, Freshness::Recent).await?;
            if found.is_empty() {
                return Err(live::missing(&state.namespace));
            }
            let values = state.into_value();
            let seen = data::view(&live::owned_part(&found));
            let mut seen = api::project(&data::ATTRIBUTES, "", &seen, &values, View::Whole);
            data::without_empty(&data::ATTRIBUTES, &mut seen);
            return Self::from_value(seen).map(Some);
        }
        let names = live::involved(&state)?;
        let found = place.read(&names, Freshness::Recent).await?;
        if found.is_empty() && !names.is_empty() {
            return Ok(None);
        }
        seen(cx, &found, &state).map(Some)
    }

    async fn update(
        cx: &Operation,
        prior: Self,
        planned: Self,
        progress: &mut Saved<'_, Self>,
    ) -> Result<Self> {
        let place = Place::of(cx, &planned)?;
        let (before, after) = (live::involved(&prior)?, live::involved(&planned)?);
        let names = live::all().filter(|name| before.contains(name) || after.contains(name));
        let names: Vec<_> = names.collect();
        let found = place.read(&names, Freshness::Now).await?;
        // The plan showed what of ours others had changed, and the user agreed.
        write(cx, &place, &planned, names, found, true, progress).await
    }

    async fn delete(cx: &Operation, state: Self) -> Result<()> {
        let place = Place::of(cx, &state)?;
        // What drifted away as a whole is in no state, and may be ours in part.
        let (involved, written) = (live::involved(&state)?, written(cx));
        let is_ours = |name: &&str| involved.contains(name) || written.iter().any(|it| it == name);
        let names: Vec<_> = live::all().filter(is_ours).collect();
        for name in names {
            place.leave(name).await?;
        }
        Ok(())
    }
}

/// The objects that anything was written to.
fn written(cx: &Operation) -> Vec<String> {
    cx.recall(WRITTEN).unwrap_or_default()
}

/// Brings the objects to what is planned, one by one; each is in the state as soon as it is made.
async fn write(
    cx: &Operation,
    place: &Place<'_>,
    planned: &ArgocdConfig,
    names: Vec<&'static str>,
    mut live: Live,
    force: bool,
    progress: &mut Saved<'_, ArgocdConfig>,
) -> Result<ArgocdConfig> {
    let wanted = Wanted::by(planned)?;
    let options = Place::options(force);
    for name in names {
        let mut known = written(cx);
        if !known.iter().any(|known| known == name) {
            known.push(name.to_owned());
            cx.remember(WRITTEN, known);
        }
        place.write(name, &wanted, &options, &mut live).await?;
        if name == SECRET {
            cx.remember(SECRET_KEYS, wanted.secret.keys().collect::<Vec<_>>());
        }
        progress.save(seen(cx, &live, planned)?);
    }
    seen(cx, &live, planned)
}

/// What of live objects the state shows.
fn seen(cx: &Operation, live: &Live, prior: &ArgocdConfig) -> Result<ArgocdConfig> {
    let values = prior.clone().into_value().without_unknowns();
    let seen = api::project(&data::ATTRIBUTES, "", &data::view(live), &values, View::Owned);
    let mut seen = ArgocdConfig::from_value(seen)?;
    let known = prior.notifications.known().filter(|it| it.secrets_wo_version.is_set());
    if let Some(prior) = known
        && let Some(keys) = cx.recall::<Vec<String>>(SECRET_KEYS)
        && let Attr::Known(notifications) = &mut seen.notifications
    {
        let ours = live::keys_that_are_ours(live);
        notifications.secrets_wo_version = version(&prior.secrets_wo_version, &keys, &ours);
    }
    Ok(seen)
}

/// The version of the secrets that were sent, as far as all of them are still as they were: what
/// somebody took or changed, and nobody can look at, has to be sent anew.
fn version(sent: &Attr<i64>, keys: &[String], ours: &[String]) -> Attr<i64> {
    if keys.iter().all(|key| ours.contains(key)) { sent.clone() } else { Attr::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_somebody_changed_is_sent_anew() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let sent = Attr::Known(3);
        assert_eq!(version(&sent, &keys(&["a", "b"]), &keys(&["b", "a", "c"])), sent);
        assert_eq!(version(&sent, &keys(&["a", "b"]), &keys(&["a"])), Attr::Null);
        assert_eq!(version(&sent, &[], &[]), sent);
    }

    #[test]
    fn an_import_is_by_the_namespace() {
        let found = ArgocdConfig::IMPORT.parse("argocd").unwrap();
        assert_eq!(found["namespace"], "argocd".into());
    }
}
