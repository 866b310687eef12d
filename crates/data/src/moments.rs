//! Mean and variance of columns.

/// Count, mean and population variance of each column, NaN ignored. They are those of the column divided by a power of
/// two near its largest number, which costs no digit and keeps squares in range.
pub(crate) struct Moments {
    pub(crate) count: Vec<i64>,
    unit: Vec<f64>,
    mean: Vec<f64>,
    var: Vec<f64>,
}

impl Moments {
    pub(crate) fn of(x: &[f64], columns: usize) -> Moments {
        let mut largest = vec![0f64; columns];
        for row in x.chunks_exact(columns) {
            // `max` passes over NaN.
            largest.iter_mut().zip(row).for_each(|(largest, x)| *largest = largest.max(x.abs()));
        }
        let unit: Vec<f64> = largest.into_iter().map(power_of_two).collect();
        let mut count = vec![0i64; columns];
        let mut mean = vec![0.0; columns];
        for row in x.chunks_exact(columns) {
            for (d, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                count[d] += 1;
                mean[d] += x / unit[d];
            }
        }
        mean.iter_mut().zip(&count).for_each(|(mean, n)| *mean /= *n as f64);
        // The deviations sum to the rounding error of the mean. It is taken out, so that of equal numbers the mean is
        // that number; what is left of it is subtracted from the squares.
        let mut deviations = vec![0.0; columns];
        for row in x.chunks_exact(columns) {
            for (d, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                deviations[d] += x / unit[d] - mean[d];
            }
        }
        for (d, sum) in deviations.iter_mut().enumerate() {
            mean[d] += std::mem::take(sum) / count[d] as f64;
        }
        let mut squares = vec![0.0; columns];
        for row in x.chunks_exact(columns) {
            for (d, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                let deviation = x / unit[d] - mean[d];
                deviations[d] += deviation;
                squares[d] += deviation * deviation;
            }
        }
        let var = (0..columns).map(|d| {
            let n = count[d] as f64;
            (squares[d] - deviations[d] * deviations[d] / n) / n
        });
        Moments { var: var.collect(), count, mean, unit }
    }

    pub(crate) fn mean(&self) -> Vec<f64> {
        self.mean.iter().zip(&self.unit).map(|(mean, unit)| mean * unit).collect()
    }

    pub(crate) fn var(&self) -> Vec<f64> {
        self.var.iter().zip(&self.unit).map(|(var, unit)| var * unit * unit).collect()
    }

    /// Standard deviations, 1 for columns that are constant but for rounding.
    pub(crate) fn scale(&self) -> Vec<f64> {
        let scale = |d: usize| {
            let (n, var, mean) = (self.count[d] as f64, self.var[d], self.mean[d]);
            let rounding = n * f64::EPSILON * var + (n * mean * f64::EPSILON).powi(2);
            if var <= rounding { 1.0 } else { var.sqrt() * self.unit[d] }
        };
        (0..self.var.len()).map(scale).collect()
    }
}

/// The largest power of two that is not above a number, and normal; 1 for 0.
fn power_of_two(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { f64::from_bits(x.max(f64::MIN_POSITIVE).to_bits() & f64::INFINITY.to_bits()) }
}
