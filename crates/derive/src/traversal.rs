//! The implementation of `Module`: the kind, the description and both traversals, one line for each field.

use crate::field::{Child, plain_name};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Result, WherePredicate, parse_quote};

/// A form that a value of the type can have: a struct has one, an enum one for each variant.
struct Form<'a> {
    /// `Self` or `Self::Variant`.
    name: TokenStream,
    /// `Type` or `Type::Variant`.
    title: String,
    children: Vec<Child<'a>>,
}

impl<'a> Form<'a> {
    fn of(name: TokenStream, title: String, fields: &'a Fields) -> Result<Form<'a>> {
        let mut children = Vec::new();
        for (position, field) in fields.iter().enumerate() {
            children.extend(Child::of(position, field)?);
        }
        Ok(Form { name, title, children })
    }

    /// The arm of a `match` that visits the children of this form.
    fn arm(&self, core: &TokenStream, method: &str) -> TokenStream {
        let children = || self.children.iter().filter(|child| child.is_module());
        let (name, bindings) = (&self.name, children().map(Child::binding));
        let visits = children().map(|child| child.visit(core, method));
        quote!(#name { #(#bindings,)* .. } => { #(#visits)* })
    }

    /// The arm of a `match` that describes this form.
    fn description(&self, root: &TokenStream, core: &TokenStream) -> TokenStream {
        let (name, title, bindings) = (&self.name, &self.title, self.children.iter().map(Child::binding));
        let parts = self.children.iter().map(|child| child.describe(core));
        quote! {
            #name { #(#bindings,)* .. } =>
                #root::Description::in_module(::core::module_path!(), #title) #(#parts)*,
        }
    }
}

/// The `impl` for a derive input, where `root` is the path of the core.
pub(crate) fn implementation(input: &DeriveInput, root: &TokenStream) -> Result<TokenStream> {
    let core = &quote!(#root::module);
    let kind = plain_name(&input.ident);
    no_attribute(&input.attrs, "the type")?;
    let mut forms = Vec::new();
    match &input.data {
        Data::Struct(data) => forms.push(Form::of(quote!(Self), kind.clone(), &data.fields)?),
        Data::Enum(data) => {
            for variant in &data.variants {
                no_attribute(&variant.attrs, "a variant")?;
                let name = &variant.ident;
                let title = format!("{kind}::{}", plain_name(name));
                forms.push(Form::of(quote!(Self::#name), title, &variant.fields)?);
            }
        }
        Data::Union(data) => {
            let text = "a union cannot derive Module: which of its fields there is cannot be seen";
            return Err(Error::new(data.union_token.span, text));
        }
    }

    let descriptions = forms.iter().map(|form| form.description(root, core));
    let arms = forms.iter().map(|form| form.arm(core, "visit"));
    let arms_mut = forms.iter().map(|form| form.arm(core, "visit_mut"));
    let modules = forms.iter().map(|form| form.arm(core, "visit_modules"));
    let modules_mut = forms.iter().map(|form| form.arm(core, "visit_modules_mut"));
    // An enum without variants has no value to match by reference.
    let place = if forms.is_empty() { quote!(*self) } else { quote!(self) };

    let mut generics = input.generics.clone();
    for parameter in input.generics.type_params() {
        for child in forms.iter().flat_map(|form| &form.children) {
            let bound = if child.is_module() { quote!(#core::Module) } else { quote!(::core::fmt::Debug) };
            let bounds = child
                .mentions(&parameter.ident)
                .into_iter()
                .map(|part| -> WherePredicate { parse_quote!(#part: #bound) });
            generics.make_where_clause().predicates.extend(bounds);
        }
    }
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let name = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        #[allow(unused_variables, reason = "a type without fields in the tree visits nothing")]
        impl #parameters #core::Module for #name #arguments #conditions {
            fn kind(&self) -> &'static str {
                #kind
            }

            fn describe(&self) -> #root::Description {
                match #place { #(#descriptions)* }
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

            fn visit_modules<'__m>(
                &'__m self,
                path: &#core::Path<'_>,
                f: &mut dyn ::core::ops::FnMut(&#core::Path<'_>, &'__m dyn #core::Module),
            ) {
                f(path, self);
                match #place { #(#modules)* }
            }

            fn visit_modules_mut(
                &mut self,
                path: &#core::Path<'_>,
                f: &mut dyn ::core::ops::FnMut(&#core::Path<'_>, &mut dyn #core::Module),
            ) {
                f(path, self);
                match #place { #(#modules_mut)* }
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
