//! Orthogonal weights: the suite, the numbers of PyTorch, and the definition.

use super::{Orthogonal, OrthogonalMap, OrthogonalOptions};
use crate::cases::{Outcome, near};
use crate::{Conv2d, Linear, RNN};
use autograd_core::module::Module;
use autograd_core::{DType, Tensor, grad, seeded};

const NAMES: &[&str] = &["bias", "parametrizations.weight.original", "parametrizations.weight.0.base"];

fn map(map: OrthogonalMap) -> OrthogonalOptions {
    OrthogonalOptions::new().orthogonal_map(map)
}

cases![
    layer("Orthogonal", |rng| Orthogonal::new(Linear::new(3, 2, rng)?))
        .state(NAMES)
        .maps(&[4, 3], &[4, 2])
        .refuses(&[2, 4], "linear: inner dimensions differ: [2, 4] × [3, 2] (4 ≠ 3)"),
    layer("Orthogonal", |rng| Orthogonal::new(Linear::new(2, 3, rng)?)).state(NAMES).maps(&[4, 2], &[4, 3]),
    layer("Orthogonal", |rng| Orthogonal::with(Linear::new(2, 3, rng)?, map(OrthogonalMap::MatrixExp)))
        .state(NAMES)
        .maps(&[2, 2], &[2, 3]),
    layer("Orthogonal", |rng| Orthogonal::with(Linear::new(3, 2, rng)?, map(OrthogonalMap::Cayley)))
        .state(NAMES)
        .maps(&[2, 3], &[2, 2]),
    layer("Orthogonal", |rng| {
        Orthogonal::with(Linear::new(3, 2, rng)?, map(OrthogonalMap::Cayley).use_trivialization(false))
    })
    .state(&NAMES[..2])
    .maps(&[2, 3], &[2, 2]),
    layer("Orthogonal", |rng| Orthogonal::with(
        Linear::new(2, 3, rng)?,
        OrthogonalOptions::new().use_trivialization(false)
    ))
    .state(&NAMES[..2])
    .maps(&[2, 2], &[2, 3]),
    layer("Orthogonal", |rng| Orthogonal::with(RNN::new(1, 2, rng)?, OrthogonalOptions::new().name("weight_hh_l0")))
        .state(&[
            "weight_ih_l0",
            "bias_ih_l0",
            "bias_hh_l0",
            "parametrizations.weight_hh_l0.original",
            "parametrizations.weight_hh_l0.0.base",
        ])
        .maps(&[3, 1, 1], &[3, 1, 2]),
    // A batch of matrices.
    layer("Orthogonal", |rng| Orthogonal::new(Conv2d::new(1, 2, [2, 1], rng)?))
        .state(NAMES)
        .maps(&[1, 1, 3, 2], &[1, 2, 2, 2]),
    layer("Orthogonal", |rng| Orthogonal::with(Linear::new(3, 2, rng)?, OrthogonalOptions::new().name("bias")))
        .cannot_become("Orthogonal: bias has shape [2], expected [.., M, N]"),
];

/// Numbers of PyTorch for the map, without and with the base: the weight and the gradient of X, both turned over for a
/// wide weight.
#[test]
fn weights_and_gradients_are_those_of_pytorch() -> Outcome {
    use OrthogonalMap::{Cayley, Householder, MatrixExp};
    #[rustfmt::skip]
    let tall: [(OrthogonalMap, bool, [f64; 6], [f64; 6]); 6] = [
        (MatrixExp, true,
            [0.06915474653423781, -0.7446602396015751, 0.3550956421865431, -0.6034876704936126, 0.9322685803629299,
                0.28510306753649206],
            [0.0, 0.0, -0.8588987067330696, 0.0, 0.21983551529962192, -1.0782418313712998]),
        (MatrixExp, false,
            [0.8434376619669923, -0.3117282958729949, 0.5327574789784181, 0.5901750563253612, 0.06915474653423781,
                -0.7446602396015751],
            [0.0, 0.0, 0.39543616554780375, 0.0, 0.25120567104654756, 0.6614466707012421]),
        (Cayley, true,
            [0.08032128514056225, -0.7028112449799196, 0.3919678714859438, -0.629718875502008, 0.9164658634538153,
                0.33092369477911654],
            [0.0, 0.0, -0.8446799245173466, 0.0, 0.19520007741810613, -0.9296366187642136]),
        (Cayley, false,
            [0.8634538152610441, -0.30522088353413657, 0.497991967871486, 0.642570281124498, 0.08032128514056225,
                -0.7028112449799196],
            [0.0, 0.0, 0.453041079982581, 0.0, 0.24130255963613484, 0.5265398945178305]),
        (Householder, true,
            [0.44776119402985076, -0.8937022206042956, -0.053731343283582034, 0.004805242082271621,
                0.8925373134328359, 0.44863487440844557],
            [0.0, 0.0, -1.6589658188851875, 0.0, -0.1832935794272178, -1.2998215348007138]),
        (Householder, false,
            [0.4925373134328359, 0.2730251183108846, 0.746268656716418, 0.3560247542773935, 0.44776119402985076,
                -0.8937022206042956],
            [0.0, 0.0, 0.7786024373943885, 0.0, -0.4453976930056668, 1.272208262672361]),
    ];
    #[rustfmt::skip]
    let square: [(OrthogonalMap, bool, [f64; 4], f64); 6] = [
        (MatrixExp, true, [0.4144107263497765, -0.910089968017586, 0.910089968017586, 0.4144107263497765],
            -0.6939509383349335),
        (MatrixExp, false, [0.8775825618903728, -0.47942553860420295, 0.47942553860420295, 0.8775825618903728],
            0.5574198326006378),
        (Cayley, true, [0.42352941176470593, -0.9058823529411765, 0.9058823529411765, 0.42352941176470593],
            -0.6355709342560555),
        (Cayley, false, [0.8823529411764706, -0.47058823529411764, 0.47058823529411764, 0.8823529411764706],
            0.5425605536332179),
        (Householder, true, [0.0, 1.0, 1.0, 0.0], 1.28),
        (Householder, false, [0.6, 0.8, 0.8, -0.6], 1.408),
    ];
    let mut table = Vec::new();
    for (map, based, value, gradient) in &tall {
        let (x, r) = ([-1.0, 0.2, 0.5, -1.0, 0.3, -0.8], [0.3, -0.5, 0.9, 1.1, 0.2, -0.4]);
        let b = [0.0, 0.0, 1.0, 0.8, -0.6, 0.0, 0.6, 0.8, 0.0];
        let matrix = |x: &[f64]| Tensor::from_slice(x, &[3, 2]);
        table.push((
            *map,
            based,
            matrix(&x)?,
            matrix(&r)?,
            matrix(value)?,
            matrix(gradient)?,
            Tensor::from_slice(&b, &[3, 3])?,
        ));
    }
    for (map, based, value, gradient) in &square {
        let (x, r, b) = ([-1.0, 0.2, 0.5, 1.0], [0.3, -0.5, 0.9, 1.1], [0.8, -0.6, 0.6, 0.8]);
        let matrix = |x: &[f64]| Tensor::from_slice(x, &[2, 2]);
        let gradient = [0.0, 0.0, *gradient, 0.0];
        table.push((*map, based, matrix(&x)?, matrix(&r)?, matrix(value)?, matrix(&gradient)?, matrix(&b)?));
    }
    for (orthogonal_map, based, x, factors, value, gradient, base) in table {
        for turned in [false, true] {
            let turn = |x: &Tensor| if turned { x.transpose(0, 1) } else { Ok(x.clone()) };
            if turned && x.shape() == [2, 2] {
                continue;
            }
            let options = map(orthogonal_map).use_trivialization(*based);
            let mut layer = Orthogonal::with(Linear::from_tensors(turn(&x)?.contiguous(), None)?, options)?;
            let mut state = layer.state_dict();
            state.insert("parametrizations.weight.original", turn(&x)?.contiguous());
            if *based {
                state.insert("parametrizations.weight.0.base", base.clone());
            }
            layer.load_state_dict(&state)?;
            let got = layer.value()?;
            near(&turn(&got)?.to_f64s(), &value.to_f64s(), 1e-14)?;
            let slope = grad(&turn(&got)?.try_mul(&factors)?.sum(), &[layer.parameters()[0]])?;
            near(&turn(&slope[0])?.to_f64s(), &gradient.to_f64s(), 1e-13)?;
        }
    }
    Ok(())
}

/// The orthogonal factor with a positive triangular diagonal, as PyTorch's; a weight that is orthogonal stays what it
/// is.
#[test]
fn it_starts_from_the_orthogonal_factor_of_the_weight() -> Outcome {
    let weight = Tensor::from_vec(vec![0.5, -1.2, 0.3, 0.8, 0.4, -0.7], &[2, 3])?;
    #[rustfmt::skip]
    let wide = [0.3747658444979307, -0.8994380267950338, 0.22485950669875845, 0.7906978621135552, 0.1834378724087533,
        -0.5840782805542448];
    for options in
        [OrthogonalOptions::new(), OrthogonalOptions::new().use_trivialization(false), map(OrthogonalMap::Cayley)]
    {
        let layer = Orthogonal::with(Linear::from_tensors(weight.clone(), None)?, options.clone())?;
        let value = layer.value()?.detach();
        near(&value.to_f64s(), &wide, 1e-14)?;
        let again = Orthogonal::with(Linear::from_tensors(value.clone(), None)?, options)?;
        near(&again.fold()?.weight.to_f64s(), &value.to_f64s(), 1e-14)?;
    }
    // Without columns to stand on: a matrix of zeros, and one with a zero column.
    for weight in [Tensor::zeros(&[3, 2], DType::F64)?, Tensor::from_vec(vec![0.0, 1.0, 0.0, 2.0, 0.0, 2.0], &[3, 2])?]
    {
        for base in [true, false] {
            let options = map(OrthogonalMap::Householder).use_trivialization(base);
            let w = Orthogonal::with(Linear::from_tensors(weight.clone(), None)?, options)?.value()?;
            near(&w.transpose(0, 1)?.matmul(&w)?.to_f64s(), &[1.0, 0.0, 0.0, 1.0], 1e-14)?;
        }
    }
    Ok(())
}

/// Whatever X is, the weight is orthogonal.
#[test]
fn it_is_orthogonal_for_any_original() -> Outcome {
    let mut rng = seeded(11);
    for orthogonal_map in [OrthogonalMap::MatrixExp, OrthogonalMap::Cayley, OrthogonalMap::Householder] {
        for shape in [[1, 1], [7, 7], [9, 4], [4, 9], [6, 1]] {
            let linear = Linear::from_tensors(Tensor::randn(&shape, DType::F64, &mut rng)?, None)?;
            let mut layer = Orthogonal::with(linear, map(orthogonal_map))?;
            let mut state = layer.state_dict();
            state.insert("parametrizations.weight.original", Tensor::randn(&shape, DType::F64, &mut rng)?);
            layer.load_state_dict(&state)?;
            let w = layer.value()?;
            let turned = w.transpose(0, 1)?;
            let product = if shape[0] < shape[1] { w.matmul(&turned)? } else { turned.matmul(&w)? };
            let one = Tensor::eye(shape[0].min(shape[1]), DType::F64)?;
            near(&product.to_f64s(), &one.to_f64s(), 1e-13)?;
        }
    }
    Ok(())
}
