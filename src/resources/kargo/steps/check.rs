//! Whether a value has the shape of promotion steps.

use super::{Field, STEP, Shape, Within};
use crate::framework::ty::Type;
use crate::framework::value::{Dynamic, Object};
use crate::framework::{Diagnostics, Path, Value, checks};

static UNTYPED: Type = Type::Dynamic;

/// Checks the shape of steps; unknown parts pass.
///
/// `at` is the path of the list. Each finding points at the field that it is
/// about, however deep.
pub fn check(steps: &Dynamic, within: Within, at: &Path, diagnostics: &mut Diagnostics) {
    let node = Node { ty: &steps.ty, value: &steps.value, path: at.clone() };
    let Some(steps) = node.elements("a list of steps", diagnostics) else { return };
    if steps.is_empty() {
        let detail = match within {
            Within::Template => {
                "A list of steps has at least one. Leave it out for a stage that promotes nothing."
            }
            Within::Task => "A promotion task has at least one step.",
        };
        diagnostics.invalid(at.clone(), "No steps", detail);
    }
    for step in steps {
        if let Some(object) = object(&step, &STEP, diagnostics) {
            match within {
                Within::Template => one_kind(&step, object, diagnostics),
                Within::Task => no_task(&step, object, diagnostics),
            }
        }
    }
}

/// A step of a task uses a runner.
fn no_task(step: &Node<'_>, object: &Object, diagnostics: &mut Diagnostics) {
    let set = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
    if set("task") {
        diagnostics.invalid(
            step.member("task"),
            "Task within a task",
            format!("{} is a step of a promotion task, and those insert no others.", step.path),
        );
    } else if !set("uses") {
        diagnostics.invalid(
            step.path.clone(),
            "Step without a kind",
            format!("{} needs uses, the name of a step.", step.path),
        );
    }
}

/// A step is of one kind: it uses a runner, or inserts a task.
fn one_kind(step: &Node<'_>, object: &Object, diagnostics: &mut Diagnostics) {
    let set = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
    match (set("uses"), set("task")) {
        (true, false) => {}
        (false, false) => diagnostics.invalid(
            step.path.clone(),
            "Step without a kind",
            format!("{} needs uses, the name of a step, or task, a task to insert.", step.path),
        ),
        (true, true) => diagnostics.invalid(
            step.member("task"),
            "Step of two kinds",
            format!("{} has both uses and task; write two steps.", step.path),
        ),
        (false, true) => {
            for name in ["config", "if", "continue_on_error", "retry"] {
                if set(name) {
                    diagnostics.invalid(
                        step.member(name),
                        "Not for a task",
                        format!(
                            "A step that inserts a task cannot have {name}. Set it on the steps \
                             of the task, and pass values to it by vars."
                        ),
                    );
                }
            }
        }
    }
}

/// A part of the value, with its type and where it is.
struct Node<'a> {
    ty: &'a Type,
    value: &'a Value,
    path: Path,
}

impl<'a> Node<'a> {
    /// The node itself, out of the wrapping that a dynamic value has.
    fn unwrapped(self) -> Self {
        match self.value {
            Value::Dynamic(inner) => {
                Node { ty: &inner.ty, value: &inner.value, path: self.path }.unwrapped()
            }
            _ => self,
        }
    }

    /// The path of a member: that of an object or that of a map.
    fn member(&self, name: &str) -> Path {
        match self.ty {
            Type::Map(_) => self.path.key(name),
            _ => self.path.field(name),
        }
    }

    /// The elements of a list; `None` when they are unknown or there is no list.
    fn elements(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<Vec<Node<'a>>> {
        match (self.value, self.ty) {
            (Value::Null | Value::Unknown, _) => None,
            (Value::List(elements), Type::List(_) | Type::Tuple(_)) => {
                let node = |(at, value)| {
                    let ty = match self.ty {
                        Type::List(ty) => ty,
                        Type::Tuple(types) => types.get(at).unwrap_or(&UNTYPED),
                        _ => &UNTYPED,
                    };
                    Node { ty, value, path: self.path.index(at) }.unwrapped()
                };
                Some(elements.iter().enumerate().map(node).collect())
            }
            // The elements of a set have no order, and no paths.
            _ => {
                self.wrong(what, diagnostics);
                None
            }
        }
    }

    fn wrong(&self, wanted: &str, diagnostics: &mut Diagnostics) {
        let found = match (self.value, self.ty) {
            (Value::List(_), Type::Set(_)) => "a set",
            (Value::List(_), _) => "a list",
            (Value::Object(_), _) => "an object",
            (Value::String(_), _) => "text",
            (Value::Number(_), _) => "a number",
            (Value::Bool(_), _) => "true or false",
            _ => "nothing",
        };
        diagnostics.invalid(
            self.path.clone(),
            format!("Invalid value for {}", self.path),
            format!("{} is {found}, expected {wanted}.", self.path),
        );
    }

    fn breaks(&self, rule: &str, diagnostics: &mut Diagnostics) {
        diagnostics.invalid(
            self.path.clone(),
            format!("Invalid value for {}", self.path),
            format!("The value of {} breaks a rule: {rule}.", self.path),
        );
    }
}

/// Checks an object with these fields, and gives its members.
fn object<'a>(
    node: &Node<'a>,
    fields: &'static [Field],
    diagnostics: &mut Diagnostics,
) -> Option<&'a Object> {
    let object = match node.value {
        Value::Object(object) => object,
        Value::Unknown => return None,
        _ => {
            let names: Vec<_> = fields.iter().map(|field| field.name).collect();
            node.wrong(&format!("an object with {}", names.join(", ")), diagnostics);
            return None;
        }
    };
    for (name, value) in object {
        let path = node.member(name);
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            unexpected(name, &path, fields, diagnostics);
            continue;
        };
        let ty = match node.ty {
            Type::Object(types) => types.get(name).unwrap_or(&UNTYPED),
            Type::Map(ty) => ty,
            _ => &UNTYPED,
        };
        let member = Node { ty, value, path }.unwrapped();
        if !matches!(member.value, Value::Null | Value::Unknown) {
            shape(&member, &field.shape, diagnostics);
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        if object.get(field.name).is_none_or(Value::is_null) {
            let path = node.member(field.name);
            diagnostics.invalid(
                path.clone(),
                "Missing required argument",
                format!("The argument {path} is required."),
            );
        }
    }
    Some(object)
}

fn unexpected(name: &str, path: &Path, fields: &[Field], diagnostics: &mut Diagnostics) {
    let detail = if let Some(meant) = fields.iter().find(|field| field.api == name) {
        format!("{path} is written {} here.", meant.name)
    } else {
        let names: Vec<_> = fields.iter().map(|field| field.name).collect();
        format!("{path} is not one of: {}.", names.join(", "))
    };
    diagnostics.invalid(path.clone(), "Unsupported argument", detail);
}

fn shape(node: &Node<'_>, shape: &Shape, diagnostics: &mut Diagnostics) {
    match (shape, node.value) {
        (Shape::Text(rule), Value::String(text)) => {
            if let Err(broken) = rule(text) {
                node.breaks(&broken, diagnostics);
            }
        }
        (Shape::OneOf(allowed), Value::String(text)) => {
            if !allowed.contains(&text.as_str()) {
                let allowed = allowed.join(", ");
                node.breaks(&format!("{text:?} is not one of: {allowed}"), diagnostics);
            }
        }
        (Shape::Duration, Value::String(text)) => {
            if let Err(broken) = checks::go_duration(text) {
                node.breaks(&broken, diagnostics);
            }
        }
        (Shape::Count, Value::Number(number)) => {
            // The field is a 32-bit number in the API.
            let fits = number.as_i64().is_some_and(|int| (0..=i64::from(i32::MAX)).contains(&int));
            if !fits {
                node.breaks(&format!("{number} is not a whole number of at least 0"), diagnostics);
            }
        }
        (Shape::Scalar, Value::String(_) | Value::Number(_) | Value::Bool(_))
        | (Shape::Bool, Value::Bool(_))
        | (Shape::Config, Value::Object(_)) => {}
        (Shape::Object(fields), _) => {
            object(node, fields, diagnostics);
        }
        (Shape::List(fields), _) => {
            for element in node.elements("a list of objects", diagnostics).into_iter().flatten() {
                object(&element, fields, diagnostics);
            }
        }
        (Shape::Text(_) | Shape::OneOf(_) | Shape::Scalar, _) => node.wrong("text", diagnostics),
        (Shape::Duration, _) => node.wrong("a duration such as \"5m\"", diagnostics),
        (Shape::Count, _) => node.wrong("a number", diagnostics),
        (Shape::Bool, _) => node.wrong("true or false", diagnostics),
        (Shape::Config, _) => {
            node.wrong("an object with what the step takes", diagnostics);
        }
    }
}
