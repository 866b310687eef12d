//! Connectionist temporal classification.

use super::lengths::{Lengths, Read};
use crate::loss::Reduction;
use crate::loss::options::reduced;
use autograd_core::check::Check;
use autograd_core::{DType, Error, ErrorKind, Result, Tensor, is_capturing};

const OP: &str = "ctc_loss";

/// Connectionist temporal classification: the negative logarithm of the probability that a model, which says a symbol or the
/// blank at each of T times, says the target, with repeated symbols taken together and blanks left out. The mean over the
/// samples of what it is for a symbol of the target.
///
/// ```text
/// l = blank, t₁, blank, t₂, .., blank                              2S + 1 places
/// α₁(0) = x₁[blank],  α₁(1) = x₁[t₁]
/// αₜ(s) = ln(e^αₜ₋₁(s) + e^αₜ₋₁(s−1) + e^αₜ₋₁(s−2)) + xₜ[l(s)]     the last term only if l(s) is no blank and not l(s−2)
/// loss = −ln(e^α_T(2S) + e^α_T(2S − 1))
/// ```
///
/// # Shapes
/// `log_probs: [T, N, C]`, after `log_softmax` along C. `targets` (`I64`): `[N, S]`, or all one after the other, `[Σ S]`.
/// `input_lengths` and `target_lengths`: N numbers, or a tensor of them ([`Lengths`]), from 0 to T and to S.
///
/// # Gradient
/// Through all times; nothing flows beyond a sample's length. A target that no path can say has the loss ∞. A sample of
/// length 0 says nothing: the loss of an empty target is 0, that of any other is ∞.
///
/// # Numerics
/// In logarithms throughout: long sequences do not underflow.
///
/// # Errors
/// If the shapes or lengths do not fit, a target is out of range, the blank is no class, or a target holds it.
///
/// A captured function takes the lengths as tensors, and the targets as `[N, S]`.
///
/// # Examples
/// ```
/// # use autograd_core::{DType, Tensor};
/// # use wengert_nn::ctc_loss;
/// // Two times, one symbol: blank-1, 1-blank and 1-1 say it, each with 1/4.
/// let log_probs = Tensor::zeros(&[2, 1, 2], DType::F32)?.log_softmax(2)?;
/// let loss = ctc_loss(&log_probs, &Tensor::from([[1]]), &[2], &[1])?;
/// assert!((loss.item::<f32>()? + 0.75f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Graves et al., Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural Networks,
/// 2006, equations 5 to 8.
pub fn ctc_loss(
    log_probs: &Tensor,
    targets: &Tensor,
    input_lengths: impl Into<Lengths>,
    target_lengths: impl Into<Lengths>,
) -> Result<Tensor> {
    CtcLoss::new().forward(log_probs, targets, input_lengths, target_lengths)
}

/// [`ctc_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::{DType, Tensor};
/// # use wengert_nn::{CtcLoss, Reduction};
/// let loss = CtcLoss::new().blank(1).zero_infinity(true).reduction(Reduction::Sum);
/// let log_probs = Tensor::zeros(&[1, 1, 2], DType::F32)?.log_softmax(2)?;
/// // One time is too short for two symbols.
/// assert_eq!(loss.forward(&log_probs, &Tensor::from([[0, 0]]), &[1], &[2])?.item::<f32>()?, 0.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CtcLoss {
    blank: usize,
    zero_infinity: bool,
    reduction: Reduction,
}

reduced!(CtcLoss);

impl CtcLoss {
    /// The class of the blank. Default 0.
    #[must_use]
    pub fn blank(mut self, blank: usize) -> CtcLoss {
        self.blank = blank;
        self
    }

    /// Whether a target that no path can say has the loss 0, without a gradient, instead of ∞. Default false.
    #[must_use]
    pub fn zero_infinity(mut self, zero_infinity: bool) -> CtcLoss {
        self.zero_infinity = zero_infinity;
        self
    }

    /// The loss of a batch of sequences.
    ///
    /// # Errors
    /// As for [`ctc_loss`].
    pub fn forward(
        &self,
        log_probs: &Tensor,
        targets: &Tensor,
        input_lengths: impl Into<Lengths>,
        target_lengths: impl Into<Lengths>,
    ) -> Result<Tensor> {
        self.losses(log_probs, targets, &input_lengths.into(), &target_lengths.into())
    }

    fn losses(&self, log_probs: &Tensor, targets: &Tensor, times: &Lengths, sizes: &Lengths) -> Result<Tensor> {
        Check(OP).float(log_probs)?;
        let [times_of, samples, classes] = Check(OP).shape("log_probs", log_probs, "[T, N, C]")?;
        Check(OP).require(
            self.blank < classes,
            "blank",
            self.blank,
            format!("below {classes}, the number of classes"),
        )?;
        let ends_at = times.read(OP, "input_lengths", samples, [0, times_of])?.tensor;
        let (padded, sizes) = padded(targets, sizes, samples)?;
        let places = 2 * padded.shape()[1] + 1;
        let place = Tensor::arange(0.0, places as f64, 1.0, DType::I64)?;
        // The number of the last place that a sample may end at.
        let last = sizes.mul_scalar(2.0).unsqueeze(1)?;
        // l: blanks between the symbols, and beyond a sample's own places, from which nothing flows back.
        let blanks = |width: usize| Tensor::full(&[samples, width], self.blank as f64, DType::I64);
        let between = Tensor::stack(&[&blanks(padded.shape()[1])?, &padded], -1)?.flatten(1, 2)?;
        let symbols = Tensor::cat(&[&between, &blanks(1)?], 1)?;
        let odd = Tensor::from_vec((0..places).map(|s| s % 2 == 1).collect::<Vec<bool>>(), &[places])?;
        let own = odd.logical_and(&place.lt(&last)?)?;
        self.says_no_blank(&own.logical_and(&symbols.eq_scalar(self.blank as f64))?)?;
        let symbols = own.where_cond(&symbols, &blanks(places)?)?;
        let two_before = Tensor::cat(&[&blanks(2.min(places))?, &symbols.narrow(1, 0, places.saturating_sub(2))?], 1)?;
        let skips = own.logical_and(&symbols.ne(&two_before)?)?.logical_and(&place.gt_scalar(1.0))?;

        let index = symbols.unsqueeze(0)?.expand(&[times_of as isize, samples as isize, places as isize])?;
        let said = log_probs.gather(2, &index).map_err(|error| error.context(OP))?;
        let never = |width: usize| Tensor::full(&[samples, width], f64::NEG_INFINITY, log_probs.dtype());
        let speaks = ends_at.gt_scalar(0.0).unsqueeze(1)?;
        let start = place.le(&last.clamp(0.0, 1.0)?)?.logical_and(&speaks)?;
        let nowhere = never(places)?;
        // Without any times no sample speaks; a sum of nothing has the history of what was said all the same.
        let first = if times_of == 0 { said.sum_dim(0)? } else { said.select(0, 0)? };
        let mut alpha = start.where_cond(&first, &nowhere)?;
        for time in 1..times_of {
            let later =
                |by: usize| Tensor::cat(&[&never(by.min(places))?, &alpha.narrow(1, 0, places.saturating_sub(by))?], 1);
            let ways = [alpha.clone(), later(1)?, skips.where_cond(&later(2)?, &nowhere)?];
            // Its derivative is 0 where there is no way at all.
            let from = Tensor::stack(&ways.iter().collect::<Vec<_>>(), -1)?.logsumexp(-1)?;
            let next = from.try_add(&said.select(0, time as isize)?)?;
            // A sample that has ended stays where it is.
            let goes_on = ends_at.gt_scalar(time as f64).unsqueeze(1)?;
            alpha = goes_on.where_cond(&next, &alpha)?;
        }
        let ends = place.eq(&last)?.logical_or(&place.eq(&last.add_scalar(-1.0))?)?;
        // Who does not speak has started nowhere, and yet has said an empty target.
        let is_said = ends_at.eq_scalar(0.0).logical_and(&sizes.eq_scalar(0.0))?;
        let mut losses = ends.where_cond(&alpha, &nowhere)?.logsumexp(-1)?.neg().masked_fill(&is_said, 0.0)?;
        if self.zero_infinity {
            let infinite = losses.detach().eq(&losses.full_like(f64::INFINITY))?;
            losses = infinite.where_cond(&losses.zeros_like(), &losses)?;
        }
        if self.reduction == Reduction::Mean {
            losses = losses.try_div(&sizes.maximum(&sizes.ones_like())?.to_dtype(losses.dtype()))?;
        }
        self.reduction.apply(&losses)
    }

    /// An error if one of the places of symbols, two for each, holds the blank, which is not looked for in a captured step.
    fn says_no_blank(&self, held: &Tensor) -> Result<()> {
        let places = held.shape()[1];
        let held = if is_capturing() { Vec::new() } else { held.to_vec::<bool>()? };
        let Some(at) = held.into_iter().position(|held| held) else { return Ok(()) };
        let (sample, symbol) = (at / places, at % places / 2);
        let text =
            format!("{OP}: symbol {symbol} of sample {sample} is {}, the blank, which no target says", self.blank);
        Err(Error::new(ErrorKind::Argument, text))
    }
}

/// The symbols of the samples as rows, `[N, S]`, with anything behind a sample's own, and how many those are.
fn padded(targets: &Tensor, sizes: &Lengths, samples: usize) -> Result<(Tensor, Tensor)> {
    const NAME: &str = "target_lengths";
    Check(OP).dtype(targets, DType::I64)?;
    if let [n, width] = *targets.shape()
        && n == samples
    {
        return Ok((targets.clone(), sizes.read(OP, NAME, samples, [0, width])?.tensor));
    }
    let refused = || {
        let text = format!("{OP}: targets one after the other are cut by the numbers of {NAME}; pad them to [N, S]");
        Error::new(ErrorKind::Capture, text)
    };
    if is_capturing() {
        return Err(refused());
    }
    let Read { tensor, numbers } = sizes.read(OP, NAME, samples, [0, i64::MAX as usize])?;
    let sizes = numbers.ok_or_else(refused)?;
    let sum = sizes.iter().fold(0, |sum: usize, size| sum.saturating_add(*size));
    if *targets.shape() != [sum] {
        let expected = format!("[{samples}, S] or [{sum}], the sum of the target lengths");
        return Err(Error::shape(OP, "targets", targets.shape(), expected));
    }
    let width = sizes.iter().copied().max().unwrap_or(0);
    let mut from = 0;
    let mut places = Vec::with_capacity(samples * width);
    for size in &sizes {
        places.extend((0..width).map(|s| if s < *size { (from + s) as i64 } else { 0 }));
        from += size;
    }
    let rows = targets.index_select(0, &Tensor::from_vec(places, &[samples * width])?)?;
    Ok((rows.reshape(&[samples as isize, width as isize])?, tensor))
}

#[cfg(test)]
mod tests {
    use super::{CtcLoss, ctc_loss};
    use crate::cases::{Expected, near};
    use crate::loss::Reduction;
    use autograd_core::{Capture, DType, Result, Tensor, grad, seeded};

    /// The sum over all that can be said in T times, one by one.
    fn by_paths(x: &[Vec<f64>], target: &[usize]) -> f64 {
        let classes = x[0].len();
        let mut total = 0.0;
        for path in 0..classes.pow(x.len() as u32) {
            let said: Vec<usize> = (0..x.len()).map(|t| path / classes.pow(t as u32) % classes).collect();
            let mut heard: Vec<usize> = said.clone();
            heard.dedup();
            heard.retain(|symbol| *symbol != 0);
            if heard == target {
                total += said.iter().zip(x).map(|(symbol, x)| x[*symbol]).sum::<f64>().exp();
            }
        }
        -total.ln()
    }

    fn log_probs(shape: &[usize], seed: u64) -> Tensor {
        let x = Tensor::randn(shape, DType::F64, &mut seeded(seed)).expect("small");
        x.log_softmax(-1).expect("has classes")
    }

    fn rows(x: &Tensor, sample: usize, times: usize) -> Vec<Vec<f64>> {
        let [_, samples, classes] = x.shape()[..] else { unreachable!("[T, N, C]") };
        let all = x.to_f64s();
        (0..times).map(|t| all[(t * samples + sample) * classes..][..classes].to_vec()).collect()
    }

    #[test]
    fn it_is_the_sum_over_all_paths() -> Result<()> {
        let x = log_probs(&[5, 3, 3], 1);
        let targets: [&[usize]; 3] = [&[1, 2, 1], &[2, 2], &[]];
        let (times, flat) = ([5, 4, 3], Tensor::from([1, 2, 1, 2, 2]));
        let losses = CtcLoss::new().reduction(Reduction::None).forward(&x, &flat, &times, &[3, 2, 0])?.to_f64s();
        for n in 0..3 {
            let expected = by_paths(&rows(&x, n, times[n]), targets[n]);
            assert!((losses[n] - expected).abs() < 1e-12, "{n}: {} instead of {expected}", losses[n]);
        }
        let padded = Tensor::from([[1, 2, 1], [2, 2, 0], [0, 0, 0]]);
        assert_eq!(
            CtcLoss::new().reduction(Reduction::None).forward(&x, &padded, &times, &[3, 2, 0])?.to_f64s(),
            losses
        );
        let mean = (losses[0] / 3.0 + losses[1] / 2.0 + losses[2]) / 3.0;
        assert!((ctc_loss(&x, &flat, &times, &[3, 2, 0])?.item::<f64>()? - mean).abs() < 1e-14);
        Ok(())
    }

    #[test]
    fn what_cannot_be_said_is_infinite_or_nothing() -> Result<()> {
        let x = log_probs(&[2, 2, 3], 1).requires_grad();
        let of = |zero: bool| {
            let loss = CtcLoss::new().zero_infinity(zero).reduction(Reduction::None);
            loss.forward(&x, &Tensor::from([[1, 1], [1, 2]]), &[2, 2], &[2, 2])
        };
        let losses = of(false)?.to_f64s();
        assert!(losses[0] == f64::INFINITY && losses[1].is_finite());
        let zeroed = of(true)?;
        assert_eq!(zeroed.to_f64s(), [0.0, losses[1]]);
        let gradient = grad(&zeroed.sum(), &[&x])?[0].to_f64s();
        // Of the first sample none, of the second some.
        assert!((0..2).all(|t| gradient[t * 6..t * 6 + 3] == [0.0; 3] && gradient[t * 6 + 3..t * 6 + 6] != [0.0; 3]));
        assert!(gradient.iter().all(|g| g.is_finite()));
        Ok(())
    }

    #[test]
    fn without_a_time_only_an_empty_target_is_said() -> Result<()> {
        let (targets, sizes) = (Tensor::from([[1, 2], [1, 2], [1, 2]]), Tensor::from([2, 0, 1]));
        let spoken = log_probs(&[3, 3, 4], 1);
        let first = by_paths(&rows(&spoken, 0, 2), &[1, 2]);
        // What stands beyond a sample's length is not looked at.
        let silent = Tensor::from([[[false], [true], [true]]]);
        let x = spoken.masked_fill(&silent, f64::NAN)?.requires_grad();
        let times = Tensor::from([2, 0, 0]);
        for zero in [false, true] {
            let loss = CtcLoss::new().zero_infinity(zero).reduction(Reduction::None);
            let last = if zero { 0.0 } else { f64::INFINITY };
            let losses = loss.forward(&x, &targets, &times, &sizes)?;
            near(&losses.to_f64s(), &[first, 0.0, last], 1e-12).expect("the sum over the paths, nothing and no path");
            let gradient = grad(&losses.sum(), &[&x])?[0].to_f64s();
            let of = |n: usize| (0..3).flat_map(|t| &gradient[(t * 3 + n) * 4..][..4]).collect::<Vec<_>>();
            assert!(of(0).iter().all(|g| **g <= 0.0) && of(0).iter().any(|g| **g < 0.0), "{gradient:?}");
            assert!([1, 2].iter().all(|n| of(*n).iter().all(|g| **g == 0.0)), "{gradient:?}");

            let mut captured =
                Capture::new(|_: &(), [x, times]: [&Tensor; 2]| loss.forward(x, &targets, times, &sizes));
            captured.run(&(), [&spoken, &Tensor::from([3, 1, 2])])?;
            let x = x.detach();
            assert_eq!(captured.run(&(), [&x, &times])?.to_f64s(), losses.to_f64s());
            let error = captured.run(&(), [&x, &Tensor::from([2, -1, 0])]).expect_err("negative").to_string();
            assert_eq!(error, "ctc_loss: input_lengths of sample 1 is -1, it must be at least 0");
        }
        let none = Tensor::zeros(&[0, 2, 3], DType::F32)?.requires_grad();
        let loss = CtcLoss::new().reduction(Reduction::None);
        let losses = loss.forward(&none, &Tensor::from([[1], [1]]), &[0, 0], &[0, 1])?;
        assert_eq!(losses.to_f64s(), [0.0, f64::INFINITY]);
        assert_eq!(grad(&losses.sum(), &[&none])?[0].shape(), [0, 2, 3]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let x = log_probs(&[2, 1, 3], 1);
        let text = |loss: CtcLoss, targets: &Tensor, times: &[usize], sizes: &[usize]| {
            loss.forward(&x, targets, times, sizes).expect_err("refused").to_string()
        };
        let (one, new) = (Tensor::from([[1]]), CtcLoss::new);
        assert_eq!(
            text(new().blank(3), &one, &[2], &[1]),
            "ctc_loss: blank is 3, it must be below 3, the number of classes"
        );
        assert_eq!(text(new(), &one, &[2, 2], &[1]), "ctc_loss: there are 2 input_lengths for 1 samples");
        assert_eq!(text(new(), &one, &[3], &[1]), "ctc_loss: input_lengths of sample 0 is 3, it must be at most 2");
        assert_eq!(text(new(), &one, &[2], &[2]), "ctc_loss: target_lengths of sample 0 is 2, it must be at most 1");
        assert_eq!(
            text(new(), &Tensor::from([[1, 0]]), &[2], &[2]),
            "ctc_loss: symbol 1 of sample 0 is 0, the blank, which no target says"
        );
        let range = text(new(), &Tensor::from([[3]]), &[2], &[1]);
        assert!(range.starts_with("ctc_loss: gather: index 3 at position 1 is out of range for dim 2"), "{range}");
        let shape = "ctc_loss: targets has shape [2], expected [1, S] or [1], the sum of the target lengths";
        assert_eq!(text(new(), &Tensor::from([1, 2]), &[2], &[1]), shape);
    }

    // As a loss of x alone, whose derivatives the suite checks; the target is a pair of symbols.
    cases![
        loss(
            "ctc_loss",
            |r| move |x: &Tensor, _: &Tensor| {
                let times = x.reshape(&[4, 1, 3])?.log_softmax(2)?;
                let loss = CtcLoss::new().reduction(Reduction::None).forward(
                    &times,
                    &Tensor::from([[1, 2]]),
                    &Tensor::from([4]),
                    &Tensor::from([2]),
                )?;
                r.apply(&loss.squeeze(&[0])?)
            },
            |x, _| {
                let x = x.reshape(&[4, 1, 3]).expect("small").log_softmax(2).expect("has classes");
                Expected { shape: vec![], divisor: 1.0, losses: vec![by_paths(&rows(&x, 0, 4), &[1, 2])] }
            }
        )
        .up_to(1000.0)
        .on(log_probs(&[12], 2).mul_scalar(2.0), Tensor::from(0))
    ];
}
