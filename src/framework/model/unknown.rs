//! Lists with something in them that is known only after apply.

use super::AttrValue;
use crate::framework::schema::Kind;
use crate::framework::value::Value;

/// Whether a list of `T` cannot say what of it is unknown: an element, or a part of one that is a
/// collection of plain values itself.
pub(super) fn hides<T: AttrValue>(elements: &[Value]) -> bool {
    elements.iter().any(Value::is_unknown)
        || (!elements.iter().all(Value::is_wholly_known)
            && matches!(T::kind(), Kind::Plain(ty) if !ty.has_dynamic()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::framework::Attr;

    #[test]
    fn a_list_of_maps_with_an_unknown_in_one_of_them_is_unknown() {
        let map = |value: Value| Value::from_iter([("a".to_owned(), value)]);
        let list = |value: Value| Value::List(vec![map("x".into()), map(value)]);
        let read = |value| Attr::<Vec<BTreeMap<String, String>>>::from_value(value).unwrap();
        assert_eq!(read(list(Value::Unknown)), Attr::Unknown);
        assert_eq!(read(list("y".into())).known().map(Vec::len), Some(2));
    }
}
