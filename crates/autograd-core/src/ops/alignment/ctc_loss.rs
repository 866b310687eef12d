//! Connectionist temporal classification.

use super::twin::ctc;
use crate::error::Result;
use crate::kernels::alignment::{Batch, Given, forward, losses, posteriors, spread};
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, gradients_of, record, record_same};
use crate::tensor::operand::Operand;
use crate::tensor::timer::Count;
use crate::tensor::{DType, Stored, Tensor, for_float};

const OP: &str = "ctc_loss";

/// # Losses of sequences
impl Tensor {
    /// Connectionist temporal classification: for each sample, the negative logarithm of the probability that a model,
    /// which says a symbol or the blank at each time, says the target, with repeated symbols taken together and blanks
    /// left out. Of `x = log_probs`, with
    ///
    /// ```text
    /// l = blank, t₁, blank, t₂, .., blank,   2S + 1 places
    /// α₁(0) = x₁[blank],   α₁(1) = x₁[t₁]
    /// αₜ(s) = ln(e^αₜ₋₁(s) + e^αₜ₋₁(s−1) + e^αₜ₋₁(s−2)) + xₜ[l(s)],   the last if l(s) is no blank and not l(s−2)
    /// loss = −ln(e^α_T(2S) + e^α_T(2S−1))
    /// ```
    ///
    /// # Shapes
    /// `log_probs: [T, N, C]`, after `log_softmax` along C; `targets: [N, S]`, `input_lengths: [N]` from 0 to T and
    /// `target_lengths: [N]` from 0 to S (all `I64`), result `[N]`. What stands behind a sample's lengths is not looked
    /// at.
    ///
    /// # Gradient
    /// The gradient of `xₜ[c]` is `−gy` times the probability of saying c at time t, given that the target is said: by
    /// α and by the same recursion from the end. Saves the operands, and α: for each time of a sample 2S + 3 numbers,
    /// filled up to a multiple of 16. Nothing flows beyond a sample's length. A target that no path can say has the
    /// loss ∞, and nothing flows. A sample of length 0 says nothing: the loss of an empty target is 0, that of any
    /// other is ∞. A recorded walk goes through the times as tensor code, to any order.
    ///
    /// # Numerics
    /// In logarithms throughout: long sequences do not underflow. Of each time the largest α is taken off, and these
    /// are added up in `f64`: the digits of the loss do not depend on the number of times.
    ///
    /// # Errors
    /// If shapes do not fit, a length or a symbol is out of range, the blank is no class, or a target says it.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// // Two times, one symbol: blank-1, 1-blank and 1-1 say it, each with 1/4.
    /// let log_probs = Tensor::zeros(&[2, 1, 2], DType::F32)?.log_softmax(2)?;
    /// let loss = log_probs.ctc_loss(&Tensor::from([[1]]), &Tensor::from([2]), &Tensor::from([1]), 0)?;
    /// assert!((loss.to_vec::<f32>()?[0] + 0.75f32.ln()).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// PyTorch, whose gradient is that of what `log_softmax` has made `log_probs` of; here it is that of `log_probs`.
    /// There is one loss for each sample, and targets are `[N, S]`.
    ///
    /// # References
    /// Graves et al., Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
    /// Networks, 2006, equations 5 to 16.
    pub fn ctc_loss(
        &self,
        targets: &Tensor,
        input_lengths: &Tensor,
        target_lengths: &Tensor,
        blank: usize,
    ) -> Result<Tensor> {
        let check = Check(OP);
        let float = check.float(self)?;
        let [times, samples, classes] = check.shape("log_probs", self, "[T, N, C]")?;
        check.require(blank < classes, "blank", blank, format!("below {classes}, the number of classes"))?;
        check.dtype(targets, DType::I64)?;
        let [_, symbols] = check.shape("targets", targets, "[N, S]")?;
        check.is("targets", targets, &[samples, symbols])?;
        let ends = check.lengths("input_lengths", input_lengths, samples, times)?;
        let sizes = check.lengths("target_lengths", target_lengths, samples, symbols)?;
        let targets = targets.try_packed(OP)?.into_owned();
        check.symbols(&targets, &sizes, classes, Some(blank))?;

        let batch = Batch { times, samples, classes, symbols, blank };
        let rows = [samples, times, batch.width()];
        let alphas = for_float!(float, T => {
            Tensor::counted::<T, 4>(OP, count(&batch), &rows, [self, &targets, &ends, &sizes], move |all, y| {
                let [x, targets, times, sizes] = all;
                forward(&batch, &given::<T>(x, [targets, times, sizes]), y);
            })
        })?;
        let value = for_float!(float, T => {
            Tensor::counted::<T, 3>(OP, Count::Picked, &[samples], [&alphas, &ends, &sizes], move |all, y| {
                let [alphas, times, sizes] = all;
                losses::<T>(&batch, alphas.flat(), times.flat(), sizes.flat(), y);
            })
        })?;
        let saved = |_: &Tensor| {
            let [targets, times, sizes, alphas] = [&targets, &ends, &sizes, &alphas].map(Saved::constant);
            CtcLoss { batch, x: Saved::input(0, self), targets, times, sizes, alphas }
        };
        Ok(record(OP, value, &[self], saved))
    }
}

/// An operation for each way to each place.
fn count(batch: &Batch) -> Count {
    Count::product(&[batch.times, batch.samples, batch.symbols], 6)
}

fn given<'a, T: Stored>(x: Operand<'a>, [targets, times, sizes]: [Operand<'a>; 3]) -> Given<'a, T> {
    let [time, sample, class] = x.strides() else { unreachable!("it has been checked to be [T, N, C]") };
    let strides = [*time, *sample, *class];
    Given { x: x.strided(), strides, targets: targets.flat(), times: times.flat(), sizes: sizes.flat() }
}

struct CtcLoss {
    batch: Batch,
    x: Saved,
    targets: Saved,
    times: Saved,
    sizes: Saved,
    /// α of all samples and times, less its largest.
    alphas: Saved,
}

impl Pullback for CtcLoss {
    /// Time by time, as tensor code.
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let x = record_same(OP, &self.x.get(at));
        let gy = at.gy().clone();
        at.give(0, || {
            let lengths = [self.times.value(), self.sizes.value()];
            let losses = ctc(&x, self.targets.value(), lengths, self.batch.blank)?;
            let mut found = gradients_of(&[(&losses, Some(&gy))], &[&x], true)?;
            Ok(found.pop().flatten().unwrap_or_else(|| x.zeros_like()))
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let CtcLoss { batch, x, targets, times, sizes, alphas } = self;
        let (batch, gy) = (*batch, at.gy().packed());
        let [x, targets, times, sizes, alphas] = [x, targets, times, sizes, alphas].map(Saved::value);
        at.give(0, || {
            for_float!(x.float(), T => {
                let operands = [x, targets, times, sizes, alphas];
                let shares = Tensor::counted::<T, 5>(OP, count(&batch), alphas.shape(), operands, move |all, y| {
                    let [x, targets, times, sizes, alphas] = all;
                    posteriors(&batch, &given::<T>(x, [targets, times, sizes]), alphas.flat(), y);
                })?;
                let operands = [x, targets, times, sizes, &shares, &*gy];
                Tensor::counted::<T, 6>(OP, Count::Picked, x.shape(), operands, move |all, gx| {
                    let [x, targets, times, sizes, shares, gy] = all;
                    spread(&batch, &given::<T>(x, [targets, times, sizes]), shares.flat(), gy.flat(), gx);
                })
            })
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        let CtcLoss { batch: _, x, targets, times, sizes, alphas } = self;
        [x, targets, times, sizes, alphas].into_iter().for_each(see);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use super::tests::by_paths;
    // The lengths leave a path for any target of two symbols.
    let inputs = vec![
        Input::real(&[5, 2, 4], -3.0..0.0),
        Input::index(&[2, 3], 3),
        Input::index(&[2], 2),
        Input::index(&[2], 3),
    ];
    let times = |x: &[Tensor]| x[2].mul_scalar(-1.0).add_scalar(x[0].shape().first().map_or(0.0, |size| *size as f64));
    let call = move |x: &[Tensor]| x[0].ctc_loss(&x[1], &times(x), &x[3], 3);
    let reference = |x: &[Vec<f64>]| {
        let of_sample = |n: usize| {
            let row = |t: usize| x[0][(t * 2 + n) * 4..][..4].to_vec();
            let rows = (0..5 - x[2][n] as usize).map(row).collect::<Vec<_>>();
            by_paths(&rows, &x[1][n * 3..][..x[3][n] as usize].iter().map(|s| *s as usize).collect::<Vec<_>>(), 3)
        };
        (0..2).map(of_sample).collect()
    };
    let with = |targets: [[i64; 3]; 2], sizes: [i64; 2]| {
        move |x: &[Tensor]| x[0].ctc_loss(&Tensor::from(targets), &times(x), &Tensor::from(sizes), 3)
    };
    let ends = |ends: [i64; 2]| move |x: &[Tensor]| x[0].ctc_loss(&x[1], &Tensor::from(ends), &x[3], 3);
    [Case::new("ctc_loss", inputs, call)
        .value(reference)
        .leaves_out_what_is_zero()
        .refuses(
            |x| x[0].sum_dim(0)?.ctc_loss(&x[1], &x[2], &x[3], 3),
            "ctc_loss: log_probs has shape [2, 4], expected [T, N, C]",
        )
        .refuses(
            |x| x[0].to_dtype(DType::I64).ctc_loss(&x[1], &x[2], &x[3], 3),
            "ctc_loss: dtype is I64, expected F32 or F64; to_dtype converts",
        )
        .refuses(
            |x| x[0].ctc_loss(&x[1], &x[2], &x[3], 4),
            "ctc_loss: blank is 4, it must be below 4, the number of classes",
        )
        .refuses(
            |x| x[0].ctc_loss(&x[1].to_dtype(DType::F64), &x[2], &x[3], 3),
            "ctc_loss: dtype is F64, expected I64; to_dtype converts",
        )
        .refuses(
            |x| x[0].ctc_loss(&x[1].reshape(&[6])?, &x[2], &x[3], 3),
            "ctc_loss: targets has shape [6], expected [N, S]",
        )
        .refuses(
            |x| x[0].ctc_loss(&x[1].narrow(0, 0, 1)?, &x[2], &x[3], 3),
            "ctc_loss: targets has shape [1, 3], expected [2, 3]",
        )
        .refuses(
            |x| x[0].ctc_loss(&x[1], &x[2].to_dtype(DType::F64), &x[3], 3),
            "ctc_loss: dtype is F64, expected I64; to_dtype converts",
        )
        .refuses(
            |x| x[0].ctc_loss(&x[1], &x[2], &x[3].narrow(0, 0, 1)?, 3),
            "ctc_loss: target_lengths has shape [1], expected [2]",
        )
        .refuses(ends([5, 6]), "ctc_loss: input_lengths of sample 1 is 6, it must be at most 5")
        .refuses(ends([-1, 5]), "ctc_loss: input_lengths of sample 0 is -1, it must be at least 0")
        .refuses(with([[0; 3], [0; 3]], [2, 4]), "ctc_loss: target_lengths of sample 1 is 4, it must be at most 3")
        .refuses(
            with([[0, 1, 9], [2, 4, 0]], [2, 2]),
            "ctc_loss: symbol 1 of sample 1 is 4, it must be at least 0 and below 4, the number of classes",
        )
        .refuses(
            with([[-1, 1, 0], [2, 2, 0]], [1, 0]),
            "ctc_loss: symbol 0 of sample 0 is -1, it must be at least 0 and below 4, the number of classes",
        )
        .refuses(
            with([[0, 1, 3], [2, 3, 0]], [2, 2]),
            "ctc_loss: symbol 1 of sample 1 is 3, the blank, which no target says",
        )]
}];
