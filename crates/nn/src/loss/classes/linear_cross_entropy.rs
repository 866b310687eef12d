//! Cross-entropy of a linear layer's output.

use super::CrossEntropyLoss;
use crate::loss::Loss;
use autograd_core::{Result, Tensor};

/// Cross-entropy of the logits `x Wᵀ + b`, a linear layer's output, with the options of `loss`.
///
/// # Shapes
/// `input: [N, in]`, `weight: [C, in]`, `bias: [C]`; `target` as for [`cross_entropy`](crate::cross_entropy).
///
/// # Errors
/// If the shapes do not fit, or those of the loss.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{CrossEntropyLoss, linear_cross_entropy};
/// let (x, weight) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[0.0, 0.0], [0.0, 0.0]]));
/// let loss = linear_cross_entropy(&x, &weight, None, &Tensor::from([1]), &CrossEntropyLoss::new())?;
/// assert!((loss.item::<f32>()? - 2f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn linear_cross_entropy(
    input: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    target: &Tensor,
    loss: &CrossEntropyLoss,
) -> Result<Tensor> {
    loss.forward(&input.linear(weight, bias)?, target)
}

#[cfg(test)]
mod tests {
    use super::linear_cross_entropy;
    use crate::loss::{CrossEntropyLoss, Loss, Reduction};
    use autograd_core::Tensor;

    // With the identity as weight it is cross-entropy.
    fn of(x: &Tensor, t: &Tensor, reduction: Reduction) -> autograd_core::Result<Tensor> {
        let eye = Tensor::from([[1.0, 0.0], [0.0, 1.0]]).to_dtype(x.dtype());
        linear_cross_entropy(x, &eye, None, t, &CrossEntropyLoss::new().reduction(reduction))
    }

    cases![
        loss(
            "cross_entropy",
            |r| move |x: &Tensor, t: &Tensor| of(x, t, r),
            |x, t| {
                let loss = CrossEntropyLoss::new().reduction(Reduction::None).forward(x, t).expect("valid");
                crate::cases::Expected { shape: t.shape().into(), divisor: t.numel() as f64, losses: loss.to_f64s() }
            }
        )
        .on(Tensor::from([[0.5, 1.0], [2.0, -1.0]]).to_dtype(autograd_core::DType::F64), Tensor::from([1, 0]))
        .refuses(
            Tensor::from([[0.5, 1.0]]),
            Tensor::from([2]),
            "index 2 at position 0 is out of range for dim 1 of shape [1, 2]"
        )
    ];
}
