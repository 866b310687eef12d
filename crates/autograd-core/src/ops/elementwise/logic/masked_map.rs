//! One of two functions by a mask.

use crate::error::Result;
use crate::ops::check::Check;
use crate::ops::elementwise::traced::gate;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// `f(x)` where this mask is true, else `g(x)`, for functions that treat every element by itself: `where_cond`
    /// without its trap.
    ///
    /// Both functions are called with all of x. With [`Tensor::where_cond`], a function whose derivative is infinite
    /// where it is not chosen makes NaN of the gradient, for it multiplies the zero that comes back from there. Here
    /// nothing of that reaches x.
    ///
    /// # Gradient
    /// `gx = gy f′(x)` where the mask is true, else `gy g′(x)`, whatever the other is there.
    ///
    /// # Errors
    /// If `self` is not `Bool`, the shapes do not broadcast, the results differ in dtype, or f or g returns an error.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([0.0, 4.0]).requires_grad();
    /// let y = x.gt_scalar(0.0).masked_map(&x, |x| Ok(x.sqrt()), |x| Ok(x * 2.0))?;
    /// let grads = y.sum().backward()?;
    /// assert_eq!(grads.get(&x).unwrap().to_f64s(), [2.0, 0.25]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # Differs from
    /// A map over the chosen elements: their number would be the shape of what the functions see.
    pub fn masked_map(
        &self,
        x: &Tensor,
        f: impl FnOnce(&Tensor) -> Result<Tensor>,
        g: impl FnOnce(&Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        Check("masked_map").dtype(self, DType::Bool)?;
        Check("masked_map").broadcast(self.shape(), x.shape())?;
        self.where_cond(&f(&gate(self, true, x)?)?, &g(&gate(self, false, x)?)?)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let call = |x: &[Tensor]| x[1].masked_map(&x[0], |x| Ok(x.log()), |x| Ok(x.square()));
    let inputs = vec![Input::real(&[3, 4], 0.3..2.0), Input::mask(&[3, 4])];
    [Case::new("masked_map", inputs, call)
        .value(|x| x[0].iter().zip(&x[1]).map(|(x, mask)| if *mask == 1.0 { x.ln() } else { x * x }).collect())
        // Both functions save their inputs, which the choice does not show.
        .not_counting_saved()
        .refuses(
            |x| x[0].masked_map(&x[0], |x| Ok(x.log()), |x| Ok(x.square())),
            "masked_map: dtype is F64, expected Bool; to_dtype converts",
        )
        .refuses(
            |x| x[1].masked_map(&x[0].t()?, |x| Ok(x.log()), |x| Ok(x.square())),
            "masked_map: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)",
        )
        .refuses(
            |x| x[1].masked_map(&x[0], |x| x.softmax(5), |x| Ok(x.square())),
            "softmax: dim 5 is out of range for shape [3, 4] (−2 to 1)",
        )]
}];

#[cfg(test)]
mod tests {
    use crate::{Tensor, grad, hessian};

    #[test]
    fn nothing_of_the_side_not_taken_reaches_x() {
        let x = Tensor::from([0.0, -1.0, 4.0]).requires_grad();
        let f = |x: &Tensor| x.gt_scalar(0.0).masked_map(x, |x| Ok(x.sqrt().log()), |x| Ok(x.square()));
        let y = f(&x).expect("shapes fit");
        assert_eq!(grad(&y.sum(), &[&x]).expect("tracked")[0].to_f64s(), [0.0, -2.0, 0.125]);
        let grads = y.sum().backward().expect("tracked");
        assert_eq!(grads.get(&x).expect("a leaf").to_f64s(), [0.0, -2.0, 0.125]);
        let h = hessian(|x| Ok(f(&x[0])?.sum()), &[&x]).expect("smooth");
        assert_eq!(h[0][0].to_f64s(), [2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, -0.03125]);
    }
}
