//! The linear recurrence, which derivatives of scans are made of.

use super::along::Along;
use crate::error::Result;
use crate::kernels::scan::LinearRecurrence;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::Tensor;

/// `y[k] = b[k] + a[k] y[k − 1]` along a dim, with nothing before the first, and nothing of what is multiplied by 0;
/// `reverse` has `y[k + 1]`. Recorded; `a` and `b` are floats of one shape with at least one dim.
///
/// Its adjoint is the same recurrence in the other direction, so derivatives of all orders are exact and linear in
/// time.
pub(super) fn recurrence(a: &Tensor, b: &Tensor, dim: usize, reverse: bool) -> Result<Tensor> {
    let value = Along::of(b, dim).scan("recurrence", LinearRecurrence, reverse, [a, b])?;
    Ok(record("recurrence", value, &[a, b], |y| Recurrent { a: Saved::input(0, a), y: Saved::output(y), dim, reverse }))
}

struct Recurrent {
    a: Saved,
    y: Saved,
    dim: usize,
    reverse: bool,
}

impl Pullback for Recurrent {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (a, y, gy) = (self.a.get(at), self.y.get(at), at.gy());
        let along = Along::of(gy, self.dim);
        let next = along.shifted("recurrence", &a, !self.reverse, 0.0)?;
        let gb = recurrence(&next, gy, self.dim, !self.reverse)?;
        at.give(0, || gb.try_mul(&along.shifted("recurrence", &y, self.reverse, 0.0)?))?;
        at.give(1, || Ok(gb.clone()))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.a);
        see(&self.y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::real(&[2, 3, 2], -1.0..1.0), Input::real(&[2, 3, 2], -1.0..1.0)];
    let plain = |reverse: bool| {
        move |x: &[Vec<f64>]| {
            let mut y = vec![0.0; 12];
            for (o, i) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let mut last = 0.0;
                for k in 0..3 {
                    let at = (o * 3 + if reverse { 2 - k } else { k }) * 2 + i;
                    last = x[1][at] + x[0][at] * last;
                    y[at] = last;
                }
            }
            y
        }
    };
    // Inside, both operands have one shape with dims.
    let call = |x: &[Tensor], reverse: bool| {
        crate::ops::check::Check("recurrence").is("b", &x[1], x[0].shape())?;
        crate::ops::check::Check("recurrence").last::<2>("a", &x[0], "[.., K, D]")?;
        recurrence(&x[0], &x[1], x[0].rank() - 2, reverse)
    };
    [
        Case::new("recurrence", x(), move |x| call(x, false)).value(plain(false)).cannot_fail(),
        Case::new("recurrence (reverse)", x(), move |x| call(x, true)).value(plain(true)).cannot_fail(),
    ]
}];
