//! The sum of a matrix's diagonal.

use super::einsum::repeated::diagonal;
use crate::error::Result;
use crate::ops::check::Check;
use crate::tensor::Tensor;

impl Tensor {
    /// The sum of the diagonal of a matrix, which need not be square.
    ///
    /// # Shapes
    /// `[N, M] → []`.
    ///
    /// # Gradient
    /// gy on the diagonal, 0 elsewhere. Saves nothing.
    ///
    /// # Errors
    /// If the tensor does not have two dimensions.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([[1, 2], [3, 4]]).trace()?.item::<i64>()?, 5);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn trace(&self) -> Result<Tensor> {
        let [n, m] = Check("trace").shape("the input", self, "[N, M]")?;
        let k = n.min(m);
        diagonal(&self.narrow(0, 0, k)?.narrow(1, 0, k)?, 0, 1).sum_dim(..)
    }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::new("trace", vec![Input::real(&[3, 4], -2.0..2.0)], |x| x[0].trace())
        .value(|x| vec![x[0][0] + x[0][5] + x[0][10]])
        .refuses(|x| x[0].unsqueeze(0)?.trace(), "trace: the input has shape [1, 3, 4], expected [N, M]"),
];
