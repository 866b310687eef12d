//! Functions of angles and their inverses.

pub(crate) mod acos;
pub(crate) mod asin;
pub(crate) mod atan;
pub(crate) mod atan2;
pub(crate) mod cos;
mod degrees;
pub(crate) mod sin;
pub(crate) mod tan;
