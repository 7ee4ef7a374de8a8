//! Lists: what core asks for a `list` block of a query, and what it takes of the answers.

use futures::StreamExt as _;
use serde_json::Value as Json;
use terraform_provider_gitops::rpc::proto;
use tonic::Request;

use super::value::to_json;
use super::{Core, Failure, Result, Said, Service, answered, broke, dynamic, heard, listen};

/// An object that a list has found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listed {
    pub(crate) display_name: String,
    pub(crate) identity: Json,
    /// The object, where it was asked for.
    pub(crate) object: Option<Json>,
    /// What was said about it.
    pub(crate) said: Vec<Said>,
}

impl<S: Service> Core<S> {
    /// Checks a query and lists what it is about. What is said at the end fails the list.
    pub(crate) async fn list(
        &self,
        type_name: &str,
        query: &Json,
        objects: bool,
        limit: i64,
    ) -> Result<Vec<Listed>> {
        let block = self.lists.get(type_name).unwrap_or_else(|| panic!("no list of {type_name}"));
        let config = Some(dynamic(&block.ty(), &block.literal(query)));
        let request = proto::validate_list_resource_config::Request {
            type_name: type_name.to_owned(),
            config: config.clone(),
            ..Default::default()
        };
        let answer = self.service.validate_list_resource_config(Request::new(request)).await;
        heard(block, answered(answer)?.diagnostics)?;
        let request = proto::list_resource::Request {
            type_name: type_name.to_owned(),
            config,
            include_resource_object: objects,
            limit,
        };
        let answer = self.service.list_resource(Request::new(request)).await;
        let mut events = answered(answer)?;
        let mut listed = Vec::new();
        while let Some(event) = events.next().await {
            let event = event.map_err(|status| {
                Failure::Broke(vec![format!("the stream of a list broke off: {status}")])
            })?;
            if event.identity.is_none() && event.display_name.is_empty() {
                heard(block, event.diagnostic)?;
                continue;
            }
            listed.push(self.listed(type_name, event, objects)?);
        }
        if usize::try_from(limit).is_ok_and(|limit| limit > 0 && listed.len() > limit) {
            return broke(format!("{} objects were sent where {limit} are enough", listed.len()));
        }
        Ok(listed)
    }

    fn listed(
        &self,
        type_name: &str,
        event: proto::list_resource::Event,
        objects: bool,
    ) -> Result<Listed> {
        let resource = self.resource(type_name);
        let said = listen(&resource.block, event.diagnostic)?;
        let Some(schema) = &resource.identity else {
            return broke(format!("{type_name} is listed and has no identity"));
        };
        let identity = schema.decode(event.identity.as_ref());
        let identity = identity.map_err(|error| Failure::Broke(vec![error]))?;
        let Some(identity) = identity.filter(super::Val::is_wholly_known) else {
            return broke("an object was found and has no identity, or not all of one");
        };
        if event.display_name.is_empty() {
            return broke("an object was found and has no name to display");
        }
        let object = match event.resource_object {
            Some(_) if !objects => return broke("an object was sent that nobody asked for"),
            Some(object) => {
                let read = resource.read(Some(&object), "a listed object")?;
                if !read.is_wholly_known() {
                    return broke("a listed object has unknown parts");
                }
                Some(to_json(&resource.ty, &read))
            }
            None if objects && said.iter().all(|said| !said.is_error) => {
                return broke("an object was asked for, and neither it nor an error was sent");
            }
            None => None,
        };
        let identity = schema.to_json(&identity);
        Ok(Listed { display_name: event.display_name, identity, object, said })
    }
}
