//! The calls about functions.

use std::collections::BTreeMap;

use super::codec::{Shape, decode, encode};
use super::{proto, schema};
use crate::framework::function::CallError;
use crate::framework::{Error, Registry, Result, Value};

/// Every function, by its name.
pub(super) fn definitions<P: Send + Sync + 'static>(
    registry: &Registry<P>,
) -> BTreeMap<String, proto::Function> {
    registry
        .functions()
        .map(|function| (function.name.to_owned(), schema::function(function)))
        .collect()
}

/// Calls a function.
pub(super) fn call<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    request: &proto::call_function::Request,
) -> Result<proto::call_function::Response> {
    let function = registry
        .get_function(&request.name)
        .ok_or_else(|| Error::bug(format!("the provider has no function {:?}", request.name)))?;
    let mut arguments = Vec::new();
    for (at, argument) in request.arguments.iter().enumerate() {
        // What is one too many is refused where the arguments are counted.
        let Some(parameter) = function.parameter(at) else {
            arguments.push(Value::Null);
            continue;
        };
        // OpenTofu leaves an argument empty that is null.
        match decode(Shape::Type(&parameter.ty), &argument.msgpack) {
            Ok(argument) => arguments.push(argument),
            Err(error) => {
                return Ok(refused(CallError { text: error.detail(), argument: Some(at) }));
            }
        }
    }
    match function.call(arguments) {
        Ok(result) => {
            let msgpack = encode(Shape::Type(&function.returns), &result)?;
            let result = Some(proto::DynamicValue { msgpack, json: Vec::new() });
            Ok(proto::call_function::Response { result, error: None })
        }
        Err(error) => Ok(refused(error)),
    }
}

fn refused(error: CallError) -> proto::call_function::Response {
    let argument = error.argument.and_then(|at| i64::try_from(at).ok());
    let error = proto::FunctionError { text: error.text, function_argument: argument };
    proto::call_function::Response { result: None, error: Some(error) }
}
