//! Actions: what core asks for an `action` block, and what it takes of the answers.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use serde_json::Value as Json;
use terraform_provider_gitops::rpc::proto;
use terraform_provider_gitops::rpc::proto::invoke_action::event::Type;
use tonic::Request;

use super::{Block, Core, Failure, Result, Said, Service, answered, block, broke, dynamic, heard};

/// What an action has told while it went on, and in the end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Invoked {
    pub(crate) progress: Vec<String>,
    pub(crate) end: Result<Vec<Said>>,
}

/// What each action takes, by its name.
pub(super) fn read(
    schemas: &BTreeMap<String, proto::ActionSchema>,
    wrong: &mut Vec<String>,
) -> BTreeMap<String, Block> {
    let mut actions = BTreeMap::new();
    for (name, action) in schemas {
        let block = block(action.schema.as_ref(), name, wrong);
        block.walk(name, &mut |at, attr| {
            if attr.computed || attr.write_only {
                wrong.push(format!("{at}: of an action nothing is kept, so it is configured only"));
            }
        });
        actions.insert(name.clone(), block);
    }
    actions
}

impl<S: Service> Core<S> {
    /// Checks and plans an action, as core does before anything is done.
    pub(crate) async fn plan_action(&self, name: &str, config: &Json) -> Result<Vec<Said>> {
        let block = self.actions.get(name).unwrap_or_else(|| panic!("no action {name}"));
        let config = Some(dynamic(&block.ty(), &block.literal(config)));
        let request = proto::validate_action_config::Request {
            type_name: name.to_owned(),
            config: config.clone(),
        };
        let answer = self.service.validate_action_config(Request::new(request)).await;
        let mut said = heard(block, answered(answer)?.diagnostics)?;
        let request = proto::plan_action::Request {
            action_type: name.to_owned(),
            config,
            client_capabilities: Some(self.capabilities()),
        };
        let answer = answered(self.service.plan_action(Request::new(request)).await)?;
        if answer.deferred.is_some() {
            return broke("an action is put off, which nobody allowed");
        }
        said.extend(heard(block, answer.diagnostics)?);
        Ok(said)
    }

    /// Plans and invokes an action.
    pub(crate) async fn invoke(&self, name: &str, config: &Json) -> Result<Invoked> {
        self.plan_action(name, config).await?;
        let block = &self.actions[name];
        let request = proto::invoke_action::Request {
            action_type: name.to_owned(),
            config: Some(dynamic(&block.ty(), &block.literal(config))),
            client_capabilities: Some(self.capabilities()),
        };
        let mut events = answered(self.service.invoke_action(Request::new(request)).await)?;
        let mut progress = Vec::new();
        let mut end = None;
        while let Some(event) = events.next().await {
            let event = event.map_err(|status| {
                Failure::Broke(vec![format!("the stream of an action broke off: {status}")])
            })?;
            if end.is_some() {
                return broke("something was told after the end of an action");
            }
            match event.r#type {
                Some(Type::Progress(told)) if told.message.is_empty() => {
                    return broke("an empty message on the progress of an action");
                }
                Some(Type::Progress(told)) => progress.push(told.message),
                Some(Type::Completed(completed)) => {
                    end = Some(heard(block, completed.diagnostics));
                }
                None => return broke("an event without anything in it, and the host panics"),
            }
        }
        match end {
            Some(Err(Failure::Broke(rules))) => Err(Failure::Broke(rules)),
            Some(end) => Ok(Invoked { progress, end }),
            None => broke("an action ended without a word, and core takes it for done"),
        }
    }
}
