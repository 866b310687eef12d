//! The work on the leaves of a module of any type.
//!
//! A method that every module has is compiled for every type of module. What it does is here, where it is compiled
//! once: of a module it sees no more than the way to its leaves.

use super::{Item, ItemMut, Module, Param, Path, StateDict};
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::DType;

/// A look at a leaf, and a change of one.
type See<'f, 'm> = &'f mut dyn FnMut(&Path<'_>, Item<'m>);
type Change<'f> = &'f mut dyn FnMut(&Path<'_>, ItemMut<'_>);

/// The way to all leaves.
pub(super) type Look<'a, 'm> = &'a dyn Fn(See<'_, 'm>);

/// The way to all leaves, for changing.
pub(super) type Touch<'a> = &'a mut dyn FnMut(Change<'_>);

/// The way to all leaves of a module: one closure for each type of module.
pub(super) fn look<'m, M: Module + ?Sized>(module: &'m M) -> impl Fn(See<'_, 'm>) {
    move |f| module.visit(&Path::root(), f)
}

/// The same, for changing.
pub(super) fn touch<M: Module + ?Sized>(module: &mut M) -> impl FnMut(Change<'_>) {
    move |f| module.visit_mut(&Path::root(), f)
}

pub(super) fn parameters<'m>(look: Look<'_, 'm>) -> Vec<(String, &'m Param)> {
    let mut all = Vec::new();
    look(&mut |path, item| {
        if let Item::Param(param) = item {
            all.push((path.to_string(), param));
        }
    });
    all
}

pub(super) fn without_names(all: Vec<(String, &Param)>) -> Vec<&Param> {
    all.into_iter().map(|(_, param)| param).collect()
}

pub(super) fn numel(all: &[&Param]) -> usize {
    all.iter().map(|param| param.numel()).sum()
}

pub(super) fn state(look: Look<'_, '_>) -> StateDict {
    let mut state = StateDict::new();
    look(&mut |path, item| match item {
        Item::Param(param) | Item::Tied(param) => state.append(path.to_string(), param.detach()),
        Item::Buffer(buffer) => state.append(path.to_string(), buffer.get().detach()),
        Item::Stream(_) | Item::Mode(_) => {}
    });
    state
}

pub(super) fn set_dtype(touch: Touch<'_>, dtype: DType) -> Result<()> {
    if !dtype.is_float() {
        let text = format!("to_dtype: the dtype of a model cannot be {dtype}, it must be F32 or F64");
        return Err(Error::new(ErrorKind::DType, text));
    }
    let mut outcome = Ok(());
    touch(&mut |_, item| match item {
        ItemMut::Param(param) | ItemMut::Tied(param) if outcome.is_ok() => {
            outcome = param.set(param.detach().to_dtype(dtype));
        }
        ItemMut::Buffer(buffer) if buffer.get().dtype().is_float() => buffer.set(buffer.get().to_dtype(dtype)),
        _ => {}
    });
    outcome
}
