//! A weight divided by its largest singular value.

use super::parts::find;
use super::{Parametrization, Parametrized};
use crate::kinds::TRANSPOSED;
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::{Buffer, Mode};
use autograd_core::{Result, Rng, Tensor};
use wengert_derive::Module;

/// A layer whose weight is `W / σ`, where σ is the largest singular value of W: no input is made longer.
///
/// ```text
/// u ← W v / max(‖W v‖, ε)      v ← Wᵀ u / max(‖Wᵀ u‖, ε)      σ = uᵀ W v
/// ```
///
/// In training each run takes steps of the power iteration first; in evaluation u and v stay. They are buffers, and
/// start from random vectors after 15 steps. A weight of more dims is a matrix whose rows are one of its dims: the
/// first, or the second in a transposed convolution. A vector is divided by its length.
///
/// It begins in the mode of the layer. [`Linear`](crate::Linear) and the convolutions have none: around them it trains,
/// also in a model that evaluates, until the next [`eval`](autograd_core::module::Module::eval).
///
/// # Gradient
/// That of `W / σ`, where u and v are constants.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Linear, SpectralNorm};
/// let linear = Linear::from_tensors(Tensor::from([[4.0, 0.0], [0.0, 2.0]]), None)?;
/// let mut layer = SpectralNorm::new(linear, &mut autograd_core::seeded(7))?;
/// layer.eval();
/// let weight = layer.value()?.to_f64s();
/// assert!((weight[0] - 1.0).abs() < 1e-5 && (weight[3] - 0.5).abs() < 1e-5);
/// assert_eq!(layer.state_dict().iter().last().expect("v").0, "parametrizations.weight.0._v");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Miyato, Kataoka, Koyama, Yoshida, Spectral normalization for generative adversarial networks, 2018, algorithm 1.
/// PyTorch's `torch.nn.utils.parametrizations.spectral_norm`.
pub type SpectralNorm<L> = Parametrized<L, SpectralNormRule>;

/// The options of [`SpectralNorm`].
///
/// # Examples
/// ```
/// use autograd_core::module::Module;
/// use wengert_nn::{Conv2d, SpectralNorm, SpectralNormOptions};
/// let mut rng = autograd_core::seeded(7);
/// let options = SpectralNormOptions::new().name("weight").n_power_iterations(2).eps(1e-6).dim(1);
/// let layer = SpectralNorm::with(Conv2d::new(4, 6, 3, &mut rng)?, options, &mut rng)?;
/// assert_eq!(layer.state_dict().get("parametrizations.weight.0._u").expect("u").shape(), [4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SpectralNormOptions {
    name: String,
    n_power_iterations: usize,
    eps: f64,
    dim: Option<isize>,
}

impl Default for SpectralNormOptions {
    fn default() -> Self {
        SpectralNormOptions { name: "weight".into(), n_power_iterations: 1, eps: 1e-12, dim: None }
    }
}

impl SpectralNormOptions {
    /// The defaults.
    pub fn new() -> SpectralNormOptions {
        SpectralNormOptions::default()
    }

    /// The name of the parameter; default `weight`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> SpectralNormOptions {
        self.name = name.into();
        self
    }

    /// How many steps of the power iteration a run in training takes, at least 1. Default 1.
    #[must_use]
    pub fn n_power_iterations(mut self, n_power_iterations: usize) -> SpectralNormOptions {
        self.n_power_iterations = n_power_iterations;
        self
    }

    /// The least length to divide a vector by, ε ≥ 0. Default 1e-12.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> SpectralNormOptions {
        self.eps = eps;
        self
    }

    /// The dim that is the rows of the matrix; negative counts from the end. Default 0, and 1 in a transposed
    /// convolution.
    #[must_use]
    pub fn dim(mut self, dim: impl Into<Option<isize>>) -> SpectralNormOptions {
        self.dim = dim.into();
        self
    }
}

/// The rule of [`SpectralNorm`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Linear, SpectralNorm, SpectralNormRule};
/// let linear = Linear::from_tensors(Tensor::from([[3.0, 4.0]]), None)?;
/// let layer = SpectralNorm::new(linear, &mut autograd_core::seeded(7))?;
/// let rule: &SpectralNormRule = layer.rule();
/// assert_eq!(rule.state_dict().iter().map(|(name, _)| name).collect::<Vec<_>>(), ["_u", "_v"]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct SpectralNormRule {
    #[module(rename = "_u")]
    u: Option<Buffer>,
    #[module(rename = "_v")]
    v: Option<Buffer>,
    n_power_iterations: usize,
    eps: f64,
    dim: usize,
    mode: Mode,
}

impl<L: Layer + Clone> Parametrized<L, SpectralNormRule> {
    /// The layer, whose parameter `weight` is divided by its largest singular value. It trains, unless the layer has a
    /// mode and evaluates.
    ///
    /// # Errors
    /// If the layer has no such parameter, or it is a single number.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{Linear, SpectralNorm};
    /// let mut rng = autograd_core::seeded(7);
    /// let layer = SpectralNorm::new(Linear::new(3, 2, &mut rng)?, &mut rng)?;
    /// let (_, s, _) = layer.value()?.svd(autograd_core::SvdMode::Reduced)?;
    /// assert!((s.to_f64s()[0] - 1.0).abs() < 1e-3);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(layer: L, rng: &mut dyn Rng) -> Result<SpectralNorm<L>> {
        SpectralNorm::with(layer, SpectralNormOptions::new(), rng)
    }

    /// The layer with a parameter that is divided by its largest singular value. It trains, unless the layer has a mode
    /// and evaluates.
    ///
    /// # Errors
    /// If the layer has no such parameter, that is a single number or has no such dim, or an option is out of its
    /// range.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{Linear, SpectralNorm, SpectralNormOptions};
    /// let mut rng = autograd_core::seeded(7);
    /// let options = SpectralNormOptions::new().name("bias");
    /// let layer = SpectralNorm::with(Linear::new(3, 2, &mut rng)?, options, &mut rng)?;
    /// assert!((layer.value()?.vector_norm(2.0, 0)?.item::<f32>()? - 1.0).abs() < 1e-6);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(layer: L, options: SpectralNormOptions, rng: &mut dyn Rng) -> Result<SpectralNorm<L>> {
        let SpectralNormOptions { name, n_power_iterations, eps, dim } = options;
        let check = Check(SpectralNormRule::NAME);
        let weight = find(SpectralNormRule::NAME, &layer, &name)?.detach();
        check.require(n_power_iterations > 0, "n_power_iterations", n_power_iterations, "at least 1")?;
        check.require(eps >= 0.0, "eps", eps, "at least 0")?;
        // Which dim has the outputs depends on the layer that the parameter is of, and that may be inside this one.
        let owner = name.rsplit_once('.').map_or("", |(owner, _)| owner);
        let modules = layer.named_modules();
        let mut owners = modules.iter().filter(|(place, _)| place == owner).map(|(_, module)| module.kind());
        let is_transposed = owners.any(|kind| TRANSPOSED.contains(&kind));
        let dim = dim.unwrap_or(is_transposed.into());
        let (dim, _) = check.sized_dim(dim, weight.shape())?;
        let mut rule = SpectralNormRule { u: None, v: None, n_power_iterations, eps, dim, mode: Mode::default() };
        if weight.rank() > 1 {
            let matrix = rule.matrix(&weight)?;
            let mut unit = |n: usize| Tensor::randn(&[n], weight.dtype(), rng)?.normalize(2.0, 0, eps);
            let (u, v) = (unit(matrix.shape()[0])?, unit(matrix.shape()[1])?);
            let (u, v) = rule.iterate(&matrix, (u, v), 15)?;
            (rule.u, rule.v) = (Some(Buffer::new(u)), Some(Buffer::new(v)));
        }
        Parametrized::of(layer, name, rule)
    }
}

impl SpectralNormRule {
    /// The weight as a matrix.
    fn matrix(&self, weight: &Tensor) -> Result<Tensor> {
        weight.movedim(&[self.dim as isize], &[0])?.flatten(1, -1)
    }

    fn iterate(&self, matrix: &Tensor, (mut u, mut v): (Tensor, Tensor), steps: usize) -> Result<(Tensor, Tensor)> {
        let turned = matrix.transpose(0, 1)?;
        for _ in 0..steps {
            u = matrix.mv(&v)?.normalize(2.0, 0, self.eps)?;
            v = turned.mv(&u)?.normalize(2.0, 0, self.eps)?;
        }
        Ok((u, v))
    }
}

impl Parametrization for SpectralNormRule {
    const NAME: &'static str = "SpectralNorm";

    fn forward(&self, original: &Tensor) -> Result<Tensor> {
        let (Some(u_buffer), Some(v_buffer)) = (&self.u, &self.v) else {
            return original.normalize(2.0, 0, self.eps);
        };
        let matrix = self.matrix(original)?;
        let (mut u, mut v) = (u_buffer.get(), v_buffer.get());
        if self.mode.is_training() {
            (u, v) = self.iterate(&matrix.detach(), (u, v), self.n_power_iterations)?;
            u_buffer.set(u.clone());
            v_buffer.set(v.clone());
        }
        original.try_div(&u.dot(&matrix.mv(&v)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::{SpectralNorm, SpectralNormOptions};
    use crate::cases::{Outcome, near};
    use crate::{Conv2d, ConvTranspose1d, Dropout, Layer, Linear, RNN, sequential};
    use autograd_core::module::Module;
    use autograd_core::{Result, Tensor, grad};

    /// In evaluation: in training u and v follow the weight, and derivatives hold them where they are.
    fn evaluating<L: Layer + Clone>(layer: L, options: SpectralNormOptions, seed: u64) -> Result<SpectralNorm<L>> {
        let mut layer = SpectralNorm::with(layer, options, &mut autograd_core::seeded(seed))?;
        layer.eval();
        Ok(layer)
    }

    const NAMES: &[&str] =
        &["bias", "parametrizations.weight.original", "parametrizations.weight.0._u", "parametrizations.weight.0._v"];

    cases![
        layer("SpectralNorm", |rng| evaluating(Linear::new(3, 2, rng)?, SpectralNormOptions::new(), 5))
            .state(NAMES)
            .maps(&[4, 3], &[4, 2])
            .refuses(&[2, 4], "linear: inner dimensions differ: [2, 4] × [3, 2] (4 ≠ 3)"),
        layer("SpectralNorm", |rng| {
            evaluating(Linear::new(3, 2, rng)?, SpectralNormOptions::new().n_power_iterations(2).dim(-1), 5)
        })
        .state(NAMES)
        .maps(&[4, 3], &[4, 2]),
        layer("SpectralNorm", |rng| evaluating(Conv2d::new(2, 3, 2, rng)?, SpectralNormOptions::new(), 5))
            .state(NAMES)
            .maps(&[1, 2, 3, 3], &[1, 3, 2, 2]),
        layer("SpectralNorm", |rng| evaluating(Linear::new(3, 2, rng)?, SpectralNormOptions::new().name("bias"), 5))
            .state(&["weight", "parametrizations.bias.original"])
            .maps(&[4, 3], &[4, 2]),
        layer("SpectralNorm", |rng| {
            SpectralNorm::with(Linear::new(3, 2, rng)?, SpectralNormOptions::new().n_power_iterations(0), rng)
        })
        .cannot_become("SpectralNorm: n_power_iterations is 0, it must be at least 1"),
        layer("SpectralNorm", |rng| {
            SpectralNorm::with(Linear::new(3, 2, rng)?, SpectralNormOptions::new().eps(f64::NAN), rng)
        })
        .cannot_become("SpectralNorm: eps is NaN, it must be at least 0"),
        layer("SpectralNorm", |rng| {
            SpectralNorm::with(Linear::new(3, 2, rng)?, SpectralNormOptions::new().dim(-3), rng)
        })
        .cannot_become("SpectralNorm: dim -3 is out of range for shape [2, 3] (−2 to 1)"),
    ];

    #[test]
    fn a_transposed_convolution_has_its_outputs_in_the_second_dim() -> Result<()> {
        let mut rng = autograd_core::seeded(7);
        let layer = SpectralNorm::new(ConvTranspose1d::new(4, 6, 3, &mut rng)?, &mut rng)?;
        let shape = |name: &str| layer.rule().state_dict().get(name).map(|x| x.shape().to_vec());
        assert_eq!((shape("_u"), shape("_v")), (Some(vec![6]), Some(vec![12])));
        Ok(())
    }

    /// Numbers of PyTorch: options, whether it trains, the weight, the gradient of the original, u and v afterwards.
    #[test]
    fn steps_and_gradients_are_those_of_pytorch() -> Outcome {
        let weight = Tensor::from_vec(vec![0.5, -1.2, 0.3, 0.8, 0.4, -0.7], &[2, 3])?;
        let factors = Tensor::from_vec(vec![0.3, -0.5, 0.9, 1.1, 0.2, -0.4], &[2, 3])?;
        let (short, long) = ([0.6, -0.8], [2.0 / 3.0, -1.0 / 3.0, 2.0 / 3.0]);
        type Row = (usize, isize, bool, [f64; 6], [f64; 6], [f64; 5]);
        #[rustfmt::skip]
        let table: [Row; 4] = [
            (1, 0, false,
                [0.815217391304348, -1.9565217391304353, 0.4891304347826088, 1.304347826086957, 0.6521739130434785,
                    -1.1413043478260871],
                [-1.9139886578449916, 0.38634215500945224, -0.9357277882797739, 4.9976370510397, -1.275992438563328,
                    2.551984877126656],
                [0.6, -0.8, 0.6666666666666666, -0.3333333333333333, 0.6666666666666666]),
            (1, 0, true,
                [0.37075393909097604, -0.8898094538183424, 0.2224523634545856, 0.5932063025455617,
                    0.29660315127278086, -0.5190555147273664],
                [-0.18353194380265644, 0.7555251068484694, 0.3464985249507753, 0.8446575450899503,
                    0.06785307235500154, -0.27368468231471077],
                [0.997458699830735, -0.07124704998790958, 0.3275475429522017, -0.9086802804480432, 0.2588682194299658]),
            (2, 0, true,
                [0.3649863623844693, -0.8759672697227263, 0.21899181743068158, 0.5839781798151509,
                    0.29198908990757544, -0.510980907338257],
                [-0.05879292920920842, 0.7158549004574903, 0.2796553423816694, 0.8619207467310928,
                    -0.08337874961997205, -0.21191520700315228],
                [0.9782150265065837, -0.2075942241892194, 0.23580464697230655, -0.9174995945617961,
                    0.32029777152706806]),
            (1, 1, true,
                [0.3724529776952933, -0.8938871464687038, 0.22347178661717595, 0.5959247643124692, 0.2979623821562346,
                    -0.5214341687734105],
                [0.4601124614341431, 0.35138908645072353, 0.15537389113224676, 0.599866817214828, -0.5225215238142646,
                    0.17983762651719093],
                [-0.2573985468512539, -0.7873367315450116, 0.5602203666762582, 0.7331147752820483,
                    -0.6801049376847311]),
        ];
        for (steps, dim, training, value, gradient, vectors) in table {
            let options = SpectralNormOptions::new().n_power_iterations(steps).dim(dim);
            let linear = Linear::from_tensors(weight.clone(), None)?;
            let mut layer = SpectralNorm::with(linear, options, &mut autograd_core::seeded(7))?;
            let mut state = layer.state_dict();
            let (u, v) = if dim == 0 { (&short[..], &long[..]) } else { (&long[..], &short[..]) };
            state.insert("parametrizations.weight.0._u", Tensor::from_slice(u, &[u.len()])?);
            state.insert("parametrizations.weight.0._v", Tensor::from_slice(v, &[v.len()])?);
            layer.load_state_dict(&state)?;
            if training {
                layer.train()
            } else {
                layer.eval()
            }
            let got = layer.value()?;
            near(&got.to_f64s(), &value, 1e-14)?;
            let slope = grad(&got.try_mul(&factors)?.sum(), &[layer.parameters()[0]])?;
            near(&slope[0].to_f64s(), &gradient, 1e-13)?;
            let rule = layer.rule().state_dict();
            let after: Vec<f64> = rule.iter().flat_map(|(_, x)| x.to_f64s()).collect();
            near(&after, &vectors, 1e-14)?;
        }
        Ok(())
    }

    /// Repeated steps come to the largest singular value.
    #[test]
    fn in_training_it_becomes_exact() -> Outcome {
        let mut rng = autograd_core::seeded(3);
        let mut linear = Linear::new(5, 4, &mut rng)?;
        linear.to_dtype(autograd_core::DType::F64)?;
        let layer = SpectralNorm::new(linear, &mut rng)?;
        for _ in 0..500 {
            drop(layer.value()?);
        }
        near(&layer.value()?.svdvals()?.to_f64s()[..1], &[1.0], 1e-12)
    }

    #[test]
    fn it_is_in_the_mode_of_the_layer() -> Result<()> {
        let mut rng = autograd_core::seeded(3);
        let mut rnn = RNN::new(3, 2, &mut rng)?;
        rnn.eval();
        let mut layer = SpectralNorm::with(rnn, SpectralNormOptions::new().name("weight_hh_l0"), &mut rng)?;
        assert!(!layer.rule().mode.is_training());
        layer.train();
        assert!(layer.rule().mode.is_training());
        // The part of the parameter is held in evaluation, and the other one trains.
        let part = sequential![Linear::new(3, 2, &mut rng)?, Dropout::new(0.5, &mut rng)?];
        let mut model = sequential![Dropout::new(0.5, &mut rng)?, part];
        model.hold_eval("1")?;
        let mut layer = SpectralNorm::with(model, SpectralNormOptions::new().name("1.0.weight"), &mut rng)?;
        layer.train();
        assert!(!layer.rule().mode.is_training());
        layer.release_eval("1")?;
        assert!(layer.rule().mode.is_training());
        // What is held beside the parameter says nothing.
        let mut model = sequential![Linear::new(3, 2, &mut rng)?, Dropout::new(0.5, &mut rng)?];
        model.hold_eval("1")?;
        let mut layer = SpectralNorm::with(model, SpectralNormOptions::new().name("0.weight"), &mut rng)?;
        layer.train();
        assert!(layer.rule().mode.is_training());
        Ok(())
    }

    #[test]
    fn the_outputs_of_a_transposed_convolution_are_found_inside_of_others() -> Result<()> {
        let mut rng = autograd_core::seeded(3);
        let inside = sequential![ConvTranspose1d::new(4, 6, 3, &mut rng)?, Linear::new(5, 2, &mut rng)?];
        for (name, outputs) in [("0.weight", 6), ("1.weight", 2)] {
            let options = SpectralNormOptions::new().name(name);
            let layer = SpectralNorm::with(inside.clone(), options, &mut rng)?;
            let state = layer.state_dict();
            let u = state.iter().find(|(name, _)| name.ends_with("_u")).expect("the vector of outputs");
            assert_eq!(u.1.shape(), [outputs], "{name}");
        }
        Ok(())
    }
}
