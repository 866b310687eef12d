//! The functions that optimizers are tried on, with their gradients.

use crate::stop::{Outcome, Stop};
use serde::Deserialize;
use std::collections::BTreeMap;

type Matrix = Vec<Vec<f64>>;

/// A function to minimise.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Problem {
    /// `f = xᵀ A x / 2 − bᵀ x`, gradient `A x − b`
    Quadratic {
        #[serde(rename = "A")]
        a: Matrix,
        b: Vec<f64>,
    },
    /// `d = x₁ − x₀²;  f = (a − x₀)² + c d²`, gradient `(−2 (a − x₀) − 4 c x₀ d, 2 c d)`
    Rosenbrock { a: f64, c: f64 },
    /// `R = X Wᵀ + b − Y` of n rows;  `f = Σ R² / 2n`, gradients `Rᵀ X / n` and the column sums of `R / n`
    Matrix {
        #[serde(rename = "X")]
        x: Matrix,
        #[serde(rename = "Y")]
        y: Matrix,
    },
    /// Rows of W that have a gradient, step by step; the value is 0.
    #[serde(rename = "given_rows")]
    GivenRows { grads: Vec<Rows> },
    /// Anything else.
    #[serde(other)]
    Unknown,
}

/// The rows of a gradient that are not 0.
#[derive(Deserialize)]
pub(super) struct Rows {
    rows: Vec<usize>,
    values: Matrix,
}

type Point = BTreeMap<String, Vec<f64>>;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Problem {
    /// The value and the gradients, flat, at a point before a step.
    pub(super) fn at(&self, point: &Point, step: usize) -> Outcome<(f64, Point)> {
        let find = |name: &str| point.get(name).ok_or_else(|| Stop::Malformed(format!("no parameter {name}")));
        match self {
            Problem::Quadratic { a, b } => {
                let x = find("x")?;
                let ax: Vec<f64> = a.iter().map(|row| dot(row, x)).collect();
                let gradient = ax.iter().zip(b).map(|(ax, b)| ax - b).collect();
                Ok((dot(&ax, x) / 2.0 - dot(b, x), [("x".to_owned(), gradient)].into()))
            }
            Problem::Rosenbrock { a, c } => {
                let [x0, x1] = find("x")?[..] else { return Err(Stop::Malformed("x has not two elements".into())) };
                let d = x1 - x0 * x0;
                let gradient = vec![-2.0 * (a - x0) - 4.0 * c * x0 * d, 2.0 * c * d];
                Ok(((a - x0).powi(2) + c * d * d, [("x".to_owned(), gradient)].into()))
            }
            Problem::Matrix { x, y } => Ok(least_squares(x, y, find("W")?, point.get("b").map(Vec::as_slice))),
            Problem::GivenRows { grads } => {
                let given = grads.get(step).ok_or_else(|| Stop::Malformed(format!("no rows of step {step}")))?;
                let mut gradient = vec![0.0; find("W")?.len()];
                for (row, values) in given.rows.iter().zip(&given.values) {
                    let place = gradient.get_mut(row * values.len()..(row + 1) * values.len());
                    let place = place.ok_or_else(|| Stop::Malformed(format!("no row {row}")))?;
                    place.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
                Ok((0.0, [("W".to_owned(), gradient)].into()))
            }
            Problem::Unknown => Err(Stop::Unsupported("problem".into())),
        }
    }
}

fn least_squares(x: &Matrix, y: &Matrix, w: &[f64], b: Option<&[f64]>) -> (f64, Point) {
    let (n, inputs, outputs) = (x.len() as f64, x[0].len(), y[0].len());
    let mut value = 0.0;
    let mut of_w = vec![0.0; w.len()];
    let mut of_b = vec![0.0; outputs];
    for (x, y) in x.iter().zip(y) {
        for k in 0..outputs {
            let row = k * inputs..(k + 1) * inputs;
            let r = dot(x, &w[row.clone()]) + b.map_or(0.0, |b| b[k]) - y[k];
            value += r * r / (2.0 * n);
            of_w[row].iter_mut().zip(x).for_each(|(g, x)| *g += r * x / n);
            of_b[k] += r / n;
        }
    }
    let mut gradients = Point::from([("W".to_owned(), of_w)]);
    if b.is_some() {
        gradients.insert("b".into(), of_b);
    }
    (value, gradients)
}
