//! Dimensions moved to other places.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tensor::Tensor;
use smallvec::SmallVec;

impl Tensor {
    /// Dimension `source[k]` in the place of dimension `destination[k]`; the others keep their order. A view.
    ///
    /// # Gradient
    /// gy with its dimensions put back. Saves the order.
    ///
    /// # Errors
    /// If there are not as many destinations as sources, or a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// let images = Tensor::zeros(&[8, 28, 32, 3], DType::F32)?;
    /// assert_eq!(images.movedim(&[-1], &[1])?.shape(), [8, 3, 28, 32]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn movedim(&self, source: &[isize], destination: &[isize]) -> Result<Tensor> {
        moved("movedim", self, source, destination)
    }

    /// [`Tensor::movedim`] by its other name.
    ///
    /// # Errors
    /// As for `movedim`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1, 2, 3]]).moveaxis(&[0], &[1])?.shape(), [3, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn moveaxis(&self, source: &[isize], destination: &[isize]) -> Result<Tensor> {
        moved("moveaxis", self, source, destination)
    }

    /// [`Tensor::transpose`] by its other name.
    ///
    /// # Errors
    /// If a dim is out of range.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1, 2, 3]]).swapaxes(0, 1)?.shape(), [3, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn swapaxes(&self, a: impl Dim, b: impl Dim) -> Result<Tensor> {
        swapaxes_of(self, a.signed(), b.signed())
    }
}

fn swapaxes_of(x: &Tensor, a: isize, b: isize) -> Result<Tensor> {
    Check("swapaxes").dim(a, x.shape())?;
    Check("swapaxes").dim(b, x.shape())?;
    x.transpose(a, b)
}

fn moved(op: &'static str, x: &Tensor, source: &[isize], destination: &[isize]) -> Result<Tensor> {
    if source.len() != destination.len() {
        let (from, to) = (source.len(), destination.len());
        let text = format!("{op}: {from} dims for {to} places; there is one for each");
        return Err(Error::new(ErrorKind::Argument, text));
    }
    if source.is_empty() {
        return x.permute(&(0..x.rank() as isize).collect::<SmallVec<[isize; 4]>>());
    }
    let named = [Check(op).dims(source, x.shape())?, Check(op).dims(destination, x.shape())?];
    if x.rank() == 0 {
        return x.permute(&[]);
    }
    let mut others = (0..x.rank()).filter(|d| !named[0][*d]);
    let mut order: SmallVec<[isize; 4]> = SmallVec::from_elem(-1, x.rank());
    for (from, to) in source.iter().zip(destination) {
        order[Check(op).dim(*to, x.shape())?] = Check(op).dim(*from, x.shape())? as isize;
    }
    for (place, _) in order.iter_mut().zip(&named[1]).filter(|(_, named)| !**named) {
        *place = others.next().unwrap_or_else(|| unreachable!("as many are left as there are places")) as isize;
    }
    x.permute(&order)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    // [2, 3, 4] → [4, 2, 3]
    let front = |x: &[Vec<f64>]| (0..24).map(|i| x[0][i % 6 * 4 + i / 6]).collect();
    let wrong = |op: &'static str, call: fn(&Tensor, &[isize], &[isize]) -> crate::Result<Tensor>| {
        Case::new(op, x(), move |x| call(&x[0], &[-1], &[0]))
            .value(front)
            .refuses(move |x| call(&x[0], &[0, 1], &[2]), format!("{op}: 2 dims for 1 places; there is one for each"))
            .refuses(
                move |x| call(&x[0], &[0], &[3]),
                format!("{op}: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)"),
            )
            .refuses(
                move |x| call(&x[0], &[0, -3], &[1, 2]),
                format!("{op}: dim 0 is named twice in [0, -3] (shape [2, 3, 4])"),
            )
    };
    [
        wrong("movedim", Tensor::movedim),
        wrong("moveaxis", Tensor::moveaxis),
        Case::new("movedim of nothing", x(), |x| x[0].movedim(&[], &[])).value(|x| x[0].clone()),
        Case::new("movedim (two)", x(), |x| x[0].movedim(&[0, 1], &[1, 2])).value(front),
        Case::new("swapaxes", x(), |x| x[0].swapaxes(1, -1))
            .value(|x| (0..24).map(|i| x[0][i / 12 * 12 + i % 3 * 4 + i / 3 % 4]).collect())
            .refuses(|x| x[0].swapaxes(0, 5), "swapaxes: dim 5 is out of range for shape [2, 3, 4] (−3 to 2)"),
    ]
}];
