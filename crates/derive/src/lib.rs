//! `#[derive(Module)]` for types whose fields are modules.
//!
//! Only the kind, the description and the traversal are generated, one line for each field, as one would write them by
//! hand:
//!
//! ```
//! # use autograd_core::Description;
//! # use autograd_core::module::{Item, ItemMut, Module, Param, Path};
//! struct Affine { weight: Param, bias: Param, scale: f64 }
//!
//! impl Module for Affine {
//!     fn kind(&self) -> &'static str {
//!         "Affine"
//!     }
//!     fn describe(&self) -> Description {
//!         // In full, `my_crate::layers::Affine`: two types of one name differ.
//!         Description::new("Affine")
//!             .part("weight", &self.weight.describe())
//!             .part("bias", &self.bias.describe())
//!             .part("scale", &self.scale.describe())
//!     }
//!     fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
//!         self.weight.visit(&path.child("weight"), f);
//!         self.bias.visit(&path.child("bias"), f);
//!         self.scale.visit(&path.child("scale"), f);
//!     }
//!     fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
//!         self.weight.visit_mut(&path.child("weight"), f);
//!         self.bias.visit_mut(&path.child("bias"), f);
//!         self.scale.visit_mut(&path.child("scale"), f);
//!     }
//!     fn visit_modules<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &'m dyn Module)) {
//!         f(path, self);
//!         self.weight.visit_modules(&path.child("weight"), f);
//!         self.bias.visit_modules(&path.child("bias"), f);
//!         self.scale.visit_modules(&path.child("scale"), f);
//!     }
//!     fn visit_modules_mut(&mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &mut dyn Module)) {
//!         f(path, self);
//!         self.weight.visit_modules_mut(&path.child("weight"), f);
//!         self.bias.visit_modules_mut(&path.child("bias"), f);
//!         self.scale.visit_modules_mut(&path.child("scale"), f);
//!     }
//! }
//! ```
//!
//! Everything else is a provided method of the trait.

#![forbid(unsafe_code)]

mod field;
mod traversal;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

#[doc = include_str!("module.md")]
///
/// The generated code has the paths of `autograd_core`, so the crate that uses it must depend on that.
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
/// let scale = Scale { factors: Param::new(Tensor::ones(&[3], DType::F32)?)?, channels: 3 };
/// assert_eq!(scale.named_parameters()[0].0, "weight");
/// assert_eq!((scale.num_parameters(), scale.kind()), (scale.channels, "Scale"));
/// assert_eq!(scale.describe().options().collect::<Vec<_>>(), [("channels", "3")]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[proc_macro_derive(Module, attributes(module))]
pub fn derive_module(input: TokenStream) -> TokenStream {
    derived(input, &quote!(::autograd_core))
}

#[doc = include_str!("module.md")]
///
/// This is the derive that `wengert` exports as `Module`; the generated code has the paths of that crate. A program
/// that depends on `wengert` under another name `w` says `extern crate w as wengert;` at its root.
#[proc_macro_derive(WengertModule, attributes(module))]
pub fn derive_wengert_module(input: TokenStream) -> TokenStream {
    derived(input, &quote!(::wengert::core))
}

fn derived(input: TokenStream, root: &proc_macro2::TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    traversal::implementation(&input, root).unwrap_or_else(syn::Error::into_compile_error).into()
}
