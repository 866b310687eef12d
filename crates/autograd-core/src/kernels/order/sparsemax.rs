//! The projection of rows onto the probability simplex.

use crate::kernels::real::Real;
use crate::threads::parallel::for_rows;

/// `y = max(x − τ, 0)` for each row, τ such that it adds up to 1: the elements above τ are the largest k for which
/// `1 + k xₖ` is above the sum of the first k. NaN in a row makes all of it NaN.
pub fn sparsemax<T: Real>(x: &[T], width: usize, y: &mut [T]) {
    // Sorting costs about as much as this many sums.
    for_rows(y, width, width.saturating_mul(16), |rows, y| {
        let mut sorted = Vec::with_capacity(width);
        let x = x[rows.start * width..].chunks(width);
        for (x, y) in x.zip(y.chunks_mut(width)) {
            sorted.clear();
            sorted.extend(x.iter().map(|x| x.as_f64()));
            sorted.sort_unstable_by(|a, b| b.total_cmp(a));
            let (mut sum, mut threshold) = (0.0, f64::NAN);
            // From the largest, so the sum carries nothing that all have in common.
            let largest = sorted[0];
            for (k, x) in sorted.iter().enumerate() {
                let (x, k) = (x - largest, k as f64 + 1.0);
                sum += x;
                if 1.0 + k * x > sum {
                    threshold = (sum - 1.0) / k;
                }
            }
            // A NaN with a sign is sorted to the end.
            if sum.is_nan() {
                threshold = sum;
            }
            for (x, y) in x.iter().zip(y) {
                *y = T::of((x.as_f64() - largest) - threshold).larger(T::ZERO);
            }
        }
    });
}
