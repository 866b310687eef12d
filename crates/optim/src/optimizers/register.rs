//! The register of all optimizers that need a learning rate only.

use super::{descent, matrix, moments, scaled, schedule_free};
use crate::optimizer::Optimizer;
use autograd_core::{Error, ErrorKind, Result};

/// An optimizer's name and constructor.
pub(super) type Entry = (&'static str, fn(f64) -> Box<dyn Optimizer>);

/// The optimizers of a chapter, one word each.
macro_rules! register {
    ($($Name:ident),* $(,)?) => {
        pub(super) const REGISTER: &[super::register::Entry] = &[$((stringify!($Name), |lr| Box::new($Name::new(lr)))),*];
    };
}

/// All chapters.
fn all() -> impl Iterator<Item = &'static Entry> {
    let chapters = [descent::REGISTER, scaled::REGISTER, moments::REGISTER, matrix::REGISTER, schedule_free::REGISTER];
    chapters.into_iter().flatten()
}

/// An optimizer by the name of its type, with default hyperparameters: for command lines and files of settings.
///
/// # Errors
/// If none has this name.
///
/// # Examples
/// ```
/// use wengert_optim::{Optimizer, by_name};
/// let mut adam = by_name("Adam", 0.001)?;
/// adam.set("betas[0]", 0.8)?;
/// assert_eq!(adam.get("betas[1]")?, 0.999);
/// let error = by_name("Adem", 0.001).err().expect("no such name");
/// assert!(error.to_string().starts_with("no optimizer is called \"Adem\", there are "));
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn by_name(name: &str, lr: f64) -> Result<Box<dyn Optimizer>> {
    match all().find(|(known, _)| *known == name) {
        Some((_, new)) => Ok(new(lr)),
        None => {
            let known = optimizer_names().collect::<Vec<_>>().join(", ");
            Err(Error::new(ErrorKind::Argument, format!("no optimizer is called {name:?}, there are {known}")))
        }
    }
}

/// The names that [`by_name`] knows, in the order of the chapters.
///
/// # Examples
/// ```
/// assert!(wengert_optim::optimizer_names().any(|name| name == "Sgd"));
/// ```
pub fn optimizer_names() -> impl Iterator<Item = &'static str> {
    all().map(|(name, _)| *name)
}
