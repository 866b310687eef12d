//! Cross-entropy with class indices, straight from the logits.

use crate::error::Result;
use crate::keep;
use crate::kernels::rows::{log_probability, norms, probabilities};
use crate::ops::check::Check;
use crate::ops::indices::Indices;
use crate::ops::reduce::logsumexp::shares;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::timer::Count;
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
    /// `gx = gy · (softmax(x) − one_hot(target))`; saves x, the target, and of each row the largest element m and
    /// `Σ e^(x − m)`.
    ///
    /// # Numerics
    /// `y = (m − xₙₜ) + ln Σ e^(x − m)`: no overflow, no logarithm of a rounded zero, and adding the same to a whole
    /// row changes neither value nor derivatives. Where the target's probability p is near 1, `1 − p` comes from the
    /// other classes: value and gradient keep their digits however small they are.
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
        let x = self.try_packed("cross_entropy")?;
        let norms = for_float!(float, T => Tensor::compute::<T, 1>("cross_entropy", &[n, 2], [&x], move |[x], y| {
            if classes > 0 {
                norms::<T>(x.flat(), classes, y.as_chunks_mut::<2>().0);
            }
        }))?;
        let operands = [&*x, &norms, target.tensor()];
        let value = for_float!(float, T => Tensor::counted::<T, 3>("cross_entropy", Count::Picked, &[n], operands, move |[x, norms, t], y| {
            let rows = norms.flat::<T>().as_chunks::<2>().0.iter().zip(t.flat::<i64>()).enumerate();
            for (y, (n, (norm, t))) in y.iter_mut().zip(rows) {
                *y = -log_probability(x.flat::<T>()[n * classes + *t as usize], *norm);
            }
        }))?;
        let saved = |_: &Tensor| CrossEntropy { x: Saved::input(0, self), norms: Saved::constant(&norms), target };
        Ok(record("cross_entropy", value, &[self], saved))
    }
}

struct CrossEntropy {
    x: Saved,
    /// The largest element m of each row, and `Σ e^(x − m) − 1`.
    norms: Saved,
    target: Indices,
}

impl Pullback for CrossEntropy {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at), at.gy());
        at.give(0, || {
            let p = shares(&x, &self.norms.value().narrow(1, 0, 1)?)?;
            let target = self.target.tensor().one_hot(Some(x.shape()[1]))?;
            // p − 1 of the target's class, near 1 without the cancellation: the other p are what is left.
            let near = target.to_dtype(DType::Bool).logical_and(&p.gt(&p.full_like(0.5))?)?;
            let left = near.where_cond(&Tensor::full(&[], 0.0, p.dtype())?, &p)?.sum_dim(keep(1))?.neg();
            near.where_cond(&left, &p.try_sub(&target.to_dtype(p.dtype()))?)?.try_mul(&gy.unsqueeze(1)?)
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.value().packed(), at.gy().packed());
        let (classes, norms) = (x.shape()[1], self.norms.value());
        at.give(0, || {
            let operands = [&*x, norms, self.target.tensor(), &*gy];
            for_float!(x.float(), T => {
                Tensor::compute::<T, 4>("cross_entropy", x.shape(), operands, move |[x, norms, target, gy], gx| {
                    if classes > 0 {
                        let (norms, gy) = (norms.flat::<T>().as_chunks::<2>().0, gy.flat::<T>());
                        probabilities(x.flat(), norms, gy, classes, gx);
                        let rows = gx.chunks_exact_mut(classes).zip(x.flat::<T>().chunks_exact(classes));
                        for ((gx, x), ((t, norm), gy)) in rows.zip(target.flat::<i64>().iter().zip(norms).zip(gy)) {
                            let t = *t as usize;
                            gx[t] = *gy * log_probability(x[t], *norm).exp_m1();
                        }
                    }
                })
            })
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.norms);
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
