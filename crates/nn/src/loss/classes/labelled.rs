//! Samples with a class label each, of which some may be ignored.

use crate::loss::pair::has_room;
use crate::loss::reduction::Divisor;
use crate::loss::{Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{DType, Error, Result, Tensor, is_capturing};

/// The dim that the classes of an input lie along: `[C]`, `[N, C]` or `[N, C, ..]`.
pub(super) fn dim_of_classes(op: &'static str, input: &Tensor) -> Result<usize> {
    match input.rank() {
        0 => Err(Error::shape(op, "the input", input.shape(), "[C], [N, C] or [N, C, ..]")),
        rank => Ok(usize::from(rank > 1)),
    }
}

/// Whether the target is class indices; else it is class probabilities, of the shape and the dtype of the input. For
/// losses that take both.
pub(super) fn is_labels(op: &'static str, input: &Tensor, target: &Tensor, dim: usize) -> Result<bool> {
    match target.dtype() {
        // One class alone has no one-hot rows, but a dim too many.
        DType::I64 if target.shape() == input.shape() && input.shape()[dim] != 1 => {
            Err(hint::one_hot(op, target, dim, input))
        }
        DType::I64 => Ok(true),
        got if got.is_float() && target.shape() != input.shape() => Err(hint::probabilities(op, target, dim, input)),
        got if got == input.dtype() => has_room(op, &[input]).map(|()| false),
        got if got.is_float() => Err(Error::mixed_dtypes(op, input.dtype(), got)),
        got => Err(Error::wrong_dtype(op, got, DType::I64)),
    }
}

/// An error if a class of a target of class probabilities is ignored.
pub(super) fn ignores_none(op: &'static str, ignore_index: i64) -> Result<()> {
    let must = "negative with class probabilities: there is no class to ignore";
    Check(op).require(ignore_index < 0, "ignore_index", ignore_index, must)
}

/// An error unless there is no weight, or one for each class.
pub(super) fn of_classes(op: &'static str, weight: Option<&Tensor>, input: &Tensor, classes: usize) -> Result<()> {
    let Some(weight) = weight else { return Ok(()) };
    if weight.shape() != [classes] {
        return Err(Error::shape(op, "weight", weight.shape(), format!("[{classes}], one for each class")));
    }
    Check(op).same_dtype(input, weight).map(drop)
}

/// Samples and their labels.
pub(super) struct Labelled {
    /// The numbers of each sample as a row, `[samples, C]`; zeros where it is ignored.
    pub(super) rows: Tensor,
    pub(super) classes: usize,
    /// The labels, flat. Ignored samples have the label 0: their losses are not chosen.
    pub(super) labels: Tensor,
    /// Which count; none if all do.
    kept: Option<Tensor>,
    samples: Vec<usize>,
}

impl Labelled {
    /// The samples of `input`, whose classes lie along `dim`. `select` asks to choose those that count even if all do.
    pub(super) fn of(
        op: &'static str,
        input: &Tensor,
        target: &Tensor,
        dim: usize,
        ignore_index: i64,
        select: bool,
    ) -> Result<Labelled> {
        let mut samples = input.shape().to_vec();
        let classes = samples.remove(dim);
        hint::indices(op, target, &samples, input)?;
        let labels = target.reshape(&[target.numel() as isize])?;
        let rows = rows(input, labels.numel(), classes)?;
        // Not if nothing is ignored: to select all is to do nothing.
        let selects = select || is_capturing() || labels.to_vec::<i64>()?.contains(&ignore_index);
        let kept = if selects { Some(labels.ne(&Tensor::scalar(ignore_index))?) } else { None };
        let all = Labelled { rows, classes, labels, kept, samples };
        // The rows before the loss, too: what an ignored row holds, NaN or infinite, reaches neither the loss nor a
        // gradient.
        let all = Labelled { rows: all.keep(all.rows.clone())?, labels: all.keep(all.labels.clone())?, ..all };
        // An error of the rows would name their shape, which only an input of two dims has.
        if input.rank() != 2 {
            Check(op).in_bounds(&all.labels, input.shape(), dim)?;
        }
        Ok(all)
    }

    /// The values, rows or single ones, of the samples that count, and zeros for the others.
    fn keep(&self, values: Tensor) -> Result<Tensor> {
        match &self.kept {
            Some(kept) if values.rank() == 2 => kept.unsqueeze(1)?.where_cond(&values, &values.zeros_like()),
            Some(kept) => kept.where_cond(&values, &values.zeros_like()),
            None => Ok(values),
        }
    }

    /// The weight of each sample's class.
    pub(super) fn weights(&self, of_classes: &Tensor) -> Result<Tensor> {
        self.keep(of_classes.index_select(0, &self.labels)?)
    }

    /// Reduces the losses of all samples, `[samples]`: the mean divides by the sum of the weights, or by how many
    /// count.
    pub(super) fn reduce(&self, losses: &Tensor, weights: Option<Tensor>, reduction: Reduction) -> Result<Tensor> {
        let losses = self.keep(losses.clone())?;
        if reduction == Reduction::None {
            return losses.reshape(&self.samples.iter().map(|size| *size as isize).collect::<Vec<_>>());
        }
        if reduction == Reduction::BatchMean {
            return reduction.over(&losses, self.samples.first().copied().unwrap_or(1));
        }
        let all = || Tensor::scalar(self.labels.numel() as f64);
        let count = || self.kept.as_ref().map_or_else(all, |kept| kept.to_dtype(DType::F64).sum());
        reduction.divided(&losses, Divisor::Number(weights.map_or_else(count, |weights| weights.sum())))
    }
}

/// The logits of each sample as a row: `[C]` or `[N, C, ..] → [samples, C]`.
fn rows(input: &Tensor, samples: usize, classes: usize) -> Result<Tensor> {
    match input.rank() {
        1 => input.unsqueeze(0),
        2 => Ok(input.clone()),
        rank => {
            let mut dims: Vec<isize> = (0..rank as isize).collect();
            dims.remove(1);
            dims.push(1);
            input.permute(&dims)?.reshape(&[samples as isize, classes as isize])
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::loss::{cross_entropy, multiclass_sparsemax_loss, nll_loss, poly_loss_cross_entropy};
    use autograd_core::{Capture, DType, Result, Tensor};

    type Pair = fn(&Tensor, &Tensor) -> Result<Tensor>;

    const LOSSES: [(&str, Pair); 4] = [
        ("cross_entropy", cross_entropy),
        ("multiclass_sparsemax_loss", multiclass_sparsemax_loss),
        ("nll_loss", nll_loss),
        ("poly_loss_cross_entropy", poly_loss_cross_entropy),
    ];

    #[test]
    fn a_label_that_is_no_class_is_named_with_the_shape_of_the_input() -> Result<()> {
        let x = Tensor::zeros(&[2, 3, 4], DType::F32)?;
        let (good, bad) =
            (Tensor::from([[0, 1, 2, 0], [0, 1, -100, 0]]), Tensor::from([[0, 1, 2, 0], [0, -100, 7, 0]]));
        for (name, loss) in LOSSES {
            let text = format!("{name}: index 7 at position 6 is out of range for dim 1 of shape [2, 3, 4]");
            assert_eq!(loss(&x, &bad).expect_err("no class").to_string(), text);
            let mut captured = Capture::new(|_: &(), [x, t]: [&Tensor; 2]| loss(x, t));
            captured.run(&(), [&x, &good])?;
            assert_eq!(captured.run(&(), [&x, &bad]).expect_err("no class").to_string(), text);
            let single = loss(&Tensor::from([0.0, 1.0]), &Tensor::from(2)).expect_err("no class").to_string();
            assert_eq!(single, format!("{name}: index 2 at position 0 is out of range for dim 0 of shape [2]"));
        }
        Ok(())
    }
}
