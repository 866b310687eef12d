//! The implementation of `Module` for a struct: both traversals, a line a field.

use crate::field::Child;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput, Error, Result, parse_quote};

/// The `impl` for a derive input, where `core` is the path of `Module`, `Path` and `Item`.
pub(crate) fn implementation(input: &DeriveInput, core: &TokenStream) -> Result<TokenStream> {
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(data) => return Err(refused(data.enum_token.span, "an enum")),
        Data::Union(data) => return Err(refused(data.union_token.span, "a union")),
    };
    if let Some(attribute) = input.attrs.iter().find(|a| a.path().is_ident("module")) {
        return Err(Error::new_spanned(attribute, "`#[module(..)]` belongs on a field, not on the struct"));
    }
    let mut children = Vec::new();
    for (position, field) in fields.iter().enumerate() {
        children.extend(Child::of(position, field)?);
    }

    let visits = children.iter().map(|child| child.call(core, "visit", &quote!(&)));
    let visits_mut = children.iter().map(|child| child.call(core, "visit_mut", &quote!(&mut)));

    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        if children.iter().any(|child| child.mentions(&parameter.ident)) {
            parameter.bounds.push(parse_quote!(#core::Module));
        }
    }
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let name = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        #[allow(unused_variables)]
        impl #parameters #core::Module for #name #arguments #conditions {
            fn visit<'__m>(
                &'__m self,
                path: &#core::Path<'_>,
                f: &mut dyn ::core::ops::FnMut(&#core::Path<'_>, #core::Item<'__m>),
            ) {
                #(#visits)*
            }

            fn visit_mut<'__m>(
                &'__m mut self,
                path: &#core::Path<'_>,
                f: &mut dyn ::core::ops::FnMut(&#core::Path<'_>, #core::ItemMut<'__m>),
            ) {
                #(#visits_mut)*
            }
        }
    })
}

fn refused(span: Span, what: &str) -> Error {
    let how = "only a struct can derive Module, because its parameters must not depend on its value; \
               hold the variants in `Option` fields, or implement Module by hand";
    Error::new(span, format!("{what} cannot derive Module: {how}"))
}
