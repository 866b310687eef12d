//! The losses of Fenchel and Young, made from a maximum function.

use crate::loss::pair::product;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Error, Result, Tensor};

const OP: &str = "FenchelYoungLoss";

/// The loss of Fenchel and Young of scores x and truths t, those along the last dim, for a maximum function: the mean
/// over all samples.
///
/// ```text
/// loss = max_fun(x) − Σ t x
/// ```
///
/// `max_fun` is the convex conjugate Ω* of a regulariser Ω, of which `Ω(t)` is left out, as it has no part in what is
/// minimal. With `logsumexp` the loss is cross-entropy, with `amax` the perceptron's.
///
/// # Shapes
/// `input` and `target` are `[.., C]`; `max_fun` takes `[.., C]` and returns `[..]`.
///
/// # Gradient
/// That of `max_fun`, which is its prediction, less t.
///
/// # Numerics
/// A difference: where the scores are large, digits of a small loss are lost.
///
/// # Errors
/// `forward` fails if the shapes differ, the dtypes are not one float type, or `max_fun` fails or returns another
/// shape.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{FenchelYoungLoss, Loss};
/// let loss = FenchelYoungLoss::new(|x: &Tensor| x.logsumexp(-1));
/// let value = loss.forward(&Tensor::from([[0.0, 0.0]]), &Tensor::from([[0.0, 1.0]]))?;
/// assert!((value.item::<f32>()? - 2f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Blondel, Martins, Niculae, Learning with Fenchel-Young Losses, 2020, definition 2.
#[derive(Clone, Copy, Debug)]
pub struct FenchelYoungLoss<F> {
    max_fun: F,
    reduction: Reduction,
}

impl<F: Fn(&Tensor) -> Result<Tensor>> FenchelYoungLoss<F> {
    /// The loss of a maximum function.
    pub fn new(max_fun: F) -> FenchelYoungLoss<F> {
        FenchelYoungLoss { max_fun, reduction: Reduction::Mean }
    }

    /// The reduction of the losses of samples. Default: their mean.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{FenchelYoungLoss, Loss, Reduction};
    /// let loss = FenchelYoungLoss::new(|x: &Tensor| x.amax(-1)).reduction(Reduction::None);
    /// let losses = loss.forward(&Tensor::from([[0.5, 1.0], [2.0, 0.0]]), &Tensor::from([[1.0, 0.0], [1.0, 0.0]]))?;
    /// assert_eq!(losses.to_vec::<f32>()?, [0.5, 0.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn reduction(mut self, reduction: Reduction) -> FenchelYoungLoss<F> {
        self.reduction = reduction;
        self
    }
}

impl<F: Fn(&Tensor) -> Result<Tensor>> Loss for FenchelYoungLoss<F> {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).same_float(input, target)?;
        let Some((_, samples)) = input.shape().split_last() else {
            return Err(Error::shape(OP, "the input", input.shape(), "[.., C]"));
        };
        hint::same(OP, target, input.shape())?;
        let largest = (self.max_fun)(input)?;
        Check(OP).is("the result of max_fun", &largest, samples)?;
        self.reduction.apply(&largest.try_sub(&product(target, input)?.sum_dim(-1)?)?)
    }

    fn describe(&self) -> Description {
        let own = Description::new(OP).option("max_fun", std::any::type_name::<F>());
        own.option("reduction", format_args!("{:?}", self.reduction))
    }
}

#[cfg(test)]
mod tests {
    use super::FenchelYoungLoss;
    use crate::cases::Expected;
    use autograd_core::{DType, Tensor};

    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let (x, t) = (x.to_f64s(), t.to_f64s());
        let row = |(x, t): (&[f64], &[f64])| {
            let total: f64 = x.iter().map(|x| x.exp()).sum();
            total.ln() - x.iter().zip(t).map(|(x, t)| x * t).sum::<f64>()
        };
        let losses: Vec<f64> = x.chunks(3).zip(t.chunks(3)).map(row).collect();
        Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
    }

    fn x() -> Tensor {
        Tensor::from([[0.5, 0.25, -0.75], [3.0, -1.0, 0.125]]).to_dtype(DType::F64)
    }

    cases![
        loss("FenchelYoungLoss", |r| FenchelYoungLoss::new(|x: &Tensor| x.logsumexp(-1)).reduction(r), formula)
            .up_to(1000.0)
            .on(x(), Tensor::from([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]).to_dtype(DType::F64))
            .refuses(Tensor::from(1.0), Tensor::from(1.0), "the input has shape [], expected [.., C]")
            .refuses(
                Tensor::from([1.0, 2.0]),
                Tensor::from([1.0]),
                "target has shape [1], expected [2], that of the input"
            ),
        loss("FenchelYoungLoss", |r| FenchelYoungLoss::new(|x: &Tensor| Ok(x.sum())).reduction(r), formula).refuses(
            x(),
            x(),
            "the result of max_fun has shape [], expected [2]"
        ),
    ];
}
