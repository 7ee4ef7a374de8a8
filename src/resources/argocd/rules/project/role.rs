//! Roles of an `AppProject`.

use std::collections::HashSet;

use super::distinct;
use crate::framework::checks::Findings;
use crate::framework::{Attr, Path};

/// An element of `roles`.
#[derive(Clone, Debug, Default)]
pub struct ProjectRole<'a> {
    /// `name`.
    pub name: Attr<&'a str>,
    /// `policies`.
    pub policies: Attr<Vec<&'a str>>,
    /// `groups`.
    pub groups: Attr<Vec<&'a str>>,
}

/// Rules for all roles of the project with this name.
pub(super) fn check_all(
    roles: &[ProjectRole<'_>],
    project: &Attr<&str>,
    path: &Path,
    findings: &mut Findings,
) {
    let mut names = HashSet::new();
    for (index, role) in roles.iter().enumerate() {
        let path = path.index(index);
        findings.check(&path.field("name"), &role.name, name);
        if let Attr::Known(name) = role.name
            && !names.insert(name)
        {
            let rule = format!("{name:?} is the name of another role already");
            findings.error(path.field("name"), rule);
        }
        let policies = path.field("policies");
        findings.check_each(&policies, &role.policies, |text| policy(text, project, &role.name));
        distinct(&role.policies, &policies, findings);
        findings.check_each(&path.field("groups"), &role.groups, group);
        distinct(&role.groups, &path.field("groups"), findings);
    }
}

fn name(text: &str) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let outer = |c: char| c.is_ascii_alphanumeric();
    if text.chars().all(inner) && text.starts_with(outer) && text.ends_with(outer) {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not the name of a role: letters, digits, \"-\" and \"_\", beginning and ending \
         with a letter or digit"
    ))
}

/// What roles of a project may be given.
const RESOURCES: [&str; 6] =
    ["applications", "applicationsets", "clusters", "exec", "logs", "repositories"];

/// What may be done with it, besides actions of a kind.
const ACTIONS: [&str; 8] =
    ["*", "create", "delete", "get", "override", "rollback", "sync", "update"];

/// `p, proj:PROJECT:ROLE, RESOURCE, ACTION, PROJECT/OBJECT, allow`. What depends
/// on a name that is unknown passes.
fn policy(text: &str, project: &Attr<&str>, role: &Attr<&str>) -> Result<(), String> {
    let broken = |why: String| format!("{text:?} is not a policy: {why}");
    let parts: Vec<&str> = text.split(',').map(|part| part.trim_matches(' ')).collect();
    let ["p", subject, resource, action, object, effect] = parts[..] else {
        let form = "it has the form \"p, proj:PROJECT:ROLE, RESOURCE, ACTION, PROJECT/OBJECT, \
                    allow\"";
        return Err(broken(form.to_owned()));
    };
    if let (Attr::Known(project), Attr::Known(role)) = (project, role) {
        let expected = format!("proj:{project}:{role}");
        if subject != expected {
            return Err(broken(format!("it is about {subject:?} and not {expected:?}")));
        }
    }
    if !RESOURCES.contains(&resource) {
        let known = RESOURCES.join(", ");
        return Err(broken(format!("its resource {resource:?} is not one of: {known}")));
    }
    let of_a_kind = ["action/", "update/", "delete/"];
    if !ACTIONS.contains(&action) && !of_a_kind.iter().any(|kind| action.contains(kind)) {
        let known = ACTIONS.join(", ");
        return Err(broken(format!(
            "its action {action:?} is not one of: {known}, action/..., update/..., delete/..."
        )));
    }
    if let Attr::Known(project) = project
        && !is_object(object, project)
    {
        let form = format!("{project}/NAME or {project}/NAMESPACE/NAME");
        return Err(broken(format!("its object {object:?} is not {form}")));
    }
    if !matches!(effect, "allow" | "deny") {
        return Err(broken(format!("its effect {effect:?} is neither allow nor deny")));
    }
    Ok(())
}

fn is_object(object: &str, project: &str) -> bool {
    let Some(names) = object.strip_prefix(project).and_then(|rest| rest.strip_prefix('/')) else {
        return false;
    };
    let is_name = |name: &str| {
        let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*');
        !name.is_empty() && name.chars().all(of_name)
    };
    names.split('/').count() <= 2 && names.split('/').all(is_name)
}

fn group(text: &str) -> Result<(), String> {
    let broken = |why: &str| Err(format!("{text:?} is not a group: {why}"));
    let trimmed = text.trim();
    let quoted = trimmed.len() > 1 && trimmed.starts_with('"') && trimmed.ends_with('"');
    let name = if quoted { &trimmed[1..trimmed.len() - 1] } else { trimmed };
    if name.is_empty() {
        return broken("it is empty");
    }
    if !quoted && name.contains(',') {
        return broken("a name with \",\" must be within double quotes");
    }
    if name.contains(['"', '\n', '\r', '\t']) {
        return broken("it has a quote, a line break or a tab");
    }
    if text.len() > trimmed.len() {
        return broken("it begins or ends with a blank");
    }
    Ok(())
}
