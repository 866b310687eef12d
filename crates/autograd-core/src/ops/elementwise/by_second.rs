//! Functions of two numbers that have derivatives by the second one, of every order, and none by the first.
//!
//! One function of floats gives the value and all derivatives, called number by number. A gradient for the first
//! operand is refused by the walk that wants it.

use super::driver::{floats, same_dtype};
use super::map::map;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::elementwise::function::{self, Compiled};
use crate::kernels::simd::Each;
use crate::tape::{Pull, Pullback, Saved, record, unwatched};
use crate::tensor::{Float, Tensor, for_float};

/// A function of two numbers.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// The name of the first operand.
    pub(crate) first: &'static str,
    /// The derivative of order n by the second operand; the value is that of order 0.
    pub(crate) derivative: fn(u32, f64, f64) -> f64,
}

impl Function {
    /// `z = f(a, x)` of operands that are broadcast to a common shape, recorded. Integers and truth values become `F32`
    /// first.
    ///
    /// # Errors
    /// If the shapes do not broadcast, the dtypes differ or there is no memory for the result.
    pub(crate) fn of(&'static self, a: &Tensor, x: &Tensor) -> Result<Tensor> {
        if Float::of(same_dtype(self.name, [a, x])?).is_none() {
            let [a, x] = floats(self.name, [a, x])?;
            return self.order(0, &a, &x);
        }
        self.order(0, a, x)
    }

    /// The derivative of order n by x, recorded.
    fn order(&'static self, n: u32, a: &Tensor, x: &Tensor) -> Result<Tensor> {
        let f = Order { n, f: self.derivative };
        let value = for_float!(x.float(), T => map::<T, T, 2>(self.name, Compiled::new(f), [a, x]))?;
        Ok(record(self.name, value, &[a, x], |_| Derivative {
            f: self,
            n,
            a: Saved::input(0, a),
            x: Saved::input(1, x),
        }))
    }
}

/// A derivative of a function; of three operands the first is an upstream gradient, which it is multiplied by.
#[derive(Clone, Copy)]
struct Order {
    n: u32,
    f: fn(u32, f64, f64) -> f64,
}

impl Order {
    fn at(self, a: f64, x: f64) -> f64 {
        #[cfg(test)]
        crate::kernels::real::CALLED.set(crate::kernels::real::CALLED.get() + 1);
        (self.f)(self.n, a, x)
    }
}

macro_rules! functions {
    ($t:ident, $double:expr) => {
        impl function::Function<2, $t, $t> for Order {
            #[inline(always)]
            fn call(self, x: [$t; 2]) -> $t {
                let [a, x] = x.each($double);
                self.at(a, x) as $t
            }
        }

        impl function::Function<3, $t, $t> for Order {
            #[inline(always)]
            fn call(self, x: [$t; 3]) -> $t {
                let [gy, a, x] = x.each($double);
                (gy * self.at(a, x)) as $t
            }
        }
    };
}
functions!(f32, f64::from);
functions!(f64, |x| x);

/// The pull-back of a derivative of order n.
struct Derivative {
    f: &'static Function,
    n: u32,
    a: Saved,
    x: Saved,
}

impl Derivative {
    fn refused(&self) -> Result<Tensor> {
        let Function { name, first, .. } = self.f;
        let text = format!("{name}: has no derivative with respect to {first}; detach {first}");
        Err(Error::new(ErrorKind::NoDerivative, text))
    }
}

impl Pullback for Derivative {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, x, gy) = (self.a.get(at), self.x.get(at), at.gy());
        at.give(0, || self.refused())?;
        at.give(1, || unwatched(|| gy.try_mul(&self.f.order(self.n + 1, &a, &x)?)))
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (operands, f) = ([at.gy(), self.a.value(), self.x.value()], Order { n: self.n + 1, f: self.f.derivative });
        at.give(0, || self.refused())?;
        at.give(1, || for_float!(operands[0].float(), T => map::<T, T, 3>(self.f.name, Compiled::new(f), operands)))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.x);
    }
}
