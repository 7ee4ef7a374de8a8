//! Golden vectors, made with go-cty, and what must be refused.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::framework::schema::Presence;

fn hex(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

#[test]
fn numbers_take_the_smallest_form_that_is_exact() {
    for (text, bytes) in [
        ("0", "00"),
        ("127", "7f"),
        ("128", "cc80"),
        ("256", "cd0100"),
        ("65536", "ce00010000"),
        ("4294967296", "cf0000000100000000"),
        ("9223372036854775807", "cf7fffffffffffffff"),
        ("-1", "ff"),
        ("-32", "e0"),
        ("-33", "d0df"),
        ("0.5", "cb3fe0000000000000"),
        ("0.1", "a3302e31"),
        ("3.14", "a4332e3134"),
        ("9223372036854775808", "b339323233333732303336383534373735383038"),
    ] {
        let ty = Shape::Type(&Type::Number);
        assert_eq!(encode(ty, &number(text)).unwrap(), hex(bytes), "{text}");
        assert_eq!(decode(ty, &hex(bytes)).unwrap(), number(text), "{text}");
    }
    // What core may send although it would not be written so.
    assert_eq!(
        decode(Shape::Type(&Type::Number), &hex("cb3ff0000000000000")).unwrap(),
        number("1")
    );
    assert_eq!(decode(Shape::Type(&Type::Number), &hex("ca3f000000")).unwrap(), number("0.5"));
}

#[test]
fn an_extension_of_any_kind_is_unknown() {
    for bytes in
        ["d40000", "c7030c8101c2", "c7070c8202c201a26162", "c7050c8205010603", "d5 0c 81 01"]
    {
        assert_eq!(
            decode(Shape::Type(&Type::String), &hex(bytes)).unwrap(),
            Value::Unknown,
            "{bytes}"
        );
    }
    assert_eq!(encode(Shape::Type(&Type::String), &Value::Unknown).unwrap(), hex("d40000"));
}

#[test]
fn a_dynamic_value_carries_its_type() {
    let dynamic = |ty: Type, value: Value| Value::Dynamic(Box::new(Dynamic { ty, value }));
    let shape = Shape::Type(&Type::Dynamic);
    for (value, bytes) in [
        (dynamic(Type::String, "x".into()), "92 c408 22737472696e6722 a178"),
        (dynamic(Type::String, Value::Null), "92 c408 22737472696e6722 c0"),
        (dynamic(Type::String, Value::Unknown), "92 c408 22737472696e6722 d40000"),
        (Value::Unknown, "d40000"),
        (Value::Null, "c0"),
    ] {
        assert_eq!(encode(shape, &value).unwrap(), hex(bytes));
        assert_eq!(decode(shape, &hex(bytes)).unwrap(), value);
    }
}

#[test]
fn no_bytes_are_null() {
    assert_eq!(decode(Shape::Type(&Type::String), &[]).unwrap(), Value::Null);
}

fn attributes() -> Vec<Attribute> {
    let plain = |name, ty| Attribute::new(name, "", Kind::Plain(ty));
    let mut a = plain("a", Type::String);
    a.presence = Presence::Required;
    let inner = vec![plain("x", Type::Bool), plain("y", Type::Number.list())];
    vec![a, Attribute::new("b", "", Kind::Nested(Nesting::List, inner))]
}

#[test]
fn an_object_has_every_attribute_in_order() {
    let element = Value::from_iter([("x".to_owned(), true.into()), ("y".to_owned(), Value::Null)]);
    let value = Value::from_iter([
        ("a".to_owned(), "s".into()),
        ("b".to_owned(), Value::List(vec![element])),
    ]);
    let bytes = hex("82 a161 a173 a162 91 82 a178 c3 a179 c0");
    assert_eq!(encode(Shape::Object(&attributes()), &value).unwrap(), bytes);
    assert_eq!(decode(Shape::Object(&attributes()), &bytes).unwrap(), value);
}

#[test]
fn what_is_not_of_the_shape_is_refused() {
    let attributes = attributes();
    for (bytes, why) in [
        ("81 a161 a173", "lacks attributes"),
        ("83 a161 a173 a162 c0 a163 c0", "does not have"),
        ("82 a161 01 a162 c0", "text was expected"),
        ("82 a161 a173 a162 c0 c0", "more bytes"),
        ("82 a161 a9", "fewer bytes"),
        ("df ffffffff", "fewer bytes"),
    ] {
        let error = decode(Shape::Object(&attributes), &hex(bytes)).unwrap_err();
        assert!(error.message().contains(why), "{bytes}: {error}");
    }
    // A claim of four billion elements costs nothing.
    let list = Type::String.list();
    assert!(decode(Shape::Type(&list), &hex("dd ffffffff a161")).is_err());
    let mut deep = Vec::new();
    for _ in 0..100_000 {
        deep.extend(hex("92 c409 2264796e616d696322"));
    }
    assert!(decode(Shape::Type(&Type::Dynamic), &deep).is_err());
}

/// Any type with any value of it.
fn typed() -> impl Strategy<Value = (Type, Value)> {
    let leaf = prop_oneof![
        ".{0,40}".prop_map(|text| (Type::String, Value::String(text))),
        any::<bool>().prop_map(|value| (Type::Bool, Value::Bool(value))),
        any::<i64>().prop_map(|int| (Type::Number, int.into())),
        any::<f64>()
            .prop_filter_map("finite", Number::from_f64)
            .prop_map(|number| (Type::Number, Value::Number(number))),
        Just((Type::String, Value::Null)),
        Just((Type::Number, Value::Unknown)),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(|values| {
                let (types, values) = values.into_iter().unzip();
                (Type::Tuple(types), Value::List(values))
            }),
            (inner.clone(), 0..5usize)
                .prop_map(|((ty, value), count)| { (ty.list(), Value::List(vec![value; count])) }),
            (inner.clone(), proptest::collection::btree_set("[a-z]{0,5}", 0..4)).prop_map(
                |((ty, value), keys)| {
                    let value = keys.into_iter().map(|key| (key, value.clone())).collect();
                    (ty.map(), value)
                }
            ),
            proptest::collection::btree_map("[a-z]{1,5}", inner.clone(), 0..5).prop_map(
                |attributes| {
                    let types: BTreeMap<_, _> =
                        attributes.iter().map(|(k, (ty, _))| (k.clone(), ty.clone())).collect();
                    let value = attributes.into_iter().map(|(k, (_, v))| (k, v)).collect();
                    (Type::Object(types), value)
                }
            ),
            inner.prop_map(|(ty, value)| {
                (Type::Dynamic, Value::Dynamic(Box::new(Dynamic { ty, value })))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_survives_the_wire((ty, value) in typed()) {
        let bytes = encode(Shape::Type(&ty), &value).unwrap();
        prop_assert_eq!(decode(Shape::Type(&ty), &bytes).unwrap(), value);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let attributes = attributes();
        let _ = decode(Shape::Object(&attributes), &bytes);
        let _ = decode(Shape::Type(&Type::Dynamic), &bytes);
    }
}
