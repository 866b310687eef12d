//! Cross-entropy of a linear layer's output.

use super::CrossEntropyLoss;
use crate::loss::Loss;
use autograd_core::check::Check;
use autograd_core::{DType, Error, Result, Tensor, checkpoint};

const OP: &str = "linear_cross_entropy";

/// The most logits that there are at once, unless rows are set: 16 MiB of `F32`.
const AT_ONCE: usize = 1 << 22;

/// Cross-entropy of the logits `x Wᵀ + b`, a linear layer's output, with the options of `loss`.
///
/// Many logits are never there all at once: the loss goes over chunks of rows, and backward computes the logits of each
/// chunk again. So of N rows and C classes no `[N, C]` is kept. Value and gradients are those of the plain form, to
/// rounding. The input of a sample that is ignored is to be finite: it takes part in products with a weight of 0.
///
/// # Shapes
/// `input: [N, in]` or `[in]`, `weight: [C, in]`, `bias: [C]`; `target` as for [`cross_entropy`](crate::cross_entropy).
///
/// # Errors
/// If the shapes do not fit, or those of the loss.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{CrossEntropyLoss, linear_cross_entropy};
/// let x = Tensor::from([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]]);
/// let weight = Tensor::from([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
/// let loss = linear_cross_entropy(&x, &weight, None, &Tensor::from([1, 2, 0]), &CrossEntropyLoss::new())?;
/// assert!((loss.item::<f32>()? - 2.196_570).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Wijmans et al., Cut Your Losses in Large-Vocabulary Language Models, 2024.
pub fn linear_cross_entropy(
    input: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    target: &Tensor,
    loss: &CrossEntropyLoss,
) -> Result<Tensor> {
    LinearCrossEntropyLoss::new(loss.clone()).forward(input, weight, bias, target)
}

/// [`linear_cross_entropy`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{CrossEntropyLoss, LinearCrossEntropyLoss};
/// let x = Tensor::from([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]]);
/// let weight = Tensor::from([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
/// let loss = LinearCrossEntropyLoss::new(CrossEntropyLoss::new()).rows(2);
/// let value = loss.forward(&x, &weight, None, &Tensor::from([1, 2, 0]))?.item::<f32>()?;
/// assert!((value - 2.196_570).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinearCrossEntropyLoss {
    loss: CrossEntropyLoss,
    rows: Option<usize>,
}

impl LinearCrossEntropyLoss {
    /// The cross-entropy with the options of `loss`.
    pub fn new(loss: CrossEntropyLoss) -> LinearCrossEntropyLoss {
        LinearCrossEntropyLoss { loss, rows: None }
    }

    /// The most rows whose logits are there at once, at least 1. Default: as many as have 2²² logits.
    #[must_use]
    pub fn rows(mut self, rows: usize) -> LinearCrossEntropyLoss {
        self.rows = Some(rows);
        self
    }

    /// The loss of a linear layer's inputs.
    ///
    /// # Errors
    /// As for [`linear_cross_entropy`], or if there are to be no rows at once.
    pub fn forward(&self, input: &Tensor, weight: &Tensor, bias: Option<&Tensor>, target: &Tensor) -> Result<Tensor> {
        Check(OP).require(self.rows != Some(0), "rows", 0, "at least 1")?;
        // Of more dims the plain form would take the second one for the classes.
        if !matches!(input.rank(), 1 | 2) {
            return Err(Error::shape(OP, "the input", input.shape(), "[in] or [N, in]"));
        }
        let classes = weight.shape().first().copied().unwrap_or(1);
        let at_once = self.rows.unwrap_or((AT_ONCE / classes.max(1)).max(1));
        let samples = input.shape().first().copied().unwrap_or(1);
        let labels = target.dtype() == DType::I64 && target.shape() == [samples];
        let fits = labels || target.dtype().is_float() && target.shape() == [samples, classes];
        // What does not fit is refused in the words of the plain form.
        if input.rank() != 2 || samples <= at_once || !fits {
            return self.loss.forward(&input.linear(weight, bias)?, target);
        }
        // Rows that are all one row in memory may be more than it could list the losses of.
        let chunks = samples.div_ceil(at_once);
        Check(OP).list(chunks)?;
        if labels {
            self.loss.check_labels(target, classes)?;
        }
        let mut losses = Vec::with_capacity(chunks);
        for start in (0..samples).step_by(at_once) {
            let count = at_once.min(samples - start);
            let rows = |x: &Tensor| x.narrow(0, start, count);
            let (loss, t) = (self.loss.clone().reduction(crate::loss::Reduction::None), rows(target)?);
            let of_chunk = move |x: &[Tensor]| loss.forward(&x[0].linear(&x[1], x.get(2))?, &t);
            let x = rows(input)?;
            losses.push(match bias {
                Some(bias) => checkpoint(of_chunk, [&x, weight, bias])?,
                None => checkpoint(of_chunk, [&x, weight])?,
            });
        }
        self.loss.reduce_rows(&Tensor::cat(&losses.iter().collect::<Vec<_>>(), 0)?, target)
    }
}

#[cfg(test)]
mod tests {
    use super::{LinearCrossEntropyLoss, linear_cross_entropy};
    use crate::cases::near;
    use crate::loss::{CrossEntropyLoss, Reduction};
    use autograd_core::{DType, Result, Tensor, grad, grad_with, graph, seeded};

    // With the identity as weight it is cross-entropy.
    fn of(x: &Tensor, t: &Tensor, reduction: Reduction, rows: usize) -> Result<Tensor> {
        let eye = Tensor::from([[1.0, 0.0], [0.0, 1.0]]).to_dtype(x.dtype());
        let loss = LinearCrossEntropyLoss::new(CrossEntropyLoss::new().reduction(reduction)).rows(rows);
        loss.forward(x, &eye, None, t)
    }

    fn case(rows: usize) -> crate::cases::LossCase {
        let formula = |x: &Tensor, t: &Tensor| {
            let (x, t) = (x.to_f64s(), t.to_f64s());
            let row = |(x, t): (&[f64], &f64)| (x[0].exp() + x[1].exp()).ln() - x[*t as usize];
            let losses: Vec<f64> = x.chunks(2).zip(&t).map(row).collect();
            crate::cases::Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
        };
        crate::cases::loss("cross_entropy", move |r| move |x: &Tensor, t: &Tensor| of(x, t, r, rows), formula)
            // A product with ∞ is NaN beside a 0.
            .finite()
            .on(Tensor::from([[0.5, 1.0], [2.0, -1.0], [0.25, 0.75]]).to_dtype(DType::F64), Tensor::from([1, 0, 1]))
    }

    /// All options and both targets: value, first and second derivatives of chunks are those of the plain form.
    #[test]
    fn chunks_are_the_plain_form() -> Result<()> {
        let mut rng = seeded(7);
        let mut draw = |shape: &[usize]| Tensor::randn(shape, DType::F64, &mut rng);
        let (x, w, b) = (draw(&[7, 3])?, draw(&[4, 3])?, draw(&[4])?);
        let targets = [Tensor::from([0, 3, -100, 1, 2, 2, 0]), draw(&[7, 4])?.softmax(1)?];
        let (x, w, b) = (x.requires_grad(), w.requires_grad(), b.requires_grad());
        for (target, bias) in targets.iter().flat_map(|target| [(target, None), (target, Some(&b))]) {
            for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                let weighted = CrossEntropyLoss::new().weight(Tensor::from([0.5, 2.0, 1.0, 0.25]).to_dtype(DType::F64));
                for loss in [CrossEntropyLoss::new(), weighted.clone(), weighted.label_smoothing(0.2)] {
                    let loss = loss.reduction(reduction);
                    let all = |rows: usize| {
                        let chunked = LinearCrossEntropyLoss::new(loss.clone()).rows(rows);
                        let y = chunked.forward(&x, &w, bias, target)?;
                        let inputs: Vec<&Tensor> = [&x, &w].into_iter().chain(bias).collect();
                        let seed = Tensor::arange(1.0, 1.0 + y.numel() as f64, 1.0, DType::F64)?;
                        let seed = seed.reshape(&y.shape().iter().map(|n| *n as isize).collect::<Vec<_>>())?;
                        let first = grad_with(&[(&y, &seed)], &inputs[..])?;
                        let squares = first.iter().flatten().map(|g| g.square().sum()).collect::<Vec<_>>();
                        let total = Tensor::stack(&squares.iter().collect::<Vec<_>>(), 0)?.sum();
                        let second = grad(&total, &inputs[..])?;
                        let parts = [y].into_iter().chain(first.into_iter().flatten()).chain(second);
                        Ok::<_, autograd_core::Error>(parts.flat_map(|x| x.to_f64s()).collect::<Vec<_>>())
                    };
                    let plain = all(7)?;
                    for rows in [1, 3, 6] {
                        near(&all(rows)?, &plain, 1e-12).expect("the plain form");
                    }
                }
            }
        }
        Ok(())
    }

    #[test]
    fn the_logits_are_not_kept() -> Result<()> {
        let (x, w) = (Tensor::full(&[512, 2], 0.5, DType::F32)?, Tensor::full(&[512, 2], 0.1, DType::F32)?);
        let (w, t) = (w.requires_grad(), Tensor::full(&[512], 3.0, DType::I64)?);
        let kept = |rows: usize| -> Result<usize> {
            let loss = LinearCrossEntropyLoss::new(CrossEntropyLoss::new()).rows(rows);
            Ok(graph(&loss.forward(&x, &w, None, &t)?).saved_bytes())
        };
        let logits = 512 * 512 * 4;
        assert!(kept(512)? > logits && kept(16)? < logits / 4, "{} {}", kept(512)?, kept(16)?);
        Ok(())
    }

    #[test]
    fn mistakes_are_named_alike_in_chunks() -> Result<()> {
        let (x, w) = (Tensor::zeros(&[3, 2], DType::F32)?, Tensor::zeros(&[4, 2], DType::F32)?);
        let text = |t: &Tensor, rows: usize| {
            let loss = LinearCrossEntropyLoss::new(CrossEntropyLoss::new()).rows(rows);
            loss.forward(&x, &w, None, t).expect_err("refused").to_string()
        };
        let far = "index 4 at position 2 is out of range for dim 1 of shape [3, 4]";
        assert_eq!(text(&Tensor::from([0, -100, 4]), 3), format!("cross_entropy: {far}"));
        assert_eq!(text(&Tensor::from([0, -100, 4]), 1), format!("cross_entropy: {far}"));
        let few = Tensor::from([0, 1]);
        assert_eq!(text(&few, 1), text(&few, 3));
        assert_eq!(text(&few, 1), "cross_entropy: target has shape [2], expected [3]");
        assert_eq!(text(&few, 0), "linear_cross_entropy: rows is 0, it must be at least 1");
        let bias =
            linear_cross_entropy(&x, &w, Some(&Tensor::zeros(&[3], DType::F32)?), &few, &CrossEntropyLoss::new());
        assert!(bias.expect_err("refused").to_string().starts_with("linear: "));
        let (deep, of_deep) = (Tensor::zeros(&[3, 1, 2], DType::F32)?, Tensor::zeros(&[3, 4], DType::I64)?);
        let error = linear_cross_entropy(&deep, &w, None, &of_deep, &CrossEntropyLoss::new()).expect_err("refused");
        assert_eq!(error.to_string(), "linear_cross_entropy: the input has shape [3, 1, 2], expected [in] or [N, in]");
        Ok(())
    }

    cases![
        case(8).refuses(
            Tensor::from([[0.5, 1.0]]),
            Tensor::from([2]),
            "index 2 at position 0 is out of range for dim 1 of shape [1, 2]"
        ),
        case(1),
    ];
}
