//! Activations and special functions of each element.

use super::List;
use crate::workloads::Result;
use wengert::Tensor;

const M: usize = 1 << 20;

pub fn add(list: &mut List) -> Result {
    let mut unary = |name: &str, f: fn(&Tensor) -> Tensor| list.add(name, &[&[M]], move |x| Ok(f(&x[0])));
    unary("sigmoid_1m", Tensor::sigmoid);
    unary("silu_1m", Tensor::silu);
    unary("mish_1m", Tensor::mish);
    unary("sin_1m", Tensor::sin);
    unary("erf_1m", Tensor::erf);
    unary("lgamma_1m", Tensor::lgamma);
    unary("digamma_1m", Tensor::digamma);
    unary("i0_1m", Tensor::i0);
    list.add("softplus_1m", &[&[M]], |x| x[0].softplus(1.0, 20.0));
    list.add("glu_1024", &[&[1024, 1024]], |x| x[0].glu(1));
    list.add("fmod_1m", &[&[M], &[M]], |x| x[0].fmod(&x[1]));
    list.add("atan2_1m", &[&[M], &[M]], |x| x[0].atan2(&x[1]));
    list.add("hypot_1m", &[&[M], &[M]], |x| x[0].hypot(&x[1]));
    Ok(())
}
