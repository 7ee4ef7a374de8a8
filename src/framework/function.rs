//! Functions: pure, and callable before the provider is configured.
//!
//! The parameters of a function are the fields of a [`Model`], in their order;
//! its doc comments describe them and its checks are those of the arguments.

use std::fmt;

use super::diagnostics::{Diagnostics, Severity};
use super::error::{Error, Result};
use super::model::{AttrValue, Model};
use super::path::{Path, Step};
use super::schema::{Attribute, Presence};
use super::ty::Type;
use super::validate;
use super::value::{Object, Value};

/// A function, as configurations call it: `provider::gitops::NAME(…)`.
pub trait Function: Send + Sync + 'static {
    /// The parameters, one per field. Required ones are never null; what is
    /// optional may be `null`. The doc comment describes the function.
    type Parameters: Model;
    /// What the function returns.
    type Output: AttrValue;

    /// The name.
    const NAME: &'static str;
    /// What it does, in a few words.
    const SUMMARY: &'static str;
    /// What it returns, as the rest of a sentence: "Returns …".
    const RETURNS: &'static str;
    /// The last parameter, a list, takes all further arguments.
    const VARIADIC: bool = false;
    /// Arguments may be unknown, or have parts that are; so may the result then. Without it, core
    /// does not call before all is known, and takes the result as unknown until then.
    const UNKNOWNS: bool = false;

    /// Works it out. An error that is at a parameter is told as one of that argument.
    fn call(parameters: Self::Parameters) -> Result<Self::Output>;
}

/// A parameter, or what each of the variadic arguments is.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it means, in Markdown.
    pub description: &'static str,
    /// What it takes.
    pub ty: Type,
    /// Whether `null` is an argument for it.
    pub nullable: bool,
    /// Whether an argument may be unknown, or have parts that are.
    pub unknowns: bool,
}

/// A function, ready to be served.
#[derive(Clone)]
pub struct Callable {
    /// The name.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What it does and returns, in Markdown.
    pub description: String,
    /// The parameters that every call has arguments for.
    pub parameters: Vec<Parameter>,
    /// What all further arguments are; without it there are none.
    pub variadic: Option<Parameter>,
    /// What it returns.
    pub returns: Type,
    attributes: Vec<Attribute>,
    call: fn(Object) -> Result<Value>,
}

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The whole story.
    pub text: String,
    /// The argument that is to blame, counted from 0.
    pub argument: Option<usize>,
}

impl Callable {
    /// The function `F`.
    ///
    /// # Panics
    /// When its last parameter is to take all further arguments and is no list.
    pub fn of<F: Function>() -> Self {
        let attributes = F::Parameters::attributes();
        let mut parameters: Vec<_> =
            attributes.iter().map(|attr| Parameter::of(attr, F::UNKNOWNS)).collect();
        let variadic = F::VARIADIC.then(|| {
            let last = parameters.pop().map(|last| (last.ty.clone(), last));
            let Some((Type::List(element), last)) = last else {
                panic!("the last parameter of {} takes what follows, and is no list", F::NAME)
            };
            Parameter { ty: *element, nullable: false, ..last }
        });
        Self {
            name: F::NAME,
            summary: F::SUMMARY,
            description: format!("{}\n\nReturns {}", F::Parameters::DESCRIPTION, F::RETURNS),
            parameters,
            variadic,
            returns: Attribute::new("", "", F::Output::kind()).ty(),
            attributes,
            call: |mut arguments| {
                F::call(F::Parameters::take(&mut arguments)?).map(F::Output::into_value)
            },
        }
    }

    /// What the argument of that number is for.
    pub fn parameter(&self, argument: usize) -> Option<&Parameter> {
        self.parameters.get(argument).or(self.variadic.as_ref())
    }

    /// Calls it.
    ///
    /// # Errors
    /// When an argument breaks a rule, is null where it may not be, or is not
    /// known, which core sees to; or when the function says so.
    pub fn call(&self, arguments: Vec<Value>) -> Result<Value, CallError> {
        let given = arguments.len();
        if given < self.parameters.len()
            || self.parameter(given.saturating_sub(1)).is_none() && given > 0
        {
            let text = format!("{} was called with {given} arguments", self.name);
            return Err(self.blame(&Error::bug(text), given));
        }
        for (at, argument) in arguments.iter().enumerate() {
            let parameter = self.parameter(at);
            let nullable = parameter.is_some_and(|parameter| parameter.nullable);
            let unknowns = parameter.is_some_and(|parameter| parameter.unknowns);
            let text = match argument {
                argument if argument.is_null() && !nullable => "the argument must not be null",
                argument if !unknowns && !argument.is_wholly_known() => {
                    "the argument is not known yet"
                }
                _ => continue,
            };
            return Err(CallError { text: text.to_owned(), argument: Some(at) });
        }
        let arguments = self.named(arguments);
        let mut found = Diagnostics::default();
        let values = Value::Object(arguments.clone());
        validate::validate(&self.attributes, &values, &mut found);
        if let Some(broken) = found.iter().find(|found| found.severity == Severity::Error) {
            let argument = self.argument(&broken.path, given);
            return Err(CallError { text: broken.detail.clone(), argument });
        }
        (self.call)(arguments).map_err(|error| self.blame(&error, given))
    }

    /// The arguments by the names of their parameters.
    fn named(&self, arguments: Vec<Value>) -> Object {
        let mut arguments = arguments.into_iter();
        let mut object = Object::new();
        for (parameter, argument) in self.parameters.iter().zip(arguments.by_ref()) {
            object.insert(parameter.name.to_owned(), argument);
        }
        if let Some(variadic) = &self.variadic {
            object.insert(variadic.name.to_owned(), arguments.collect());
        }
        object
    }

    fn blame(&self, error: &Error, given: usize) -> CallError {
        let argument = error.path().and_then(|path| self.argument(path, given));
        CallError { text: error.detail(), argument }
    }

    /// Which of the arguments is at that path.
    fn argument(&self, path: &Path, given: usize) -> Option<usize> {
        let Some(Step::Attribute(name)) = path.steps().first() else { return None };
        let fixed = self.parameters.iter().position(|parameter| parameter.name == name);
        let at = fixed.unwrap_or_else(|| match path.steps().get(1) {
            Some(Step::Index(at)) => self.parameters.len() + at,
            _ => self.parameters.len(),
        });
        (at < given).then_some(at)
    }
}

impl Parameter {
    fn of(attr: &Attribute, unknowns: bool) -> Self {
        Self {
            name: attr.name,
            description: attr.description,
            ty: attr.ty(),
            nullable: attr.presence != Presence::Required,
            unknowns,
        }
    }
}

impl fmt::Debug for Callable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callable").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::region;
    use crate::framework::{Attr, Dynamic, Model};

    /// Puts words together.
    #[derive(Clone, Debug, Default, Model)]
    struct Join {
        /// What comes first.
        #[attr(required, check = region)]
        first: Attr<String>,
        /// What is between them; nothing when null.
        between: Attr<String>,
        /// All others.
        others: Attr<Vec<String>>,
    }

    impl Function for Join {
        type Parameters = Self;
        type Output = String;

        const NAME: &'static str = "join";
        const SUMMARY: &'static str = "Puts words together";
        const RETURNS: &'static str = "the words as one text.";
        const VARIADIC: bool = true;

        fn call(parameters: Self) -> Result<String> {
            let others = parameters.others.into_known().unwrap_or_default();
            if let Some(at) = others.iter().position(|word| word == "odd") {
                return Err(Error::invalid("a word is odd").at(Path::attribute("others").index(at)));
            }
            let words: Vec<_> = parameters.first.into_known().into_iter().chain(others).collect();
            Ok(words.join(parameters.between.as_str().unwrap_or_default()))
        }
    }

    fn call(arguments: &[Value]) -> Result<Value, CallError> {
        Callable::of::<Join>().call(arguments.to_vec())
    }

    #[test]
    fn the_fields_are_the_parameters() {
        let join = Callable::of::<Join>();
        let names: Vec<_> = join.parameters.iter().map(|one| (one.name, one.nullable)).collect();
        assert_eq!(names, [("first", false), ("between", true)]);
        let variadic = join.variadic.as_ref().unwrap();
        assert_eq!(
            (variadic.name, &variadic.ty, variadic.nullable),
            ("others", &Type::String, false)
        );
        assert_eq!(join.returns, Type::String);
        assert_eq!(join.description, "Puts words together.\n\nReturns the words as one text.");
    }

    #[test]
    fn arguments_go_to_their_parameters() {
        let first = || Value::from("eu-west-1");
        assert_eq!(call(&[first(), Value::Null]), Ok("eu-west-1".into()));
        let all = [first(), "-".into(), "a".into(), "b".into()];
        assert_eq!(call(&all), Ok("eu-west-1-a-b".into()));
    }

    /// Says whether it has seen something.
    #[derive(Clone, Debug, Default, Model)]
    struct See {
        /// What there is to be seen.
        #[attr(required)]
        what: Attr<Dynamic>,
    }

    impl Function for See {
        type Parameters = Self;
        type Output = bool;

        const NAME: &'static str = "see";
        const SUMMARY: &'static str = "Looks at something";
        const RETURNS: &'static str = "whether it is known.";
        const UNKNOWNS: bool = true;

        fn call(parameters: Self) -> Result<bool> {
            Ok(parameters.what.require("what")?.value.is_wholly_known())
        }
    }

    #[test]
    fn only_a_function_that_takes_unknowns_gets_them() {
        let see = Callable::of::<See>();
        assert!(see.parameters[0].unknowns);
        assert!(!Callable::of::<Join>().parameters[0].unknowns);
        let any = |value: Value| {
            let dynamic = Dynamic { ty: Type::Dynamic, value };
            vec![Value::Dynamic(Box::new(dynamic))]
        };
        assert_eq!(see.call(any(Value::Unknown)), Ok(false.into()));
        assert_eq!(see.call(any(Value::List(vec![Value::Unknown]))), Ok(false.into()));
        assert_eq!(see.call(any(true.into())), Ok(true.into()));
        let error = see.call(any(Value::Null)).unwrap_err();
        assert_eq!(
            (error.text.as_str(), error.argument),
            ("the argument must not be null", Some(0))
        );
    }

    #[test]
    fn the_argument_that_is_wrong_is_named() {
        let first = || Value::from("eu-west-1");
        for (arguments, argument, text) in [
            (vec![Value::Null, Value::Null], Some(0), "must not be null"),
            (vec![first(), Value::Unknown], Some(1), "not known yet"),
            (vec![first(), Value::Null, Value::Null], Some(2), "must not be null"),
            (vec!["Europe".into(), Value::Null], Some(0), "AWS Region"),
            (vec![first(), Value::Null, "a".into(), "odd".into()], Some(3), "A word is odd."),
            (vec![first()], None, "called with 1 arguments"),
        ] {
            let error = call(&arguments).unwrap_err();
            assert_eq!(error.argument, argument, "{error:?}");
            assert!(error.text.contains(text), "{error:?}");
        }
    }
}
