//! The suite that every metric runs.

use super::Metric;
use autograd_core::{DType, Result, Tensor, seeded};
use rand::RngExt;

type Formula = dyn Fn(&[f64], &[f64]) -> Vec<f64>;

/// A metric, and all that must hold for it.
pub(super) struct Case {
    name: &'static str,
    metric: Measured,
    higher_is_better: bool,
    data: Option<(Tensor, Tensor)>,
    formula: Option<Box<Formula>>,
    wrong: Vec<String>,
}

enum Measured {
    /// A metric: the value over all batches.
    Metric(Box<dyn Metric>),
    /// A function whose results are added up over batches.
    Counts(fn(&Tensor, &Tensor) -> Result<Tensor>),
}

impl Measured {
    /// The metric of some batches. A batch that is refused ends it, if none is to be skipped.
    fn of(&self, batches: &[(Tensor, Tensor)], skip_refused: bool) -> Result<Vec<f64>> {
        let mut refusal = None;
        let mut note = |outcome: Result<()>| refusal = refusal.take().or(outcome.err());
        let value = match self {
            Measured::Metric(metric) => {
                let mut tally = metric.start()?;
                batches.iter().for_each(|(output, target)| note(tally.update(output, target)));
                vec![tally.value()]
            }
            Measured::Counts(count) => {
                let mut sum = Vec::new();
                for (output, target) in batches {
                    match count(output, target) {
                        Ok(counts) => {
                            sum.resize(counts.numel(), 0.0);
                            sum.iter_mut().zip(counts.to_f64s()).for_each(|(sum, count)| *sum += count);
                        }
                        Err(e) => note(Err(e)),
                    }
                }
                sum
            }
        };
        match refusal {
            Some(refusal) if !skip_refused => Err(refusal),
            _ => Ok(value),
        }
    }
}

impl Case {
    /// A metric with this name, of which higher values are better.
    pub(super) fn new(name: &'static str, metric: impl Metric + 'static) -> Case {
        Case::of(name, Measured::Metric(Box::new(metric)))
    }

    /// A function whose results are counts.
    pub(super) fn counts(count: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Case {
        Case::of("counts", Measured::Counts(count))
    }

    fn of(name: &'static str, metric: Measured) -> Case {
        Case { name, metric, higher_is_better: true, data: None, formula: None, wrong: Vec::new() }
    }

    pub(super) fn lower_is_better(mut self) -> Case {
        self.higher_is_better = false;
        self
    }

    /// Random outputs `[40, K]`, and classes as targets.
    pub(super) fn classes(mut self, classes: i64) -> Case {
        let target = integers(40, classes);
        self.data = Some((normal(&[40, classes as usize], 1), Tensor::from_vec(target, &[40]).expect("40 targets")));
        self
    }

    /// Random outputs of a shape, and 0 or 1 as targets.
    pub(super) fn yes_or_no(mut self, shape: &[usize]) -> Case {
        let target = integers(shape.iter().product(), 2);
        self.data = Some((normal(shape, 1), Tensor::from_vec(target, shape).expect("as many targets")));
        self
    }

    /// Random outputs and targets of a shape.
    pub(super) fn numbers(mut self, shape: &[usize]) -> Case {
        self.data = Some((normal(shape, 1), normal(shape, 2)));
        self
    }

    /// The value of outputs and targets.
    pub(super) fn formula(mut self, formula: impl Fn(&[f64], &[f64]) -> f64 + 'static) -> Case {
        self.formula = Some(Box::new(move |output, target| vec![formula(output, target)]));
        self
    }

    /// The counts of outputs and targets.
    pub(super) fn counts_by_formula(mut self, formula: impl Fn(&[f64], &[f64]) -> Vec<f64> + 'static) -> Case {
        self.formula = Some(Box::new(formula));
        self
    }

    /// The value of one batch.
    pub(super) fn example(self, output: Tensor, target: Tensor, value: f64) -> Case {
        self.example_counts(output, target, &[value])
    }

    /// The counts of one batch.
    pub(super) fn example_counts(mut self, output: Tensor, target: Tensor, counts: &[f64]) -> Case {
        let got = self.metric.of(&[(output, target)], false);
        self.expect("the value", got.map_err(|e| e.to_string()), Ok(counts.to_vec()));
        self
    }

    /// A batch that is refused with this text; nothing of it is counted.
    pub(super) fn refuses(mut self, output: Tensor, target: Tensor, text: &str) -> Case {
        let got = self.metric.of(&[(output.clone(), target.clone())], false).map_err(|e| e.to_string());
        self.expect("the refusal", got, Err(text.into()));
        if let Some(data) = &self.data {
            let bits =
                |value: Result<Vec<f64>>| value.map(|value| value.into_iter().map(f64::to_bits).collect::<Vec<_>>());
            let with = self.metric.of(&[data.clone(), (output, target)], true);
            let without = self.metric.of(std::slice::from_ref(data), false);
            self.expect("the value after a refusal", bits(with), bits(without));
        }
        self
    }

    /// An option that is refused with this text.
    pub(super) fn does_not_start(mut self, text: &str) -> Case {
        let got = self.metric.of(&[], false).map_err(|e| e.to_string());
        self.expect("the refusal", got, Err(text.into()));
        self
    }

    fn run(&mut self) {
        if let Measured::Metric(metric) = &self.metric {
            let got = (metric.name().to_string(), metric.higher_is_better());
            let reference = &&**metric;
            let by_reference = (Metric::name(reference).to_string(), Metric::higher_is_better(reference));
            self.expect("name and direction", got.clone(), (self.name.to_string(), self.higher_is_better));
            self.expect("name and direction of the reference", by_reference, got);
        }
        let (Some((output, target)), Some(formula)) = (self.data.clone(), self.formula.take()) else { return };
        let want = formula(&output.to_f64s(), &target.to_f64s());
        for dtype in [DType::F64, DType::F32] {
            let cast = |x: &Tensor| if x.dtype().is_float() { x.to_dtype(dtype) } else { x.clone() };
            let (output, target) = (cast(&output), cast(&target));
            let tolerance = if dtype == DType::F64 { 1e-12 } else { 1e-6 };
            // All at once, one by one, in unequal parts, and with an empty batch in between.
            for cuts in [vec![40], vec![1; 40], vec![7, 13, 20], vec![3, 0, 37]] {
                let got = self.metric.of(&cut(&output, &target, &cuts), false).expect("proper batches");
                let near = |(got, want): (&f64, &f64)| {
                    got == want || want.is_finite() && (got - want).abs() <= tolerance * want.abs().max(1.0)
                };
                let near = got.len() == want.len() && got.iter().zip(&want).all(near);
                if !near {
                    self.wrong.push(format!("{dtype} in batches of {cuts:?}: got {got:?}, expected {want:?}"));
                }
            }
        }
        if let Measured::Metric(metric) = &self.metric {
            let value = metric.start().expect("proper options").value();
            if !value.is_nan() {
                self.wrong.push(format!("of nothing the value is {value}, expected NaN"));
            }
        }
    }

    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, got: T, want: T) {
        if got != want {
            self.wrong.push(format!("{what} is {got:?}, expected {want:?}"));
        }
    }
}

fn normal(shape: &[usize], seed: u64) -> Tensor {
    Tensor::randn(shape, DType::F64, &mut seeded(seed)).expect("a small tensor")
}

fn integers(n: usize, below: i64) -> Vec<i64> {
    let mut rng = seeded(3);
    (0..n).map(|_| rng.random_range(0..below)).collect()
}

/// Batches of these numbers of samples.
fn cut(output: &Tensor, target: &Tensor, sizes: &[usize]) -> Vec<(Tensor, Tensor)> {
    let mut start = 0;
    let mut part = |size: &usize| {
        let part = |x: &Tensor| x.narrow(0, start as isize, *size).expect("40 samples");
        let both = (part(output), part(target));
        start += size;
        both
    };
    sizes.iter().map(&mut part).collect()
}

/// Runs the suite over all cases; fails with everything that is wrong.
pub(super) fn run(mut cases: Vec<Case>) {
    cases.iter_mut().for_each(Case::run);
    crate::cases::report(cases.iter().flat_map(|case| case.wrong.iter().map(|wrong| (&*case.name, wrong))));
}

family!($ metrics);
