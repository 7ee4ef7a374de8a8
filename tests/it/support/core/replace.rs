//! Whether a planned change makes a new object.

use terraform_provider_gitops::rpc::proto;
use terraform_provider_gitops::rpc::proto::attribute_path::step::Selector;

use super::schema::{Attribute, Block, Shape};
use super::value::Val;

/// Of the paths that a plan returns in `requires_replace`, those that count.
///
/// # Errors
/// A path that leads nowhere, neither in the state before nor in the plan.
pub(crate) fn counted(
    block: &Block,
    paths: &[proto::AttributePath],
    prior: &Val,
    planned: &Val,
) -> Result<Vec<String>, String> {
    if prior.is_null() {
        return Ok(Vec::new());
    }
    let mut counted = Vec::new();
    for path in paths {
        let shown = show(path);
        let (before, after) = (follow(path, prior), follow(path, planned));
        if before.is_none() && after.is_none() {
            return Err(format!("requires_replace names {shown}, which is not there"));
        }
        let (before, after) = (before.unwrap_or(Val::Null), after.unwrap_or(Val::Null));
        let unsure = !before.is_wholly_known() || !after.is_wholly_known();
        let write_only = attribute(block, path).is_some_and(|attr| attr.write_only);
        if before != after || unsure || write_only {
            counted.push(shown);
        }
    }
    Ok(counted)
}

/// The value at a path, if the path can be followed.
fn follow(path: &proto::AttributePath, value: &Val) -> Option<Val> {
    let mut at = value.clone();
    for step in &path.steps {
        // A dynamic value is looked into like any other.
        while let Val::Dynamic(typed) = at {
            at = typed.1;
        }
        if !at.is_known() {
            return Some(Val::Unknown);
        }
        at = match (step.selector.as_ref()?, &at) {
            (
                Selector::AttributeName(name) | Selector::ElementKeyString(name),
                Val::Map(entries),
            ) => entries.get(name)?.clone(),
            (Selector::ElementKeyInt(index), Val::List(elements)) => {
                elements.get(usize::try_from(*index).ok()?)?.clone()
            }
            _ => return None,
        };
    }
    Some(at)
}

/// Whether a path, of a diagnostic for example, leads to something that the
/// schema has: attributes and blocks by name, elements of lists by number and
/// of maps by key.
pub(crate) fn leads_somewhere(block: &Block, path: &proto::AttributePath) -> bool {
    let ty = block.ty();
    let mut at = &ty;
    for step in &path.steps {
        use super::ty::Ty;
        at = match (step.selector.as_ref(), at) {
            (Some(Selector::AttributeName(name)), Ty::Object(types)) => match types.get(name) {
                Some(ty) => ty,
                None => return false,
            },
            (Some(Selector::ElementKeyInt(_)), Ty::List(ty))
            | (Some(Selector::ElementKeyString(_)), Ty::Map(ty)) => ty,
            // What is inside a dynamic value only its configuration says.
            (Some(_), Ty::Dynamic) => return true,
            _ => return false,
        };
    }
    true
}

fn attribute<'a>(block: &'a Block, path: &proto::AttributePath) -> Option<&'a Attribute> {
    let names: Vec<_> = path
        .steps
        .iter()
        .filter_map(|step| match &step.selector {
            Some(Selector::AttributeName(name)) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let (mut attributes, mut blocks) = (&block.attributes, Some(&block.blocks));
    let (last, parents) = names.split_last()?;
    for name in parents {
        if let Some(nested) = blocks.and_then(|blocks| blocks.get(*name)) {
            (attributes, blocks) = (&nested.block.attributes, Some(&nested.block.blocks));
        } else if let Shape::Nested(_, inner) = &attributes.get(*name)?.shape {
            (attributes, blocks) = (inner, None);
        } else {
            return None;
        }
    }
    attributes.get(*last)
}

/// A path as a user would write it.
pub(crate) fn show(path: &proto::AttributePath) -> String {
    let steps = path.steps.iter().map(|step| match &step.selector {
        Some(Selector::AttributeName(name)) => format!(".{name}"),
        Some(Selector::ElementKeyString(key)) => format!("[{key:?}]"),
        Some(Selector::ElementKeyInt(index)) => format!("[{index}]"),
        None => ".?".to_owned(),
    });
    steps.collect::<String>().trim_start_matches('.').to_owned()
}
