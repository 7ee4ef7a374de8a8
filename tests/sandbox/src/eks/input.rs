//! Reading a request: members of the path, of the query and of the JSON body.
//!
//! The texts follow the validation messages that AWS services generate from their models
//! ("1 validation error detected: …"); a value of the wrong JSON type is a `SerializationException`,
//! as in every rest-json service.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    error::{ApiError, ErrorKind},
    operation::Operation,
};

/// One request to an operation.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    /// Members of the path, percent-decoded, by the names in the route.
    pub(crate) path: BTreeMap<String, String>,
    /// Members of the query in order; a list is a repeated key.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Map<String, Value>,
}

impl Call {
    /// A member of the path. The router has matched the route, so it is there.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The cluster that the path names.
    pub(crate) fn cluster(&self) -> &str {
        self.path("name")
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        let found = pairs.find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn query_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let matching = self.query.iter().filter(move |(key, _)| key == name);
        matching.map(|(_, value)| value.as_str())
    }

    pub(crate) fn input(&self) -> Input<'_> {
        Input { path: String::new(), members: &self.body }
    }
}

/// A structure of the request's body.
#[derive(Clone, Debug)]
pub(crate) struct Input<'a> {
    /// Where the structure is, for messages: empty at the top, else `configuration.argoCd.` and so on.
    path: String,
    members: &'a Map<String, Value>,
}

impl<'a> Input<'a> {
    /// The member's value; JSON null is the same as absent.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// The error for a required member that is not there.
    pub(crate) fn missing(&self, name: &str) -> ApiError {
        ApiError::invalid_parameter(format!(
            "1 validation error detected: Value null at '{}{name}' failed to satisfy constraint: \
             Member must not be null",
            self.path
        ))
    }

    fn wrong_type(&self, name: &str, expected: &str) -> ApiError {
        let message = format!("{}{name} must be a {expected}", self.path);
        ApiError::new(ErrorKind::SerializationException, message)
    }

    /// A violated constraint of a member's value.
    pub(crate) fn violation(&self, name: &str, value: &str, constraint: &str) -> ApiError {
        ApiError::invalid_parameter(format!(
            "1 validation error detected: Value '{value}' at '{}{name}' failed to satisfy \
             constraint: {constraint}",
            self.path
        ))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn string(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = value.as_str();
        text.map(Some).ok_or_else(|| self.wrong_type(name, "string"))
    }

    /// A string that must be there and not be empty.
    pub(crate) fn required_string(&self, name: &str) -> Result<&'a str, ApiError> {
        match self.string(name)? {
            None => Err(self.missing(name)),
            Some("") => {
                Err(self.violation(name, "", "Member must have length greater than or equal to 1"))
            }
            Some(text) => Ok(text),
        }
    }

    /// A string out of the given set.
    pub(crate) fn choice(&self, name: &str, set: &[&str]) -> Result<Option<&'a str>, ApiError> {
        match self.string(name)? {
            Some(text) if !set.contains(&text) => {
                let set = set.join(", ");
                let constraint = format!("Member must satisfy enum value set: [{set}]");
                Err(self.violation(name, text, &constraint))
            }
            other => Ok(other),
        }
    }

    pub(crate) fn required_choice(&self, name: &str, set: &[&str]) -> Result<&'a str, ApiError> {
        self.choice(name, set)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let flag = value.as_bool();
        flag.map(Some).ok_or_else(|| self.wrong_type(name, "boolean"))
    }

    pub(crate) fn structure(&self, name: &str) -> Result<Option<Input<'a>>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let members = value.as_object().ok_or_else(|| self.wrong_type(name, "structure"))?;
        let path = format!("{}{name}.", self.path);
        Ok(Some(Input { path, members }))
    }

    pub(crate) fn required_structure(&self, name: &str) -> Result<Input<'a>, ApiError> {
        self.structure(name)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn structures(&self, name: &str) -> Result<Option<Vec<Input<'a>>>, ApiError> {
        let Some(items) = self.list(name)? else {
            return Ok(None);
        };
        let mut structures = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let members =
                item.as_object().ok_or_else(|| self.wrong_type(name, "list of structures"))?;
            let path = format!("{}{name}.{}.member.", self.path, index + 1);
            structures.push(Input { path, members });
        }
        Ok(Some(structures))
    }

    pub(crate) fn required_structures(&self, name: &str) -> Result<Vec<Input<'a>>, ApiError> {
        self.structures(name)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn strings(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let Some(items) = self.list(name)? else {
            return Ok(None);
        };
        let texts: Option<Vec<String>> =
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        texts.map(Some).ok_or_else(|| self.wrong_type(name, "list of strings"))
    }

    pub(crate) fn string_map(
        &self,
        name: &str,
    ) -> Result<Option<BTreeMap<String, String>>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let wrong = || self.wrong_type(name, "map of strings");
        let members = value.as_object().ok_or_else(wrong)?;
        let mut map = BTreeMap::new();
        for (key, value) in members {
            let value = value.as_str().ok_or_else(wrong)?;
            map.insert(key.clone(), value.to_owned());
        }
        Ok(Some(map))
    }

    fn list(&self, name: &str) -> Result<Option<&'a Vec<Value>>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let items = value.as_array();
        items.map(Some).ok_or_else(|| self.wrong_type(name, "list"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with_input<T>(body: &Value, check: impl FnOnce(Input<'_>) -> T) -> T {
        check(Input { path: String::new(), members: body.as_object().unwrap() })
    }

    #[test]
    fn a_missing_member_and_a_null_one_are_the_same_error() {
        for body in [json!({}), json!({ "roleArn": null })] {
            let error = with_input(&body, |input| input.required_string("roleArn").unwrap_err());
            assert_eq!(error.kind, ErrorKind::InvalidParameterException);
            assert!(error.message.contains("at 'roleArn'"), "{}", error.message);
        }
    }

    #[test]
    fn a_nested_member_is_named_by_its_whole_path() {
        let body = json!({ "configuration": { "argoCd": { "awsIdc": {} } } });
        let error = with_input(&body, |input| {
            let configuration = input.required_structure("configuration").unwrap();
            let argo_cd = configuration.required_structure("argoCd").unwrap();
            let idc = argo_cd.required_structure("awsIdc").unwrap();
            idc.required_string("idcInstanceArn").unwrap_err()
        });
        let path = "'configuration.argoCd.awsIdc.idcInstanceArn'";
        assert!(error.message.contains(path), "{}", error.message);
    }

    #[test]
    fn a_value_outside_the_set_is_told_the_set() {
        let body = json!({ "type": "FLUX" });
        let error =
            with_input(&body, |input| input.required_choice("type", &["ACK", "KRO"]).unwrap_err());
        assert!(error.message.contains("Value 'FLUX' at 'type'"));
        assert!(error.message.ends_with("enum value set: [ACK, KRO]"));
    }

    #[test]
    fn a_value_of_the_wrong_json_type_is_a_serialization_error() {
        let body = json!({ "a": 1, "b": ["x", 2], "c": { "k": 3 }, "d": "yes", "e": [[]] });
        with_input(&body, |input| {
            let kinds = [
                input.string("a").unwrap_err().kind,
                input.strings("b").unwrap_err().kind,
                input.string_map("c").unwrap_err().kind,
                input.boolean("d").unwrap_err().kind,
                input.structures("e").unwrap_err().kind,
                input.structure("d").unwrap_err().kind,
            ];
            assert_eq!(kinds, [ErrorKind::SerializationException; 6]);
        });
    }
}
