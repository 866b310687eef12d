//! Gains, fans and boxed initialisers. Each initialiser's file tests what it draws and refuses.

use autograd_core::{DType, EmbeddingBagOptions, EmbeddingOptions, Rng, seeded};
use wengert_nn::init::{
    Initializer, Nonlinearity, calculate_gain, fans, kaiming_normal, keras_defaults, pytorch_defaults,
};
use wengert_nn::{Embedding, EmbeddingBag, Linear, LinearOptions, Result};

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
