//! The model as the rules see it.

use super::resource_graph_definition::{GraphResource, Open, ResourceGraphDefinition};
use super::rules;
use crate::framework::checks::Findings;
use crate::framework::{Attr, Diagnostics, JsonText, Path, Value};
use crate::resources::findings::report;

impl ResourceGraphDefinition {
    /// Checks the rules that go beyond single attributes.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        let mut found = Findings::default();
        self.check_schema(&mut found);
        let resources = self.resources.known().map(Vec::as_slice).unwrap_or_default();
        let ids: Vec<_> = resources.iter().filter_map(|one| one.id.as_str()).collect();
        for (index, resource) in resources.iter().enumerate() {
            let path = Path::attribute("resources").index(index);
            if let Some(id) = resource.id.as_str() {
                let at = path.field("id");
                if let Err(rule) = rules::identifier(id) {
                    found.error(at, rule);
                } else if resources[..index].iter().any(|it| it.id.as_str() == Some(id)) {
                    found.error(at, format!("{id:?} is the id of two resources"));
                }
            }
            resource.check(&path, &ids, &mut found);
        }
        report(found.into_vec(), diagnostics);
    }

    fn check_schema(&self, found: &mut Findings) {
        let Some(schema) = self.schema.known() else { return };
        let at = Path::attribute("schema");
        let open = |attr: &Attr<Open>| match attr {
            Attr::Null => Value::Null,
            Attr::Unknown => Value::Unknown,
            Attr::Known(Open(dynamic)) => dynamic.value.clone(),
        };
        let (spec, status, types) = (open(&schema.spec), open(&schema.status), open(&schema.types));
        rules::fields(&spec, &types, &at.field("spec"), found);
        if let Value::Object(defined) = &types {
            for (name, fields) in defined {
                rules::fields(fields, &types, &at.field("types").field(name), found);
            }
        }
        rules::status(&status, &at.field("status"), found);
    }
}

impl GraphResource {
    fn check(&self, path: &Path, ids: &[&str], found: &mut Findings) {
        self.one_of(path, found);
        if let Some(template) = parsed(&self.template) {
            rules::template(&template, &path.field("template"), found);
        }
        for (name, expressions) in
            [("include_when", &self.include_when), ("ready_when", &self.ready_when)]
        {
            for (index, text) in expressions.known().into_iter().flatten().enumerate() {
                if let Err(rule) = rules::standalone(text) {
                    found.error(path.field(name).index(index), rule);
                }
            }
        }
        let mut seen = Vec::new();
        for (index, dimension) in self.for_each.known().into_iter().flatten().enumerate() {
            let at = path.field("for_each").index(index);
            if dimension.len() != 1 {
                found.error(at.clone(), "it has one variable and its list, and nothing else");
            }
            for (variable, list) in dimension {
                let clash = if let Err(rule) = rules::identifier(variable) {
                    Some(rule)
                } else if ids.contains(&variable.as_str()) {
                    Some(format!("{variable:?} is the id of a resource, too"))
                } else if seen.contains(&variable) {
                    Some(format!("{variable:?} is a variable of it already"))
                } else {
                    rules::standalone(list).err()
                };
                if let Some(rule) = clash {
                    found.error(at.key(variable), rule);
                }
                seen.push(variable);
            }
        }
    }

    /// An object is made, or it is there; and what is there is one, or some.
    fn one_of(&self, path: &Path, found: &mut Findings) {
        match (self.template.is_set(), self.external_ref.is_set()) {
            (true, true) => found.error(
                path.field("external_ref"),
                "template is set, too: an object is either made of a template or there already",
            ),
            (false, false) => {
                found.error(path.clone(), "it needs one of template and external_ref");
            }
            _ => {}
        }
        let Some(external) = self.external_ref.known() else { return };
        if self.for_each.is_set() {
            found.error(
                path.field("for_each"),
                "what is there already cannot be repeated: use a selector in external_ref",
            );
        }
        let Some(metadata) = external.metadata.known() else { return };
        let at = path.field("external_ref").field("metadata");
        if metadata.name.is_set() == metadata.selector.is_set() {
            found.error(at.clone(), "it needs exactly one of name and selector");
        }
        if let Some(selector) = parsed(&metadata.selector) {
            let broken = match &selector {
                serde_json::Value::Object(_) => None,
                serde_json::Value::String(text) => rules::standalone(text).err(),
                _ => Some("it is neither a label selector nor an expression".to_owned()),
            };
            if let Some(rule) = broken {
                found.error(at.field("selector"), rule);
            }
        }
    }
}

fn parsed(text: &Attr<JsonText>) -> Option<serde_json::Value> {
    serde_json::from_str(&text.known()?.0).ok()
}

#[cfg(test)]
mod tests;
