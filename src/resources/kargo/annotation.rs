//! Values that are JSON text in an annotation.

use serde_json::Value as Json;

use crate::framework::schema::{Attribute, Form, Kind};
use crate::framework::{AttrValue, Error, Result, Value, api, json};

/// A value that an annotation holds as JSON text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AsJson<T>(pub T);

impl<T: AttrValue> AttrValue for AsJson<T> {
    fn kind() -> Kind {
        T::kind()
    }

    fn from_known(value: Value) -> Result<Self> {
        T::from_known(value).map(Self)
    }

    fn into_value(self) -> Value {
        self.0.into_value()
    }

    fn tune(attribute: &mut Attribute) {
        attribute.api.form = Form::Custom { write, read: read::<T> };
    }
}

fn write(value: &Value) -> Result<Json> {
    Ok(json::from_value(value)?.to_string().into())
}

fn read<T: AttrValue>(text: &Json) -> Result<Value> {
    let parsed = text.as_str().and_then(|text| serde_json::from_str::<Json>(text).ok());
    match (T::kind(), parsed) {
        (Kind::Plain(ty), Some(parsed)) => Ok(api::typed(&ty, &parsed)),
        _ => Err(Error::invalid("an annotation is not the JSON that it should be")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::framework::Set;

    #[test]
    fn a_value_survives_being_text() {
        type Claims = BTreeMap<String, Set<String>>;
        let text = Json::from(r#"{"groups":["b","a","b"]}"#);
        let value = read::<Claims>(&text).unwrap();
        assert_eq!(write(&value).unwrap(), Json::from(r#"{"groups":["a","b"]}"#));
        assert!(read::<Claims>(&Json::from("no")).is_err());
        assert!(read::<Claims>(&Json::from(3)).is_err());
    }
}
