//! A configuration for an object that is there and has none, as after an import.

use crate::framework::schema::{Attribute, Kind, Nesting, Presence};
use crate::framework::value::Value;

/// The configuration whose plan against `state` is empty, as short as it can be: without what only
/// the provider sets, and without what is planned anyway.
pub fn generate(attributes: &[Attribute], state: &Value) -> Value {
    let value = |attr: &Attribute| {
        // A version says that a value was given, which is kept nowhere.
        let versioned = attr.name.strip_suffix("_version");
        if attributes.iter().any(|other| other.write_only && Some(other.name) == versioned) {
            return Value::Null;
        }
        attribute(attr, state.get(attr.name))
    };
    attributes.iter().map(|attr| (attr.name.to_owned(), value(attr))).collect()
}

fn attribute(attr: &Attribute, state: &Value) -> Value {
    let set_by_others = attr.write_only || attr.presence == Presence::Computed;
    if set_by_others || attr.default.as_ref() == Some(state) {
        return Value::Null;
    }
    let Kind::Nested(nesting, inner) = &attr.kind else { return state.clone() };
    match (nesting, state) {
        (Nesting::Single, Value::Object(_)) => {
            let config = generate(inner, state);
            let says_nothing = inner.iter().all(|attr| config.get(attr.name).is_null());
            // The provider sets all of it then, and keeps what it is.
            if attr.is_computed() && says_nothing { Value::Null } else { config }
        }
        (Nesting::Map, Value::Object(elements)) => elements
            .iter()
            .map(|(key, element)| (key.clone(), self::element(inner, element)))
            .collect(),
        (_, Value::List(elements)) => {
            Value::List(elements.iter().map(|state| element(inner, state)).collect())
        }
        (_, state) => state.clone(),
    }
}

fn element(attributes: &[Attribute], state: &Value) -> Value {
    if state.is_null() { Value::Null } else { generate(attributes, state) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::framework::plan::plan;
    use crate::framework::{Attr, Model, Secret};

    /// Something.
    #[derive(Clone, Debug, Default, Model)]
    struct Thing {
        /// Required.
        #[attr(required)]
        name: Attr<String>,
        /// With a default.
        #[attr(default = "a")]
        mode: Attr<String>,
        /// Chosen by the API when not set.
        #[attr(optional, computed, stable)]
        zone: Attr<String>,
        /// Of the API only.
        #[attr(computed, stable)]
        arn: Attr<String>,
        /// Never kept.
        #[attr(write_only)]
        password_wo: Attr<Secret>,
        /// Of what is never kept.
        password_wo_version: Attr<i64>,
        /// Chosen by the API when not set.
        #[attr(optional, computed, stable)]
        spare: Attr<Part>,
        /// Inside.
        parts: Attr<BTreeMap<String, Part>>,
    }

    /// A part.
    #[derive(Clone, Debug, Default, Model)]
    struct Part {
        /// With a default.
        #[attr(default = true)]
        on: Attr<bool>,
        /// Of the API only.
        #[attr(computed, stable)]
        id: Attr<String>,
    }

    fn text(text: &str) -> Attr<String> {
        text.to_owned().into()
    }

    #[test]
    fn only_what_a_user_would_have_to_write_is_in_it_and_its_plan_is_empty() {
        let part = |on: bool| Part { on: on.into(), id: text("i") };
        let state = Thing {
            name: text("n"),
            mode: text("a"),
            zone: text("z"),
            arn: text("arn"),
            password_wo: Attr::Null,
            password_wo_version: Attr::Null,
            spare: part(true).into(),
            parts: BTreeMap::from([("x".to_owned(), part(true)), ("y".to_owned(), part(false))])
                .into(),
        };
        let state = state.into_value();
        let config = generate(&Thing::attributes(), &state);
        let wanted = Thing {
            name: text("n"),
            zone: text("z"),
            parts: BTreeMap::from([
                ("x".to_owned(), Part::default()),
                ("y".to_owned(), Part { on: false.into(), id: Attr::Null }),
            ])
            .into(),
            ..Thing::default()
        };
        assert_eq!(config, wanted.into_value());
        assert_eq!(plan(&Thing::attributes(), Some(&state), &config).value, state);
        let versioned = Thing { password_wo_version: 1.into(), ..Thing::default() };
        let config = generate(&Thing::attributes(), &versioned.into_value());
        assert!(config.get("password_wo_version").is_null());
    }
}
