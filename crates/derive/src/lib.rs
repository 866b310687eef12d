//! `#[derive(Module)]`: a type whose fields are modules becomes a module.
//!
//! Only the kind and the traversal are generated, one line for each field, as one would write them by hand:
//!
//! ```
//! # use autograd_core::module::{Item, ItemMut, Module, Param, Path};
//! struct Affine { weight: Param, bias: Param }
//!
//! impl Module for Affine {
//!     fn kind(&self) -> &'static str {
//!         "Affine"
//!     }
//!     fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
//!         self.weight.visit(&path.child("weight"), f);
//!         self.bias.visit(&path.child("bias"), f);
//!     }
//!     fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
//!         self.weight.visit_mut(&path.child("weight"), f);
//!         self.bias.visit_mut(&path.child("bias"), f);
//!     }
//! }
//! ```
//!
//! Everything else is a provided method of the trait.

#![forbid(unsafe_code)]

mod field;
mod traversal;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a type a module: a named tree of the parameters in its fields, in the order of declaration. Its kind is its name.
///
/// A field is named as it is declared, or by its position in a tuple. Every field must be a module: a `Param`, a
/// `Buffer`, a `Stream`, a `Mode`, another module, or an `Option`, `Vec`, array or `Box` of such. Plain values (numbers,
/// `bool`, `char`, `String`) may stand among them: sizes, rates and names need no attribute. Attributes of a field:
///
/// * `#[module(skip)]`: the field is no part of the tree; it may be of any type.
/// * `#[module(rename = "x")]`: the field is called `x` in the tree, as a state dict of another library may want it.
/// * `#[module(flatten)]`: the field adds no name of its own: its children stand where it stands.
///
/// An enum has the fields of the variant it is; the variant adds no name of its own. Type parameters of fields in the tree
/// are bounded by `Module`. Unions are refused.
///
/// # Examples
/// ```
/// use autograd_core::module::{Module, Param};
/// use autograd_core::{DType, Tensor};
/// use wengert_derive::Module;
///
/// #[derive(Module)]
/// struct Scale {
///     #[module(rename = "weight")]
///     factors: Param,
///     channels: usize,
/// }
///
/// let scale = Scale { factors: Param::new(Tensor::ones(&[3], DType::F32)?), channels: 3 };
/// assert_eq!(scale.named_parameters()[0].0, "weight");
/// assert_eq!((scale.num_parameters(), scale.kind()), (scale.channels, "Scale"));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[proc_macro_derive(Module, attributes(module))]
pub fn derive_module(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    traversal::implementation(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
