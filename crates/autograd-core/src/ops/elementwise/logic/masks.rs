//! The logic of masks: and, or, either, not.

use crate::error::Result;
use crate::kernels::elementwise::function::{Compiled, Function};
use crate::ops::check::Check;
use crate::ops::elementwise::map::map;
use crate::tensor::{DType, Tensor};

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
    Check(op).dtype(a, DType::Bool)?;
    Check(op).dtype(b, DType::Bool)?;
    map::<u8, u8, 2>(op, Compiled::new(f), [a, b])
}

/// # Masks and choices
impl Tensor {
    /// True where both masks are true.
    ///
    /// # Errors
    /// If the shapes do not broadcast or an operand is not `Bool`.
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

    /// True where at least one mask is true.
    ///
    /// # Errors
    /// If the shapes do not broadcast or an operand is not `Bool`.
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

    /// True where one of the two is true and the other is not; they are broadcast.
    ///
    /// # Errors
    /// If the shapes do not broadcast or an operand is not `Bool`.
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

    /// True where the mask is false.
    ///
    /// # Errors
    /// If it is not `Bool`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([true, false]).logical_not()?.to_vec::<bool>()?, [false, true]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logical_not(&self) -> Result<Tensor> {
        Check("logical_not").dtype(self, DType::Bool)?;
        map::<u8, u8, 1>("logical_not", Compiled::new(Not), [self])
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
        let call = move |x: &[Tensor]| f(&x[0].gt(&x[0].zeros_like())?, &x[1].gt(&x[1].zeros_like())?);
        let not_masks = move |x: &[Tensor]| f(&x[0], &x[1]);
        let shapes = move |x: &[Tensor]| call(&[x[0].clone(), x[1].t()?]);
        let reference = move |x: &[Vec<f64>]| {
            let pick = |(a, b): (&f64, &f64)| holds(*a > 0.0, *b > 0.0);
            x[0].iter().zip(&x[1]).map(|pair| f64::from(u8::from(pick(pair)))).collect()
        };
        let case = Case::new(name, vec![number(), number()], call).value(reference).without_gradient();
        all.push(case.refuses(not_masks, format!("{name}: dtype is F64, expected Bool; to_dtype converts")).refuses(
            shapes,
            format!("{name}: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)"),
        ));
    }
    let not = Case::new("logical_not", vec![Input::mask(&[3, 4])], |x| x[0].logical_not())
        .value(|x| x[0].iter().map(|x| 1.0 - x).collect())
        .without_gradient()
        .refuses(
            |x| x[0].to_dtype(DType::I64).logical_not(),
            "logical_not: dtype is I64, expected Bool; to_dtype converts",
        );
    all.push(not);
    all
}];
