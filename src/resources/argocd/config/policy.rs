//! Policies of Argo CD, line by line.
//!
//! Argo CD refuses a policy with one broken line as a whole, and keeps the one
//! before it without telling anybody who looks at the `ConfigMap`.

use crate::framework::Path;
use crate::framework::checks::Findings;

/// What policies are about, and what can be done to it.
const RESOURCES: [(&str, &[&str]); 12] = [
    ("accounts", &["get", "update"]),
    (
        "applications",
        &["get", "create", "update", "delete", "sync", "rollback", "action", "override"],
    ),
    ("applicationsets", CHANGES),
    ("certificates", &["get", "create", "delete"]),
    ("clusters", CHANGES),
    ("exec", &["create"]),
    ("extensions", &["invoke"]),
    ("gpgkeys", &["get", "create", "delete"]),
    ("logs", &["get"]),
    ("projects", CHANGES),
    ("repositories", CHANGES),
    ("write-repositories", CHANGES),
];
const CHANGES: &[&str] = &["get", "create", "update", "delete"];

/// Checks a policy; `regex` says how its patterns are written, if that is known.
pub(super) fn check(text: &str, regex: Option<bool>, path: &Path, findings: &mut Findings) {
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let tell = |rule: String| format!("line {number}, {line:?}: {rule}");
        match fields(line).and_then(|fields| rule(&fields).map(|()| fields)) {
            Err(rule) => findings.error(path.clone(), tell(rule)),
            Ok(fields) if fields[0] == "p" => {
                if let Err(rule) = known(&fields, regex) {
                    findings.warn(path.clone(), tell(rule));
                }
            }
            Ok(_) => {}
        }
    }
}

/// What makes Argo CD refuse a line, or pass over it.
fn rule(fields: &[String]) -> Result<(), String> {
    match (fields[0].as_str(), fields.len()) {
        ("p", 6) if matches!(fields[5].trim(), "allow" | "deny") => Ok(()),
        ("p", 6) => Err(format!("the effect is \"allow\" or \"deny\", not {:?}", fields[5])),
        ("p", count) => Err(format!(
            "a policy is \"p, SUBJECT, RESOURCE, ACTION, OBJECT, EFFECT\", and {count} of the 6 are \
             there"
        )),
        ("g", 3) => Ok(()),
        ("g", count) => {
            Err(format!("a grant is \"g, USER OR GROUP, ROLE\", and {count} of the 3 are there"))
        }
        (other, _) => Err(format!("a line begins with \"p\" or \"g\", not {other:?}")),
    }
}

/// What a line can be about; patterns may be about anything.
fn known(fields: &[String], regex: Option<bool>) -> Result<(), String> {
    let (resource, action) = (fields[2].trim(), fields[3].trim());
    let is_pattern = |text: &str| match regex {
        Some(false) => text.contains(['*', '?', '[', '{']),
        _ => text.contains(['*', '?', '[', '{', '.', '^', '$', '(', '|', '+', '\\']),
    };
    if is_pattern(resource) {
        return Ok(());
    }
    let Some((_, actions)) = RESOURCES.iter().find(|(known, _)| *known == resource) else {
        let names = RESOURCES.map(|(name, _)| name).join(", ");
        return Err(format!("{resource:?} is nothing that Argo CD 3.6 has policies for: {names}"));
    };
    // Of an application's resources: `delete/*/Pod/*/*`, `action/apps/Deployment/restart`.
    let head = action.split('/').next().unwrap_or_default();
    if is_pattern(head) || actions.contains(&head) {
        return Ok(());
    }
    Err(format!("{head:?} is nothing that can be done to {resource}: {}", actions.join(", ")))
}

/// The fields of a line of CSV. Spaces before a field do not count; one may be in quotes.
fn fields(line: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let (field, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_field(quoted)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let field = &rest[..end];
            if field.contains('"') {
                return Err(format!("a quote within {field:?}, which is not in quotes"));
            }
            (field.to_owned(), &rest[end..])
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None if after.is_empty() => return Ok(fields),
            None => return Err(format!("{after:?} after the end of a quoted field")),
        }
    }
}

fn quoted_field(text: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            return Err("a quoted field has no end".to_owned());
        };
        field.push_str(before);
        match after.strip_prefix('"') {
            // Two of them are one.
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Ok((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, regex: bool) -> Vec<String> {
        let mut findings = Findings::default();
        check(text, Some(regex), &Path::attribute("policy_csv"), &mut findings);
        findings.into_iter().map(|found| format!("{:?} {}", found.severity, found.rule)).collect()
    }

    #[test]
    fn what_argo_cd_takes_is_taken() {
        let policy = "\n# who may what\np, role:dev, applications, *, shop/*, allow\n  \
            p,role:dev, applications, delete/*/Pod/*/*, shop/*, deny\n\
            p, role:dev, applications, action/apps/Deployment/restart, shop/*, allow\n\
            p, role:x, \"applications\", sync, \"a \"\"b\"\"\", allow\n\
            p, role:x, *, get, *, allow\ng, team:shop, role:dev\n\
            p, role:x, exec, create, */*, allow\n";
        assert_eq!(found(policy, false), [""; 0]);
        assert_eq!(found("p, role:x, app.*, (get|sync), .*, allow", true), [""; 0]);
    }

    #[test]
    fn what_argo_cd_refuses_is_refused_with_its_line() {
        for (line, rule) in [
            ("p, role:dev, applications, get, shop/*", "5 of the 6"),
            ("g, team:shop", "2 of the 3"),
            ("g, team:shop, role:dev, more", "4 of the 3"),
            ("x, a, b", "begins with \"p\" or \"g\""),
            ("p, a, applications, get, *, alow", "\"alow\""),
            ("p, a, \"applications, get, *, allow", "has no end"),
            ("p, a, \"applications\"x, get, *, allow", "after the end"),
            ("p, a, appli\"cations, get, *, allow", "a quote within"),
        ] {
            let found = found(&format!("# first\n{line}"), false);
            assert_eq!(found.len(), 1, "{line}: {found:?}");
            assert!(found[0].starts_with("Error line 2") && found[0].contains(rule), "{found:?}");
        }
    }

    #[test]
    fn what_has_no_effect_is_warned_of() {
        for (line, rule) in [
            ("p, a, application, get, *, allow", "\"application\" is nothing"),
            ("p, a, applications, read, *, allow", "\"read\" is nothing"),
            ("p, a, logs, create, *, allow", "done to logs: get"),
        ] {
            let found = found(line, false);
            assert!(found[0].starts_with("Warning") && found[0].contains(rule), "{found:?}");
        }
        // A dot is a pattern of one kind, and a text of the other.
        assert_eq!(found("p, a, app.ications, get, *, allow", true), [""; 0]);
        assert_eq!(found("p, a, app.ications, get, *, allow", false).len(), 1);
    }
}
