//! The root of the mean squared error.

use crate::loss::options::reduced;
use crate::loss::pair::difference;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// The root of the mean squared error over all elements: an error in the unit of the targets.
///
/// ```text
/// loss = √(Σ (x − t)² / n)
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`. The loss is one
/// number, `[]`, and NaN of nothing.
///
/// # Gradient
/// `(x − t) / (n loss)` for x, the negative of it for t. Where the loss is 0 it is 0, also in second order: of all
/// slopes of the cone there, the one of least norm.
///
/// # Numerics
/// The norm of `x − t` divided by √n: squares that overflow or vanish do no harm.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::rmse_loss;
/// let t = Tensor::from([0.0, 0.0, 0.0, 0.0]);
/// assert_eq!(rmse_loss(&Tensor::from([4.0, 0.0, 0.0, 0.0]), &t)?.item::<f32>()?, 2.0);
///
/// let x = t.requires_grad();
/// assert_eq!(rmse_loss(&x, &t)?.backward()?.get(&x).unwrap().to_vec::<f32>()?, [0.0; 4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn rmse_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    RmseLoss::new().forward(input, target)
}

/// [`rmse_loss`] with options.
///
/// A root over the batch is no mean of samples: what a run reports of a set is the mean of the roots of its batches,
/// not the root over the set. With [`dims`](RmseLoss::dims) that leave the first out each sample has a root, and they
/// add up.
///
/// # Errors
/// `forward` also fails if a dim is out of range or named twice.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, RmseLoss};
/// let loss = RmseLoss::new().dims(&[1]).reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([[7.0, 1.0], [0.0, 0.0]]), &Tensor::from([[0.0, 0.0], [3.0, 3.0]]))?;
/// assert_eq!(losses.to_vec::<f32>()?, [5.0, 3.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RmseLoss {
    dims: Option<Vec<isize>>,
    reduction: Reduction,
}

reduced!(RmseLoss);

impl RmseLoss {
    /// The dims that a root is over; the reduction is over the others. Default: all of them.
    #[must_use]
    pub fn dims(mut self, dims: &[isize]) -> RmseLoss {
        self.dims = Some(dims.to_vec());
        self
    }
}

impl Loss for RmseLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let error = difference("rmse_loss", input, target)?;
        let norms = match &self.dims {
            Some(dims) => error.vector_norm(2.0, &dims[..])?,
            None => error.vector_norm(2.0, ..)?,
        };
        let each = error.numel() as f64 / norms.numel() as f64;
        self.reduction.of_all(&norms.div_scalar(each.sqrt()), input)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{RmseLoss, rmse_loss};
    use crate::cases::Expected;
    use crate::loss::{Loss, Reduction};
    use autograd_core::{DType, Result, Tensor, grad};

    fn root(pairs: &[(f64, f64)]) -> f64 {
        (pairs.iter().map(|(x, t)| (x - t).powi(2)).sum::<f64>() / pairs.len() as f64).sqrt()
    }

    fn pairs(x: &Tensor, t: &Tensor) -> Vec<(f64, f64)> {
        let shape: Vec<isize> = x.shape().iter().map(|size| *size as isize).collect();
        x.to_f64s().into_iter().zip(t.expand(&shape).expect("broadcasts").to_f64s()).collect()
    }

    /// A root for each row of three.
    fn rows(x: &Tensor, t: &Tensor) -> Expected {
        let losses: Vec<f64> = pairs(x, t).chunks(3).map(root).collect();
        Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
    }

    /// One root.
    fn whole(x: &Tensor, t: &Tensor) -> Expected {
        Expected { shape: vec![], divisor: 1.0, losses: vec![root(&pairs(x, t))] }
    }

    #[test]
    fn the_root_of_nothing_is_not_a_number() -> Result<()> {
        let nothing = Tensor::zeros(&[0, 3], DType::F32)?;
        assert!(rmse_loss(&nothing, &nothing)?.item::<f32>()?.is_nan());
        let of_columns = RmseLoss::new().dims(&[0]).reduction(Reduction::None).forward(&nothing, &nothing)?;
        assert!(of_columns.shape() == [3] && of_columns.to_f64s().iter().all(|x| x.is_nan()));
        Ok(())
    }

    #[test]
    fn at_0_first_and_second_derivative_are_0() -> Result<()> {
        let x = Tensor::from([1.0, 2.0]).requires_grad();
        let y = rmse_loss(&x, &Tensor::from([1.0, 2.0]))?;
        let [first] = grad(&y, [&x])?;
        let [second] = grad(&first.sum(), [&x])?;
        assert_eq!((first.to_f64s(), second.to_f64s()), (vec![0.0; 2], vec![0.0; 2]));
        Ok(())
    }

    /// Squares of these are infinite, or 0, in `F32`.
    #[test]
    fn huge_and_tiny_errors_have_a_root() -> Result<()> {
        for size in [1e30f32, 1e-30] {
            let y = rmse_loss(&Tensor::from([size, -size]), &Tensor::from([0.0, 0.0]))?.item::<f32>()?;
            assert!((y / size - 1.0).abs() < 1e-6, "{y}");
        }
        Ok(())
    }

    cases![
        loss("rmse_loss", |r| RmseLoss::new().reduction(r), whole)
            .function(rmse_loss)
            .finite()
            .shapes(&[4], &[4])
            .shapes(&[3], &[])
            .shapes(&[], &[])
            .refuses(
                Tensor::from([0.0, 0.0]),
                Tensor::from([0.0, 0.0, 0.0]),
                "the target has shape [3], expected one that broadcasts to the input's, [2]"
            )
            .refuses(
                Tensor::from([1, 2]),
                Tensor::from([0.0, 0.0]),
                "dtype is I64, expected F32 or F64; to_dtype converts"
            ),
        loss("rmse_loss", |r| RmseLoss::new().dims(&[1]).reduction(r), rows)
            .finite()
            .shapes(&[2, 3], &[2, 3])
            .shapes(&[4, 3], &[1, 3])
            .shapes(&[2, 3], &[2, 1])
            .shapes(&[3, 3], &[]),
        loss("vector_norm", |r| RmseLoss::new().dims(&[1]).reduction(r), rows).refuses(
            Tensor::from([0.0, 0.0]),
            Tensor::from([0.0, 0.0]),
            "dim 1 is out of range for shape [2] (−1 to 0)"
        ),
    ];
}
