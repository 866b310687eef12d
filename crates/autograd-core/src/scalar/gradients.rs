//! The walk backwards, and the gradients that it returns.

use super::functions::Scalar;
use super::tape::Tape;
use super::var::Var;
use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::mem::take;
use std::ptr;

/// The gradients of one variable by all others of its tape.
///
/// # Examples
/// ```
/// use autograd_core::scalar::{Gradients, Tape};
/// let tape = Tape::new();
/// let [x, y] = tape.vars([3.0, 2.0]);
/// let square = x * x;
/// let gradients: Gradients<'_> = (square + square).backward()?;
/// assert_eq!([gradients.get(square), gradients.get(x), gradients.get(y)], [Some(2.0), Some(12.0), Some(0.0)]);
/// assert_eq!(gradients.get(Tape::new().var(1.0)), None);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[must_use = "a walk changes no variable: its gradients are here and nowhere else"]
pub struct Gradients<'t, T = f64> {
    tape: &'t Tape<T>,
    /// `None` where nothing has come.
    adjoints: Vec<Option<T>>,
}

impl<'t, T: Scalar> Var<'t, T> {
    /// The gradients of this variable by all others of its tape.
    ///
    /// The tape stays as it is: there may be other walks, and more may be computed.
    ///
    /// # Errors
    /// If the variable is a constant, if variables of two tapes met on its tape, or if the tape is full.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::scalar::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// assert_eq!(x.ln().backward()?.get(x), Some(0.5));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn backward(self) -> Result<Gradients<'t, T>> {
        let Some(tape) = self.tape else {
            return Err(Error::new(ErrorKind::Tape, "backward: this is a constant, which depends on no variable"));
        };
        tape.check()?;
        let mut adjoints = tape.spare().take();
        adjoints.clear();
        adjoints.resize(self.at as usize + 1, None);
        adjoints[self.at as usize] = Some(T::of(1.0));
        tape.up_to(self.at, |edges| {
            for edge in edges.iter().rev() {
                // What this variable does not depend on sends nothing, whatever its slopes are.
                if let Some(gy) = adjoints[edge.child as usize] {
                    let flow = gy * edge.slope;
                    let sum = &mut adjoints[edge.parent as usize];
                    *sum = Some(sum.map_or(flow, |sum| sum + flow));
                }
            }
        });
        Ok(Gradients { tape, adjoints })
    }

    /// The gradients of this variable by these, in their order.
    ///
    /// # Errors
    /// Like [`Var::backward`]; or if one of `of` is not on the tape.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::scalar::Tape;
    /// let tape = Tape::new();
    /// let [x, y] = tape.vars([2.0, 4.0]);
    /// assert_eq!((x / y).gradient(&[x, y])?, [0.25, -0.125]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn gradient(self, of: &[Var<'t, T>]) -> Result<Vec<T>> {
        let gradients = self.backward()?;
        let one = |(i, x): (usize, &Var<'t, T>)| {
            let foreign = || format!("gradient: variable {i} is not on the tape of the result");
            gradients.get(*x).ok_or_else(|| Error::new(ErrorKind::Tape, foreign()))
        };
        of.iter().enumerate().map(one).collect()
    }
}

impl<T: Scalar> Gradients<'_, T> {
    /// The gradient by `x`, 0 if nothing depends on it; `None` if it is a constant or on another tape.
    pub fn get(&self, x: Var<'_, T>) -> Option<T> {
        let here = x.tape.is_some_and(|tape| ptr::eq(tape, self.tape));
        here.then(|| self.adjoints.get(x.at as usize).copied().flatten().unwrap_or(T::of(0.0)))
    }
}

impl<T> Drop for Gradients<'_, T> {
    fn drop(&mut self) {
        self.tape.spare().set(take(&mut self.adjoints));
    }
}

impl<T: fmt::Debug> fmt::Debug for Gradients<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.adjoints).finish()
    }
}
