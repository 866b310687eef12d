//! A network small enough to compute by hand: two inputs, two hidden units with ReLU, one output.
//!
//! ```text
//! z = W1 x + b1    h = max(z, 0)    y = W2 h + b2    L = ½ (y − t)²
//! ```
//!
//! Every intermediate and every gradient is printed next to the hand formula; the program fails if one of them differs.
//! The target t is the argument, 1 by default: `cargo run --example worked_example -- 0.5`

use std::process::ExitCode;
use wengert::nn::{Layer, Linear, Module};
use wengert::optim::{Optimizer, Sgd};
use wengert::{Gradients, Tensor, tensor};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Module)]
struct Network {
    hidden: Linear,
    output: Linear,
}

fn main() -> Result<ExitCode> {
    let t: f32 = std::env::args().nth(1).map_or(Ok(1.0), |argument| argument.parse())?;
    if !t.is_finite() {
        return Err(format!("the target is {t}, it must be finite").into());
    }
    let mut checks = Checks::default();

    let x = tensor![0.5, 0.6];
    let mut network = Network {
        hidden: Linear::from_tensors(tensor![[0.1, 0.2], [0.3, 0.4]], Some(tensor![0.1, 0.2]))?,
        output: Linear::from_tensors(tensor![[0.5, 0.6]], Some(Tensor::from([0.3])))?,
    };

    println!("forward");
    let z = network.hidden.forward(&x)?;
    checks.tensor("z", "W1 x + b1", &z, &[0.1 * 0.5 + 0.2 * 0.6 + 0.1, 0.3 * 0.5 + 0.4 * 0.6 + 0.2])?;
    let h = z.relu();
    checks.tensor("h", "max(z, 0)", &h, &[0.27, 0.59])?;
    let y = network.output.forward(&h)?;
    checks.tensor("y", "W2 h + b2", &y, &[0.5 * 0.27 + 0.6 * 0.59 + 0.3])?;
    let loss = y.add_scalar(-f64::from(t)).square().mul_scalar(0.5).sum();
    let delta = 0.789 - f64::from(t);
    checks.tensor("L", "½ (y − t)²", &loss, &[0.5 * delta * delta])?;

    println!("\nbackward, with δ = ∂L/∂y = y − t = {delta:.3}");
    let gradients = loss.backward()?;
    // Both z are positive, so ReLU passes everything on: ∂L/∂z = δ W2.
    let (gz1, gz2) = (0.5 * delta, 0.6 * delta);
    let expected: [(&str, &str, &Tensor, &[f64]); 4] = [
        ("∂L/∂W2", "δ hᵀ", &network.output.weight, &[delta * 0.27, delta * 0.59]),
        ("∂L/∂b2", "δ", bias(&network.output)?, &[delta]),
        ("∂L/∂W1", "(δ W2)ᵀ xᵀ", &network.hidden.weight, &[gz1 * 0.5, gz1 * 0.6, gz2 * 0.5, gz2 * 0.6]),
        ("∂L/∂b1", "(δ W2)ᵀ", bias(&network.hidden)?, &[gz1, gz2]),
    ];
    for (name, formula, parameter, by_hand) in expected {
        checks.tensor(name, formula, gradient(&gradients, parameter)?, by_hand)?;
    }

    println!("\none step of gradient descent, p ← p − 0.1 ∂L/∂p");
    Sgd::new(0.1).step(&mut network, &gradients)?;
    let w1 = [0.1 - 0.1 * gz1 * 0.5, 0.2 - 0.1 * gz1 * 0.6, 0.3 - 0.1 * gz2 * 0.5, 0.4 - 0.1 * gz2 * 0.6];
    let b1 = [0.1 - 0.1 * gz1, 0.2 - 0.1 * gz2];
    let w2 = [0.5 - 0.1 * delta * 0.27, 0.6 - 0.1 * delta * 0.59];
    let b2 = 0.3 - 0.1 * delta;
    checks.tensor("W2", "W2 − 0.1 δ hᵀ", &network.output.weight, &w2)?;
    checks.tensor("b2", "b2 − 0.1 δ", bias(&network.output)?, &[b2])?;
    checks.tensor("W1", "W1 − 0.1 ∂L/∂W1", &network.hidden.weight, &w1)?;
    checks.tensor("b1", "b1 − 0.1 (δ W2)ᵀ", bias(&network.hidden)?, &b1)?;

    println!("\nforward again, where L was {:.6}", loss.item::<f32>()?);
    // Whether a unit is still above 0 depends on the target.
    let h = [(w1[0] * 0.5 + w1[1] * 0.6 + b1[0]).max(0.0), (w1[2] * 0.5 + w1[3] * 0.6 + b1[1]).max(0.0)];
    let by_hand = w2[0] * h[0] + w2[1] * h[1] + b2;
    let y = network.output.forward(&network.hidden.forward(&x)?.relu())?;
    checks.tensor("y", "W2 h + b2", &y, &[by_hand])?;
    let loss = y.add_scalar(-f64::from(t)).square().mul_scalar(0.5).sum();
    checks.tensor("L", "½ (y − t)²", &loss, &[0.5 * (by_hand - f64::from(t)).powi(2)])?;

    println!("\n{} values compared, {} differ", checks.compared, checks.wrong);
    Ok(if checks.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bias(layer: &Linear) -> Result<&Tensor> {
    Ok(layer.bias.as_deref().ok_or("the layer has no bias")?)
}

fn gradient<'g>(gradients: &'g Gradients, parameter: &Tensor) -> Result<&'g Tensor> {
    Ok(gradients.get(parameter).ok_or("the parameter takes no part in the loss")?)
}

#[derive(Default)]
struct Checks {
    compared: usize,
    wrong: usize,
}

impl Checks {
    /// Prints the elements of a tensor next to those computed by hand. f32 carries about 7 digits.
    fn tensor(&mut self, name: &str, formula: &str, tensor: &Tensor, by_hand: &[f64]) -> Result<()> {
        if tensor.numel() != by_hand.len() {
            return Err(format!("{name} has {} elements, not {}", tensor.numel(), by_hand.len()).into());
        }
        for (value, hand) in tensor.to_f64s().into_iter().zip(by_hand) {
            let right = (value - hand).abs() <= 1e-6 * hand.abs().max(1.0);
            let verdict = if right { "" } else { "   <- differs" };
            println!("  {name:<6} = {formula:<17} = {value:>9.6}   by hand {hand:>9.6}{verdict}");
            self.compared += 1;
            self.wrong += usize::from(!right);
        }
        Ok(())
    }
}
