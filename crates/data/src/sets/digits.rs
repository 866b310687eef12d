//! Handwritten digits.

use crate::dataset::TensorDataset;
use crate::error::Result;
use autograd_core::Tensor;

/// 1,797 handwritten digits of 8 × 8 pixels, as scikit-learn's `load_digits` gives them.
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
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_set() {
        let set = digits().expect("the set is embedded");
        assert_eq!((set.x.shape(), set.y.shape()), (&[1797, 64][..], &[1797][..]));
        let (x, y) = (set.x.to_vec::<f32>().expect("F32"), set.y.to_vec::<i64>().expect("I64"));
        assert!(x.iter().all(|x| (0.0..=16.0).contains(x) && x.fract() == 0.0));
        assert_eq!(x.iter().map(|x| f64::from(*x)).sum::<f64>(), 561_718.0);
        let counts: Vec<usize> = (0..10).map(|digit| y.iter().filter(|y| **y == digit).count()).collect();
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        // The first two pixel rows of the first digit, a zero.
        assert_eq!(y[..4], [0, 1, 2, 3]);
        let rows = [[0., 0., 5., 13., 9., 1., 0., 0.], [0., 0., 13., 15., 10., 15., 5., 0.]];
        assert_eq!(x[..16], rows.concat());
        // Numbers and places together, so that nothing can be out of order.
        let sum: u64 = x.iter().enumerate().map(|(i, x)| (i as u64 % 251 + 1) * *x as u64).sum();
        assert_eq!(sum, 70_784_718);
    }
}
