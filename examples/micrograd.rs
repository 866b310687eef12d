//! Neuron, layer and network on the scalar tape, trained on two moons: every number of the network is a variable.
//!
//! ```text
//! cargo run --release --example micrograd
//! ```
//!
//! The network is generic over its numbers. On floats it predicts; on variables of a tape it is trained. A step makes
//! variables of the parameters, computes the loss, walks back once, and clears the tape, which keeps its memory.

use std::time::{Duration, Instant};
use wengert::core::RngExt;
use wengert::core::scalar::{Scalar, Tape, Var};
use wengert::{SeededRng, data, seeded};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const STEPS: u32 = 500;

/// `y = Σ wᵢ xᵢ + b`
struct Neuron<S> {
    weights: Vec<S>,
    bias: S,
}

impl<S: Scalar> Neuron<S> {
    fn forward(&self, x: &[S]) -> S {
        self.weights.iter().zip(x).fold(self.bias, |sum, (w, x)| sum + *w * *x)
    }
}

/// Neurons that have the same inputs.
struct Layer<S> {
    neurons: Vec<Neuron<S>>,
}

/// Layers one after the other, tanh between them.
struct Mlp<S> {
    layers: Vec<Layer<S>>,
}

impl Mlp<f64> {
    /// Weights are uniform, and smaller the more there are; biases are 0.
    fn new(sizes: &[usize], rng: &mut SeededRng) -> Mlp<f64> {
        let mut neuron = |inputs: usize| {
            let bound = (3.0 / inputs as f64).sqrt();
            Neuron { weights: (0..inputs).map(|_| rng.random_range(-bound..bound)).collect(), bias: 0.0 }
        };
        let mut layer = |ends: &[usize]| Layer { neurons: (0..ends[1]).map(|_| neuron(ends[0])).collect() };
        Mlp { layers: sizes.windows(2).map(&mut layer).collect() }
    }

    /// The same network on a tape, and its parameters.
    fn on<'t>(&self, tape: &'t Tape) -> (Mlp<Var<'t>>, Vec<Var<'t>>) {
        let mut parameters = Vec::new();
        let mut var = |x: f64| {
            parameters.push(tape.var(x));
            parameters[parameters.len() - 1]
        };
        let mut neuron = |neuron: &Neuron<f64>| Neuron {
            weights: neuron.weights.iter().map(|w| var(*w)).collect(),
            bias: var(neuron.bias),
        };
        let mut layer = |layer: &Layer<f64>| Layer { neurons: layer.neurons.iter().map(&mut neuron).collect() };
        (Mlp { layers: self.layers.iter().map(&mut layer).collect() }, parameters)
    }

    /// The parameters, in the order of [`Mlp::on`].
    fn parameters_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        let neurons = self.layers.iter_mut().flat_map(|layer| &mut layer.neurons);
        neurons.flat_map(|neuron| neuron.weights.iter_mut().chain([&mut neuron.bias]))
    }
}

impl<S: Scalar> Mlp<S> {
    fn forward(&self, x: [f64; 2]) -> S {
        let mut x = x.map(S::of).to_vec();
        for (i, layer) in self.layers.iter().enumerate() {
            let last = i + 1 == self.layers.len();
            let y = layer.neurons.iter().map(|neuron| neuron.forward(&x));
            x = if last { y.collect() } else { y.map(S::tanh).collect() };
        }
        x[0]
    }

    /// The hinge loss, mean of max(0, 1 − t y) over the samples; t is 1 or −1.
    fn loss(&self, samples: &[([f64; 2], f64)]) -> S {
        let hinge = |(x, t): &([f64; 2], f64)| (S::of(1.0) - S::of(*t) * self.forward(*x)).relu();
        samples.iter().map(hinge).fold(S::of(0.0), |sum, loss| sum + loss) / S::of(samples.len() as f64)
    }

    fn accuracy(&self, samples: &[([f64; 2], f64)]) -> f64 {
        let right = samples.iter().filter(|(x, t)| (self.forward(*x) > S::of(0.0)) == (*t > 0.0)).count();
        right as f64 / samples.len() as f64
    }
}

fn main() -> Result<()> {
    let mut rng = seeded(7);
    let samples = samples(200, &mut rng)?;
    let mut network = Mlp::new(&[2, 16, 16, 1], &mut rng);
    println!("{} parameters", network.parameters_mut().count());

    let mut tape = Tape::new();
    let (mut operations, mut time) = (0, Duration::ZERO);
    for step in 0..=STEPS {
        let start = Instant::now();
        let (on_tape, parameters) = network.on(&tape);
        let loss = on_tape.loss(&samples);
        let gradients = loss.gradient(&parameters)?;
        let (value, recorded) = (loss.value(), tape.len());
        // The compiler sees to it that no variable is alive.
        tape.clear();
        time += start.elapsed();
        operations += recorded;
        if step % (STEPS / 5) == 0 {
            println!("step {step:3}: loss {value:.4}, accuracy {:.3}", network.accuracy(&samples));
        }
        let lr = 1.0 - 0.9 * f64::from(step) / f64::from(STEPS);
        network.parameters_mut().zip(gradients).for_each(|(p, g)| *p -= lr * g);
    }
    let each = time.as_secs_f64() * 1e9 / operations as f64;
    println!("{} variables in a step; {each:.1} ns for each, forward and backward", operations / (STEPS as usize + 1));
    let accuracy = network.accuracy(&samples);
    if accuracy < 0.97 {
        return Err(format!("it should have learned this by now: accuracy {accuracy}").into());
    }
    Ok(())
}

/// Two moons, the second of which has the target −1.
fn samples(n: usize, rng: &mut SeededRng) -> Result<Vec<([f64; 2], f64)>> {
    let moons = data::two_moons(n, 0.1, rng)?;
    let (x, t) = (moons.x.to_f64s(), moons.y.to_f64s());
    Ok(x.as_chunks().0.iter().zip(t).map(|(x, t)| (*x, 1.0 - 2.0 * t)).collect())
}
