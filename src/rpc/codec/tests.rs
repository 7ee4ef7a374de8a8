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

/// Both ways: a value and the bytes that it is written as.
#[track_caller]
fn is_written_as(ty: &Type, value: &Value, bytes: &str) {
    let (shape, bytes) = (Shape::Type(ty), hex(bytes));
    assert_eq!(encode(shape, value).unwrap(), bytes, "{value:?}");
    assert_eq!(decode(shape, &bytes).unwrap(), *value, "{bytes:x?}");
}

/// Bytes that core may send, although it or we would write the value otherwise.
#[track_caller]
fn is_read_as(ty: &Type, bytes: &str, value: &Value) {
    assert_eq!(decode(Shape::Type(ty), &hex(bytes)).unwrap(), *value, "{bytes}");
}

/// A type of every kind.
fn types() -> Vec<Type> {
    let object = Type::Object([("a".to_owned(), Type::String)].into());
    let tuple = Type::Tuple(vec![Type::Bool, Type::Number]);
    let set = Type::Set(Box::new(Type::String));
    let (list, map) = (Type::String.list(), Type::Number.map());
    vec![Type::String, Type::Number, Type::Bool, list, set, map, tuple, object, Type::Dynamic]
}

#[test]
fn null_and_unknown_are_written_the_same_for_every_type() {
    for ty in types() {
        is_written_as(&ty, &Value::Null, "c0");
        is_written_as(&ty, &Value::Unknown, "d40000");
    }
}

#[test]
fn an_extension_of_any_kind_is_unknown_whatever_the_type() {
    let longest = format!("c80400 0c {}", "c0".repeat(1024));
    for bytes in [
        // Not null; and with a prefix; a number from 1 to 5; of 1 to 3 elements.
        "c7030c8101c2",
        "c7070c8202c201a26162",
        "c7090c82039201c3049205c3",
        "c7050c8205010603",
        // Other extensions, of the lengths that are unknown values by definition.
        "d40500",
        "d47f01",
        "c70000",
        "c70005",
        // The other ways to write a length.
        "d50c8101",
        "d60c8101c2c2",
        "c800030c8101c2",
        "c9000000030c8101c2",
        &longest,
    ] {
        for ty in types() {
            is_read_as(&ty, bytes, &Value::Unknown);
        }
    }
}

#[test]
fn truth_values_are_one_byte() {
    is_written_as(&Type::Bool, &false.into(), "c2");
    is_written_as(&Type::Bool, &true.into(), "c3");
}

#[test]
fn numbers_take_the_smallest_form_that_is_exact() {
    let googol = format!("d965 31 {}", "30".repeat(100));
    for (text, bytes) in [
        ("0", "00"),
        ("127", "7f"),
        ("128", "cc80"),
        ("255", "ccff"),
        ("256", "cd0100"),
        ("65535", "cdffff"),
        ("65536", "ce00010000"),
        ("4294967295", "ceffffffff"),
        ("4294967296", "cf0000000100000000"),
        ("9223372036854775807", "cf7fffffffffffffff"),
        ("-1", "ff"),
        ("-32", "e0"),
        ("-33", "d0df"),
        ("-128", "d080"),
        ("-129", "d1ff7f"),
        ("-32769", "d2ffff7fff"),
        ("-2147483649", "d3ffffffff7fffffff"),
        ("-9223372036854775808", "d38000000000000000"),
        ("0.5", "cb3fe0000000000000"),
        ("-1.25", "cbbff4000000000000"),
        ("0.1", "a3302e31"),
        ("3.14", "a4332e3134"),
        ("9223372036854775808", "b339323233333732303336383534373735383038"),
        ("18446744073709551615", "b43138343436373434303733373039353531363135"),
        ("1e100", &googol),
    ] {
        is_written_as(&Type::Number, &number(text), bytes);
    }
    // Floats for whole numbers, single precision, and text for what needs none.
    for (bytes, text) in [
        ("cb3ff0000000000000", "1"),
        ("ca3f000000", "0.5"),
        ("a131", "1"),
        ("a3312e30", "1"),
        ("cc01", "1"),
        ("d3ffffffffffffffff", "-1"),
        ("cfffffffffffffffff", "18446744073709551615"),
    ] {
        is_read_as(&Type::Number, bytes, &number(text));
    }
}

#[test]
fn text_is_utf_8_with_the_shortest_length() {
    let long = |header: &str, length: usize| format!("{header} {}", "61".repeat(length));
    for (length, header) in
        [(31, "bf"), (32, "d920"), (255, "d9ff"), (256, "da0100"), (65536, "db00010000")]
    {
        let text = "a".repeat(length);
        is_written_as(&Type::String, &text.as_str().into(), &long(header, length));
    }
    for (text, bytes) in [("", "a0"), ("x", "a178"), ("\u{e9}", "a2c3a9"), ("\0", "a100")] {
        is_written_as(&Type::String, &text.into(), bytes);
    }
    // Binary is as good, and a longer length.
    for bytes in ["c40178", "c5000178", "c60000000178", "d90178", "da000178", "db0000000178"] {
        is_read_as(&Type::String, bytes, &"x".into());
    }
}

#[test]
fn collections_are_arrays_and_maps() {
    let list = |values: &[&str]| values.iter().map(|text| Value::from(*text)).collect::<Value>();
    let (strings, set) = (Type::String.list(), Type::Set(Box::new(Type::String)));
    is_written_as(&strings, &list(&[]), "90");
    is_written_as(&strings, &list(&["b", "a"]), "92 a162 a161");
    is_written_as(&strings, &list(&["x"; 16]), &format!("dc0010 {}", "a178".repeat(16)));
    // The elements of a set are sorted, and come in any order.
    is_written_as(&set, &list(&["a", "b"]), "92 a161 a162");
    is_read_as(&set, "92 a162 a161", &list(&["a", "b"]));

    let tuple = Type::Tuple(vec![Type::String, Type::Bool]);
    is_written_as(&tuple, &Value::List(vec!["x".into(), true.into()]), "92 a178 c3");

    let map = |keys: &[&str]| -> Value {
        keys.iter().map(|key| ((*key).to_owned(), number("1"))).collect()
    };
    let numbers = Type::Number.map();
    is_written_as(&numbers, &map(&[]), "80");
    is_written_as(&numbers, &map(&["a", "b"]), "82 a161 01 a162 01");
    is_read_as(&numbers, "82 a162 01 a161 01", &map(&["a", "b"]));
    let many: Vec<_> = ('a'..='p').map(String::from).collect();
    let many = map(&many.iter().map(String::as_str).collect::<Vec<_>>());
    let entries: Vec<_> = (0x61..=0x70).map(|letter| format!("a1{letter:x}01")).collect();
    is_written_as(&numbers, &many, &format!("de0010 {}", entries.concat()));
}

#[test]
fn an_object_of_a_type_has_every_attribute() {
    let ty = Type::Object([("a".to_owned(), Type::String), ("b".to_owned(), Type::Number)].into());
    let value = Value::from_iter([("a".to_owned(), Value::Null), ("b".to_owned(), number("1"))]);
    is_written_as(&ty, &value, "82 a161 c0 a162 01");
    is_read_as(&ty, "82 a162 01 a161 c0", &value);
    for (bytes, why) in [("81 a162 01", "lacks"), ("83 a161 c0 a162 01 a163 c0", "does not have")] {
        let error = decode(Shape::Type(&ty), &hex(bytes)).unwrap_err();
        assert!(error.message().contains(why), "{bytes}: {error}");
    }
}

#[test]
fn a_dynamic_value_carries_its_type() {
    let dynamic = |ty: Type, value: Value| Value::Dynamic(Box::new(Dynamic { ty, value }));
    for (value, bytes) in [
        (dynamic(Type::String, "x".into()), "92 c408 22737472696e6722 a178"),
        (dynamic(Type::String, Value::Null), "92 c408 22737472696e6722 c0"),
        (dynamic(Type::String, Value::Unknown), "92 c408 22737472696e6722 d40000"),
        (Value::Unknown, "d40000"),
        (Value::Null, "c0"),
    ] {
        is_written_as(&Type::Dynamic, &value, bytes);
    }
    let refined = "92 c408 22737472696e6722 c7030c8101c2";
    is_read_as(&Type::Dynamic, refined, &dynamic(Type::String, Value::Unknown));
}

#[test]
fn no_bytes_are_null() {
    for ty in types() {
        assert_eq!(decode(Shape::Type(&ty), &[]).unwrap(), Value::Null);
    }
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
        ("82 a161 c3 a162 c0", "text was expected"),
        ("82 a161 90 a162 c0", "text was expected"),
        ("82 a161 a1ff a162 c0", "not UTF-8"),
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
