//! The scalar tape: numbers that remember what they were computed from.
//!
//! A [`Var`] is a number, copied freely, and a place on a [`Tape`]: an arena with one entry for each dependence of a
//! number on another, a few nanoseconds each. The formulas and their derivatives are those of the tensors' element by
//! element operations, kinks included; see `docs/conventions.md`.
//!
//! ```
//! use autograd_core::scalar::Tape;
//!
//! let tape = Tape::new();
//! let [x, y] = tape.vars([0.5, 4.0]);
//! let z = x * y + x.sin();
//! assert_eq!(z.value(), 2.0 + 0.5f64.sin());
//! let gradients = z.backward()?;
//! assert_eq!(gradients.get(x), Some(4.0 + 0.5f64.cos()));
//! assert_eq!(gradients.get(y), Some(0.5));
//! # Ok::<(), autograd_core::Error>(())
//! ```
//!
//! # Code for numbers of any kind
//!
//! A function over a [`Number`] runs on `f32`, on `f64` and on variables; one over a [`Scalar`] has the whole
//! mathematics of floats, too. Parameters stay plain floats between steps, and become variables for one step:
//! [`Tape::clear`] keeps the memory for the next, and cannot be called while a variable is alive.
//!
//! ```
//! use autograd_core::scalar::{Number, Tape};
//!
//! fn distance<N: Number>(a: [N; 2], b: [N; 2]) -> N {
//!     let [dx, dy] = [a[0] - b[0], a[1] - b[1]];
//!     (dx * dx + dy * dy).sqrt()
//! }
//!
//! let mut tape = Tape::new();
//! let mut p = [6.0, 8.0];
//! for _ in 0..10 {
//!     let point = tape.vars(p);
//!     let slope = distance(point, [0.0, 0.0].map(Number::of)).gradient(&point)?;
//!     p = [p[0] - slope[0], p[1] - slope[1]];
//!     tape.clear();
//! }
//! assert!(distance(p, [0.0, 0.0]) < 1e-12);
//! # Ok::<(), autograd_core::Error>(())
//! ```
//!
//! # Higher derivatives
//!
//! The value of a variable may be a variable of another tape. Then the gradients are such variables, too, and have
//! gradients themselves.
//!
//! ```
//! use autograd_core::scalar::Tape;
//!
//! let (inner, outer) = (Tape::new(), Tape::new());
//! let x = inner.var(2.0);
//! let first = outer.vars([x]);
//! let slope = (first[0].powi(3)).gradient(&first)?[0];    // 3 x²
//! assert_eq!(slope.value(), 12.0);
//! assert_eq!(slope.gradient(&[x])?, [12.0]);              // 6 x
//! # Ok::<(), autograd_core::Error>(())
//! ```

mod chained;
mod compare;
mod formulas;
mod functions;
mod gradients;
mod number;
mod operators;
mod reads;
mod tape;
mod var;

pub use crate::kernels::number::Number;
pub use functions::Scalar;
pub use gradients::Gradients;
pub use tape::Tape;
pub use var::Var;

#[cfg(test)]
mod tests;
