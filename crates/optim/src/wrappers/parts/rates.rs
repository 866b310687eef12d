//! Learning rates that keep their ratio.

use super::{Parts, refuse};
use autograd_core::Result;

/// The learning rate of a part, as it was when the first part had another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    own: f64,
    first: f64,
    /// As the part was added.
    start: (f64, f64),
}

impl Rate {
    pub(super) fn new(own: f64, first: f64) -> Rate {
        Rate { own, first, start: (own, first) }
    }

    /// The rate that goes with `lr` of the first part, to the bit that of the beginning where `lr` is.
    pub(super) fn at(&self, lr: f64) -> f64 {
        match self.first {
            first if lr == first => self.own,
            // Both were 0: they stay one.
            0.0 => lr,
            first => self.own * (lr / first),
        }
    }

    /// A ratio to 0 is none.
    pub(super) fn is_ratio(&self) -> bool {
        self.first != 0.0 || self.own == 0.0
    }

    /// What was set by name.
    pub(super) fn changed(&self) -> Option<[f64; 2]> {
        ((self.own, self.first) != self.start).then_some([self.own, self.first])
    }

    pub(super) fn set(&mut self, changed: Option<[f64; 2]>) {
        (self.own, self.first) = changed.map_or(self.start, |[own, first]| (own, first));
    }
}

impl Parts {
    /// Changes the learning rate of a part that is not the first.
    pub(super) fn set_rate(&mut self, at: usize, value: f64) -> Result<()> {
        let first = self.parts[0].optimizer.lr();
        if first == 0.0 && value == 0.0 {
            // A schedule of the first one's rate has brought both to 0; the ratio stays for later.
            return Ok(());
        }
        if first == 0.0 {
            let name = &self.parts[at].name;
            return refuse(format!("lr is 0, to which that of {name:?} is a ratio: set it before {value:?}"));
        }
        let part = &mut self.parts[at];
        part.rate.set(Some([value, first]));
        part.optimizer.set_lr(value);
        Ok(())
    }

    /// Whether parts have names, steps that can be made together, and rates that can follow the first one's.
    pub(super) fn check_parts(&self) -> Result<()> {
        if self.parts.is_empty() {
            return refuse("there is no part".into());
        }
        for (i, part) in self.parts.iter().enumerate() {
            let name = &part.name;
            if name.is_empty() || name.contains('.') {
                return refuse(format!("a part is called {name:?}, it must be one word without dots"));
            }
            if self.parts[..i].iter().any(|other| other.name == *name) {
                return refuse(format!("two parts are called {name:?}"));
            }
            if !part.optimizer.evaluates_once() {
                let why = "evaluates the loss several times in a step, in which the other parts stand still";
                return refuse(format!("the optimizer of {name:?} {why}"));
            }
            if i > 0 && !part.rate.is_ratio() {
                let first = &self.parts[0].name;
                return refuse(format!("the learning rate of {first:?} is 0, to which that of {name:?} is a ratio"));
            }
        }
        Ok(())
    }
}
