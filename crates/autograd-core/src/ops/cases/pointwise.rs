//! What holds for operations that treat every element by itself: no element sees another, and digits hold everywhere.

use super::Case;
use crate::tensor::{DType, Tensor};

/// Where formulas break: zeros, the smallest and the largest, infinities, NaN, the ends of exponentials, and sines'
/// long way round. Those that `F32` does not hold become infinite or zero there.
const WILD: [f64; 28] = [
    0.0,
    -0.0,
    1e-45,
    -3e-42,
    1.2e-38,
    -1e-320,
    1e-20,
    -1e-8,
    0.3,
    -0.75,
    1.0,
    -1.0,
    2.5,
    -5.5,
    9.7,
    -13.5,
    19.0,
    -38.2,
    89.0,
    -95.0,
    104.5,
    -745.0,
    3e6,
    -1e20,
    3.4e38,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// Values and gradients of a call: those of a fused walk.
fn results(case: &Case, x: &[Tensor]) -> Vec<Vec<f64>> {
    let x: Vec<Tensor> = x.iter().map(Tensor::requires_grad).collect();
    let y = case.call(&x);
    let mut all = vec![y.to_f64s()];
    if case.gradient {
        let gradients = y.backward_with(&y.detach().ones_like()).unwrap_or_else(|e| panic!("{e}"));
        all.extend(x.iter().map(|x| gradients.get(x).map_or_else(Vec::new, Tensor::to_f64s)));
    }
    all
}

/// The same bits, or NaN both.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// f of a block is f of each element alone, bit for bit, whatever lies beside it.
pub(super) fn no_element_sees_another(case: &Case) {
    if !case.elementwise {
        return;
    }
    for dtype in [DType::F32, DType::F64] {
        let inputs = case.inputs.len();
        // Every wild number meets every other at several distances, in blocks with and without a remainder.
        for (len, step) in [(67, 1), (64, 5), (33, 11)] {
            let of = |k: usize, i: usize| WILD[(i * step + k * (i / WILD.len() * 3 + 1)) % WILD.len()];
            let make = |k: usize, at: &[usize]| {
                let x: Vec<f64> = at.iter().map(|i| of(k, *i)).collect();
                Tensor::from_vec(x, &[at.len()]).expect("small").to_dtype(dtype)
            };
            let call = |at: &[usize]| results(case, &(0..inputs).map(|k| make(k, at)).collect::<Vec<_>>());
            let block = call(&(0..len).collect::<Vec<_>>());
            for i in 0..len {
                let alone = call(&[i]);
                for (what, (block, alone)) in block.iter().zip(&alone).enumerate() {
                    let (Some(block), Some(alone)) = (block.get(i), alone.first()) else { continue };
                    let x: Vec<f64> = (0..inputs).map(|k| of(k, i)).collect();
                    assert!(
                        same(*block, *alone),
                        "{dtype:?}: {x:?} gives {alone:e}, at place {i} of {len} {block:e} (0 the value, then gradients: {what})"
                    );
                }
            }
        }
    }
}

/// A unit in the last place of F32 at `x`.
fn unit(x: f64) -> f64 {
    let exponent = ((x.abs().to_bits() >> 52) as i32 - 1023).clamp(-126, 127);
    2f64.powi(exponent - 23)
}

/// How far `y`, a number of F32, is from `want` beyond what is `free`, in units of the last place of `want`.
fn ulps(y: f64, want: f64, free: f64) -> f64 {
    if y.is_nan() || want.is_nan() {
        return if y.is_nan() == want.is_nan() { 0.0 } else { f64::INFINITY };
    }
    // What is too large for F32 counts as the first number that is.
    let limit = 2f64.powi(128);
    let (y, want) = (y.clamp(-limit, limit), want.clamp(-limit, limit));
    ((y - want).abs() - free).max(0.0) / unit(want)
}

/// The value, its derivative by a fused walk, the same by a recorded one, and the second and third derivative, element
/// by element.
fn derivatives<T: crate::Element>(case: &Case, x: &[T]) -> [Option<Vec<f64>>; 5] {
    let x = Tensor::from_slice(x, &[x.len()]).expect("small").requires_grad();
    let y = case.call(std::slice::from_ref(&x));
    let value = Some(y.to_f64s());
    if !y.is_tracked() {
        return [value, None, None, None, None];
    }
    let ones = x.detach().ones_like();
    let of = |y: &Tensor| crate::grad_with(&[(y, &ones)], &[&x]).expect("tracked").remove(0);
    let next = |y: &Option<Tensor>| y.as_ref().filter(|y| y.is_tracked()).and_then(of);
    let first = of(&y);
    let second = next(&first);
    let third = next(&second);
    let fused = y.backward_with(&ones).expect("tracked").get(&x).map(Tensor::to_f64s);
    [value, fused, first.map(|g| g.to_f64s()), second.map(|g| g.to_f64s()), third.map(|g| g.to_f64s())]
}

/// In F32, value and derivatives are as near to those in F64 as the case promises, for bit patterns from everywhere.
///
/// A value counts in its own last places. A derivative that goes through zero has no last place there, and no
/// computation in F32 can know it better than its argument: it may be off by as much as it changes from x to the next
/// number, ulp(x) times the next derivative, and what is beyond that counts in its own last places. A second derivative
/// is multiplied by its last constant where it is asked for, so it may overflow within a factor of 4 of the largest
/// number.
pub(super) fn digits_hold_over_the_whole_range(case: &Case) {
    if !case.elementwise || case.inputs.len() != 1 {
        return;
    }
    let corners = [0.0, f32::from_bits(1), f32::MIN_POSITIVE, 1.0, f32::MAX, f32::INFINITY, f32::NAN];
    let patterns = (0..u32::MAX).step_by(349_529).map(f32::from_bits).filter(|x| !x.is_nan());
    // The span in which most functions bend, and a close look at where derivatives go through zero.
    let bends = (-9000..9000).map(|i| i as f32 * 0.012_345).chain((-30_000..30_000).map(|i| i as f32 * 0.000_123_4));
    let x: Vec<f32> = corners.into_iter().chain(corners.map(|x| -x)).chain(patterns).chain(bends).collect();
    let single = derivatives(case, &x);
    let double = derivatives(case, &x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>());
    let mut worst = Vec::new();
    for order in 0..4 {
        let (Some(got), Some(want)) = (&single[order], &double[order]) else { continue };
        let free = |i: usize| match (&double[order.max(2) + 1], order) {
            (Some(next), 1..) => Some(unit(f64::from(x[i])) * next[i].abs()).filter(|free| free.is_finite()),
            _ => None,
        };
        let overflows = |i: usize| order == 3 && got[i].is_infinite() && got[i] * want[i] > 0.0 && want[i].abs() > 8e37;
        let error = |i: usize| (ulps(got[i], want[i], free(i).unwrap_or(0.0)), i);
        let errors = (0..x.len()).filter(|i| !overflows(*i)).map(error);
        let (error, i) = errors.max_by(|a, b| a.0.total_cmp(&b.0)).expect("many");
        let (what, limit) = [("value", 0), ("fused derivative", 1), ("derivative", 1), ("second derivative", 2)][order];
        if error > case.ulps[limit] {
            worst.push(format!("{what}: {error:.2} ulp at {:e}: {:e}, not {:e}", x[i], got[i], want[i]));
        }
    }
    assert!(worst.is_empty(), "{}", worst.join("\n  "));
}

/// In F32, the value of two numbers is as near to that in F64 as the case promises: for bit patterns from everywhere,
/// each with a number like it, and for pairs from where most functions bend.
pub(super) fn digits_hold_of_pairs(case: &Case) {
    if !(case.elementwise && case.gradient && case.inputs.len() == 2) {
        return;
    }
    // The sum of two numbers is one of F32, too.
    let held = |x: &f32| x.abs() < f32::MAX / 4.0;
    let patterns = || (0..u32::MAX).step_by(349_529).map(f32::from_bits).filter(held);
    let others = || (0..u32::MAX).step_by(349_529).map(|bits| f32::from_bits(bits.rotate_left(11))).filter(held);
    let near = |x: f32, i: usize| f32::from_bits(x.to_bits().wrapping_add((i % 61) as u32));
    let mut pairs: Vec<(f32, f32)> = patterns().zip(others()).collect();
    pairs.extend(patterns().enumerate().flat_map(|(i, x)| [(x, near(x, i)), (-x, near(x, i))]));
    let bend = |i: usize| ((i * 7919 % 20_011) as f32 - 10_005.0) * 0.001_234_5;
    pairs.extend((0..30_000).map(|i| (bend(i), bend(i / 3 + i % 7 * 11))));
    pairs.extend((0..30_000).map(|i| (0.05 * bend(i), bend(3 * i + 1))));
    pairs.retain(|(a, b)| held(a) && held(b));
    let value = |dtype: DType| {
        let of = |x: Vec<f32>| Tensor::from_slice(&x, &[x.len()]).expect("small").to_dtype(dtype);
        let (a, b) = pairs.iter().copied().unzip();
        case.call(&[of(a), of(b)]).to_f64s()
    };
    let (single, double) = (value(DType::F32), value(DType::F64));
    let error = |(i, (got, want)): (usize, (&f64, &f64))| {
        let operand = f64::from(pairs[i].0.abs().max(pairs[i].1.abs()));
        let scale = if case.cancels && operand > want.abs() { unit(operand) / unit(*want) } else { 1.0 };
        (ulps(*got, *want, 0.0) / scale, i)
    };
    let errors = single.iter().zip(&double).enumerate().map(error);
    let (error, i) = errors.max_by(|a, b| a.0.total_cmp(&b.0)).expect("many");
    let ((a, b), got, want) = (pairs[i], single[i], double[i]);
    assert!(error <= case.ulps[0], "{error:.2} ulp at {a:e}, {b:e}: {got:e}, not {want:e}");
}
