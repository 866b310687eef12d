//! Functions of angles.

mod cos;
mod sin;
