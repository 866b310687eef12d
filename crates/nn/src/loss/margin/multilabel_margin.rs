//! The margin loss of several labels at once.

use crate::loss::options::reduced;
use crate::loss::pair::has_room;
use crate::loss::{Loss, Reduction};
use autograd_core::check::Check;
use autograd_core::{DType, Description, Error, Result, Tensor, is_capturing};

const OP: &str = "multilabel_margin_loss";

/// The margin loss of the scores x of C classes, of which a sample may have several, the mean over all samples: each of
/// its classes is to be above each other class by 1.
///
/// ```text
/// loss = 1/C Σ_{j in t} Σ_{k not in t} max(0, 1 − x[j] + x[k])
/// ```
///
/// # Shapes
/// `input` and `target` (`I64`) are `[C]` or `[N, C]`; the classes of a sample stand at the front of its row of the
/// target, and −1 ends them.
///
/// # Gradient
/// That of the terms that are positive; at the kink 0.
///
/// # Numerics
/// Takes memory for N · L · C numbers, where L is the most labels that a row has; in a captured step, which cannot know
/// it, for N · C².
///
/// # Errors
/// If the shapes differ, or a class is out of range.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::multilabel_margin_loss;
/// let loss = multilabel_margin_loss(&Tensor::from([[0.5, 1.0, 0.0]]), &Tensor::from([[1, 0, -1]]))?;
/// assert!((loss.item::<f32>()? - 0.5 / 3.0).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn multilabel_margin_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    MultiLabelMarginLoss::new().forward(input, target)
}

/// [`multilabel_margin_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, MultiLabelMarginLoss, Reduction};
/// let loss = MultiLabelMarginLoss::new().reduction(Reduction::Sum);
/// assert_eq!(loss.forward(&Tensor::from([0.5, 1.0]), &Tensor::from([1, -1]))?.item::<f32>()?, 0.25);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MultiLabelMarginLoss {
    reduction: Reduction,
}

reduced!(MultiLabelMarginLoss);

impl Loss for MultiLabelMarginLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).float(input)?;
        Check(OP).dtype(target, DType::I64)?;
        let classes = match input.shape() {
            [classes] | [_, classes] => *classes,
            shape => return Err(Error::shape(OP, "the input", shape, "[C] or [N, C]")),
        };
        Check(OP).is("target", target, input.shape())?;
        has_room(OP, &[input, target])?;
        if classes == 0 {
            return self.reduction.apply(&input.sum_dim(-1)?);
        }
        // Behind the first −1 nothing counts.
        let counts = target.eq_scalar(-1.0).cumsum(-1)?.eq_scalar(0.0);
        let labels = counts.where_cond(target, &target.zeros_like())?;
        let own = input.gather(-1, &labels).map_err(|error| error.context(OP))?;
        let times_named = labels.zeros_like().scatter_add(-1, &labels, &counts.to_dtype(DType::I64))?;
        let is_other = times_named.eq_scalar(0.0);
        let width = width(&counts, classes)?;
        let (own, counts) = (own.narrow(-1, 0, width)?, counts.narrow(-1, 0, width)?);
        let missed = input.unsqueeze(-2)?.try_sub(&own.unsqueeze(-1)?)?.add_scalar(1.0);
        let pairs = counts.unsqueeze(-1)?.logical_and(&is_other.unsqueeze(-2)?)?;
        // Over the labels first: a sum of columns has the same bits however many rows of zeros follow.
        let losses = missed.masked_fill(&pairs.logical_not()?, 0.0)?.relu().sum_dim(-2)?.sum_dim(-1)?;
        self.reduction.apply(&losses.div_scalar(classes as f64))
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

/// The number of places of a row that are looked at: all that a label of some row stands at.
fn width(counts: &Tensor, classes: usize) -> Result<usize> {
    if is_capturing() {
        return Ok(classes);
    }
    let counts = counts.to_vec::<bool>()?;
    let longest = counts.chunks(classes).map(|row| row.iter().filter(|counts| **counts).count()).max();
    // At least two where there are two: of a single one no gradients are summed up, and a −0 would stay one.
    Ok(longest.unwrap_or(0).clamp(classes.min(2), classes))
}

#[cfg(test)]
mod tests {
    use super::{MultiLabelMarginLoss, multilabel_margin_loss};
    use crate::cases::Expected;
    use autograd_core::module::Param;
    use autograd_core::{Capture, DType, Gradients, Result, Tensor, graph, seeded};

    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let (all, t) = (x.to_f64s(), t.to_f64s());
        let row = |(x, t): (&[f64], &[f64])| {
            let labels: Vec<usize> = t.iter().take_while(|t| **t >= 0.0).map(|t| *t as usize).collect();
            let mut sum = 0.0;
            for j in &labels {
                for k in (0..3).filter(|k| !labels.contains(k)) {
                    sum += (1.0 - x[*j] + x[k]).max(0.0) / 3.0;
                }
            }
            sum
        };
        let losses: Vec<f64> = all.chunks(3).zip(t.chunks(3)).map(row).collect();
        Expected { shape: x.shape()[..x.rank() - 1].into(), divisor: losses.len() as f64, losses }
    }

    #[test]
    fn few_labels_take_little_memory() -> Result<()> {
        let x = Tensor::randn(&[2, 512], DType::F32, &mut seeded(5))?.requires_grad();
        let mut t = vec![-1_i64; 1024];
        (t[0], t[512], t[513]) = (7, 3, 500);
        let kept = graph(&multilabel_margin_loss(&x, &Tensor::from_vec(t, &[2, 512])?)?).saved_bytes();
        assert!(kept < 2 * 512 * 512 / 8, "{kept}");
        Ok(())
    }

    fn both(x: &Tensor, t: &Tensor) -> Result<(Tensor, Gradients)> {
        let loss = multilabel_margin_loss(x, t)?;
        Ok((loss.detach(), loss.backward()?))
    }

    #[test]
    fn a_captured_run_that_looks_at_all_places_gives_the_same_bits() -> Result<()> {
        let x = Param::new(Tensor::randn(&[3, 70], DType::F32, &mut seeded(5))?)?;
        let mut captured = Capture::new(|x: &Param, [t]: [&Tensor; 1]| both(x, t));
        for count in [0, 1, 2, 5, 40, 70] {
            let label = |n: i64, k: i64| if n + k < count { (17 * k + n) % 70 } else { -1 };
            let t = Tensor::from_vec((0..210).map(|i| label(i / 70, i % 70)).collect(), &[3, 70])?;
            let (loss, grads) = captured.run(&x, [&t])?;
            let (eager, expected) = both(&x, &t)?;
            assert_eq!(loss.to_f64s(), eager.to_f64s(), "{count}");
            let [got, want] = [grads, &expected].map(|grads| grads.get(&x).expect("used").to_f64s());
            assert_eq!(got, want, "{count}");
        }
        assert_eq!(captured.stats().records, 1);
        Ok(())
    }

    cases![
        loss("multilabel_margin_loss", |r| MultiLabelMarginLoss::new().reduction(r), formula)
            .function(multilabel_margin_loss)
            .on(
                Tensor::randn(&[4, 3], DType::F64, &mut seeded(3)).expect("small"),
                Tensor::from([[0, -1, 1], [2, 1, -1], [-1, 0, 2], [0, 1, 2]])
            )
            .on(Tensor::randn(&[3], DType::F64, &mut seeded(4)).expect("small"), Tensor::from([2, -1, -1]))
            .refuses(
                Tensor::from([[0.0, 1.0]]),
                Tensor::from([[2, -1]]),
                "gather: index 2 at position 0 is out of range for dim 1 of shape [1, 2]"
            )
            .refuses(
                Tensor::from([[0.0, 1.0]]),
                Tensor::from([[-2, 1]]),
                "gather: index -2 at position 0 is out of range for dim 1 of shape [1, 2]"
            )
            .refuses(
                Tensor::from([[[0.0]]]),
                Tensor::from([2]),
                "the input has shape [1, 1, 1], expected [C] or [N, C]"
            )
            .refuses(Tensor::from([[0.0]]), Tensor::from([0]), "target has shape [1], expected [1, 1]")
    ];
}
