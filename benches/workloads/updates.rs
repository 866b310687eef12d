//! Updates without a network.

use super::{Result, Step};
use wengert::core::module::Param;
use wengert::optim::{Adam, Optimizer, by_name};
use wengert::{DType, Gradients, Tensor, seeded};

/// Adam's update alone: one tensor of 10,000,000 and 100 tensors of 1,000 parameters.
pub fn adam_10m() -> Result<Step> {
    let mut rng = seeded(7);
    let mut parameters = Vec::new();
    let mut gradients = Gradients::default();
    for len in std::iter::once(10_000_000).chain(std::iter::repeat_n(1000, 100)) {
        let parameter = Param::new(Tensor::randn(&[len], DType::F32, &mut rng)?)?;
        gradients.insert(&parameter, Tensor::randn(&[len], DType::F32, &mut rng)?)?;
        parameters.push(parameter);
    }
    let mut adam = Adam::new(1e-3);
    Ok(Box::new(move || {
        adam.step(&mut parameters, &gradients)?;
        Ok(())
    }))
}

/// The update of a matrix of 10,000,000 parameters by the optimizer of this name, with its default hyperparameters.
pub fn of(name: &str) -> Result<Step> {
    let (rng, shape) = (&mut seeded(7), [4000, 2500]);
    let mut parameter = Param::new(Tensor::randn(&shape, DType::F32, rng)?)?;
    let mut gradients = Gradients::default();
    gradients.insert(&parameter, Tensor::randn(&shape, DType::F32, rng)?)?;
    let mut optimizer = by_name(name, 1e-3)?;
    Ok(Box::new(move || {
        optimizer.step(&mut parameter, &gradients)?;
        Ok(())
    }))
}
