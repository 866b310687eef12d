//! Initialisers: the values parameters start from.
//!
//! Each is a small value with a method [`tensor`](Initializer::tensor) that makes a tensor of a shape. Those that
//! depend on the shape have a method `distribution`, which returns the distribution they draw from for a shape.
//! [`pytorch_defaults`], [`keras_defaults`] and [`lsuv`] start whole models.
//!
//! ```
//! use autograd_core::DType;
//! use wengert_nn::init::{Initializer, kaiming_uniform};
//! let start = kaiming_uniform();
//! let bound = start.distribution(&[8, 6])?.bounds().expect("uniform").1;
//! assert!((bound - 1.0).abs() < 1e-12);                                // √(6 / fan_in)
//! let weight = start.tensor(&[8, 6], DType::F32, &mut autograd_core::seeded(7))?;
//! assert!(weight.to_vec::<f32>()?.iter().all(|w| w.abs() <= 1.0));
//! # Ok::<(), wengert_nn::Error>(())
//! ```

mod defaults;
mod dirac;
mod distribution;
mod eye;
mod fans;
mod gain;
mod initializer;
mod kaiming;
mod law;
mod lsuv;
mod orthogonal;
mod sparse;
mod truncated;
mod variance_scaling;
mod xavier;

pub use defaults::{keras_defaults, pytorch_defaults};
pub use dirac::{Dirac, dirac};
pub use distribution::{Distribution, constant, normal, ones, uniform, zeros};
pub use eye::{Eye, eye, identity};
pub use fans::{FanMode, Fans, fans};
pub use gain::{Nonlinearity, calculate_gain};
pub use initializer::Initializer;
pub(crate) use initializer::Starts;
pub use kaiming::{Kaiming, kaiming_normal, kaiming_uniform};
pub use law::Law;
pub use lsuv::{Lsuv, LsuvRow, lsuv};
pub use orthogonal::{Orthogonal, orthogonal};
pub use sparse::{Sparse, sparse};
pub use truncated::trunc_normal;
pub use variance_scaling::{
    VarianceScaling, glorot_normal, glorot_uniform, he_normal, he_uniform, lecun_normal, lecun_uniform,
    variance_scaling,
};
pub use xavier::{Xavier, xavier_normal, xavier_uniform};
