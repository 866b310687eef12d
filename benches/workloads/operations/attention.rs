//! Sequences: recurrence and attention.

use super::List;
use crate::workloads::Result;
use wengert::core::{AttentionOptions, Recurrence};

pub fn add(list: &mut List) -> Result {
    let options = |x: &[wengert::Tensor]| Recurrence::new().bias(&x[3], &x[4]);
    let lstm: &[&[usize]] = &[&[64, 32, 64], &[512, 64], &[512, 128], &[512], &[512]];
    list.add("lstm_64x32", lstm, move |x| Ok(x[0].mul_scalar(0.1).lstm(&x[1], &x[2], options(x))?.0));
    let gru: &[&[usize]] = &[&[64, 32, 64], &[384, 64], &[384, 128], &[384], &[384]];
    list.add("gru_64x32", gru, move |x| Ok(x[0].mul_scalar(0.1).gru(&x[1], &x[2], options(x))?.0));
    let attend = |x: &[wengert::Tensor]| x[0].scaled_dot_product_attention(&x[1], &x[2], AttentionOptions::new());
    let (short, long): (&[usize], &[usize]) = (&[16, 4, 64, 32], &[1, 8, 1024, 64]);
    list.add("attention_64x32", &[short; 3], attend);
    list.add("attention_1024x64", &[long; 3], attend);
    Ok(())
}
