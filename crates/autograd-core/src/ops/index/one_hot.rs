//! Indices as rows of zeros with a single one.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::watch::reads;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// For each index a row with a one at its place: `y[.., k] = 1` where k is the index, else 0, as `I64`.
    ///
    /// # Shapes
    /// `[..] → [.., K]`; without `classes`, K is the largest index plus one.
    ///
    /// # Gradient
    /// None: indices carry no gradient.
    ///
    /// # Errors
    /// If an index is negative or not below `classes`, the dtype is not `I64`, or there are neither indices nor
    /// `classes`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1, 0]).one_hot(Some(3))?.to_vec::<i64>()?, [0, 1, 0, 1, 0, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn one_hot(&self, classes: Option<usize>) -> Result<Tensor> {
        let check = Check("one_hot");
        check.dtype(self, DType::I64)?;
        let packed = self.try_packed("one_hot")?;
        if classes.is_none() {
            reads("one_hot without a number of classes");
        }
        let classes = match (classes, packed.flat::<i64>().iter().max()) {
            (Some(classes), _) => classes,
            (None, Some(largest)) => largest.saturating_add(1).max(0) as usize,
            (None, None) => {
                let text = "one_hot: classes must be given where there are no indices";
                return Err(Error::new(ErrorKind::Argument, text));
            }
        };
        let indices = check.indices(&packed, &[classes], 0)?;
        let mut shape = self.shape().to_vec();
        shape.push(classes);
        Tensor::moved::<i64, 1>("one_hot", &shape, [indices.tensor()], move |[indices], y| {
            y.fill(0);
            indices.flat::<i64>().iter().enumerate().for_each(|(row, i)| y[row * classes + *i as usize] = 1);
        })
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let rows = |x: &[Vec<f64>]| {
        x[0].iter().flat_map(|i| (0..4).map(move |k| f64::from(u8::from(f64::from(k) == *i)))).collect()
    };
    let largest = |x: &[Vec<f64>]| x[0].iter().fold(0.0, |m: f64, i| m.max(*i)) as i64;
    let any =
        Case::new("one_hot of as many classes as there are", vec![Input::index(&[2, 3], 4)], |x| x[0].one_hot(None))
            .value(move |x| {
                x[0].iter().flat_map(|i| (0..=largest(x)).map(move |k| f64::from(u8::from(k == *i as i64)))).collect()
            })
            .without_gradient()
            .reads_numbers();
    [any, Case::new("one_hot", vec![Input::index(&[2, 3], 4)], |x| x[0].one_hot(Some(4)))
        .value(rows)
        .without_gradient()
        .refuses(
            |_| Tensor::from([0, 3]).one_hot(Some(3)),
            "one_hot: index 3 at position 1 is out of range for dim 0 of shape [3]",
        )
        .refuses(
            |_| Tensor::from([0]).one_hot(Some(usize::MAX)),
            "one_hot: shape [1, 18446744073709551615] is too large (at most 64 dimensions, and no more bytes than memory holds)",
        )
        .refuses(
            |_| Tensor::from([-1]).one_hot(None),
            "one_hot: index -1 at position 0 is out of range for dim 0 of shape [0]",
        )
        .refuses(|x| x[0].narrow(0, 0, 0)?.one_hot(None), "one_hot: classes must be given where there are no indices")
        .refuses(|x| x[0].to_dtype(DType::F64).one_hot(None), "one_hot: dtype is F64, expected I64; to_dtype converts")]
}];
