//! The suite that every transformation runs.

use super::{Fit, Transform};
use crate::Result;
use autograd_core::module::StateDict;
use autograd_core::{DType, Tensor, grad, seeded};
use rand::RngExt;

type Column = dyn Fn(&[f64]) -> Vec<f64>;
type Make<From> = dyn Fn(&From) -> Result<Box<dyn Transform>>;

/// A transformation of single columns, and all that must hold for it.
pub(super) struct Case {
    name: &'static str,
    fit: Box<Make<Tensor>>,
    load: Box<Make<StateDict>>,
    formula: Option<Box<Column>>,
    wrong: Vec<String>,
}

impl Case {
    /// A transformation, and how it is loaded from what it saved.
    pub(super) fn new<F: Fit + 'static>(name: &'static str, fit: F, load: fn(&StateDict) -> Result<F::Fitted>) -> Case {
        Case {
            name,
            fit: Box::new(move |x| Ok(Box::new(fit.fit(x)?))),
            load: Box::new(move |state| Ok(Box::new(load(state)?))),
            formula: None,
            wrong: Vec::new(),
        }
    }

    /// The result for a column, without NaN, that it was fitted on. The suite tries it, and what holds for all.
    pub(super) fn formula(mut self, formula: impl Fn(&[f64]) -> Vec<f64> + 'static) -> Case {
        self.formula = Some(Box::new(formula));
        self
    }

    /// The result for a column that it was fitted on, which the inverse must give back; NaN is NaN.
    pub(super) fn example(mut self, x: &[f64], y: &[f64]) -> Case {
        let x = matrix(1, x);
        let fitted = (self.fit)(&x).expect("a proper matrix");
        let got = fitted.transform(&x).expect("the same columns");
        self.close("the example", &got.to_f64s(), y, 1e-12);
        let back = fitted.inverse_transform(&got).expect("the same columns");
        self.close("the inverse of the example", &back.to_f64s(), &x.to_f64s(), 1e-12);
        self
    }

    /// A matrix that cannot be learned from.
    pub(super) fn refuses(mut self, x: &Tensor, text: &str) -> Case {
        let got = (self.fit)(x).map(|_| ()).map_err(|e| e.to_string());
        self.expect_text("fit", got, text);
        self
    }

    /// After fitting on two columns: a matrix that is refused in both directions, `op` being the place.
    pub(super) fn refuses_to_apply(mut self, op: &str, x: &Tensor, text: &str) -> Case {
        let fitted = (self.fit)(&matrix(2, &[1.0, 2.0, 3.0, 5.0])).expect("a proper matrix");
        let got = fitted.transform(x).map(|_| ()).map_err(|e| e.to_string());
        self.expect_text("transform", got, &format!("{op}::transform: {text}"));
        let got = fitted.inverse_transform(x).map(|_| ()).map_err(|e| e.to_string());
        self.expect_text("inverse_transform", got, &format!("{op}::inverse_transform: {text}"));
        self
    }

    fn run(&mut self) {
        let Some(formula) = self.formula.take() else { return };
        let mut rng = seeded(1);
        // Columns near 0, far from 0, large, small, and constant: the mean of 0.1, 0.1, .. is not exactly 0.1.
        let mut near = |at: f64| at + at.max(1e-2) * rng.random::<f64>();
        let row = |_| [near(0.0), near(3.0), near(1e3), near(1e-3), 0.1];
        let rows: Vec<f64> = (0..30).flat_map(row).collect();
        for dtype in [DType::F64, DType::F32] {
            let x = matrix(5, &rows).to_dtype(dtype);
            self.on(&x, &formula);
        }
        // One row is constant in every column.
        self.on(&matrix(2, &[5.0, 1e9]), &formula);
    }

    fn on(&mut self, x: &Tensor, formula: &Column) {
        let (rows, columns) = (x.shape()[0], x.shape()[1]);
        let values = x.to_f64s();
        let column = |d: usize| values.iter().skip(d).step_by(columns).copied().collect::<Vec<f64>>();
        let expected: Vec<Vec<f64>> = (0..columns).map(|d| formula(&column(d))).collect();
        let want: Vec<f64> = (0..rows).flat_map(|row| expected.iter().map(move |column| column[row])).collect();
        let tolerance = if x.dtype() == DType::F64 { 1e-10 } else { 1e-6 };

        let fitted = (self.fit)(x).expect("a proper matrix");
        let y = fitted.transform(x).expect("the same columns");
        self.expect("dtype and shape", (y.dtype(), y.shape()), (x.dtype(), x.shape()));
        self.close("a column", &y.to_f64s(), &want, tolerance);
        let back = fitted.inverse_transform(&y).expect("the same columns");
        self.close("there and back", &back.to_f64s(), &values, 4.0 * tolerance);
        let none = x.narrow(0, 0, 0).expect("no rows");
        let none = fitted.transform(&none).map(|y| y.shape().to_vec());
        self.expect("no rows", none, Ok(vec![0, columns]));
        self.slopes(&*fitted, x);
        self.saved_and_loaded(&*fitted, x);
    }

    /// The gradient is the slope of each element.
    fn slopes(&mut self, fitted: &dyn Transform, x: &Tensor) {
        let x = x.to_dtype(DType::F64).requires_grad();
        let y = fitted.transform(&x).expect("the same columns");
        let got = grad(&y.sum(), &[&x]).expect("y depends on x")[0].to_f64s();
        let step = 1e-3;
        let at = |step: f64| fitted.transform(&x.detach().add_scalar(step)).expect("the same columns").to_f64s();
        let want: Vec<f64> = at(step).iter().zip(at(-step)).map(|(up, down)| (up - down) / (2.0 * step)).collect();
        self.close("the gradient", &got, &want, 1e-3);
    }

    /// The same bits after a round trip; everything wrong with a state is reported.
    fn saved_and_loaded(&mut self, fitted: &dyn Transform, x: &Tensor) {
        let bytes = fitted.state_dict().to_safetensors().expect("plain tensors");
        let state = StateDict::from_safetensors(&bytes, "memory".as_ref()).expect("just written");
        let loaded = (self.load)(&state).expect("just written");
        let bits = |transform: &dyn Transform| {
            transform
                .transform(x)
                .expect("the same columns")
                .to_f64s()
                .into_iter()
                .map(f64::to_bits)
                .collect::<Vec<_>>()
        };
        self.expect("the loaded transformation", bits(&*loaded), bits(fitted));
        self.expect(
            "what the loaded transformation saves",
            loaded.state_dict().to_safetensors().expect("plain tensors"),
            bytes,
        );
        let load = |state: &StateDict| (self.load)(state).map(|_| ()).map_err(|e| e.to_string());
        let begin = "the state does not fit, and nothing was loaded:";
        let names: Vec<String> = state.iter().map(|(name, _)| name.to_string()).collect();
        let mut unreported = Vec::new();
        for name in &names {
            let mut state = state.clone();
            state.remove(name);
            let got = load(&state);
            let known = |text: &String| text.starts_with(begin) && !text.contains("unexpected: ");
            let fits = |text: &String| known(text) && text.contains(&format!("\n  missing: {name}"));
            if !got.as_ref().is_err_and(fits) {
                unreported.push(format!("without {name}: {got:?}"));
            }
            state.insert(name.clone(), Tensor::from([[1.0, 2.0, 3.0]]));
            let got = load(&state);
            let fits = |text: &String| known(text) && text.contains(&format!("\n  {name}: F32 [1, 3], expected "));
            if !got.as_ref().is_err_and(fits) {
                unreported.push(format!("with another {name}: {got:?}"));
            }
        }
        let mut more = state.clone();
        more.insert("lambdas", Tensor::from(1.0));
        let got = load(&more);
        if got != Err(format!("{begin}\n  unexpected: lambdas")) {
            unreported.push(format!("with lambdas: {got:?}"));
        }
        self.wrong.extend(unreported);
    }

    fn close(&mut self, what: &str, got: &[f64], want: &[f64], tolerance: f64) {
        let near = |(got, want): (&f64, &f64)| {
            let near = want.is_finite() && (got - want).abs() <= tolerance * want.abs().max(1.0);
            got == want || got.is_nan() && want.is_nan() || near
        };
        if got.len() != want.len() || !got.iter().zip(want).all(near) {
            self.wrong.push(format!("{what}: got {got:?}, expected {want:?}"));
        }
    }

    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, got: T, want: T) {
        if got != want {
            self.wrong.push(format!("{what}: got {got:?}, expected {want:?}"));
        }
    }

    fn expect_text(&mut self, what: &str, got: std::result::Result<(), String>, text: &str) {
        self.expect(what, got, Err(text.to_string()));
    }
}

/// A matrix with this many columns.
pub(super) fn matrix(columns: usize, values: &[f64]) -> Tensor {
    Tensor::from_slice(values, &[values.len() / columns, columns]).expect("whole rows")
}

/// Runs the suite over all cases; fails with everything that is wrong.
pub(super) fn run(mut cases: Vec<Case>) {
    cases.iter_mut().for_each(Case::run);
    crate::cases::report(cases.iter().flat_map(|case| case.wrong.iter().map(|wrong| (&*case.name, wrong))));
}

family!($ transform);
