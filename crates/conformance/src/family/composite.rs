//! Small formulas of one input, named in the case.

use crate::call::{Call, Outputs};
use crate::stop::{Outcome, Stop};
use autograd_core::{Result, Tensor};

type Formula = fn(&Tensor) -> Result<Tensor>;

const TABLE: &[(&str, Formula)] = &[
    ("x * detach(x)", |x| x.try_mul(&x.detach())),
    ("sqrt(x*x)", |x| Ok(x.try_mul(x)?.sqrt())),
    ("where(x > 0, sqrt(x), 0)", |x| x.gt(&x.zeros_like())?.where_cond(&x.sqrt(), &x.zeros_like())),
    ("where(x != 0, sin(x)/x, 1)", |x| x.ne(&x.zeros_like())?.where_cond(&x.sin().try_div(x)?, &x.ones_like())),
    ("y = x*x; z = y + y*x; out = z*y", |x| {
        let y = x.try_mul(x)?;
        let z = y.try_add(&y.try_mul(x)?)?;
        z.try_mul(&y)
    }),
];

/// Computes the formula of the case.
pub(super) fn call(c: &Call<'_>) -> Outcome<Outputs> {
    // The name beside the formula is for readers only.
    let (formula, _) = (c.word("formula")?, c.maybe_word("function")?);
    let found = TABLE.iter().find(|(known, _)| *known == formula);
    let (_, compute) = found.ok_or_else(|| Stop::argument("formula", formula))?;
    c.one(compute(c.tensor("x")?))
}
