//! Identities of resources, as core has them.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use terraform_provider_gitops::rpc::proto;

use super::schema::Block;
use super::ty::Ty;
use super::value::{Val, decode, encode, literal, to_json};

/// The schema of an identity.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) attributes: BTreeMap<String, IdentityAttribute>,
}

/// One attribute of an identity.
#[derive(Clone, Debug)]
pub(crate) struct IdentityAttribute {
    pub(crate) ty: Ty,
    pub(crate) required: bool,
    pub(crate) description: String,
}

impl Identity {
    /// Reads a schema; what is wrong with it is added to `wrong`.
    pub(crate) fn read(
        schema: &proto::ResourceIdentitySchema,
        of: &Block,
        at: &str,
        wrong: &mut Vec<String>,
    ) -> Self {
        if schema.version < 0 {
            wrong.push(format!("{at}: the identity has the version {}", schema.version));
        }
        if schema.identity_attributes.is_empty() {
            wrong.push(format!("{at}: nothing is in the identity"));
        }
        let mut attributes = BTreeMap::new();
        for attr in &schema.identity_attributes {
            let at = format!("{at}: the identity's {}", attr.name);
            if attr.required_for_import == attr.optional_for_import {
                wrong.push(format!("{at} is not either required or optional for an import"));
            }
            let ty = Ty::read(&attr.r#type).unwrap_or_else(|error| {
                wrong.push(format!("{at}: {error}"));
                Ty::String
            });
            let primitive = |ty: &Ty| matches!(ty, Ty::String | Ty::Number | Ty::Bool);
            if !primitive(&ty) && !matches!(&ty, Ty::List(ty) if primitive(ty)) {
                wrong.push(format!("{at} is neither primitive nor a list of what is"));
            }
            if of.attributes.get(&attr.name).is_none_or(|same| same.ty() != ty) {
                wrong.push(format!("{at} is no attribute of the resource, or of another type"));
            }
            let required = attr.required_for_import;
            let description = attr.description.clone();
            attributes.insert(attr.name.clone(), IdentityAttribute { ty, required, description });
        }
        Self { attributes }
    }

    fn ty(&self) -> Ty {
        Ty::Object(
            self.attributes.iter().map(|(name, attr)| (name.clone(), attr.ty.clone())).collect(),
        )
    }

    /// An identity as the provider sends it; `None` when it sends none.
    pub(crate) fn decode(
        &self,
        data: Option<&proto::ResourceIdentityData>,
    ) -> Result<Option<Val>, String> {
        let Some(data) = data.and_then(|data| data.identity_data.as_ref()) else { return Ok(None) };
        let identity = decode(&self.ty(), &data.msgpack)?;
        Ok(Some(identity).filter(|identity| !identity.is_null()))
    }

    /// An identity as core sends it.
    pub(crate) fn encode(&self, identity: &Json) -> proto::ResourceIdentityData {
        let msgpack = encode(&self.ty(), &literal(&self.ty(), identity));
        let identity_data = Some(proto::DynamicValue { msgpack, json: Vec::new() });
        proto::ResourceIdentityData { identity_data }
    }

    /// An identity as the state file has it.
    pub(crate) fn to_json(&self, identity: &Val) -> Json {
        to_json(&self.ty(), identity)
    }
}
