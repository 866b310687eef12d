//! The margins of a convolution's input.

use super::per_dim::PerDim;
use crate::error::Result;
use crate::kernels::conv::Space;

/// The zeros around the input of a convolution.
///
/// One number stands for both sides of every dim, a list for both sides of each dim, and a list of pairs says for each
/// dim, outermost first, how many stand before and how many behind it.
///
/// # Examples
/// ```
/// use autograd_core::{Conv, Padding, Tensor};
/// let (x, w) = (Tensor::from([[[1.0, 2.0, 3.0]]]), Tensor::from([[[1.0, 1.0]]]));
/// let y = |padding: Padding| x.conv1d(&w, None, Conv::new().padding(padding))?.to_vec::<f32>();
/// assert_eq!(y(Padding::Same)?, [3.0, 5.0, 3.0]);
/// assert_eq!(y(1.into())?, [1.0, 3.0, 5.0, 3.0]);
/// assert_eq!(y([[2, 0]].into())?, [0.0, 1.0, 3.0, 5.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Padding {
    /// As many as give the output the size of the input; where they are odd, one more at the end.
    Same,
    /// None.
    Valid,
    /// So many at each side.
    Sides(PerDim),
    /// So many before and so many behind each dim; `[[1, 0], [2, 3]].into()` makes it of pairs.
    ///
    /// ```
    /// use autograd_core::Padding;
    /// let each = Padding::Each { before: [1, 2].into(), behind: [0, 3].into() };
    /// assert_eq!(Padding::from([[1, 0], [2, 3]]), each);
    /// ```
    Each {
        /// The zeros before the first element.
        before: PerDim,
        /// The zeros behind the last element.
        behind: PerDim,
    },
}

impl<P: Into<PerDim>> From<P> for Padding {
    fn from(sides: P) -> Padding {
        Padding::Sides(sides.into())
    }
}

macro_rules! pairs {
    ($($t:ty)*) => {$(
        impl<const N: usize> From<[[$t; 2]; N]> for Padding {
            fn from(pairs: [[$t; 2]; N]) -> Padding {
                Padding::from(&pairs[..])
            }
        }
        impl From<&[[$t; 2]]> for Padding {
            fn from(pairs: &[[$t; 2]]) -> Padding {
                let [before, behind] = [0, 1].map(|side| pairs.iter().map(|pair| pair[side]).collect::<Vec<_>>());
                Padding::Each { before: before[..].into(), behind: behind[..].into() }
            }
        }
    )*};
}
// A literal without a type is an `i32`.
pairs!(i32 isize usize);

impl Padding {
    /// The zeros before and behind each of `rank` dims, behind as many zeros as make three; none of [`Padding::Same`],
    /// which depends on the kernel.
    pub(super) fn read(&self, op: &'static str, rank: usize) -> Result<Option<[Space; 2]>> {
        let read = |name: &str, margin: &PerDim| margin.read(op, name, rank, 0, 0);
        Ok(match self {
            Padding::Same => None,
            Padding::Valid => Some([[0; 3]; 2]),
            Padding::Sides(sides) => Some([read("padding", sides)?; 2]),
            Padding::Each { before, behind } => {
                Some([read("padding before", before)?, read("padding behind", behind)?])
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Conv, DType, PadMode, Tensor, grad_with, seeded};

    fn convolved(x: &Tensor, weight: &Tensor, options: Conv) -> Tensor {
        let y = match x.rank() {
            3 => x.conv1d(weight, None, options),
            4 => x.conv2d(weight, None, options),
            _ => x.conv3d(weight, None, options),
        };
        y.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The result, its gradients, and the gradients of these.
    fn results(of: [&Tensor; 2], call: impl Fn(&[Tensor; 2]) -> Tensor) -> Vec<Tensor> {
        let x = of.map(Tensor::requires_grad);
        let y = call(&x);
        let random = |y: &Tensor, seed| Tensor::randn(y.shape(), y.dtype(), &mut seeded(seed)).expect("small");
        let gradients = |roots: &[(&Tensor, &Tensor)]| -> Vec<Tensor> {
            grad_with(roots, &[&x[0], &x[1]]).expect("tracked").into_iter().flatten().collect()
        };
        let first = gradients(&[(&y, &random(&y, 3))]);
        let seeds: Vec<Tensor> = first.iter().map(|g| random(g, 4)).collect();
        let second = gradients(&first.iter().zip(&seeds).collect::<Vec<_>>());
        assert_eq!((first.len(), second.len()), (2, 2));
        std::iter::once(y).chain(first).chain(second).collect()
    }

    /// Every pair of margins gives what zeros in the input give, to both orders.
    #[test]
    fn margins_are_zeros_of_the_input() {
        for (rank, dtype) in [1, 2, 3].into_iter().flat_map(|rank| [(rank, DType::F32), (rank, DType::F64)]) {
            let space = [3, 5, 4];
            let kernel = [2, 3, 3];
            let mut rng = seeded(rank as u64);
            let mut made = |head: [usize; 2], space: &[usize]| {
                Tensor::randn(&[&head[..], &space[3 - rank..]].concat(), dtype, &mut rng).expect("small")
            };
            let (x, weight) = (made([2, 4], &space), made([4, 2], &kernel));
            for (before, behind) in [([0, 0, 0], [1, 2, 3]), ([3, 2, 1], [0, 0, 0]), ([7, 0, 1], [0, 6, 2])] {
                for options in [Conv::new(), Conv::new().stride(2), Conv::new().dilation(2)] {
                    let options = options.groups(2);
                    let (before, behind) = (&before[3 - rank..], &behind[3 - rank..]);
                    let pairs: Vec<[isize; 2]> =
                        before.iter().zip(behind).map(|(before, behind)| [*before, *behind]).collect();
                    let margins: Vec<isize> = pairs.iter().rev().flatten().copied().collect();
                    let got =
                        results([&x, &weight], |[x, weight]| convolved(x, weight, options.clone().padding(&pairs[..])));
                    let want = results([&x, &weight], |[x, weight]| {
                        convolved(&x.pad(&margins, PadMode::Constant(0.0)).expect("small"), weight, options.clone())
                    });
                    let rtol = if dtype == DType::F32 { 1e-4 } else { 1e-12 };
                    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
                        let (a, b) = (got.to_f64s(), want.to_f64s());
                        assert_eq!(got.shape(), want.shape());
                        let near = a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= rtol * (1.0 + b.abs()));
                        assert!(near, "{pairs:?} of {rank} dims, result {i}: {a:?} instead of {b:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn equal_margins_are_those_of_sides() {
        let mut rng = seeded(5);
        let x = Tensor::randn(&[1, 2, 6, 5], DType::F32, &mut rng).expect("small");
        let weight = Tensor::randn(&[3, 2, 3, 3], DType::F32, &mut rng).expect("small");
        let of = |padding: Padding| {
            let all = results([&x, &weight], |[x, weight]| convolved(x, weight, Conv::new().padding(padding.clone())));
            all.iter().flat_map(Tensor::to_f64s).map(f64::to_bits).collect::<Vec<_>>()
        };
        assert_eq!(of([[1, 1], [2, 2]].into()), of([1, 2].into()));
        assert_eq!(of([[1usize, 1]].into()), of(Padding::Same));
    }

    /// So many channels that kernels of 3 × 3 go by tiles.
    #[test]
    fn tiles_see_the_margins() {
        let mut rng = seeded(6);
        let x = Tensor::randn(&[1, 32, 9, 6], DType::F32, &mut rng).expect("small");
        let weight = Tensor::randn(&[33, 32, 3, 3], DType::F32, &mut rng).expect("small");
        for pairs in [[[0, 5], [3, 0]], [[4, 1], [0, 2]], [[0, 1], [9, 0]]] {
            let margins = [pairs[1], pairs[0]].concat();
            let got = results([&x, &weight], |[x, weight]| convolved(x, weight, Conv::new().padding(pairs)));
            let want = results([&x, &weight], |[x, weight]| {
                convolved(&x.pad(&margins, PadMode::Constant(0.0)).expect("small"), weight, Conv::new())
            });
            for (i, (got, want)) in got.iter().zip(&want).enumerate() {
                let scale = want.abs().max().expect("not empty").to_f64().expect("one");
                let error = got.try_sub(want).and_then(|d| d.abs().max()).and_then(|d| d.to_f64()).expect("one");
                assert!(error <= 1e-5 * scale, "{pairs:?}, result {i}: {error:e} of {scale:e}");
            }
        }
    }
}
