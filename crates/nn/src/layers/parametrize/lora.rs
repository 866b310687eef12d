//! A frozen weight with an update of low rank.

use super::parts::find;
use super::{Parametrization, Parametrized};
use crate::init::{Initializer, Nonlinearity, kaiming_uniform};
use crate::layer::Layer;
use crate::observe::join;
use autograd_core::check::Check;
use autograd_core::module::{Module, Param, Path};
use autograd_core::{Result, Rng, Tensor};
use wengert_derive::Module;

/// A layer that is frozen, and whose weight has an update of low rank that is trained: `W = W₀ + s B A`, with
/// `s = α / rank`.
///
/// A starts like the weight of a [`Linear`](crate::Linear), uniform in `±1/√D`, and B at 0: the layer starts as it was.
/// A weight of more dims, that of a convolution, is taken as a matrix of its first dim and all others.
///
/// [`fold`](Parametrized::fold) merges the update into a plain layer; since it takes the layer, a clone keeps what can
/// be trained further. [`into_layer`](Parametrized::into_layer) is the layer without its update. Both give layers that
/// are frozen, as they were below the update, but for the updates of a `Lora` inside: `unfreeze("")` trains them.
///
/// Two parameters of one layer have an update each if one `Lora` stands in the other.
///
/// # Shapes
/// `W: [K, ..]` of K rows and D columns, `lora_A: [rank, D]`, `lora_B: [K, rank]`.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Layer, Linear, Lora};
/// let mut rng = autograd_core::seeded(7);
/// let linear = Linear::new(6, 4, &mut rng)?;
/// let x = Tensor::from([0.5; 6]);
/// let lora = Lora::new(linear.clone(), 2, &mut rng)?;
/// assert_eq!(lora.forward(&x)?.to_f64s(), linear.forward(&x)?.to_f64s());
///
/// // A and B are trained, and nothing else.
/// assert_eq!((lora.num_parameters(), lora.forward(&x)?.sum().backward()?.len()), (28 + 20, 2));
/// assert_eq!(lora.named_parameters()[2].0, "parametrizations.weight.0.lora_A");
///
/// let merged: Linear = lora.clone().fold()?;
/// assert_eq!(merged.weight.to_f64s(), linear.weight.to_f64s());
/// assert_eq!(lora.into_layer().weight.to_f64s(), linear.weight.to_f64s());
///
/// // W = [1, 2] + 8 · 3 · [1, 0].
/// let mut lora = Lora::new(Linear::from_tensors(Tensor::from([[1.0, 2.0]]), None)?, 1, &mut rng)?;
/// let mut state = lora.state_dict();
/// state.insert("parametrizations.weight.0.lora_A", Tensor::from([[1.0, 0.0]]));
/// state.insert("parametrizations.weight.0.lora_B", Tensor::from([[3.0]]));
/// lora.load_state_dict(&state)?;
/// assert_eq!(lora.forward(&Tensor::from([[1.0, 1.0]]))?.to_vec::<f32>()?, [27.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Hu et al., LoRA: low-rank adaptation of large language models, 2021, equation 3.
///
/// # Differs from
/// Hugging Face's PEFT computes `x W₀ᵀ + s x Aᵀ Bᵀ`, and may drop elements of the x of the update.
pub type Lora<L> = Parametrized<L, LoraRule>;

/// The options of [`Lora`].
///
/// # Examples
/// ```
/// use wengert_nn::{Linear, Lora, LoraOptions};
/// let mut rng = autograd_core::seeded(7);
/// let options = LoraOptions::new().name("weight").alpha(16.0);
/// let lora = Lora::with(Linear::new(6, 4, &mut rng)?, 4, options.clone(), &mut rng)?;
/// assert_eq!(lora.rule().scaling(), 4.0);
/// let lora = Lora::with(Linear::new(6, 4, &mut rng)?, 4, options.use_rslora(true), &mut rng)?;
/// assert_eq!(lora.rule().scaling(), 8.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LoraOptions {
    name: String,
    alpha: f64,
    use_rslora: bool,
}

impl Default for LoraOptions {
    fn default() -> Self {
        LoraOptions { name: "weight".into(), alpha: 8.0, use_rslora: false }
    }
}

impl LoraOptions {
    /// The defaults.
    pub fn new() -> LoraOptions {
        LoraOptions::default()
    }

    /// The name of the parameter; default `weight`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> LoraOptions {
        self.name = name.into();
        self
    }

    /// The α of the factor `s = α / rank`, any finite number. Default 8.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> LoraOptions {
        self.alpha = alpha;
        self
    }

    /// Whether the factor is `s = α / √rank`, which keeps the size of the update where the rank is high. Default false.
    #[must_use]
    pub fn use_rslora(mut self, use_rslora: bool) -> LoraOptions {
        self.use_rslora = use_rslora;
        self
    }
}

/// The rule of [`Lora`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Linear, Lora, LoraRule};
/// let mut rng = autograd_core::seeded(7);
/// let lora = Lora::new(Linear::new(6, 4, &mut rng)?, 2, &mut rng)?;
/// let rule: &LoraRule = lora.rule();
/// assert_eq!((rule.scaling(), rule.parameters()[0].shape()), (4.0, &[2, 6][..]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct LoraRule {
    #[module(rename = "lora_A")]
    a: Param,
    #[module(rename = "lora_B")]
    b: Param,
    scaling: f64,
}

impl<L: Layer + Clone> Parametrized<L, LoraRule> {
    /// The layer, whose parameter `weight` has an update of this rank.
    ///
    /// # Errors
    /// If the layer has no such parameter, or that has fewer than two dims or no elements, or `rank` is 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{Linear, Lora};
    /// let mut rng = autograd_core::seeded(7);
    /// let lora = Lora::new(Linear::new(6, 4, &mut rng)?, 2, &mut rng)?;
    /// assert_eq!(lora.value()?.shape(), [4, 6]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(layer: L, rank: usize, rng: &mut dyn Rng) -> Result<Lora<L>> {
        Lora::with(layer, rank, LoraOptions::new(), rng)
    }

    /// The layer with a parameter that has an update of this rank.
    ///
    /// # Errors
    /// If the layer has no such parameter, or that has fewer than two dims or no elements, `rank` is 0, or an option is
    /// out of its range.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{Linear, Lora, LoraOptions};
    /// let mut rng = autograd_core::seeded(7);
    /// let lora = Lora::with(Linear::new(6, 4, &mut rng)?, 2, LoraOptions::new().alpha(2.0), &mut rng)?;
    /// assert_eq!(lora.rule().scaling(), 1.0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(mut layer: L, rank: usize, options: LoraOptions, rng: &mut dyn Rng) -> Result<Lora<L>> {
        let LoraOptions { name, alpha, use_rslora } = options;
        let check = Check(LoraRule::NAME);
        let weight = find(LoraRule::NAME, &layer, &name)?.detach();
        check.last::<2>(&name, &weight, "at least two dims")?;
        check.require(rank > 0, "rank", rank, "at least 1")?;
        check.require(alpha.is_finite(), "alpha", alpha, "finite")?;
        let rows = weight.shape()[0];
        let columns: usize = weight.shape()[1..].iter().product();
        let start = kaiming_uniform().nonlinearity(Nonlinearity::LeakyRelu(5f64.sqrt()));
        let a = Param::new(start.tensor(&[rank, columns], weight.dtype(), rng)?)?;
        let b = Param::new(Tensor::zeros(&[rows, rank], weight.dtype())?)?;
        let rank = rank as f64;
        let scaling = alpha / if use_rslora { rank.sqrt() } else { rank };
        let updates = updates(&layer);
        layer.freeze("")?;
        for name in updates {
            layer.unfreeze(&name)?;
        }
        Parametrized::of(layer, name, LoraRule { a, b, scaling })
    }
}

/// The updates of a layer that are trained, by name.
fn updates(layer: &impl Module) -> Vec<String> {
    let mut all = Vec::new();
    layer.visit_modules(&Path::root(), &mut |path, module| {
        if module.kind() == "LoraRule" {
            let trained = module.named_parameters().into_iter().filter(|(_, param)| param.is_trainable());
            all.extend(trained.map(|(name, _)| join(&path.to_string(), &name)));
        }
    });
    all
}

impl LoraRule {
    /// The factor of the update, s.
    pub fn scaling(&self) -> f64 {
        self.scaling
    }
}

impl Parametrization for LoraRule {
    const NAME: &'static str = "Lora";

    fn forward(&self, original: &Tensor) -> Result<Tensor> {
        let update = self.b.matmul(&self.a)?.mul_scalar(self.scaling);
        original.try_add(&update.reshape(original.shape())?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Lora, LoraOptions};
    use crate::cases::{Outcome, near};
    use crate::layer::Layer;
    use crate::{Conv2d, Embedding, LSTM, Linear};
    use autograd_core::module::Module;
    use autograd_core::{DType, Tensor, seeded};

    const NAMES: &[&str] = &[
        "bias",
        "parametrizations.weight.original",
        "parametrizations.weight.0.lora_A",
        "parametrizations.weight.0.lora_B",
    ];

    cases![
        layer("Lora", |rng| Lora::new(Linear::new(3, 2, rng)?, 2, rng))
            .state(NAMES)
            .maps(&[4, 3], &[4, 2])
            .maps(&[0, 3], &[0, 2])
            .refuses(&[2, 4], "linear: inner dimensions differ: [2, 4] × [3, 2] (4 ≠ 3)"),
        layer("Lora", |rng| {
            Lora::with(Conv2d::new(2, 3, 2, rng)?, 1, LoraOptions::new().alpha(0.5).use_rslora(true), rng)
        })
        .state(NAMES)
        .maps(&[1, 2, 3, 3], &[1, 3, 2, 2]),
        layer("Lora", |rng| Lora::new(Embedding::new(4, 3, rng)?, 1, rng)).state(&NAMES[1..]).maps_with(
            &[],
            &[Tensor::from([3, 0, 3])],
            &[&[3, 3]]
        ),
        layer("Lora", |rng| Lora::new(Linear::new(3, 2, rng)?, 0, rng))
            .cannot_become("Lora: rank is 0, it must be at least 1"),
        layer("Lora", |rng| Lora::with(Linear::new(3, 2, rng)?, 1, LoraOptions::new().alpha(f64::INFINITY), rng))
            .cannot_become("Lora: alpha is inf, it must be finite"),
        layer("Lora", |rng| Lora::with(Linear::new(3, 2, rng)?, 1, LoraOptions::new().name("bias"), rng))
            .cannot_become("Lora: bias has shape [2], expected at least two dims"),
    ];

    #[test]
    fn updates_of_two_parameters_are_both_trained() -> Outcome {
        let mut rng = seeded(5);
        let lstm = LSTM::new(3, 2, &mut rng)?;
        let of = |name: &str| LoraOptions::new().name(name);
        let inner = Lora::with(lstm, 1, of("weight_ih_l0"), &mut rng)?;
        let mut lora = Lora::with(inner, 1, of("weight_hh_l0"), &mut rng)?;
        let trained = |lora: &dyn Module| {
            let all = lora.named_parameters().into_iter().filter(|(_, param)| param.is_trainable());
            all.map(|(name, _)| name).collect::<Vec<_>>()
        };
        let names = |weight: &str| ["A", "B"].map(|x| format!("parametrizations.{weight}.0.lora_{x}"));
        assert_eq!(trained(&lora), [names("weight_ih_l0"), names("weight_hh_l0")].concat());
        let x = Tensor::randn(&[4, 3], DType::F32, &mut rng)?;
        assert_eq!(lora.forward(&x)?.square().sum().backward()?.len(), 4);
        // One that was frozen stays so.
        lora.freeze("parametrizations.weight_ih_l0")?;
        let all = Lora::with(lora, 1, of("parametrizations.weight_ih_l0.original"), &mut rng);
        assert_eq!(trained(&all?).len(), 4);
        Ok(())
    }

    /// The layer computes, trains and merges what the formula says.
    #[test]
    fn only_the_update_is_trained_and_it_can_be_merged() -> Outcome {
        let mut rng = seeded(5);
        let mut linear = Linear::new(3, 2, &mut rng)?;
        linear.to_dtype(DType::F64)?;
        let mut lora = Lora::with(linear.clone(), 2, LoraOptions::new().alpha(3.0), &mut rng)?;
        let mut state = lora.state_dict();
        let b = Tensor::randn(&[2, 2], DType::F64, &mut rng)?;
        state.insert("parametrizations.weight.0.lora_B", b.clone());
        lora.load_state_dict(&state)?;
        let x = Tensor::randn(&[4, 3], DType::F64, &mut rng)?;
        let a = state.get("parametrizations.weight.0.lora_A").ok_or("there is one")?;
        let update = x.matmul(&a.transpose(0, 1)?)?.matmul(&b.transpose(0, 1)?)?.mul_scalar(1.5);
        let want = linear.forward(&x)?.try_add(&update)?.to_f64s();
        let y = lora.forward(&x)?;
        near(&y.to_f64s(), &want, 1e-14)?;

        let gradients = y.square().sum().backward()?;
        let trained: Vec<String> =
            lora.named_parameters().into_iter().filter(|(_, p)| p.is_trainable()).map(|(n, _)| n).collect();
        assert_eq!(trained, ["parametrizations.weight.0.lora_A", "parametrizations.weight.0.lora_B"]);
        assert_eq!(gradients.len(), 2);

        let merged = lora.clone().fold()?;
        near(&merged.forward(&x)?.to_f64s(), &want, 1e-14)?;
        assert_eq!(merged.state_dict().iter().map(|(name, _)| name).collect::<Vec<_>>(), ["weight", "bias"]);
        assert_eq!(lora.into_layer().weight.to_f64s(), linear.weight.to_f64s());
        // A starts within ±1/√3.
        assert!(a.to_f64s().iter().all(|a| a.abs() <= 1.0 / 3f64.sqrt()) && a.to_f64s().iter().any(|a| a.abs() > 0.1));
        Ok(())
    }
}
