//! The implementation of `Module`: the kind and both traversals, one line for each field.

use crate::field::Child;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Result, parse_quote};

/// A form that a value of the type can have: a struct has one, an enum one for each variant.
struct Form<'a> {
    /// `Self` or `Self::Variant`.
    name: TokenStream,
    children: Vec<Child<'a>>,
}

impl<'a> Form<'a> {
    fn of(name: TokenStream, fields: &'a Fields) -> Result<Form<'a>> {
        let mut children = Vec::new();
        for (position, field) in fields.iter().enumerate() {
            children.extend(Child::of(position, field)?);
        }
        Ok(Form { name, children })
    }

    /// The arm of a `match` that visits the children of this form.
    fn arm(&self, core: &TokenStream, method: &str) -> TokenStream {
        let (name, bindings) = (&self.name, self.children.iter().map(Child::binding));
        let visits = self.children.iter().map(|child| child.visit(core, method));
        quote!(#name { #(#bindings,)* .. } => { #(#visits)* })
    }
}

/// The `impl` for a derive input, where `core` is the path of `Module`, `Path` and `Item`.
pub(crate) fn implementation(input: &DeriveInput, core: &TokenStream) -> Result<TokenStream> {
    no_attribute(&input.attrs, "the type")?;
    let mut forms = Vec::new();
    match &input.data {
        Data::Struct(data) => forms.push(Form::of(quote!(Self), &data.fields)?),
        Data::Enum(data) => {
            for variant in &data.variants {
                no_attribute(&variant.attrs, "a variant")?;
                let name = &variant.ident;
                forms.push(Form::of(quote!(Self::#name), &variant.fields)?);
            }
        }
        Data::Union(data) => {
            let text = "a union cannot derive Module: which of its fields there is cannot be seen";
            return Err(Error::new(data.union_token.span, text));
        }
    }

    let arms = forms.iter().map(|form| form.arm(core, "visit"));
    let arms_mut = forms.iter().map(|form| form.arm(core, "visit_mut"));
    // An enum without variants has no value to match by reference.
    let place = if forms.is_empty() { quote!(*self) } else { quote!(self) };

    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        if forms.iter().flat_map(|form| &form.children).any(|child| child.mentions(&parameter.ident)) {
            parameter.bounds.push(parse_quote!(#core::Module));
        }
    }
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let name = &input.ident;
    let kind = crate::field::plain_name(name);
    Ok(quote! {
        #[automatically_derived]
        #[allow(unused_variables, reason = "a type without fields in the tree visits nothing")]
        impl #parameters #core::Module for #name #arguments #conditions {
            fn kind(&self) -> &'static str {
                #kind
            }

            fn visit<'__m>(
                &'__m self,
                path: &#core::Path<'_>,
                f: &mut dyn ::core::ops::FnMut(&#core::Path<'_>, #core::Item<'__m>),
            ) {
                match #place { #(#arms)* }
            }

            fn visit_mut<'__m>(
                &'__m mut self,
                path: &#core::Path<'_>,
                f: &mut dyn ::core::ops::FnMut(&#core::Path<'_>, #core::ItemMut<'__m>),
            ) {
                match #place { #(#arms_mut)* }
            }
        }
    })
}

/// An error for `#[module(..)]` anywhere but on a field.
fn no_attribute(attributes: &[Attribute], place: &str) -> Result<()> {
    match attributes.iter().find(|a| a.path().is_ident("module")) {
        Some(found) => Err(Error::new_spanned(found, format!("`#[module(..)]` belongs on a field, not on {place}"))),
        None => Ok(()),
    }
}
