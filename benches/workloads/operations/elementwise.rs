//! Of each element.

use super::List;
use crate::workloads::Result;
use wengert::seeded;

const M: usize = 1 << 20;

pub fn add(list: &mut List) -> Result {
    list.add("add_1m", &[&[M], &[M]], |x| x[0].try_add(&x[1]));
    list.add("badd_1024", &[&[1024, 1024], &[1024]], |x| x[0].try_add(&x[1]));
    list.add("exp_1m", &[&[M]], |x| Ok(x[0].exp()));
    list.add("tanh_1m", &[&[M]], |x| Ok(x[0].tanh()));
    list.add("powf_1m", &[&[M]], |x| Ok(x[0].powf(2.5)));
    list.add("gelu_1m", &[&[M]], |x| Ok(x[0].gelu()));
    list.add("relu_1m", &[&[M]], |x| Ok(x[0].relu()));
    let mut rng = seeded(7);
    list.add("dropout_1m", &[&[M]], move |x| x[0].dropout(0.5, &mut rng));
    Ok(())
}
