//! What `#[derive(Model)]` writes.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Field, Fields, Result, ext::IdentExt};

use crate::attrs::{FieldAttrs, Replace, doc};

pub(crate) fn model(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "only a struct is a model"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(&input.ident, "a model has named fields"));
    };
    let description = doc(&input.attrs);
    if description.is_empty() {
        return Err(Error::new_spanned(
            &input.ident,
            "a model needs a doc comment: it becomes the page in the documentation",
        ));
    }
    let fields = fields
        .named
        .iter()
        .map(|field| Ok((field, FieldAttrs::parse(field)?)))
        .collect::<Result<Vec<_>>>()?;
    let attributes =
        fields.iter().map(|(field, attrs)| attribute(field, attrs)).collect::<Result<Vec<_>>>()?;
    let takes = fields.iter().map(|(field, attrs)| take(field, attrs));
    let puts = fields.iter().map(|(field, attrs)| put(field, attrs));
    let (name, (generics, types, bounds)) = (&input.ident, input.generics.split_for_impl());
    Ok(quote! {
        #[automatically_derived]
        // A model without fields has nothing to fill in.
        #[allow(unused_mut, unused_variables)]
        impl #generics crate::framework::Model for #name #types #bounds {
            const DESCRIPTION: &'static str = #description;

            fn attributes() -> ::std::vec::Vec<crate::framework::schema::Attribute> {
                let mut attributes = ::std::vec::Vec::new();
                #(#attributes)*
                attributes
            }

            fn take(
                object: &mut crate::framework::value::Object,
            ) -> crate::framework::Result<Self> {
                Ok(Self { #(#takes),* })
            }

            fn put(self, object: &mut crate::framework::value::Object) {
                #(#puts)*
            }
        }
    })
}

fn attribute(field: &Field, attrs: &FieldAttrs) -> Result<TokenStream> {
    let ty = &field.ty;
    if attrs.flatten {
        return Ok(quote! {
            attributes.extend(<#ty as crate::framework::Model>::attributes());
        });
    }
    let description = doc(&field.attrs);
    if description.is_empty() {
        return Err(Error::new_spanned(
            &field.ident,
            "an attribute needs a doc comment: it becomes its description",
        ));
    }
    let name = name(field);
    let schema = quote!(crate::framework::schema);
    let mut set = Vec::new();

    let presence = match (attrs.required, attrs.computed, attrs.default.is_some()) {
        (true, ..) => format_ident!("Required"),
        (_, true, false) if !attrs.optional => format_ident!("Computed"),
        (_, false, false) => format_ident!("Optional"),
        _ => format_ident!("OptionalComputed"),
    };
    set.push(quote!(attribute.presence = #schema::Presence::#presence;));
    if let Some(default) = &attrs.default {
        set.push(quote! {
            attribute.default = ::std::option::Option::Some(
                crate::framework::value::Value::from(#default),
            );
        });
    }
    for (said, flag) in [
        (attrs.stable, quote!(stable)),
        (attrs.sensitive, quote!(sensitive)),
        (attrs.write_only, quote!(write_only)),
        (attrs.identity, quote!(identity)),
        (attrs.identity_optional, quote!(identity_optional)),
        (attrs.block, quote!(block)),
        (attrs.keep_empty, quote!(api.keep_empty)),
        (attrs.omitempty, quote!(api.omitempty)),
    ] {
        if said {
            set.push(quote!(attribute.#flag = true;));
        }
    }
    match attrs.replace {
        Some(Replace::Always) => {
            set.push(quote!(attribute.replace = #schema::Replace::Always;));
        }
        Some(Replace::IfConfigured) => {
            set.push(quote!(attribute.replace = #schema::Replace::IfConfigured;));
        }
        None => {}
    }
    if let Some(why) = &attrs.deprecated {
        set.push(quote!(attribute.deprecated = ::std::option::Option::Some(#why);));
    }
    for check in &attrs.checks {
        set.push(quote!(attribute.checks.push(#schema::Check::Text(#check));));
    }
    if let Some(values) = &attrs.one_of {
        set.push(quote!(attribute.checks.push(#schema::Check::OneOf(&#values));));
    }
    if let Some((least, most)) = &attrs.range {
        set.push(quote!(attribute.checks.push(#schema::Check::Range(#least, #most));));
    }
    if let Some((least, most)) = &attrs.length {
        set.push(quote!(attribute.checks.push(#schema::Check::Length(#least, #most));));
    }
    if let Some(same) = &attrs.same {
        set.push(quote!(attribute.same = #schema::Same::Text(#same);));
    }
    if attrs.int_or_string {
        set.push(quote!(attribute.api.form = #schema::Form::IntOrString;));
    }
    if !attrs.local {
        let api = attrs.api.as_ref().map_or_else(|| camel_case(&name), syn::LitStr::value);
        set.push(quote!(attribute.api.field = ::std::option::Option::Some(#api);));
    }
    Ok(quote! {
        attributes.push({
            type Held = <#ty as crate::framework::model::Holds>::Held;
            let mut attribute = #schema::Attribute::new(
                #name,
                #description,
                <Held as crate::framework::AttrValue>::kind(),
            );
            <Held as crate::framework::AttrValue>::tune(&mut attribute);
            #(#set)*
            attribute
        });
    })
}

fn take(field: &Field, attrs: &FieldAttrs) -> TokenStream {
    let (ident, name) = (&field.ident, name(field));
    if attrs.flatten {
        return quote!(#ident: crate::framework::Model::take(object)?);
    }
    quote!(#ident: crate::framework::model::take(object, #name)?)
}

fn put(field: &Field, attrs: &FieldAttrs) -> TokenStream {
    let (ident, name) = (&field.ident, name(field));
    if attrs.flatten {
        return quote!(crate::framework::Model::put(self.#ident, object););
    }
    quote!(object.insert(#name.into(), self.#ident.into_value());)
}

fn name(field: &Field) -> String {
    field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default()
}

/// `target_revision` as `targetRevision`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut chars = word.chars();
        name.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(chars.as_str());
        name
    })
}
