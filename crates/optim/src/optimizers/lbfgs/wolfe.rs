//! The line search for the strong Wolfe conditions.
//!
//! ```text
//! f(t) ≤ f(0) + c₁ t f'(0)      |f'(t)| ≤ c₂ |f'(0)|      c₁ = 1e-4, c₂ = 0.9
//! ```
//!
//! First steps grow until two of them enclose such a t, then the interval shrinks; each new t is the minimum of the
//! cubic through values and slopes at the ends. Nocedal, Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6,
//! with PyTorch's choices of bounds.

use super::vector::Vector;
use autograd_core::Result;

/// The way [`Lbfgs`](crate::Lbfgs) finds the length of a step.
///
/// # Examples
/// ```
/// use wengert_optim::{Lbfgs, LineSearch, Optimizer};
/// assert_eq!(LineSearch::default(), LineSearch::Off);
/// let lbfgs = Lbfgs::new(1.0).line_search(LineSearch::StrongWolfe);
/// assert!(lbfgs.describe(&[]).options().any(|option| option == ("line_search", "StrongWolfe")));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineSearch {
    /// Takes the learning rate.
    #[default]
    Off,
    /// Evaluates along the direction until the strong Wolfe conditions hold: the loss falls enough, the slope is flat
    /// enough.
    StrongWolfe,
}

const C1: f64 = 1e-4;
const C2: f64 = 0.9;

/// A point of the line: the length of the step, the loss, its gradient and the slope along the line.
#[derive(Clone)]
pub(super) struct Point {
    pub(super) t: f64,
    pub(super) loss: f64,
    pub(super) gradient: Vector,
    pub(super) slope: f64,
}

/// A point that fulfils the conditions, or the best that was found. `size` is the largest element of the direction:
/// intervals that move no parameter by `tolerance` are not searched. There are `most` evaluations after the first.
pub(super) fn search(
    start: &Point,
    first: f64,
    size: f64,
    tolerance: f64,
    most: u64,
    at: &mut dyn FnMut(f64) -> Result<Point>,
) -> Result<Point> {
    let flat = |point: &Point| point.slope.abs() <= -C2 * start.slope;
    let high = |point: &Point| point.loss > start.loss + C1 * point.t * start.slope;
    // A point where there is no loss, or no slope, is too far.
    let mut at = |t: f64| -> Result<Point> {
        let point = at(t)?;
        let is_there = !point.loss.is_nan() && !point.slope.is_nan();
        Ok(if is_there { point } else { Point { loss: f64::INFINITY, ..point } })
    };
    let (mut before, mut point) = (start.clone(), at(first)?);
    let mut rounds = 0;
    let mut ends = loop {
        if rounds == most {
            break [start.clone(), point];
        }
        if high(&point) || (rounds > 1 && point.loss >= before.loss) {
            break [before, point];
        }
        if flat(&point) {
            return Ok(point);
        }
        if point.slope >= 0.0 {
            break [before, point];
        }
        let bounds = (point.t + 0.01 * (point.t - before.t), point.t * 10.0);
        let next = cubic(&before, &point, bounds);
        before = std::mem::replace(&mut point, at(next)?);
        rounds += 1;
    };
    let lower = |ends: &[Point; 2]| usize::from(ends[0].loss > ends[1].loss);
    let mut low = lower(&ends);
    let mut stuck = false;
    while rounds < most {
        let (min, max) = (ends[0].t.min(ends[1].t), ends[0].t.max(ends[1].t));
        if (max - min) * size < tolerance {
            break;
        }
        let mut t = cubic(&ends[0], &ends[1], (min, max));
        // Twice near an end, or beyond it: the interval would not shrink.
        let margin = 0.1 * (max - min);
        let near = (max - t).min(t - min) < margin;
        if near && (stuck || t >= max || t <= min) {
            t = if (t - max).abs() < (t - min).abs() { max - margin } else { min + margin };
            stuck = false;
        } else {
            stuck = near;
        }
        let point = at(t)?;
        rounds += 1;
        if high(&point) || point.loss >= ends[low].loss {
            ends[1 - low] = point;
            low = lower(&ends);
        } else {
            let done = flat(&point);
            if !done && point.slope * (ends[1 - low].t - ends[low].t) >= 0.0 {
                ends[1 - low] = ends[low].clone();
            }
            ends[low] = point;
            if done {
                break;
            }
        }
    }
    let [a, b] = ends;
    Ok(if low == 0 { a } else { b })
}

/// The minimum of the cubic through both points with their slopes, within the bounds; their middle if it has none.
fn cubic(a: &Point, b: &Point, (min, max): (f64, f64)) -> f64 {
    let (a, b) = if a.t <= b.t { (a, b) } else { (b, a) };
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    if square >= 0.0 {
        let d2 = square.sqrt();
        (b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2))).max(min).min(max)
    } else {
        (min + max) / 2.0
    }
}
