//! The different elements of a tensor.

use super::positions::{Find, positions};
use crate::error::Result;
use crate::tape::cut;
use crate::tensor::watch::reads;
use crate::tensor::{Tensor, for_any};

impl Tensor {
    /// The different elements in ascending order; the place among them of each element; how often each occurs. No NaN
    /// is equal to another.
    ///
    /// # Shapes
    /// `(values: [K], inverse: the shape of self, counts: [K])`, the last two as `I64`. K depends on the numbers, so a
    /// capture refuses it.
    ///
    /// # Gradient
    /// None.
    ///
    /// # Errors
    /// If there is no memory for it.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (values, inverse, counts) = Tensor::from([[3, 1], [1, 1]]).unique()?;
    /// assert_eq!(values.to_vec::<i64>()?, [1, 3]);
    /// assert_eq!(inverse.to_vec::<i64>()?, [1, 0, 0, 0]);
    /// assert_eq!(counts.to_vec::<i64>()?, [3, 1]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn unique(&self) -> Result<(Tensor, Tensor, Tensor)> {
        reads("unique");
        let n = self.numel();
        cut("unique", &[self]);
        let flat = self.untied().reshape_to(&[n])?;
        let order = positions("unique", &flat, 0, Find::First { k: n, descending: false })?;
        let sorted = flat.index_select(0, &order)?;
        let starts: Vec<i64> = for_any!(flat.dtype(), T => starts(sorted.flat::<T>()));
        let count = starts.len();
        let starts = Tensor::from_vec(starts, &[count])?;
        let counts = Tensor::compute::<i64, 1>("unique", &[count], [&starts], move |[starts], y| {
            let starts = starts.flat::<i64>();
            let ends = starts.iter().skip(1).copied().chain([n as i64]);
            y.iter_mut().zip(starts.iter().zip(ends)).for_each(|(y, (start, end))| *y = end - start);
        })?;
        let inverse = Tensor::moved::<i64, 2>("unique", self.shape(), [&order, &counts], |[order, counts], y| {
            let mut order = order.flat::<i64>().iter();
            for (value, count) in counts.flat::<i64>().iter().enumerate() {
                order.by_ref().take(*count as usize).for_each(|i| y[*i as usize] = value as i64);
            }
        })?;
        Ok((sorted.index_select(0, &starts)?, inverse, counts))
    }
}

/// Where runs of equal elements begin.
fn starts<T: PartialEq>(sorted: &[T]) -> Vec<i64> {
    let begins = |i: &usize| *i == 0 || sorted[*i] != sorted[*i - 1];
    (0..sorted.len()).filter(begins).map(|i| i as i64).collect()
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::index(&[2, 3], 4)];
    let different = |x: &[Vec<f64>]| {
        let mut values = x[0].clone();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values
    };
    let case = |op: &'static str| Case::new(op, x(), |x| Ok(x[0].unique()?.0));
    let inverse = Case::new("unique (inverse)", x(), |x| Ok(x[0].unique()?.1));
    let counts = Case::new("unique (counts)", x(), |x| Ok(x[0].unique()?.2));
    [
        case("unique").value(different).without_gradient().reads_numbers().cannot_fail(),
        inverse
            .value(move |x| {
                let values = different(x);
                x[0].iter().map(|x| values.iter().position(|v| v == x).expect("it is one") as f64).collect()
            })
            .without_gradient()
            .reads_numbers()
            .cannot_fail(),
        counts
            .value(move |x| {
                let count = |v: &f64| x[0].iter().filter(|x| *x == v).count() as f64;
                different(x).iter().map(count).collect()
            })
            .without_gradient()
            .reads_numbers()
            .cannot_fail(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn zeros_are_one_number_and_nans_are_many() {
        let (values, inverse, counts) = Tensor::from([0.0, f64::NAN, -0.0, f64::NAN]).unique().expect("room");
        assert_eq!(values.numel(), 3);
        assert_eq!(inverse.to_vec::<i64>().expect("places"), [0, 1, 0, 2]);
        assert_eq!(counts.to_vec::<i64>().expect("counts"), [2, 1, 1]);
    }
}
