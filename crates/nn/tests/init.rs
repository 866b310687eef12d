//! Initialisers: their formulas, samples that follow them, and what they refuse.

use autograd_core::{DType, seeded};
use wengert_nn::init::{
    Distribution, FanMode, Initializer, Nonlinearity, calculate_gain, constant, fans, kaiming_normal, kaiming_uniform,
    normal, ones, uniform, xavier_normal, xavier_uniform, zeros,
};
use wengert_nn::{Linear, LinearOptions, Result};

fn text<T>(result: Result<T>) -> String {
    result.err().expect("refused").to_string()
}

/// Draws many values, and compares mean, standard deviation and bounds with what the distribution promises.
fn check(start: impl Initializer, distribution: Distribution, shape: &[usize]) -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        let values = start.tensor(shape, dtype, &mut seeded(1))?.to_f64s();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let std = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
        assert!(
            (mean - distribution.mean()).abs() < 5.0 * distribution.std() / count.sqrt() + 1e-6,
            "{distribution:?}"
        );
        assert!((std - distribution.std()).abs() < 0.05 * distribution.std() + 1e-6, "{distribution:?}: {std}");
        if let Some((low, high)) = distribution.bounds() {
            assert!(values.iter().all(|v| (low - 1e-6..=high + 1e-6).contains(v)), "{distribution:?}");
        }
        assert_eq!(values, start.tensor(shape, dtype, &mut seeded(1))?.to_f64s(), "same seed, same bits");
    }
    Ok(())
}

#[test]
fn samples_follow_their_distribution() -> Result<()> {
    let shape = &[80, 100];
    for start in
        [zeros(), ones(), constant(0.3), uniform(-0.3, 0.2), uniform(1.0, 1.0), normal(2.0, 0.1), normal(1.0, 0.0)]
    {
        check(start, start, shape)?;
    }
    for start in [xavier_uniform(), xavier_normal().gain(1.5)] {
        check(start, start.distribution(shape)?, shape)?;
    }
    for mode in [FanMode::FanIn, FanMode::FanOut] {
        for start in
            [kaiming_uniform().mode(mode), kaiming_normal().mode(mode).nonlinearity(Nonlinearity::LeakyRelu(0.2))]
        {
            check(start, start.distribution(shape)?, shape)?;
        }
    }
    Ok(())
}

#[test]
fn formulas() -> Result<()> {
    let shape = [6, 3, 5, 5]; // fan_in 75, fan_out 150
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} {b}");
    near(xavier_uniform().gain(2.0).distribution(&shape)?.bounds().expect("uniform").1, 2.0 * (6.0 / 225.0f64).sqrt());
    near(xavier_normal().gain(2.0).distribution(&shape)?.std(), 2.0 * (2.0 / 225.0f64).sqrt());
    let tanh = kaiming_uniform().mode(FanMode::FanOut).nonlinearity(Nonlinearity::Tanh).distribution(&shape)?;
    near(tanh.bounds().expect("uniform").1, 5.0 / 3.0 * (3.0 / 150.0f64).sqrt());
    near(kaiming_normal().nonlinearity(Nonlinearity::Selu).distribution(&shape)?.std(), 0.75 / 75f64.sqrt());
    near(calculate_gain(Nonlinearity::LeakyRelu(0.01)), (2.0 / 1.0001f64).sqrt());
    assert_eq!((calculate_gain(Nonlinearity::Linear), calculate_gain(Nonlinearity::Sigmoid)), (1.0, 1.0));
    Ok(())
}

#[test]
fn a_boxed_initialiser_draws_what_the_initialiser_draws() -> Result<()> {
    let boxed: Box<dyn Initializer> = Box::new(kaiming_normal());
    let (a, b) = (
        boxed.tensor(&[3, 2], DType::F64, &mut seeded(1))?,
        kaiming_normal().tensor(&[3, 2], DType::F64, &mut seeded(1))?,
    );
    assert_eq!(a.to_f64s(), b.to_f64s());
    let twice: Box<dyn Initializer> = Box::new(boxed);
    let linear = Linear::with(2, 3, LinearOptions::new().weight(twice).bias(false), &mut seeded(1))?;
    assert_eq!(linear.weight.to_f64s(), kaiming_normal().tensor(&[3, 2], DType::F32, &mut seeded(1))?.to_f64s());
    Ok(())
}

#[test]
fn bad_arguments_are_refused() {
    let mut rng = seeded(0);
    let mut draw = |start: Distribution| text(start.tensor(&[2], DType::F32, &mut rng));
    assert_eq!(draw(uniform(f64::NAN, 1.0)), "uniform: a is NaN, it must be finite");
    assert_eq!(draw(uniform(1.0, 0.0)), "uniform: b is 0.0, it must be finite and not below a");
    assert_eq!(draw(normal(f64::INFINITY, 1.0)), "normal: mean is inf, it must be finite");
    assert_eq!(draw(normal(0.0, -1.0)), "normal: std is -1.0, it must be finite and at least 0");
    assert_eq!(
        text(zeros().tensor(&[2], DType::I64, &mut rng)),
        "constant: dtype is I64, expected F32 or F64; to_dtype converts"
    );
    let no_fans = "fans: the weight has shape [3], expected at least two dimensions";
    assert_eq!(text(xavier_normal().tensor(&[3], DType::F32, &mut rng)), no_fans);
    let empty = kaiming_normal();
    assert_eq!(text(empty.distribution(&[0, 3])), "fans: the weight has shape [0, 3], expected sizes of at least 1");
    assert_eq!(
        text(xavier_uniform().gain(-1.0).distribution(&[2, 3])),
        "xavier: gain is -1.0, it must be finite and at least 0"
    );
    assert_eq!(
        text(kaiming_uniform().nonlinearity(Nonlinearity::LeakyRelu(f64::NAN)).distribution(&[2, 3])),
        "kaiming: negative slope is NaN, it must be finite"
    );
    assert!(text(fans(&[usize::MAX, 1, 2])).starts_with("fans: shape [18446744073709551615, 1, 2] is too large"));
}
