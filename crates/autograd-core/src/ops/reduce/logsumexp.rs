//! Logarithm of a sum of exponentials.

use super::along::Along;
use super::dims::ReduceDims;
use crate::error::Result;
use crate::kernels::number::Number;
use crate::kernels::real::Real;
use crate::kernels::rows::{log_sum_exp, norms, probabilities};
use crate::ops::check::Check;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// `y = ln Σ eˣ` along `dims`, without overflow; −∞ over no elements.
    ///
    /// # Gradient
    /// `gx = gy · softmax(x)`; 0 where y = −∞; where y = ∞, NaN for the elements that are ∞ and 0 for the others. Saves
    /// x, and of each row the largest element m and `Σ e^(x − m)`.
    ///
    /// # Numerics
    /// `y = m + ln Σ e^(x − m)`. Adding the same to all x adds it to y and changes no derivative.
    ///
    /// # Errors
    /// If a dim is out of range or named twice, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1000.0, 1000.0]).logsumexp(0)?;
    /// assert!((y.item::<f32>()? - 1000.693_1).abs() < 1e-3);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logsumexp(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        logsumexp_of(self, &dims.into())
    }
}

fn logsumexp_of(x: &Tensor, dims: &ReduceDims) -> Result<Tensor> {
    let float = Check("logsumexp").float(x)?;
    let along = Along::new("logsumexp", x, dims)?;
    let rows = along.rows(x);
    let (shape, count) = ([along.shape.iter().product(), 2], along.count);
    let norms = for_float!(float, T => Tensor::compute::<T, 1>("logsumexp", &shape, [&rows], move |[rows], y| {
        let (y, _) = y.as_chunks_mut::<2>();
        if count == 0 {
            y.fill([T::ZERO, -T::ONE]);
        } else {
            norms::<T>(rows.flat(), count, y);
        }
    }))?;
    let value = for_float!(float, T => Tensor::compute::<T, 1>("logsumexp", &along.shape, [&norms], |[norms], y| {
        let (norms, _) = norms.flat::<T>().as_chunks::<2>();
        y.iter_mut().zip(norms).for_each(|(y, norm)| *y = log_sum_exp(*norm));
    }))?;
    let saved = |_: &Tensor| LogSumExp { x: Saved::input(0, x), norms: Saved::constant(&norms), along };
    Ok(record("logsumexp", value, &[x], saved))
}

struct LogSumExp {
    x: Saved,
    /// The largest element m of each row, and `Σ e^(x − m) − 1`.
    norms: Saved,
    along: Along,
}

impl LogSumExp {
    fn norm(&self, i: isize) -> Result<Tensor> {
        self.norms.value().narrow(1, i, 1)?.reshape_to(&self.along.kept)
    }
}

impl Pullback for LogSumExp {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at), at.gy());
        at.give(0, || {
            let rest = self.norm(1)?;
            let nothing = rest.eq(&rest.full_like(-1.0))?;
            // A row of −∞ has no softmax, and a gradient of 0.
            let x = nothing.where_cond(&x.zeros_like(), &x)?;
            let gy = self.along.spread(gy)?;
            let gy = nothing.where_cond(&gy.zeros_like(), &gy)?;
            self.along.by_rows(&x, |x| shares(x, &self.norms.value().narrow(1, 0, 1)?))?.try_mul(&gy)
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy, along) = (self.x.value(), at.gy(), &self.along);
        at.give(0, || {
            if along.trailing() && along.count > 0 {
                let (x, gy) = (x.packed(), gy.packed());
                let (operands, count) = ([&*x, self.norms.value(), &*gy], along.count);
                return for_float!(x.float(), T => {
                    Tensor::compute::<T, 3>("logsumexp", x.shape(), operands, move |[x, norms, gy], gx| {
                        let (norms, _) = norms.flat::<T>().as_chunks::<2>();
                        probabilities::<T>(x.flat(), norms, gy.flat(), count, gx);
                    })
                });
            }
            let total = self.norm(1)?.add_scalar(1.0);
            let nothing = total.eq(&total.zeros_like())?;
            let scale = along.spread(gy)?.try_div(&nothing.where_cond(&total.ones_like(), &total)?)?;
            let scale = nothing.where_cond(&total.zeros_like(), &scale)?;
            try_elementwise([x, &self.norm(0)?], ExpLess)?.try_mul(&scale)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.norms);
    }
}

/// The derivative of `ln Σ eˣ` of each row of `[N, K]`, m `[N, 1]` the largest of each: its softmax, but where m = ∞.
/// There what is finite has no share, and that of ∞ itself is NaN.
pub(in crate::ops) fn shares(x: &Tensor, m: &Tensor) -> Result<Tensor> {
    let number = |y: f64| Tensor::full(&[], y, x.dtype());
    let endless = m.eq_scalar(f64::INFINITY);
    let beside = x.eq_scalar(f64::INFINITY).where_cond(&number(f64::NAN)?, &number(0.0)?)?;
    endless.where_cond(&beside, &endless.where_cond(&number(0.0)?, x)?.softmax(1)?)
}

/// `e^(x − m)` from the difference that is not rounded.
#[derive(Clone, Copy)]
struct ExpLess;

impl Elementwise<2> for ExpLess {
    const NAME: &'static str = "logsumexp";
    const KEEPS: Keeps = Keeps::Untracked;

    #[inline(always)]
    fn value<N: Number>(self, [x, m]: [N; 2]) -> N {
        x.exp_less(m)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let lse = |x: &mut dyn Iterator<Item = f64>| x.map(f64::exp).sum::<f64>().ln();
    [
        Case::new("logsumexp", x(), |x| x[0].logsumexp(..))
            .value(move |x| vec![lse(&mut x[0].iter().copied())])
            .refuses(
                |x| x[0].to_dtype(DType::I64).logsumexp(..),
                "logsumexp: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(|x| x[0].logsumexp(-4), "logsumexp: dim -4 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("logsumexp(1)", x(), |x| x[0].logsumexp(keep(1)))
            .value(move |x| (0..8).map(|k| lse(&mut (0..3).map(|j| x[0][k / 4 * 12 + j * 4 + k % 4]))).collect()),
    ]
}];
