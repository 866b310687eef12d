//! The transducer's loss.

use super::lengths::Lengths;
use crate::loss::Reduction;
use crate::loss::options::reduced;
use autograd_core::check::Check;
use autograd_core::{DType, Error, Result, Tensor, custom, enable_grad, grad_with};

const OP: &str = "rnnt_loss";

/// The loss of a transducer (RNN-T): the negative logarithm of the probability that a model says the target, which at
/// each of T times says any number of symbols and then the blank; what it says next depends on the time and on the
/// symbols so far. The mean over the samples.
///
/// ```text
/// p = softmax(x)
/// α(0, 0) = 0
/// α(t, u) = ln(e^(α(t−1, u) + ln p(t−1, u)[blank]) + e^(α(t, u−1) + ln p(t, u−1)[y(u)]))
/// loss = −α(T−1, U) − ln p(T−1, U)[blank]
/// ```
///
/// # Shapes
/// `logits: [N, T, U + 1, C]`; `targets` (`I64`): `[N, U]`. `logit_lengths` and `target_lengths`: N numbers, or a
/// tensor of them ([`Lengths`]), at most T and U.
///
/// # Gradient
/// Through all ways to say the target; nothing flows beyond a sample's lengths, whatever is there.
///
/// # Numerics
/// In logarithms throughout: long sequences do not underflow. The softmax is not kept.
///
/// # Errors
/// If the shapes or lengths do not fit, a target is out of range, or the blank is no class.
///
/// A captured function takes the lengths as tensors.
///
/// # Examples
/// ```
/// # use autograd_core::{DType, Tensor};
/// # use wengert_nn::rnnt_loss;
/// // Two times, one symbol, which is said at the first or the second: each way with 1/8.
/// let logits = Tensor::zeros(&[1, 2, 2, 2], DType::F32)?;
/// let loss = rnnt_loss(&logits, &Tensor::from([[0]]), &[2], &[1])?;
/// assert!((loss.item::<f32>()? - 4f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Graves, Sequence Transduction with Recurrent Neural Networks, 2012, equations 16 and 17.
pub fn rnnt_loss(
    logits: &Tensor,
    targets: &Tensor,
    logit_lengths: impl Into<Lengths>,
    target_lengths: impl Into<Lengths>,
) -> Result<Tensor> {
    RnntLoss::new().forward(logits, targets, logit_lengths, target_lengths)
}

/// [`rnnt_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::{DType, Tensor};
/// # use wengert_nn::{Reduction, RnntLoss};
/// let loss = RnntLoss::new().blank(0).fused_log_softmax(false).clamp(0.25).reduction(Reduction::Sum);
/// let log_probs = Tensor::zeros(&[1, 2, 2, 2], DType::F32)?.log_softmax(3)?;
/// let value = loss.forward(&log_probs, &Tensor::from([[1]]), &[2], &[1])?.item::<f32>()?;
/// assert!((value - 4f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RnntLoss {
    blank: isize,
    clamp: Option<f64>,
    fused_log_softmax: bool,
    reduction: Reduction,
}

impl Default for RnntLoss {
    fn default() -> Self {
        RnntLoss { blank: -1, clamp: None, fused_log_softmax: true, reduction: Reduction::Mean }
    }
}

reduced!(RnntLoss);

impl RnntLoss {
    /// The class of the blank; a negative one counts from the end. Default −1, the last, as in torchaudio.
    #[must_use]
    pub fn blank(mut self, blank: isize) -> RnntLoss {
        self.blank = blank;
        self
    }

    /// What the gradient of each sample's loss is limited to, in size: positive. The reduction's factor comes after it.
    /// Default: not limited.
    #[must_use]
    pub fn clamp(mut self, clamp: f64) -> RnntLoss {
        self.clamp = Some(clamp);
        self
    }

    /// Whether `log_softmax` along C is part of the loss; else the input is its result. Default true.
    #[must_use]
    pub fn fused_log_softmax(mut self, fused_log_softmax: bool) -> RnntLoss {
        self.fused_log_softmax = fused_log_softmax;
        self
    }

    /// The loss of a batch of sequences.
    ///
    /// # Errors
    /// As for [`rnnt_loss`], or if the clamp is not positive.
    pub fn forward(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        logit_lengths: impl Into<Lengths>,
        target_lengths: impl Into<Lengths>,
    ) -> Result<Tensor> {
        self.losses(logits, targets, &logit_lengths.into(), &target_lengths.into())
    }

    fn losses(&self, logits: &Tensor, targets: &Tensor, ends: &Lengths, sizes: &Lengths) -> Result<Tensor> {
        Check(OP).float(logits)?;
        let [samples, times, places, classes] = Check(OP).shape("logits", logits, "[N, T, U + 1, C]")?;
        let blank = if self.blank < 0 { self.blank.saturating_add_unsigned(classes) } else { self.blank };
        let must = format!("at least −{classes} and below {classes}, the number of classes");
        let blank = usize::try_from(blank).ok().filter(|blank| *blank < classes);
        let blank = blank.ok_or_else(|| Error::argument(OP, "blank", self.blank, must))?;
        let Some(width) = places.checked_sub(1) else {
            return Err(Error::shape(OP, "logits", logits.shape(), "[N, T, U + 1, C]"));
        };
        Check(OP).dtype(targets, DType::I64)?;
        Check(OP).is("targets", targets, &[samples, width])?;
        let ends = ends.read(OP, "logit_lengths", samples, [1, times])?;
        let sizes = sizes.read(OP, "target_lengths", samples, [0, width])?;
        Check(OP).symbols(targets, &sizes.tensor, classes, None)?;
        // All that there can be, where the lengths must not be looked at.
        let last = match (ends.numbers, sizes.numbers) {
            (Some(ends), Some(sizes)) => ends.iter().zip(&sizes).map(|(t, u)| t + u).max().unwrap_or(0),
            _ => times + width,
        };
        let grid = Grid {
            targets: targets.clone(),
            times: ends.tensor,
            symbols: sizes.tensor,
            last,
            blank,
            fused: self.fused_log_softmax,
        };
        let losses = match self.clamp {
            None => grid.losses(logits)?,
            Some(clamp) => {
                Check(OP).require(clamp > 0.0, "clamp", clamp, "positive")?;
                clamped(grid, clamp, logits)?
            }
        };
        self.reduction.apply(&losses)
    }
}

/// The losses of the samples, of which each has a gradient of at most `clamp`.
fn clamped(grid: Grid, clamp: f64, logits: &Tensor) -> Result<Tensor> {
    let again = grid.clone();
    let forward = move |x: &[Tensor]| grid.losses(&x[0]);
    custom(OP, &[logits], forward, move |gy, x, _| {
        let losses = enable_grad(|| again.losses(&x[0]))?;
        let [gradient] = enable_grad(|| grad_with(&[(&losses, &losses.ones_like())], [&x[0]]))?;
        let Some(gradient) = gradient else { return Ok(vec![None]) };
        Ok(vec![Some(gradient.clamp(-clamp, clamp)?.try_mul(&gy.reshape(&[-1, 1, 1, 1])?)?)])
    })
}

/// The places between the symbols over the times, `[N, T, U + 1]`, and what is said on the way through them.
#[derive(Clone)]
struct Grid {
    targets: Tensor,
    /// The lengths of the samples, `[N]`.
    times: Tensor,
    symbols: Tensor,
    /// The largest sum of both.
    last: usize,
    blank: usize,
    fused: bool,
}

impl Grid {
    /// The logarithms of the probabilities of saying these classes, `[N, T, U + 1]`.
    fn said(&self, rows: &Tensor, labels: &Tensor) -> Result<Tensor> {
        let flat = labels.reshape(&[-1])?;
        let said = match self.fused {
            true => rows.cross_entropy(&flat).map(|losses| losses.neg()),
            false => rows.gather(1, &flat.unsqueeze(1)?),
        };
        let shape: Vec<isize> = labels.shape().iter().map(|size| *size as isize).collect();
        said.map_err(|error| error.context(OP))?.reshape(&shape)
    }

    /// The loss of each sample, `[N]`.
    fn losses(&self, logits: &Tensor) -> Result<Tensor> {
        let [samples, times, places, classes] = Check(OP).shape("logits", logits, "[N, T, U + 1, C]")?;
        if samples == 0 {
            return logits.sum_dim([1, 2, 3]);
        }
        let shape = [samples, times, places];
        let numbers = |n: usize| Tensor::arange(0.0, n as f64, 1.0, DType::I64);
        let (t, u) = (numbers(times)?.unsqueeze(1)?, numbers(places)?);
        let of_sample = |lengths: &Tensor| lengths.unsqueeze(1)?.unsqueeze(2);
        let (ends, sizes) = (of_sample(&self.times)?, of_sample(&self.symbols)?);
        let inside = t.lt(&ends)?.logical_and(&u.le(&sizes)?)?;
        let emits = t.lt(&ends)?.logical_and(&u.lt(&sizes)?)?;
        // What stands beyond a sample's lengths, NaN or infinite, reaches neither the loss nor a gradient.
        let rows = inside.unsqueeze(3)?.where_cond(logits, &Tensor::full(&[], 0.0, logits.dtype())?)?;
        let rows = rows.reshape(&[(samples * times * places) as isize, classes as isize])?;
        let blanks = Tensor::full(&shape, self.blank as f64, DType::I64)?;
        let next = Tensor::cat(&[&self.targets, &Tensor::zeros(&[samples, 1], DType::I64)?], 1)?;
        let next = emits.where_cond(&next.unsqueeze(1)?, &blanks)?;
        let never = |x: Tensor, except: &Tensor| x.masked_fill(&except.logical_not()?, f64::NEG_INFINITY);
        let waits = never(self.said(&rows, &blanks)?, &inside)?;
        let speaks = never(self.said(&rows, &next)?, &emits)?;

        // Along diagonals t + u = d all places are independent: [N, d, u] holds (t, u) with t = d − u.
        let last = self.last;
        let time = numbers(last)?.unsqueeze(1)?.try_sub(&u)?;
        let exists = time.ge_scalar(0.0).logical_and(&time.lt_scalar(times as f64))?;
        let time = time.clamp(0.0, times as f64 - 1.0)?.broadcast_to(&[samples, last, places])?;
        let (waits, speaks) = (never(waits.gather(1, &time)?, &exists)?, never(speaks.gather(1, &time)?, &exists)?);

        let start = u.eq_scalar(0.0).broadcast_to(&[samples, places])?;
        let nowhere = Tensor::full(&[samples, 1], f64::NEG_INFINITY, logits.dtype())?;
        let mut alphas = vec![start.where_cond(&Tensor::zeros(&[], logits.dtype())?, &nowhere)?];
        for d in 0..last {
            let alpha = &alphas[d];
            let waited = alpha.try_add(&waits.select(1, d)?)?;
            let spoke = alpha.try_add(&speaks.select(1, d)?)?.narrow(1, 0, places - 1)?;
            let spoke = Tensor::cat(&[&nowhere, &spoke], 1)?;
            // Its derivative is 0 where there is no way at all.
            alphas.push(Tensor::stack(&[&waited, &spoke], 2)?.logsumexp(2)?);
        }
        // Behind the last blank: at t = T, u = U.
        let at = self.times.try_add(&self.symbols)?.mul_scalar(samples as f64).try_add(&numbers(samples)?)?;
        let ends = at.mul_scalar(places as f64).try_add(&self.symbols)?;
        let all = Tensor::stack(&alphas.iter().collect::<Vec<_>>(), 0)?.reshape(&[-1])?;
        Ok(all.index_select(0, &ends)?.neg())
    }
}

#[cfg(test)]
mod tests;
