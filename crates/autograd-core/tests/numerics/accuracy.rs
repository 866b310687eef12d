//! Sums, means, norms, products and softmax against references in compensated arithmetic; the worst errors are printed:
//! `cargo test -p autograd-core --test numerics accuracy -- --nocapture`.
//!
//! u is half a unit in the last place of 1: 2⁻²⁴ or 2⁻⁵³.

use autograd_core::{DType, RngExt, Tensor, seeded};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A sum of two f64, the second below the last place of the first: twice the digits.
#[derive(Clone, Copy, Debug)]
struct Double(f64, f64);

fn exact_sum(a: f64, b: f64) -> Double {
    let sum = a + b;
    let of_b = sum - a;
    Double(sum, (a - (sum - of_b)) + (b - of_b))
}

impl From<f64> for Double {
    fn from(x: f64) -> Double {
        Double(x, 0.0)
    }
}

impl Add for Double {
    type Output = Double;
    fn add(self, other: Double) -> Double {
        let (high, low) = (exact_sum(self.0, other.0), exact_sum(self.1, other.1));
        let middle = exact_sum(high.0, high.1 + low.0);
        exact_sum(middle.0, middle.1 + low.1)
    }
}

impl Neg for Double {
    type Output = Double;
    fn neg(self) -> Double {
        Double(-self.0, -self.1)
    }
}

impl Sub for Double {
    type Output = Double;
    fn sub(self, other: Double) -> Double {
        self + -other
    }
}

impl Mul for Double {
    type Output = Double;
    fn mul(self, other: Double) -> Double {
        let high = self.0 * other.0;
        let low = self.0.mul_add(other.0, -high);
        exact_sum(high, low + (self.0 * other.1 + self.1 * other.0))
    }
}

impl Div for Double {
    type Output = Double;
    fn div(self, other: Double) -> Double {
        let first = Double::from(self.0 / other.0);
        let second = Double::from((self - first * other).0 / other.0);
        let third = (self - (first + second) * other).0 / other.0;
        first + second + Double::from(third)
    }
}

impl Double {
    /// √x by a step of Newton from the root in f64.
    fn sqrt(self) -> Double {
        let root = self.0.sqrt();
        if root == 0.0 {
            return Double(0.0, 0.0);
        }
        let root = Double::from(root);
        root + (self - root * root) / (root + root)
    }

    /// eˣ for x from −700 to 0, by halving 10 times and a series.
    fn exp(self) -> Double {
        let ln_2 = Double(std::f64::consts::LN_2, 2.319_046_813_846_3e-17);
        let times = (self.0 / ln_2.0).round();
        let rest = (self - Double::from(times) * ln_2) * Double::from(1.0 / 1024.0);
        let (mut term, mut sum) = (Double::from(1.0), Double::from(0.0));
        for n in 1..12 {
            term = term * rest / Double::from(f64::from(n));
            sum = sum + term;
        }
        // e²ˣ − 1 from eˣ − 1.
        for _ in 0..10 {
            sum = sum * sum + sum + sum;
        }
        let whole = sum + Double::from(1.0);
        let scale = 2f64.powi(times as i32);
        Double(whole.0 * scale, whole.1 * scale)
    }
}

/// The numbers that a dtype holds.
fn rounded(x: f64, dtype: DType) -> f64 {
    if dtype == DType::F32 { f64::from(x as f32) } else { x }
}

fn unit(dtype: DType) -> f64 {
    if dtype == DType::F32 { 2f64.powi(-24) } else { 2f64.powi(-53) }
}

/// How far y is from the reference, in units of the last place of the dtype.
fn ulps(y: f64, want: Double, dtype: DType) -> f64 {
    let (least, digits) = if dtype == DType::F32 { (-126, 23) } else { (-1022, 52) };
    let exponent = ((want.0.abs().to_bits() >> 52) as i32 - 1023).max(least);
    // In two factors, of which none is subnormal.
    ((Double::from(y) - want).0 / 2f64.powi(exponent) * 2f64.powi(digits)).abs()
}

/// Numbers of one sign, of both, of very different sizes, and pairs that cancel but for little.
fn numbers(kind: usize, n: usize, dtype: DType) -> Vec<f64> {
    let mut rng = seeded(n as u64 * 10 + kind as u64);
    let mut draw = |i: usize, last: f64| match kind {
        0 => rng.random_range(0.0..1.0),
        1 => rng.random_range(-1.0..1.0),
        2 => rng.random_range(-1.0..1.0) * 2f64.powi(rng.random_range(-20..20)),
        _ if i.is_multiple_of(2) => rng.random_range(-1.0..1.0),
        _ => -last * (1.0 + rng.random_range(-1e-4..1e-4)),
    };
    let mut all: Vec<f64> = Vec::with_capacity(n);
    for i in 0..n {
        let x = draw(i, all.last().copied().unwrap_or(0.0));
        all.push(rounded(x, dtype));
    }
    all
}

const SIZES: [usize; 10] = [1, 2, 3, 10, 67, 100, 1000, 4097, 100_000, 1_000_003];
const DTYPES: [DType; 2] = [DType::F32, DType::F64];

/// The worst error of what has been looked at, of those allowed.
struct Worst {
    name: &'static str,
    dtype: DType,
    unit: &'static str,
    error: f64,
    allowed: f64,
    at: String,
    wrong: Vec<String>,
}

impl Worst {
    fn new(name: &'static str, dtype: DType, unit: &'static str) -> Worst {
        Worst { name, dtype, unit, error: -1.0, allowed: 0.0, at: String::new(), wrong: Vec::new() }
    }

    fn see(&mut self, error: f64, allowed: f64, at: impl Fn() -> String) {
        if error > self.error {
            (self.error, self.allowed, self.at) = (error, allowed, at());
        }
        if error.is_nan() || error > allowed {
            self.wrong.push(format!("{error:.2} of {allowed:.2}: {}", at()));
        }
    }

    fn end(self) {
        let Worst { name, dtype, unit, error, allowed, at, wrong } = self;
        println!("{name} {dtype}: worst {error:.3} {unit}, {allowed:.1} allowed there: {at}");
        assert!(wrong.is_empty(), "{name} {dtype}, in {unit}:\n{}", wrong.join("\n"));
    }
}

fn tensor(x: &[f64], shape: &[usize], dtype: DType) -> Tensor {
    Tensor::from_slice(x, shape).expect("as many").to_dtype(dtype)
}

/// What a tree of n may lose, in u Σ|x|: a rounding for each level, and that of the result.
fn levels(n: usize) -> f64 {
    (n as f64).log2() + 1.0
}

#[test]
fn sums_and_means_lose_the_logarithm_of_the_count() {
    for dtype in DTYPES {
        let mut sums = Worst::new("sum", dtype, "u Σ|x|");
        let mut rows = Worst::new("sum_dim(1)", dtype, "u Σ|x|");
        let mut columns = Worst::new("sum_dim(0)", dtype, "u Σ|x|");
        let mut means = Worst::new("mean", dtype, "u mean|x|");
        for n in SIZES {
            for kind in 0..4 {
                let x = numbers(kind, n, dtype);
                let sum = x.iter().fold(Double(0.0, 0.0), |sum, x| sum + (*x).into());
                let scale = x.iter().map(|x| x.abs()).sum::<f64>().max(f64::MIN_POSITIVE) * unit(dtype);
                let at = || format!("{n} numbers of kind {kind}");
                let error = |y: f64, want: Double| ((Double::from(y) - want).0 / scale).abs();
                let whole = tensor(&x, &[n], dtype);
                sums.see(error(whole.sum().to_f64s()[0], sum), levels(n), at);
                let (mean, count) = (whole.mean().expect("a float").to_f64s()[0], n as f64);
                means.see(error(mean, sum / count.into()) * count, levels(n) + 1.0, at);
                if n <= 100_000 {
                    let seven = whole.unsqueeze(0).and_then(|x| x.expand(&[7, -1])).expect("a row");
                    let along = seven.contiguous().sum_dim(1).expect("a dim").to_f64s();
                    along.into_iter().for_each(|y| rows.see(error(y, sum), levels(n), at));
                    let across = seven.t().expect("a matrix").contiguous().sum_dim(0).expect("a dim").to_f64s();
                    across.into_iter().for_each(|y| columns.see(error(y, sum), levels(n), at));
                }
            }
        }
        [sums, rows, columns, means].into_iter().for_each(Worst::end);
    }
}

#[test]
fn norms_that_can_be_written_down_are_found() {
    for dtype in DTYPES {
        let mut of = [1.0, 2.0, 3.0].map(|p| {
            let name = ["vector_norm(1)", "vector_norm(2)", "vector_norm(3)"][p as usize - 1];
            (p, Worst::new(name, dtype, "ulp"))
        });
        // Of the middle, and where squares and cubes overflow or vanish.
        let scales = if dtype == DType::F32 { [0, 80, -120] } else { [0, 900, -1000] };
        for n in &SIZES[..9] {
            for scale in scales {
                let x: Vec<f64> =
                    numbers(2, *n, dtype).into_iter().map(|x| rounded(x * 2f64.powi(scale), dtype)).collect();
                let whole = tensor(&x, &[*n], dtype);
                // The reference is computed where nothing overflows.
                let small: Vec<Double> = x.iter().map(|x| Double::from((x * 2f64.powi(-scale)).abs())).collect();
                for (p, worst) in &mut of {
                    let power = |x: Double| match *p as usize {
                        1 => x,
                        2 => x * x,
                        _ => x * x * x,
                    };
                    let sum = small.iter().fold(Double(0.0, 0.0), |sum, x| sum + power(*x));
                    let root = match *p as usize {
                        1 => sum,
                        2 => sum.sqrt(),
                        // A step of Newton from the root in f64.
                        _ => {
                            let y = Double::from(sum.0.cbrt());
                            y - (y * y * y - sum) / (Double::from(3.0) * y * y)
                        }
                    };
                    let want = Double(root.0 * 2f64.powi(scale), root.1 * 2f64.powi(scale));
                    let y = whole.vector_norm(*p, ..).expect("a float").to_f64s()[0];
                    // Powers are added in f64: nothing but the last rounding shows in F32. The norm of p = 1 is a sum.
                    let allowed = if dtype == DType::F32 && *p > 1.0 { 0.51 } else { 2.0 + levels(*n) };
                    worst.see(ulps(y, want, dtype), allowed, || format!("{n} numbers times 2^{scale}"));
                }
            }
        }
        of.into_iter().for_each(|(_, worst)| worst.end());
    }
}

#[test]
fn products_lose_a_rounding_for_each_factor() {
    for dtype in DTYPES {
        let mut worst = Worst::new("prod", dtype, "u |y| for each factor");
        for n in &SIZES[1..8] {
            let x: Vec<f64> = numbers(1, *n, dtype).into_iter().map(|x| rounded(1.0 + x / 8.0, dtype)).collect();
            let want = x.iter().fold(Double(1.0, 0.0), |product, x| product * (*x).into());
            let y = tensor(&x, &[*n], dtype).prod().expect("a float").to_f64s()[0];
            let error = ((Double::from(y) - want).0 / want.0).abs() / unit(dtype) / (*n as f64 - 1.0);
            worst.see(error, 1.0, || format!("{n} factors"));
        }
        worst.end();
    }
}

#[test]
fn probabilities_have_their_digits_however_small() {
    for dtype in DTYPES {
        let mut worst = Worst::new("softmax", dtype, "ulp");
        let mut columns = Worst::new("softmax(0)", dtype, "ulp");
        for n in &SIZES[..8] {
            for spread in [0.1, 3.0, 30.0, if dtype == DType::F32 { 80.0 } else { 600.0 }] {
                let x: Vec<f64> = numbers(1, *n, dtype).into_iter().map(|x| rounded(x * spread / 2.0, dtype)).collect();
                let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let e: Vec<Double> = x.iter().map(|x| (Double::from(*x) - largest.into()).exp()).collect();
                let sum = e.iter().fold(Double(0.0, 0.0), |sum, e| sum + *e);
                let row = tensor(&x, &[*n], dtype).softmax(0).expect("a dim").to_f64s();
                let pair = tensor(&[&x[..], &x[..]].concat(), &[2, *n], dtype).t().expect("a matrix").contiguous();
                let column = pair.softmax(0).expect("a dim").narrow(1, 1, 1).expect("a column").to_f64s();
                for (i, e) in e.iter().enumerate() {
                    let (want, at) = (*e / sum, || format!("element {i} of {n}, spread over {spread}"));
                    worst.see(ulps(row[i], want, dtype), 4.0, at);
                    columns.see(ulps(column[i], want, dtype), 4.0, at);
                }
            }
        }
        worst.end();
        columns.end();
    }
}

#[test]
fn the_reference_has_twice_the_digits() {
    let third = Double::from(1.0) / 3.0.into();
    let none = third * 3.0.into() - 1.0.into();
    assert!(none.0.abs() < 1e-31, "{none:?}");
    let two = Double::from(2.0).sqrt();
    assert!((two * two - 2.0.into()).0.abs() < 1e-30);
    // e⁻¹ to 32 digits, and a product of exponentials.
    let inverse = Double::from(-1.0).exp() - Double(0.367_879_441_171_442_33, -1.242_875_367_278_836_3e-17);
    assert!(inverse.0.abs() < 1e-31, "{inverse:?}");
    let product = Double::from(-3.75).exp() * Double::from(-20.25).exp() - Double::from(-24.0).exp();
    assert!(product.0.abs() < 1e-30 * 3.8e-11, "{product:?}");
}

#[test]
fn sums_by_index_of_many_terms_keep_their_digits() -> autograd_core::Result<()> {
    let n = 1_000_000;
    let x = Tensor::full(&[n], 0.1, DType::F32)?.requires_grad();
    let ids = Tensor::zeros(&[n], DType::I64)?;
    let sum = f64::from(0.1f32) * n as f64;
    let near = |what: &str, y: f64, sum: f64| assert!((y / sum - 1.0).abs() < 1e-7, "{what}: {y} instead of {sum}");
    near("segment_sum", x.segment_sum(&ids, 2)?.to_f64s()[0], sum);
    near("segment_mean", x.segment_mean(&ids, 2)?.to_f64s()[0], f64::from(0.1f32));
    near("index_add", Tensor::zeros(&[1], DType::F32)?.index_add(0, &ids, &x, 1.0)?.to_f64s()[0], sum);
    near("scatter_add", Tensor::zeros(&[1], DType::F32)?.scatter_add(0, &ids, &x)?.to_f64s()[0], sum);
    let row = Tensor::from([[1.0f32]]).requires_grad();
    for picked in [row.index_select(0, &ids)?, row.embedding(&ids, autograd_core::EmbeddingOptions::new())?] {
        let gradient = picked.try_mul(&x.detach().unsqueeze(1)?)?.sum().backward()?;
        near("the gradient of a row", gradient.get(&row).expect("a leaf").to_f64s()[0], sum);
    }
    Ok(())
}
