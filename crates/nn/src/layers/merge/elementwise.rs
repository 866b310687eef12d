//! Merging element by element.

use super::aligned;
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::{DType, Result, Tensor};
use wengert_derive::Module;

/// Layers from lines `Name: function, formula, value of the example`.
macro_rules! merges {
    ($($Name:ident: $merge:expr, $formula:literal, $y:literal;)*) => {$(
        #[doc = concat!("`", $formula, "` of any number of inputs, element by element.")]
        ///
        /// # Shapes
        /// Inputs that broadcast. One with fewer dims gets dims of size one behind its first, which is that of the
        /// batch: `[N, D]` and `[N, T, D]` give `[N, T, D]`.
        ///
        /// # Errors
        /// `forward_all` fails if there is no input, or they do not fit each other.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
        /// let all = [Tensor::from([1.0, 5.0]), Tensor::from([3.0, -2.0])];
        #[doc = concat!("assert_eq!(", stringify!($Name), ".forward_all(&all)?.to_vec::<f32>()?, ", $y, ");")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
        pub struct $Name;

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                self.forward_all(std::slice::from_ref(x))
            }
            fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
                let all = aligned(stringify!($Name), all)?;
                ($merge)(&all)
            }
        }
    )*};
}

merges! {
    Add: |all| pairs(all, Tensor::try_add), "y = a + b + ..", "[4.0, 3.0]";
    Multiply: |all| pairs(all, Tensor::try_mul), "y = a b ..", "[3.0, -10.0]";
    Average: mean, "y = (a + b + ..) / count", "[2.0, 1.5]";
    Maximum: |all| among(all, |x| x.amax(0)), "y = max(a, b, ..)", "[3.0, 5.0]";
    Minimum: |all| among(all, |x| x.amin(0)), "y = min(a, b, ..)", "[1.0, -2.0]";
}

/// All inputs, merged in pairs from the first to the last.
fn pairs(all: &[Tensor], merge: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Result<Tensor> {
    match all {
        [first, rest @ ..] if !rest.is_empty() => {
            let first = merge(first, &rest[0])?;
            rest[1..].iter().try_fold(first, |y, x| merge(&y, x))
        }
        // The same value, but one of its own, like every result.
        all => Ok(all[0].to_dtype(all[0].dtype())),
    }
}

fn mean(all: &[Tensor]) -> Result<Tensor> {
    let sum = pairs(all, Tensor::try_add)?;
    // Of one it is that one, which may be larger than memory.
    let dtype = if sum.dtype().is_float() { sum.dtype() } else { DType::F32 };
    Check("Average").room(sum.shape(), dtype)?;
    Ok(sum.div_scalar(all.len() as f64))
}

/// All inputs beside each other: ties among any number of them share the gradient evenly.
fn among(all: &[Tensor], merge: fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let all = Tensor::broadcast_tensors(&all.iter().collect::<Vec<_>>())?;
    merge(&Tensor::stack(&all.iter().collect::<Vec<_>>(), 0)?)
}

#[cfg(test)]
mod tests {
    use super::{Add, Average, Maximum, Minimum, Multiply};
    use crate::cases::Outcome;
    use crate::layer::Layer;
    use autograd_core::{Result, Tensor};

    macro_rules! merged {
        ($Name:ident, $three:expr, $op:literal) => {
            layer(stringify!($Name), |_| Ok($Name))
                .maps_all(&[&[2, 3], &[2, 3]], &[&[2, 3]])
                .maps_all(&[&[2, 3], &[2, 1], &[2, 3]], &[&[2, 3]])
                .maps_all(&[&[2, 3], &[2, 4, 3]], &[&[2, 4, 3]])
                .maps_all(&[&[], &[2]], &[&[2]])
                .maps_all(&[&[0, 3], &[0, 3]], &[&[0, 3]])
                .maps(&[2, 3], &[2, 3])
                .gives_all(
                    &[Tensor::from([1.0, 5.0]), Tensor::from([3.0, -2.0]), Tensor::from([2.0, 6.0])],
                    &[Tensor::from($three)],
                )
                .refuses_all(&[], concat!(stringify!($Name), ": takes at least 1 input, got 0"))
                .refuses_all(
                    &[&[2, 3], &[2, 2]],
                    concat!(
                        $op,
                        ": shapes [2, 3] and [2, 2] do not broadcast: 3 ≠ 2 in dimension −1 (counted from the end)"
                    ),
                )
        };
    }

    cases![
        merged!(Add, [6.0, 9.0], "add"),
        merged!(Multiply, [6.0, -60.0], "mul"),
        merged!(Average, [2.0, 3.0], "add"),
        merged!(Maximum, [3.0, 6.0], "broadcast_tensors"),
        merged!(Minimum, [1.0, -2.0], "broadcast_tensors"),
    ];

    #[test]
    fn ties_share_the_gradient_evenly() -> Result<()> {
        let all: Vec<Tensor> = [[1.0, 4.0], [1.0, 4.0], [1.0, 9.0]].map(|x| Tensor::from(x).requires_grad()).into();
        let gradients = |layer: &dyn Layer| -> Result<Vec<f64>> {
            let gradients = layer.forward_all(&all)?.sum().backward()?;
            Ok(all.iter().flat_map(|x| gradients.get(x).map(Tensor::to_f64s).unwrap_or_default()).collect())
        };
        let third = f64::from(1.0f32 / 3.0);
        assert_eq!(gradients(&Maximum)?, [third, 0.0, third, 0.0, third, 1.0]);
        assert_eq!(gradients(&Minimum)?, [third, 0.5, third, 0.5, third, 0.0]);
        Ok(())
    }

    /// Also of an input that is given twice, and of whole numbers.
    #[test]
    fn an_input_may_be_given_twice_and_be_whole() -> Outcome {
        let x = Tensor::from([2.0, -3.0]).requires_grad();
        let gradients = Multiply.forward_all(&[x.clone(), x.clone()])?.sum().backward()?;
        assert_eq!(gradients.get(&x).map(Tensor::to_f64s), Some(vec![4.0, -6.0]));
        let whole = [Tensor::from([1, 4]), Tensor::from([2, 3])];
        assert_eq!(Add.forward_all(&whole)?.to_vec::<i64>()?, [3, 7]);
        assert_eq!(Maximum.forward_all(&whole)?.to_vec::<i64>()?, [2, 4]);
        assert_eq!(Average.forward_all(&whole)?.to_vec::<f32>()?, [1.5, 3.5]);
        Ok(())
    }
}
