//! Objects of a cluster as resources: one lifecycle for every kind.
//!
//! A [`Kind`] says what is particular: its model, where its fields are, when
//! an object of it is ready, and what must happen before it is made and ended.
//! [`Custom`] does the rest by server-side apply: only the fields that the
//! configuration sets are the provider's, and only those show in a plan.

use std::marker::PhantomData;
use std::sync::OnceLock;

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::clients::kube::{Applied, Freshness, Propagation, WriteOptions, is_leaving};
use crate::framework::api::View;
use crate::framework::managed::with_write_only;
use crate::framework::schema::Presence;
use crate::framework::validate;
use crate::framework::{
    Attribute, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Lifecycle, Model, Path,
    Peer, Progress, Result, Schema, Value,
};
use crate::provider::Provider;
use crate::resources::Operation;

mod adoption;
pub mod from_yaml;
pub mod handover;
mod ignored;
mod kind;
pub(crate) mod life;
mod list;
pub mod meta;
pub(crate) mod peers;
mod post;
pub mod selector;

use handover::{Ending, Management};

pub use kind::{Kind, Scene};
pub use list::ObjectList;
pub use meta::{ClusterMeta, ClusterRef, CommonMeta, ObjectMeta};
pub use selector::{LabelExpression, LabelSelector};

/// The field manager of what is asked for once: that is not part of a configuration, so it has one of
/// its own.
pub const OPERATOR: &str = "terraform-provider-gitops-operation";

/// Makes a lifecycle of a kind.
#[derive(Debug)]
pub struct Custom<K> {
    attributes: OnceLock<Vec<Attribute>>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Default for Custom<K> {
    fn default() -> Self {
        Self { attributes: OnceLock::new(), kind: PhantomData }
    }
}

impl<K: Kind> Custom<K> {
    fn attributes(&self) -> &[Attribute] {
        self.attributes.get_or_init(|| self.schema().attributes)
    }

    fn ignored(values: &Value) -> Vec<Path> {
        let mut paths = ignored::configured(values);
        paths.extend(K::ignored(values));
        paths
    }

    async fn apply(
        &self,
        scene: &Scene<'_>,
        values: &Value,
        config: &Value,
        options: &WriteOptions,
        live: Option<&Json>,
    ) -> Result<Applied> {
        let values = self.sent(values, config);
        let mut content = K::render(self.attributes(), &values)?;
        if let Some(live) = live {
            K::keep(live, &mut content);
            let paths = Self::ignored(&values);
            ignored::keep_live(self.attributes(), K::ROOT, &paths, live, &mut content);
        }
        scene
            .objects()
            .apply(scene.target, scene.object, content, options, scene.cx.deadline())
            .await
    }

    /// The values that are sent: with the write-only ones, and without what the API has set where
    /// the configuration does not.
    fn sent(&self, values: &Value, config: &Value) -> Value {
        let mut sent = with_write_only(self.attributes(), values.clone(), config);
        for attr in self.attributes() {
            let theirs = attr.presence == Presence::OptionalComputed && attr.default.is_none();
            if theirs && config.get(attr.name).is_null() {
                sent.set(attr.name, Value::Null);
            }
        }
        sent
    }

    fn seen(&self, live: &Json, values: &Value) -> Result<Value> {
        let mut seen = K::project(self.attributes(), live, values, View::Owned)?;
        if Management::of(values) == Management::Full {
            ignored::keep(&Self::ignored(values), values, &mut seen);
        }
        handover::keep(values, &mut seen);
        Ok(seen)
    }

    /// Makes an object that is not managed here once it is there, or takes note of it.
    async fn hand_over(
        &self,
        scene: &Scene<'_>,
        planned: &Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        let Scene { cx, target, object } = *scene;
        let is_observed = Management::of(planned) == Management::Observe;
        let objects = scene.objects();
        let mut found = objects.get_with_new_access(target, object, cx.deadline()).await?;
        if !is_observed && found.as_ref().is_some_and(is_leaving) {
            objects.wait_gone(target, object, None, cx.deadline()).await?;
            found = None;
        }
        if found.is_none() && is_observed {
            return Err(handover::missing(object));
        }
        let mut made = None;
        if found.is_none() {
            K::prepare(scene, planned).await?;
            let values = with_write_only(self.attributes(), planned.clone(), config);
            let content = K::render(self.attributes(), &values)?;
            made = self.cleared_up(scene, handover::make(scene, content).await).await?;
        }
        match made {
            Some(made) => progress.save(self.seen(&made, planned)?),
            None if is_observed => {}
            None => cx.warn(
                Path::root(),
                "The object was there already",
                format!("{object} is left as it is, since management is \"bootstrap\"."),
            ),
        }
        let live = handover::let_go(scene, planned).await?;
        self.finish(scene, planned, live, progress).await
    }

    /// Takes back what was prepared for an object that was refused.
    async fn cleared_up<T>(&self, scene: &Scene<'_>, made: Result<T>) -> Result<T> {
        if made.as_ref().is_err_and(Error::is_refusal)
            && let Err(error) = K::abandon(scene).await
        {
            scene.cx.warn(Path::root(), error.summary(), error.detail());
        }
        made
    }

    async fn finish(
        &self,
        scene: &Scene<'_>,
        planned: &Value,
        applied: Json,
        progress: &mut Progress,
    ) -> Result<Value> {
        progress.save(self.seen(&applied, planned)?);
        let live = K::settle(scene, planned, applied).await?;
        self.seen(&live, planned)
    }
}

#[async_trait]
impl<K: Kind> Lifecycle<Provider> for Custom<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn schema(&self) -> Schema {
        Schema::new(K::VERSION, K::Model::DESCRIPTION, K::Model::attributes())
    }

    fn timeouts(&self) -> DefaultTimeouts {
        K::TIMEOUTS
    }

    fn import_format(&self) -> ImportFormat {
        K::IMPORT
    }

    fn peers(&self) -> Vec<Peer> {
        peers::peers::<K>()
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        validate::typed(config, diagnostics, K::validate);
        ignored::validate(self.attributes(), config, diagnostics);
        handover::validate(config, diagnostics);
        life::check_cluster(config, diagnostics);
    }

    fn generated(&self, config: &mut Value) {
        K::generated(config);
    }

    async fn plan(&self, cx: &Operation, change: &mut Change) -> Result<()> {
        if let Some(prior) = &change.prior {
            ignored::decided(K::undecided(&change.config), change)?;
            let mut paths = Self::ignored(&change.config);
            // What the configuration sets no more is given up, ignored or not.
            paths.retain(|path| ignored::is_set(path, &change.config));
            ignored::keep(&paths, prior, &mut change.planned);
        }
        life::place(cx, change)?;
        handover::plan(self.attributes(), change)?;
        K::plan(cx, change)
    }

    async fn plan_delete(&self, cx: &Operation, state: &Value) -> Result<()> {
        if let Some(why) = handover::foretell(state) {
            cx.warn(Path::root(), "The object is not deleted", why);
        }
        Ok(())
    }

    async fn create(
        &self,
        cx: &Operation,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        let target = life::target(cx, &planned)?;
        if K::POSTED
            && let Some(made) = self.post(cx, &target, &planned, config, progress).await?
        {
            return Ok(made);
        }
        let object = K::reference(&planned)?;
        let scene = Scene { cx, target: &target, object: &object };
        if Management::of(&planned) != Management::Full {
            return self.hand_over(&scene, &planned, config, progress).await;
        }
        K::prepare(&scene, &planned).await?;
        // Access to the cluster may have been granted a moment ago, by this very run.
        let options = WriteOptions { new_access: true, ..WriteOptions::default() };
        let applied = self.apply(&scene, &planned, config, &options, None).await;
        let mut applied = self.cleared_up(&scene, applied).await.map_err(K::refused)?;
        if life::made_way(&scene, &applied).await? {
            applied = self.apply(&scene, &planned, config, &options, None).await?;
        }
        life::tell_adopted(&scene, &applied);
        if !applied.created {
            applied.object = adoption::own_alone(&scene, applied.object).await?;
        }
        self.finish(&scene, &planned, applied.object, progress).await
    }

    async fn read(&self, cx: &Operation, state: Value) -> Result<Option<Value>> {
        let target = life::target(cx, &state)?;
        let object = K::reference(&state)?;
        let scene = Scene { cx, target: &target, object: &object };
        let Some(live) = life::present(&scene).await? else { return Ok(None) };
        if cx.is_imported() {
            let live = adoption::imported(&scene, live, self.attributes(), K::ROOT);
            let live = K::complete(&scene, live).await?;
            return K::project(self.attributes(), &live, &state, View::Whole).map(Some);
        }
        let live = K::complete(&scene, live).await?;
        self.seen(&live, &state).map(Some)
    }

    async fn update(
        &self,
        cx: &Operation,
        _: Value,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        let target = life::target(cx, &planned)?;
        let object = K::reference(&planned)?;
        let scene = Scene { cx, target: &target, object: &object };
        if Management::of(&planned) != Management::Full {
            let live = handover::let_go(&scene, &planned).await?;
            return self.finish(&scene, &planned, live, progress).await;
        }
        if K::FINAL {
            let live = scene.objects().get(&target, &object, Freshness::Now, cx.deadline()).await?;
            let live = live.ok_or_else(|| Error::not_found(format!("{object} is gone")))?;
            return self.finish(&scene, &planned, live, progress).await;
        }
        K::prepare(&scene, &planned).await?;
        if adoption::is_pending(&scene) {
            adoption::take_over(&scene, K::ROOT).await?;
        }
        let live = if !K::LOOKS_FIRST && Self::ignored(&planned).is_empty() {
            None
        } else {
            scene.objects().get(&target, &object, Freshness::Now, cx.deadline()).await?
        };
        // The plan showed what of ours others had changed, and the user agreed.
        let options = WriteOptions { force: true, ..WriteOptions::default() };
        let applied = self.apply(&scene, &planned, config, &options, live.as_ref()).await?;
        adoption::done(&scene);
        self.finish(&scene, &planned, applied.object, progress).await
    }

    async fn delete(&self, cx: &Operation, state: Value) -> Result<()> {
        let target = life::target(cx, &state)?;
        let object = K::reference(&state)?;
        let scene = Scene { cx, target: &target, object: &object };
        let propagation = match Ending::of(&state) {
            Ending::Forget => return Ok(()),
            Ending::Abandon => return handover::release(&scene).await,
            Ending::Orphan => Propagation::Orphan,
            Ending::Delete => K::propagation(&state),
        };
        K::retire(&scene, &state).await?;
        life::remove(&scene, propagation).await?;
        K::bury(&scene, &state).await
    }
}
