//! The factors of a matrix are those of the matrix that was given: of any size of number, of few directions, of equal
//! ones, tall, wide and graded.

use autograd_core::{DType, QrMode, Result, SvdMode, Tensor, Triangle};

/// A number of a fixed sequence, between −½ and ½.
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
}

/// The product of two matrices in rows, the first one transposed: `[k, m]ᵀ · [k, n]`.
fn product(k: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    let (m, n) = (a.len() / k.max(1), b.len() / k.max(1));
    let mut c = vec![0.0; m * n];
    for l in 0..k {
        for i in 0..m {
            (0..n).for_each(|j| c[i * n + j] += a[l * m + i] * b[l * n + j]);
        }
    }
    c
}

/// The kinds of matrices: names, and the number in a row and a column of one with so many rows and columns.
type Kind = (&'static str, fn(usize, usize, &mut u64) -> Vec<f64>);

const KINDS: &[Kind] = &[
    ("random", |m, n, state| (0..m * n).map(|_| random(state)).collect()),
    ("of half the rank", |m, n, state| {
        let k = m.min(n).div_ceil(2);
        let a: Vec<f64> = (0..k * m).map(|_| random(state)).collect();
        product(k, &a, &(0..k * n).map(|_| random(state)).collect::<Vec<f64>>())
    }),
    ("ones", |m, n, _| vec![1.0; m * n]),
    ("identities", |m, n, _| {
        let half = m.min(n).div_ceil(2);
        (0..m * n).map(|i| f64::from(u8::from((i / n) % half == (i % n) % half))).collect()
    }),
    ("of small integers", |m, n, _| (0..m * n).map(|i| ((i * i + 3 * (i / n)) % 17) as f64).collect()),
    ("nearly dependent", |m, n, state| {
        (0..m * n).map(|i| if i % n == 0 { 1.0 } else { 1.0 + 1e-3 * random(state) }).collect()
    }),
    ("graded", |m, n, _| (0..m * n).map(|i| 2f64.powi(-((i / n + i % n) as i32))).collect()),
    ("graded the other way", |m, n, _| {
        (0..m * n).map(|i| 2f64.powi((i / n + i % n) as i32 - (m + n) as i32)).collect()
    }),
    ("a few ones", |m, n, state| (0..m * n).map(|_| if random(state) > 0.4 { 1.0 } else { 0.0 }).collect()),
];

/// The largest difference, as a part of the largest number of the matrix; infinite where there is NaN.
fn off(got: &[f64], want: &[f64]) -> f64 {
    part(got, want, want)
}

/// The largest difference, as a part of the largest of some numbers: of values, it is a norm of the matrix.
fn part(got: &[f64], want: &[f64], of: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let size = of.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
    let one = |(got, want): (&f64, &f64)| (got - want).abs() / size;
    got.iter().zip(want).map(one).fold(0.0, |most, x| if x.is_nan() { f64::INFINITY } else { most.max(x) })
}

/// How far the rows of `q` are from orthogonal to each other and of length 1.
fn turned(k: usize, q: &[f64]) -> f64 {
    let m = q.len() / k.max(1);
    let columns: Vec<f64> = (0..q.len()).map(|i| q[i % k * m + i / k]).collect();
    let identity: Vec<f64> = (0..k * k).map(|i| f64::from(u8::from(i % k == i / k))).collect();
    off(&product(m, &columns, &columns), &identity)
}

/// Values in the place of rows: `diag(s) V`.
fn times(s: &[f64], v: &[f64]) -> Vec<f64> {
    let n = v.len() / s.len().max(1);
    v.iter().enumerate().map(|(i, v)| v * s[i / n]).collect()
}

/// The decompositions of one matrix are those of it. Numbers are compared at a size of 1, where sums of them are exact
/// enough.
fn holds(name: &str, (m, n): (usize, usize), a: &Tensor, unit: f64) -> Result<()> {
    let k = m.min(n);
    let epsilon = if a.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let within = epsilon * 12.0 * (m.max(n) as f64 + 20.0);
    let at_one = |x: &Tensor| x.to_f64s().iter().map(|x| x * unit).collect::<Vec<f64>>();
    let rows = |x: &Tensor| Ok::<Vec<f64>, autograd_core::Error>(x.t()?.to_f64s());
    let wide = at_one(a);
    let check = |what: &str, error: f64| assert!(error <= within, "{what} of {name}: {error:e}, not {within:e}");

    let (q, r) = a.qr(QrMode::Reduced)?;
    let q = rows(&q)?;
    check("Q R", off(&product(k, &q, &at_one(&r)), &wide));
    check("Q", turned(k, &q));

    singular(name, (m, n), a, unit)?;
    if m == n {
        symmetric(name, n, a, unit)?;
    }
    Ok(())
}

/// [`holds`] for singular values and their vectors.
fn singular(name: &str, (m, n): (usize, usize), a: &Tensor, unit: f64) -> Result<()> {
    let k = m.min(n);
    let epsilon = if a.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let within = epsilon * 12.0 * (m.max(n) as f64 + 20.0);
    let at_one = |x: &Tensor| x.to_f64s().iter().map(|x| x * unit).collect::<Vec<f64>>();
    let check = |what: &str, error: f64| assert!(error <= within, "{what} of {name}: {error:e}, not {within:e}");
    let (u, s, v) = a.svd(SvdMode::Reduced)?;
    let (u, s, v) = (u.t()?.to_f64s(), at_one(&s), v.to_f64s());
    check("U S V", part(&product(k, &u, &times(&s, &v)), &at_one(a), &s));
    check("U", turned(k, &u));
    check("V", turned(k, &v));
    assert!(s.windows(2).all(|s| s[0] >= s[1]) && s[k - 1] >= 0.0, "{name}: {s:?}");
    check("S alone", off(&at_one(&a.svdvals()?), &s));
    Ok(())
}

/// [`holds`] for eigenvalues and their vectors.
fn symmetric(name: &str, n: usize, a: &Tensor, unit: f64) -> Result<()> {
    let epsilon = if a.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let within = epsilon * 12.0 * (n as f64 + 20.0);
    let check = |what: &str, error: f64| assert!(error <= within, "{what} of {name}: {error:e}, not {within:e}");
    let at_one = |x: &Tensor| x.to_f64s().iter().map(|x| x * unit).collect::<Vec<f64>>();
    let a_at_one = at_one(a);
    let want: Vec<f64> = (0..n * n).map(|i| a_at_one[(i / n).max(i % n) * n + (i / n).min(i % n)]).collect();
    let (w, v) = a.eigh(Triangle::Lower)?;
    let (w, v) = (at_one(&w), v.t()?.to_f64s());
    check("V W V", part(&product(n, &v, &times(&w, &v)), &want, &w));
    check("V", turned(n, &v));
    assert!(w.windows(2).all(|w| w[0] <= w[1]), "{name}: {w:?}");
    check("W alone", off(&at_one(&a.eigvalsh(Triangle::Lower)?), &w));
    Ok(())
}

/// Small, around the sizes from which halves and blocks are used, larger, tall (from 11 rows for 6 columns on by way of
/// a triangle), and wide.
const SHAPES: &[(usize, usize)] = &[
    (1, 1),
    (2, 2),
    (5, 5),
    (30, 30),
    (33, 33),
    (41, 41),
    (64, 64),
    (67, 67),
    (100, 100),
    (7, 3),
    (3, 7),
    (50, 41),
    (300, 5),
    (3000, 3),
    (140, 70),
    (70, 129),
];

#[test]
fn a_decomposition_multiplies_to_its_matrix() -> Result<()> {
    let mut state = 7;
    for (name, make) in KINDS {
        for (m, n) in SHAPES {
            let a = make(*m, *n, &mut state);
            for (dtype, powers) in [(DType::F32, [0, -60, 30, -120, 110]), (DType::F64, [0, -100, 30, -1000, 1000])] {
                for power in powers {
                    let scaled: Vec<f64> = a.iter().map(|x| x * 2f64.powi(power)).collect();
                    // Of subnormal numbers the few digits that they have are those of the matrix.
                    let matrix = Tensor::from_vec(scaled, &[*m, *n])?.to_dtype(dtype);
                    if matrix.to_f64s().iter().all(|x| x.is_finite()) {
                        holds(
                            &format!("{name}, {m} by {n}, times 2^{power}, in {dtype}"),
                            (*m, *n),
                            &matrix,
                            2f64.powi(-power),
                        )?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Matrices of every size up to some three blocks, of kinds that fall apart, have clusters, or fall and rise by
/// hundreds of powers of two.
#[test]
fn vectors_of_every_size_multiply_to_their_matrix() -> Result<()> {
    let mut state = 99;
    for n in (1..80).chain([127, 128, 129, 200]) {
        let (slope, range) = (8.0 * random(&mut state).abs(), 300.0 * random(&mut state));
        for kind in 0..9 {
            let mut number = |i: usize, j: usize| {
                let x = random(&mut state);
                let (beside, same) = (i.abs_diff(j) <= 1, f64::from(u8::from(i == j)));
                match kind {
                    0 => x * 2f64.powf(-slope * (i + j) as f64),
                    1 => x * 2f64.powf(0.3 * slope * (i + j) as f64),
                    2 if beside => x * 2f64.powf(range * random(&mut state)),
                    3 if beside => same * (i % 21) as f64 + (1.0 - same),
                    4 => (4.0 * x).round(),
                    5 => same + if x > 0.45 { 1e-8 } else { 0.0 },
                    6 => x * 2f64.powf(range * random(&mut state)),
                    7 => 1.0 + 1e-12 * x,
                    8 if i / 7 == j / 7 => 1.0,
                    _ => 0.0,
                }
            };
            let a: Vec<f64> = (0..n * n).map(|e| number(e / n, e % n)).collect();
            for dtype in [DType::F32, DType::F64] {
                let matrix = Tensor::from_slice(&a, &[n, n])?.to_dtype(dtype);
                let largest = matrix.to_f64s().iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
                if largest.is_finite() {
                    let (name, unit) =
                        (format!("kind {kind} of {n} rows in {dtype}"), 2f64.powf(-largest.log2().floor()));
                    symmetric(&name, n, &matrix, unit)?;
                    singular(&name, (n, n), &matrix, unit)?;
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_matrix_of_a_batch_has_the_factors_that_it_has_alone() -> Result<()> {
    let mut state = 3;
    let all = Tensor::from_vec((0..3 * 60 * 41).map(|_| random(&mut state)).collect::<Vec<f64>>(), &[3, 60, 41])?;
    let square = all.narrow(1, 0, 41)?;
    let same = |together: &[Tensor], alone: &dyn Fn(usize) -> Result<Vec<Tensor>>| {
        for i in 0..3 {
            for (together, alone) in together.iter().zip(alone(i)?) {
                let together = together.select(0, i as isize)?.to_f64s();
                assert!(together.iter().all(|x| x.is_finite()) && together == alone.to_f64s());
            }
        }
        Ok::<(), autograd_core::Error>(())
    };
    let two = |(x, y)| vec![x, y];
    let three = |(x, y, z)| vec![x, y, z];
    let one = |x: &Tensor, i: usize| x.select(0, i as isize);
    same(&two(all.qr(QrMode::Reduced)?), &|i| Ok(two(one(&all, i)?.qr(QrMode::Reduced)?)))?;
    same(&two(all.qr(QrMode::Complete)?), &|i| Ok(two(one(&all, i)?.qr(QrMode::Complete)?)))?;
    same(&three(all.svd(SvdMode::Reduced)?), &|i| Ok(three(one(&all, i)?.svd(SvdMode::Reduced)?)))?;
    same(&two(square.eigh(Triangle::Lower)?), &|i| Ok(two(one(&square, i)?.eigh(Triangle::Lower)?)))
}

#[test]
fn the_ends_of_the_range_are_in_it() -> Result<()> {
    for x in [1e38f32, f32::MIN_POSITIVE, 1e-45] {
        let w = Tensor::from([[x, x], [x, -x]]).eigvalsh(Triangle::Lower)?;
        let want = (f64::from(x) * std::f64::consts::SQRT_2) as f32;
        assert_eq!(w.to_vec::<f32>()?, [-want, want]);
    }
    let (q, r) = Tensor::from_vec(vec![5e-324], &[1, 1])?.qr(QrMode::Reduced)?;
    assert_eq!(q.item::<f64>()? * r.item::<f64>()?, 5e-324);
    Ok(())
}

#[test]
fn a_small_block_beside_a_large_number_keeps_its_digits() -> Result<()> {
    let mut state = 5;
    for (dtype, epsilon) in [(DType::F64, f64::EPSILON), (DType::F32, f64::from(f32::EPSILON))] {
        for n in [20, 40, 101] {
            let block = Tensor::from_vec((0..n * n).map(|_| random(&mut state)).collect::<Vec<f64>>(), &[n, n])?;
            let block = block.try_add(&block.t()?)?.to_dtype(dtype);
            // A power of two, so that the small block has the digits of the other one.
            for scale in [-33, -46, -60, -100].map(|power| 2f64.powi(power)) {
                let (large, zeros) = (Tensor::eye(1, dtype)?, Tensor::zeros(&[1, n], dtype)?);
                let below = Tensor::cat(&[&zeros.t()?, &block.mul_scalar(scale)], 1)?;
                let whole = Tensor::cat(&[&Tensor::cat(&[&large, &zeros], 1)?, &below], 0)?;
                let (of_w, of_s) = (block.eigvalsh(Triangle::Lower)?.to_f64s(), block.svdvals()?.to_f64s());
                let all = [
                    ("eigh", whole.eigh(Triangle::Lower)?.0.narrow(0, 0, n)?, &of_w),
                    ("eigvalsh", whole.eigvalsh(Triangle::Lower)?.narrow(0, 0, n)?, &of_w),
                    ("svd", whole.svd(SvdMode::Reduced)?.1.narrow(0, 1, n)?, &of_s),
                    ("svdvals", whole.svdvals()?.narrow(0, 1, n)?, &of_s),
                ];
                for (name, got, want) in all {
                    let got: Vec<f64> = got.to_f64s().iter().map(|x| x / scale).collect();
                    let error = off(&got, want);
                    assert!(
                        error < 20.0 * epsilon * n as f64,
                        "{name}, {n} rows in {dtype}, times {scale:e}: {error:e}"
                    );
                }
            }
        }
    }
    Ok(())
}

#[test]
fn singular_values_of_few_directions_are_few() -> Result<()> {
    for n in [32, 33, 64] {
        let s = Tensor::ones(&[n, n], DType::F64)?.svd(SvdMode::Reduced)?.1.to_f64s();
        assert!((s[0] - n as f64).abs() < 1e-12 && s[1] < 4.0 * f64::EPSILON * s[0], "{n}: {s:?}");
    }
    Ok(())
}

#[test]
fn what_is_not_finite_has_no_factors() -> Result<()> {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let a = Tensor::from_vec(vec![1.0, 2.0, bad, 3.0], &[2, 2])?;
        let (q, r) = a.qr(QrMode::Reduced)?;
        assert!([q, r].iter().all(|x| x.to_f64s().iter().all(|x| x.is_nan())), "qr of {bad}");
        let errors = [a.svdvals().err(), a.eigvalsh(Triangle::Lower).err()];
        for (error, op) in errors.into_iter().zip(["svdvals", "eigvalsh"]) {
            let text = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(text.starts_with(op) && text.contains("the matrix is not finite"), "{op} of {bad}: {text}");
        }
    }
    // What is above the diagonal is not read.
    let w = Tensor::from_vec(vec![1.0, f64::NAN, 0.0, 3.0], &[2, 2])?.eigvalsh(Triangle::Lower)?;
    assert_eq!(w.to_vec::<f64>()?, [1.0, 3.0]);
    Ok(())
}

#[test]
fn small_numbers_beside_large_ones_keep_their_digits() -> Result<()> {
    let (_, r) = Tensor::from([[1e10f32, 0.0], [0.0, 1e-30]]).qr(QrMode::Reduced)?;
    assert_eq!(r.abs().to_vec::<f32>()?, [1e10, 0.0, 0.0, 1e-30]);
    let (_, r) = Tensor::from_vec(vec![1e300, 1e-40, 1e290, 3e-40], &[2, 2])?.qr(QrMode::Reduced)?;
    assert!((r.to_f64s()[3].abs() - 3e-40).abs() < 1e-49, "{r}");
    let s = Tensor::from([[1e10f32, 0.0], [0.0, 1e-30]]).svdvals()?.to_vec::<f32>()?;
    assert!(s[0] == 1e10 && (s[1] - 1e-30).abs() < 1e-34, "{s:?}");
    let w = Tensor::from([[1e10f32, 0.0], [0.0, 1e-30]]).eigvalsh(Triangle::Lower)?.to_vec::<f32>()?;
    assert!(w[1] == 1e10 && (w[0] - 1e-30).abs() < 1e-34, "{w:?}");
    Ok(())
}
