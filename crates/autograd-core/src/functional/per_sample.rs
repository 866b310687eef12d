//! Gradients of each sample of a batch.

use super::TensorList;
use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tape::{gradients_of, recording};
use crate::tensor::Tensor;

/// The gradients of `loss(sample)` for each sample of a batch, with respect to each of `parameters`: of shape
/// `[N, shape of the parameter..]`.
///
/// The tensors of `batch` have the samples along their first dim; the function gets one sample, as a batch of size one,
/// and returns a number. Parameters are tracked tensors, as those of a model. The mean over N is the gradient of the
/// mean loss (unless the samples of a batch see each other, as in batch normalisation).
///
/// It takes N runs of the function and N backward walks: as much arithmetic as the gradient of the batch, and N times
/// its overhead; memory for one sample, and for the result up to twice, since it is put together when all are done.
/// Per-sample clipping, and the noise scale of gradients, start here.
///
/// # Gradient
/// The results are numbers without a history, as those of `backward`: for what is to be differentiated again there is
/// [`grad`](crate::grad()) of one sample at a time.
///
/// # Errors
/// If the function fails or does not return a single number, a parameter is not tracked or takes part in no sample, the
/// batch has no tensors or no samples, or its tensors do not have the same number of them.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, per_sample_grads};
/// let w = Tensor::from(3.0).requires_grad();
/// let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([0.0, 5.0]));
/// let loss = |s: &[Tensor]| Ok(s[0].try_mul(&w)?.try_sub(&s[1])?.square().sum());
/// let [dw] = per_sample_grads(loss, [&w], [&x, &y])?; // 2 x (w x − y)
/// assert_eq!(dw.to_vec::<f32>()?, [6.0, 4.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn per_sample_grads<L: TensorList>(
    loss: impl FnMut(&[Tensor]) -> Result<Tensor>,
    parameters: L,
    batch: impl TensorList,
) -> Result<L::Of<Tensor>> {
    recording(true, || of_each("per_sample_grads", loss, &parameters.tensors(), &batch.tensors())).map(L::of)
}

fn of_each(
    op: &'static str,
    mut loss: impl FnMut(&[Tensor]) -> Result<Tensor>,
    parameters: &[&Tensor],
    batch: &[&Tensor],
) -> Result<Vec<Tensor>> {
    let n = samples(op, batch)?;
    Check(op).list(n)?;
    for x in parameters {
        if !x.is_tracked() {
            return Err(Error::not_tracked(op, x.dtype(), x.shape()));
        }
        let shape: Vec<usize> = std::iter::once(n).chain(x.shape().iter().copied()).collect();
        Check(op).room(&shape, x.dtype())?;
    }
    let mut rows: Vec<Vec<Option<Tensor>>> = parameters.iter().map(|_| Vec::with_capacity(n)).collect();
    for i in 0..n {
        let sample: Vec<Tensor> = batch.iter().map(|x| x.narrow(0, i, 1)).collect::<Result<_>>()?;
        let y = loss(&sample).map_err(|error| error.context(format_args!("sample {i}")))?;
        super::single(op, &y)?;
        let found = match y.is_tracked() {
            true => gradients_of(&[(&y, None)], parameters, false)?,
            false => vec![None; parameters.len()],
        };
        rows.iter_mut().zip(found).for_each(|(row, g)| row.push(g));
    }
    let stacked = rows.into_iter().zip(parameters).enumerate().map(|(input, (row, x))| {
        if row.iter().all(Option::is_none) {
            let text = format!("{op}: parameter {input} of shape {:?} takes no part in any sample", x.shape());
            return Err(Error::new(ErrorKind::Tape, text));
        }
        let row: Vec<Tensor> = row.into_iter().map(|g| g.unwrap_or_else(|| x.detach().zeros_like())).collect();
        Tensor::stack(&row.iter().collect::<Vec<_>>(), 0)
    });
    stacked.collect()
}

/// The number of samples.
fn samples(op: &'static str, batch: &[&Tensor]) -> Result<usize> {
    let sizes: Vec<Option<usize>> = batch.iter().map(|x| x.shape().first().copied()).collect();
    match sizes.first() {
        Some(Some(n)) if *n > 0 && sizes.iter().all(|other| *other == Some(*n)) => Ok(*n),
        _ => {
            let shapes: Vec<&[usize]> = batch.iter().map(|x| x.shape()).collect();
            let text =
                format!("{op}: the tensors of the batch have shapes {shapes:?}, expected [N, ..] with one N ≥ 1");
            Err(Error::new(ErrorKind::Shape, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{DType, Tensor, grad, per_sample_grads, seeded};

    #[test]
    fn their_mean_is_the_gradient_of_the_mean() {
        let mut rng = seeded(5);
        let mut draw = |shape: &[usize]| Tensor::randn(shape, DType::F64, &mut rng).expect("small");
        let (w, b) = (draw(&[2, 3]).requires_grad(), draw(&[2]).requires_grad());
        let (x, y) = (draw(&[5, 3]), draw(&[5, 2]));
        let loss = |s: &[Tensor]| s[0].linear(&w, Some(&b))?.tanh().try_sub(&s[1])?.square().mean();
        let [dw, db] = per_sample_grads(loss, [&w, &b], [&x, &y]).expect("floats");
        assert_eq!((dw.shape(), db.shape()), (&[5, 2, 3][..], &[5, 2][..]));
        let want = grad(&loss(&[x.clone(), y.clone()]).expect("they fit"), [&w, &b]).expect("tracked");
        for (each, want) in [dw, db].iter().zip(want) {
            let mean = each.mean_dim(0).expect("samples").to_f64s();
            assert!(mean.iter().zip(want.to_f64s()).all(|(a, b)| (a - b).abs() < 1e-13));
        }
        let first = [x.narrow(0, 2, 1).expect("a row"), y.narrow(0, 2, 1).expect("a row")];
        let [alone, _] = per_sample_grads(loss, [&w, &b], &first).expect("floats");
        let [all, _] = per_sample_grads(loss, [&w, &b], [&x, &y]).expect("floats");
        assert_eq!(all.select(0, 2).expect("a sample").to_f64s(), alone.to_f64s());
    }

    #[test]
    fn a_sample_without_a_part_has_zeros_and_a_parameter_without_any_is_refused() {
        let (w, other) = (Tensor::from(2.0).requires_grad(), Tensor::from([1.0]).requires_grad());
        let x = Tensor::from([0.0, 3.0]);
        let mut at = 0;
        let loss = |s: &[Tensor]| {
            at += 1;
            if at % 2 == 1 { Ok(s[0].sum()) } else { Ok(s[0].try_mul(&w)?.sum()) }
        };
        let [dw] = per_sample_grads(loss, [&w], [&x]).expect("one takes part");
        assert_eq!(dw.to_f64s(), [0.0, 3.0]);
        let loss = |s: &[Tensor]| Ok(s[0].try_mul(&w)?.sum());
        let text = |error: crate::Result<Vec<Tensor>>| error.expect_err("refused").to_string();
        assert_eq!(
            text(per_sample_grads(loss, &[&w, &other][..], [&x])),
            "per_sample_grads: parameter 1 of shape [1] takes no part in any sample"
        );
        let shapes =
            "per_sample_grads: the tensors of the batch have shapes [[2], []], expected [N, ..] with one N ≥ 1";
        assert_eq!(text(per_sample_grads(loss, &[&w][..], [&x, &Tensor::from(1.0)])), shapes);
        assert!(text(per_sample_grads(loss, &[&x][..], [&x])).starts_with("per_sample_grads: "));
        let vector = |s: &[Tensor]| s[0].try_mul(&other)?.broadcast_to(&[2]);
        assert_eq!(
            text(per_sample_grads(vector, &[&other][..], [&x])),
            "per_sample_grads: the value has shape [2], expected a single number"
        );
    }
}
