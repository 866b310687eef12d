//! Products that neither overflow nor vanish on the way.

use super::real::Real;

/// Powers of `2^STEP` are set apart.
const STEP: i32 = 256;

/// `2^STEP` and its half way, between whose reciprocal and itself a mantissa lies.
const WHOLE: f64 = f64::from_bits((1023 + STEP as u64) << 52);
const HALF: f64 = f64::from_bits((1023 + STEP as u64 / 2) << 52);

/// `mantissa · 2^(STEP · power)`: a number whose exponent has no bounds that a product of numbers would reach.
#[derive(Clone, Copy, Debug)]
pub struct Wide {
    mantissa: f64,
    power: i32,
}

impl Wide {
    /// One.
    pub const ONE: Wide = Wide { mantissa: 1.0, power: 0 };

    /// A number as it is.
    pub fn of<T: Real>(x: T) -> Wide {
        Wide { mantissa: x.as_f64(), power: 0 }.settled()
    }

    /// The product of two, rounded once.
    #[must_use]
    pub fn times(self, other: Wide) -> Wide {
        Wide { mantissa: self.mantissa * other.mantissa, power: self.power.saturating_add(other.power) }.settled()
    }

    /// With a mantissa within its bounds, but for 0, ∞ and NaN.
    fn settled(mut self) -> Wide {
        while self.mantissa.abs() >= HALF && self.mantissa.is_finite() {
            self.mantissa /= WHOLE;
            self.power = self.power.saturating_add(1);
        }
        while self.mantissa.abs() < HALF.recip() && self.mantissa != 0.0 {
            self.mantissa *= WHOLE;
            self.power = self.power.saturating_sub(1);
        }
        self
    }

    /// The nearest number, 0 or ∞ beyond the smallest and the largest.
    pub fn value<T: Real>(self) -> T {
        let factor = if self.power > 0 { WHOLE } else { WHOLE.recip() };
        // Farther away it is 0 or ∞ by then.
        let steps = self.power.unsigned_abs().min(8);
        T::of((0..steps).fold(self.mantissa, |x, _| x * factor))
    }
}

/// The products of all numbers but one, for each of them, by running products from both ends, of which `before` is room
/// for one: exact where there are zeros.
pub fn products_of_others<T: Real>(x: &[T], before: &mut Vec<Wide>, mut give: impl FnMut(usize, Wide)) {
    before.clear();
    let mut product = Wide::ONE;
    for x in x {
        before.push(product);
        product = product.times(Wide::of(*x));
    }
    let mut behind = Wide::ONE;
    for (i, (before, x)) in before.iter().zip(x).enumerate().rev() {
        give(i, before.times(behind));
        behind = behind.times(Wide::of(*x));
    }
}

/// The same times `gy` in plain numbers, where the products from the front stay so near to 1 that none of any others
/// leaves the range of `f64`: a fraction of the work. False where one does not, or is 0; then y is not finished.
pub fn near_products_of_others<T: Real>(x: &[T], gy: T, before: &mut Vec<f64>, y: &mut [T]) -> bool {
    const NEAR: f64 = 1e100;
    let is_near = |product: f64| product.abs() < NEAR && product.abs() > NEAR.recip();
    before.clear();
    let mut product = 1.0;
    for x in x {
        before.push(product);
        product *= x.as_f64();
        if !is_near(product) {
            return false;
        }
    }
    // Products from the end are quotients of two from the front.
    let mut behind = gy.as_f64();
    if behind != 0.0 && !is_near(behind) {
        return false;
    }
    for ((y, before), x) in y.iter_mut().zip(&*before).zip(x).rev() {
        *y = T::of(before * behind);
        behind *= x.as_f64();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Wide, near_products_of_others, products_of_others};

    #[test]
    fn near_ones_are_those_of_any_size() {
        let x: Vec<f64> =
            (0..300).map(|i| f64::from(i * 37 % 101 + 1) / 40.0 * if i % 3 == 0 { -1.0 } else { 1.0 }).collect();
        let (mut near, mut wide) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        assert!(near_products_of_others(&x, -0.5, &mut Vec::new(), &mut near));
        products_of_others(&x, &mut Vec::new(), |i, others| wide[i] = others.times(Wide::of(-0.5)).value());
        for (near, wide) in near.iter().zip(&wide) {
            assert!((near / wide - 1.0).abs() < 1e-13, "{near} {wide}");
        }
        for far in [vec![1e60, 1e60], vec![1.0, 0.0], vec![f64::NAN], vec![1e-200, 1e200]] {
            assert!(!near_products_of_others(&far, 1.0, &mut Vec::new(), &mut vec![0.0; far.len()]), "{far:?}");
        }
        assert!(!near_products_of_others(&[1.0], f64::INFINITY, &mut Vec::new(), &mut [0.0]));
    }

    #[test]
    fn products_of_any_order_are_what_they_are() {
        let x = [vec![1e-300; 40], vec![1e300; 40], vec![5e-324, 3.0, 2f64.powi(1000), 2f64.powi(74)]].concat();
        let product = x.iter().fold(Wide::ONE, |all, x| all.times(Wide::of(*x)));
        assert!((product.value::<f64>() - 3.0).abs() < 1e-12, "{product:?}");
        products_of_others(&x, &mut Vec::new(), |i, others| {
            let whole = others.times(Wide::of(x[i])).value::<f64>();
            assert!((whole - 3.0).abs() < 1e-12, "{i}: {whole}");
        });
    }

    #[test]
    fn the_ends_are_as_in_a_product() {
        let product = |x: &[f64]| x.iter().fold(Wide::ONE, |all, x| all.times(Wide::of(*x))).value::<f64>();
        assert_eq!(product(&[1e200, 1e200]), f64::INFINITY);
        assert_eq!(product(&[-1e200, 1e200, 1e200]), f64::NEG_INFINITY);
        assert_eq!(product(&[1e-200, 1e-200]), 0.0);
        assert_eq!(product(&[f64::INFINITY, -2.0]), f64::NEG_INFINITY);
        assert_eq!(product(&[2f64.powi(-600), 2f64.powi(-474)]), 5e-324);
        assert!(product(&[f64::INFINITY, 0.0]).is_nan() && product(&[f64::NAN, 1.0]).is_nan());
        assert_eq!(product(&[0.0, -1.0]).to_bits(), (-0.0f64).to_bits());
        assert_eq!(Wide::of(1e30f32).times(Wide::of(1e30f32)).value::<f32>(), f32::INFINITY);
    }
}
