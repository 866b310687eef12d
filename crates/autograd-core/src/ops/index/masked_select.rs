//! Elements and positions that a mask chooses.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::watch::reads;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// The elements where the mask is true, in row-major order; both are broadcast to a common shape.
    ///
    /// # Shapes
    /// The result has one dimension. Its size depends on the numbers in the mask, so a capture refuses it.
    ///
    /// # Gradient
    /// gy in the places it came from, 0 elsewhere. Saves the places.
    ///
    /// # Errors
    /// If the mask is not `Bool`, or the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.masked_select(&Tensor::from([true, false]))?.to_vec::<i64>()?, [1, 3]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn masked_select(&self, mask: &Tensor) -> Result<Tensor> {
        let check = Check("masked_select");
        check.dtype(mask, DType::Bool)?;
        let shape = check.broadcast(self.shape(), mask.shape())?;
        let places = chosen("masked_select", &mask.expand_to(&shape)?)?;
        let x = self.expand_to(&shape)?;
        x.reshape_to(&[x.numel()])?.index_select(0, &places)
    }

    /// The positions of all elements that are not 0, in row-major order. NaN is not 0.
    ///
    /// # Shapes
    /// `[n, r]` for n such elements of a tensor of r dimensions, as `I64`. n depends on the numbers, so a capture
    /// refuses it.
    ///
    /// # Errors
    /// If there is no memory for it.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[0.0, 2.0], [3.0, 0.0]]).nonzero()?;
    /// assert_eq!((y.shape(), y.to_vec::<i64>()?), (&[2, 2][..], vec![0, 1, 1, 0]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nonzero(&self) -> Result<Tensor> {
        Check("nonzero").room(self.shape(), DType::Bool)?;
        let places = chosen("nonzero", &self.to_dtype(DType::Bool))?;
        let sizes: Vec<usize> = self.shape().to_vec();
        let shape = [places.numel(), sizes.len()];
        Tensor::moved::<i64, 1>("nonzero", &shape, [&places], move |[places], y| {
            if sizes.is_empty() {
                return;
            }
            for (place, y) in places.flat::<i64>().iter().zip(y.chunks_exact_mut(sizes.len())) {
                let mut rest = *place as usize;
                for (y, size) in y.iter_mut().zip(&sizes).rev() {
                    *y = (rest % size) as i64;
                    rest /= size;
                }
            }
        })
    }

    /// [`Tensor::nonzero`] under NumPy's name.
    ///
    /// # Errors
    /// As for `nonzero`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([0, 5, 0]).argwhere()?.to_vec::<i64>()?, [1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn argwhere(&self) -> Result<Tensor> {
        self.nonzero()
    }
}

/// The numbers, in row-major order, of the elements of a mask that are true.
fn chosen(op: &'static str, mask: &Tensor) -> Result<Tensor> {
    reads(op);
    let mask = mask.try_packed(op)?;
    let values = mask.flat::<u8>();
    let count = values.iter().filter(|yes| **yes != 0).count();
    Tensor::moved::<i64, 1>(op, &[count], [&*mask], |[mask], y| {
        let places = mask.flat::<u8>().iter().enumerate().filter(|(_, yes)| **yes != 0);
        y.iter_mut().zip(places).for_each(|(y, (place, _))| *y = place as i64);
    })
}

impl Tensor {
    /// This tensor with the first elements of `source`, in row-major order, where the mask is true.
    ///
    /// # Shapes
    /// This tensor and the mask are broadcast; `source` has any shape, and at least as many elements as are replaced.
    ///
    /// # Gradient
    /// gy where the mask is false for `self`; for `source` gy where its elements went, 0 for those left over. Saves the
    /// mask and the places.
    ///
    /// # Errors
    /// If the mask is not `Bool`, the shapes do not broadcast, the dtypes differ, or `source` has too few elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (mask, source) = (Tensor::from([true, false, true]), Tensor::from([7, 8, 9]));
    /// assert_eq!(Tensor::from([1, 2, 3]).masked_scatter(&mask, &source)?.to_vec::<i64>()?, [7, 2, 8]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn masked_scatter(&self, mask: &Tensor, source: &Tensor) -> Result<Tensor> {
        let check = Check("masked_scatter");
        check.dtype(mask, DType::Bool)?;
        check.same_dtype(self, source)?;
        let shape = check.broadcast(self.shape(), mask.shape())?;
        let (x, mask) = (self.expand_to(&shape)?, mask.expand_to(&shape)?);
        let packed = mask.try_packed("masked_scatter")?;
        let n = source.numel();
        Tensor::look("masked_scatter", [&*packed], move |[mask]| {
            let count = mask.flat::<u8>().iter().filter(|yes| **yes != 0).count();
            if count <= n {
                return Ok(());
            }
            let text = format!("masked_scatter: the mask chooses {count} elements, and source has {n}");
            Err(Error::new(ErrorKind::Shape, text))
        })?;
        // Each element's number among those chosen. Behind the source stands one for those that are not.
        let numbers = Tensor::moved::<i64, 1>("masked_scatter", &[packed.numel()], [&*packed], move |[mask], y| {
            let mut next = 0;
            for (y, yes) in y.iter_mut().zip(mask.flat::<u8>()) {
                *y = if *yes != 0 { next } else { n as i64 };
                next += i64::from(*yes != 0);
            }
        })?;
        let any = Tensor::full(&[1], 0.0, source.dtype())?;
        let source = Tensor::cat(&[&source.reshape_to(&[n])?, &any], 0)?;
        mask.where_cond(&source.index_select(0, &numbers)?.reshape_to(&shape)?, &x)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let real = |s: &[usize]| Input::real(s, -2.0..2.0);
    [
        Case::new("masked_select", vec![real(&[3]), Input::mask(&[2, 3])], |x| x[0].masked_select(&x[1]))
            .value(|x| (0..6).filter(|e| x[1][*e] != 0.0).map(|e| x[0][e % 3]).collect())
            .reads_numbers()
            .refuses(|x| x[0].masked_select(&x[0]), "masked_select: dtype is F64, expected Bool; to_dtype converts")
            .refuses(
                |x| x[0].masked_select(&Tensor::from([true, false])),
                "masked_select: shapes [3] and [2] do not broadcast: 3 ≠ 2 in dimension −1 (counted from the end)",
            ),
        Case::new("nonzero", vec![Input::mask(&[2, 3])], |x| x[0].nonzero())
            .value(|x| {
                let places = (0..6).filter(|e| x[0][*e] != 0.0);
                places.flat_map(|e| [(e / 3) as f64, (e % 3) as f64]).collect()
            })
            .without_gradient()
            .reads_numbers()
            .cannot_fail(),
        Case::new("argwhere", vec![Input::mask(&[])], |x| x[0].argwhere())
            .without_gradient()
            .reads_numbers()
            .cannot_fail(),
        Case::new("masked_scatter", vec![real(&[3]), Input::mask(&[2, 3]), real(&[7])], |x| {
            x[0].masked_scatter(&x[1], &x[2])
        })
        .value(|x| {
            let mut source = x[2].iter();
            (0..6).map(|e| if x[1][e] != 0.0 { *source.next().expect("enough") } else { x[0][e % 3] }).collect()
        })
        .not_counting_saved()
        .refuses(
            |x| x[0].masked_scatter(&Tensor::from([true, true, true]), &x[2].narrow(0, 0, 2)?),
            "masked_scatter: the mask chooses 3 elements, and source has 2",
        )
        .refuses(
            |x| x[0].masked_scatter(&x[0], &x[2]),
            "masked_scatter: dtype is F64, expected Bool; to_dtype converts",
        )
        .refuses(
            |x| x[0].masked_scatter(&x[1], &x[2].to_dtype(DType::F32)),
            "masked_scatter: dtypes F64 and F32 do not mix; convert one with to_dtype",
        ),
    ]
}];
