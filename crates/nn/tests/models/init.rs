//! Gains, fans and boxed initialisers. Each initialiser's file tests what it draws and refuses.

use autograd_core::module::Module;
use autograd_core::{DType, EmbeddingBagOptions, EmbeddingOptions, Rng, SeededRng, Tensor, seeded};
use wengert_nn::init::{
    Initializer, Nonlinearity, calculate_gain, constant, fans, kaiming_normal, keras_defaults, pytorch_defaults,
    uniform,
};
use wengert_nn::{
    Bilinear, BilinearOptions, Conv1d, Conv2d, Conv3d, ConvOptions, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d,
    ConvTransposeOptions, EinsumDense, EinsumDenseOptions, Embedding, EmbeddingBag, LazyConv1d, Linear, LinearOptions,
    Result, materialize,
};

#[test]
fn gains_and_fans_follow_their_formulas() {
    assert!((calculate_gain(Nonlinearity::LeakyRelu(0.01)) - (2.0 / 1.0001f64).sqrt()).abs() < 1e-15);
    assert_eq!((calculate_gain(Nonlinearity::Linear), calculate_gain(Nonlinearity::Sigmoid)), (1.0, 1.0));
    let error = fans(&[usize::MAX, 1, 2]).expect_err("too large");
    assert!(error.to_string().starts_with("fans: shape [18446744073709551615, 1, 2] is too large"), "{error}");
}

#[test]
fn a_boxed_initialiser_draws_what_the_initialiser_draws() -> Result<()> {
    let plain = kaiming_normal().tensor(&[3, 2], DType::F32, &mut seeded(1))?.to_f64s();
    let boxed: Box<dyn Initializer> = Box::new(kaiming_normal());
    assert_eq!(boxed.tensor(&[3, 2], DType::F32, &mut seeded(1))?.to_f64s(), plain);
    let linear = Linear::with(2, 3, LinearOptions::new().weight(boxed).bias(false), &mut seeded(1))?;
    assert_eq!(linear.weight.to_f64s(), plain);
    Ok(())
}

#[test]
fn rows_of_padding_are_0_from_either_end() -> Result<()> {
    type Both = (Embedding, EmbeddingBag);
    type Defaults = fn(&mut Both, &mut dyn Rng) -> Result<Vec<String>>;
    let all: [Defaults; 2] = [pytorch_defaults, keras_defaults];
    for (row, zero) in [(1, 1), (-1, 2), (-3, 0)] {
        for defaults in all {
            let rng = &mut seeded(1);
            let mut both = (
                Embedding::with(3, 2, EmbeddingOptions::new().padding_idx(row), rng)?,
                EmbeddingBag::with(3, 2, EmbeddingBagOptions::new().padding_idx(row), rng)?,
            );
            assert_eq!(defaults(&mut both, rng)?, [""; 0]);
            for weight in [&both.0.weight, &both.1.weight] {
                let is_zero: Vec<bool> = weight.to_f64s().iter().map(|x| *x == 0.0).collect();
                let want: Vec<bool> = (0..6).map(|at| at / 2 == zero).collect();
                assert_eq!(is_zero, want, "{row}");
            }
        }
    }
    Ok(())
}

/// Gives what no layer asks for.
#[derive(Debug)]
struct Other;

impl Initializer for Other {
    fn tensor(&self, _: &[usize], dtype: DType, _: &mut dyn Rng) -> Result<Tensor> {
        Tensor::zeros(&[1], dtype)
    }
}

/// From lines of a layer's options, the number n in ±1/√n, and the layer: without initialisers it draws weight and bias
/// by this rule, and with them it has what they give.
macro_rules! started {
    ($($Options:ident, $n:literal, |$options:ident, $rng:ident| $layer:expr;)*) => {$(
        let make = |$options: $Options, $rng: &mut SeededRng| $layer;
        let plain = make($Options::new(), &mut seeded(3))?;
        let given = $Options::new().weight(constant(0.5)).bias_init(constant(-2.0));
        let named = make(given, &mut seeded(3))?;
        assert_eq!(named.describe(), plain.describe());
        let (rng, bound) = (&mut seeded(3), 1.0 / f64::from($n).sqrt());
        let biases = [&plain.bias, &named.bias].map(|bias| bias.as_ref().expect("a bias"));
        for (drawn, named, number) in [(&plain.weight, &named.weight, 0.5), (biases[0], biases[1], -2.0)] {
            let want = uniform(-bound, bound).tensor(drawn.shape(), DType::F32, rng)?;
            assert_eq!(drawn.to_f64s(), want.to_f64s(), "{}", plain.kind());
            assert!(named.to_f64s().iter().all(|x| *x == number), "{}", plain.kind());
        }
        let error = make($Options::new().weight(Other), &mut seeded(3)).expect_err("refused").to_string();
        let want = format!("{}: weight has shape [1], expected {:?}", plain.kind(), plain.weight.shape());
        assert_eq!(error, want);
    )*};
}

#[test]
fn weights_and_biases_start_as_the_options_say() -> Result<()> {
    started! {
        LinearOptions, 5, |options, rng| Linear::with(5, 3, options, rng);
        ConvOptions, 12, |options, rng| Conv1d::with(4, 6, 3, options, rng);
        ConvOptions, 4, |options, rng| Conv2d::with(4, 6, [2, 1], options.groups(2), rng);
        ConvOptions, 16, |options, rng| Conv3d::with(2, 2, 2, options, rng);
        ConvTransposeOptions, 18, |options, rng| ConvTranspose1d::with(4, 6, 3, options, rng);
        ConvTransposeOptions, 12, |options, rng| ConvTranspose2d::with(4, 6, 2, options.groups(2), rng);
        ConvTransposeOptions, 24, |options, rng| ConvTranspose3d::with(2, 3, 2, options, rng);
        BilinearOptions, 2, |options, rng| Bilinear::with(2, 3, 4, options, rng);
        EinsumDenseOptions, 4, |options, rng| EinsumDense::with("ab,bc->ac", &[4, 3], options.bias(&[3]), rng);
    }
    let mut lazy = LazyConv1d::with(2, 3, ConvOptions::new().weight(constant(0.5)), &mut seeded(3));
    materialize(&mut lazy, &Tensor::zeros(&[1, 4, 5], DType::F32)?)?;
    assert_eq!(lazy.get().expect("made").weight.to_f64s(), [0.5; 24]);
    Ok(())
}
