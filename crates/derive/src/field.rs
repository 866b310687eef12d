//! A field, its attributes, and its name.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Field, Ident, Index, LitStr, Member, Result};

/// A field of the tree, or a value beside it.
pub(crate) struct Child<'a> {
    member: Member,
    /// Its name in the arm that visits it.
    variable: Ident,
    /// The field's declaration.
    pub(crate) field: &'a Field,
    place: Place,
    /// Whether it is described only.
    is_option: bool,
}

/// The place of a child.
enum Place {
    /// Under the field's own name or another one.
    Named(String),
    /// Under its position in a tuple struct.
    Position(usize),
    /// The place of the type itself.
    Flat,
}

impl<'a> Child<'a> {
    /// The child that a field makes; none if it is skipped.
    pub(crate) fn of(position: usize, field: &'a Field) -> Result<Option<Child<'a>>> {
        let (mut skipped, mut is_option) = (false, false);
        let (member, mut place) = match &field.ident {
            Some(ident) => (Member::Named(ident.clone()), Place::Named(plain_name(ident))),
            None => (Member::Unnamed(Index::from(position)), Place::Position(position)),
        };
        let mut first: Option<Span> = None;
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("module")) {
            attribute.parse_nested_meta(|meta| {
                if first.replace(meta.path.span()).is_some() {
                    return Err(meta.error("a field takes one of `skip`, `option`, `rename` and `flatten`"));
                }
                if meta.path.is_ident("skip") {
                    skipped = true;
                } else if meta.path.is_ident("option") {
                    is_option = true;
                } else if meta.path.is_ident("flatten") {
                    place = Place::Flat;
                } else if meta.path.is_ident("rename") {
                    place = Place::Named(name(&meta.value()?.parse()?)?);
                } else {
                    let known = "known are `skip`, `option`, `rename = \"..\"` and `flatten`";
                    return Err(meta.error(format!("unknown attribute of a module's field: {known}")));
                }
                Ok(())
            })?;
        }
        let variable = format_ident!("__field_{position}");
        Ok((!skipped).then_some(Child { member, variable, field, place, is_option }))
    }

    /// The pattern that takes the child out of its struct or variant, by reference.
    pub(crate) fn binding(&self) -> TokenStream {
        let (member, variable) = (&self.member, &self.variable);
        quote!(#member: #variable)
    }

    /// Whether it is a part of the tree, and so a module.
    pub(crate) fn is_module(&self) -> bool {
        !self.is_option
    }

    /// The method of `Module` for the field's type.
    fn method(&self, core: &TokenStream, method: &str) -> TokenStream {
        let ty = &self.field.ty;
        let method = Ident::new(method, Span::call_site());
        // The span makes the compiler point at the field's type when that is no module.
        quote_spanned!(ty.span().resolved_at(Span::call_site()) => <#ty as #core::Module>::#method)
    }

    /// The call that adds this field to the description before it.
    pub(crate) fn describe(&self, core: &TokenStream) -> TokenStream {
        let variable = &self.variable;
        let name = match &self.place {
            Place::Named(name) => name.clone(),
            Place::Position(position) => position.to_string(),
            Place::Flat => String::new(),
        };
        if self.is_option {
            let ty = &self.field.ty;
            return quote!(.field::<#ty>(#name, #variable));
        }
        let describe = self.method(core, "describe");
        match &self.place {
            Place::Flat => quote!(.flat(&#describe(#variable))),
            _ => quote!(.part(#name, &#describe(#variable))),
        }
    }

    /// The line that visits this child with `method` (`visit` or `visit_mut`).
    pub(crate) fn visit(&self, core: &TokenStream, method: &str) -> TokenStream {
        let variable = &self.variable;
        let visit = self.method(core, method);
        let path = match &self.place {
            Place::Named(name) => quote!(&path.child(#name)),
            Place::Position(position) => quote!(&path.index(#position)),
            Place::Flat => quote!(path),
        };
        quote!(#visit(#variable, #path, f);)
    }

    /// What the field's type mentions of a type parameter: `T` itself, and what belongs to it, such as `T::Body`.
    pub(crate) fn mentions(&self, parameter: &Ident) -> Vec<TokenStream> {
        let mut all = Vec::new();
        mentions(self.field.ty.to_token_stream(), parameter, &mut all);
        all
    }
}

fn mentions(tokens: TokenStream, parameter: &Ident, all: &mut Vec<TokenStream>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |at: usize, sign: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
    let word = |at: usize| match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => Some(ident),
        _ => None,
    };
    // Behind the bracket that closes the one here.
    let closed = |from: usize| {
        let mut depth = 0;
        let ends = |at: &usize| {
            // An arrow closes nothing.
            let arrow = *at > 0 && is(*at - 1, '-');
            depth += i32::from(is(*at, '<')) - i32::from(is(*at, '>') && !arrow);
            depth == 0
        };
        (from..tokens.len()).find(ends).map_or(tokens.len(), |at| at + 1)
    };
    let mut at = 0;
    while at < tokens.len() {
        let qualified = is(at, '<') && word(at + 1) == Some(parameter) && word(at + 2).is_some_and(|word| word == "as");
        // Behind `::` it is another's name.
        let behind = at >= 2 && is(at - 1, ':') && is(at - 2, ':');
        if qualified || word(at) == Some(parameter) && !behind {
            let first = at;
            at = if qualified { closed(at) } else { at + 1 };
            while is(at, ':') && is(at + 1, ':') {
                at += 3;
                at = if is(at, '<') { closed(at) } else { at };
            }
            all.push(tokens[first..at.min(tokens.len())].iter().cloned().collect());
            continue;
        }
        if let TokenTree::Group(group) = &tokens[at] {
            mentions(group.stream(), parameter, all);
        }
        at += 1;
    }
}

/// `type` for a field called `r#type`.
pub(crate) fn plain_name(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), String::from)
}

/// A name given by hand: one segment of a path.
fn name(literal: &LitStr) -> Result<String> {
    let name = literal.value();
    if name.is_empty() || name.contains('.') {
        return Err(syn::Error::new(literal.span(), "a name in the tree is not empty and has no dots"));
    }
    Ok(name)
}
