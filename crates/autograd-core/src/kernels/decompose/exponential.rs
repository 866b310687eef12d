//! The exponential of a matrix.

use super::super::gemm::{Matrix, gemm};
use super::lu;
use super::solve::Factors;

/// The coefficients of Padé's approximant of degree d, and the largest 1-norm for which it has the digits of f64.
const APPROXIMANTS: [(f64, &[f64]); 5] = [
    (1.495585217958292e-2, &[120.0, 60.0, 12.0, 1.0]),
    (2.53939833006323e-1, &[30240.0, 15120.0, 3360.0, 420.0, 30.0, 1.0]),
    (9.504178996162932e-1, &[17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0]),
    (
        2.097847961257068,
        &[17643225600.0, 8821612800.0, 2075673600.0, 302702400.0, 30270240.0, 2162160.0, 110880.0, 3960.0, 90.0, 1.0],
    ),
    (
        5.371920351148152,
        &[
            64764752532480000.0,
            32382376266240000.0,
            7771770303897600.0,
            1187353796428800.0,
            129060195264000.0,
            10559470521600.0,
            670442572800.0,
            33522128640.0,
            1323241920.0,
            40840800.0,
            960960.0,
            16380.0,
            182.0,
            1.0,
        ],
    ),
];

/// `eᴬ` of an `n × n` matrix in rows, by scaling and squaring (Higham 2005). A matrix that is not finite gives NaN.
pub fn exponential(threads: usize, n: usize, a: &mut [f64]) {
    let norm = (0..n).map(|j| a.iter().skip(j).step_by(n).map(|x| x.abs()).sum::<f64>()).fold(0.0, f64::max);
    if !a.iter().all(|x| x.is_finite()) || !norm.is_finite() {
        return a.fill(f64::NAN);
    }
    let product = |a: &[f64], b: &[f64]| {
        let mut c = vec![0.0; n * n];
        gemm(threads, (n, n, n), Matrix::rows(a, n), Matrix::rows(b, n), None, &mut c);
        c
    };
    let (largest, highest) = APPROXIMANTS[4];
    let coefficients = APPROXIMANTS.iter().find(|(most, _)| norm <= *most).map_or(highest, |(_, c)| *c);
    let halvings = if norm > largest { (norm / largest).log2().ceil() as i32 } else { 0 };
    let scale = 2f64.powi(-halvings);
    a.iter_mut().for_each(|x| *x *= scale);
    // A², A⁴ and so on, all that a lower degree has. For the highest A⁶ is the last: a product by it makes those
    // beyond.
    let count = if coefficients.len() == highest.len() { 3 } else { coefficients.len() / 2 - 1 };
    let mut powers = vec![product(a, a)];
    while powers.len() < count {
        powers.push(product(&powers[powers.len() - 1], &powers[0]));
    }
    let add = |sum: &mut [f64], factors: &[f64]| {
        for (power, factor) in powers.iter().zip(factors) {
            sum.iter_mut().zip(power).for_each(|(sum, x)| *sum += factor * x);
        }
    };
    // The terms of even powers, or those of odd ones divided by A.
    let terms = |odd: usize| {
        let coefficients: Vec<f64> = coefficients.iter().skip(odd).step_by(2).copied().collect();
        let (near, beyond) = coefficients.split_at(1 + count);
        let mut sum = vec![0.0; n * n];
        if !beyond.is_empty() {
            add(&mut sum, beyond);
            sum = product(&sum, &powers[count - 1]);
        }
        add(&mut sum, &near[1..]);
        sum.iter_mut().step_by(n + 1).for_each(|x| *x += near[0]);
        sum
    };
    let (even, odd) = (terms(0), terms(1));
    let odd = product(a, &odd);
    let mut factors: Vec<f64> = even.iter().zip(&odd).map(|(even, odd)| even - odd).collect();
    factors.resize(n * n + n, 0.0);
    let (triangles, pivots) = factors.split_at_mut(n * n);
    lu::factor(threads, (n, n), triangles, pivots);
    a.iter_mut().zip(even.iter().zip(&odd)).for_each(|(x, (even, odd))| *x = even + odd);
    Factors::new(n, &factors).solve(threads, false, n, a);
    for _ in 0..halvings {
        let square = product(a, a);
        a.copy_from_slice(&square);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_degree_has_the_digits_of_a_sum_of_powers() {
        for scale in [1e-3, 0.05, 0.3, 0.8, 2.0, 20.0] {
            let a: Vec<f64> = [0.3, -0.7, 0.2, 0.5, -0.1, 0.4, -0.6, 0.8, 0.1].iter().map(|x| x * scale).collect();
            let mut y = a.clone();
            exponential(1, 3, &mut y);
            // The power series of A / 2⁸, squared eight times.
            let product = |a: &[f64], b: &[f64]| -> Vec<f64> {
                (0..9).map(|e| (0..3).map(|p| a[e / 3 * 3 + p] * b[p * 3 + e % 3]).sum()).collect()
            };
            let small: Vec<f64> = a.iter().map(|x| x / 256.0).collect();
            let identity: Vec<f64> = (0..9).map(|e| if e % 4 == 0 { 1.0 } else { 0.0 }).collect();
            let (mut term, mut sum) = (identity.clone(), identity);
            for i in 1..30 {
                term = product(&term, &small).iter().map(|x| x / f64::from(i)).collect();
                sum.iter_mut().zip(&term).for_each(|(sum, term)| *sum += term);
            }
            (0..8).for_each(|_| sum = product(&sum, &sum));
            let largest = sum.iter().fold(0.0f64, |most, x| most.max(x.abs()));
            y.iter().zip(&sum).for_each(|(y, sum)| assert!((y - sum).abs() < 1e-12 * largest, "{scale}: {y} {sum}"));
        }
    }
}
