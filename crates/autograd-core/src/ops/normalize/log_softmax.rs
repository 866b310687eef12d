//! Logarithm of the softmax.

use super::rows::along;
use crate::error::Result;
use crate::keep;
use crate::kernels::rows::{log_softmax, log_softmax_pull};
use crate::ops::check::Check;
use crate::shape::{Dim, Layout};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// `y = x − ln Σ eˣ ` along one dim.
    ///
    /// # Gradient
    /// `gx = gy − softmax(x) Σ gy`, summed along the dim; saves x, and of each row the largest element m and
    /// `Σ e^(x − m)`.
    ///
    /// # Numerics
    /// Computed as `(x − m) − ln Σ e^(x−m)` with `m = max x`: no overflow, no logarithm of a rounded zero, and adding
    /// the same to all x changes nothing. Where one y is near 0, it and its gradient come from the other elements, and
    /// keep their digits. The probabilities of the gradient do not come from y, whose rounding is that of their
    /// logarithm: they are within 4 ulp however small.
    ///
    /// # Errors
    /// If the dim is out of range or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1000.0, 1000.0]).log_softmax(0)?;
    /// assert!((y.to_vec::<f32>()?[0] + 2f32.ln()).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn log_softmax(&self, dim: impl Dim) -> Result<Tensor> {
        log_softmax_of(self, dim.signed())
    }
}

fn log_softmax_of(x: &Tensor, dim: isize) -> Result<Tensor> {
    let float = Check("log_softmax").float(x)?;
    let dim = Check("log_softmax").dim(dim, x.shape())?;
    let width = x.shape().get(dim).copied().unwrap_or(1);
    let (numel, rows) = (x.numel(), x.numel() / width.max(1));
    let mut norms = None;
    let value = along("log_softmax", dim, [x], |[x]| {
        // One pass writes both, so they lie in one memory.
        let both = for_float!(float, T => {
            Tensor::compute::<T, 1>("log_softmax", &[numel + 2 * rows], [&x], move |[x], both| {
                let (y, norms) = both.split_at_mut(numel);
                log_softmax::<T>(x.flat(), width, y, norms.as_chunks_mut::<2>().0);
            })
        })?;
        norms = Some(both.with_layout(Layout::contiguous_at(&[rows, 2], numel)));
        Ok(both.with_layout(Layout::contiguous(x.shape())))
    })?;
    let norms = norms.unwrap_or_else(|| unreachable!("they were written with the value"));
    let saved = |_: &Tensor| LogSoftmax { x: Saved::input(0, x), norms: Saved::constant(&norms), dim, width };
    Ok(record("log_softmax", value, &[x], saved))
}

struct LogSoftmax {
    x: Saved,
    /// The largest element m of each row, and `Σ e^(x − m) − 1`; the rows as they lie with the dim moved to the end.
    norms: Saved,
    dim: usize,
    width: usize,
}

impl Pullback for LogSoftmax {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy, dim) = (self.x.get(at), at.gy(), self.dim as isize);
        // The only element of a scalar is its own row.
        let sum = |x: &Tensor| if x.rank() == 0 { Ok(x.clone()) } else { x.sum_dim(keep(dim)) };
        at.give(0, || {
            let y = x.softmax(dim)?;
            let gx = gy.try_sub(&y.try_mul(&sum(gy)?)?)?;
            // Near probability 1 the two would cancel; the gx of a row add up to 0.
            let (dominates, zero) = (y.gt(&y.full_like(0.5))?, Tensor::full(&[], 0.0, gx.dtype())?);
            dominates.where_cond(&sum(&dominates.where_cond(&zero, &gx)?)?.neg(), &gx)
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy, norms) = (self.x.value(), at.gy(), self.norms.value());
        at.give(0, || {
            along("log_softmax", self.dim, [gy, x], |[gy, x]| {
                let (operands, width) = ([&*gy, &*x, norms], self.width);
                for_float!(gy.float(), T => {
                    Tensor::compute::<T, 3>("log_softmax", gy.shape(), operands, move |[gy, x, norms], gx| {
                        let (norms, _) = norms.flat::<T>().as_chunks::<2>();
                        log_softmax_pull::<T>(gy.flat(), x.flat(), norms, width, gx);
                    })
                })
            })
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.norms);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let row = |r: &[f64], x: f64| x - r.iter().map(|x| x.exp()).sum::<f64>().ln();
    let last =
        move |x: &[Vec<f64>]| x[0].chunks(4).flat_map(|r| r.iter().map(|x| row(r, *x)).collect::<Vec<_>>()).collect();
    let middle = move |x: &[Vec<f64>]| {
        let column = |i: usize| (0..3).map(|j| x[0][i / 12 * 12 + j * 4 + i % 4]).collect::<Vec<_>>();
        (0..24).map(|i| row(&column(i), x[0][i])).collect()
    };
    [
        Case::new("log_softmax(-1)", x(), |x| x[0].log_softmax(-1))
            .value(last)
            .refuses(|x| x[0].log_softmax(-4), "log_softmax: dim -4 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(
                |x| x[0].to_dtype(DType::I64).log_softmax(0),
                "log_softmax: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("log_softmax(1)", x(), |x| x[0].log_softmax(1)).value(middle),
    ]
}];
