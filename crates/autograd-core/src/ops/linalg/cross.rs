//! Cross product.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::ops::elementwise::driver::floats;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor, for_float};
use crate::threads::parallel::for_rows;

impl Tensor {
    /// The cross product of vectors of three elements along `dim`: `y₀ = a₁ b₂ − a₂ b₁`, and so on around. Without a
    /// dim, along the first one of size three in both. Truth values become `F32` first.
    ///
    /// # Shapes
    /// As many dims on both sides, which are broadcast.
    ///
    /// # Gradient
    /// `ga = b × gy`, `gb = gy × a`. Saves both.
    ///
    /// # Errors
    /// If the numbers of dims differ, the shapes do not broadcast, the dim does not have size three, or the dtypes
    /// differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([1, 0, 0]).cross(&Tensor::from([0, 1, 0]), -1)?;
    /// assert_eq!(z.to_vec::<i64>()?, [0, 0, 1]);
    /// assert_eq!(z.cross(&Tensor::from([1, 0, 0]), None)?.to_vec::<i64>()?, [0, 1, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cross(&self, other: &Tensor, dim: impl Into<Option<isize>>) -> Result<Tensor> {
        cross_of(self, other, dim.into())
    }
}

fn cross_of(x: &Tensor, other: &Tensor, dim: Option<isize>) -> Result<Tensor> {
    let check = Check("cross");
    check.same_dtype(x, other)?;
    if x.dtype() == DType::Bool {
        let [a, b] = floats("cross", [x, other])?;
        return a.cross(&b, dim);
    }
    if x.rank() != other.rank() {
        let expected = format!("as many dimensions as {:?}", x.shape());
        return Err(Error::shape("cross", "the second operand", other.shape(), expected));
    }
    let shape = check.broadcast(x.shape(), other.shape())?;
    let d = match dim {
        Some(dim) => check.sized_dim(dim, &shape)?.0,
        None => x.shape().iter().zip(other.shape()).position(|sizes| sizes == (&3, &3)).unwrap_or(0),
    };
    let sizes = [x, other].map(|x| x.shape().get(d).copied());
    if sizes != [Some(3); 2] {
        let (a, b) = (x.shape(), other.shape());
        let text = format!("cross: dim {d} of shapes {a:?} and {b:?} must have size 3 in both");
        return Err(Error::new(ErrorKind::Shape, text));
    }
    let (a, b) = (x.broadcast_to(&shape)?, other.broadcast_to(&shape)?);
    let value = {
        let [a, b] = [a.try_packed("cross")?, b.try_packed("cross")?];
        let inner = shape[d + 1..].iter().product();
        match x.dtype() {
            DType::I64 => Tensor::compute::<i64, 2>("cross", &shape, [&*a, &*b], move |[a, b], y| {
                let difference = |a: i64, b, c: i64, d| a.wrapping_mul(b).wrapping_sub(c.wrapping_mul(d));
                products(difference, a.flat(), b.flat(), inner, y);
            })?,
            _ => for_float!(check.float(x)?, T => {
                Tensor::compute::<T, 2>("cross", &shape, [&*a, &*b], move |[a, b], y| {
                    products(|a: T, b, c, d| a * b - c * d, a.flat(), b.flat(), inner, y);
                })?
            }),
        }
    };
    let saved = |_: &Tensor| Cross { a: Saved::input(0, &a), b: Saved::input(1, &b), dim: d as isize };
    Ok(record("cross", value, &[&a, &b], saved))
}

/// `y₀ = a₁ b₂ − a₂ b₁` and so on around, of vectors whose elements are `inner` apart.
fn products<T: Copy + Send + Sync>(
    difference: impl Fn(T, T, T, T) -> T + Sync,
    a: &[T],
    b: &[T],
    inner: usize,
    y: &mut [T],
) {
    let width = 3 * inner;
    for_rows(y, width, width, |rows, y| {
        let run = rows.start * width..rows.end * width;
        let pairs = a[run.clone()].chunks_exact(width).zip(b[run].chunks_exact(width));
        for ((a, b), y) in pairs.zip(y.chunks_exact_mut(width)) {
            for k in 0..3 {
                let [i, j] = [1, 2].map(|by| (k + by) % 3 * inner);
                for o in 0..inner {
                    y[k * inner + o] = difference(a[i + o], b[j + o], a[j + o], b[i + o]);
                }
            }
        }
    });
}

struct Cross {
    a: Saved,
    b: Saved,
    dim: isize,
}

impl Pullback for Cross {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, b, gy) = (self.a.get(at), self.b.get(at), at.gy());
        at.give(0, || b.cross(gy, self.dim))?;
        at.give(1, || gy.cross(&a, self.dim))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.b);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = |s: &[usize]| Input::real(s, -2.0..2.0);
    let reference = |x: &[Vec<f64>]| {
        let of = |row: usize, k: usize| {
            let (i, j) = ((k + 1) % 3, (k + 2) % 3);
            x[0][i] * x[1][row * 3 + j] - x[0][j] * x[1][row * 3 + i]
        };
        (0..6).map(|e| of(e / 3, e % 3)).collect()
    };
    [
        Case::new("cross", vec![x(&[1, 3]), x(&[2, 3])], |x| x[0].cross(&x[1], -1))
            .value(reference)
            .refuses(|x| x[0].cross(&x[1], 0), "cross: dim 0 of shapes [1, 3] and [2, 3] must have size 3 in both")
            .refuses(
                |x| x[0].cross(&x[1].sum_dim(0)?, 0),
                "cross: the second operand has shape [3], expected as many dimensions as [1, 3]",
            )
            .refuses(|x| x[0].cross(&x[1], 2), "cross: dim 2 is out of range for shape [2, 3] (−2 to 1)"),
        Case::new("cross (first dim)", vec![x(&[3, 2]), x(&[3, 2])], |x| x[0].cross(&x[1], None)),
        Case::new("cross (first dim of both)", vec![x(&[1, 3]), x(&[3, 3])], |x| x[0].cross(&x[1], None)),
    ]
}];
