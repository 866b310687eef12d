//! Bilinear map.

use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::tensor::Tensor;

impl Tensor {
    /// `y[.., k] = Σᵢⱼ a[.., i] W[k, i, j] b[.., j] + bias[k]`.
    ///
    /// # Shapes
    /// `self: [.., I]`, `other: [.., J]`, `weight: [K, I, J]`, `bias: [K] → [.., K]`.
    ///
    /// # Gradient
    /// That of the products it is made of. Saves their operands.
    ///
    /// # Errors
    /// If the shapes do not fit or the dtypes differ or are not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0]));
    /// let (w, bias) = (Tensor::from([[[1.0], [10.0]]]), Tensor::from([0.5]));
    /// assert_eq!(a.bilinear(&b, &w, Some(&bias))?.to_vec::<f32>()?, [63.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn bilinear(&self, other: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let check = Check("bilinear");
        check.same_float(self, other)?;
        check.same_float(self, weight)?;
        let [k, i, j] = check.shape("weight", weight, "[K, I, J]")?;
        let leading = self.shape().split_last().map_or(&[][..], |(_, leading)| leading);
        let with = |last: usize| [leading, &[last]].concat();
        if self.shape() != with(i) || self.rank() == 0 {
            return Err(Error::shape("bilinear", "the first input", self.shape(), format_args!("[.., {i}]")));
        }
        check.is("the second input", other, &with(j))?;
        if let Some(bias) = bias {
            check.same_dtype(self, bias)?;
            check.is("bias", bias, &[k])?;
        }
        let n: usize = leading.iter().product();
        let of_a = self.reshape_to(&[n, i])?.matmul(&weight.permute(&[1, 0, 2])?.reshape_to(&[i, k * j])?)?;
        let y = of_a.reshape_to(&[n, k, j])?.matmul(&other.reshape_to(&[n, j, 1])?)?.reshape_to(&with(k))?;
        match bias {
            Some(bias) => y.try_add(bias),
            None => Ok(y),
        }
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = |s: &[usize]| Input::real(s, -2.0..2.0);
    let reference = |x: &[Vec<f64>]| {
        let term =
            |n: usize, k: usize, i: usize, j: usize| x[0][n * 3 + i] * x[2][(k * 3 + i) * 4 + j] * x[1][n * 4 + j];
        let of = |n: usize, k: usize| {
            x.get(3).map_or(0.0, |b| b[k]) + (0..12).map(|e| term(n, k, e / 4, e % 4)).sum::<f64>()
        };
        (0..10).map(|e| of(e / 5, e % 5)).collect()
    };
    let inputs = move || vec![x(&[2, 3]), x(&[2, 4]), x(&[5, 3, 4]), x(&[5])];
    let without = move || vec![x(&[2, 1, 3]), x(&[2, 1, 4]), x(&[5, 3, 4])];
    [
        Case::new("bilinear", inputs(), |x| x[0].bilinear(&x[1], &x[2], Some(&x[3])))
            .value(reference)
            .not_counting_saved()
            .refuses(
                |x| x[1].bilinear(&x[1], &x[2], None),
                "bilinear: the first input has shape [2, 4], expected [.., 3]",
            )
            .refuses(
                |x| x[0].bilinear(&x[0], &x[2], None),
                "bilinear: the second input has shape [2, 3], expected [2, 4]",
            )
            .refuses(|x| x[0].bilinear(&x[1], &x[3], None), "bilinear: weight has shape [5], expected [K, I, J]")
            .refuses(|x| x[0].bilinear(&x[1], &x[2], Some(&x[0])), "bilinear: bias has shape [2, 3], expected [5]"),
        Case::new("bilinear without bias", without(), |x| x[0].bilinear(&x[1], &x[2], None))
            .value(reference)
            .not_counting_saved(),
    ]
}];
