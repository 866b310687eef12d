//! Any bytes as a program of operations on tensors: errors and values, but no panic, in forward and backward.
//!
//! Four bytes are an instruction: which operation, on which two values so far, with which number.
#![no_main]

use autograd_core::{DType, Tensor, no_grad};

/// As many elements as a value may have: fuzzing is for corners, not for sizes.
const LARGEST: usize = 1 << 12;

fn apply(operation: u8, a: &Tensor, b: &Tensor, n: u8) -> autograd_core::Result<Tensor> {
    let dim = isize::from(n as i8 % 5);
    let size = usize::from(n % 7);
    Ok(match operation % 28 {
        0 => a.try_add(b)?,
        1 => a.try_sub(b)?,
        2 => a.try_mul(b)?,
        3 => a.try_div(b)?,
        4 => a.matmul(b)?,
        5 => a.exp(),
        6 => a.tanh(),
        7 => a.sigmoid(),
        8 => a.gelu(),
        9 => a.powf(f64::from(n as i8) / 4.0),
        10 => a.sum_dim(dim)?,
        11 => a.mean_dim(dim)?,
        12 => a.max_dim(dim)?.0,
        13 => a.softmax(dim)?,
        14 => a.log_softmax(dim)?,
        15 => a.narrow(dim, size, usize::from(n / 7))?,
        16 => a.transpose(dim, isize::from(n % 3))?,
        17 => a.unsqueeze(dim)?,
        18 => a.squeeze(&[dim])?,
        19 => Tensor::cat(&[a, b], dim)?,
        20 => Tensor::stack(&[a, b], dim)?,
        21 => a.prod_dim(dim)?,
        22 => a.var_dim(dim, 1.0)?,
        23 => a.flatten(dim, -1)?,
        24 => a.mul_scalar(f64::from(n as i8)),
        25 => a.relu(),
        26 => a.to_dtype([DType::F32, DType::F64, DType::I64][usize::from(n % 3)]),
        _ => a.index_select(dim, &b.to_dtype(DType::I64))?,
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [rows, columns, values @ ..] = bytes else { return };
    let (rows, columns) = (usize::from(rows % 5), usize::from(columns % 5));
    let numbers = (0..rows * columns).map(|i| f32::from(*values.get(i).unwrap_or(&1) as i8) / 8.0).collect();
    let leaf = Tensor::from_vec(numbers, &[rows, columns]).expect("as many numbers").requires_grad();
    let scalar = Tensor::scalar(1.5f32).requires_grad();
    let mut all = vec![leaf.clone(), scalar.clone()];
    for step in values.chunks_exact(4).take(24) {
        let pick = |byte: u8| all[usize::from(byte) % all.len()].clone();
        let (a, b) = (pick(step[1]), pick(step[2]));
        if let Ok(y) = apply(step[0], &a, &b, step[3])
            && y.numel() <= LARGEST
        {
            all.push(y);
        }
    }
    let last = all[all.len() - 1].clone();
    if last.dtype().is_float()
        && let Ok(first) = autograd_core::grad(&last.sum(), &[&leaf, &scalar])
    {
        for g in &first {
            let _ = autograd_core::grad(&g.sum(), &[&leaf, &scalar]);
        }
    }
    no_grad(|| format!("{last}"));
});
