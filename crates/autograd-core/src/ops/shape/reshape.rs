//! Another shape for the same elements in the same order: reshape, flatten, squeeze, unsqueeze.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::shape::{Dim, Dims, Layout, Shape, signed};
use crate::tape::{Pull, Pullback, record, record_same};
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::fmt::Debug;

impl Tensor {
    /// The same elements in row-major order in another shape; one size may be −1 and is inferred. A view where the
    /// strides allow one, else a copy.
    ///
    /// # Gradient
    /// gy in the shape of x. Saves the shape.
    ///
    /// # Errors
    /// If the number of elements differs, a size is below −1, several are −1, or −1 cannot be inferred.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1, 2, 3], [4, 5, 6]]).reshape(&[3, -1])?.shape(), [3, 2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn reshape<D: Dim>(&self, shape: &[D]) -> Result<Tensor> {
        reshape_of(self, &signed(shape))
    }

    /// Like [`Tensor::reshape`], but always a view, never a copy.
    ///
    /// # Errors
    /// As for `reshape`, or if no strides make the elements lie in that shape.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert!(x.view(&[3, -1])?.shares_memory(&x));
    /// assert!(x.t()?.view(&[6]).is_err());
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn view<D: Dim>(&self, shape: &[D]) -> Result<Tensor> {
        view_of(self, &signed(shape))
    }

    /// [`Tensor::reshape`] with no size to infer.
    pub(crate) fn reshape_to(&self, shape: &[usize]) -> Result<Tensor> {
        let pullback = |_: &Tensor| Reshape { from: self.shape().into() };
        if shape == self.shape() {
            // It is a value of its own all the same: it has its own gradient, and no_grad cuts it off.
            return Ok(record("reshape", self.untied(), &[self], pullback));
        }
        if shape.iter().product::<usize>() != self.numel() {
            return Err(misfit("reshape", self, shape));
        }
        if crate::tensor::checked(shape, self.dtype()).is_none() {
            return Err(Error::too_large("reshape", shape));
        }
        let view = |x: &Tensor| Some(x.with_layout(view_layout(x.layout(), shape)?));
        let value = match view(self) {
            Some(value) => value,
            // Packed elements can be viewed in any shape with their number of elements.
            None => self.try_packed("reshape")?.with_layout(Layout::contiguous(shape)),
        };
        Ok(record("reshape", value, &[self], pullback))
    }

    /// Dimensions `start` to `end`, both included, merged into one.
    ///
    /// # Errors
    /// If a dim is out of range or `start` comes after `end`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// assert_eq!(Tensor::zeros(&[2, 3, 4], DType::F32)?.flatten(1, -1)?.shape(), [2, 12]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn flatten(&self, start: impl Dim, end: impl Dim) -> Result<Tensor> {
        flatten_of(self, start.signed(), end.signed())
    }

    /// The same elements without those of the named dimensions that have size one; an empty list names none.
    ///
    /// # Errors
    /// If a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[[1], [2]]]).squeeze(&[0, 2])?.shape(), [2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn squeeze(&self, dims: &[isize]) -> Result<Tensor> {
        if dims.is_empty() {
            return self.reshape_to(self.shape());
        }
        let named = Check("squeeze").dims(dims, self.shape())?;
        let kept = self.shape().iter().zip(&named).filter(|(size, named)| **size != 1 || !**named);
        let shape: Dims = kept.map(|(size, _)| *size).collect();
        self.reshape_to(&shape)
    }

    /// The same elements without any dimension of size one.
    ///
    /// # Errors
    /// If the elements must be copied, and there is no room for them.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[[1], [2]]]).squeeze_all()?.shape(), [2]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn squeeze_all(&self) -> Result<Tensor> {
        let shape: Dims = self.shape().iter().copied().filter(|size| *size != 1).collect();
        self.reshape_to(&shape)
    }

    /// The same elements with a new dimension of size one before dimension `dim` (−1: after the last).
    ///
    /// # Errors
    /// If the dim is out of range.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1, 2]).unsqueeze(-1)?.shape(), [2, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn unsqueeze(&self, dim: impl Dim) -> Result<Tensor> {
        unsqueeze_of(self, dim.signed())
    }

    /// The same value with its elements in row-major order without gaps: in the same memory, or a copy.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.t()?.contiguous().strides(), [2, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn contiguous(&self) -> Tensor {
        if self.is_contiguous() {
            return record_same("contiguous", self);
        }
        record("contiguous", self.gathered(), &[self], |_| Reshape { from: self.shape().into() })
    }
}

fn reshape_of(x: &Tensor, shape: &[isize]) -> Result<Tensor> {
    x.reshape_to(&inferred("reshape", x, shape)?)
}

fn view_of(x: &Tensor, shape: &[isize]) -> Result<Tensor> {
    let shape = inferred("view", x, shape)?;
    let Some(layout) = view_layout(x.layout(), &shape) else {
        let (from, strides, to) = (x.shape(), x.strides(), &shape[..]);
        let text = format!("view: {from:?} with strides {strides:?} cannot be seen as {to:?}; reshape copies");
        return Err(Error::new(ErrorKind::Shape, text));
    };
    Ok(record("view", x.with_layout(layout), &[x], |_| Reshape { from: x.shape().into() }))
}

fn flatten_of(x: &Tensor, start: isize, end: isize) -> Result<Tensor> {
    let (first, last) = (Check("flatten").dim(start, x.shape())?, Check("flatten").dim(end, x.shape())?);
    if first > last {
        return Err(Error::argument("flatten", "end", end, "a dim not before start"));
    }
    let old = x.shape();
    if old.is_empty() {
        return x.reshape_to(&[1]);
    }
    let mut shape: Dims = SmallVec::from_slice(&old[..first]);
    shape.push(old[first..=last].iter().product());
    shape.extend_from_slice(&old[last + 1..]);
    x.reshape_to(&shape)
}

fn unsqueeze_of(x: &Tensor, dim: isize) -> Result<Tensor> {
    let at = Check("unsqueeze").new_dim(dim, x.shape())?;
    let mut shape: Dims = SmallVec::from_slice(x.shape());
    shape.insert(at, 1);
    x.reshape_to(&shape)
}

/// The error that the elements of `x` cannot be laid out in the sizes `to`, which the caller asked for.
#[cold]
fn misfit(op: &str, x: &Tensor, to: impl Debug) -> Error {
    let (from, n) = (x.shape(), x.numel());
    Error::new(ErrorKind::Shape, format!("{op}: {from:?} has {n} elements, {to:?} asks for another number"))
}

/// The sizes that the caller asked for, with the one that is −1 inferred.
fn inferred(op: &str, x: &Tensor, shape: &[isize]) -> Result<Dims> {
    let misfit = || misfit(op, x, shape);
    let known = shape.iter().filter(|s| **s != -1).try_fold(1usize, |n, s| n.checked_mul(usize::try_from(*s).ok()?));
    let known = known.ok_or_else(misfit)?;
    let open = shape.iter().filter(|s| **s == -1).count();
    let inferred = match open {
        0 if known == x.numel() => 0,
        1 if known > 0 && x.numel().is_multiple_of(known) => x.numel() / known,
        _ => return Err(misfit()),
    };
    let sizes: Dims = shape.iter().map(|s| if *s == -1 { inferred } else { *s as usize }).collect();
    if crate::tensor::checked(&sizes, x.dtype()).is_none() {
        return Err(Error::too_large(op, &sizes));
    }
    Ok(sizes)
}

/// The strides under which the elements of `x` have `shape`, if such strides exist.
///
/// Old and new dimensions are matched in groups of equal element count; a group can be viewed if its old dimensions lie
/// without jumps between them.
fn view_layout(x: &Layout, shape: &[usize]) -> Option<Layout> {
    if x.is_contiguous() {
        return Some(Layout::contiguous_at(shape, x.offset()));
    }
    let old: SmallVec<[(usize, usize); 4]> =
        x.shape().iter().copied().zip(x.strides().iter().copied()).filter(|(size, _)| *size != 1).collect();
    let mut strides: Dims = SmallVec::from_elem(1, shape.len());
    let (mut i, mut d) = (0, 0);
    while i < old.len() {
        let (mut have, mut stride) = old[i];
        i += 1;
        let first = d;
        let mut want = 1;
        while want < have || (d < shape.len() && shape[d] == 1) {
            want *= shape.get(d)?;
            d += 1;
            while want > have {
                let (size, next) = *old.get(i)?;
                if stride != size * next {
                    return None;
                }
                (have, stride, i) = (have * size, next, i + 1);
            }
        }
        for k in (first..d).rev() {
            strides[k] = stride;
            stride *= shape[k];
        }
    }
    Some(Layout::strided(shape, &strides, x.offset()))
}

struct Reshape {
    from: Shape,
}

impl Pullback for Reshape {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        at.give(0, || gy.reshape_to(&self.from))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let same = |x: &[Vec<f64>]| x[0].clone();
    [
        Case::new("reshape", x(), |x| x[0].reshape(&[4, -1]))
            .value(same)
            .refuses(|x| x[0].reshape(&[5, -1]), "reshape: [2, 3, 4] has 24 elements, [5, -1] asks for another number")
            .refuses(|x| x[0].reshape(&[5, 5]), "reshape: [2, 3, 4] has 24 elements, [5, 5] asks for another number")
            .refuses(
                |x| x[0].reshape(&[-1, -1]),
                "reshape: [2, 3, 4] has 24 elements, [-1, -1] asks for another number",
            ),
        Case::new("view", x(), |x| x[0].view(&[4, -1]))
            .value(same)
            // Whether there is a view depends on the strides.
            .not_of_views()
            .refuses(|x| x[0].view(&[5, -1]), "view: [2, 3, 4] has 24 elements, [5, -1] asks for another number")
            .refuses(|x| x[0].view(&[-1, -1]), "view: [2, 3, 4] has 24 elements, [-1, -1] asks for another number")
            .refuses(
                |x| x[0].transpose(0, 2)?.view(&[24]),
                "view: [4, 3, 2] with strides [1, 4, 12] cannot be seen as [24]; reshape copies",
            ),
        Case::new("flatten", x(), |x| x[0].flatten(0, 1))
            .value(same)
            .refuses(|x| x[0].flatten(0, 3), "flatten: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(|x| x[0].flatten(2, 1), "flatten: end is 1, it must be a dim not before start")
            .refuses(
                |x| x[0].sum().flatten(1, 0),
                "flatten: dim 1 is out of range for shape [] (a scalar has dim 0 and −1 only)",
            ),
        Case::new("squeeze", x(), |x| x[0].unsqueeze(1)?.unsqueeze(-1)?.squeeze(&[1, -1])?.squeeze(&[]))
            .value(same)
            .refuses(|x| x[0].squeeze(&[3]), "squeeze: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(|x| x[0].squeeze(&[1, -2]), "squeeze: dim 1 is named twice in [1, -2] (shape [2, 3, 4])"),
        Case::new("squeeze_all", x(), |x| x[0].unsqueeze(1)?.unsqueeze(-1)?.squeeze_all()).value(same).cannot_fail(),
        Case::new("unsqueeze", x(), |x| x[0].unsqueeze(-2))
            .value(same)
            .refuses(|x| x[0].unsqueeze(4), "unsqueeze: a new dim 4 is out of range for shape [2, 3, 4] (−4 to 3)"),
        Case::new("contiguous", x(), |x| Ok(x[0].permute(&[2, 0, 1])?.contiguous().permute(&[1, 2, 0])?.contiguous()))
            .value(same)
            .cannot_fail(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Backward, Tensor, no_grad};

    /// Views that change nothing.
    fn same(x: &Tensor) -> [Tensor; 5] {
        let views = [x.reshape(&[2]), x.squeeze(&[0]), x.expand(&[-1]), x.t(), x.flatten(0, 0)];
        views.map(|view| view.expect("fits"))
    }

    #[test]
    fn a_view_of_the_same_shape_has_a_gradient_of_its_own() {
        let x = Tensor::from([1.0, 2.0]).requires_grad();
        let h = x.exp();
        for view in same(&h) {
            let y = (&view * 2.0).try_add(&(&h * 3.0)).expect("same shape").sum();
            let grads = Backward::from(&y).also(&view).also(&h).keep().run().expect("tracked");
            assert_eq!(grads.get(&view).expect("on the way").to_f64s(), [2.0, 2.0]);
            assert_eq!(grads.get(&h).expect("on the way").to_f64s(), [5.0, 5.0]);
        }
    }

    #[test]
    fn without_recording_a_view_of_the_same_shape_is_not_tracked() {
        let x = Tensor::from([1.0, 2.0]).requires_grad();
        assert!(no_grad(|| same(&x)).iter().all(|view| !view.is_tracked()));
    }
}
