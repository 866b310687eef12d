//! Lengths of samples.

use autograd_core::check::Check;
use autograd_core::{DType, Error, ErrorKind, Result, Tensor, is_capturing};

/// The lengths of the samples of a batch: numbers, or a tensor `[N]` of `I64`. Where a loss takes a single sample, a
/// tensor without dims is one of its length.
///
/// A captured function takes a tensor, which a replay reads; numbers are refused there, for it would keep those that it
/// was recorded with.
///
/// # Examples
/// ```
/// # use autograd_core::{DType, Tensor};
/// # use wengert_nn::ctc_loss;
/// let log_probs = Tensor::zeros(&[2, 1, 2], DType::F32)?.log_softmax(2)?;
/// let (targets, times) = (Tensor::from([[1]]), Tensor::from([2]));
/// let loss = ctc_loss(&log_probs, &targets, &times, &[1])?;
/// assert_eq!(loss.to_f64s(), ctc_loss(&log_probs, &targets, &[2], &[1])?.to_f64s());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lengths(Given);

#[derive(Clone, Debug)]
enum Given {
    Numbers(Vec<usize>),
    Tensor(Tensor),
}

impl From<&[usize]> for Lengths {
    fn from(numbers: &[usize]) -> Lengths {
        Lengths(Given::Numbers(numbers.to_vec()))
    }
}

impl<const N: usize> From<&[usize; N]> for Lengths {
    fn from(numbers: &[usize; N]) -> Lengths {
        Lengths::from(&numbers[..])
    }
}

impl From<&Vec<usize>> for Lengths {
    fn from(numbers: &Vec<usize>) -> Lengths {
        Lengths::from(&numbers[..])
    }
}

impl From<&Tensor> for Lengths {
    fn from(tensor: &Tensor) -> Lengths {
        Lengths(Given::Tensor(tensor.clone()))
    }
}

/// Lengths that fit.
pub(super) struct Read {
    /// `[N]`
    pub(super) tensor: Tensor,
    /// The same, unless a recording must not look at them.
    pub(super) numbers: Option<Vec<usize>>,
}

impl Lengths {
    /// Those of a single sample: a tensor without dims is one of a length.
    pub(super) fn of_one(&self) -> Result<Lengths> {
        match &self.0 {
            Given::Tensor(tensor) if tensor.rank() == 0 => Ok(Lengths(Given::Tensor(tensor.unsqueeze(0)?))),
            _ => Ok(self.clone()),
        }
    }

    /// One length for each sample, at least `least` and at most `most`. A tensor is looked at in a replay, too.
    pub(super) fn read(&self, op: &'static str, name: &str, samples: usize, [least, most]: [usize; 2]) -> Result<Read> {
        let numbers: Vec<i64> = match &self.0 {
            Given::Numbers(_) if is_capturing() => {
                let text = format!("{op}: {name} are numbers, which a replay would keep; a tensor is read again");
                return Err(Error::new(ErrorKind::Capture, text));
            }
            // A number too large for `I64` is too large for a length, too.
            Given::Numbers(numbers) => numbers.iter().map(|x| i64::try_from(*x).unwrap_or(i64::MAX)).collect(),
            Given::Tensor(tensor) => {
                Check(op).dtype(tensor, DType::I64)?;
                if tensor.rank() != 1 {
                    return Err(Error::shape(op, name, tensor.shape(), format_args!("[{samples}]")));
                }
                if is_capturing() {
                    Check(op).is(name, tensor, &[samples])?;
                    let known = Tensor::arange(least as f64, most as f64 + 1.0, 1.0, DType::I64)?;
                    let looked = known.gather(0, &tensor.add_scalar(-(least as f64)));
                    let tensor = looked.map_err(|error| error.context(name).context(op))?;
                    return Ok(Read { tensor, numbers: None });
                }
                tensor.to_vec()?
            }
        };
        if numbers.len() != samples {
            let text = format!("{op}: there are {} {name} for {samples} samples", numbers.len());
            return Err(Error::new(ErrorKind::Shape, text));
        }
        let fits = |length: &i64| usize::try_from(*length).ok().filter(|length| (least..=most).contains(length));
        let fitting: Vec<usize> = numbers.iter().map_while(fits).collect();
        if let Some(wrong) = numbers.get(fitting.len()) {
            let must = if *wrong > most as i64 { format!("at most {most}") } else { format!("at least {least}") };
            let text = format!("{op}: {name} of sample {} is {wrong}, it must be {must}", fitting.len());
            return Err(Error::new(ErrorKind::Argument, text));
        }
        Ok(Read { tensor: Tensor::from_vec(numbers, &[samples])?, numbers: Some(fitting) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CtcLoss, Reduction, RnntLoss};
    use autograd_core::{Capture, Gradients, seeded};

    #[test]
    fn what_does_not_fit_is_named() {
        let text = |lengths: Lengths| lengths.read("op", "lengths", 2, [1, 3]).err().map(|error| error.to_string());
        let says = |lengths: Lengths, expected: &str| assert_eq!(text(lengths).as_deref(), Some(expected));
        assert_eq!(text((&[1, 3]).into()), None);
        assert_eq!(text((&Tensor::from([1, 3])).into()), None);
        says((&[1]).into(), "op: there are 1 lengths for 2 samples");
        says((&Tensor::from([1, 2, 3])).into(), "op: there are 3 lengths for 2 samples");
        says((&[1, 4]).into(), "op: lengths of sample 1 is 4, it must be at most 3");
        says((&[usize::MAX, 1]).into(), "op: lengths of sample 0 is 9223372036854775807, it must be at most 3");
        says((&Tensor::from([0, 1])).into(), "op: lengths of sample 0 is 0, it must be at least 1");
        says((&Tensor::from([1, -7])).into(), "op: lengths of sample 1 is -7, it must be at least 1");
        says((&Tensor::from([1.0, 2.0])).into(), "op: dtype is F32, expected I64; to_dtype converts");
        says((&Tensor::from([[1, 2]])).into(), "op: lengths has shape [1, 2], expected [2]");
    }

    #[test]
    fn a_replay_reads_a_tensor_and_looks_at_it_and_numbers_are_refused() -> Result<()> {
        let mut read =
            Capture::new(|_: &(), [x]: [&Tensor; 1]| Ok(Lengths::from(x).read("op", "lengths", 2, [1, 3])?.tensor));
        for lengths in [[1, 3], [2, 1], [3, 3]] {
            assert_eq!(read.run(&(), [&Tensor::from(lengths)])?.to_vec::<i64>()?, lengths);
        }
        assert_eq!((read.stats().records, read.stats().replays), (1, 2));
        for (wrong, text) in [([0, 1], "0 is 0, it must be at least 1"), ([1, 4], "1 is 4, it must be at most 3")] {
            let error = read.run(&(), [&Tensor::from(wrong)]).expect_err("out of range").to_string();
            assert_eq!(error, format!("op: lengths of sample {text}"));
        }
        let mut kept =
            Capture::new(|_: &(), []: [&Tensor; 0]| Ok(Lengths::from(&[1]).read("op", "lengths", 1, [1, 3])?.tensor));
        let error = kept.run(&(), []).expect_err("numbers").to_string();
        assert_eq!(error, "op: lengths are numbers, which a replay would keep; a tensor is read again");
        Ok(())
    }

    /// Losses and their gradients, by lengths of times and of targets.
    fn both(x: &Tensor, [times, sizes]: [&Tensor; 2]) -> Result<(Tensor, Gradients)> {
        let targets = Tensor::from([[1, 2], [2, 2], [1, 1]]);
        let ctc = CtcLoss::new().zero_infinity(true).reduction(Reduction::None);
        let ctc =
            ctc.forward(&x.narrow(2, 0, 1)?.squeeze(&[2])?.transpose(0, 1)?.log_softmax(2)?, &targets, times, sizes)?;
        let rnnt = RnntLoss::new().blank(0).reduction(Reduction::None).forward(x, &targets, times, sizes)?;
        let losses = Tensor::stack(&[&ctc, &rnnt], 0)?;
        Ok((losses.clone(), losses.sum().backward()?))
    }

    #[test]
    fn captured_losses_follow_lengths_that_change() -> Result<()> {
        let mut x = autograd_core::module::Param::new(Tensor::randn(&[3, 4, 3, 3], DType::F64, &mut seeded(7))?)?;
        let mut captured = Capture::new(|x: &autograd_core::module::Param, lengths: [&Tensor; 2]| both(x, lengths));
        for lengths in [[[4, 3, 2], [2, 1, 1]], [[2, 4, 1], [1, 2, 0]], [[1, 1, 1], [0, 0, 0]], [[4, 4, 4], [2, 2, 2]]]
        {
            let lengths = lengths.map(Tensor::from);
            let (losses, grads) = captured.run(&x, [&lengths[0], &lengths[1]])?;
            let (eager, expected) = both(&x, [&lengths[0], &lengths[1]])?;
            assert_eq!(losses.to_f64s(), eager.to_f64s());
            let [got, want] = [grads, &expected].map(|grads| grads.get(&x).expect("used").to_f64s());
            assert_eq!(got, want);
            let next = x.detach().mul_scalar(0.5);
            x.set(next)?;
        }
        assert_eq!(captured.stats().records, 1);
        let mut flat = Capture::new(|x: &autograd_core::module::Param, [times, sizes]: [&Tensor; 2]| {
            let log_probs = x.narrow(2, 0, 1)?.squeeze(&[2])?.transpose(0, 1)?.log_softmax(2)?;
            CtcLoss::new().forward(&log_probs, &Tensor::from([1, 2, 2, 2, 1]), times, sizes)
        });
        let lengths = [Tensor::from([4, 3, 2]), Tensor::from([2, 2, 1])];
        let error = flat.run(&x, [&lengths[0], &lengths[1]]).expect_err("flat targets").to_string();
        let text = "targets one after the other are cut by the numbers of target_lengths; pad them to [N, S]";
        assert_eq!(error, format!("ctc_loss: {text}"));
        Ok(())
    }
}
