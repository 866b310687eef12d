//! What holds where elements are not finite, or so large that their squares are not.

use super::Case;
use super::suite::{Property, case_seed};
use crate::tensor::{DType, Tensor};

pub(super) const PROPERTIES: [Property; 3] = [
    ("what is infinite may be a limit, and leaves the others their derivatives", infinite_elements_can_be_limits),
    ("both walks agree of what is not finite", walks_agree_of_what_is_not_finite),
    ("what has a value has derivatives, at any distance", values_have_derivatives),
];

/// Places, the first and the last and one between, of each input, and what is to stand there.
fn replacements(x: &[Tensor], elements: &[f64]) -> Vec<(usize, usize, f64)> {
    let floats = (0..x.len()).filter(|i| x[*i].dtype().is_float() && x[*i].numel() > 0);
    let mut places: Vec<(usize, usize)> =
        floats.flat_map(|i| [0, x[i].numel() / 2, x[i].numel() - 1].map(|place| (i, place))).collect();
    places.dedup();
    places.into_iter().flat_map(|(i, place)| elements.iter().map(move |x| (i, place, *x))).collect()
}

/// x with one element replaced.
fn replaced(x: &Tensor, place: usize, element: f64) -> Tensor {
    let mut elements = x.to_f64s();
    elements[place] = element;
    Tensor::from_vec(elements, x.shape()).expect("as many").to_dtype(x.dtype())
}

/// Finite neither, or near: infinities that meet on the way in one order, and not in another, leave NaN of either.
fn alike(a: f64, b: f64) -> bool {
    if a.is_finite() && b.is_finite() {
        (a - b).abs() <= 1e-12 * (1.0 + b.abs())
    } else {
        !a.is_finite() && !b.is_finite()
    }
}

/// Whether gradients are recorded says nothing of what they are.
fn walks_agree_of_what_is_not_finite(case: &Case) {
    if !case.gradient || case.leaves_out {
        return;
    }
    let sample = case.sample(51);
    let mut wrong = Vec::new();
    for (i, place, element) in replacements(&sample, &[f64::INFINITY, f64::NEG_INFINITY, f64::NAN]) {
        let mut x = sample.clone();
        x[i] = replaced(&x[i], place, element);
        let x: Vec<Tensor> = x.iter().map(Tensor::requires_grad).collect();
        let Ok(y) = (case.call)(&x) else { continue };
        let (seed, targets) = (case_seed(&y), x.iter().collect::<Vec<_>>());
        let (Ok(recorded), Ok(fused)) = (crate::grad_with(&[(&y, &seed)], &targets), y.backward_with(&seed)) else {
            continue;
        };
        for (k, (x, recorded)) in x.iter().zip(&recorded).enumerate() {
            let (Some(fused), Some(recorded)) = (fused.get(x), recorded) else { continue };
            let (fused, recorded) = (fused.to_f64s(), recorded.to_f64s());
            if let Some(at) = fused.iter().zip(&recorded).position(|(f, r)| !alike(*f, *r)) {
                wrong.push(format!(
                    "{element} at {place} of input {i}: gradient {k} at {at} is {:e} fused, {:e} recorded",
                    fused[at], recorded[at]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n  "));
}

/// An element of the first input that is infinite, and no more to the result than a large one, is none to the
/// derivatives of the others either, first and second: −∞ hides an element of a softmax, and what is left is
/// differentiated as ever.
fn infinite_elements_can_be_limits(case: &Case) {
    if !case.gradient {
        return;
    }
    let sample = case.sample(52);
    let all = replacements(&sample, &[f64::INFINITY, f64::NEG_INFINITY]);
    // An infinite weight is the factor of states that are 0.
    for (i, place, element) in all.into_iter().filter(|(i, ..)| *i == 0 || case.elementwise) {
        let with = |element: f64| {
            let mut x = sample.clone();
            x[i] = replaced(&x[i], place, element);
            derivatives_of_others(case, &x, [i, place])
        };
        let (Some(limit), Some(large)) = (with(element), with(element.signum() * 1e5)) else { continue };
        if limit[0].iter().zip(&large[0]).all(|(limit, large)| limit.is_finite() && alike(*limit, *large)) {
            for (order, (limit, large)) in limit.iter().zip(&large).enumerate().skip(1) {
                assert!(
                    limit.iter().zip(large).all(|(limit, large)| alike(*limit, *large)),
                    "{element} at {place} of input {i}: derivative {order} {limit:?}, not {large:?}"
                );
            }
        }
    }
}

/// The result, the gradients of its sum by a fused and by a recorded walk, and those of the sum of the squares of the
/// latter: of all elements of input i but one.
fn derivatives_of_others(case: &Case, x: &[Tensor], [i, place]: [usize; 2]) -> Option<[Vec<f64>; 4]> {
    let x: Vec<Tensor> = x.iter().map(Tensor::requires_grad).collect();
    let others = |g: &Tensor| {
        let mut g = g.to_f64s();
        g[place] = 0.0;
        g
    };
    let y = (case.call)(&x).ok()?;
    let seed = case_seed(&y);
    let first = crate::grad_with(&[(&y, &seed)], &[&x[i]]).ok()?.remove(0)?;
    let at = Tensor::from_vec((0..x[i].numel()).map(|k| k == place).collect::<Vec<bool>>(), x[i].shape()).ok()?;
    let squares = at.where_cond(&first.zeros_like(), &first).ok()?.square().sum();
    let second = if squares.is_tracked() {
        crate::grad_with(&[(&squares, &squares.detach().ones_like())], &[&x[i]]).ok()?.remove(0)
    } else {
        None
    };
    let second = second.map_or(Vec::new(), |g| others(&g));
    let fused = y.backward_with(&seed).ok()?;
    Some([y.to_f64s(), others(fused.get(&x[i])?), others(&first), second])
}

/// A derivative is a number, or infinite, where the one before is finite: up to the third of all finite x, and to the
/// second at ∞.
fn values_have_derivatives(case: &Case) {
    if !(case.elementwise && case.gradient && case.inputs.len() == 1) {
        return;
    }
    let mut wrong = Vec::new();
    for (dtype, largest) in [(DType::F32, 38), (DType::F64, 308)] {
        let powers = (-largest..=largest).map(|e| 10f64.powi(e)).chain([f64::INFINITY]);
        let x: Vec<f64> = powers.flat_map(|x| [x, -x]).chain((-400..400).map(|i| f64::from(i) * 0.25)).collect();
        let x = Tensor::from_slice(&x, &[x.len()]).expect("small").to_dtype(dtype).requires_grad();
        let ones = x.detach().ones_like();
        let mut orders = vec![case.call(std::slice::from_ref(&x))];
        for _ in 0..3 {
            let last = orders.last().expect("pushed");
            if !last.is_tracked() {
                break;
            }
            orders.extend(crate::grad_with(&[(last, &ones)], &[&x]).expect("tracked").remove(0));
        }
        let orders: Vec<Vec<f64>> = orders.iter().map(Tensor::to_f64s).collect();
        for (i, x) in x.to_f64s().into_iter().enumerate() {
            let order = orders.iter().position(|order| !order[i].is_finite()).unwrap_or(0);
            if order > 0 && orders[order][i].is_nan() && (order < 3 || x.is_finite()) {
                wrong.push(format!(
                    "{dtype:?}: derivative {order} at {x:e} is NaN; before it {:e}",
                    orders[order - 1][i]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} such\n  {}", wrong.len(), wrong[..wrong.len().min(6)].join("\n  "));
}
