//! Convolutional long short-term memory as Keras computes it.

use super::{ConvLSTM1d, ConvLSTM2d, ConvLSTM3d, ConvLSTMOptions, GateActivation, LSTMState, RecurrentNonlinearity};
use crate::layer::Layer;
use autograd_core::module::Param;
use autograd_core::{Padding, Result, Tensor, seeded};

/// `f(k)` as element k.
fn numbers(shape: &[usize], f: impl Fn(f64) -> f64) -> Result<Tensor> {
    Tensor::from_vec((0..shape.iter().product::<usize>()).map(|k| f(k as f64)).collect(), shape)
}

/// The parameters of the layers that Keras ran, in this library's layout.
fn fill([weight_ih, weight_hh]: [&mut Param; 2], bias: Option<&mut Param>) -> Result<()> {
    *weight_ih = Param::new(numbers(weight_ih.shape(), |k| (0.7 * k).sin())?)?;
    *weight_hh = Param::new(numbers(weight_hh.shape(), |k| (0.5 * k + 1.0).sin())?)?;
    bias.map_or(Ok(()), |bias| {
        *bias = Param::new(numbers(bias.shape(), |k| (0.3 * k + 2.0).sin())?)?;
        Ok(())
    })
}

/// The output and the last cell for `cos(0.9 k)`.
macro_rules! ran {
    ($Name:ident($inputs:literal, $outputs:literal, $kernel:expr), $options:expr, $shape:expr) => {{
        let mut layer = $Name::with($inputs, $outputs, $kernel, $options, &mut seeded(7))?;
        fill([&mut layer.weight_ih, &mut layer.weight_hh], layer.bias.as_mut())?;
        let x = numbers($shape, |k| (0.9 * k).cos())?;
        (layer.forward(&x)?, layer.run(&x, None)?.state.c)
    }};
}

/// Written by Keras 3.15, which computes some of it in F32.
#[test]
fn outputs_are_those_of_keras() -> Result<()> {
    let near = |what: &str, got: &Tensor, shape: &[usize], want: &[f64]| {
        assert_eq!(got.shape(), shape, "{what}");
        let got = got.to_f64s();
        assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-6), "{what}: {got:?} {want:?}");
    };
    let (y, c) = ran!(ConvLSTM1d(2, 1, 3), ConvLSTMOptions::new(), &[1, 2, 2, 4]);
    near("1d: y", &y, &[1, 1, 2], &[0.101318224663, -0.132744308214]);
    near("1d: c", &c, &[1, 1, 2], &[0.467793105005, -0.442569132242]);
    let (y, c) =
        ran!(ConvLSTM1d(1, 2, 2), ConvLSTMOptions::new().padding(Padding::Same).return_sequences(true), &[1, 2, 1, 3]);
    near(
        "1d same seq: y",
        &y,
        &[1, 2, 2, 3],
        &[
            -0.264381499565,
            -0.130416011872,
            0.0186507882429,
            0.0867750888191,
            -0.0376207937598,
            -0.0914496845729,
            -0.0189671654035,
            0.0247048282961,
            0.0376863985662,
            0.153022333103,
            -0.172463838908,
            -0.139156313451,
        ],
    );
    near(
        "1d same seq: c",
        &c,
        &[1, 2, 3],
        &[-0.138772561127, 0.149155205271, 0.128776659105, 0.299451564211, -0.432519396287, -0.447817342061],
    );
    let (y, c) = ran!(ConvLSTM1d(2, 1, 2), ConvLSTMOptions::new().padding(Padding::Same).stride(2), &[1, 2, 2, 5]);
    near("1d same stride: y", &y, &[1, 1, 3], &[0.165136395068, 0.291392868653, 0.173663523531]);
    near("1d same stride: c", &c, &[1, 1, 3], &[0.820844731734, 0.410307207693, 0.240444799901]);
    let (y, c) = ran!(
        ConvLSTM1d(1, 1, 2),
        ConvLSTMOptions::new().dilation(2).recurrent_activation(GateActivation::HardSigmoid),
        &[1, 2, 1, 5]
    );
    near("1d dil: y", &y, &[1, 1, 3], &[0.127392691958, 0.171414155346, 0.26204445544]);
    near("1d dil: c", &c, &[1, 1, 3], &[0.38899932125, 0.72107300421, 0.773880041766]);
    let (y, c) = ran!(
        ConvLSTM2d(1, 1, [3, 2]),
        ConvLSTMOptions::new().stride([2, 1]).padding(Padding::Same).bias(false),
        &[1, 2, 1, 4, 3]
    );
    near(
        "2d: y",
        &y,
        &[1, 1, 2, 3],
        &[0.303496979315, 0.08827370843, -0.017940044957, -0.374223557124, 0.0605741933249, 0.135055958752],
    );
    near(
        "2d: c",
        &c,
        &[1, 1, 2, 3],
        &[0.532124221599, 0.242693608099, -0.0494376872094, -0.541021876015, 0.0875029474233, 0.315304117279],
    );
    let (y, c) =
        ran!(ConvLSTM3d(1, 1, 2), ConvLSTMOptions::new().activation(RecurrentNonlinearity::ReLU), &[1, 2, 1, 2, 2, 3]);
    near("3d: y", &y, &[1, 1, 1, 1, 2], &[0.0212104250984, 0.121506824967]);
    near("3d: c", &c, &[1, 1, 1, 1, 2], &[0.0368122563113, 0.234411780987]);
    Ok(())
}

#[test]
fn weights_of_other_shapes_are_refused() -> Result<()> {
    let options = || ConvLSTMOptions::new().padding(Padding::Same).stride(2);
    let x = numbers(&[1, 2, 2, 5], |k| k)?;
    let expected = "expected 3 dimensions, [4 H, C, ..] with a tap at least";
    for (shape, text) in [(&[4, 2, 0][..], "[4, 2, 0]"), (&[4, 2][..], "[4, 2]")] {
        let mut layer = ConvLSTM1d::with(2, 1, 2, options(), &mut seeded(7))?;
        layer.weight_ih = Param::new(numbers(shape, |k| k)?)?;
        let error = layer.forward(&x).expect_err("refused").to_string();
        assert_eq!(error, format!("ConvLSTM1d: weight_ih has shape {text}, {expected}"));
        let mut layer = ConvLSTM1d::with(2, 1, 2, options(), &mut seeded(7))?;
        layer.weight_hh = Param::new(numbers(shape, |k| k)?)?;
        let error = layer.forward(&x).expect_err("refused").to_string();
        assert_eq!(error, format!("ConvLSTM1d: weight_hh has shape {text}, {expected}"));
    }
    Ok(())
}

#[test]
fn parts_of_a_sequence_are_the_whole() -> Result<()> {
    let lstm = ConvLSTM1d::with(2, 3, 2, ConvLSTMOptions::new().return_sequences(true), &mut seeded(7))?;
    let x = Tensor::randn(&[2, 5, 2, 4], autograd_core::DType::F32, &mut seeded(8))?;
    let whole = lstm.forward(&x)?;
    let first = lstm.run(&x.narrow(1, 0, 2)?, None)?;
    let LSTMState { h, c } = first.state;
    let rest = lstm.forward_all(&[x.narrow(1, 2, 3)?, h, c])?;
    let parts = Tensor::cat(&[&first.output, &rest], 1)?;
    assert!(parts.try_sub(&whole)?.abs().max()?.item::<f32>()? < 1e-6);
    Ok(())
}
