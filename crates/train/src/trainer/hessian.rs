//! Estimates of the Hessian in a run.

use super::Trainer;
use autograd_core::{Description, Result, Tensor};
use rand::Rng;

/// Draws targets from an output; it sees the batch's own.
pub(crate) type Draw<'t> = dyn Fn(&Tensor, &Tensor, &mut dyn Rng) -> Result<Tensor> + 't;

/// How often the Hessian is estimated, and from which targets.
pub(crate) struct Sampled<'t> {
    pub(crate) every: u64,
    pub(crate) draw: Box<Draw<'t>>,
    pub(crate) description: Description,
}

impl<'t> Trainer<'t> {
    /// Gives [`SophiaG`](wengert_optim::SophiaG) its estimates of the Hessian: after the steps 1, 1 + every, 1 + 2
    /// every, .. the batches of the step run forward once more, at the new weights, `draw` draws targets from the
    /// outputs, and the gradient of their mean loss goes to
    /// [`Optimizer::update_hessian`](wengert_optim::Optimizer::update_hessian). By default there is none.
    ///
    /// `every ≥ 1`, 10 in the paper. `draw` gets an output, the batch's own targets and a generator:
    /// [`draw_classes`](crate::draw_classes), [`draw_bits`](crate::draw_bits), or a closure. The number of samples is
    /// what the loss divides by ([`LossParts::denominator`](wengert_nn::LossParts::denominator)). Penalties and changes
    /// of gradients have no part in it; dropout draws the same numbers as in the step, and running statistics count the
    /// batch once. What is drawn follows from the seed of the run and the number of the step, so a resumed run draws
    /// the same. Before the first step `draw` and the loss of what it draws are tried: an error of theirs ends the run
    /// with nothing changed.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{module::Module, seeded};
    /// use wengert_data::sets::two_moons;
    /// use wengert_nn::{Linear, Tanh, cross_entropy, sequential};
    /// use wengert_optim::{Optimizer, SophiaG};
    /// use wengert_train::{Trainer, draw_classes};
    ///
    /// let mut rng = seeded(7);
    /// let set = two_moons(200, 0.1, &mut rng)?;
    /// let mut model = sequential![Linear::new(2, 16, &mut rng)?, Tanh, Linear::new(16, 2, &mut rng)?];
    /// let mut sophia = SophiaG::new(0.03);
    /// let trainer = Trainer::new(&mut sophia, cross_entropy).epochs(30).update_hessian(10, draw_classes);
    /// let history = trainer.fit(&mut model, &set, None, &mut rng)?;
    /// assert!(history.epochs[29].get("loss") < Some(0.2));
    /// let hessian = sophia.state_dict().get("0.weight.hessian").map(|h| h.to_f64s()).expect("of each parameter");
    /// assert!(hessian.iter().all(|h| *h > 0.0));
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn update_hessian<F>(mut self, every: u64, draw: F) -> Self
    where
        F: Fn(&Tensor, &Tensor, &mut dyn Rng) -> Result<Tensor> + 't,
    {
        let description = Description::of::<F>().option("every", every);
        self.sampled = Some(Sampled { every, draw: Box::new(draw), description });
        self
    }
}
