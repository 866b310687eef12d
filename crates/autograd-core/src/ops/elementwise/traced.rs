//! Formulas as differentiable tensor code: the reading of [`Number`] for a walk that is recorded.
//!
//! Reading a formula writes down its steps; asking for a result computes the steps it needs, with the public
//! operations, which record themselves. A derivative of any order is therefore another reading.

use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Sub};

/// A constant, or the result of a step. Masks are such, too: 1 and 0, or a tensor of truth values.
#[derive(Clone, Copy)]
pub(super) enum Traced<'a> {
    Constant(f64),
    Step(&'a Steps, usize),
}
use Traced::Constant;

/// The steps of one formula; nothing is computed before [`Steps::tensor`] asks.
pub(super) struct Steps {
    steps: RefCell<SmallVec<[Entry; 8]>>,
    dtype: DType,
}

/// A step, and its result once it has been asked for.
#[derive(Clone)]
struct Entry {
    step: Step,
    result: Option<Tensor>,
}

/// One step, on constants and earlier steps.
#[derive(Clone, Copy)]
enum Step {
    /// A tensor from outside, known from the start.
    Given,
    One(fn(&Tensor) -> Result<Tensor>, At),
    Two(Rule, At, At),
    Select {
        mask: At,
        yes: At,
        no: At,
    },
}

#[derive(Clone, Copy)]
enum At {
    Constant(f64),
    Step(usize),
}

/// How two operands are combined: two numbers, two tensors, and, where there is a shorter way, a tensor and a number.
#[derive(Clone, Copy)]
struct Rule {
    numbers: fn(f64, f64) -> f64,
    tensors: fn(&Tensor, &Tensor) -> Result<Tensor>,
    right: Option<fn(&Tensor, f64) -> Tensor>,
    left: Option<fn(f64, &Tensor) -> Tensor>,
}

/// A branch of a selection: where the mask is as it says, the branch is chosen.
#[derive(Clone)]
struct Branch {
    mask: Tensor,
    side: bool,
}

impl Steps {
    pub(super) fn new(dtype: DType) -> Steps {
        Steps { steps: RefCell::default(), dtype }
    }

    /// A tensor the formula reads.
    pub(super) fn given(&self, x: &Tensor) -> Traced<'_> {
        self.push(Step::Given, Some(x.clone()))
    }

    /// The value of an expression. A constant comes in the shape of `like`.
    pub(super) fn tensor(&self, x: Traced<'_>, like: &Tensor) -> Result<Tensor> {
        match x {
            Constant(c) => Ok(like.full_like(c)),
            Traced::Step(_, step) => self.compute(step, &[]),
        }
    }

    fn push(&self, step: Step, result: Option<Tensor>) -> Traced<'_> {
        let mut steps = self.steps.borrow_mut();
        steps.push(Entry { step, result });
        Traced::Step(self, steps.len() - 1)
    }

    /// The result of a step, within the branches of the selections that asked for it. A result is kept where there are
    /// none: within a branch the same step has other inputs, see [`Branch::gate`].
    fn compute(&self, step: usize, within: &[Branch]) -> Result<Tensor> {
        // A copy, since what follows borrows the steps, too.
        let Entry { step: todo, result: known } = self.steps.borrow()[step].clone();
        match known {
            Some(x) if within.is_empty() || matches!(todo, Step::Given) => {
                return within.iter().try_fold(x, |x, branch| branch.gate(x));
            }
            _ => {}
        }
        let result = match todo {
            Step::Given => unreachable!("what was given is known"),
            Step::One(f, x) => f(&self.operand(x, within)?)?,
            Step::Two(rule, a, b) => match (a, b, rule.right, rule.left) {
                (_, At::Constant(c), Some(f), _) => f(&self.operand(a, within)?, c),
                (At::Constant(c), _, _, Some(f)) => f(c, &self.operand(b, within)?),
                _ => (rule.tensors)(&self.operand(a, within)?, &self.operand(b, within)?)?,
            },
            Step::Select { mask, yes, no } => {
                let mask = self.operand(mask, within)?;
                let [yes, no] = [(yes, true), (no, false)].map(|(x, side)| self.branch(x, &mask, side, within));
                mask.where_cond(&yes?, &no?)?
            }
        };
        if within.is_empty() {
            self.steps.borrow_mut()[step].result = Some(result.clone());
        }
        Ok(result)
    }

    fn operand(&self, x: At, within: &[Branch]) -> Result<Tensor> {
        match x {
            At::Constant(c) => Tensor::full(&[], c, self.dtype),
            At::Step(step) => self.compute(step, within),
        }
    }

    /// What is selected by one side of a mask.
    fn branch(&self, x: At, mask: &Tensor, side: bool, within: &[Branch]) -> Result<Tensor> {
        let given = |step: usize| matches!(self.steps.borrow()[step].step, Step::Given);
        match x {
            At::Step(step) if !given(step) => {
                let within: Vec<Branch> = within.iter().cloned().chain([Branch { mask: mask.clone(), side }]).collect();
                self.compute(step, &within)
            }
            // Nothing is computed on the way, so nothing can go wrong on the other side.
            x => self.operand(x, within),
        }
    }
}

impl Branch {
    /// `x` itself; only from where the branch is chosen does a gradient come back.
    ///
    /// The selection sends zeros into the side that is not chosen, and the branch multiplies them by its derivative there,
    /// which may be infinite or NaN. Here, where what was computed in the branch meets the rest, that is dropped.
    fn gate(&self, x: Tensor) -> Result<Tensor> {
        if !x.is_tracked() {
            return Ok(x);
        }
        let shape = Check("select").broadcast(x.shape(), self.mask.shape())?;
        let sizes: Vec<isize> = shape.iter().map(|size| *size as isize).collect();
        let value = x.detach().expand(&sizes)?;
        Ok(record("select", value, &[&x], |_| Gate { mask: Saved::constant(&self.mask), side: self.side }))
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

impl<'a> Traced<'a> {
    fn at(self) -> At {
        match self {
            Constant(c) => At::Constant(c),
            Traced::Step(_, step) => At::Step(step),
        }
    }

    fn one(self, number: fn(f64) -> f64, tensor: fn(&Tensor) -> Result<Tensor>) -> Self {
        match self {
            Constant(c) => Constant(number(c)),
            Traced::Step(steps, _) => steps.push(Step::One(tensor, self.at()), None),
        }
    }

    fn two(self, other: Self, rule: Rule) -> Self {
        match (self, other) {
            (Constant(a), Constant(b)) => Constant((rule.numbers)(a, b)),
            (Traced::Step(steps, _), _) | (_, Traced::Step(steps, _)) => {
                steps.push(Step::Two(rule, self.at(), other.at()), None)
            }
        }
    }

    fn compare(
        self,
        other: Self,
        numbers: fn(f64, f64) -> f64,
        tensors: fn(&Tensor, &Tensor) -> Result<Tensor>,
    ) -> Self {
        self.two(other, Rule { numbers, tensors, right: None, left: None })
    }
}

impl Add for Traced<'_> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let right: fn(&Tensor, f64) -> Tensor = |a, c| a.add_scalar(c);
        let left: fn(f64, &Tensor) -> Tensor = |c, b| b.add_scalar(c);
        let rule = Rule { numbers: |a, b| a + b, tensors: Tensor::try_add, right: Some(right), left: Some(left) };
        self.two(other, rule)
    }
}

impl Sub for Traced<'_> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        let right: fn(&Tensor, f64) -> Tensor = |a, c| a.add_scalar(-c);
        let left: fn(f64, &Tensor) -> Tensor = |c, b| b.neg().add_scalar(c);
        let rule = Rule { numbers: |a, b| a - b, tensors: Tensor::try_sub, right: Some(right), left: Some(left) };
        self.two(other, rule)
    }
}

impl Mul for Traced<'_> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let right: fn(&Tensor, f64) -> Tensor = |a, c| a.mul_scalar(c);
        let left: fn(f64, &Tensor) -> Tensor = |c, b| b.mul_scalar(c);
        let rule = Rule { numbers: |a, b| a * b, tensors: Tensor::try_mul, right: Some(right), left: Some(left) };
        self.two(other, rule)
    }
}

impl Div for Traced<'_> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let right: fn(&Tensor, f64) -> Tensor = |a, c| a.div_scalar(c);
        let left: fn(f64, &Tensor) -> Tensor = |c, b| b.powf(-1.0).mul_scalar(c);
        let rule = Rule { numbers: |a, b| a / b, tensors: Tensor::try_div, right: Some(right), left: Some(left) };
        self.two(other, rule)
    }
}

impl Neg for Traced<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        self.one(|x| -x, |x| Ok(x.neg()))
    }
}

impl BitAnd for Traced<'_> {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        match (self, other) {
            (Constant(mask), other) | (other, Constant(mask)) => Traced::select(Constant(mask), other, Constant(0.0)),
            _ => self.compare(other, f64::min, Tensor::logical_and),
        }
    }
}

impl BitOr for Traced<'_> {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        match (self, other) {
            (Constant(mask), other) | (other, Constant(mask)) => Traced::select(Constant(mask), Constant(1.0), other),
            _ => self.compare(other, f64::max, Tensor::logical_or),
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
macro_rules! compare {
    ($($f:ident $sign:tt),*) => {$(
        fn $f(self, other: Self) -> Self {
            self.compare(other, |a, b| f64::from(u8::from(a $sign b)), Tensor::$f)
        }
    )*};
}

impl Number for Traced<'_> {
    type Mask = Self;
    one! { abs abs, sign sign, sqrt sqrt, exp exp, exp_m1 expm1, ln log, ln_1p log1p }
    one! { tanh tanh, sigmoid sigmoid, erf erf, sin sin, cos cos }
    compare! { lt <, le <=, gt >, ge >=, eq == }

    fn of(x: f64) -> Self {
        Constant(x)
    }

    fn select(mask: Self, yes: Self, no: Self) -> Self {
        match mask {
            Constant(0.0) => no,
            Constant(_) => yes,
            Traced::Step(steps, _) => steps.push(Step::Select { mask: mask.at(), yes: yes.at(), no: no.at() }, None),
        }
    }

    fn is_nan(self) -> Self {
        self.one(|x| f64::from(u8::from(x.is_nan())), |x| x.ne(x))
    }

    fn powf(self, e: Self) -> Self {
        let right: fn(&Tensor, f64) -> Tensor = |a, c| a.powf(c);
        self.two(e, Rule { numbers: f64::powf, tensors: Tensor::pow, right: Some(right), left: None })
    }

    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }
}

#[cfg(test)]
mod tests;
