//! Scalar products of two inputs.

use crate::layer::{Layer, inputs};
use autograd_core::check::Check;
use autograd_core::{Error, ErrorKind, Result, Tensor};
use wengert_derive::Module;

/// The scalar products of the vectors of two inputs along a dim of each, sample by sample: with the dims 2 and 1,
/// `y[n, i, j] = Σₖ a[n, i, k] b[n, k, j]`.
///
/// # Shapes
/// `a: [N, ..]`, `b: [N, ..]` of any other dims, the two named ones of one size. The result has first the dims of `a`
/// that are left, then those of `b`: `[N, .., ..]`, or `[N, 1]` if none is left.
///
/// # Errors
/// `forward_all` fails if there are not two inputs, a dim does not exist or is that of the batch, sizes do not fit, or
/// dtypes differ or are not a float type.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{Dot, Layer};
/// let (a, b) = (Tensor::from([[3.0, 4.0]]), Tensor::from([[1.0, 2.0]]));
/// assert_eq!(Dot::new(1).forward_all(&[a.clone(), b.clone()])?.to_vec::<f32>()?, [11.0]);
/// let cosine = Dot::new(-1).normalize(true).forward_all(&[a.clone(), &b * 0.0 + &a])?;
/// assert!((cosine.item::<f32>()? - 1.0).abs() < 1e-6);
///
/// let (a, b) = (Tensor::zeros(&[5, 2, 3], DType::F32)?, Tensor::zeros(&[5, 3, 4], DType::F32)?);
/// assert_eq!(Dot::new([2, 1]).forward_all(&[a, b])?.shape(), [5, 2, 4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct Dot {
    axes: [isize; 2],
    normalize: bool,
}

/// The dims of a [`Dot`]: one number for both inputs, or `[of the first, of the second]`.
///
/// # Examples
/// ```
/// use wengert_nn::{Dot, DotAxes};
/// let axes: DotAxes = [2, 2].into();
/// assert_eq!(Dot::new(axes), Dot::new(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DotAxes([isize; 2]);

impl From<isize> for DotAxes {
    fn from(axis: isize) -> DotAxes {
        DotAxes([axis; 2])
    }
}

impl From<[isize; 2]> for DotAxes {
    fn from(axes: [isize; 2]) -> DotAxes {
        DotAxes(axes)
    }
}

impl Dot {
    /// A layer along these dims; negative counts from the end.
    pub fn new(axes: impl Into<DotAxes>) -> Dot {
        Dot { axes: axes.into().0, normalize: false }
    }

    /// Whether the vectors are divided by their lengths, which gives the cosines of the angles between them; a length
    /// below 1e-7 counts as 1e-7. Default false.
    #[must_use]
    pub fn normalize(mut self, normalize: bool) -> Dot {
        self.normalize = normalize;
        self
    }
}

impl Layer for Dot {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let check = Check("Dot");
        let [a, b] = inputs("Dot", all)?;
        check.same_float(a, b)?;
        let mut axes = [0; 2];
        for (axis, (given, x)) in axes.iter_mut().zip(self.axes.iter().zip([a, b])) {
            check.last::<2>("an input", x, "[N, ..] with another dim")?;
            *axis = check.dim(*given, x.shape())?;
            check.require(*axis > 0, "axis", *given, "another than that of the batch")?;
        }
        if a.shape()[0] != b.shape()[0] || a.shape()[axes[0]] != b.shape()[axes[1]] {
            let along = format!("along dims {} and {}", axes[0], axes[1]);
            let text = format!("Dot: shapes {:?} and {:?} do not fit {along}", a.shape(), b.shape());
            return Err(Error::new(ErrorKind::Shape, text));
        }
        let unit = |x: &Tensor, axis: usize| match self.normalize {
            true => x.normalize(2.0, axis as isize, 1e-7),
            false => Ok(x.clone()),
        };
        let (a, b) = (unit(a, axes[0])?, unit(b, axes[1])?);
        // [N, A, K] and [N, K, B], where A and B are all dims that are left.
        let (left, right) = (a.movedim(&[axes[0] as isize], &[-1])?, b.movedim(&[axes[1] as isize], &[1])?);
        let (n, k) = (a.shape()[0], a.shape()[axes[0]]);
        let (of_a, of_b) = (&left.shape()[1..left.rank() - 1], &right.shape()[2..]);
        let mut shape: Vec<usize> = std::iter::once(n).chain(of_a.iter().chain(of_b).copied()).collect();
        if shape.len() == 1 {
            shape.push(1);
        }
        let sizes = [of_a.iter().product::<usize>(), of_b.iter().product()];
        left.reshape(&[n, sizes[0], k])?.matmul(&right.reshape(&[n, k, sizes[1]])?)?.reshape(&shape)
    }
}

#[cfg(test)]
cases![
    layer("Dot", |_| Ok(Dot::new(1)))
        .maps_all(&[&[2, 3], &[2, 3]], &[&[2, 1]])
        .maps_all(&[&[2, 3, 2], &[2, 3, 4]], &[&[2, 2, 4]])
        .maps_all(&[&[2, 3, 2], &[2, 3]], &[&[2, 2]])
        .maps_all(&[&[0, 3], &[0, 3]], &[&[0, 1]])
        .maps_all(&[&[2, 0], &[2, 0]], &[&[2, 1]])
        .gives_all(
            &[Tensor::from([[3.0, 4.0], [1.0, 0.0]]), Tensor::from([[1.0, 2.0], [5.0, 6.0]])],
            &[Tensor::from([[11.0], [5.0]])],
        )
        .refuses(&[2, 3], "Dot: takes 2 inputs, got 1")
        .refuses_all(&[&[2, 3], &[3, 3]], "Dot: shapes [2, 3] and [3, 3] do not fit along dims 1 and 1")
        .refuses_all(&[&[2, 3], &[2, 2]], "Dot: shapes [2, 3] and [2, 2] do not fit along dims 1 and 1")
        .refuses_all(&[&[2, 3], &[3]], "Dot: an input has shape [3], expected [N, ..] with another dim"),
    layer("Dot", |_| Ok(Dot::new([2, 1]))).maps_all(&[&[2, 3, 4], &[2, 4, 5]], &[&[2, 3, 5]]).gives_all(
        &[Tensor::from([[[1.0, 2.0], [3.0, 4.0]]]), Tensor::from([[[5.0, 6.0], [7.0, 8.0]]])],
        &[Tensor::from([[[19.0, 22.0], [43.0, 50.0]]])],
    ),
    layer("Dot", |_| Ok(Dot::new([-1, 2]).normalize(true)))
        .maps_all(&[&[2, 3], &[2, 2, 3]], &[&[2, 2]])
        .maps_all(&[&[2, 2, 2, 3], &[2, 2, 3]], &[&[2, 2, 2, 2]])
        .gives_all(
            &[Tensor::from([[3.0, 4.0]]), Tensor::from([[[0.0, 2.0], [8.0, -6.0]]])],
            &[Tensor::from([[0.8, 0.0]])],
        )
        .refuses_all(&[&[2, 3], &[2, 3]], "Dot: dim 2 is out of range for shape [2, 3] (−2 to 1)"),
    layer("Dot", |_| Ok(Dot::new(0)))
        .refuses_all(&[&[2, 2], &[2, 2]], "Dot: axis is 0, it must be another than that of the batch"),
];
