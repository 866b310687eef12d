//! Updates without a network.

use super::{Result, Step};
use wengert::core::module::Param;
use wengert::optim::{Adam, Optimizer};
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
