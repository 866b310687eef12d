//! Formulas as differentiable tensor code: the reading of [`Number`] for a walk that is recorded.
//!
//! Reading a formula writes down its steps; asking for a result computes the steps it needs, with the public
//! operations, which record themselves. A derivative of any order is therefore another reading.

use super::smooth::{scaled, smooth};
use crate::error::Result;
use crate::kernels::number::{Number, Scaled, Special};
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Sub};

/// A constant, a tensor the formula reads, or the result of a step. Masks are expressions, too: 1 and 0, or a tensor of
/// truth values.
#[derive(Clone, Copy)]
pub(super) enum Traced<'s, 'x> {
    Constant(f64),
    Given(&'s Steps<'x>, &'x Tensor),
    Step(&'s Steps<'x>, usize),
}
use Traced::Constant;

/// The steps of one formula; nothing is computed before [`Steps::tensor`] asks.
pub(super) struct Steps<'x> {
    /// One is kept in place: a linear formula has one at most, and runs in every walk.
    steps: RefCell<SmallVec<[Entry<'x>; 1]>>,
    dtype: DType,
}

/// A step, and its result once it has been asked for.
type Entry<'x> = (Step<'x>, Option<Tensor>);

/// One step.
#[derive(Clone, Copy)]
enum Step<'x> {
    One(fn(&Tensor) -> Result<Tensor>, At<'x>),
    Two(&'static Rule, At<'x>, At<'x>),
    Select { mask: At<'x>, yes: At<'x>, no: At<'x> },
}

/// An operand of a step.
#[derive(Clone, Copy)]
enum At<'x> {
    Constant(f64),
    Given(&'x Tensor),
    Step(usize),
}

/// The ways to combine two operands: two numbers, two tensors, and, where there is a shorter way, a tensor and a
/// number.
struct Rule {
    numbers: fn(f64, f64) -> f64,
    tensors: fn(&Tensor, &Tensor) -> Result<Tensor>,
    right: Option<fn(&Tensor, f64) -> Tensor>,
    left: Option<fn(f64, &Tensor) -> Tensor>,
}

/// A branch of a selection: it is chosen where the mask is equal to `side`.
#[derive(Clone)]
struct Branch {
    mask: Tensor,
    side: bool,
}

impl<'x> Steps<'x> {
    pub(super) fn new(dtype: DType) -> Self {
        Steps { steps: RefCell::default(), dtype }
    }

    /// A tensor the formula reads.
    pub(super) fn given(&self, x: &'x Tensor) -> Traced<'_, 'x> {
        Traced::Given(self, x)
    }

    /// The value of an expression. A constant comes in the shape of `like`.
    pub(super) fn tensor(&self, x: Traced<'_, 'x>, like: &Tensor) -> Result<Tensor> {
        match x {
            Constant(c) => Ok(like.full_like(c)),
            Traced::Given(_, x) => Ok(x.clone()),
            Traced::Step(_, step) => self.compute(step, &[]),
        }
    }

    fn push(&self, step: Step<'x>) -> Traced<'_, 'x> {
        let mut steps = self.steps.borrow_mut();
        steps.push((step, None));
        Traced::Step(self, steps.len() - 1)
    }

    /// The result of a step, within the branches of the selections that asked for it. A result is kept where there are
    /// none: within a branch the same step has other inputs, see [`Branch::gate`].
    fn compute(&self, step: usize, within: &[Branch]) -> Result<Tensor> {
        // These are copies, for the code below borrows the steps, too.
        let (todo, known) = self.steps.borrow()[step].clone();
        if let (Some(known), true) = (known, within.is_empty()) {
            return Ok(known);
        }
        let result = match todo {
            Step::One(f, x) => f(&*self.operand(x, within)?)?,
            Step::Two(rule, a, b) => match (a, b, rule.right, rule.left) {
                (_, At::Constant(c), Some(f), _) => f(&*self.operand(a, within)?, c),
                (At::Constant(c), _, _, Some(f)) => f(c, &*self.operand(b, within)?),
                _ => (rule.tensors)(&*self.operand(a, within)?, &*self.operand(b, within)?)?,
            },
            Step::Select { mask, yes, no } => {
                let mask = self.operand(mask, within)?;
                let [yes, no] = [(yes, true), (no, false)].map(|(x, side)| self.branch(x, &mask, side, within));
                mask.where_cond(&*yes?, &*no?)?
            }
        };
        let mut steps = self.steps.borrow_mut();
        // The last step is no operand of another.
        if within.is_empty() && step + 1 < steps.len() {
            steps[step].1 = Some(result.clone());
        }
        Ok(result)
    }

    fn operand(&self, x: At<'x>, within: &[Branch]) -> Result<Cow<'x, Tensor>> {
        match x {
            At::Constant(c) => Tensor::full(&[], c, self.dtype).map(Cow::Owned),
            At::Given(x) => within.iter().try_fold(Cow::Borrowed(x), |x, branch| branch.gate(x)),
            At::Step(step) => self.compute(step, within).map(Cow::Owned),
        }
    }

    /// The values that one side of a mask selects.
    fn branch(&self, x: At<'x>, mask: &Tensor, side: bool, within: &[Branch]) -> Result<Cow<'x, Tensor>> {
        match x {
            At::Step(_) => {
                let within: Vec<Branch> = within.iter().cloned().chain([Branch { mask: mask.clone(), side }]).collect();
                self.operand(x, &within)
            }
            // Nothing is computed on the way, so the other side can make no infinity or NaN.
            _ => self.operand(x, within),
        }
    }
}

/// `x` itself; a gradient comes back only from where the mask is equal to `side`, whatever it is elsewhere.
pub(super) fn gate(mask: &Tensor, side: bool, x: &Tensor) -> Result<Tensor> {
    Branch { mask: mask.clone(), side }.gate(Cow::Borrowed(x)).map(Cow::into_owned)
}

impl Branch {
    /// `x` itself; a gradient comes back only from where the branch is chosen.
    ///
    /// The selection sends zeros into the side that is not chosen, and the branch multiplies them by its derivative
    /// there, which may be infinite or NaN. This function stands where the values computed in the branch meet the rest,
    /// and drops that.
    fn gate<'x>(&self, x: Cow<'x, Tensor>) -> Result<Cow<'x, Tensor>> {
        if !x.is_tracked() {
            return Ok(x);
        }
        let shape = Check("select").broadcast(x.shape(), self.mask.shape())?;
        let sizes: Vec<isize> = shape.iter().map(|size| *size as isize).collect();
        let value = x.untied().expand(&sizes)?;
        let gate = |_: &Tensor| Gate { mask: Saved::constant(&self.mask), side: self.side };
        Ok(Cow::Owned(record("select", value, &[&x], gate)))
    }
}

struct Gate {
    mask: Saved,
    side: bool,
}

impl Pullback for Gate {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, mask) = (at.gy(), self.mask.value());
        at.give(0, || {
            let zero = Tensor::full(&[], 0.0, gy.dtype())?;
            if self.side { mask.where_cond(gy, &zero) } else { mask.where_cond(&zero, gy) }
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.mask);
    }
}

impl<'s, 'x> Traced<'s, 'x> {
    /// The steps it belongs to; a constant belongs to none.
    fn steps(self) -> Option<&'s Steps<'x>> {
        match self {
            Constant(_) => None,
            Traced::Given(steps, _) | Traced::Step(steps, _) => Some(steps),
        }
    }

    fn at(self) -> At<'x> {
        match self {
            Constant(c) => At::Constant(c),
            Traced::Given(_, x) => At::Given(x),
            Traced::Step(_, step) => At::Step(step),
        }
    }

    fn one(self, number: fn(f64) -> f64, tensor: fn(&Tensor) -> Result<Tensor>) -> Self {
        match (self, self.steps()) {
            (Constant(c), _) => Constant(number(c)),
            (x, Some(steps)) => steps.push(Step::One(tensor, x.at())),
            (_, None) => unreachable!("only a constant belongs to no steps"),
        }
    }

    fn two(self, other: Self, rule: &'static Rule) -> Self {
        match (self, other, self.steps().or(other.steps())) {
            (Constant(a), Constant(b), _) => Constant((rule.numbers)(a, b)),
            (a, b, Some(steps)) => steps.push(Step::Two(rule, a.at(), b.at())),
            (_, _, None) => unreachable!("only constants belong to no steps"),
        }
    }
}

/// A rule in static memory.
macro_rules! rule {
    ($numbers:expr, $tensors:expr) => {
        const { &Rule { numbers: $numbers, tensors: $tensors, right: None, left: None } }
    };
    ($numbers:expr, $tensors:expr, $right:expr, $left:expr) => {
        const { &Rule { numbers: $numbers, tensors: $tensors, right: $right, left: $left } }
    };
}

impl Add for Traced<'_, '_> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.two(
            other,
            rule!(|a, b| a + b, Tensor::try_add, Some(|a, c| a.add_scalar(c)), Some(|c, b| b.add_scalar(c))),
        )
    }
}

impl Sub for Traced<'_, '_> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.two(
            other,
            rule!(|a, b| a - b, Tensor::try_sub, Some(|a, c| a.add_scalar(-c)), Some(|c, b| b.neg().add_scalar(c))),
        )
    }
}

impl Mul for Traced<'_, '_> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.two(
            other,
            rule!(|a, b| a * b, Tensor::try_mul, Some(|a, c| a.mul_scalar(c)), Some(|c, b| b.mul_scalar(c))),
        )
    }
}

impl Div for Traced<'_, '_> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        self.two(
            other,
            rule!(|a, b| a / b, Tensor::try_div, Some(|a, c| a.div_scalar(c)), Some(|c, b| b.scalar_div(c))),
        )
    }
}

impl Neg for Traced<'_, '_> {
    type Output = Self;
    fn neg(self) -> Self {
        self.one(|x| -x, |x| Ok(x.neg()))
    }
}

impl BitAnd for Traced<'_, '_> {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        match (self, other) {
            (Constant(mask), other) | (other, Constant(mask)) => Traced::select(Constant(mask), other, Constant(0.0)),
            _ => self.two(other, rule!(f64::min, Tensor::logical_and)),
        }
    }
}

impl BitOr for Traced<'_, '_> {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        match (self, other) {
            (Constant(mask), other) | (other, Constant(mask)) => Traced::select(Constant(mask), Constant(1.0), other),
            _ => self.two(other, rule!(f64::max, Tensor::logical_or)),
        }
    }
}

/// Methods of `Number` and the tensor's methods they stand for.
macro_rules! one {
    ($($f:ident $method:ident),*) => {$(
        fn $f(self) -> Self {
            self.one(<f64 as Number>::$f, |x| Ok(x.$method()))
        }
    )*};
}
macro_rules! two {
    ($($f:ident $method:ident),*) => {$(
        fn $f(self, other: Self) -> Self {
            self.two(other, rule!(<f64 as Number>::$f, Tensor::$method))
        }
    )*};
}
macro_rules! compare {
    ($($f:ident $sign:tt),*) => {$(
        fn $f(self, other: Self) -> Self {
            self.two(other, rule!(|a, b| if a $sign b { 1.0 } else { 0.0 }, Tensor::$f))
        }
    )*};
}

impl Number for Traced<'_, '_> {
    type Mask = Self;
    one! { abs abs, sign sign, sqrt sqrt, exp exp, exp_m1 expm1, ln log, ln_1p log1p }
    one! { tanh tanh, sigmoid sigmoid, erf erf, sin sin, cos cos, floor floor, trunc trunc }
    two! { copysign copysign, rest fmod, hypot hypot, atan2 atan2, pow_slope pow_slope }
    compare! { lt <, le <=, gt >, ge >=, eq == }

    fn of(x: f64) -> Self {
        Constant(x)
    }

    fn select(mask: Self, yes: Self, no: Self) -> Self {
        match (mask, mask.steps()) {
            (Constant(0.0), _) => no,
            (_, None) => yes,
            (mask, Some(steps)) => steps.push(Step::Select { mask: mask.at(), yes: yes.at(), no: no.at() }),
        }
    }

    fn round(self) -> Self {
        self.one(f64::round_ties_even, |x| Ok(x.round(0)))
    }

    fn ln_1p_exp(self) -> Self {
        self.one(<f64 as Number>::ln_1p_exp, |x| x.softplus(1.0, f64::INFINITY))
    }

    fn special<S: Special>(self) -> Self {
        self.one(S::value::<f64>, |x| Ok(smooth::<S>(x)))
    }

    fn scaled<S: Scaled>(self, factor: f64) -> Self {
        self.two(
            Constant(factor),
            rule!(|x, c| x.scaled::<S>(c), |_, _| unreachable!("the factor is a constant"), Some(scaled::<S>), None),
        )
    }

    fn is_nan(self) -> Self {
        self.one(|x| f64::from(u8::from(x.is_nan())), |x| x.ne(x))
    }

    fn powf(self, e: Self) -> Self {
        self.two(e, rule!(<f64 as Number>::powf, Tensor::pow, Some(|a, c| a.powf(c)), None))
    }

    fn powc(self, c: f64) -> Self {
        self.powf(Constant(c))
    }

    fn pow_log(self, e: Self, _: Self) -> Self {
        self.two(e, rule!(|a, b| a.pow_log(b, a.powf(b)), Tensor::pow_log))
    }

    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }
}

#[cfg(test)]
mod tests;
