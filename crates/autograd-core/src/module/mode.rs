//! The mode of a layer: training or evaluating.

use super::{Item, ItemMut, Module, Path};
use crate::description::Description;

/// Whether the layer that holds it behaves as in training. New layers train.
///
/// # Examples
/// ```
/// use autograd_core::module::{Mode, Module};
/// let mut mode = Mode::default();
/// mode.eval();
/// assert!(!mode.is_training());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    training: bool,
    held: bool,
}

impl Default for Mode {
    fn default() -> Self {
        Mode { training: true, held: false }
    }
}

impl Mode {
    /// Whether the layer is training; never while it is held in evaluation.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Mode;
    /// assert!(Mode::default().is_training());
    /// ```
    pub fn is_training(self) -> bool {
        self.training && !self.held
    }

    /// Sets whether the layer trains; [`Module::train`] and [`Module::eval`] do so for a whole tree.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Mode;
    /// let mut mode = Mode::default();
    /// mode.set(false);
    /// assert!(!mode.is_training());
    /// ```
    pub fn set(&mut self, training: bool) {
        self.training = training;
    }

    /// Whether the layer is held in evaluation, whatever is set; see [`Module::hold_eval`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::{Mode, Module};
    /// let mut mode = Mode::default();
    /// mode.hold(true);
    /// mode.train();
    /// assert!(mode.is_held() && !mode.is_training());
    /// ```
    pub fn is_held(self) -> bool {
        self.held
    }

    /// Sets whether the layer is held in evaluation.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::module::Mode;
    /// let mut mode = Mode::default();
    /// mode.hold(true);
    /// assert!(!mode.is_training());
    /// mode.hold(false);
    /// assert!(mode.is_training());
    /// ```
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }
}

impl Module for Mode {
    fn describe(&self) -> Description {
        Description::leaf("Mode")
    }
    fn visit<'m>(&'m self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, Item<'m>)) {
        f(path, Item::Mode(self));
    }
    fn visit_mut<'m>(&'m mut self, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, ItemMut<'m>)) {
        f(path, ItemMut::Mode(self));
    }
}
