//! Values on the wire: msgpack, as go-cty writes and reads it.
//!
//! The bytes alone do not say what they mean: a map may be an object or a map,
//! an extension is an unknown value, a number may come as text. So both
//! directions walk a [`Shape`], the schema's or a type's.

use rmp::Marker;
use rmp::decode::{RmpRead, read_marker};
use rmp::encode;

use crate::framework::number::Number;
use crate::framework::schema::{Attribute, Kind, Nesting};
use crate::framework::ty::Type;
use crate::framework::value::Dynamic;
use crate::framework::{Error, Object, Result, Step, Value};

/// What the bytes are of.
#[derive(Clone, Copy, Debug)]
pub enum Shape<'a> {
    /// An object of these attributes.
    Object(&'a [Attribute]),
    /// An attribute's value.
    Attribute(&'a Attribute),
    /// A value of a type.
    Type(&'a Type),
}

/// How deep values may nest; a dynamic value of a hostile host could go on for ever.
const DEPTH: usize = 128;

/// For how many elements there is room before the first is read.
const ROOM: usize = 1024;

/// Reads a value. No bytes at all are a null.
///
/// # Errors
/// When the bytes are not a value of that shape.
pub fn decode(shape: Shape<'_>, mut bytes: &[u8]) -> Result<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let value = read(&mut bytes, shape, DEPTH)?;
    if bytes.is_empty() { Ok(value) } else { Err(malformed("more bytes than one value")) }
}

/// Writes a value.
///
/// # Errors
/// When the value is not of that shape, which is a bug in the provider.
pub fn encode(shape: Shape<'_>, value: &Value) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write(&mut bytes, shape, value)?;
    Ok(bytes)
}

fn read(bytes: &mut &[u8], shape: Shape<'_>, depth: usize) -> Result<Value> {
    let depth = depth.checked_sub(1).ok_or_else(|| malformed("a value nests too deep"))?;
    let marker = marker(bytes)?;
    if marker == Marker::Null {
        return Ok(Value::Null);
    }
    if let Some(length) = extension(bytes, marker)? {
        // Type and payload: a refinement at most, which the protocol lets us drop.
        take(bytes, length + 1)?;
        return Ok(Value::Unknown);
    }
    match shape {
        Shape::Object(attributes) => read_object(bytes, marker, attributes, depth),
        Shape::Attribute(attr) => match &attr.kind {
            Kind::Plain(ty) => read_plain(bytes, marker, ty, depth),
            Kind::Nested(Nesting::Single, inner) => read_object(bytes, marker, inner, depth),
            Kind::Nested(Nesting::Map, inner) => {
                read_map(bytes, marker, Shape::Object(inner), depth)
            }
            Kind::Nested(nesting, inner) => {
                let mut values = read_list(bytes, marker, Shape::Object(inner), depth)?;
                if *nesting == Nesting::Set {
                    values.sort();
                }
                Ok(Value::List(values))
            }
        },
        Shape::Type(ty) => read_plain(bytes, marker, ty, depth),
    }
}

fn read_plain(bytes: &mut &[u8], marker: Marker, ty: &Type, depth: usize) -> Result<Value> {
    match ty {
        Type::String => Ok(Value::String(read_text(bytes, marker)?)),
        Type::Number => read_number(bytes, marker).map(Value::Number),
        Type::Bool => match marker {
            Marker::True => Ok(Value::Bool(true)),
            Marker::False => Ok(Value::Bool(false)),
            other => Err(unexpected("a truth value", other)),
        },
        Type::List(ty) => read_list(bytes, marker, Shape::Type(ty), depth).map(Value::List),
        Type::Set(ty) => {
            let mut values = read_list(bytes, marker, Shape::Type(ty), depth)?;
            values.sort();
            Ok(Value::List(values))
        }
        Type::Map(ty) => read_map(bytes, marker, Shape::Type(ty), depth),
        Type::Tuple(types) => {
            if array_length(bytes, marker)? != types.len() {
                return Err(malformed("a tuple of another length"));
            }
            types.iter().map(|ty| read(bytes, Shape::Type(ty), depth)).collect()
        }
        Type::Object(types) => {
            let length = map_length(bytes, marker)?;
            let mut object = Object::new();
            for _ in 0..length {
                let name = read_key(bytes)?;
                let ty = types.get(&name).ok_or_else(|| unknown_attribute(&name))?;
                object.insert(name, read(bytes, Shape::Type(ty), depth)?);
            }
            whole(object, types.len())
        }
        Type::Dynamic => {
            if array_length(bytes, marker)? != 2 {
                return Err(malformed("a dynamic value without its type"));
            }
            let at = self::marker(bytes)?;
            let json = read_bytes(bytes, at)?;
            let ty = serde_json::from_slice(json).ok().and_then(|json| Type::from_json(&json));
            let ty = ty.ok_or_else(|| malformed("a dynamic value of no known type"))?;
            let value = read(bytes, Shape::Type(&ty), depth)?;
            Ok(Value::Dynamic(Box::new(Dynamic { ty, value })))
        }
    }
}

fn read_object(
    bytes: &mut &[u8],
    marker: Marker,
    attributes: &[Attribute],
    depth: usize,
) -> Result<Value> {
    let length = map_length(bytes, marker)?;
    let mut object = Object::new();
    for _ in 0..length {
        let name = read_key(bytes)?;
        let attr = attributes
            .binary_search_by(|attr| attr.name.cmp(&name))
            .map(|at| &attributes[at])
            .map_err(|_| unknown_attribute(&name))?;
        let value = read(bytes, Shape::Attribute(attr), depth)
            .map_err(|error| error.inside(Step::Attribute(attr.name.to_owned())))?;
        object.insert(name, value);
    }
    whole(object, attributes.len())
}

fn whole(object: Object, attributes: usize) -> Result<Value> {
    if object.len() == attributes {
        Ok(Value::Object(object))
    } else {
        Err(malformed("an object that lacks attributes"))
    }
}

fn read_list(
    bytes: &mut &[u8],
    marker: Marker,
    shape: Shape<'_>,
    depth: usize,
) -> Result<Vec<Value>> {
    let length = array_length(bytes, marker)?;
    // Each element takes a byte at least, so a length that lies allocates little; and lists within
    // lists, each with a length that lies, no more than a little each.
    let mut values = Vec::with_capacity(length.min(bytes.len()).min(ROOM));
    for _ in 0..length {
        values.push(read(bytes, shape, depth)?);
    }
    Ok(values)
}

fn read_map(bytes: &mut &[u8], marker: Marker, shape: Shape<'_>, depth: usize) -> Result<Value> {
    let length = map_length(bytes, marker)?;
    let mut object = Object::new();
    for _ in 0..length {
        let key = read_key(bytes)?;
        object.insert(key, read(bytes, shape, depth)?);
    }
    Ok(Value::Object(object))
}

fn read_key(bytes: &mut &[u8]) -> Result<String> {
    let marker = marker(bytes)?;
    read_text(bytes, marker)
}

fn read_text(bytes: &mut &[u8], marker: Marker) -> Result<String> {
    let text = read_bytes(bytes, marker)?;
    String::from_utf8(text.to_vec()).map_err(|_| malformed("text that is not UTF-8"))
}

fn read_bytes<'a>(bytes: &mut &'a [u8], marker: Marker) -> Result<&'a [u8]> {
    let length = match marker {
        Marker::FixStr(length) => usize::from(length),
        Marker::Str8 | Marker::Bin8 => number(bytes, 1)?,
        Marker::Str16 | Marker::Bin16 => number(bytes, 2)?,
        Marker::Str32 | Marker::Bin32 => number(bytes, 4)?,
        other => return Err(unexpected("text", other)),
    };
    take(bytes, length)
}

fn read_number(bytes: &mut &[u8], marker: Marker) -> Result<Number> {
    let float = |float: f64| Number::from_f64(float).ok_or_else(|| malformed("no finite number"));
    let io = |_| truncated();
    Ok(match marker {
        Marker::FixPos(int) => i64::from(int).into(),
        Marker::FixNeg(int) => i64::from(int).into(),
        Marker::U8 => u64::from(bytes.read_data_u8().map_err(io)?).into(),
        Marker::U16 => u64::from(bytes.read_data_u16().map_err(io)?).into(),
        Marker::U32 => u64::from(bytes.read_data_u32().map_err(io)?).into(),
        Marker::U64 => bytes.read_data_u64().map_err(io)?.into(),
        Marker::I8 => i64::from(bytes.read_data_i8().map_err(io)?).into(),
        Marker::I16 => i64::from(bytes.read_data_i16().map_err(io)?).into(),
        Marker::I32 => i64::from(bytes.read_data_i32().map_err(io)?).into(),
        Marker::I64 => bytes.read_data_i64().map_err(io)?.into(),
        Marker::F32 => float(f64::from(bytes.read_data_f32().map_err(io)?))?,
        Marker::F64 => float(bytes.read_data_f64().map_err(io)?)?,
        text => Number::parse(&read_text(bytes, text)?)
            .ok_or_else(|| malformed("text that is no number"))?,
    })
}

fn array_length(bytes: &mut &[u8], marker: Marker) -> Result<usize> {
    match marker {
        Marker::FixArray(length) => Ok(usize::from(length)),
        Marker::Array16 => number(bytes, 2),
        Marker::Array32 => number(bytes, 4),
        other => Err(unexpected("a list", other)),
    }
}

fn map_length(bytes: &mut &[u8], marker: Marker) -> Result<usize> {
    match marker {
        Marker::FixMap(length) => Ok(usize::from(length)),
        Marker::Map16 => number(bytes, 2),
        Marker::Map32 => number(bytes, 4),
        other => Err(unexpected("an object", other)),
    }
}

/// Length of an extension's payload, if the marker starts one.
fn extension(bytes: &mut &[u8], marker: Marker) -> Result<Option<usize>> {
    Ok(Some(match marker {
        Marker::FixExt1 => 1,
        Marker::FixExt2 => 2,
        Marker::FixExt4 => 4,
        Marker::FixExt8 => 8,
        Marker::FixExt16 => 16,
        Marker::Ext8 => number(bytes, 1)?,
        Marker::Ext16 => number(bytes, 2)?,
        Marker::Ext32 => number(bytes, 4)?,
        _ => return Ok(None),
    }))
}

fn marker(bytes: &mut &[u8]) -> Result<Marker> {
    read_marker(bytes).map_err(|_| truncated())
}

/// A big-endian number of that many bytes.
fn number(bytes: &mut &[u8], width: usize) -> Result<usize> {
    Ok(take(bytes, width)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or_else(truncated)?;
    *bytes = rest;
    Ok(taken)
}

fn write(bytes: &mut Vec<u8>, shape: Shape<'_>, value: &Value) -> Result<()> {
    match value {
        Value::Null => return infallible(encode::write_nil(bytes)),
        Value::Unknown => {
            bytes.extend([0xd4, 0, 0]);
            return Ok(());
        }
        _ => {}
    }
    match (shape, value) {
        (Shape::Object(attributes), Value::Object(object)) => {
            write_object(bytes, attributes, object)
        }
        (Shape::Attribute(attr), value) => match (&attr.kind, value) {
            (Kind::Plain(ty), value) => write(bytes, Shape::Type(ty), value),
            (Kind::Nested(Nesting::Single, inner), value) => {
                write(bytes, Shape::Object(inner), value)
            }
            (Kind::Nested(Nesting::Map, inner), Value::Object(elements)) => {
                write_map(bytes, Shape::Object(inner), elements)
            }
            (Kind::Nested(_, inner), Value::List(elements)) => {
                write_list(bytes, Shape::Object(inner), elements)
            }
            _ => Err(wrong(&attr.ty())),
        }
        .map_err(|error| error.inside(Step::Attribute(attr.name.to_owned()))),
        (Shape::Type(Type::String), Value::String(text)) => {
            infallible(encode::write_str(bytes, text))
        }
        (Shape::Type(Type::Bool), Value::Bool(value)) => {
            infallible(encode::write_bool(bytes, *value))
        }
        (Shape::Type(Type::Number), Value::Number(number)) => write_number(bytes, number),
        (Shape::Type(Type::List(ty) | Type::Set(ty)), Value::List(elements)) => {
            write_list(bytes, Shape::Type(ty), elements)
        }
        (Shape::Type(Type::Map(ty)), Value::Object(elements)) => {
            write_map(bytes, Shape::Type(ty), elements)
        }
        (Shape::Type(Type::Tuple(types)), Value::List(elements))
            if types.len() == elements.len() =>
        {
            array_header(bytes, elements.len())?;
            types
                .iter()
                .zip(elements)
                .try_for_each(|(ty, element)| write(bytes, Shape::Type(ty), element))
        }
        (Shape::Type(Type::Object(types)), Value::Object(object)) => {
            map_header(bytes, types.len())?;
            types.iter().try_for_each(|(name, ty)| {
                infallible(encode::write_str(bytes, name))?;
                write(bytes, Shape::Type(ty), object.get(name).unwrap_or(&Value::Null))
            })
        }
        (Shape::Type(Type::Dynamic), Value::Dynamic(dynamic)) => {
            array_header(bytes, 2)?;
            let ty = dynamic.ty.to_json().to_string();
            infallible(encode::write_bin(bytes, ty.as_bytes()))?;
            write(bytes, Shape::Type(&dynamic.ty), &dynamic.value)
        }
        (Shape::Type(ty), _) => Err(wrong(ty)),
        (Shape::Object(_), _) => Err(wrong(&Type::Object(std::collections::BTreeMap::default()))),
    }
}

fn write_object(bytes: &mut Vec<u8>, attributes: &[Attribute], object: &Object) -> Result<()> {
    map_header(bytes, attributes.len())?;
    attributes.iter().try_for_each(|attr| {
        infallible(encode::write_str(bytes, attr.name))?;
        match object.get(attr.name) {
            Some(value) => write(bytes, Shape::Attribute(attr), value),
            None => write(bytes, Shape::Attribute(attr), &attr.absent()),
        }
    })
}

fn write_list(bytes: &mut Vec<u8>, shape: Shape<'_>, elements: &[Value]) -> Result<()> {
    array_header(bytes, elements.len())?;
    elements.iter().try_for_each(|element| write(bytes, shape, element))
}

fn write_map(bytes: &mut Vec<u8>, shape: Shape<'_>, elements: &Object) -> Result<()> {
    map_header(bytes, elements.len())?;
    elements.iter().try_for_each(|(key, element)| {
        infallible(encode::write_str(bytes, key))?;
        write(bytes, shape, element)
    })
}

fn write_number(bytes: &mut Vec<u8>, number: &Number) -> Result<()> {
    if let Some(int) = number.as_i64() {
        infallible(encode::write_sint(bytes, int).map(drop))
    } else if let Some(float) = number.as_exact_fraction() {
        infallible(encode::write_f64(bytes, float))
    } else {
        infallible(encode::write_str(bytes, &number.to_string()))
    }
}

fn array_header(bytes: &mut Vec<u8>, length: usize) -> Result<()> {
    let length = u32::try_from(length).map_err(|_| Error::bug("a list of over 4 billion"))?;
    infallible(encode::write_array_len(bytes, length).map(drop))
}

fn map_header(bytes: &mut Vec<u8>, length: usize) -> Result<()> {
    let length = u32::try_from(length).map_err(|_| Error::bug("a map of over 4 billion"))?;
    infallible(encode::write_map_len(bytes, length).map(drop))
}

/// Writing to memory does not fail; rmp's signatures allow for writers that do.
fn infallible<E: std::fmt::Display>(written: Result<(), E>) -> Result<()> {
    written.map_err(|error| Error::bug(format!("cannot encode a value: {error}")))
}

fn wrong(ty: &Type) -> Error {
    Error::bug(format!("a value is not of the type {}", ty.to_json()))
}

fn malformed(what: &str) -> Error {
    Error::invalid(format!("the host sent {what}"))
}

fn truncated() -> Error {
    malformed("fewer bytes than the value needs")
}

fn unexpected(wanted: &str, marker: Marker) -> Error {
    malformed(&format!("{marker:?} where {wanted} was expected"))
}

fn unknown_attribute(name: &str) -> Error {
    malformed(&format!("the attribute {name:?}, which the schema does not have"))
}

#[cfg(test)]
mod tests;
