//! Connectionist temporal classification.

use super::lengths::{Lengths, Read};
use crate::loss::Reduction;
use crate::loss::options::reduced;
use autograd_core::check::Check;
use autograd_core::{DType, Error, ErrorKind, Result, Tensor, is_capturing};

const OP: &str = "ctc_loss";

/// Connectionist temporal classification: the negative logarithm of the probability that a model, which says a symbol
/// or the blank at each of T times, says the target, with repeated symbols taken together and blanks left out. The mean
/// over the samples of what it is for a symbol of the target.
///
/// ```text
/// l = blank, t₁, blank, t₂, .., blank                              2S + 1 places
/// α₁(0) = x₁[blank],  α₁(1) = x₁[t₁]
/// αₜ(s) = ln(e^αₜ₋₁(s) + e^αₜ₋₁(s−1) + e^αₜ₋₁(s−2)) + xₜ[l(s)]     the last term only if l(s) is no blank and not l(s−2)
/// loss = −ln(e^α_T(2S) + e^α_T(2S − 1))
/// ```
///
/// # Shapes
/// `log_probs: [T, N, C]`, after `log_softmax` along C. `targets` (`I64`): `[N, S]`, or all one after the other, `[Σ
/// S]`. `input_lengths` and `target_lengths`: N numbers, or a tensor of them ([`Lengths`]), from 0 to T and to S.
///
/// A single sequence is `log_probs: [T, C]` and `targets: [S]`, with one number of each length, or a tensor of one
/// without dims; its loss has no dims.
///
/// # Gradient
/// Through all times; nothing flows beyond a sample's length. A target that no path can say has the loss ∞. A sample of
/// length 0 says nothing: the loss of an empty target is 0, that of any other is ∞.
///
/// # Numerics
/// Those of [`Tensor::ctc_loss`]: in logarithms throughout, so that long sequences do not underflow.
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
/// Graves et al., Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
/// Networks, 2006, equations 5 to 8.
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
        if log_probs.rank() == 2 {
            let [_] = Check(OP).shape("targets", targets, "[S]")?;
            let (log_probs, targets) = (log_probs.unsqueeze(1)?, targets.unsqueeze(0)?);
            return self.losses(&log_probs, &targets, &times.of_one()?, &sizes.of_one()?)?.reshape::<usize>(&[]);
        }
        let [times_of, samples, _] =
            Check(OP).shape("log_probs", log_probs, "[T, N, C], or [T, C] of a single sequence")?;
        let ends_at = times.read(OP, "input_lengths", samples, [0, times_of])?.tensor;
        let (padded, sizes) = padded(targets, sizes, samples)?;
        let mut losses = log_probs.ctc_loss(&padded, &ends_at, &sizes, self.blank)?;
        if self.zero_infinity {
            let infinite = losses.detach().eq(&losses.full_like(f64::INFINITY))?;
            losses = infinite.where_cond(&losses.zeros_like(), &losses)?;
        }
        if self.reduction == Reduction::Mean {
            losses = losses.try_div(&sizes.maximum(&sizes.ones_like())?.to_dtype(losses.dtype()))?;
        }
        self.reduction.apply(&losses)
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
    let mut end = 0;
    let starts = sizes.iter().map(|size| {
        end += *size as i64;
        end - *size as i64
    });
    let starts = Tensor::from_vec(starts.collect::<Vec<i64>>(), &[samples, 1])?;
    let symbol = Tensor::arange(0.0, width as f64, 1.0, DType::I64)?;
    let places = symbol.lt(&tensor.unsqueeze(1)?)?.where_cond(&starts.try_add(&symbol)?, &symbol.zeros_like())?;
    Ok((targets.index_select(0, &places.flatten(0, 1)?)?.reshape(&[samples, width])?, tensor))
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
    fn rows_that_memory_does_not_hold_are_refused() -> Result<()> {
        let x = log_probs(&[1, 2, 3], 1);
        let targets = Tensor::from([1]).expand(&[1 << 48])?;
        let error = ctc_loss(&x, &targets, &[1, 1], &[1 << 48, 0]).expect_err("too large");
        assert_eq!(error.kind(), autograd_core::ErrorKind::TooLarge, "{error}");
        Ok(())
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
        let must = "it must be at least 0 and below 3, the number of classes";
        for wrong in [3, -1] {
            let range = text(new(), &Tensor::from([[1, wrong]]), &[2], &[2]);
            assert_eq!(range, format!("ctc_loss: symbol 1 of sample 0 is {wrong}, {must}"));
        }
        let shape = "ctc_loss: targets has shape [2], expected [1, S] or [1], the sum of the target lengths";
        assert_eq!(text(new(), &Tensor::from([1, 2]), &[2], &[1]), shape);
        let one = x.squeeze(&[1]).expect("a single sequence");
        let text = |x: &Tensor, targets: &Tensor, sizes: &[usize]| {
            ctc_loss(x, targets, &[2], sizes).expect_err("refused").to_string()
        };
        assert_eq!(text(&one, &Tensor::from([[1]]), &[1]), "ctc_loss: targets has shape [1, 1], expected [S]");
        assert_eq!(text(&one, &Tensor::from([1]), &[1, 1]), "ctc_loss: there are 2 target_lengths for 1 samples");
        assert_eq!(
            text(&one.sum_dim(0).expect("a dim"), &Tensor::from([1]), &[1]),
            "ctc_loss: log_probs has shape [3], expected [T, N, C], or [T, C] of a single sequence"
        );
    }

    #[test]
    fn a_single_sequence_is_a_batch_of_one() -> Result<()> {
        let x = log_probs(&[4, 3], 1).requires_grad();
        // Of the targets the first two.
        let (padded, targets) = (Tensor::from([[1, 2, 2]]), Tensor::from([1, 2, 2]));
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
            let loss = CtcLoss::new().reduction(reduction);
            let of_batch = loss.forward(&x.unsqueeze(1)?, &padded, &[4], &[2])?.sum();
            let want = (of_batch.to_f64s(), grad(&of_batch, &[&x])?[0].to_f64s());
            let lengths = [(Tensor::from(4), Tensor::from(2)), (Tensor::from([4]), Tensor::from([2]))];
            let tensors = lengths.map(|(times, sizes)| loss.forward(&x, &targets, &times, &sizes));
            for single in [loss.forward(&x, &targets, &[4], &[2])].into_iter().chain(tensors) {
                let single = single?;
                assert_eq!(single.rank(), 0);
                assert_eq!((single.to_f64s(), grad(&single, &[&x])?[0].to_f64s()), want);
            }
        }
        Ok(())
    }

    #[test]
    fn a_replay_looks_at_its_targets() -> Result<()> {
        let (x, times, sizes) = (log_probs(&[3, 1, 3], 1), Tensor::from([3]), Tensor::from([2]));
        let mut captured =
            Capture::new(|_: &(), [x, targets]: [&Tensor; 2]| CtcLoss::new().forward(x, targets, &times, &sizes));
        let targets = [[1, 2], [2, 1]].map(|targets| Tensor::from([targets]));
        for targets in &targets {
            let want = CtcLoss::new().forward(&x, targets, &times, &sizes)?;
            assert_eq!(captured.run(&(), [&x, targets])?.to_f64s(), want.to_f64s());
        }
        for (wrong, text) in [(0, "0, the blank, which no target says"), (3, "3, it must be at least 0 and below 3")] {
            let error = captured.run(&(), [&x, &Tensor::from([[1, wrong]])]).expect_err("no symbol").to_string();
            assert!(error.starts_with(&format!("ctc_loss: symbol 1 of sample 0 is {text}")), "{error}");
        }
        assert_eq!(captured.stats().records, 1);
        Ok(())
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
