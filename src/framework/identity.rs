//! Which object of the outside world a resource is: identity and import.

use super::error::{Error, Result};
use super::schema::Attribute;
use super::ty::Type;
use super::value::{Object, Value};

/// One attribute of the identity of a type of resource.
#[derive(Clone, Debug)]
pub struct IdentityAttribute {
    /// Its name, the same as in the configuration.
    pub name: &'static str,
    /// Its type: text, a number or a truth value.
    pub ty: Type,
    /// What it is.
    pub description: &'static str,
    /// An import can do without it.
    pub optional: bool,
}

/// The identity that follows from the attributes marked as such.
pub fn identity_schema(attributes: &[Attribute]) -> Vec<IdentityAttribute> {
    attributes
        .iter()
        .filter(|attr| attr.identity)
        .map(|attr| IdentityAttribute {
            name: attr.name,
            ty: attr.ty(),
            description: attr.description,
            optional: attr.default.is_some(),
        })
        .collect()
}

/// The identity of an object in that state; null while a part is not known.
pub fn identity_of(attributes: &[Attribute], state: &Value) -> Value {
    let parts = attributes.iter().filter(|attr| attr.identity);
    let identity: Object =
        parts.map(|attr| (attr.name.to_owned(), state.get(attr.name).clone())).collect();
    if identity.is_empty() || identity.values().any(|part| part.is_null() || part.is_unknown()) {
        return Value::Null;
    }
    Value::Object(identity)
}

/// What an import is given.
#[derive(Clone, Debug)]
pub enum ImportId {
    /// The text of `tofu import ADDRESS ID` or an import block's `id`.
    Text(String),
    /// An import block's `identity`.
    Identity(Object),
}

/// How the text of an import is written, such as `{cluster_name},{principal_arn}`.
///
/// Names in braces are attributes; the text between them stands for itself. The
/// last attribute takes the rest, so it may hold the separators.
#[derive(Clone, Copy, Debug)]
pub struct ImportFormat(pub &'static str);

impl ImportFormat {
    /// The attributes that the import names.
    ///
    /// # Errors
    /// When the text does not have that form; the error says what the form is.
    pub fn parse(self, id: &str) -> Result<Object> {
        self.scan(id).ok_or_else(|| {
            Error::invalid(format!("the import id {id:?} does not have the form {:?}", self.form()))
                .advise(format!("Write the id as {:?}, without the brackets.", self.form()))
        })
    }

    /// The form as it is shown to users: `<cluster_name>,<principal_arn>`.
    pub fn form(self) -> String {
        self.0.replace('{', "<").replace('}', ">")
    }

    /// The text that imports an object in that state.
    pub fn render(self, state: &Value) -> Option<String> {
        let mut text = String::new();
        for (name, separator) in self.parts() {
            text.push_str(state.get(name).as_str()?);
            text.push_str(separator);
        }
        Some(text)
    }

    fn scan(self, id: &str) -> Option<Object> {
        let mut rest = id;
        let mut found = Object::new();
        for (name, separator) in self.parts() {
            let value = if separator.is_empty() {
                std::mem::take(&mut rest)
            } else {
                let (value, after) = rest.split_once(separator)?;
                rest = after;
                value
            };
            if value.is_empty() {
                return None;
            }
            found.insert(name.to_owned(), value.into());
        }
        rest.is_empty().then_some(found)
    }

    /// Each attribute with the text that follows it.
    fn parts(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.split('{').skip(1).filter_map(|part| part.split_once('}'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: ImportFormat = ImportFormat("{cluster_name},{principal_arn}");

    #[test]
    fn an_import_id_is_taken_apart_and_put_together() {
        let id = "main,arn:aws:iam::1:role/a,b";
        let found = FORMAT.parse(id).unwrap();
        assert_eq!(found["cluster_name"], "main".into());
        assert_eq!(found["principal_arn"], "arn:aws:iam::1:role/a,b".into());
        assert_eq!(FORMAT.render(&Value::Object(found)).as_deref(), Some(id));
    }

    #[test]
    fn a_wrong_import_id_is_told_the_form() {
        for id in ["", "main", "main,", ",x"] {
            let error = FORMAT.parse(id).unwrap_err();
            assert!(error.message().contains("<cluster_name>,<principal_arn>"), "{error}");
        }
    }
}
