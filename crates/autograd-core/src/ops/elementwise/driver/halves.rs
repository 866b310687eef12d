//! Operations on the two halves of a tensor, whose gradient is written in one piece.

use super::{Elementwise, Floats, Gradient, Keeps, try_elementwise};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::elementwise::function::Compiled;
use crate::kernels::elementwise::zip::zip_halves;
use crate::ops::check::Check;
use crate::ops::elementwise::map::map_in;
use crate::ops::elementwise::traced::{Steps, Traced};
use crate::tape::{Pull, Pullback, Saved, record, unwatched};
use crate::tensor::{DType, Tensor, for_float};

/// `y = f(a, b)`, recorded, of which a is the first and b the second half of x along a dim. Integers and truth values
/// become `F32` first.
///
/// # Errors
/// If the dim does not exist or its size is odd, or there is no memory for the result.
pub(in crate::ops::elementwise) fn of_halves<F: Elementwise<2>>(x: &Tensor, dim: isize, f: F) -> Result<Tensor> {
    const { assert!(matches!(F::KEEPS, Keeps::Inputs), "its derivatives read its operands") };
    let d = Check(F::NAME).dim(dim, x.shape())?;
    let size = x.shape().get(d).copied().unwrap_or(1);
    if size % 2 != 0 {
        return Err(Error::new(ErrorKind::Shape, format!("{}: dim {d} has size {size}, which is odd", F::NAME)));
    }
    if !x.dtype().is_float() {
        x.can_be_packed(F::NAME)?;
        return of_halves(&x.to_dtype(DType::F32), dim, f);
    }
    let [a, b] = halves(&x.untied(), d)?;
    // It is looked at as what is recorded.
    let value = unwatched(|| try_elementwise([&a, &b], f))?;
    Ok(record(F::NAME, value, &[x], |_| OfHalves { f, x: Saved::input(0, x), d }))
}

fn halves(x: &Tensor, d: usize) -> Result<[Tensor; 2]> {
    let half = x.shape()[d] / 2;
    Ok([x.narrow(d, 0, half)?, x.narrow(d, half, half)?])
}

/// It is looked at as the gradient.
fn join(a: &Tensor, b: &Tensor, d: usize) -> Result<Tensor> {
    unwatched(|| Tensor::cat(&[a, b], d))
}

struct OfHalves<F> {
    f: F,
    x: Saved,
    d: usize,
}

/// Halves that lie in runs of fewer elements are computed one by one, and joined.
const LONG: usize = 64;

impl<F: Elementwise<2>> Pullback for OfHalves<F> {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, x) = (at.gy(), self.x.get(at));
        at.give(0, || {
            let [a, b] = halves(&x, self.d)?;
            let steps = Steps::new(gy.dtype());
            let x = [steps.given(&a), steps.given(&b)];
            let gradients = self.f.pull(steps.given(gy), x, Traced::Constant(f64::NAN));
            let [first, second] = gradients.map(|gradient| unwatched(|| steps.tensor(gradient, gy)));
            join(&first?, &second?, self.d)
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (gy, x) = (at.gy(), self.x.value());
        let half: usize = gy.shape()[self.d..].iter().product();
        at.give(0, || {
            for_float!(gy.float(), T => {
                let first = Compiled::<3, T, T>::new(Floats(Gradient::<F, 2, 0>(self.f)));
                let second = Compiled::<3, T, T>::new(Floats(Gradient::<F, 2, 1>(self.f)));
                if half < LONG {
                    let [a, b] = halves(x, self.d)?;
                    let of = |f| map_in::<T, T, 3>(F::NAME, f, None, [gy, &a, &b]);
                    return join(&of(first)?, &of(second)?, self.d);
                }
                let operands = [&*gy.packed(), &*x.packed()];
                Tensor::compute::<T, 2>(F::NAME, x.shape(), operands, move |[gy, x], z| {
                    zip_halves([first, second], gy.flat(), x.flat(), half, z);
                })
            })
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
    }
}
