//! The logic of masks: and, or, either, not.

use crate::error::Result;
use crate::kernels::elementwise::function::{Compiled, Function};
use crate::ops::elementwise::map::map;
use crate::tape::cut;
use crate::tensor::{DType, Tensor};
use std::borrow::Cow;

#[derive(Clone, Copy)]
struct And;
impl Function<2, u8, u8> for And {
    #[inline(always)]
    fn call(self, [a, b]: [u8; 2]) -> u8 {
        a & b
    }
}

#[derive(Clone, Copy)]
struct Or;
impl Function<2, u8, u8> for Or {
    #[inline(always)]
    fn call(self, [a, b]: [u8; 2]) -> u8 {
        a | b
    }
}

#[derive(Clone, Copy)]
struct Xor;
impl Function<2, u8, u8> for Xor {
    #[inline(always)]
    fn call(self, [a, b]: [u8; 2]) -> u8 {
        a ^ b
    }
}

#[derive(Clone, Copy)]
struct Not;
impl Function<1, u8, u8> for Not {
    #[inline(always)]
    fn call(self, [a]: [u8; 1]) -> u8 {
        a ^ 1
    }
}

fn logic<F: Function<2, u8, u8>>(op: &'static str, a: &Tensor, b: &Tensor, f: F) -> Result<Tensor> {
    map::<u8, u8, 2>(op, Compiled::new(f), [&*truths(op, a)?, &*truths(op, b)?])
}

/// True where an element is not 0: NaN is true.
fn truths<'x>(op: &'static str, x: &'x Tensor) -> Result<Cow<'x, Tensor>> {
    if x.dtype() == DType::Bool {
        return Ok(Cow::Borrowed(x));
    }
    x.can_be_packed(op)?;
    cut(op, &[x]);
    Ok(Cow::Owned(x.untied().to_dtype(DType::Bool)))
}

/// # Masks and choices
impl Tensor {
    /// True where both are true, numbers where they are not 0.
    ///
    /// # Errors
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([true, true]), Tensor::from([true, false]));
    /// assert_eq!(a.logical_and(&b)?.to_vec::<bool>()?, [true, false]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logical_and(&self, other: &Tensor) -> Result<Tensor> {
        logic("logical_and", self, other, And)
    }

    /// True where at least one is true, a number where it is not 0.
    ///
    /// # Errors
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([true, true]), Tensor::from([true, false]));
    /// assert_eq!(a.logical_or(&b)?.to_vec::<bool>()?, [true, true]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logical_or(&self, other: &Tensor) -> Result<Tensor> {
        logic("logical_or", self, other, Or)
    }

    /// True where one of the two is true and the other is not, a number where it is not 0; they are broadcast.
    ///
    /// # Errors
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([true, true]), Tensor::from([true, false]));
    /// assert_eq!(a.logical_xor(&b)?.to_vec::<bool>()?, [false, true]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logical_xor(&self, other: &Tensor) -> Result<Tensor> {
        logic("logical_xor", self, other, Xor)
    }

    /// True where the mask is false, a number where it is 0.
    ///
    /// # Errors
    /// If there is no memory for the result.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([true, false]).logical_not()?.to_vec::<bool>()?, [false, true]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logical_not(&self) -> Result<Tensor> {
        map::<u8, u8, 1>("logical_not", Compiled::new(Not), [&*truths("logical_not", self)?])
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let number = || Input::real(&[3, 4], -2.0..2.0);
    let mut all = Vec::new();
    type Call = fn(&Tensor, &Tensor) -> Result<Tensor>;
    type Holds = fn(bool, bool) -> bool;
    let functions: [(&str, Call, Holds); 3] = [
        ("logical_and", Tensor::logical_and, |a, b| a && b),
        ("logical_or", Tensor::logical_or, |a, b| a || b),
        ("logical_xor", Tensor::logical_xor, |a, b| a != b),
    ];
    for (name, f, holds) in functions {
        // A mask, and numbers of which some are 0.
        let call = move |x: &[Tensor]| f(&x[0].gt(&x[0].zeros_like())?, &x[1].relu());
        let shapes = move |x: &[Tensor]| call(&[x[0].clone(), x[1].t()?]);
        let reference = move |x: &[Vec<f64>]| {
            let pick = |(a, b): (&f64, &f64)| holds(*a > 0.0, *b > 0.0);
            x[0].iter().zip(&x[1]).map(|pair| f64::from(u8::from(pick(pair)))).collect()
        };
        let case = Case::new(name, vec![number(), number()], call).value(reference).without_gradient();
        all.push(case.refuses(
            shapes,
            format!("{name}: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)"),
        ));
    }
    let text = "logical_not: shape [1152921504606846976, 4] is too large (at most 64 dimensions, and no more bytes than \
                memory holds)";
    let not = Case::new("logical_not", vec![Input::mask(&[3, 4])], |x| x[0].logical_not())
        .value(|x| x[0].iter().map(|x| 1.0 - x).collect())
        .without_gradient()
        .refuses(|x| x[0].narrow(0, 0, 1)?.expand(&[1 << 60, 4])?.logical_not(), text);
    let of_numbers = Case::new("logical_not (numbers)", vec![number()], |x| x[0].relu().logical_not())
        .value(|x| x[0].iter().map(|x| f64::from(u8::from(*x <= 0.0))).collect())
        .without_gradient();
    all.extend([not, of_numbers]);
    all
}];
