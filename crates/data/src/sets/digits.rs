//! Handwritten digits.

use crate::tensor_dataset::TensorDataset;
use autograd_core::{Result, Tensor};

/// 1,797 handwritten digits of 8 × 8 pixels, in the order and layout of scikit-learn's `load_digits`.
///
/// # Shapes
/// `x: [1797, 64]` F32, whole numbers from 0 to 16; `y: [1797]` I64, the digit.
///
/// # Examples
/// ```
/// let digits = wengert_data::sets::digits()?;
/// assert_eq!(digits.x.shape(), [1797, 64]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
///
/// # References
/// E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998: its test
/// part.
pub fn digits() -> Result<TensorDataset> {
    let set = smartcore::dataset::digits::load_dataset();
    let labels: Vec<i64> = set.target.iter().map(|label| *label as i64).collect();
    let x = Tensor::from_vec(set.data, &[set.num_samples, set.num_features])?;
    TensorDataset::new(x, Tensor::from_vec(labels, &[set.num_samples])?)
}

#[cfg(test)]
cases![
    Case::embedded("digits", digits())
        .shape(&[1797, 64])
        .counts(&[178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
        .up_to(16.0)
        .sum(561_718)
        // Numbers and places together: nothing can be out of order.
        .checksum(70_784_718)
        // The first two pixel rows of the first digit, a zero.
        .begins(&[0., 0., 5., 13., 9., 1., 0., 0., 0., 0., 13., 15., 10., 15., 5., 0.], &[0, 1, 2, 3]),
];
