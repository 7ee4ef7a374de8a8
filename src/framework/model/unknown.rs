//! Collections with something in them that is known only after apply.

use super::AttrValue;
use crate::framework::schema::{Kind, Nesting};
use crate::framework::value::Value;

/// Whether a value of `T` is a collection that cannot say what of it is unknown: an element, or a part
/// of one that is a collection of plain values itself.
pub(super) fn hides<T: AttrValue>(value: &Value) -> bool {
    match value {
        Value::List(elements) if elements.iter().any(Value::is_unknown) => true,
        Value::Object(elements) if elements.values().any(Value::is_unknown) => {
            !matches!(T::kind(), Kind::Nested(Nesting::Single, _))
        }
        Value::List(_) | Value::Object(_) => {
            !value.is_wholly_known() && matches!(T::kind(), Kind::Plain(ty) if !ty.has_dynamic())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::framework::{Attr, Set};

    #[test]
    fn a_list_of_maps_with_an_unknown_in_one_of_them_is_unknown() {
        let map = |value: Value| Value::from_iter([("a".to_owned(), value)]);
        let list = |value: Value| Value::List(vec![map("x".into()), map(value)]);
        let read = |value| Attr::<Vec<BTreeMap<String, String>>>::from_value(value).unwrap();
        assert_eq!(read(list(Value::Unknown)), Attr::Unknown);
        assert_eq!(read(list("y".into())).known().map(Vec::len), Some(2));
    }

    #[test]
    fn a_map_of_sets_with_an_unknown_in_one_of_them_is_unknown() {
        let map = |value: Value| {
            let groups = Value::List(vec!["a".into(), value]);
            Value::from_iter([("groups".to_owned(), groups)])
        };
        let read = |value| Attr::<BTreeMap<String, Set<String>>>::from_value(value).unwrap();
        assert_eq!(read(map(Value::Unknown)), Attr::Unknown);
        assert_eq!(read(map("b".into())).known().map(BTreeMap::len), Some(1));
    }
}
