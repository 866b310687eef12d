//! A small problem that all tests train on.

#![allow(dead_code, reason = "each test file uses its part")]

use autograd_core::{SeededRng, seeded};
use wengert_data::TensorDataset;
use wengert_data::sets::two_moons;
use wengert_nn::{Dropout, Layer, Linear, ReLU, Sequential, sequential};

/// A training and a validation set.
pub fn sets() -> [TensorDataset; 2] {
    let mut rng = seeded(1);
    let moons = two_moons(150, 0.1, &mut rng).expect("enough points");
    moons.split([0.8, 0.2], &mut rng).expect("enough points")
}

pub fn model(seed: u64) -> Sequential {
    make(&mut seeded(seed)).expect("good sizes")
}

pub fn make(rng: &mut SeededRng) -> wengert_nn::Result<Sequential> {
    Ok(sequential![Linear::new(2, 16, rng)?, ReLU, Dropout::new(0.2, rng)?, Linear::new(16, 2, rng)?])
}

/// Every bit of a model's state.
pub fn bits(model: &dyn Layer) -> Vec<u64> {
    let state = model.state_dict();
    state.iter().flat_map(|(_, value)| value.to_f64s()).map(f64::to_bits).collect()
}
