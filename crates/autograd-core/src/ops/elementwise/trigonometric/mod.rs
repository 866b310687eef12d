//! Functions of angles and their inverses.

mod acos;
mod asin;
mod atan;
mod atan2;
mod cos;
mod degrees;
mod sin;
mod tan;
