//! The hyperparameters of one parameter.

use crate::range::Range;
use crate::rule::{Rule, See};
use crate::turn::Decay;
use autograd_core::{Description, Error, ErrorKind, Result};

/// Those that all optimizers have, and the rule with its own.
#[derive(Clone, Debug)]
pub(super) struct Hyper<R> {
    /// The learning rate; in a slot its ratio to the driver's.
    pub(super) lr: f64,
    pub(super) weight_decay: f64,
    pub(super) decoupled: bool,
    pub(super) cautious: bool,
    pub(super) proximal: [f64; 2],
    pub(super) maximize: bool,
    pub(super) rule: R,
}

impl<R: Rule> Hyper<R> {
    pub(super) fn new(rule: R, lr: f64) -> Hyper<R> {
        let (decoupled, cautious, maximize) = (false, false, false);
        Hyper { lr, weight_decay: 0.0, decoupled, cautious, proximal: [0.0; 2], maximize, rule }
    }

    /// How weight decay is applied: each form has a setter of its own, so switching one off leaves the other as it was.
    #[inline]
    pub(super) fn decay(&self) -> Decay {
        match (self.cautious, self.decoupled) {
            (true, _) => Decay::Cautious,
            (false, true) => Decay::Decoupled,
            (false, false) => Decay::Coupled,
        }
    }

    /// Shows every number, those of all optimizers first.
    pub(super) fn each(&mut self, see: &mut See<'_>) {
        see("lr", &mut self.lr, Range::AT_LEAST_0);
        see("weight_decay", &mut self.weight_decay, Range::AT_LEAST_0);
        see("proximal_l1", &mut self.proximal[0], Range::AT_LEAST_0);
        see("proximal_l2", &mut self.proximal[1], Range::AT_LEAST_0);
        self.rule.hyperparameters(see);
    }

    /// Changes a number; the name that it has for good, and whether it was another. None if there is none of this name.
    pub(super) fn put(&mut self, name: &str, value: f64) -> Option<(&'static str, bool)> {
        let mut found = None;
        self.each(&mut |known, number, _| {
            if known == name {
                found = Some((known, *number != value));
                *number = value;
            }
        });
        found
    }

    /// All hyperparameters, also those that are no numbers.
    pub(super) fn describe(&self) -> Description {
        let common = Description::new(R::NAME)
            .option("lr", self.lr)
            .option("weight_decay", self.weight_decay)
            .option("decay", format_args!("{:?}", self.decay()))
            .option("proximal_l1", self.proximal[0])
            .option("proximal_l2", self.proximal[1])
            .option("maximize", self.maximize);
        let rule = Description::from_debug(&self.rule);
        rule.options().fold(common, |all, (name, value)| all.option(name, format_args!("{value}")))
    }

    pub(super) fn check(&self) -> Result<()> {
        let mut outcome = Ok(());
        self.clone().each(&mut |name, value, range| {
            if outcome.is_ok() {
                outcome = range.check(R::NAME, name, *value);
            }
        });
        outcome?;
        let moved = self.proximal != [0.0; 2] || (self.cautious && self.weight_decay != 0.0);
        if moved && !R::FOLLOWED {
            let text = "a proximal step or cautious decay would move the parameters away from their state";
            let error = format!("{}: {text}; weight_decay goes into both", R::NAME);
            return Err(Error::new(ErrorKind::Argument, error));
        }
        self.rule.check()
    }
}
