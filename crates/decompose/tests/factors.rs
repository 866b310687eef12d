//! What faer is asked for is a decomposition of the matrix that it was given: of any size of number, of few directions, of
//! equal ones, tall, wide and graded.

use wengert_decompose::{Decompose, Vectors};

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
    ("a few ones", |m, n, state| (0..m * n).map(|_| if random(state) > 0.4 { 1.0 } else { 0.0 }).collect()),
];

/// The largest difference, as a part of the largest number of the matrix; infinite where there is NaN.
fn off(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let size = want.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
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

fn widened<T: Copy + Into<f64>>(x: &[T]) -> Vec<f64> {
    x.iter().map(|x| (*x).into()).collect()
}

/// Values in the place of rows: `diag(s) V`.
fn times(s: &[f64], v: &[f64]) -> Vec<f64> {
    let n = v.len() / s.len().max(1);
    v.iter().enumerate().map(|(i, v)| v * s[i / n]).collect()
}

/// The decompositions of one matrix are those of it. Numbers are compared at a size of 1, where sums of them are exact enough.
fn holds<T: Decompose + Into<f64>>(name: &str, (m, n): (usize, usize), a: &[T], unit: f64, epsilon: f64) {
    let k = m.min(n);
    let within = epsilon * 12.0 * (m.max(n) as f64 + 20.0);
    let wide: Vec<f64> = widened(a).iter().map(|x| x * unit).collect();
    let zero = |count: usize| vec![a[0]; count];
    let check = |what: &str, error: f64| assert!(error <= within, "{what} of {name}: {error:e}, not {within:e}");

    let mut found = zero(k * (m + n));
    T::qr(m, n, false, a, &mut found);
    let found = widened(&found);
    let (q, r) = found.split_at(k * m);
    let r: Vec<f64> = r.iter().map(|x| x * unit).collect();
    check("Q R", off(&product(k, q, &r), &wide));
    check("Q", turned(k, q));

    let mut found = zero(k + k * (m + n));
    T::svd(m, n, Vectors::Reduced, a, &mut found);
    let found = widened(&found);
    let (s, vectors) = found.split_at(k);
    let s: Vec<f64> = s.iter().map(|x| x * unit).collect();
    let (u, v) = vectors.split_at(k * m);
    check("U S V", off(&product(k, u, &times(&s, v)), &wide));
    check("U", turned(k, u));
    check("V", turned(k, v));
    assert!(s.windows(2).all(|s| s[0] >= s[1]) && s[k - 1] >= 0.0, "{name}: {s:?}");
    let mut alone = zero(k);
    T::svd(m, n, Vectors::None, a, &mut alone);
    check("S alone", off(&widened(&alone).iter().map(|x| x * unit).collect::<Vec<f64>>(), &s));

    if m == n {
        let symmetric: Vec<f64> = (0..n * n).map(|i| wide[i.max(i % n * n + i / n)]).collect();
        let mut found = zero(n + n * n);
        T::eigh(n, true, a, &mut found);
        let found = widened(&found);
        let (w, v) = found.split_at(n);
        let w: Vec<f64> = w.iter().map(|x| x * unit).collect();
        check("V W V", off(&product(n, v, &times(&w, v)), &symmetric));
        check("V", turned(n, v));
        assert!(w.windows(2).all(|w| w[0] <= w[1]), "{name}: {w:?}");
        let mut alone = zero(n);
        T::eigh(n, false, a, &mut alone);
        check("W alone", off(&widened(&alone).iter().map(|x| x * unit).collect::<Vec<f64>>(), &w));
    }
}

const SHAPES: &[(usize, usize)] = &[
    (1, 1),
    (2, 2),
    (5, 5),
    (30, 30),
    (41, 41),
    (55, 55),
    (64, 64),
    (100, 100),
    (7, 3),
    (3, 7),
    (50, 41),
    (300, 5),
    (3000, 3),
];

#[test]
fn a_decomposition_multiplies_to_its_matrix() {
    let mut state = 7;
    for (name, make) in KINDS {
        for (m, n) in SHAPES {
            let a = make(*m, *n, &mut state);
            for power in [0, -60, 30, -120, 110] {
                let single: Vec<f32> = a.iter().map(|x| (x * 2f64.powi(power)) as f32).collect();
                // Of subnormal numbers the few digits that they have are those of the matrix.
                let name = format!("{name}, {m} by {n}, times 2^{power}, in f32");
                if single.iter().all(|x| x.is_finite()) {
                    holds(&name, (*m, *n), &single, 2f64.powi(-power), f64::from(f32::EPSILON));
                }
            }
            for power in [0, -100, 30, -1000, 1000] {
                let double: Vec<f64> = a.iter().map(|x| x * 2f64.powi(power)).collect();
                let name = format!("{name}, {m} by {n}, times 2^{power}, in f64");
                holds(&name, (*m, *n), &double, 2f64.powi(-power), f64::EPSILON);
            }
        }
    }
}

#[test]
fn a_matrix_of_a_batch_has_the_factors_that_it_has_alone() {
    let (m, n, mut state) = (60, 41, 3);
    let all: Vec<f64> = (0..3 * m * n).map(|_| random(&mut state)).collect();
    let each = |width: usize, work: &dyn Fn(&[f64], &mut [f64])| {
        let (mut together, mut alone) = (vec![0.0; 3 * width], vec![0.0; 3 * width]);
        work(&all, &mut together);
        for (a, alone) in all.chunks_exact(m * n).zip(alone.chunks_exact_mut(width)) {
            work(a, alone);
        }
        assert!(together.iter().all(|x| x.is_finite()) && together == alone);
    };
    each(n * (m + n), &|a, into| f64::qr(m, n, false, a, into));
    each(m * (m + n), &|a, into| f64::qr(m, n, true, a, into));
    each(n + n * (m + n), &|a, into| f64::svd(m, n, Vectors::Reduced, a, into));
}

#[test]
fn the_ends_of_the_range_are_in_it() {
    for x in [1e38f32, f32::MIN_POSITIVE, 1e-45] {
        let mut w = [0.0; 2];
        f32::eigh(2, false, &[x, x, x, -x], &mut w);
        let want = (f64::from(x) * std::f64::consts::SQRT_2) as f32;
        assert_eq!(w, [-want, want]);
    }
    let mut r = [0.0; 2];
    f64::qr(1, 1, false, &[5e-324], &mut r);
    assert_eq!(r[0] * r[1], 5e-324);
}

#[test]
fn small_numbers_beside_large_ones_keep_their_digits() {
    let mut qr = [0.0f32; 8];
    f32::qr(2, 2, false, &[1e10, 0.0, 0.0, 1e-30], &mut qr);
    assert_eq!(qr[4..].iter().map(|r| r.abs()).collect::<Vec<f32>>(), [1e10, 0.0, 0.0, 1e-30]);
    let mut qr = [0.0; 8];
    f64::qr(2, 2, false, &[1e300, 1e-40, 1e290, 3e-40], &mut qr);
    assert!((qr[7].abs() - 3e-40).abs() < 1e-49, "{qr:?}");
    let mut s = [0.0f32; 2];
    f32::svd(2, 2, Vectors::None, &[1e10, 0.0, 0.0, 1e-30], &mut s);
    assert!(s[0] == 1e10 && (s[1] - 1e-30).abs() < 1e-34, "{s:?}");
}

#[test]
fn what_is_not_finite_has_no_factors() {
    for bad in [f64::NAN, f64::INFINITY] {
        let a = [1.0, 2.0, bad, 3.0];
        let (mut qr, mut svd, mut eigh) = ([0.0; 8], [0.0; 2], [0.0; 2]);
        f64::qr(2, 2, false, &a, &mut qr);
        f64::svd(2, 2, Vectors::None, &a, &mut svd);
        f64::eigh(2, false, &a, &mut eigh);
        assert!(qr.iter().chain(&svd).chain(&eigh).all(|x| x.is_nan()));
    }
}
