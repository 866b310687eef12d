//! Cases of initialisers.

use super::{Outcome, Property, ensure, equal, failures, near, refused};
use crate::init::{Distribution, Initializer};
use autograd_core::{DType, Result, Shape, Tensor, seeded};
use rand::Rng;

type Promise = Box<dyn Fn(&[usize]) -> Result<Distribution>>;

/// A look at values, and why they are wrong.
type Look = fn(&Tensor) -> Outcome;

/// An initialiser, the distribution of its values for some shapes or what is true of them together, and what it
/// refuses.
pub(crate) struct Case {
    name: &'static str,
    start: Box<dyn Initializer>,
    /// None where values are not independent.
    distribution: Option<Promise>,
    is_random: bool,
    /// Shapes with the mean and the standard deviation of their values.
    draws: Vec<(Shape, f64, f64)>,
    values: Vec<Tensor>,
    looks: Vec<(Shape, Look)>,
    refusals: Vec<(Shape, &'static str)>,
}

/// An initialiser with this name in errors, and the method that says what it draws from.
pub(crate) fn start<I: Initializer + Clone + 'static>(
    name: &'static str,
    start: I,
    distribution: fn(&I, &[usize]) -> Result<Distribution>,
) -> Case {
    let mut case = made(name, start.clone());
    case.distribution = Some(Box::new(move |shape: &[usize]| distribution(&start, shape)));
    case
}

/// An initialiser with this name in errors, whose values belong together; not random unless the case says so.
pub(crate) fn made(name: &'static str, start: impl Initializer + 'static) -> Case {
    let (draws, values, looks, refusals) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Case { name, start: Box::new(start), distribution: None, is_random: false, draws, values, looks, refusals }
}

impl Case {
    /// The values for this shape, which has thousands, have this mean and standard deviation.
    pub(crate) fn draws(mut self, shape: &[usize], mean: f64, std: f64) -> Case {
        self.draws.push((shape.into(), mean, std));
        self
    }

    /// Other seeds give other values.
    pub(crate) fn random(mut self) -> Case {
        self.is_random = true;
        self
    }

    /// These are the values for their shape.
    pub(crate) fn gives(mut self, values: impl Into<Tensor>) -> Case {
        self.values.push(values.into());
        self
    }

    /// This is true of the values for this shape.
    pub(crate) fn holds(mut self, shape: &[usize], look: Look) -> Case {
        self.looks.push((shape.into(), look));
        self
    }

    /// This shape is an error with this text.
    pub(crate) fn refuses(mut self, shape: &[usize], text: &'static str) -> Case {
        self.refusals.push((shape.into(), text));
        self
    }

    /// The properties that do not hold.
    pub(crate) fn failures(self) -> Vec<String> {
        let checks = self.draws.len() + self.values.len() + self.looks.len() + self.refusals.len();
        assert!(checks > 0, "{}: a case that checks nothing", self.name);
        failures(self.name, &self, PROPERTIES)
    }
}

const PROPERTIES: &[Property<Case>] = &[
    ("formula", formula),
    ("samples", samples),
    ("values", values),
    ("the same seed", repeated),
    ("other dtypes", dtypes),
    ("refused shapes", refusals),
];

impl Case {
    fn promise(&self, shape: &[usize]) -> Outcome<Distribution> {
        let promise = self.distribution.as_ref().ok_or("independent values need a distribution")?;
        Ok(promise(shape)?)
    }

    /// All shapes that it makes values for.
    fn shapes(&self) -> impl Iterator<Item = &[usize]> {
        let drawn = self.draws.iter().map(|(shape, ..)| &shape[..]);
        drawn.chain(self.values.iter().map(Tensor::shape)).chain(self.looks.iter().map(|(shape, _)| &shape[..]))
    }
}

fn formula(case: &Case) -> Outcome {
    for (shape, mean, std) in &case.draws {
        let distribution = case.promise(shape)?;
        near(&[distribution.mean(), distribution.std()], &[*mean, *std], 1e-15)?;
    }
    Ok(())
}

fn samples(case: &Case) -> Outcome {
    for (shape, mean, std) in &case.draws {
        for dtype in [DType::F32, DType::F64] {
            let x = case.start.tensor(shape, dtype, &mut seeded(1))?;
            equal((x.shape(), x.dtype()), (&shape[..], dtype))?;
            let values = x.to_f64s();
            let count = values.len() as f64;
            ensure(count >= 1000.0, || format!("{count} values are too few to see their distribution"))?;
            let got = values.iter().sum::<f64>() / count;
            let spread = (values.iter().map(|x| (x - got).powi(2)).sum::<f64>() / count).sqrt();
            ensure((got - mean).abs() <= 5.0 * std / count.sqrt() + 1e-6, || format!("mean {got}, not {mean}"))?;
            ensure((spread - std).abs() <= 0.05 * std + 1e-6, || format!("standard deviation {spread}, not {std}"))?;
            if let Some((low, high)) = case.promise(shape)?.bounds() {
                // Half open; a constant is rounded to the dtype.
                let within = |x: &f64| if low < high { (low..high).contains(x) } else { (x - low).abs() <= 1e-6 };
                let inside = values.iter().all(within);
                ensure(inside, || format!("values outside {low} to {high}"))?;
                let (most, least) =
                    (values.iter().copied().fold(low, f64::max), values.iter().copied().fold(high, f64::min));
                let reached = high - most < 0.02 * (high - low) + 1e-6 && least - low < 0.02 * (high - low) + 1e-6;
                ensure(reached, || format!("values only {least} to {most}, not {low} to {high}"))?;
            }
        }
    }
    Ok(())
}

fn values(case: &Case) -> Outcome {
    for dtype in [DType::F32, DType::F64] {
        for want in &case.values {
            let got = case.start.tensor(want.shape(), dtype, &mut seeded(1))?;
            equal((got.shape(), got.dtype(), got.to_f64s()), (want.shape(), dtype, want.to_f64s()))?;
        }
        for (shape, look) in &case.looks {
            let got = case.start.tensor(shape, dtype, &mut seeded(1))?;
            equal((got.shape(), got.dtype()), (&shape[..], dtype))?;
            look(&got)?;
        }
    }
    Ok(())
}

fn repeated(case: &Case) -> Outcome {
    for shape in case.shapes() {
        let draw =
            |seed| -> Result<Vec<f64>> { Ok(case.start.tensor(shape, DType::F32, &mut seeded(seed))?.to_f64s()) };
        equal(draw(1)?, draw(1)?)?;
        let random = match case.distribution {
            Some(_) => case.promise(shape)?.std() > 0.0,
            None => case.is_random && !shape.contains(&0),
        };
        ensure((draw(1)? != draw(2)?) == random, || {
            format!("values of shape {shape:?} depend on the seed: {}", !random)
        })?;
    }
    Ok(())
}

fn dtypes(case: &Case) -> Outcome {
    for shape in case.shapes() {
        let text = refused::<Tensor>(case.start.tensor(shape, DType::I64, &mut seeded(1)))?;
        let end = ": dtype is I64, expected F32 or F64; to_dtype converts";
        ensure(text.ends_with(end), || text.clone())?;
    }
    Ok(())
}

fn refusals(case: &Case) -> Outcome {
    for (shape, text) in &case.refusals {
        let (mut rng, mut unmoved) = (seeded(1), seeded(1));
        equal(refused(case.start.tensor(shape, DType::F32, &mut rng))?.as_str(), text)?;
        ensure(rng.next_u64() == unmoved.next_u64(), || "an error, and the generator has moved".into())?;
    }
    Ok(())
}
