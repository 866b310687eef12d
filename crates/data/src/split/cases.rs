//! The suite that every splitter runs.

use super::{Fold, Samples, Splitter};
use rand::RngExt;
use std::collections::BTreeSet;

/// A splitter, and all that must hold for it.
pub(super) struct Case {
    name: &'static str,
    /// In order, or shuffled by a seed.
    splitter: Box<dyn Fn(Option<u64>) -> Box<dyn Splitter>>,
    /// None for a splitter that divides nothing.
    kind: Option<Kind>,
    /// Whether samples can be divided, from their number and the size of their largest class.
    divides: fn(usize, usize) -> bool,
    wrong: Vec<String>,
}

/// A promise about the folds.
enum Kind {
    /// This many folds; each sample is tested in one and trained on in the others.
    Partition { folds: usize, stratified: bool },
    /// One fold of everything, with this many test samples.
    Complete(fn(usize) -> usize),
    /// One fold, with this many train and test samples.
    Disjoint(fn(usize) -> (usize, usize)),
}

/// Train and test part of a fold.
type Parts<'a> = (&'a [usize], &'a [usize]);

impl Case {
    pub(super) fn new<S: Splitter + Clone + 'static>(
        name: &'static str,
        splitter: S,
        shuffle: fn(S, u64) -> S,
    ) -> Case {
        let splitter = move |seed: Option<u64>| -> Box<dyn Splitter> {
            Box::new(seed.map_or(splitter.clone(), |seed| shuffle(splitter.clone(), seed)))
        };
        Case { name, splitter: Box::new(splitter), kind: None, divides: |_, _| true, wrong: Vec::new() }
    }

    /// This many folds; each sample is tested in one and trained on in the others.
    pub(super) fn partition(mut self, folds: usize) -> Case {
        self.kind = Some(Kind::Partition { folds, stratified: false });
        self
    }

    /// A partition where each fold tests the same share of each class.
    pub(super) fn stratified(mut self, folds: usize) -> Case {
        self.kind = Some(Kind::Partition { folds, stratified: true });
        self
    }

    /// One fold of everything, with this many test samples.
    pub(super) fn complete(mut self, test: fn(usize) -> usize) -> Case {
        self.kind = Some(Kind::Complete(test));
        self
    }

    /// One fold, with this many train and test samples.
    pub(super) fn disjoint(mut self, sizes: fn(usize) -> (usize, usize)) -> Case {
        self.kind = Some(Kind::Disjoint(sizes));
        self
    }

    /// Whether samples can be divided, from their number and the size of their largest class.
    pub(super) fn divides(mut self, divides: fn(usize, usize) -> bool) -> Case {
        self.divides = divides;
        self
    }

    /// The folds of some samples in order.
    pub(super) fn example<'a>(mut self, samples: impl Into<Samples<'a>>, folds: &[Parts<'_>]) -> Case {
        let got = (self.splitter)(None).folds(&samples.into());
        let want = folds.iter().map(|(train, test)| Fold { train: train.to_vec(), test: test.to_vec() }).collect();
        if got != Ok::<Vec<Fold>, _>(want) {
            self.wrong.push(format!("the folds are {got:?}, expected (train, test) {folds:?}"));
        }
        self
    }

    /// Samples that are refused with this text, in order and shuffled.
    pub(super) fn refuses<'a>(mut self, samples: impl Into<Samples<'a>>, text: &str) -> Case {
        let samples = samples.into();
        for seed in [None, Some(0)] {
            let got = (self.splitter)(seed).folds(&samples).map_err(|e| e.to_string());
            if got != Err(text.to_string()) {
                self.wrong.push(format!("{samples:?}: got {got:?}, expected the refusal {text:?}"));
            }
        }
        self
    }

    /// More samples than memory holds numbers are refused, unless few of them are asked for.
    fn endless(&mut self) {
        for (n, seed) in [usize::MAX, usize::MAX / 16].into_iter().flat_map(|n| [(n, None), (n, Some(0))]) {
            let folds = (self.splitter)(seed).folds(&Samples::new(n)).unwrap_or_default();
            if folds.iter().any(|fold| fold.train.len() + fold.test.len() > 100) {
                self.wrong.push(format!("{n} samples are divided into {} folds", folds.len()));
            }
        }
    }

    /// All numbers of samples up to 60, with random classes, in order and shuffled.
    fn sweep(&mut self) {
        let Some(kind) = &self.kind else { return };
        let mut rng = autograd_core::seeded(1);
        let (mut divided, mut distinct) = (0, 0);
        for n in 0..60 {
            let classes: Vec<i64> = (0..n).map(|_| rng.random_range(0..4)).collect();
            let largest = (0..4).map(|k| classes.iter().filter(|c| **c == k).count()).max().unwrap_or(0);
            let samples = Samples::new(n).classes(&classes);
            for seed in [None, Some(rng.random())] {
                let place = format!("{n} samples, seed {seed:?}");
                let folds = (self.splitter)(seed).folds(&samples);
                match (&folds, (self.divides)(n, largest)) {
                    (Ok(folds), true) => {
                        self.wrong.extend(kind.offences(folds, &classes).into_iter().map(|o| format!("{place}: {o}")));
                        divided += 1;
                    }
                    (Err(_), false) => {}
                    (got, _) => self.wrong.push(format!("{place}: unexpected {got:?}")),
                }
                if (self.splitter)(seed).folds(&samples) != folds {
                    self.wrong.push(format!("{place}: the same splitter divides differently"));
                }
                distinct += usize::from(seed.is_some() && (self.splitter)(Some(0)).folds(&samples) != folds);
            }
        }
        if divided < 40 || distinct < 20 {
            self.wrong.push(format!("only {divided} of 120 samples are divided, {distinct} of 60 by the seed"));
        }
    }
}

impl Kind {
    /// Everything that is wrong with some folds.
    fn offences(&self, folds: &[Fold], classes: &[i64]) -> Vec<String> {
        let n = classes.len();
        let mut wrong = Vec::new();
        for (i, fold) in folds.iter().enumerate() {
            let both: BTreeSet<usize> = fold.train.iter().chain(&fold.test).copied().collect();
            if both.len() != fold.train.len() + fold.test.len() {
                wrong.push(format!("fold {i}: a sample twice"));
            }
            if both.last().is_some_and(|last| *last >= n) || fold.train.is_empty() {
                wrong.push(format!("fold {i}: strangers, or nothing to train on"));
            }
            if !matches!(self, Kind::Disjoint(_)) && both.len() != n {
                wrong.push(format!("fold {i}: {} of {n} samples", both.len()));
            }
        }
        let sizes: Vec<_> = folds.iter().map(|fold| (fold.train.len(), fold.test.len())).collect();
        let expected = match self {
            Kind::Partition { folds: k, .. } => {
                (0..*k).map(|i| n / k + usize::from(i < n % k)).map(|test| (n - test, test)).collect()
            }
            Kind::Complete(test) => vec![(n - test(n), test(n))],
            Kind::Disjoint(sizes) => vec![sizes(n)],
        };
        if sizes != expected {
            wrong.push(format!("(train, test) sizes {sizes:?}, expected {expected:?}"));
        }
        if let Kind::Partition { stratified, .. } = self {
            wrong.extend(partition_offences(folds, classes, *stratified));
        }
        wrong
    }
}

fn partition_offences(folds: &[Fold], classes: &[i64], stratified: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let tested: BTreeSet<usize> = folds.iter().flat_map(|fold| fold.test.iter().copied()).collect();
    if tested.len() != classes.len() {
        wrong.push("the test parts overlap".to_string());
    }
    if !folds.iter().all(|fold| fold.train.is_sorted() && fold.test.is_sorted()) {
        wrong.push("the parts are not ascending".to_string());
    }
    for class in (0..4).filter(|_| stratified) {
        let all = classes.iter().filter(|c| **c == class).count();
        let share = all / folds.len()..=all.div_ceil(folds.len());
        let counts = folds.iter().map(|fold| fold.test.iter().filter(|sample| classes[**sample] == class).count());
        let counts: Vec<usize> = counts.collect();
        if counts.iter().any(|count| !share.contains(count)) {
            wrong.push(format!("class {class} is tested {counts:?} times"));
        }
    }
    wrong
}

/// Runs the suite over all cases; fails with everything that is wrong.
pub(super) fn run(mut cases: Vec<Case>) {
    cases.iter_mut().for_each(Case::sweep);
    cases.iter_mut().for_each(Case::endless);
    // A mistake of a splitter appears in many sweeps: a few of them show it.
    crate::cases::report(cases.iter().flat_map(|case| case.wrong.iter().take(6).map(|wrong| (&*case.name, wrong))));
}

family!($ split);
