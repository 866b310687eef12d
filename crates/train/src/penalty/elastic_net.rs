//! The elastic net.

use super::{Members, Penalty, check, counted, sum};
use autograd_core::module::Module;
use autograd_core::{Description, Result, Tensor};
use std::fmt;

/// The elastic net, `λ₁ Σ |w| + λ₂ Σ w²` over all trainable parameters: [`L1Penalty`](crate::L1Penalty) and
/// [`L2Penalty`](crate::L2Penalty) in one, so of weights that go together not only one is drawn to 0.
///
/// As a term of the loss it brings weights near 0; `proximal_l1` of an optimizer makes them exactly 0.
///
/// # Errors
/// A run is refused if a λ is negative or not finite; it fails if no trainable parameter counts.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_train::{ElasticNetPenalty, Penalty};
/// let model = vec![Param::new(Tensor::from([1.0, -2.0]))?, Param::new(Tensor::from(100.0))?];
/// let penalty = ElasticNetPenalty::new(0.5, 0.25).only(|name| name == "0");
/// assert_eq!(penalty.of(&model)?.item::<f32>()?, 2.75);               // 0.5 · 3 + 0.25 · 5
/// # Ok::<(), wengert_train::Error>(())
/// ```
///
/// # References
/// Zou, Hastie, Regularization and variable selection via the elastic net, 2005, equation 3.
///
/// # Differs from
/// * scikit-learn's `ElasticNet`: λ₁ is `alpha · l1_ratio` there, λ₂ is `alpha · (1 − l1_ratio) / 2`.
pub struct ElasticNetPenalty {
    l1: f64,
    l2: f64,
    only: Option<Members>,
}

impl ElasticNetPenalty {
    /// λ₁ ≥ 0 and λ₂ ≥ 0: how strongly the weights are drawn to 0.
    pub fn new(l1: f64, l2: f64) -> ElasticNetPenalty {
        ElasticNetPenalty { l1, l2, only: None }
    }

    /// The names of the parameters that count. By default all that are trainable.
    #[must_use]
    pub fn only(mut self, members: impl Fn(&str) -> bool + 'static) -> ElasticNetPenalty {
        self.only = Some(Box::new(members));
        self
    }
}

impl Penalty for ElasticNetPenalty {
    fn of(&self, model: &dyn Module) -> Result<Tensor> {
        sum("ElasticNetPenalty", model, self.only.as_ref(), |param| {
            param.abs().sum().mul_scalar(self.l1).try_add(&param.square().sum().mul_scalar(self.l2))
        })
    }

    fn describe(&self, parameters: &[String]) -> Description {
        let only = counted(self.only.as_ref(), parameters);
        Description::new("ElasticNetPenalty").option("l1", self.l1).option("l2", self.l2).option("only", only)
    }

    fn check(&self) -> Result<()> {
        check("ElasticNetPenalty", "l1", self.l1)?;
        check("ElasticNetPenalty", "l2", self.l2)
    }
}

impl fmt::Debug for ElasticNetPenalty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElasticNetPenalty").field("l1", &self.l1).field("l2", &self.l2).finish_non_exhaustive()
    }
}
