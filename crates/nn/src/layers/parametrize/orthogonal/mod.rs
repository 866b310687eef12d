//! A weight with orthogonal columns or rows.

mod parts;
#[cfg(test)]
mod tests;

use super::parts::find;
use super::{Parametrization, Parametrized};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Buffer;
use autograd_core::{Result, Tensor};
use parts::{cayley, completed, is_wide, reflected, reflectors, rotated, tall, unit};
use wengert_derive::Module;

/// A layer whose weight is orthogonal: `Wᵀ W = I` if it has as many rows as columns or more, else `W Wᵀ = I`. A weight
/// of more than two dims is a batch of matrices.
///
/// It is `W = B Q(X)`, where X is trained, Q(X) has orthogonal columns by one of three maps, and B is an orthogonal
/// matrix that stays: the weight that the layer begins with, or the orthogonal factor of it whose triangular one has a
/// positive diagonal, with further columns to make it square.
///
/// ```text
/// matrix_exp, cayley    Q = exp(A), Q = (I − A/2)⁻¹ (I + A/2)       A = L − Lᵀ, L: the lower triangle of X
/// householder           Q = H₁ H₂ .. diag(±1)     Hᵢ = I − 2 vᵢ vᵢᵀ / vᵢᵀ vᵢ, vᵢ: column i of X below a diagonal of ones
/// ```
///
/// Of Q as many columns are taken as the weight has; a weight with more columns than rows is turned over. The signs are
/// those of the diagonal of X.
///
/// # Gradient
/// None for what lies above the diagonal of X, and by `householder` for the diagonal.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Linear, Orthogonal};
/// let linear = Linear::new(3, 5, &mut autograd_core::seeded(7))?;
/// let mut layer = Orthogonal::new(linear)?;
/// let shift = layer.parameters()[1].detach() + 0.3;
/// layer.load_state_dict(&{
///     let mut state = layer.state_dict();
///     state.insert("parametrizations.weight.original", shift);
///     state
/// })?;
/// let w = layer.value()?;
/// let unit = w.transpose(0, 1)?.matmul(&w)?.to_f64s();
/// assert!(unit.iter().enumerate().all(|(i, x)| (x - f64::from(u8::from(i % 4 == 0))).abs() < 1e-5));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Lezcano-Casado, Trivializations for gradient-based optimization on manifolds, 2019. PyTorch's
/// `torch.nn.utils.parametrizations.orthogonal`.
///
/// # Differs from
/// PyTorch takes the diagonal of X itself, rounded to a whole number, for the signs, which an optimizer with weight
/// decay makes 0; the further columns of B are random there.
pub type Orthogonal<L> = Parametrized<L, OrthogonalRule>;

/// The map of [`Orthogonal`].
///
/// # Examples
/// ```
/// use wengert_nn::{Linear, Orthogonal, OrthogonalMap, OrthogonalOptions};
/// for map in [OrthogonalMap::MatrixExp, OrthogonalMap::Cayley, OrthogonalMap::Householder] {
///     let linear = Linear::new(2, 2, &mut autograd_core::seeded(7))?;
///     let layer = Orthogonal::with(linear, OrthogonalOptions::new().orthogonal_map(map))?;
///     assert!((layer.value()?.det()?.item::<f32>()?.abs() - 1.0).abs() < 1e-5);
/// }
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrthogonalMap {
    /// The exponential of a matrix.
    MatrixExp,
    /// The Cayley map.
    Cayley,
    /// A product of reflections.
    Householder,
}

/// The options of [`Orthogonal`].
///
/// # Examples
/// ```
/// use autograd_core::module::Module;
/// use wengert_nn::{Orthogonal, OrthogonalOptions, RNN};
/// let rnn = RNN::new(3, 4, &mut autograd_core::seeded(7))?;
/// let options = OrthogonalOptions::new().name("weight_hh_l0").use_trivialization(false);
/// let names = Orthogonal::with(rnn, options)?.named_parameters().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
/// assert_eq!(names[3], "parametrizations.weight_hh_l0.original");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OrthogonalOptions {
    name: String,
    orthogonal_map: Option<OrthogonalMap>,
    use_trivialization: bool,
}

impl Default for OrthogonalOptions {
    fn default() -> Self {
        OrthogonalOptions { name: "weight".into(), orthogonal_map: None, use_trivialization: true }
    }
}

impl OrthogonalOptions {
    /// The defaults.
    pub fn new() -> OrthogonalOptions {
        OrthogonalOptions::default()
    }

    /// The name of the parameter; default `weight`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> OrthogonalOptions {
        self.name = name.into();
        self
    }

    /// The map. Default: [`OrthogonalMap::MatrixExp`] for square matrices, else [`OrthogonalMap::Householder`].
    #[must_use]
    pub fn orthogonal_map(mut self, map: OrthogonalMap) -> OrthogonalOptions {
        self.orthogonal_map = Some(map);
        self
    }

    /// Whether there is a B; default true. Without it `householder` begins with the same weight, and the other maps
    /// with X as the weight was.
    #[must_use]
    pub fn use_trivialization(mut self, use_trivialization: bool) -> OrthogonalOptions {
        self.use_trivialization = use_trivialization;
        self
    }
}

/// The rule of [`Orthogonal`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Module};
/// use wengert_nn::{Linear, Orthogonal, OrthogonalRule};
/// let layer = Orthogonal::new(Linear::from_tensors(Tensor::from([[3.0], [4.0]]), None)?)?;
/// let rule: &OrthogonalRule = layer.rule();
/// let base = rule.state_dict().get("base").expect("B").to_f64s();
/// assert!((base[0] - 0.6).abs() < 1e-6 && (base[2] - 0.8).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct OrthogonalRule {
    base: Option<Buffer>,
    #[module(option)]
    orthogonal_map: OrthogonalMap,
}

impl<L: Layer + Clone> Parametrized<L, OrthogonalRule> {
    /// The layer, whose parameter `weight` is orthogonal.
    ///
    /// # Errors
    /// If the layer has no such parameter, or that has fewer than two dims.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{Linear, Orthogonal};
    /// let layer = Orthogonal::new(Linear::from_tensors(Tensor::from([[2.0, 0.0], [0.0, 3.0]]), None)?)?;
    /// assert_eq!(layer.value()?.to_f64s(), [1.0, 0.0, 0.0, 1.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(layer: L) -> Result<Orthogonal<L>> {
        Orthogonal::with(layer, OrthogonalOptions::new())
    }

    /// The layer with a parameter that is orthogonal.
    ///
    /// # Errors
    /// If the layer has no such parameter, or that has fewer than two dims.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Module};
    /// # use wengert_nn::{Linear, Orthogonal, OrthogonalOptions};
    /// let linear = Linear::from_tensors(Tensor::from([[2.0], [0.0]]), None)?;
    /// let layer = Orthogonal::with(linear, OrthogonalOptions::new().use_trivialization(false))?;
    /// assert_eq!((layer.state_dict().len(), layer.value()?.to_f64s()), (1, vec![1.0, 0.0]));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(layer: L, options: OrthogonalOptions) -> Result<Orthogonal<L>> {
        let weight = find(OrthogonalRule::NAME, &layer, &options.name)?.detach();
        let [m, n] = Check(OrthogonalRule::NAME).last(&options.name, &weight, "[.., M, N]")?;
        let by_shape = if m == n { OrthogonalMap::MatrixExp } else { OrthogonalMap::Householder };
        let orthogonal_map = options.orthogonal_map.unwrap_or(by_shape);
        let base = if options.use_trivialization { Some(Buffer::new(completed(&tall(&weight)?)?)) } else { None };
        Parametrized::of(layer, options.name, OrthogonalRule { base, orthogonal_map })
    }
}

impl Parametrization for OrthogonalRule {
    const NAME: &'static str = "Orthogonal";

    fn forward(&self, original: &Tensor) -> Result<Tensor> {
        let x = tall(original)?;
        let q = match self.orthogonal_map {
            OrthogonalMap::MatrixExp => rotated(&x, Tensor::matrix_exp)?,
            OrthogonalMap::Cayley => rotated(&x, cayley)?,
            OrthogonalMap::Householder => reflected(&x)?,
        };
        let q = match &self.base {
            Some(base) => base.get().matmul(&q)?,
            None => q,
        };
        if is_wide(original) { q.transpose(-2, -1) } else { Ok(q) }
    }

    fn right_inverse(&self, value: &Tensor) -> Result<Tensor> {
        let x = match (&self.base, self.orthogonal_map) {
            (Some(_), _) => {
                let x = tall(value)?;
                // By every map, this gives the first columns of the identity.
                unit(&x)?.neg().broadcast_to(x.shape())?
            }
            (None, OrthogonalMap::Householder) => reflectors(&tall(value)?)?,
            // There is none: X is what the weight was.
            (None, _) => return Ok(value.clone()),
        };
        if is_wide(value) { Ok(x.transpose(-2, -1)?.contiguous()) } else { Ok(x.contiguous()) }
    }
}
