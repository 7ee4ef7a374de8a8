//! `#[derive(Model)]`: a struct as the model of a configuration block.
//!
//! The macro is kept dumb on purpose. It emits the list of attributes and two
//! field-by-field conversions; all behaviour is ordinary code in the
//! provider's framework.

mod attrs;
mod expand;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `framework::Model` for a struct with named fields.
///
/// On the struct: its doc comment is the block's description.
///
/// On a field, whose doc comment is the attribute's description and whose type
/// is `Attr<T>`:
///
/// - `#[attr(required)]`, `#[attr(computed)]`, `#[attr(optional, computed)]`;
///   optional when nothing is said.
/// - `default = EXPR`: planned when nothing is configured; implies optional and computed.
/// - `replace`, or `replace = "if_configured"`: a change makes a new object.
/// - `stable`: a computed value that an update keeps.
/// - `sensitive`, `write_only`, `block`, `deprecated = "why"`.
/// - `identity`, or `identity = "optional"`: objects may lack it.
/// - `check = path::to::function` (any number of them), `one_of = ["A", "B"]`,
///   `range(MIN, MAX)`, `length(MIN, MAX)`.
/// - `same = path::to::function`: when two spellings mean the same.
/// - `api = "fieldName"` or `api = "/absolute/path"`; otherwise the name in
///   camel case. `local`: the API does not know the attribute.
///   `int_or_string`, `keep_empty`, `omitempty`: see `schema::Api`.
/// - `flatten`: the field is itself a model whose attributes stand beside
///   these.
#[proc_macro_derive(Model, attributes(attr))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::model(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
