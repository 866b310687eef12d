//! The cases of operations, and the suite they go through.
//!
//! Every operation's file ends with its own, in `cases![..]`, which makes a test of them: `cargo test -p autograd-core
//! tanh` runs those of `tanh`. A case has an operation, its inputs, the plain formula in f64, and the calls that the
//! operation refuses, each with the text of its error. Every case goes through: value in f64 and f32, first and second
//! derivatives against finite differences, fused against recorded gradient, also beside ±∞ and NaN, elementwise ones in
//! F32 against F64 over the whole range and in a block against alone, permuted, expanded and overlapping inputs, every
//! combination of tracked and untracked inputs, the same tensor for several inputs, no elements, no dimensions, one
//! element and very many (on one thread and three), no element left unwritten, bitwise repeatability, inputs left as
//! they were, the exact text of each error.

mod accuracy;
mod aliases;
mod derivatives;
mod extremes;
mod facts;
mod input;
mod linear;
mod page;
mod pointwise;
mod replay;
mod sizes;
mod suite;
mod walks;

pub(crate) use input::Input;
pub(crate) use suite::run;

use crate::error::Result;
use crate::tensor::{DType, Tensor};
use std::ops::Range;
use std::sync::Arc;

type Call = Arc<dyn Fn(&[Tensor]) -> Result<Tensor> + Send + Sync>;
type Reference = Arc<dyn Fn(&[Vec<f64>]) -> Vec<f64> + Send + Sync>;

/// One case.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) op: &'static str,
    inputs: Vec<Input>,
    call: Call,
    reference: Option<Reference>,
    gradient: bool,
    /// Whether a tracked input whose result is not is noted.
    ends_history: bool,
    /// Element-wise operations also take any shape.
    elementwise: bool,
    with_itself: bool,
    of_views: bool,
    rtol: f64,
    refusals: Vec<Refusal>,
    fallible: bool,
    counts_saved: bool,
    /// What it computes depends on the numbers it finds, so it cannot be captured.
    reads_numbers: bool,
    /// Its fused walk leaves out what a recorded one multiplies by 0, even where that is not finite.
    leaves_out: bool,
    /// How far value, first and second derivative may be off in F32, in units in the last place.
    ulps: [f64; 3],
    /// The terms of its value may cancel, and what is left has the digits of the larger operand.
    cancels: bool,
}

/// A call that must fail, and the text of its error.
#[derive(Clone)]
struct Refusal {
    call: Call,
    text: String,
}

impl Case {
    pub(crate) fn new(
        op: &'static str,
        inputs: Vec<Input>,
        call: impl Fn(&[Tensor]) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Case {
        Case {
            op,
            inputs,
            call: Arc::new(call),
            reference: None,
            gradient: true,
            ends_history: true,
            elementwise: false,
            with_itself: true,
            of_views: true,
            rtol: 1e-12,
            refusals: Vec::new(),
            fallible: true,
            counts_saved: true,
            reads_numbers: false,
            leaves_out: false,
            ulps: [2.0, 4.0, 4.0],
            cancels: false,
        }
    }

    /// `y = f(x)` element by element; it takes any tensor.
    pub(crate) fn unary(
        op: &'static str,
        range: Range<f64>,
        kinks: &[f64],
        call: impl Fn(&Tensor) -> Tensor + Send + Sync + 'static,
        reference: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Case {
        Case::fallible_unary(op, range, kinks, move |x| Ok(call(x)), reference).cannot_fail()
    }

    /// Like `unary`, but for operations that check arguments.
    pub(crate) fn fallible_unary(
        op: &'static str,
        range: Range<f64>,
        kinks: &[f64],
        call: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
        reference: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Case {
        let case = Case::new(op, vec![Input::real(&[3, 4], range).avoiding(kinks)], move |x| call(&x[0]));
        Case { elementwise: true, ..case.value(move |x| x[0].iter().map(|x| reference(*x)).collect()) }
    }

    /// `z = f(a, b)` element by element. Like all of them, it refuses shapes and dtypes that do not go together.
    pub(crate) fn binary(
        op: &'static str,
        a: Range<f64>,
        b: Range<f64>,
        call: impl Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
        reference: impl Fn(f64, f64) -> f64 + Send + Sync + 'static,
    ) -> Case {
        let inputs = vec![Input::real(&[3, 4], a), Input::real(&[3, 4], b)];
        let call = Arc::new(call);
        let [shapes, dtypes] = [Arc::clone(&call), Arc::clone(&call)];
        let case = Case::new(op, inputs, move |x| call(&x[0], &x[1]))
            .value(move |x| x[0].iter().zip(&x[1]).map(|(a, b)| reference(*a, *b)).collect())
            .refuses(
                move |x| shapes(&x[0], &x[1].t()?),
                format!(
                    "{op}: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)"
                ),
            )
            .refuses(
                move |x| dtypes(&x[0], &x[1].to_dtype(DType::F32)),
                format!("{op}: dtypes F64 and F32 do not mix; convert one with to_dtype"),
            );
        Case { elementwise: true, ..case }
    }

    /// The formula, on the inputs' elements in row-major order.
    pub(crate) fn value(mut self, reference: impl Fn(&[Vec<f64>]) -> Vec<f64> + Send + Sync + 'static) -> Case {
        self.reference = Some(Arc::new(reference));
        self
    }
    /// Its result carries no gradient.
    pub(crate) fn without_gradient(mut self) -> Case {
        self.gradient = false;
        self
    }
    /// Its result carries no gradient, and says of no history that it ends: it depends on no number of an input, comes
    /// beside one that is tracked, or the call takes its inputs off the tape by itself.
    pub(crate) fn ends_no_history(mut self) -> Case {
        self.ends_history = false;
        self.without_gradient()
    }
    /// It has a kink where its inputs are equal.
    pub(crate) fn not_with_itself(mut self) -> Case {
        self.with_itself = false;
        self
    }
    /// Its result depends on the order of elements in memory.
    pub(crate) fn not_of_views(mut self) -> Case {
        self.of_views = false;
        self
    }
    /// It rounds to less than f64.
    pub(crate) fn coarse(mut self, rtol: f64) -> Case {
        self.rtol = rtol;
        self.gradient = false;
        self
    }
    /// How far value, first and second derivative of an elementwise operation may be off in F32; default 2, 4 and 4
    /// units in the last place.
    pub(crate) fn within_ulps(mut self, ulps: [f64; 3]) -> Case {
        self.ulps = ulps;
        self
    }
    /// The terms of its value may cancel: it counts in last places of the larger operand, where that is larger than it.
    pub(crate) fn digits_of_the_larger_operand(mut self) -> Case {
        self.cancels = true;
        self
    }
    /// A call with bad arguments, made of the case's inputs, fails with exactly this text. There is one call per
    /// mistake.
    pub(crate) fn refuses(
        mut self,
        call: impl Fn(&[Tensor]) -> Result<Tensor> + Send + Sync + 'static,
        text: impl Into<String>,
    ) -> Case {
        self.refusals.push(Refusal { call: Arc::new(call), text: text.into() });
        self
    }
    /// Its saved values cannot be counted: nodes share them, or it computes values on the way that are not part of its
    /// graph.
    pub(crate) fn not_counting_saved(mut self) -> Case {
        self.counts_saved = false;
        self
    }
    /// What it computes depends on the numbers it finds: a capture refuses it.
    pub(crate) fn reads_numbers(mut self) -> Case {
        self.reads_numbers = true;
        self
    }
    /// Its fused walk leaves out what a recorded one multiplies by 0, even where that is not finite.
    pub(crate) fn leaves_out_what_is_zero(mut self) -> Case {
        self.leaves_out = true;
        self
    }
    /// Its method does not return a `Result`.
    pub(crate) fn cannot_fail(mut self) -> Case {
        self.fallible = false;
        self
    }

    fn call(&self, x: &[Tensor]) -> Tensor {
        (self.call)(x).unwrap_or_else(|e| panic!("{e}"))
    }

    fn sample(&self, seed: u64) -> Vec<Tensor> {
        let mut rng = crate::seeded(seed);
        self.inputs.iter().map(|input| input.sample(&mut rng)).collect()
    }
}

/// The error function by its Taylor series, accurate enough up to |x| = 3.
pub(crate) fn erf_reference(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..80 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

/// The content of `cases![..]`: a case, or a block that ends with several.
pub(crate) trait Rows {
    fn rows(self) -> Vec<Case>;
}

impl Rows for Case {
    fn rows(self) -> Vec<Case> {
        vec![self]
    }
}

impl<const N: usize> Rows for [Case; N] {
    fn rows(self) -> Vec<Case> {
        self.into()
    }
}

impl Rows for Vec<Case> {
    fn rows(self) -> Vec<Case> {
        self
    }
}

/// The cases of an operation's file, as a test of their own. `Case`, `Input` and `erf_reference` are in scope.
macro_rules! cases {
    ($($rows:expr),+ $(,)?) => {
        #[test]
        fn cases() {
            #[allow(unused_imports, reason = "a file may have rows of one sort only")]
            use $crate::{
                keep,
                ops::cases::{Case, Input, Rows, erf_reference},
            };
            $crate::ops::cases::run(file!(), &[$(Rows::rows($rows)),+].concat());
        }
    };
}
pub(crate) use cases;
