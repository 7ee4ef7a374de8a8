//! Functions: how they are described, and what core does with a call.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use terraform_provider_gitops::rpc::proto;
use tonic::Request;

use super::value::{self, literal, to_json};
use super::{Core, Service, Ty, Val, dynamic};

/// A function, as the provider describes it.
#[derive(Clone, Debug)]
pub(crate) struct FunctionType {
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) variadic: Option<Parameter>,
    pub(crate) returns: Ty,
    pub(crate) summary: String,
    pub(crate) description: String,
}

/// A parameter, or what each of the variadic arguments is.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) nullable: bool,
    pub(crate) unknowns: bool,
    pub(crate) description: String,
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Called {
    /// The result.
    Returned(Json),
    /// An argument is not known yet: core did not call, or the function cannot tell.
    Unknown,
    /// The function, or core before it, refused an argument, or the whole call.
    Refused { text: String, argument: Option<i64> },
}

impl FunctionType {
    /// Reads a description; what is wrong with it is added to `wrong`.
    pub(super) fn read(function: &proto::Function, at: &str, wrong: &mut Vec<String>) -> Self {
        let read: Vec<_> =
            function.parameters.iter().map(|one| Parameter::read(one, at, wrong)).collect();
        let variadic = function.variadic_parameter.as_ref();
        let variadic = variadic.map(|one| Parameter::read(one, at, wrong));
        let mut names: Vec<_> = read.iter().chain(&variadic).map(|one| &one.name).collect();
        names.sort();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            wrong.push(format!("{at}: two parameters have the same name"));
        }
        kind_is_known(function.description_kind, at, wrong);
        let returns = function.r#return.as_ref().map(|returns| Ty::read(&returns.r#type));
        let returns = returns.unwrap_or_else(|| Err("there is no return".into()));
        let returns = returns.unwrap_or_else(|error| {
            wrong.push(format!("{at}: {error}, and the host panics"));
            Ty::Dynamic
        });
        let (summary, description) = (function.summary.clone(), function.description.clone());
        Self { parameters: read, variadic, returns, summary, description }
    }
}

impl Parameter {
    fn read(parameter: &proto::function::Parameter, at: &str, wrong: &mut Vec<String>) -> Self {
        let at = format!("{at}({})", parameter.name);
        let identifier = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        if !identifier(&parameter.name) {
            wrong.push(format!("{at}: no name for a parameter"));
        }
        kind_is_known(parameter.description_kind, &at, wrong);
        let ty = Ty::read(&parameter.r#type).unwrap_or_else(|error| {
            wrong.push(format!("{at}: {error}, and the host panics"));
            Ty::Dynamic
        });
        Self {
            name: parameter.name.clone(),
            ty,
            nullable: parameter.allow_null_value,
            unknowns: parameter.allow_unknown_values,
            description: parameter.description.clone(),
        }
    }
}

fn kind_is_known(kind: i32, at: &str, wrong: &mut Vec<String>) {
    if proto::StringKind::try_from(kind).is_err() {
        wrong.push(format!("{at}: the kind of text {kind}, and the host panics"));
    }
}

impl<S: Service> Core<S> {
    /// Calls a function, as an expression does; no provider is configured for it.
    ///
    /// # Panics
    /// When the provider breaks a rule of core.
    pub(crate) async fn call(&self, name: &str, arguments: &[Json]) -> Called {
        let function = &self.functions[name];
        let refused = |text: &str, argument: usize| Called::Refused {
            text: text.to_owned(),
            argument: Some(i64::try_from(argument).expect("few arguments")),
        };
        let (mut sent, mut all_known) = (Vec::new(), true);
        for (at, argument) in arguments.iter().enumerate() {
            let parameter = function.parameters.get(at).or(function.variadic.as_ref());
            let Some(parameter) = parameter else { return refused("too many arguments", at) };
            let argument = literal(&parameter.ty, argument);
            match argument {
                Val::Null if !parameter.nullable => return refused("must not be null", at),
                // As OpenTofu does; Terraform sends a null.
                Val::Null => sent.push(proto::DynamicValue::default()),
                argument => {
                    let known = argument.is_wholly_known();
                    if !known && !parameter.unknowns {
                        return Called::Unknown;
                    }
                    all_known &= known;
                    sent.push(dynamic(&parameter.ty, &argument));
                }
            }
        }
        if sent.len() < function.parameters.len() {
            return refused("too few arguments", sent.len());
        }
        let given = i64::try_from(sent.len()).expect("few arguments");
        let request = proto::call_function::Request { name: name.to_owned(), arguments: sent };
        let answer = self.service.call_function(Request::new(request)).await;
        let answer = answer.expect("an answer").into_inner();
        if let Some(error) = answer.error {
            assert!(answer.result.is_none(), "{name} has a result beside an error");
            assert!(!error.text.is_empty(), "{name} says nothing");
            let argument = error.function_argument;
            assert!(argument.is_none_or(|at| (0..given).contains(&at)), "{name}: {argument:?}");
            return Called::Refused { text: error.text, argument };
        }
        let result = answer.result.expect("a result or an error");
        let result = value::decode(&function.returns, &result.msgpack).expect("of its type");
        assert!(result.is_wholly_known() || !all_known, "{name} returned {result:?}");
        if !result.is_wholly_known() {
            return Called::Unknown;
        }
        Called::Returned(to_json(&function.returns, &result))
    }
}

/// The functions of a schema.
pub(super) fn read(
    functions: &BTreeMap<String, proto::Function>,
    wrong: &mut Vec<String>,
) -> BTreeMap<String, FunctionType> {
    let read = |(name, function): (&String, &proto::Function)| {
        (name.clone(), FunctionType::read(function, name, wrong))
    };
    functions.iter().map(read).collect()
}
