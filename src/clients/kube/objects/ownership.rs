//! Giving up fields, and taking them over from who applied them before.

use serde_json::Value as Json;

use super::super::managers::{self, Change, IsFormer};
use super::super::object::ObjectRef;
use super::super::target::Target;
use super::{FIELD_MANAGER, Freshness, Objects};
use crate::framework::Result;
use crate::framework::wait::Deadline;

impl Objects {
    /// Gives up the fields that `manager` owns, and leaves their values as they
    /// are. An object that is gone is no error.
    ///
    /// # Errors
    /// As for [`patch`](Self::patch).
    pub async fn release(
        &self,
        target: &Target,
        object: &ObjectRef,
        manager: &str,
        deadline: &Deadline,
    ) -> Result<Option<Json>> {
        let change = |live: &Json| managers::released(live, manager);
        self.reassign(target, object, None, change, deadline).await
    }

    /// Makes the fields that former managers applied below these `roots`
    /// (`spec`; anywhere when there are none) the provider's own: what its next
    /// apply does not have is removed from the object then.
    ///
    /// # Errors
    /// As for [`patch`](Self::patch).
    pub async fn adopt(
        &self,
        target: &Target,
        object: &ObjectRef,
        is_former: IsFormer,
        roots: &[&str],
        deadline: &Deadline,
    ) -> Result<Option<Json>> {
        let change = |live: &Json| managers::united(live, FIELD_MANAGER, is_former, roots);
        self.reassign(target, object, None, change, deadline).await
    }

    /// Makes all fields that these field managers have in `object` the
    /// provider's. As long as they had them, what an apply of the provider
    /// leaves out would stay in the object. An object that is gone is no error.
    ///
    /// # Errors
    /// As for [`patch`](Self::patch).
    pub async fn take_over(
        &self,
        target: &Target,
        object: &ObjectRef,
        from: &[String],
        deadline: &Deadline,
    ) -> Result<()> {
        let change = |live: &Json| managers::renamed(live, FIELD_MANAGER, from);
        self.reassign(target, object, None, change, deadline).await.map(drop)
    }

    /// Makes the provider the only owner of the fields that it has applied to
    /// an object (`applied`, as the server answered), where former managers own
    /// them, too. When nothing else is left of `kubectl apply`, its annotation
    /// goes.
    ///
    /// # Errors
    /// As for [`patch`](Self::patch).
    pub async fn own_alone(
        &self,
        target: &Target,
        object: &ObjectRef,
        applied: Json,
        is_former: IsFormer,
        deadline: &Deadline,
    ) -> Result<Option<Json>> {
        let change = |live: &Json| managers::divided(live, FIELD_MANAGER, is_former);
        self.reassign(target, object, Some(applied), change, deadline).await
    }

    /// Changes who owns what, on the version of the object that it was decided
    /// for. Returns the object as it is then.
    async fn reassign(
        &self,
        target: &Target,
        object: &ObjectRef,
        known: Option<Json>,
        change: impl Fn(&Json) -> Option<Change> + Send + Sync,
        deadline: &Deadline,
    ) -> Result<Option<Json>> {
        let mut known = known;
        loop {
            let live = match known.take() {
                Some(live) => live,
                None => match self.get(target, object, Freshness::Now, deadline).await? {
                    Some(live) => live,
                    None => return Ok(None),
                },
            };
            let Some(change) = change(&live) else { return Ok(Some(live)) };
            let patch = change.patch(&live);
            match self.patch(target, object, None, &patch, FIELD_MANAGER, deadline).await {
                // Controllers write to the same object as often as they like.
                Err(error) if error.is_conflict() => {}
                Err(error) if error.is_not_found() => return Ok(None),
                patched => return patched.map(Some),
            }
        }
    }
}
