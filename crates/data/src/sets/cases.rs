//! The suite that every set runs.

use crate::{Result, TensorDataset};
use autograd_core::{DType, seeded};
use rand::Rng;
use std::fmt::Debug;

/// A set, and all that must hold for it.
pub(crate) struct Case {
    name: &'static str,
    set: Set,
}

enum Set {
    Synthetic {
        classes: i64,
        make: fn(usize, &mut dyn Rng) -> Result<TensorDataset>,
        point: fn(i64, &[f64]) -> bool,
    },
    Refused {
        outcome: Result<TensorDataset>,
        text: &'static str,
    },
    #[cfg(feature = "digits")]
    Embedded(Embedded),
}

impl Case {
    /// A set of any number of points, drawn from a generator: classes `0..classes` of nearly equal size, in random
    /// order.
    pub(crate) fn synthetic(
        name: &'static str,
        classes: i64,
        make: fn(usize, &mut dyn Rng) -> Result<TensorDataset>,
    ) -> Case {
        Case { name, set: Set::Synthetic { classes, make, point: |_, _| true } }
    }

    /// Whether a point may be in the set, from its class and its coordinates.
    pub(crate) fn points(mut self, holds: fn(i64, &[f64]) -> bool) -> Case {
        if let Set::Synthetic { point, .. } = &mut self.set {
            *point = holds;
        }
        self
    }

    /// Arguments that are refused with this text.
    pub(crate) fn refused(
        name: &'static str,
        make: fn(&mut dyn Rng) -> Result<TensorDataset>,
        text: &'static str,
    ) -> Case {
        Case { name, set: Set::Refused { outcome: make(&mut seeded(0)), text } }
    }

    fn run(&self, wrong: &mut Vec<String>) {
        let name = self.name;
        match &self.set {
            Set::Synthetic { classes, make, point } => synthetic(name, *classes, *make, *point, wrong),
            Set::Refused { outcome, text } => {
                let got = outcome.as_ref().map(TensorDataset::len).map_err(|e| e.to_string());
                same(name, "refusal", got, Err(text.to_string()), wrong);
            }
            #[cfg(feature = "digits")]
            Set::Embedded(embedded) => embedded.run(name, wrong),
        }
    }
}

fn synthetic(
    name: &str,
    classes: i64,
    make: fn(usize, &mut dyn Rng) -> Result<TensorDataset>,
    point: fn(i64, &[f64]) -> bool,
    wrong: &mut Vec<String>,
) {
    let make = |n: usize, seed: u64| make(n, &mut seeded(seed)).expect("a fine number of points");
    for n in [classes as usize, 20, 101] {
        let set = make(n, 1);
        let y = set.y.to_vec::<i64>().expect("classes");
        let x = set.x.to_f64s();
        let columns = x.len() / n;
        let form = (set.x.dtype(), set.x.shape(), set.y.shape());
        same(name, "form", form, (DType::F32, &[n, columns][..], &[n][..]), wrong);
        for class in 0..classes {
            let size = y.iter().filter(|y| **y == class).count();
            let share = n / classes as usize;
            if size != share && size != share + 1 {
                wrong.push(format!("{name}: {size} of {n} points are of class {class}"));
            }
        }
        for (class, x) in y.iter().zip(x.chunks(columns)) {
            if !point(*class, x) {
                wrong.push(format!("{name}: {x:?} is no point of class {class}"));
            }
        }
        if n > 50 && y.is_sorted() {
            wrong.push(format!("{name}: the classes are in order"));
        }
        let bits = |set: &TensorDataset| (set.x.to_f64s(), set.y.to_f64s());
        if bits(&make(n, 1)) != bits(&set) {
            wrong.push(format!("{name}: the same seed gives another set of {n} points"));
        }
        if n > 2 && bits(&make(n, 2)) == bits(&set) {
            wrong.push(format!("{name}: another seed gives the same set of {n} points"));
        }
    }
}

fn same<T: PartialEq + Debug>(name: &str, what: &str, got: T, want: T, wrong: &mut Vec<String>) {
    if got != want {
        wrong.push(format!("{name}: {what} is {got:?}, expected {want:?}"));
    }
}

#[cfg(feature = "digits")]
pub(crate) use embedded::Embedded;

#[cfg(feature = "digits")]
mod embedded {
    use super::*;

    /// A set that never changes; whole numbers.
    pub(crate) struct Embedded {
        set: TensorDataset,
        shape: &'static [usize],
        counts: &'static [usize],
        largest: f64,
        sum: i64,
        checksum: i64,
        begins: (&'static [f64], &'static [i64]),
    }

    impl Case {
        pub(crate) fn embedded(name: &'static str, set: Result<TensorDataset>) -> Case {
            let set = set.expect("an embedded set");
            let nothing =
                Embedded { set, shape: &[], counts: &[], largest: 0.0, sum: 0, checksum: 0, begins: (&[], &[]) };
            Case { name, set: Set::Embedded(nothing) }
        }

        fn with(mut self, f: impl FnOnce(&mut Embedded)) -> Case {
            if let Set::Embedded(embedded) = &mut self.set {
                f(embedded);
            }
            self
        }

        /// Shape of the inputs.
        pub(crate) fn shape(self, shape: &'static [usize]) -> Case {
            self.with(|e| e.shape = shape)
        }

        /// Samples of each class.
        pub(crate) fn counts(self, counts: &'static [usize]) -> Case {
            self.with(|e| e.counts = counts)
        }

        /// The inputs are whole numbers from 0 to this one.
        pub(crate) fn up_to(self, largest: f64) -> Case {
            self.with(|e| e.largest = largest)
        }

        /// Sum of the inputs.
        pub(crate) fn sum(self, sum: i64) -> Case {
            self.with(|e| e.sum = sum)
        }

        /// `Σ (i mod 251 + 1) xᵢ`.
        pub(crate) fn checksum(self, checksum: i64) -> Case {
            self.with(|e| e.checksum = checksum)
        }

        /// The first inputs and the first targets.
        pub(crate) fn begins(self, x: &'static [f64], y: &'static [i64]) -> Case {
            self.with(|e| e.begins = (x, y))
        }
    }

    impl Embedded {
        pub(super) fn run(&self, name: &str, wrong: &mut Vec<String>) {
            let y = self.set.y.to_vec::<i64>().expect("classes");
            let x = self.set.x.to_f64s();
            same(name, "shape", self.set.x.shape(), self.shape, wrong);
            same(name, "targets", self.set.y.shape(), &self.shape[..1], wrong);
            let counts = (0..self.counts.len()).map(|k| y.iter().filter(|y| **y == k as i64).count());
            same(name, "number of samples of each class", &counts.collect::<Vec<_>>()[..], self.counts, wrong);
            let odd: Vec<&f64> = x.iter().filter(|x| !(0.0..=self.largest).contains(*x) || x.fract() != 0.0).collect();
            same(name, "list of inputs outside the range", odd, Vec::new(), wrong);
            same(name, "sum", x.iter().sum(), self.sum as f64, wrong);
            let checksum = x.iter().enumerate().map(|(i, x)| (i % 251 + 1) as f64 * x).sum::<f64>();
            same(name, "checksum", checksum, self.checksum as f64, wrong);
            let (begin_x, begin_y) = self.begins;
            same(name, "beginning", (&x[..begin_x.len()], &y[..begin_y.len()]), (begin_x, begin_y), wrong);
        }
    }
}

/// Runs the suite over all cases; fails with everything that is wrong.
pub(crate) fn run(cases: Vec<Case>) {
    let mut wrong = Vec::new();
    cases.iter().for_each(|case| case.run(&mut wrong));
    crate::cases::report(wrong.iter().map(|wrong| ("set", wrong)));
}

family!($ sets);
