//! Normalisation against its formula, composed of elementary operations, over random shapes; and its corners.

use autograd_core::{DType, Result, SeededRng, Tensor, grad_with, keep, seeded};
use rand::RngExt;

/// The formula over `over`, with weights and biases of a shape that broadcasts.
fn composed(x: &Tensor, over: &[isize], affine: [&Tensor; 2], centred: bool, eps: f64) -> Result<Tensor> {
    let d = if centred { x.try_sub(&x.mean_dim(keep(over))?)? } else { x.clone() };
    let inverse = d.square().mean_dim(keep(over))?.add_scalar(eps).rsqrt();
    d.try_mul(&inverse)?.try_mul(affine[0])?.try_add(affine[1])
}

type Formula = fn(&[Tensor]) -> Result<Tensor>;
type Named<'f> = (&'f str, &'f dyn Fn(&[Tensor]) -> Result<Tensor>);

/// x, weight and bias give y by the operation, and by the formula.
struct Twins<'t> {
    what: String,
    shapes: [Vec<usize>; 2],
    fused: &'t dyn Fn(&[Tensor]) -> Result<Tensor>,
    composed: &'t dyn Fn(&[Tensor]) -> Result<Tensor>,
}

fn near(got: &Tensor, want: &Tensor, tolerance: f64, what: &str) {
    assert_eq!(got.shape(), want.shape(), "{what}");
    let scale = want.to_f64s().iter().fold(1.0, |most: f64, x| most.max(x.abs()));
    for (got, want) in got.to_f64s().into_iter().zip(want.to_f64s()) {
        let near = want.is_finite() && (got - want).abs() <= tolerance * scale;
        assert!(near, "{what}: {got} instead of {want}");
    }
}

/// Value, gradients of a plain and of a recorded walk, and gradients of these.
fn derivatives(f: &dyn Fn(&[Tensor]) -> Result<Tensor>, x: &[Tensor], seed: &Tensor) -> Result<Vec<Tensor>> {
    let x: Vec<Tensor> = x.iter().map(Tensor::requires_grad).collect();
    let leaves: Vec<&Tensor> = x.iter().collect();
    let y = f(&x)?;
    let recorded: Vec<Tensor> = grad_with(&[(&y, seed)], &leaves)?.into_iter().flatten().collect();
    let sum =
        recorded.iter().try_fold(Tensor::scalar(0.0).to_dtype(y.dtype()), |sum, g| sum.try_add(&g.square().sum()))?;
    let second = grad_with(&[(&sum, &sum.detach().ones_like())], &leaves)?;
    let second = second.into_iter().zip(&x).map(|(g, x)| g.unwrap_or_else(|| x.detach().zeros_like()));
    let plain = f(&x)?.backward_with(seed)?;
    let plain = x.iter().map(|x| plain.get(x).cloned().expect("a leaf"));
    Ok([y.detach()].into_iter().chain(plain).chain(recorded.iter().map(Tensor::detach)).chain(second).collect())
}

fn agree(twins: &Twins<'_>, rng: &mut SeededRng) -> Result<()> {
    let mut draw = |shape: &[usize]| Tensor::randn(shape, DType::F64, rng);
    let x = [draw(&twins.shapes[0])?, draw(&twins.shapes[1])?, draw(&twins.shapes[1])?];
    let seed = draw(&twins.shapes[0])?;
    let want = derivatives(twins.composed, &x, &seed)?;
    for (i, (got, want)) in derivatives(twins.fused, &x, &seed)?.iter().zip(&want).enumerate() {
        near(got, want, 1e-10, &format!("{}, number {i}", twins.what));
    }
    // In F32 to its digits.
    let single = |x: &Tensor| x.to_dtype(DType::F32);
    let got = derivatives(twins.fused, &x.each_ref().map(single), &single(&seed))?;
    for (i, (got, want)) in got.iter().zip(&want).take(7).enumerate() {
        near(got, want, 2e-5, &format!("{} in F32, number {i}", twins.what));
    }
    Ok(())
}

#[test]
fn layers_are_their_formula() -> Result<()> {
    let mut rng = seeded(1);
    for width in [1, 2, 7, 63, 64, 65, 130, 1025, 2500] {
        let rows = rng.random_range(1..40);
        let shapes = [vec![rows, width], vec![width]];
        let what = format!("{rows} rows of {width}");
        let (fused, twin): (Formula, Formula) = (
            |x| x[0].layer_norm(x[1].shape(), Some(&x[1]), Some(&x[2]), 1e-3),
            |x| composed(&x[0], &[-1], [&x[1], &x[2]], true, 1e-3),
        );
        agree(&Twins { what: what.clone(), shapes: shapes.clone(), fused: &fused, composed: &twin }, &mut rng)?;
        let (fused, twin): (Formula, Formula) = (
            |x| x[0].rms_norm(x[1].shape(), Some(&x[1]), Some(1e-3))?.try_add(&x[2]),
            |x| composed(&x[0], &[-1], [&x[1], &x[2]], false, 1e-3),
        );
        agree(&Twins { what: format!("{what}, by squares"), shapes, fused: &fused, composed: &twin }, &mut rng)?;
    }
    Ok(())
}

#[test]
fn channels_and_groups_are_their_formula() -> Result<()> {
    let mut rng = seeded(2);
    for length in [1, 2, 15, 16, 17, 70, 1030] {
        let [n, groups, of_group] = [0; 3].map(|_| rng.random_range(1..5));
        let (n, channels) = (if length < 100 { n + 40 } else { n + 1 }, groups * of_group);
        let shapes = [vec![n, channels, length], vec![channels]];
        let of_channels = move |x: &[Tensor]| [1, 2].map(|i| x[i].reshape(&[channels, 1]));
        let what = format!("{n} samples of {groups} groups of {of_group} channels of {length}");
        let twin = move |x: &[Tensor]| {
            let [w, b] = of_channels(x);
            composed(&x[0], &[0, 2], [&w?, &b?], true, 1e-3)
        };
        let fused = |x: &[Tensor]| Ok(x[0].batch_norm(Some(&x[1]), Some(&x[2]), 1e-3)?.0);
        agree(
            &Twins { what: format!("{what}: batch"), shapes: shapes.clone(), fused: &fused, composed: &twin },
            &mut rng,
        )?;
        let twin = move |x: &[Tensor]| {
            let [w, b] = [1, 2].map(|i| x[i].reshape(&[1, groups, of_group, 1]));
            let seen = x[0].reshape(&[n, groups, of_group, length])?;
            composed(&seen, &[2, 3], [&w?, &b?], true, 1e-3)?.reshape(&[n, channels, length])
        };
        let fused = move |x: &[Tensor]| x[0].group_norm(groups, Some(&x[1]), Some(&x[2]), 1e-3);
        agree(
            &Twins { what: format!("{what}: groups"), shapes: shapes.clone(), fused: &fused, composed: &twin },
            &mut rng,
        )?;
        let given = Tensor::rand(&[channels], DType::F64, &mut rng)?;
        let by = |x: &Tensor| given.to_dtype(x.dtype());
        let twin = |x: &[Tensor]| {
            let ([w, b], given) = (of_channels(x), by(&x[0]).reshape(&[channels, 1])?);
            x[0].try_sub(&given)?.try_mul(&given.add_scalar(1e-3).rsqrt())?.try_mul(&w?)?.try_add(&b?)
        };
        let fused = |x: &[Tensor]| x[0].batch_norm_eval(&by(&x[0]), &by(&x[0]), Some(&x[1]), Some(&x[2]), 1e-3);
        agree(&Twins { what: format!("{what}: given"), shapes, fused: &fused, composed: &twin }, &mut rng)?;
    }
    Ok(())
}

/// The same numbers as rows, as groups, and as channels of each kind.
fn all_ways(row: &[f64], dtype: DType) -> Result<Vec<Vec<f64>>> {
    let n = row.len();
    let x = |shape: &[usize]| Tensor::from_slice(row, shape)?.to_dtype(dtype).requires_grad().reshape(shape);
    Ok(vec![
        x(&[1, n])?.layer_norm(&[n], None, None, 0.0)?.to_f64s(),
        x(&[1, 1, n])?.group_norm(1, None, None, 0.0)?.to_f64s(),
        x(&[1, 1, n])?.instance_norm(None, None, 0.0)?.to_f64s(),
        x(&[n, 1])?.batch_norm(None, None, 0.0)?.0.to_f64s(),
        x(&[1, 1, n])?.batch_norm(None, None, 0.0)?.0.to_f64s(),
    ])
}

#[test]
fn squares_may_overflow_and_what_is_common_does_not_count() -> Result<()> {
    let ramp = |scale: f64, common: f64| (0..20).map(|i| common + scale * f64::from(i)).collect::<Vec<_>>();
    let want = all_ways(&ramp(1.0, 0.0), DType::F64)?[0].clone();
    let rows = [
        (ramp(1e30, 0.0), DType::F32, 1e-5),
        (ramp(1e300, 0.0), DType::F64, 1e-12),
        (ramp(-1e300, 1e300), DType::F64, 1e-12),
        (ramp(1.0, f64::from(1 << 23)), DType::F32, 1e-5),
        (ramp(1.0, 2f64.powi(52)), DType::F64, 1e-12),
        (ramp(1e-15, 0.0), DType::F32, 1e-5),
    ];
    for (row, dtype, tolerance) in rows {
        let sign = if row[1] < row[0] { -1.0 } else { 1.0 };
        for (way, got) in all_ways(&row, dtype)?.into_iter().enumerate() {
            for (got, want) in got.iter().zip(&want) {
                assert!((got - sign * want).abs() < tolerance, "way {way} of {row:?}: {got} instead of {want}");
            }
        }
    }
    Ok(())
}

#[test]
fn equal_elements_give_the_bias_and_nothing_else() -> Result<()> {
    let b = Tensor::from([0.25, -3.0]);
    for value in [0.1, 1e30, -7e-20] {
        for n in [3, 15, 16, 33, 200] {
            let x = Tensor::full(&[n, 2, n], value, DType::F32)?;
            let want: Vec<f64> = (0..n * 2 * n).map(|i| [0.25, -3.0][i / n % 2]).collect();
            assert_eq!(x.batch_norm(None, Some(&b), 1e-5)?.0.to_f64s(), want);
            assert_eq!(x.group_norm(2, None, Some(&b), 1e-5)?.to_f64s(), want);
            let (_, mean, var) = x.batch_norm(None, None, 1e-5)?;
            assert_eq!((mean.to_f64s(), var.to_f64s()), (vec![f64::from(value as f32); 2], vec![0.0; 2]));
        }
    }
    Ok(())
}

#[test]
fn what_is_no_number_stays_in_its_row() -> Result<()> {
    for bad in [f64::NAN, f64::INFINITY] {
        let x = Tensor::from_slice(&[1.0, bad, 2.0, 5.0, 3.0, 4.0], &[2, 3])?;
        let y = x.layer_norm(&[3], None, None, 1e-5)?.to_f64s();
        assert!(y[..3].iter().all(|y| y.is_nan()) && y[3..].iter().all(|y| y.is_finite()), "{y:?}");
        let (y, mean, var) = x.batch_norm(None, None, 1e-5)?;
        let (y, mean, var) = (y.to_f64s(), mean.to_f64s(), var.to_f64s());
        assert!(y[1].is_nan() && y[4].is_nan() && y[0].is_finite() && y[5].is_finite(), "{y:?}");
        assert!(!mean[1].is_finite() && !var[1].is_finite() && mean[0] == 3.0 && var[0] == 8.0);
    }
    // As in PyTorch, the infinite element of a row without a mean is NaN, the others are 0.
    let y = Tensor::from([1.0, f32::INFINITY]).rms_norm(&[2], None, None)?.to_f64s();
    assert!(y[0] == 0.0 && y[1].is_nan());
    Ok(())
}

#[test]
fn nothing_is_normalised_without_an_error() -> Result<()> {
    for shape in [[0, 2, 3], [2, 0, 3], [2, 2, 0]] {
        let x = Tensor::zeros(&shape, DType::F32)?;
        let w = Tensor::ones(&[shape[1]], DType::F32)?.requires_grad();
        let (y, mean, _) = x.batch_norm(Some(&w), None, 1e-5)?;
        assert_eq!((y.shape(), mean.shape()), (&shape[..], &shape[1..2]));
        assert!(mean.to_f64s().iter().all(|mean| mean.is_nan()));
        let grads = y.sum().backward()?;
        assert_eq!(grads.get(&w).map(Tensor::to_f64s), Some(vec![0.0; shape[1]]));
        assert_eq!(x.instance_norm(Some(&w), None, 1e-5)?.shape(), shape);
    }
    Ok(())
}

#[test]
fn rows_beyond_the_range_of_squares_are_normalised_in_both_walks() -> Result<()> {
    let line = [1.0, 3.0, 2.0, 6.0];
    let mean = 3.0;
    let deviation = 3.5f64.sqrt();
    // Without ε also where squares vanish.
    for (dtype, size, eps) in [
        (DType::F32, 1e25, 1e-5),
        (DType::F32, 1e-25, 0.0),
        (DType::F32, 1e-21, 0.0),
        (DType::F32, 1e12, 0.0),
        (DType::F64, 1e200, 1e-5),
        (DType::F64, 1e-200, 0.0),
    ] {
        let x = Tensor::from_slice(&line.map(|x| x * size), &[4])?.to_dtype(dtype);
        let weight = Tensor::ones(&[4], dtype)?;
        let seed = Tensor::from([1.0, -2.0, 0.5, 1.5]).to_dtype(dtype);
        let layer = |x: &[Tensor]| x[0].layer_norm(&[4], Some(&x[1]), None, eps);
        let rows = |x: &[Tensor]| x[0].rms_norm(&[4], Some(&x[1]), Some(eps));
        let channels =
            |x: &[Tensor]| x[0].reshape(&[4, 1])?.batch_norm(Some(&x[1].narrow(0, 0, 1)?), None, eps)?.0.reshape(&[4]);
        let all: [Named<'_>; 3] = [("layer_norm", &layer), ("rms_norm", &rows), ("batch_norm", &channels)];
        for (name, f) in all {
            let got = derivatives_of_first_order(f, &[x.clone(), weight.clone()], &seed)?;
            let what = format!("{name} of {size} in {dtype}");
            if name != "rms_norm" {
                let expected = line.map(|x| (x - mean) / deviation);
                near(&got[0].to_dtype(DType::F64), &Tensor::from_slice(&expected, &[4])?, 1e-6, &what);
            }
            // Of x in units of its size, which are within the range.
            near(&got[1].mul_scalar(size), &got[3].mul_scalar(size), 1e-5, &format!("{what}, x"));
            near(&got[2], &got[4], 1e-5, &format!("{what}, weight"));
            assert!(got[1].to_f64s().iter().any(|g| g.abs() * size > 1e-2), "{what}: {:?}", got[1].to_f64s());
        }
    }
    Ok(())
}

/// Value, gradients of a plain walk, and those of a recorded one.
fn derivatives_of_first_order(
    f: &dyn Fn(&[Tensor]) -> Result<Tensor>,
    x: &[Tensor],
    seed: &Tensor,
) -> Result<Vec<Tensor>> {
    let x: Vec<Tensor> = x.iter().map(Tensor::requires_grad).collect();
    let leaves: Vec<&Tensor> = x.iter().collect();
    let y = f(&x)?;
    let recorded = grad_with(&[(&y, seed)], &leaves)?.into_iter().map(|g| g.expect("tracked").detach());
    let plain = f(&x)?.backward_with(seed)?;
    let plain = x.iter().map(|x| plain.get(x).cloned().expect("a leaf"));
    Ok([y.detach()].into_iter().chain(plain).chain(recorded).collect())
}
