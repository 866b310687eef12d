//! The neighbour of a number.

use crate::error::Result;
use crate::kernels::elementwise::function::{Compiled, Function};
use crate::ops::check::Check;
use crate::ops::elementwise::map::map;
use crate::tape::cut;
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// The next number of the dtype after `self` in the direction of `other`, element by element; the operands are
    /// broadcast to a common shape. `other` where both are equal.
    ///
    /// # Gradient
    /// None: the result is not tracked.
    ///
    /// # Errors
    /// If the shapes do not broadcast, the dtypes differ or are not float types.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([1.0, 1.0]).nextafter(&Tensor::from([2.0, 0.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [1.0 + f32::EPSILON, 1.0 - f32::EPSILON / 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn nextafter(&self, other: &Tensor) -> Result<Tensor> {
        let check = Check("nextafter");
        check.same_dtype(self, other)?;
        let float = check.float(self)?;
        cut("nextafter", &[self, other]);
        for_float!(float, T => map::<T, T, 2>("nextafter", Compiled::new(Nextafter), [self, other]))
    }
}

#[derive(Clone, Copy)]
struct Nextafter;

macro_rules! function {
    ($t:ident) => {
        impl Function<2, $t, $t> for Nextafter {
            #[inline(always)]
            fn call(self, [x, to]: [$t; 2]) -> $t {
                // NaN passes, from either.
                let away = if to > x { x.next_up() } else { x.next_down() };
                let away = if x == to { to } else { away };
                if x.is_nan() || to.is_nan() { x + to } else { away }
            }
        }
    };
}
function!(f32);
function!(f64);

#[cfg(test)]
crate::ops::cases::cases![
    Case::binary("nextafter", -2.0..-1.0, 1.0..2.0, |a, b| a.nextafter(b), |a, _| a.next_up())
        .without_gradient()
        .refuses(
            |x| x[0].to_dtype(crate::DType::I64).nextafter(&x[1].to_dtype(crate::DType::I64)),
            "nextafter: dtype is I64, expected F32 or F64; to_dtype converts",
        ),
];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn zeros_and_infinities_have_neighbours() {
        let inf = f64::INFINITY;
        let (a, b) =
            (Tensor::from([0.0, 0.0, inf, -inf, 0.0, f64::NAN]), Tensor::from([1.0, -1.0, 0.0, -inf, -0.0, 1.0]));
        let z = a.nextafter(&b).expect("shapes fit").to_vec::<f32>().expect("F32");
        assert_eq!(z[..4], [1e-45, -1e-45, f32::MAX, f32::NEG_INFINITY]);
        assert!(z[4].is_sign_negative() && z[5].is_nan());
    }
}
