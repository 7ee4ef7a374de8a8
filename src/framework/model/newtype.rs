//! Values that are kept as one type and treated as another.

/// Lets an attribute hold a newtype: it is kept as what is in it, and `tune` says what is different,
/// such as a check, or how it is sent.
macro_rules! newtype {
    ($outer:ident($inner:ty), $tune:expr) => {
        impl $crate::framework::AttrValue for $outer {
            fn kind() -> $crate::framework::schema::Kind {
                <$inner as $crate::framework::AttrValue>::kind()
            }

            fn from_known(value: $crate::framework::Value) -> $crate::framework::Result<Self> {
                <$inner as $crate::framework::AttrValue>::from_known(value).map(Self)
            }

            fn into_value(self) -> $crate::framework::Value {
                $crate::framework::AttrValue::into_value(self.0)
            }

            fn tune(attribute: &mut $crate::framework::Attribute) {
                let tune: fn(&mut $crate::framework::Attribute) = $tune;
                <$inner as $crate::framework::AttrValue>::tune(attribute);
                tune(attribute);
            }
        }
    };
}

pub(crate) use newtype;
