//! Carrying plans out: the plan made again, the call, and what is kept of it.

use terraform_provider_gitops::rpc::proto;
use tonic::Request;

use super::steps::{Action, Plan};
use super::{
    Core, Failure, Result, Said, Service, Stored, Val, answered, broke, compatible, listen,
};

/// What came of an apply.
#[derive(Clone, Debug)]
pub(crate) struct Applied {
    /// What the state file has then.
    pub(crate) state: Option<Stored>,
    /// What was said, errors included.
    pub(crate) said: Vec<Said>,
}

impl Applied {
    /// The errors among what was said.
    pub(crate) fn errors(&self) -> Vec<&Said> {
        self.said.iter().filter(|said| said.is_error).collect()
    }

    /// The state of an apply that went well.
    ///
    /// # Panics
    /// When it did not.
    pub(crate) fn stored(self) -> Stored {
        assert!(self.errors().is_empty(), "{:#?}", self.said);
        self.state.expect("an object")
    }
}

impl<S: Service> Core<S> {
    /// Carries a plan out. By then `config` is wholly known.
    pub(crate) async fn apply(
        &self,
        type_name: &str,
        plan: &Plan,
        config: &Val,
    ) -> Result<Applied> {
        assert!(config.is_wholly_known(), "at an apply everything is known");
        match plan.action {
            // Nothing changes, and the provider is not even asked.
            Action::NoOp => Ok(Applied { state: plan.stored.clone(), said: Vec::new() }),
            Action::Delete => self.delete(type_name, plan).await,
            Action::Create | Action::Update => {
                let again = self.plan_again(type_name, plan, plan.stored.as_ref(), config).await?;
                if again.action == Action::NoOp {
                    return Ok(Applied { state: plan.stored.clone(), said: Vec::new() });
                }
                self.change(type_name, &again, config).await
            }
            Action::Replace => {
                let deleted = self.delete(type_name, plan).await?;
                if deleted.state.is_some() {
                    return Ok(deleted);
                }
                let again = self.plan_again(type_name, plan, None, config).await?;
                let mut applied = self.change(type_name, &again, config).await?;
                applied.said.splice(..0, deleted.said);
                Ok(applied)
            }
        }
    }

    /// Makes the plan again right before its apply, and compares the two.
    async fn plan_again(
        &self,
        type_name: &str,
        plan: &Plan,
        stored: Option<&Stored>,
        config: &Val,
    ) -> Result<Plan> {
        let again = self.plan(type_name, stored, config).await?;
        let agreed = match (plan.action, again.action) {
            (Action::Update, Action::NoOp) | (Action::Replace, Action::Create) => true,
            (before, now) => before == now,
        };
        if !agreed {
            return broke(format!(
                "the plan was to {:?}, and is to {:?} now",
                plan.action, again.action
            ));
        }
        let block = &self.resource(type_name).block;
        let broken = compatible::violations(block, &plan.planned, &again.planned);
        if broken.is_empty() { Ok(again) } else { Err(Failure::Broke(broken)) }
    }

    async fn delete(&self, type_name: &str, plan: &Plan) -> Result<Applied> {
        let resource = self.resource(type_name);
        let request = proto::apply_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: Some(resource.write(&plan.prior)),
            planned_state: Some(resource.write(&Val::Null)),
            config: Some(resource.write(&Val::Null)),
            planned_private: plan.private.clone(),
            ..Default::default()
        };
        let answer = self.service.apply_resource_change(Request::new(request)).await;
        let answer = answered(answer)?;
        let said = listen(&resource.block, answer.diagnostics)?;
        let left = resource.read(answer.new_state.as_ref(), "the state after the delete")?;
        let failed = said.iter().any(|said| said.is_error);
        let state = match (failed, left.is_null()) {
            (false, true) => None,
            (false, false) => return broke("something is left after a delete that went well"),
            (true, true) => plan.stored.clone(),
            (true, false) => {
                Some(resource.store(&left, answer.private, answer.new_identity.as_ref())?)
            }
        };
        Ok(Applied { state, said })
    }

    async fn change(&self, type_name: &str, plan: &Plan, config: &Val) -> Result<Applied> {
        let resource = self.resource(type_name);
        let identity = resource.identity.as_ref().zip(plan.identity.as_ref());
        let identity = identity.filter(|(_, identity)| identity.is_wholly_known());
        let request = proto::apply_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: Some(resource.write(&plan.prior)),
            planned_state: Some(resource.write(&plan.planned)),
            config: Some(resource.write(config)),
            planned_private: plan.private.clone(),
            planned_identity: identity.map(|(schema, id)| schema.encode(&schema.to_json(id))),
            ..Default::default()
        };
        let answer = self.service.apply_resource_change(Request::new(request)).await;
        let answer = answered(answer)?;
        let said = listen(&resource.block, answer.diagnostics)?;
        let failed = said.iter().any(|said| said.is_error);
        let made = resource.read(answer.new_state.as_ref(), "the state after the apply")?;
        if answer.legacy_type_system {
            return broke("an apply asks for the leniency of old SDKs");
        }
        if !made.is_wholly_known() {
            return broke(format!("after the apply there are unknown values: {made:?}"));
        }
        if made.is_null() {
            return if failed {
                Ok(Applied { state: plan.stored.clone(), said })
            } else {
                broke("there is nothing after an apply that went well")
            };
        }
        if !failed {
            let broken = compatible::violations(&resource.block, &plan.planned, &made);
            if !broken.is_empty() {
                return Err(Failure::Broke(broken));
            }
        }
        let mut state = resource.store(&made, answer.private, answer.new_identity.as_ref())?;
        state.tainted = failed && plan.prior.is_null();
        let before = plan.stored.as_ref().and_then(|stored| stored.identity.as_ref());
        if before.is_some() && state.identity.as_ref() != before {
            return broke(format!("an update made the identity {before:?} {:?}", state.identity));
        }
        if !failed && resource.identity.is_some() && state.identity.is_none() {
            return broke("an object that was made has no identity");
        }
        Ok(Applied { state: Some(state), said })
    }
}
