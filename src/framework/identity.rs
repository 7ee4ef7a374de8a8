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
            optional: attr.default.is_some() || attr.identity_optional,
        })
        .collect()
}

/// The identity of an object in that state; null while a part is not known.
pub fn identity_of(attributes: &[Attribute], state: &Value) -> Value {
    let mut identity = Object::new();
    for attr in attributes.iter().filter(|attr| attr.identity) {
        let part = state.get(attr.name);
        if part.is_unknown() || (part.is_null() && !attr.identity_optional) {
            return Value::Null;
        }
        identity.insert(attr.name.to_owned(), part.clone());
    }
    if identity.is_empty() { Value::Null } else { Value::Object(identity) }
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
/// Names in braces are attributes; the text between them stands for itself, and
/// what is in brackets may be left out. The last attribute takes the rest, so it
/// may hold the separators.
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
        self.alternatives().iter().find_map(|form| {
            let (start, parts) = parts(form);
            let mut text = start.to_owned();
            for (name, separator) in parts {
                text.push_str(state.get(name).as_str()?);
                text.push_str(separator);
            }
            Some(text)
        })
    }

    fn scan(self, id: &str) -> Option<Object> {
        let mut forms = self.alternatives().into_iter();
        forms.find_map(|form| scan(&form, id)).filter(|found| {
            // What is written of a part that may be left out is not taken for one of the others.
            let optional = self.optional();
            optional.is_none_or(|(label, name)| found.contains_key(name) || !id.contains(label))
        })
    }

    /// The text before the attribute that may be left out, and its name.
    fn optional(self) -> Option<(&'static str, &'static str)> {
        let (_, optional) = self.0.split_once('[')?;
        let (label, name) = optional.split_once('{')?;
        Some((label, name.split_once('}')?.0))
    }

    /// The form with what may be left out, and the one without it.
    fn alternatives(self) -> Vec<String> {
        match self.0.split_once('[').zip(self.0.split_once(']')) {
            Some(((before, _), (_, after))) => {
                vec![self.0.replace(['[', ']'], ""), format!("{before}{after}")]
            }
            None => vec![self.0.to_owned()],
        }
    }
}

/// The attributes that a text of that form names.
fn scan(form: &str, id: &str) -> Option<Object> {
    let (start, parts) = parts(form);
    let mut rest = id.strip_prefix(start)?;
    let mut found = Object::new();
    for (name, separator) in parts {
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

/// The text that a form begins with, and each attribute with the text that follows it.
fn parts(form: &str) -> (&str, impl Iterator<Item = (&str, &str)>) {
    let mut parts = form.split('{');
    let start = parts.next().unwrap_or_default();
    (start, parts.filter_map(|part| part.split_once('}')))
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
    fn what_is_in_brackets_may_be_left_out() {
        let format = ImportFormat("kind={kind},[namespace={namespace},]name={name}");
        for (id, parts) in [
            ("kind=A,namespace=b,name=c", &[("kind", "A"), ("name", "c"), ("namespace", "b")][..]),
            ("kind=A,name=c,d", &[("kind", "A"), ("name", "c,d")]),
        ] {
            let found = format.parse(id).unwrap();
            let expected: Object =
                parts.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            assert_eq!(found, expected);
            assert_eq!(format.render(&Value::Object(found)).as_deref(), Some(id));
        }
        for id in ["A,b,c", "kind=A,namespace=b", "kind=A,namespace=,name=c", "name=c"] {
            let error = format.parse(id).unwrap_err();
            assert!(error.message().contains("kind=<kind>,[namespace=<namespace>,]"), "{error}");
        }
    }

    #[test]
    fn a_wrong_import_id_is_told_the_form() {
        for id in ["", "main", "main,", ",x"] {
            let error = FORMAT.parse(id).unwrap_err();
            assert!(error.message().contains("<cluster_name>,<principal_arn>"), "{error}");
        }
    }
}
