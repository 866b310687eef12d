//! Cross-entropy with class indices, straight from the logits.
//!
//! forward    yₙ = ln Σₖ e^xₙₖ − xₙₜ,  t = targetₙ        x: [N, K], target: [N], y: [N]
//! backward   gxₙₖ = gyₙ (softmax(xₙ)ₖ − [k = t])    saves x, ln Σ e^x and the target

use crate::error::{Error, Result};
use crate::kernels::rows::{exp_shifted, log_sum_exp};
use crate::ops::check;
use crate::tape::{Grads, Pull, Pullback, Saved, is_recording, record};
use crate::tensor::{Tensor, for_float};
use smallvec::smallvec;
use std::sync::Arc;

impl Tensor {
    /// The negative log-likelihood of the class `target[n]` under `softmax(x[n])`, for every row n.
    ///
    /// # Shapes
    /// `x: [N, K]` logits, `target: [N]` class indices (`I64`, from 0 to K − 1), result `[N]`.
    ///
    /// # Gradient
    /// `gx = gy · (softmax(x) − one_hot(target))`; saves x, one number a row, and the target.
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
        check::float("cross_entropy", self)?;
        let [rows, classes] = *self.shape() else {
            let expected = "[N, K]";
            return Err(Error::shape("cross_entropy", "the input", self.shape(), expected));
        };
        check::index("cross_entropy", target)?;
        if target.shape() != [rows] {
            let expected = format!("[{rows}]");
            return Err(Error::shape("cross_entropy", "target", target.shape(), expected));
        }
        let packed = target.packed();
        for (position, &index) in packed.flat::<i64>().iter().enumerate() {
            if index < 0 || index >= classes as i64 {
                return Err(Error::index("cross_entropy", index, position, 1, self.shape()));
            }
        }
        let target: Arc<[i64]> = packed.flat::<i64>().into();
        let x = self.packed();
        let (value, lse) = for_float!(x.dtype(), T => {
            let lse = Tensor::build::<T>(x.dtype(), &[rows], |y| {
                if classes > 0 {
                    log_sum_exp::<T>(x.flat(), classes, y);
                }
            });
            let logits = x.flat::<T>();
            let value = Tensor::build::<T>(x.dtype(), &[rows], |y| {
                for (n, (y, lse)) in y.iter_mut().zip(lse.flat::<T>()).enumerate() {
                    *y = *lse - logits[n * classes + target[n] as usize];
                }
            });
            (value, lse)
        }, else (self.clone(), self.clone()));
        Ok(record("cross_entropy", value, &[self], |_| CrossEntropy { x: Saved::input(0, self), lse, target }))
    }
}

struct CrossEntropy {
    x: Saved,
    lse: Tensor,
    target: Arc<[i64]>,
}

impl Pullback for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        let x = self.x.get(at);
        let classes = x.shape()[1];
        if is_recording() {
            let target = Tensor::from_slice(&self.target, &[self.target.len()])?;
            let one_hot = target.one_hot(Some(classes))?.to_dtype(x.dtype());
            let gx = x.softmax(1)?.try_sub(&one_hot)?.try_mul(&at.gy().unsqueeze(1)?)?;
            return Ok(smallvec![Some(gx)]);
        }
        let (x, gy) = (x.packed(), at.gy().packed());
        let gx = for_float!(x.dtype(), T => Tensor::build::<T>(x.dtype(), x.shape(), |gx| {
            if classes > 0 {
                let gy = gy.flat::<T>();
                exp_shifted(x.flat(), self.lse.flat(), gy, classes, gx);
                gx.chunks_exact_mut(classes).zip(&*self.target).zip(gy).for_each(|((gx, t), gy)| gx[*t as usize] -= *gy);
            }
        }), else at.gy().clone());
        Ok(smallvec![Some(gx)])
    }

    fn saved(&self) -> Vec<&Tensor> {
        vec![self.x.value(), &self.lse]
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::DType;
    use crate::ops::cases::{Case, Input};
    let reference = |x: &[Vec<f64>]| {
        let row = |(r, t): (&[f64], &f64)| r.iter().map(|x| x.exp()).sum::<f64>().ln() - r[*t as usize];
        x[0].chunks(4).zip(&x[1]).map(row).collect()
    };
    let inputs = vec![Input::real(&[3, 4], -2.0..2.0), Input::index(&[3], 4)];
    vec![
        Case::new("cross_entropy", inputs, |x| x[0].cross_entropy(&x[1]))
            .value(reference)
            .refuses(
                |x| x[0].sum_dim(&[0], false)?.cross_entropy(&x[1]),
                "cross_entropy: the input has shape [4], expected [N, K]",
            )
            .refuses(
                |x| x[0].cross_entropy(&x[1].narrow(0, 0, 1)?),
                "cross_entropy: target has shape [1], expected [3]",
            )
            .refuses(
                |x| x[0].cross_entropy(&Tensor::from([0, 4, 0])),
                "cross_entropy: index 4 at position 1 is out of range for axis 1 of shape [3, 4]",
            )
            .refuses(
                |x| x[0].cross_entropy(&x[1].to_dtype(DType::F64)),
                "cross_entropy: dtype is F64, expected I64; to_dtype converts",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).cross_entropy(&x[1]),
                "cross_entropy: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
    ]
}
