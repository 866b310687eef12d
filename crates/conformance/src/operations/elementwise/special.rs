//! Special functions.

use crate::operations::Table;
use crate::stop::Stop;
use autograd_core::Tensor;

pub(in crate::operations) const TABLE: Table = &[
    ("digamma", |c| c.unary(Tensor::digamma)),
    ("erf", |c| c.unary(Tensor::erf)),
    ("erfc", |c| c.unary(Tensor::erfc)),
    ("erfinv", |c| c.unary(Tensor::erfinv)),
    ("i0", |c| c.unary(Tensor::i0)),
    ("lgamma", |c| c.unary(Tensor::lgamma)),
    ("sinc", |c| c.unary(Tensor::sinc)),
    ("special.entr", |c| c.unary(Tensor::entr)),
    ("special.erfcx", |c| c.unary(Tensor::erfcx)),
    ("special.expit", |c| c.unary(Tensor::expit)),
    ("special.i0e", |c| c.unary(Tensor::i0e)),
    ("special.i1", |c| c.unary(Tensor::i1)),
    ("special.i1e", |c| c.unary(Tensor::i1e)),
    ("special.log_ndtr", |c| c.unary(Tensor::log_ndtr)),
    ("special.ndtr", |c| c.unary(Tensor::ndtr)),
    ("special.ndtri", |c| c.unary(Tensor::ndtri)),
    ("igamma", |c| c.binary(Tensor::gammainc)),
    ("igammac", |c| c.binary(Tensor::gammaincc)),
    ("special.zeta", |c| c.binary(Tensor::zeta)),
    ("xlogy", |c| c.binary(Tensor::xlogy)),
    ("special.xlog1py", |c| c.binary(Tensor::xlog1py)),
    ("logit", |c| match c.maybe_number("eps")? {
        None => c.unary(Tensor::logit),
        Some(eps) => c.unary(|x| x.logit_eps(eps)),
    }),
    ("polygamma", |c| {
        let n = c.count("n")?;
        let order = u32::try_from(n).map_err(|_| Stop::argument("n", n))?;
        c.unary(|x| x.polygamma(order))
    }),
    ("mvlgamma", |c| {
        let p = c.count("p")?;
        let order = u32::try_from(p).map_err(|_| Stop::argument("p", p))?;
        c.one(c.tensor("input")?.mvlgamma(order))
    }),
];
