//! Values as bytes and in the state file.

use serde_json::json;

use super::super::value::{decode, encode, literal, to_json};
use super::super::{Ty, UNKNOWN};
use super::{block, named, value, with};

#[test]
fn the_bytes_are_those_of_core() {
    let list = |ty: Ty| Ty::List(Box::new(ty));
    for (ty, json, bytes) in [
        (Ty::String, json!(null), "c0"),
        (Ty::String, json!("x"), "a178"),
        (Ty::String, json!(UNKNOWN), "c7030c8101c2"),
        (Ty::Number, json!(UNKNOWN), "d40000"),
        (Ty::Number, json!(128), "cc80"),
        (Ty::Number, json!(-33), "d0df"),
        (Ty::Number, json!(0.5), "cb3fe0000000000000"),
        (Ty::Number, json!(0.1), "a3302e31"),
        (list(Ty::Bool), json!([true, false]), "92c3c2"),
        (Ty::Dynamic, json!("x"), "92c40822737472696e6722a178"),
        (Ty::Dynamic, json!(UNKNOWN), "d40000"),
    ] {
        let value = literal(&ty, &json);
        let encoded = encode(&ty, &value);
        let hex: Vec<_> = encoded.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex.concat(), bytes, "{json}");
        assert_eq!(decode(&ty, &encoded), Ok(value));
    }
}

#[test]
fn what_core_cannot_decode_is_caught() {
    let object = Ty::Object(named([("a", Ty::String), ("b", Ty::Bool)]));
    for (ty, bytes) in [
        (&Ty::String, &[0x01][..]),
        (&Ty::Bool, &[0xa1, 0x78]),
        (&Ty::Number, &[0xc3]),
        (&Ty::String, &[0xc0, 0xc0]),
        (&object, &[0x81, 0xa1, b'a', 0xc0]),
        (&object, &[0x82, 0xa1, b'a', 0xc0, 0xa1, b'c', 0xc0]),
        (&object, &[0x82, 0xa1, b'a', 0xc0, 0xa1, b'a', 0xc0]),
        (&Ty::Dynamic, &[0xa1, 0x78]),
    ] {
        assert!(decode(ty, bytes).is_err(), "{bytes:x?}");
    }
}

#[test]
fn the_state_file_has_values_in_their_natural_form() {
    let ty = block().ty();
    let json = with(&json!({"any": {"a": [1, null]}, "set": [{"key": "k"}], "labels": {"x": "y"}}));
    let stored = to_json(&ty, &value(&json));
    let any = json!({
        "value": {"a": [1, null]},
        "type": ["object", {"a": ["tuple", ["number", "dynamic"]]}],
    });
    assert_eq!(stored["any"], any);
    assert_eq!(stored["set"][0]["key"], "k");
    assert_eq!(stored["rule"], json!([]));
    assert_eq!(stored["note"], json!(null));
}
