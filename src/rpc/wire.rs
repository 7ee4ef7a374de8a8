//! Values in and out of protobuf messages.

use super::codec::{Shape, decode, encode};
use super::proto;
use crate::framework::identity::IdentityAttribute;
use crate::framework::schema::Schema;
use crate::framework::ty::Type;
use crate::framework::{Error, Object, Result, Value, state};

/// Reads a value of that schema; one that is missing or empty is null.
pub(super) fn read(schema: &Schema, value: Option<&proto::DynamicValue>) -> Result<Value> {
    let Some(value) = value else { return Ok(Value::Null) };
    if value.msgpack.is_empty() && !value.json.is_empty() {
        let json = serde_json::from_slice(&value.json)
            .map_err(|error| Error::invalid(format!("the host sent no JSON: {error}")))?;
        return state::from_json(&schema.attributes, &json);
    }
    decode(Shape::Object(&schema.attributes), &value.msgpack)
}

/// Reads a value that may be null as an option.
pub(super) fn read_option(
    schema: &Schema,
    value: Option<&proto::DynamicValue>,
) -> Result<Option<Value>> {
    Ok(Some(read(schema, value)?).filter(|value| !value.is_null()))
}

/// Writes a value of that schema.
pub(super) fn write(schema: &Schema, value: &Value) -> Result<Option<proto::DynamicValue>> {
    let msgpack = encode(Shape::Object(&schema.attributes), value)?;
    Ok(Some(proto::DynamicValue { msgpack, json: Vec::new() }))
}

/// Writes a value that may be missing; a missing one is null.
pub(super) fn write_option(
    schema: &Schema,
    value: Option<&Value>,
) -> Result<Option<proto::DynamicValue>> {
    write(schema, value.unwrap_or(&Value::Null))
}

/// Reads an identity; `None` when there is none.
pub(super) fn read_identity(
    attributes: &[IdentityAttribute],
    data: Option<&proto::ResourceIdentityData>,
) -> Result<Option<Object>> {
    let Some(data) = data.and_then(|data| data.identity_data.as_ref()) else { return Ok(None) };
    match decode(Shape::Type(&identity_type(attributes)), &data.msgpack)? {
        Value::Object(identity) => Ok(Some(identity)),
        _ => Ok(None),
    }
}

/// Writes an identity; a null one is left out.
pub(super) fn write_identity(
    attributes: &[IdentityAttribute],
    identity: &Value,
) -> Result<Option<proto::ResourceIdentityData>> {
    if identity.is_null() {
        return Ok(None);
    }
    let msgpack = encode(Shape::Type(&identity_type(attributes)), identity)?;
    let identity_data = Some(proto::DynamicValue { msgpack, json: Vec::new() });
    Ok(Some(proto::ResourceIdentityData { identity_data }))
}

fn identity_type(attributes: &[IdentityAttribute]) -> Type {
    Type::Object(attributes.iter().map(|attr| (attr.name.to_owned(), attr.ty.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::schema::{Attribute, Kind};

    /// Core sends msgpack; the other form is for hosts that have nothing else.
    #[test]
    fn msgpack_comes_first_then_json_and_nothing_is_null() {
        let attr = |name, ty| Attribute::new(name, "", Kind::Plain(ty));
        let attributes = vec![attr("a", Type::Number), attr("b", Type::Dynamic)];
        let schema = Schema { version: 0, description: "", attributes };
        let sent = |msgpack: &[u8], json: &str| {
            let value =
                proto::DynamicValue { msgpack: msgpack.to_vec(), json: json.as_bytes().to_vec() };
            read(&schema, Some(&value)).unwrap()
        };
        let json = r#"{"a":18446744073709551616.5,"b":{"value":"x","type":"string"}}"#;
        let value = sent(b"", json);
        let Value::Number(number) = value.get("a") else { panic!("{value:?}") };
        assert_eq!(number.to_string(), "18446744073709551616.5");
        // What JSON says, msgpack says as well.
        let msgpack = write(&schema, &value).unwrap().unwrap().msgpack;
        assert_eq!(sent(&msgpack, ""), value);
        assert_eq!(sent(&msgpack, "no JSON at all"), value);
        assert_eq!((sent(b"", ""), read(&schema, None).unwrap()), (Value::Null, Value::Null));
        assert_eq!(sent(b"\xc0", json), Value::Null);
        let broken = proto::DynamicValue { json: b"{".to_vec(), ..Default::default() };
        assert!(read(&schema, Some(&broken)).is_err());
    }
}
