//! Operations on rows: what the elements of a row have in common, and probabilities near 0 and 1.

use autograd_core::{DType, Result, Tensor, grad, grad_with};

/// An operation, and how its value changes when the same is added to all x.
type Op = (&'static str, fn(&Tensor) -> Result<Tensor>, Shifts);

#[derive(Clone, Copy, PartialEq)]
enum Shifts {
    /// Not at all.
    No,
    /// By as much.
    Along,
}

fn labels() -> Tensor {
    Tensor::from([2, 0])
}

const BY_LARGEST: [Op; 9] = [
    ("softmax", |x| x.softmax(1), Shifts::No),
    ("softmax(0)", |x| x.softmax(0), Shifts::No),
    ("log_softmax", |x| x.log_softmax(1), Shifts::No),
    ("log_softmax(0)", |x| x.log_softmax(0), Shifts::No),
    ("logsumexp", |x| x.logsumexp(1), Shifts::Along),
    ("logsumexp(0)", |x| x.logsumexp(0), Shifts::Along),
    ("logsumexp of all", |x| x.logsumexp(..), Shifts::Along),
    ("cross_entropy", |x| x.cross_entropy(&labels()), Shifts::No),
    ("negative log-likelihood", |x| x.log_softmax(1)?.gather(1, &labels().unsqueeze(1)?), Shifts::No),
];

const BY_MEAN: [Op; 6] = [
    ("var", |x| x.var(1.0), Shifts::No),
    ("var_dim(1)", |x| x.var_dim(1, 0.0), Shifts::No),
    ("var_dim(0)", |x| x.var_dim(0, 1.0), Shifts::No),
    ("std_dim(1)", |x| x.std_dim(1, 1.0), Shifts::No),
    ("std_dim(0)", |x| x.std_dim(0, 0.0), Shifts::No),
    ("var_mean", |x| Ok(x.var_mean(1, 0.0)?.0), Shifts::No),
];

/// Value, gradient in the fused and in the recorded walk, and second derivative: all in f64.
fn all_of(op: fn(&Tensor) -> Result<Tensor>, x: &Tensor) -> Result<[Vec<f64>; 4]> {
    let x = x.requires_grad();
    let y = op(&x)?;
    let random = |like: &Tensor, seed| Tensor::randn(like.shape(), like.dtype(), &mut autograd_core::seeded(seed));
    let (seed, direction) = (random(&y, 1)?, random(&x, 2)?);
    let weighted = y.try_mul(&seed)?.sum();
    let fused = weighted.backward_keep()?.get(&x).expect("a leaf").to_f64s();
    let recorded = &grad(&weighted, &[&x])?[0];
    let second = &grad(&recorded.try_mul(&direction)?.sum(), &[&x])?[0];
    Ok([y.to_f64s(), fused, recorded.to_f64s(), second.to_f64s()])
}

/// The largest difference, relative to the largest element; NaN if there is one anywhere.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let size = b.iter().fold(1e-30, |m: f64, b| m.max(b.abs()));
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).max_by(f64::total_cmp).unwrap_or(0.0) / size
}

/// Numbers with three binary places, so adding a large power of two is exact.
fn sample(dtype: DType, width: usize) -> Tensor {
    let x = (0..2 * width).map(|i| ((i * 37) % 53) as f64 * 0.125 - 3.0).collect();
    Tensor::from_vec(x, &[2, width]).expect("fits").to_dtype(dtype)
}

#[test]
fn what_all_elements_have_in_common_changes_nothing() -> Result<()> {
    for (dtype, epsilon) in [(DType::F32, f64::from(f32::EPSILON)), (DType::F64, f64::EPSILON)] {
        for shift in [1024.0, f64::powi(2.0, 20), -f64::powi(2.0, 20)] {
            for (name, op, shifts) in BY_LARGEST.into_iter().chain(BY_MEAN) {
                for width in [3, 7, 130, 2500] {
                    let x = sample(dtype, width);
                    let (here, there) = (all_of(op, &x)?, all_of(op, &x.add_scalar(shift))?);
                    let what = format!("{name} of {width} in {dtype}, shifted by {shift}");
                    let skip = usize::from(shifts == Shifts::Along);
                    for (i, (here, there)) in here.iter().zip(&there).enumerate().skip(skip) {
                        assert!(apart(there, here) <= 32.0 * epsilon, "{what}: {i}: {:e}", apart(there, here));
                    }
                    assert!(apart(&here[1], &here[2]) <= 32.0 * epsilon, "{what}: fused and recorded differ");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn equal_logits_of_any_size_are_equally_likely() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        for size in [0.0, 1e4, 1e6, 1e8, -1e30, 3e38] {
            let x = Tensor::from([[size, size]]).to_dtype(dtype);
            let loss = |x: &Tensor| x.cross_entropy(&Tensor::from([0]));
            let [y, fused, recorded, second] = all_of(loss, &x)?;
            let [_, lse, lse_recorded, _] = all_of(|x| x.logsumexp(1), &x)?;
            assert!((y[0] - std::f64::consts::LN_2).abs() < 1e-7, "{size}: {y:?}");
            assert!(fused == recorded && fused[0] == -fused[1] && second[0] == -second[1]);
            assert!(lse == lse_recorded && lse[0] == lse[1]);
            assert_eq!(x.softmax(1)?.to_f64s(), [0.5, 0.5]);
        }
    }
    Ok(())
}

/// The digits that are right, as the largest relative error in units of the dtype's; below the smallest normal number,
/// in units of that.
fn ulps(got: &[f64], want: &[f64], dtype: DType) -> f64 {
    assert_eq!(got.len(), want.len());
    let (epsilon, smallest) = match dtype {
        DType::F32 => (f64::from(f32::EPSILON), f64::from(f32::MIN_POSITIVE)),
        _ => (f64::EPSILON, f64::MIN_POSITIVE),
    };
    let off = got.iter().zip(want).map(|(g, w)| ((g - w) / (w.abs().max(smallest) * epsilon)).abs());
    off.max_by(f64::total_cmp).unwrap_or(0.0)
}

#[test]
fn probabilities_near_one_keep_their_digits() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        for distance in [0.5f64, 1.0, 5.0, 10.0, 20.0, 40.0, 80.0] {
            // Two classes: 1 − p of the first is p of the second, q = 1 / (1 + eᵈ).
            let x = Tensor::from_vec(vec![distance, 0.0], &[1, 2])?.to_dtype(dtype).requires_grad();
            let q = 1.0 / (1.0 + distance.exp());
            let product = q * (1.0 - q);
            let one = |y: &Tensor, i: i64| y.gather(1, &Tensor::from([[i]])).map(|y| y.sum());
            let direction = Tensor::from([[1.0, 0.0]]).to_dtype(dtype);
            let cases = [
                ("cross_entropy", x.cross_entropy(&Tensor::from([0]))?.sum(), (-distance).exp().ln_1p(), [-q, q], 1.0),
                ("log_softmax", one(&x.log_softmax(1)?, 0)?, -(-distance).exp().ln_1p(), [q, -q], -1.0),
                ("softmax", one(&x.softmax(1)?, 0)?, 1.0 - q, [product, -product], -(1.0 - 2.0 * q)),
            ];
            for (name, y, value, first, sign) in cases {
                let what = format!("{name} at {distance} in {dtype}");
                assert!(ulps(&y.to_f64s(), &[value], dtype) <= 4.0, "{what}: {y:?}, not {value:e}");
                let fused = y.backward_keep()?.get(&x).expect("a leaf").to_f64s();
                assert!(ulps(&fused, &first, dtype) <= 4.0, "{what}: fused {fused:?}, not {first:?}");
                let recorded = &grad(&y, &[&x])?[0];
                assert!(ulps(&recorded.to_f64s(), &first, dtype) <= 4.0, "{what}: {recorded:?}, not {first:?}");
                let second = &grad(&recorded.try_mul(&direction)?.sum(), &[&x])?[0];
                let want = [sign * product, -sign * product];
                assert!(ulps(&second.to_f64s(), &want, dtype) <= 4.0, "{what}: second {second:?}, not {want:?}");
            }
        }
    }
    Ok(())
}

/// The vector with a one at `i`.
fn one_at(i: usize, shape: &[usize], dtype: DType) -> Tensor {
    let n = shape.iter().product::<usize>();
    Tensor::from_vec((0..n).map(|j| f64::from(u8::from(i == j))).collect(), shape).expect("fits").to_dtype(dtype)
}

/// The value of an operation, for each of its elements the gradient, fused and recorded, and for each of these the
/// gradient again: sums in which nothing cancels, so every element has all its digits.
fn all_digits(op: fn(&Tensor) -> Result<Tensor>, x: &Tensor) -> Result<Vec<(&'static str, usize, Vec<f64>)>> {
    let x = x.requires_grad();
    let y = op(&x)?;
    let mut all = vec![("value", 0, y.to_f64s())];
    for k in 0..y.numel() {
        let seed = one_at(k, y.shape(), y.dtype());
        let fused = y.try_mul(&seed)?.sum().backward_keep()?.get(&x).expect("a leaf").to_f64s();
        all.push(("fused first", k, fused));
        let first = grad_with(&[(&y, &seed)], &[&x])?.remove(0).expect("tracked");
        all.push(("first", k, first.to_f64s()));
        for i in 0..x.numel() {
            let second = grad_with(&[(&first, &one_at(i, x.shape(), x.dtype()))], &[&x])?.remove(0).expect("tracked");
            all.push(("second", k, second.to_f64s()));
        }
    }
    Ok(all)
}

#[test]
fn probabilities_of_any_size_keep_their_digits() -> Result<()> {
    let ops: [Op; 6] = [
        ("softmax", |x| x.softmax(1), Shifts::No),
        ("log_softmax", |x| x.log_softmax(1), Shifts::No),
        ("log_softmax(0)", |x| x.permute(&[1, 0])?.log_softmax(0)?.permute(&[1, 0]), Shifts::No),
        ("logsumexp", |x| x.logsumexp(1), Shifts::Along),
        ("logsumexp(0)", |x| x.permute(&[1, 0])?.logsumexp(0), Shifts::Along),
        ("cross_entropy", |x| x.cross_entropy(&Tensor::from([1])), Shifts::No),
    ];
    let mut wrong = Vec::new();
    for largest in [0.0f32, 0.1, -3.7, 13.3, 61.7, -250.3] {
        for below in [0.4f32, 3.3, 9.1, 17.9, 33.3] {
            // The second of the others is the target.
            let x: Vec<f32> = [0.0, 1.0, 0.37, 2.45].iter().map(|times| largest - times * below).collect();
            let x = Tensor::from_vec(x, &[1, 4])?;
            for (name, op, _) in ops {
                let (got, want) = (all_digits(op, &x)?, all_digits(op, &x.to_dtype(DType::F64))?);
                for ((what, k, got), (.., value)) in got.iter().zip(&want) {
                    // Two differences there are: m + ln Σ near its zero, and 1 − 2y in y″ of softmax, near ½.
                    let cancels = match (name, *what) {
                        ("logsumexp" | "logsumexp(0)", "value") => value[0].abs() < 1.0,
                        ("softmax", "second") => (want[0].2[*k] - 0.5).abs() < 0.25,
                        _ => false,
                    };
                    let error = ulps(got, value, DType::F32);
                    let near = error <= 4.0 || cancels && error.is_finite();
                    if !near {
                        wrong.push(format!("{name} of {x:?}, {what}: {error:.1} ulp, {got:?}, not {value:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

#[test]
fn equal_elements_do_not_vary() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        for value in [0.1, -1.0 / 3.0, 1e8 + 1.0, 1e-30, 3e38] {
            for (rows, width) in [(1, 2), (2, 3), (2, 7), (1, 1000), (1, 5001)] {
                let x = Tensor::full(&[rows, width], value, dtype)?;
                for (name, op, _) in BY_MEAN.into_iter().filter(|(name, ..)| rows > 1 || !name.ends_with("(0)")) {
                    let [y, fused, recorded, second] = all_of(op, &x)?;
                    let what = format!("{name} of {value} × [{rows}, {width}] in {dtype}");
                    let zero = |x: &[f64]| x.iter().all(|x| *x == 0.0);
                    assert!(zero(&y), "{what}: {y:?}");
                    assert!(zero(&fused) && zero(&recorded), "{what}: gradients {fused:?}, {recorded:?}");
                    assert!(second.iter().all(|x| x.is_finite()), "{what}: second {second:?}");
                    assert!(name.starts_with("var") || zero(&second), "{what}: second {second:?}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn variance_keeps_its_digits_beside_a_large_mean() -> Result<()> {
    let big = f32::powi(2.0, 24);
    assert_eq!(Tensor::from([big, big + 2.0]).var(0.0)?.item::<f32>()?, 1.0);
    for offset in [0.0f32, 1e3, 1e5, 1e7] {
        for n in [2usize, 5, 33, 1000, 10_000] {
            let x: Vec<f32> = (0..n).map(|i| offset + ((i * 7919) % 13) as f32).collect();
            let exact: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
            let mean = exact.iter().sum::<f64>() / n as f64;
            let want = exact.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
            let x = Tensor::from_vec(x, &[n])?.requires_grad();
            let y = x.var(0.0)?;
            assert!(
                ulps(&y.to_f64s(), &[want], DType::F32) <= 8.0,
                "{offset} + .. of {n}: {:?}, not {want}",
                y.to_f64s()
            );
            let gradient: Vec<f64> = exact.iter().map(|x| 2.0 * (x - mean) / n as f64).collect();
            for got in [y.backward_keep()?.get(&x).expect("a leaf").to_f64s(), grad(&y, &[&x])?[0].to_f64s()] {
                assert!(
                    apart(&got, &gradient) < 1e-6,
                    "{offset} + .. of {n}: gradient off {:e}",
                    apart(&got, &gradient)
                );
            }
        }
    }
    // One far element must not blur the others.
    let x: Vec<f32> = (0..100).map(|i| if i == 0 { 1e6 } else { 1.0 + i as f32 * 0.01 }).collect();
    let exact: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    let mean = exact.iter().sum::<f64>() / 100.0;
    let want = exact.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 100.0;
    assert!(ulps(&Tensor::from_vec(x, &[100])?.var(0.0)?.to_f64s(), &[want], DType::F32) <= 8.0);
    Ok(())
}

#[test]
fn products_of_many_and_of_none_have_gradients() -> Result<()> {
    let n = 10_000;
    let x =
        Tensor::from_vec((0..n).map(|i| 1.0 + f64::from(i % 7 - 3) * 1e-3).collect(), &[n as usize])?.requires_grad();
    let y = x.prod()?;
    let recorded = grad(&y, &[&x])?.remove(0);
    let fused = y.backward_keep()?.get(&x).expect("a leaf").to_f64s();
    assert!(apart(&recorded.to_f64s(), &fused) < 1e-12);
    for shape in [&[0][..], &[3, 0], &[0, 3], &[2, 0, 3]] {
        for dim in 0..shape.len() as isize {
            let x = Tensor::zeros(shape, DType::F64)?.requires_grad();
            let y = x.prod_dim(&[dim][..])?.sum();
            assert_eq!(y.backward_keep()?.get(&x).expect("a leaf").shape(), shape);
            assert_eq!(grad(&y, &[&x])?[0].shape(), shape);
        }
    }
    Ok(())
}

#[test]
fn a_reduction_of_a_view_has_the_bits_of_its_copy() -> Result<()> {
    type Reduction = fn(&Tensor, isize) -> Result<Tensor>;
    let reductions: [(&str, Reduction); 12] = [
        ("sum", |x, d| x.sum_dim(&[d][..])),
        ("sum of all", |x, _| Ok(x.sum())),
        ("sum over two", |x, d| x.sum_dim(&[d, (d + 2) % 3][..])),
        ("mean", |x, d| x.mean_dim(&[d][..])),
        ("mean of all", |x, _| x.mean()),
        ("prod", |x, d| x.prod_dim(&[d][..])),
        ("var", |x, d| x.var_dim(&[d][..], 1.0)),
        ("std over two", |x, d| x.std_dim(&[d, (d + 1) % 3][..], 0.0)),
        ("logsumexp", |x, d| x.logsumexp(&[d][..])),
        ("softmax", |x, d| x.softmax(d)),
        ("log_softmax", |x, d| x.log_softmax(d)),
        ("amax", |x, d| x.amax(&[d][..])),
    ];
    for dtype in [DType::F32, DType::F64] {
        let x = Tensor::randn(&[70, 66, 5], dtype, &mut autograd_core::seeded(3))?;
        let views = [
            ("permuted", x.permute(&[2, 0, 1])?),
            ("reversed", x.permute(&[2, 1, 0])?),
            ("swapped", x.permute(&[1, 0, 2])?),
            ("narrow", x.narrow(1, 3, 40)?),
            ("narrow and swapped", x.narrow(0, 1, 68)?.permute(&[0, 2, 1])?),
            ("expanded", x.narrow(1, 2, 1)?.expand(&[70, 66, 5])?),
        ];
        for (view, v) in &views {
            let copy = Tensor::from_vec(v.to_f64s(), v.shape())?.to_dtype(dtype);
            for (name, reduction) in reductions {
                for dim in 0..3 {
                    let bits = |x: &Tensor| -> Result<Vec<u64>> {
                        Ok(reduction(x, dim)?.to_f64s().into_iter().map(f64::to_bits).collect())
                    };
                    assert_eq!(bits(v)?, bits(&copy)?, "{name} along {dim} of a {view} view in {dtype}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_list_that_names_no_dim_folds_nothing() -> Result<()> {
    let x = Tensor::from([[1.0, 2.0], [3.0, 5.0]]);
    let none: [i32; 0] = [];
    for y in [x.sum_dim(none)?, x.mean_dim(none)?, x.prod_dim(none)?, x.amax(none)?, x.amin(none)?, x.logsumexp(none)?]
    {
        assert_eq!((y.shape(), y.to_f64s()), (&[2, 2][..], x.to_f64s()));
    }
    assert_eq!(x.var_dim(none, 0.0)?.to_f64s(), [0.0; 4]);
    assert_eq!(x.argmax(none)?.to_vec::<i64>()?, [0; 4]);
    assert_eq!(x.sum_dim(..)?.item::<f32>()?, 11.0);
    let tracked = x.requires_grad();
    for y in [tracked.sum_dim(none)?, tracked.prod_dim(none)?, tracked.amax(none)?, tracked.logsumexp(none)?] {
        assert_eq!(grad(&y.sum(), &[&tracked])?[0].to_f64s(), [1.0; 4]);
        assert_eq!(y.sum().backward()?.get(&tracked).expect("a leaf").to_f64s(), [1.0; 4]);
    }
    Ok(())
}

#[test]
fn a_row_with_an_infinity_has_an_infinite_sum() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        for width in [3, 200, 3000] {
            let mut row = vec![1.0; width];
            (row[1], row[2]) = (f64::INFINITY, 100.0);
            let x = Tensor::from_slice(&row, &[1, width])?.to_dtype(dtype);
            for (x, dim) in [(x.t()?, 0), (x, 1)] {
                assert_eq!(x.logsumexp(dim)?.to_f64s(), [f64::INFINITY], "{dtype}, {width}");
            }
        }
    }
    Ok(())
}

#[test]
fn rows_of_numbers_of_any_size_have_probabilities() -> Result<()> {
    let draw = |seed| Tensor::randn(&[200, 3], DType::F64, &mut autograd_core::seeded(seed));
    let (signs, sizes) = (draw(1)?.to_f64s(), draw(2)?.to_f64s());
    for (dtype, reach) in [(DType::F64, 300.0), (DType::F32, 37.0)] {
        for spread in [1.0, 3.0, reach / 3.0] {
            // Numbers of one size, near sizes, and all sizes; some rows have an infinity.
            let number = |(i, (sign, size)): (usize, (&f64, &f64))| {
                let row = reach * (i / 3) as f64 / 200.0;
                let x = sign * 10f64.powf((row + spread * size).clamp(-reach, reach));
                if i % 61 == 0 { f64::NEG_INFINITY } else { x }
            };
            let numbers = signs.iter().zip(&sizes).enumerate().map(number).collect();
            let x = Tensor::from_vec(numbers, &[200, 3])?.to_dtype(dtype);
            let rows = x.to_f64s();
            let [p, log_p] = [x.softmax(1)?, x.log_softmax(1)?].map(|y| y.to_f64s());
            let sums = x.logsumexp(1)?.to_f64s();
            for (i, row) in rows.chunks(3).enumerate() {
                let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let at = row.iter().position(|x| *x == largest).expect("there");
                let exact: Vec<f64> = row.iter().map(|x| x - largest).collect();
                let total: f64 = exact.iter().map(|d| d.exp()).sum();
                let near = |got: f64, want: f64| want.is_finite() && (got - want).abs() <= 1e-6 * want.abs().max(1.0);
                for k in 0..3 {
                    let (p, log_p) = (p[3 * i + k], log_p[3 * i + k]);
                    assert!((p - exact[k].exp() / total).abs() < 1e-6, "{dtype}: softmax of {row:?}: {p} at {k}");
                    let want = exact[k] - total.ln();
                    assert!(log_p == want || near(log_p, want), "{dtype}: log_softmax of {row:?}: {log_p}, not {want}");
                }
                assert!(near(sums[i], largest + total.ln()), "{dtype}: logsumexp of {row:?}: {}", sums[i]);
                assert!(p[3 * i + at] >= 1.0 / 3.0 - 1e-6);
            }
        }
    }
    Ok(())
}
