//! The gradients of several batches as those of one.

use autograd_core::{Error, ErrorKind, Gradients, Result};

/// Adds up the gradients of several small batches, for one step as on a large batch.
///
/// ```text
/// sum:    Σ wᵢ gᵢ
/// mean:   Σ wᵢ gᵢ / Σ wᵢ
/// ```
///
/// Where the loss of a batch is a sum, that of all is the sum, with weights of 1. Where it is a mean, it is the mean
/// with the weights of what each divides by: the number of its samples, or the sum of their class weights
/// (`LossParts::denominator`). Then the gradients are those of the large batch, to the bit where all sums are exact,
/// else up to their rounding.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{GradientAccumulator, Optimizer, Sgd};
///
/// let mut x = Param::new(Tensor::from(1.0))?;
/// let mut all = GradientAccumulator::new();
/// for batch in [vec![2.0f32, 6.0], vec![5.0]] {
///     let n = batch.len();
///     let loss = x.try_mul(&Tensor::from_vec(batch, &[n])?)?.mean()?;
///     all.add(loss.backward()?, n as f64)?;
/// }
/// let grads = all.take_mean()?;                                   // (2 + 6 + 5) / 3
/// assert!((grads.get(&x).expect("a leaf").item::<f32>()? - 13.0 / 3.0).abs() < 1e-6);
/// Sgd::new(0.1).step(&mut x, &grads)?;
/// assert!(all.is_empty());
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct GradientAccumulator {
    /// In units of a weight, the first one where others are not far larger: batches of one size are added as they are.
    sum: Gradients,
    unit: f64,
    weights: f64,
    count: usize,
}

/// How much larger than the unit a weight may be.
const FAR: f64 = 1e6;

impl GradientAccumulator {
    /// Nothing yet.
    pub fn new() -> GradientAccumulator {
        GradientAccumulator::default()
    }

    /// Adds the gradients of a batch with its weight > 0.
    ///
    /// # Errors
    /// If the weight is not positive and finite, or the gradients of one parameter have other shapes or dtypes than
    /// before; then nothing is changed.
    pub fn add(&mut self, mut grads: Gradients, weight: f64) -> Result<()> {
        if !(weight > 0.0 && weight.is_finite()) {
            return Err(Error::argument("GradientAccumulator", "weight", weight, "finite and positive"));
        }
        let unit = match self.count {
            0 => weight,
            _ if weight > FAR * self.unit => weight,
            _ => self.unit,
        };
        if weight != unit {
            grads.scale(weight / unit);
        }
        if self.count > 0 && unit != self.unit {
            // In the old unit the new gradients might be infinite.
            let mut sum = self.sum.clone();
            sum.scale(self.unit / unit);
            sum.accumulate(grads)?;
            (self.sum, self.weights) = (sum, self.weights * (self.unit / unit));
        } else {
            self.sum.accumulate(grads)?;
        }
        self.unit = unit;
        self.weights += weight / unit;
        self.count += 1;
        Ok(())
    }

    /// How many batches were added.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(wengert_optim::GradientAccumulator::new().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The weighted sum, and begins again.
    ///
    /// # Errors
    /// If nothing was added.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::GradientAccumulator;
    /// let x = Param::new(Tensor::from(1.0))?;
    /// let mut all = GradientAccumulator::new();
    /// for scale in [2.0, 3.0] {
    ///     all.add(x.mul_scalar(scale).backward()?, 1.0)?;
    /// }
    /// assert_eq!(all.take_sum()?.get(&x).expect("a leaf").item::<f32>()?, 5.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn take_sum(&mut self) -> Result<Gradients> {
        self.take(|all| all.unit)
    }

    /// The weighted mean, and begins again.
    ///
    /// # Errors
    /// If nothing was added.
    pub fn take_mean(&mut self) -> Result<Gradients> {
        self.take(|all| 1.0 / all.weights)
    }

    fn take(&mut self, factor: fn(&GradientAccumulator) -> f64) -> Result<Gradients> {
        if self.count == 0 {
            let text = "GradientAccumulator: no gradients were added";
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let mut all = std::mem::take(self);
        let factor = factor(&all);
        if factor != 1.0 {
            all.sum.scale(factor);
        }
        Ok(all.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::{DType, Tensor};

    fn grads(x: &Tensor, g: &[f64]) -> Gradients {
        let mut grads = Gradients::default();
        grads.insert(x, Tensor::from_slice(g, &[g.len()]).expect("one dim")).expect("tracked");
        grads
    }

    #[test]
    fn weights_are_those_of_the_batches() {
        let x = Tensor::zeros(&[2], DType::F64).expect("small").requires_grad();
        for weights in [[2.0, 2.0, 1.0], [3.0, 0.5, 7.0]] {
            let all = [[1.0, -2.0], [0.5, 8.0], [-4.0, 0.25]];
            let fill = || {
                let mut sum = GradientAccumulator::new();
                all.iter().zip(weights).for_each(|(g, weight)| sum.add(grads(&x, g), weight).expect("fits"));
                assert_eq!(sum.len(), 3);
                sum
            };
            let (sum, mean) = (fill().take_sum().expect("three"), fill().take_mean().expect("three"));
            for i in 0..2 {
                let expected: f64 = all.iter().zip(weights).map(|(g, weight)| weight * g[i]).sum();
                let of = |grads: &Gradients| grads.get(&x).expect("there").to_f64s()[i];
                assert!((of(&sum) - expected).abs() < 1e-12);
                assert!((of(&mean) - expected / weights.iter().sum::<f64>()).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn weights_may_be_of_any_size() {
        let sizes = [5e-324, 1e-300, 1e-30, 1.0, 3e7, 1e30, 1e300, 1e308];
        for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F64, 1e-15)] {
            let x = Tensor::zeros(&[2], dtype).expect("small").requires_grad();
            for (a, b) in sizes.iter().flat_map(|a| sizes.map(|b| (*a, b))) {
                let mut all = GradientAccumulator::new();
                for (g, weight) in [([1.0, -2.0], a), ([3.0, 0.5], b), ([1.0, -2.0], a)] {
                    let mut grads = Gradients::default();
                    let g = Tensor::from_slice(&g, &[2]).expect("two").to_dtype(dtype);
                    grads.insert(&x, g).expect("tracked");
                    all.add(grads, weight).expect("fits");
                }
                let mean = all.take_mean().expect("three").get(&x).expect("there").to_f64s();
                let (a1, b1) = (a / a.max(b), b / a.max(b));
                for (got, [of_a, of_b]) in mean.into_iter().zip([[1.0, 3.0], [-2.0, 0.5]]) {
                    let expected = (2.0 * a1 * of_a + b1 * of_b) / (2.0 * a1 + b1);
                    assert!((got - expected).abs() <= tolerance * 4.0, "{dtype} {a} {b}: {got} instead of {expected}");
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let x = Tensor::zeros(&[2], DType::F64).expect("small").requires_grad();
        let mut all = GradientAccumulator::new();
        let text = "GradientAccumulator: no gradients were added";
        assert_eq!(all.take_mean().map(drop).map_err(|e| e.to_string()), Err(text.to_string()));
        for (weight, word) in [(0.0, "0.0"), (-1.0, "-1.0"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let error = all.add(grads(&x, &[1.0, 2.0]), weight).expect_err("no weight").to_string();
            assert_eq!(error, format!("GradientAccumulator: weight is {word}, it must be finite and positive"));
        }
        assert!(all.is_empty());
        all.add(grads(&x, &[1.0, 2.0]), 2.0).expect("fits");
        let error = all.add(grads(&x, &[1.0, 2.0, 3.0]), 1.0).expect_err("another shape").to_string();
        assert_eq!(error, "accumulate: a gradient has shape [3], expected [2], that of the other");
        assert_eq!(all.take_sum().expect("one").get(&x).expect("there").to_f64s(), [2.0, 4.0]);
    }
}
