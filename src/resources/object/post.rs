//! Objects that are made by a POST, and have their names from its answer.

use serde_json::Value as Json;

use super::{Custom, Kind, Scene};
use crate::clients::kube::{DeleteOptions, Target, WriteOptions};
use crate::framework::{Error, Progress, Result, Value};
use crate::resources::Operation;

impl<K: Kind> Custom<K> {
    /// Makes the object; `None` when one of its name is there, which can be
    /// taken over.
    pub(super) async fn post(
        &self,
        cx: &Operation,
        target: &Target,
        planned: &Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Option<Value>> {
        let content = K::render(self.attributes(), &self.sent(planned, config))?;
        let namespace = planned.get("namespace").as_str();
        let options = WriteOptions { new_access: true, ..WriteOptions::default() };
        let objects = cx.provider().objects();
        let made =
            objects.create(target, &K::OBJECT, namespace, content, &options, cx.deadline()).await;
        let made = match made {
            Err(error) if error.is_already_exists() && K::reference(planned).is_ok() => {
                return Ok(None);
            }
            made => made.map_err(K::refused)?,
        };
        let name = name_of(&made)?;
        let object = match namespace {
            Some(namespace) => K::OBJECT.namespaced(namespace, name),
            None => K::OBJECT.cluster_wide(name),
        };
        let scene = Scene { cx, target, object: &object };
        if let Ok(expected) = K::reference(planned)
            && expected != object
        {
            objects.delete(target, &object, &DeleteOptions::default(), cx.deadline()).await?;
            return Err(Error::failed(format!(
                "the API calls it {:?} and not {:?}, as was planned; it was deleted again",
                object.name, expected.name
            )));
        }
        self.finish(&scene, planned, made, progress).await.map(Some)
    }
}

fn name_of(made: &Json) -> Result<&str> {
    let name = made["metadata"]["name"].as_str();
    name.ok_or_else(|| Error::failed("the API made an object and did not say its name"))
}
