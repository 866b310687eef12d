//! One parameter's turn in a step, and what all steps have in common: sign, weight decay, proximal step.

use autograd_core::update::{ElementRule, Real};
use autograd_core::{Error, ErrorKind, Result, Tensor, no_grad};

/// How weight decay is applied, with λ its factor.
///
/// # Examples
/// ```
/// use wengert_optim::Decay;
/// assert_eq!(Decay::default(), Decay::Coupled);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decay {
    /// `g ← g + λ p`: the gradient of `λ/2 · Σ p²`.
    #[default]
    Coupled,
    /// `p ← (1 − lr·λ) p`, before the step.
    Decoupled,
    /// `p ← p − lr·λ p` after the step, only for those elements that the step u itself draws to 0: `u p ≥ 0`, with the
    /// p before it.
    Cautious,
}

/// One parameter's turn in a step: the tensors, and the numbers that hold for all of their elements.
///
/// # Examples
/// A rule of one element is given to [`Turn::update`]; one of whole tensors goes along [`Turn::descent`]:
/// ```
/// use autograd_core::{Result, Tensor, module::Param, no_grad, update::{ElementRule, Real}};
/// use wengert_optim::{Driver, Optimizer, Rule, Turn};
///
/// /// p ← p − lr · g / max |g|
/// #[derive(Clone, Debug)]
/// struct Largest;
///
/// impl Rule for Largest {
///     const NAME: &'static str = "Largest";
///     fn step(&self, turn: Turn<'_>) -> Result<()> {
///         let (g, lr) = (turn.descent()?, turn.lr);
///         let step = no_grad(|| g.try_div(&g.abs().max()?))?;
///         turn.subtract(lr, &step)
///     }
/// }
///
/// /// p ← p − lr · g
/// #[derive(Clone, Debug)]
/// struct Plain;
///
/// #[derive(Clone, Copy)]
/// struct Formula(f64);
///
/// impl ElementRule<0> for Formula {
///     #[inline(always)]
///     fn element<T: Real>(self, p: T, g: T, state: [T; 0]) -> (T, [T; 0]) {
///         (p - T::of(self.0) * g, state)
///     }
/// }
///
/// impl Rule for Plain {
///     const NAME: &'static str = "Plain";
///     fn step(&self, turn: Turn<'_>) -> Result<()> {
///         let lr = turn.lr;
///         turn.update(Formula(lr))
///     }
/// }
///
/// let mut x = Param::new(Tensor::from([1.0, 2.0]))?;
/// let grads = x.square().sum().backward()?;                          // 2 and 4
/// Driver::new(Plain, 0.0).step(&mut x, &grads)?;
/// Driver::new(Largest, 0.5).step(&mut x, &grads)?;
/// assert_eq!(x.to_vec::<f32>()?, [0.75, 1.5]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Turn<'a> {
    /// The parameter.
    pub parameter: &'a mut Tensor,
    /// Its gradient, of the same shape and dtype.
    pub gradient: &'a Tensor,
    /// Its state, one entry for each of [`Rule::STATE`](crate::Rule::STATE); `None` where it is not in use.
    pub state: &'a mut [Option<Tensor>],
    /// Its numbers, one for each of [`Rule::NUMBERS`](crate::Rule::NUMBERS).
    pub numbers: &'a mut [f64],
    /// The optimizer's numbers, one for each of [`Rule::SHARED`](crate::Rule::SHARED).
    pub shared: &'a [f64],
    /// The learning rate of the parameter's group.
    pub lr: f64,
    /// The number of this step of the parameter, 1 for the first.
    pub t: u64,
    /// Whether state was made for this step: in the parameter's first, and in the first one after a hyperparameter was
    /// switched on that needs more state.
    pub begins: bool,
    /// The factor of the weight decay, 0 for none. A rule with a place of its own for the decay takes it from here, and
    /// leaves 0.
    pub weight_decay: f64,
    /// How the decay is applied.
    pub decay: Decay,
    /// The λ₁ and λ₂ of the proximal step that follows the rule's own, 0 for none.
    pub proximal: [f64; 2],
    /// Whether to follow the gradient upwards.
    pub maximize: bool,
    /// The parameter's name in the model.
    pub parameter_name: &'a str,
    pub(crate) name: &'static str,
}

impl Turn<'_> {
    /// The gradient to descend along: negated by `maximize`, with a coupled decay's λ p. For rules that compute with
    /// whole tensors; [`Turn::update`] has it done.
    ///
    /// # Errors
    /// Those of tensor arithmetic: none for a gradient like its parameter.
    pub fn descent(&self) -> Result<Tensor> {
        no_grad(|| {
            let g = if self.maximize { self.gradient.neg() } else { self.gradient.clone() };
            match self.decay {
                Decay::Coupled if self.weight_decay != 0.0 => {
                    g.try_add(&self.parameter.detach().mul_scalar(self.weight_decay))
                }
                _ => Ok(g),
            }
        })
    }

    /// Applies a formula to every element, in one pass over memory. The formula finds `maximize` and weight decay done:
    /// its g is the gradient to descend along, its p is decayed.
    ///
    /// # Errors
    /// If the formula takes another number of state tensors than the rule has, or one is not in use that the formula
    /// always needs.
    pub fn update<const S: usize>(self, formula: impl ElementRule<S>) -> Result<()> {
        self.apply(formula, false)
    }

    /// Applies a formula as [`Turn::update`] does, to those rows whose gradient is not 0 throughout; the other rows, at
    /// one place of dim 0 each, and their state rest. So does their weight decay; a proximal step reaches all rows.
    ///
    /// # Errors
    /// Those of [`Turn::update`].
    ///
    /// # Examples
    /// ```
    /// use autograd_core::{Result, Tensor, module::Param, update::{ElementRule, Real}};
    /// use wengert_optim::{Driver, Optimizer, Rule, Turn};
    ///
    /// /// p ← p − lr · (1 + g), where a row has a gradient
    /// #[derive(Clone, Debug)]
    /// struct Lazy;
    ///
    /// #[derive(Clone, Copy)]
    /// struct Formula(f64);
    ///
    /// impl ElementRule<0> for Formula {
    ///     #[inline(always)]
    ///     fn element<T: Real>(self, p: T, g: T, state: [T; 0]) -> (T, [T; 0]) {
    ///         (p - T::of(self.0) * (T::ONE + g), state)
    ///     }
    /// }
    ///
    /// impl Rule for Lazy {
    ///     const NAME: &'static str = "Lazy";
    ///     fn step(&self, turn: Turn<'_>) -> Result<()> {
    ///         let lr = turn.lr;
    ///         turn.update_rows(Formula(lr))
    ///     }
    /// }
    ///
    /// let mut table = Param::new(Tensor::from([[1.0, 2.0], [3.0, 4.0]]))?;
    /// let grads = table.narrow(0, 1, 1)?.sum().backward()?;
    /// Driver::new(Lazy, 0.5).step(&mut table, &grads)?;
    /// assert_eq!(table.to_vec::<f32>()?, [1.0, 2.0, 2.0, 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn update_rows<const S: usize>(self, formula: impl ElementRule<S>) -> Result<()> {
        self.apply(formula, true)
    }

    #[inline]
    fn apply<const S: usize>(self, formula: impl ElementRule<S>, rows: bool) -> Result<()> {
        let (name, expected) = (self.name, self.state.len());
        let state: &mut [Option<Tensor>; S] = self.state.try_into().map_err(|_| {
            let text = format!("{name}: the rule updates {S} state tensors, its slots are {expected}");
            Error::new(ErrorKind::Argument, text)
        })?;
        let state = state.each_mut().map(Option::as_mut);
        let (l2, shrink) = match self.decay {
            Decay::Coupled => (self.weight_decay, 1.0),
            Decay::Decoupled => (0.0, 1.0 - self.lr * self.weight_decay),
            Decay::Cautious => (0.0, 1.0),
        };
        let whole = Decayed { formula, sign: if self.maximize { -1.0 } else { 1.0 }, l2, shrink };
        let after = After::of(self.lr, self.weight_decay, self.decay, self.proximal, self.parameter);
        update(self.parameter, self.gradient, state, whole, rows)?;
        after.apply(self.parameter, self.gradient, rows)
    }

    /// `p ← p − rate · step`, with the decay that does not go through the gradient, for a step that was computed from
    /// [`Turn::descent`].
    ///
    /// # Errors
    /// If the step has another shape or dtype than the parameter.
    pub fn subtract(self, rate: f64, step: &Tensor) -> Result<()> {
        let shrink = if self.decay == Decay::Decoupled { 1.0 - self.lr * self.weight_decay } else { 1.0 };
        let after = After::of(self.lr, self.weight_decay, self.decay, self.proximal, self.parameter);
        self.parameter.update(step, [], Subtract { shrink, rate })?;
        after.apply(self.parameter, step, false)
    }
}

/// An update of all rows, or of those whose gradient is not 0 throughout.
#[inline]
fn update<const S: usize>(
    p: &mut Tensor,
    g: &Tensor,
    state: [Option<&mut Tensor>; S],
    formula: impl ElementRule<S>,
    rows: bool,
) -> Result<()> {
    if rows { p.update_rows(g, state, formula) } else { p.update(g, state, formula) }
}

/// A formula after `maximize` and weight decay.
#[derive(Clone, Copy)]
struct Decayed<F> {
    formula: F,
    sign: f64,
    l2: f64,
    shrink: f64,
}

impl<const S: usize, F: ElementRule<S>> ElementRule<S> for Decayed<F> {
    const ALWAYS: usize = F::ALWAYS;
    const FIXED: usize = F::FIXED;

    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, state: [T; S]) -> (T, [T; S]) {
        let g = T::of(self.sign) * g;
        // Not 0 · p: that would be NaN where a parameter is infinite.
        let g = if self.l2 == 0.0 { g } else { g + T::of(self.l2) * p };
        self.formula.element(p * T::of(self.shrink), g, state)
    }
}

#[derive(Clone, Copy)]
struct Subtract {
    shrink: f64,
    rate: f64,
}

impl ElementRule<0> for Subtract {
    #[inline(always)]
    fn element<T: Real>(self, p: T, step: T, []: [T; 0]) -> (T, [T; 0]) {
        (p * T::of(self.shrink) - T::of(self.rate) * step, [])
    }
}

/// What follows a step: the cautious decay, which needs the parameter before it, and the proximal step. Passes of their
/// own over memory, for they are rare.
struct After {
    cautious: Option<(Tensor, Cautious)>,
    proximal: Option<Proximal>,
}

impl After {
    #[inline]
    fn of(lr: f64, weight_decay: f64, decay: Decay, [l1, l2]: [f64; 2], before: &Tensor) -> After {
        let cautious = decay == Decay::Cautious && weight_decay != 0.0;
        After {
            cautious: cautious.then(|| (before.clone(), Cautious { rate: lr * weight_decay })),
            proximal: (l1 != 0.0 || l2 != 0.0).then_some(Proximal { threshold: lr * l1, divisor: 1.0 + lr * l2 }),
        }
    }

    /// `g` is a tensor like the parameter: of rows, it says which have moved. The proximal step reaches all.
    #[inline]
    fn apply(self, p: &mut Tensor, g: &Tensor, rows: bool) -> Result<()> {
        if let Some((mut before, cautious)) = self.cautious {
            update(p, g, [Some(&mut before)], cautious, rows)?;
        }
        match self.proximal {
            Some(proximal) => p.update(g, [], proximal),
            None => Ok(()),
        }
    }
}

/// `p ← p − lr·λ p₀` where `(p₀ − p) p₀ ≥ 0`, with p₀ the parameter before the step.
#[derive(Clone, Copy)]
struct Cautious {
    rate: f64,
}

impl ElementRule<1> for Cautious {
    const FIXED: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, p: T, _: T, [before]: [T; 1]) -> (T, [T; 1]) {
        let along = (before - p) * before >= T::ZERO;
        (if along { p - T::of(self.rate) * before } else { p }, [before])
    }
}

/// `p ← sign(p) max(|p| − threshold, 0) / divisor`
#[derive(Clone, Copy)]
struct Proximal {
    threshold: f64,
    divisor: f64,
}

impl ElementRule<0> for Proximal {
    #[inline(always)]
    fn element<T: Real>(self, p: T, _: T, []: [T; 0]) -> (T, [T; 0]) {
        let rest = p.abs() - T::of(self.threshold);
        // NaN stays NaN.
        let rest = if rest <= T::ZERO { T::ZERO } else { rest };
        (p.sign() * rest / T::of(self.divisor), [])
    }
}
