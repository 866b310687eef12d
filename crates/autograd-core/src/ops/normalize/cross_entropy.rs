//! Cross-entropy with class indices, straight from the logits.

use crate::error::Result;
use crate::kernels::rows::{exp_shifted, log_sum_exp};
use crate::ops::check::{Check, Indices};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor, for_float};

/// # Softmax and its relatives
impl Tensor {
    /// The negative log-likelihood of the class `target[n]` under `softmax(x[n])`, for every row n:
    /// `yₙ = ln Σₖ e^xₙₖ − xₙₜ` with `t = targetₙ`.
    ///
    /// # Shapes
    /// `x: [N, K]` logits, `target: [N]` class indices (`I64`, from 0 to K − 1), result `[N]`.
    ///
    /// # Gradient
    /// `gx = gy · (softmax(x) − one_hot(target))`; saves x, `ln Σ eˣ` of each row, and the target.
    ///
    /// # Numerics
    /// By log-sum-exp: no overflow, and no logarithm of a rounded zero.
    ///
    /// # Errors
    /// If the shapes do not fit, a class is out of range, or the dtypes are not float and `I64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[0.0, 0.0], [100.0, 0.0]]).cross_entropy(&Tensor::from([1, 0]))?;
    /// assert!((y.to_vec::<f32>()?[0] - 2f32.ln()).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cross_entropy(&self, target: &Tensor) -> Result<Tensor> {
        let check = Check("cross_entropy");
        let float = check.float(self)?;
        let [n, classes] = check.shape("the input", self, "[N, K]")?;
        check.dtype(target, DType::I64)?;
        check.is("target", target, &[n])?;
        let target = check.indices(target, self.shape(), 1)?;
        let x = self.packed();
        let lse = for_float!(float, T => Tensor::build::<T>(&[n], |y| {
            if classes > 0 {
                log_sum_exp::<T>(x.flat(), classes, y);
            }
        }));
        let value = for_float!(float, T => Tensor::build::<T>(&[n], |y| {
            let rows = lse.flat::<T>().iter().zip(target.values()).enumerate();
            for (y, (n, (lse, t))) in y.iter_mut().zip(rows) {
                *y = *lse - x.flat::<T>()[n * classes + *t as usize];
            }
        }));
        let saved = |_: &Tensor| CrossEntropy { x: Saved::input(0, self), lse: Saved::constant(&lse), target };
        Ok(record("cross_entropy", value, &[self], saved))
    }
}

struct CrossEntropy {
    x: Saved,
    lse: Saved,
    target: Indices,
}

impl Pullback for CrossEntropy {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at), at.gy());
        at.give(0, || {
            let one_hot = self.target.tensor().one_hot(Some(x.shape()[1]))?.to_dtype(x.dtype());
            x.softmax(1)?.try_sub(&one_hot)?.try_mul(&gy.unsqueeze(1)?)
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.value().packed(), at.gy().packed());
        let (classes, lse) = (x.shape()[1], self.lse.value());
        at.give(0, || {
            Ok(for_float!(x.float(), T => Tensor::build::<T>(x.shape(), |gx| {
                if classes > 0 {
                    let gy = gy.flat::<T>();
                    exp_shifted(x.flat(), lse.flat(), gy, classes, gx);
                    let rows = gx.chunks_exact_mut(classes).zip(self.target.values()).zip(gy);
                    rows.for_each(|((gx, t), gy)| gx[*t as usize] -= *gy);
                }
            })))
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.lse);
        see(self.target.saved());
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let reference = |x: &[Vec<f64>]| {
        let row = |(r, t): (&[f64], &f64)| r.iter().map(|x| x.exp()).sum::<f64>().ln() - r[*t as usize];
        x[0].chunks(4).zip(&x[1]).map(row).collect()
    };
    let inputs = vec![Input::real(&[3, 4], -2.0..2.0), Input::index(&[3], 4)];
    [Case::new("cross_entropy", inputs, |x| x[0].cross_entropy(&x[1]))
        .value(reference)
        .refuses(|x| x[0].sum_dim(0)?.cross_entropy(&x[1]), "cross_entropy: the input has shape [4], expected [N, K]")
        .refuses(|x| x[0].cross_entropy(&x[1].narrow(0, 0, 1)?), "cross_entropy: target has shape [1], expected [3]")
        .refuses(
            |x| x[0].cross_entropy(&Tensor::from([0, 4, 0])),
            "cross_entropy: index 4 at position 1 is out of range for dim 1 of shape [3, 4]",
        )
        .refuses(
            |x| x[0].cross_entropy(&x[1].to_dtype(DType::F64)),
            "cross_entropy: dtype is F64, expected I64; to_dtype converts",
        )
        .refuses(
            |x| x[0].to_dtype(DType::I64).cross_entropy(&x[1]),
            "cross_entropy: dtype is I64, expected F32 or F64; to_dtype converts",
        )]
}];
