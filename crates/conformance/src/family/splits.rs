//! Splits: exact folds where nothing is random, else properties that every split of the kind has.

use crate::call::Call;
use crate::case::{Case, Precision};
use crate::stop::{Outcome, Stop};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use wengert_data::split::{Fold, KFold, Samples, Size, Splitter, StratifiedKFold, TrainTestSplit};

type Build = fn(&Call<'_>) -> Outcome<Box<dyn Splitter>>;

/// The register of splitters. Wiring one up is one entry.
const TABLE: &[(&str, Build)] = &[
    ("KFold", |c| shuffled(KFold::new(c.count("n_splits")?), KFold::shuffle, only_shuffled(c)?)),
    ("StratifiedKFold", |c| {
        shuffled(StratifiedKFold::new(c.count("n_splits")?), StratifiedKFold::shuffle, only_shuffled(c)?)
    }),
    ("train_test_split", |c| {
        let mut split = TrainTestSplit::new();
        if let Some(test) = size(c, "test_size")? {
            split = split.test_size(test);
        }
        if let Some(train) = size(c, "train_size")? {
            split = split.train_size(train);
        }
        shuffled(split, TrainTestSplit::shuffle, seed(c)?)
    }),
];

/// A splitter with a seed, if there is one.
fn shuffled<S: Splitter + 'static>(
    splitter: S,
    shuffle: fn(S, u64) -> S,
    seed: Option<u64>,
) -> Outcome<Box<dyn Splitter>> {
    Ok(Box::new(match seed {
        Some(seed) => shuffle(splitter, seed),
        None => splitter,
    }))
}

/// The seed, if the order is random: any will do where none is given.
fn seed(c: &Call<'_>) -> Outcome<Option<u64>> {
    let seed = c.maybe_integer("random_state")?.unwrap_or(7);
    Ok(c.flag("shuffle")?.then_some(seed as u64))
}

/// Like [`seed`], but a seed without shuffling is an error there, which the types rule out here.
fn only_shuffled(c: &Call<'_>) -> Outcome<Option<u64>> {
    match (seed(c)?, c.maybe_integer("random_state")?) {
        (None, Some(seed)) => Err(Stop::argument("random_state", seed)),
        (seed, _) => Ok(seed),
    }
}

/// A fraction, or a number of samples if it is written without a decimal point.
fn size(c: &Call<'_>, name: &str) -> Outcome<Option<Size>> {
    match c.value(name) {
        Some(Value::Number(number)) if !number.is_f64() => Ok(Some(Size::Count(c.count(name)?))),
        Some(_) => Ok(Some(Size::Fraction(c.number(name)?))),
        None => Ok(None),
    }
}

#[derive(Deserialize)]
struct Indices {
    train: Vec<usize>,
    test: Vec<usize>,
}

/// Properties that hold for every seed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Properties {
    test_sizes: Option<Vec<usize>>,
    train_sizes: Option<Vec<usize>>,
    #[serde(default)]
    partition: bool,
    #[serde(default)]
    disjoint: bool,
    #[serde(default)]
    partition_per_repeat: bool,
    #[serde(default)]
    repeats_differ: bool,
    test_class_counts: Option<Vec<Vec<usize>>>,
    #[serde(default)]
    class_count_slack: usize,
}

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let entry = TABLE.iter().find(|(known, _)| *known == case.name);
    let (_, build) = entry.ok_or_else(|| Stop::Unsupported(String::new()))?;
    let nothing = BTreeMap::new();
    let call = Call::new(&case.args, &nothing, precision);
    let splitter = build(&call)?;
    call.all_read()?;
    let n: usize = case.required("n")?;
    let classes: Option<Vec<i64>> =
        case.field("y").map_err(|_| Stop::Unsupported("classes that are no numbers".into()))?;
    let samples = Samples::new(n);
    let samples = classes.as_ref().map_or(samples.clone(), |classes| samples.classes(classes));
    let folds = splitter.folds(&samples)?;
    if case.expect_error {
        return Ok(());
    }
    if case.required("exact")? {
        return same(&folds, &case.required::<Vec<Indices>>("folds")?);
    }
    let split = Split { folds: &folds, n, classes: classes.as_deref(), repeats: case.args.get("n_repeats") };
    split.check(&case.required("properties")?)
}

fn same(got: &[Fold], want: &[Indices]) -> Outcome<()> {
    agree("number of folds", &got.len(), &want.len())?;
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        agree(&format!("train part of fold {i}"), &got.train, &want.train)?;
        agree(&format!("test part of fold {i}"), &got.test, &want.test)?;
    }
    Ok(())
}

fn agree<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) -> Outcome<()> {
    if got == want { Ok(()) } else { Err(Stop::Differs(format!("{what}: got {got:?} want {want:?}"))) }
}

struct Split<'a> {
    folds: &'a [Fold],
    n: usize,
    classes: Option<&'a [i64]>,
    repeats: Option<&'a Value>,
}

impl Split<'_> {
    fn check(&self, want: &Properties) -> Outcome<()> {
        let sizes = |part: fn(&Fold) -> &Vec<usize>| self.folds.iter().map(|fold| part(fold).len()).collect::<Vec<_>>();
        if let Some(want) = &want.test_sizes {
            agree("test sizes", &sizes(|fold| &fold.test), want)?;
        }
        if let Some(want) = &want.train_sizes {
            agree("train sizes", &sizes(|fold| &fold.train), want)?;
        }
        for (i, fold) in self.folds.iter().enumerate() {
            let both: Vec<usize> = fold.train.iter().chain(&fold.test).copied().collect();
            let distinct: BTreeSet<usize> = both.iter().copied().collect();
            if (want.disjoint || want.partition) && distinct.len() != both.len() {
                return Err(Stop::Differs(format!("fold {i}: a sample twice")));
            }
            agree(
                &format!("fold {i}: samples below {}", self.n),
                &distinct.iter().all(|sample| *sample < self.n),
                &true,
            )?;
        }
        if want.partition {
            // A single fold is a split in two: its parts together are all samples.
            let alone = self.folds.len() == 1;
            let tested = self.folds.iter().flat_map(|fold| fold.test.iter().chain(fold.train.iter().filter(|_| alone)));
            self.check_partition(tested.copied().collect())?;
        }
        let repeats = self.repeats.and_then(Value::as_u64).unwrap_or(1).max(1) as usize;
        let runs: Vec<&[Fold]> = self.folds.chunks((self.folds.len() / repeats).max(1)).collect();
        if want.partition_per_repeat {
            for run in &runs {
                self.check_partition(run.iter().flat_map(|fold| fold.test.iter().copied()).collect())?;
            }
        }
        if want.repeats_differ && runs.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Stop::Differs("two repeats are the same".into()));
        }
        want.test_class_counts.as_ref().map_or(Ok(()), |counts| self.check_classes(counts, want.class_count_slack))
    }

    fn check_partition(&self, mut tested: Vec<usize>) -> Outcome<()> {
        tested.sort_unstable();
        agree("all test parts together", &tested, &(0..self.n).collect())
    }

    fn check_classes(&self, want: &[Vec<usize>], slack: usize) -> Outcome<()> {
        let classes = self.classes.ok_or_else(|| Stop::Malformed("class counts without classes".into()))?;
        let ascending: BTreeSet<i64> = classes.iter().copied().collect();
        for (i, (fold, want)) in self.folds.iter().zip(want).enumerate() {
            let count = |class: &i64| fold.test.iter().filter(|sample| classes[**sample] == *class).count();
            let got: Vec<usize> = ascending.iter().map(count).collect();
            let fits = got.len() == want.len() && got.iter().zip(want).all(|(got, want)| got.abs_diff(*want) <= slack);
            if !fits {
                return agree(&format!("class counts of test part {i}"), &got, want);
            }
        }
        Ok(())
    }
}
