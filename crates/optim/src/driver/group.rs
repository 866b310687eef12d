//! Groups of parameters with hyperparameters of their own.

use super::{Driver, Hyper, Slots};
use crate::rule::Rule;
use autograd_core::module::is_below;
use autograd_core::{Error, ErrorKind, Result};
use std::fmt;
use std::sync::Arc;

/// Some parameters, and how their hyperparameters differ.
pub(super) struct Group<R> {
    pub(super) members: Members,
    change: Arc<dyn Fn(Driver<R>) -> Driver<R> + Send + Sync>,
    /// Numbers that were set by name, after the change; of `lr` the ratio to the optimizer's.
    pub(super) set: Vec<(&'static str, f64)>,
    /// Whether it may hold no parameter of a model.
    pub(super) lenient: bool,
}

#[derive(Clone)]
pub(super) enum Members {
    Below(String),
    Where(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl<R: Rule> Driver<R> {
    /// Gives the parameters whose name is `prefix` or lies below it hyperparameters of their own: those of the
    /// optimizer, after `change`. Where several groups hold a parameter, each is applied, in the order in which they
    /// were added. A prefix may be a pattern, `encoder.*.bias` or `**.bias`
    /// ([`is_below`](autograd_core::module::is_below)).
    ///
    /// The prefix is the group's name: `get("encoder.lr")`, a schedule of `"**.bias.weight_decay"`. What counts of the
    /// group's learning rate is its ratio to the one that the optimizer was made with, which is the one that `change`
    /// sees: it stays when [`set_lr`](crate::Optimizer::set_lr), `scale_lr` or a schedule changes the optimizer's, and
    /// the ratios of several groups multiply. A group without parameters, or a second one of the same prefix, is an
    /// error of the next step.
    ///
    /// `change` is called whenever the group's hyperparameters are asked for, which is often: it must do nothing else.
    ///
    /// ```
    /// use wengert_optim::AdamW;
    /// let adamw = AdamW::new(1e-3)
    ///     .group("encoder", |group| group.scale_lr(0.1))
    ///     .group("**.bias", |group| group.weight_decay(0.0));
    /// ```
    #[must_use]
    pub fn group(self, prefix: &str, change: impl Fn(Self) -> Self + Send + Sync + 'static) -> Self {
        self.grouped(Members::Below(prefix.into()), change)
    }

    /// Like [`Driver::group`], but for the parameters whose name `members` accepts, which is asked as often. Such a
    /// group has no name.
    ///
    /// ```
    /// # use wengert_optim::{AdamW, Optimizer};
    /// let adamw = AdamW::new(1e-3).group_where(|name| name.len() > 4, |group| group.weight_decay(0.5));
    /// let description = adamw.describe(&["0.bias".into()]);
    /// assert_eq!(description.options().last(), Some(("groups.0.bias", "weight_decay: 0.5")));
    /// ```
    #[must_use]
    pub fn group_where(
        self,
        members: impl Fn(&str) -> bool + Send + Sync + 'static,
        change: impl Fn(Self) -> Self + Send + Sync + 'static,
    ) -> Self {
        self.grouped(Members::Where(Arc::new(members)), change)
    }

    /// Leaves the parameters whose name `members` accepts without weight decay: a group of theirs, which may hold none.
    /// [`biases_and_norms`] is one that fits most models.
    ///
    /// ```
    /// use wengert_optim::{AdamW, biases_and_norms};
    /// let adamw = AdamW::new(1e-3).weight_decay(0.1).no_decay(biases_and_norms);
    /// ```
    #[must_use]
    pub fn no_decay(self, members: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        let mut all = self.group_where(members, |group| group.weight_decay(0.0));
        all.groups.iter_mut().rev().take(1).for_each(|group| group.lenient = true);
        all
    }

    fn grouped(mut self, members: Members, change: impl Fn(Self) -> Self + Send + Sync + 'static) -> Self {
        self.groups.push(Group { members, change: Arc::new(change), set: Vec::new(), lenient: false });
        self.slots_are = Slots::Unbound;
        self
    }

    /// The hyperparameters of a parameter, its learning rate as a ratio to the optimizer's. `joined(i)` is called for
    /// each group it belongs to.
    pub(super) fn hyper_of(&self, parameter: &str, mut joined: impl FnMut(usize)) -> Hyper<R> {
        let mut hyper = Hyper { lr: 1.0, ..self.hyper.clone() };
        for (i, group) in self.groups.iter().enumerate() {
            if group.holds(parameter) {
                joined(i);
                let ratio = hyper.lr;
                hyper = group.apply(hyper, self.initial_lr);
                hyper.lr *= ratio;
            }
        }
        hyper
    }
}

impl<R: Rule> Group<R> {
    fn holds(&self, parameter: &str) -> bool {
        match &self.members {
            Members::Below(prefix) => is_below(parameter, prefix),
            Members::Where(members) => members(parameter),
        }
    }

    /// `hyper` after the group's change; its learning rate is the ratio of that after the change to that before.
    pub(super) fn apply(&self, hyper: Hyper<R>, initial_lr: f64) -> Hyper<R> {
        let lr = if initial_lr > 0.0 && initial_lr.is_finite() { initial_lr } else { 1.0 };
        let mut after = (self.change)(Driver::of(Hyper { lr, ..hyper })).hyper;
        after.lr /= lr;
        for (name, value) in &self.set {
            after.put(name, *value);
        }
        after
    }

    /// An error if the group's change adds groups: whose parameters they were could not be said.
    pub(super) fn adds_none(&self, hyper: Hyper<R>, position: usize) -> Result<()> {
        if (self.change)(Driver::of(hyper)).groups.is_empty() {
            return Ok(());
        }
        let text = format!("{}: the group {} adds groups; add them to the optimizer", R::NAME, self.label(position));
        Err(Error::new(ErrorKind::Argument, text))
    }

    /// An error if one of the groups before has the same prefix: which of the two counts could not be seen.
    pub(super) fn is_no_other(&self, before: &[Group<R>], position: usize) -> Result<()> {
        let Members::Below(prefix) = &self.members else { return Ok(()) };
        let same = |group: &Group<R>| matches!(&group.members, Members::Below(other) if other == prefix);
        if !before.iter().any(same) {
            return Ok(());
        }
        let text = format!("{}: two groups are called {}; make them one", R::NAME, self.label(position));
        Err(Error::new(ErrorKind::Argument, text))
    }

    /// Its name in errors: its prefix, or its place among the groups.
    pub(super) fn label(&self, position: usize) -> String {
        match &self.members {
            Members::Below(prefix) => format!("{prefix:?}"),
            Members::Where(_) => format!("number {}", position + 1),
        }
    }
}

impl<R> Clone for Group<R> {
    fn clone(&self) -> Self {
        let Group { members, change, set, lenient } = self;
        Group { members: members.clone(), change: Arc::clone(change), set: set.clone(), lenient: *lenient }
    }
}

impl<R> fmt::Debug for Group<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.members {
            Members::Below(prefix) => write!(f, "{prefix:?}"),
            Members::Where(_) => f.write_str("where"),
        }
    }
}

/// Whether a parameter is a bias, or belongs to a layer of normalisation, as its name says: its last word is `bias`,
/// begins with `bias_` or ends with `_bias`, or one of the words before contains `norm`, or is `bn` or `ln` with or
/// without a number, or the `ln_f` of GPT-2.
///
/// A layer of normalisation in a row of layers that have numbers for names is not known by them.
///
/// # Examples
/// ```
/// use wengert_optim::biases_and_norms;
/// let all = ["0.bias", "gru.bias_hh_l0", "encoder.norm1.weight", "bn2.weight", "LayerNorm.weight", "h.0.ln_1.weight"];
/// assert!(all.into_iter().all(biases_and_norms) && biases_and_norms("attention.in_proj_bias"));
/// let others = ["0.weight", "abnormal", "blnd.weight", "bias.weight", "attention.in_proj_weight", "unbias"];
/// assert!(!others.into_iter().any(biases_and_norms));
/// ```
pub fn biases_and_norms(name: &str) -> bool {
    let (layers, last) = name.rsplit_once('.').unwrap_or(("", name));
    // Without lower-case copies: a step whose hyperparameters were changed asks for every name.
    let is_norm = |word: &str| {
        let short = word.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
        word.as_bytes().windows(4).any(|part| part.eq_ignore_ascii_case(b"norm"))
            || ["bn", "ln", "ln_f"].iter().any(|known| short.eq_ignore_ascii_case(known))
    };
    last == "bias" || last.starts_with("bias_") || last.ends_with("_bias") || layers.split('.').any(is_norm)
}
