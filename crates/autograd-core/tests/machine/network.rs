//! The steps of networks: convolutions, pools, normalisation, attention, recurrences, bags, random dropping.

use crate::steps::one;
use crate::values::{BEYOND, Machine};
use autograd_core::{
    AttentionOptions, AvgPool, Bag, Conv, ConvTranspose, DType, EmbeddingBagOptions, FractionalMaxPool, MaxPool,
    Padding, Recurrence, Result, RotaryOptions, Tensor, Unfold,
};

/// A dtype of floats, mostly single precision.
pub fn float(m: &mut Machine) -> DType {
    m.of(&[DType::F32, DType::F32, DType::F64])
}

/// A stride, a padding or a dilation.
pub fn amount(m: &mut Machine) -> isize {
    if m.once_in(12) {
        return m.of(&[-1, 300, BEYOND as isize, 1 << 50, isize::MAX, isize::MIN]);
    }
    m.of(&[0, 1, 1, 1, 2, 3])
}

/// Two of them; only the second one may be such that the result is large.
pub fn amounts(m: &mut Machine) -> [isize; 2] {
    [m.of(&[0, 1, 1, 2]), amount(m)]
}

pub fn perhaps(m: &mut Machine, shape: &[usize], dtype: DType) -> Option<Tensor> {
    if m.once_in(2) { Some(m.made(shape, dtype)) } else { None }
}

/// Channels of a group inside and outside, and groups; sometimes so many that products of transformed tiles are worth
/// it.
fn channels(m: &mut Machine) -> [usize; 3] {
    if m.once_in(6) { [24, m.of(&[24, 33]), m.of(&[1, 2])] } else { [m.size(), m.size(), m.of(&[1, 1, 1, 2, 3, 0])] }
}

pub fn convolve(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, [inner, outer, groups], batch) = (float(m), channels(m), m.size().min(3));
    let ([h, w], kernel) = ([m.size(), m.size()], m.of(&[[3, 3], [3, 3], [1, 1], [2, 3], [1, 0], [5, 1]]));
    let x = m.made(&[batch, groups * inner, h, w], dtype);
    let weight = m.made(&[groups * outer, inner, kernel[0], kernel[1]], dtype);
    let bias = perhaps(m, &[groups * outer], dtype);
    let options = Conv::new().groups(groups);
    let options = if m.once_in(2) { options } else { options.stride(amounts(m)).dilation(amounts(m)) };
    let padding = match m.below(5) {
        0 => Padding::Same,
        1 => Padding::Valid,
        2 => Padding::from(1),
        3 => Padding::from([[m.below(3), m.below(4)], [m.below(4), m.below(3)]]),
        _ => Padding::from(amounts(m)),
    };
    one(x.conv2d(&weight, bias.as_ref(), options.padding(padding)))
}

pub fn convolve_back(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, [inner, outer, groups], batch) = (float(m), channels(m), m.size().min(3));
    let ([h, w], kernel) = ([m.size(), m.size()], m.of(&[[3, 3], [3, 3], [1, 1], [2, 3], [0, 1]]));
    let x = m.made(&[batch, groups * outer, h, w], dtype);
    let weight = m.made(&[groups * outer, inner, kernel[0], kernel[1]], dtype);
    let bias = perhaps(m, &[groups * inner], dtype);
    let mut options = ConvTranspose::new().groups(groups).padding([m.below(3), m.below(3)]);
    if m.once_in(2) {
        options = options.stride(amounts(m)).output_padding(amounts(m)).dilation(amounts(m));
    }
    one(x.conv_transpose2d(&weight, bias.as_ref(), options))
}

/// Along one dim all sizes may be wild.
pub fn convolve_lines(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, length, taps, batch) = (float(m), m.size(), m.size(), m.size());
    let (groups, outer) = (m.of(&[1, 2, 3]), m.of(&[1, 1, 2]));
    let inner = m.of(&[1, 1, 2]);
    let x = m.made(&[batch, groups * inner, length], dtype);
    let w = m.made(&[groups * outer, inner, taps], dtype);
    let (stride, padding, dilation) = (amount(m), amount(m), amount(m));
    match m.below(5) {
        0 => one(x.unfold_windows(Unfold::new([1, taps]).stride(stride).padding([0, padding]).dilation([1, dilation]))),
        1 => {
            let options = ConvTranspose::new().stride(stride).padding(padding).dilation(dilation).groups(groups);
            one(x.conv_transpose1d(&w, None, options.output_padding(amount(m))))
        }
        _ => one(x.conv1d(&w, None, Conv::new().stride(stride).padding(padding).dilation(dilation).groups(groups))),
    }
}

pub fn pool(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, kernel, size) = (float(m), [m.of(&[1, 2]), m.of(&[1, 2, 3])], [m.size(), m.size(), m.size(), m.size()]);
    let without = m.below(2);
    let x = m.made(&size[without..], dtype);
    let (stride, padding) = (amounts(m), amounts(m));
    let both = |(values, places)| vec![values, places];
    match m.below(5) {
        0 => one(x.avg_pool2d(AvgPool::new(kernel).stride(stride).padding(padding).ceil_mode(m.once_in(2)))),
        1 => {
            let windows = MaxPool::new(kernel).stride(stride).padding(padding).dilation(amounts(m));
            x.max_pool2d_with_indices(windows.ceil_mode(m.once_in(2))).map(both)
        }
        2 => {
            let samples = m.made(&[size[0], size[1], 2], dtype).detach().abs();
            x.fractional_max_pool2d(FractionalMaxPool::size(kernel, [m.size(), m.len()]), &samples).map(both)
        }
        3 => x.fractional_max_pool2d_seeded(FractionalMaxPool::ratio(kernel, m.number()), m.seed()).map(both),
        _ => {
            let x = x.unsqueeze(-1)?;
            x.fractional_max_pool3d_seeded(FractionalMaxPool::size([kernel[0], 1, 1], [1, m.size(), 1]), 3).map(both)
        }
    }
}

pub fn normalize(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, eps) = (float(m), if m.once_in(3) { m.number() } else { 1e-5 });
    let mut shape = vec![m.size(), m.size(), m.size(), m.size()];
    shape.truncate(2 + m.below(3));
    if m.once_in(15) {
        (shape[0], shape[1]) = (0, BEYOND);
    }
    let x = m.made(&shape, dtype);
    let [weight, bias] = [(); 2].map(|()| perhaps(m, &shape[1..2], dtype));
    let (weight, bias) = (weight.as_ref(), bias.as_ref());
    match m.below(8) {
        0 => x.batch_norm(weight, bias, eps).map(|(y, mean, var)| vec![y, mean, var]),
        1 => {
            let [mean, var] = [(); 2].map(|()| m.made(&shape[1..2], dtype));
            one(x.batch_norm_eval(&mean, &var, weight, bias, eps))
        }
        2 => one(x.group_norm(m.of(&[0, 1, 1, 2, usize::MAX]), weight, bias, eps)),
        3 => one(x.instance_norm(weight, bias, eps)),
        4 | 5 => {
            let last = &shape[m.below(3).min(shape.len() - 1)..];
            let [weight, bias] = [(); 2].map(|()| perhaps(m, last, dtype));
            if m.once_in(3) {
                return one(x.rms_norm(last, weight.as_ref(), Some(eps)));
            }
            one(x.layer_norm(last, weight.as_ref(), bias.as_ref(), eps))
        }
        6 => one(x.local_response_norm(amount(m), m.number(), m.number(), m.number())),
        _ => one(x.cosine_similarity(&m.value(), m.dim(), eps)),
    }
}

pub fn attend(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dtype = float(m);
    let [mut outer, mut of_keys] = if m.once_in(2) { [vec![], vec![]] } else { [vec![m.size(), 4], vec![1, 2]] };
    let grouped = !outer.is_empty() && m.once_in(2);
    if !grouped {
        of_keys.clone_from(&outer);
    }
    let [mut l, mut s, e, v] = [(); 4].map(|()| m.size());
    if m.once_in(25) {
        (l, s, outer, of_keys) = (131, 261, vec![], vec![]);
    }
    let shape = |outer: &[usize], last: [usize; 2]| [outer, &last[..]].concat();
    let q = m.made(&shape(&outer, [l, e]), dtype);
    let (k, value) = (m.made(&shape(&of_keys, [s, e]), dtype), m.made(&shape(&of_keys, [s, v]), dtype));
    let mut options = AttentionOptions::new().is_causal(m.once_in(3)).enable_gqa(grouped);
    if m.once_in(2) {
        let sizes = m.of(&[[l, s], [1, s], [l, 1]]);
        let mask = m.made(&sizes, dtype);
        let seen = mask.detach().gt_scalar(-1.0);
        options = options.attn_mask(if m.once_in(2) { mask } else { seen });
    }
    if m.once_in(3) {
        options = options.dropout_p(m.of(&[0.0, 0.5, 1.0, 1.5, f64::NAN]), m.seed());
    }
    if m.once_in(4) {
        options = options.scale(m.number());
    }
    one(if m.once_in(5) {
        q.attention_weights(&k, options)
    } else {
        q.scaled_dot_product_attention(&k, &value, options)
    })
}

pub fn rotate(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, rows, features) = (float(m), m.size(), m.size());
    let batch = m.size();
    let x = m.made(&[batch, rows, features], dtype);
    let mut options = RotaryOptions::new().interleaved(m.once_in(2)).offset(m.len());
    if m.once_in(2) {
        options = options.dim(m.len());
    }
    if m.once_in(3) {
        options = options.base(m.number());
    }
    if m.once_in(3) {
        options = options.positions(m.value());
    }
    one(x.rotary_embedding(options))
}

pub fn recur(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dtype = float(m);
    let [steps, rows, inputs, hidden] = [(); 4].map(|()| m.size());
    let kind = m.below(4);
    let gates = [1, 1, 3, 4][kind] * hidden;
    let projected = kind == 3 && m.once_in(3);
    let outputs = if projected { m.size() } else { hidden };
    let x = m.made(&[steps, rows, inputs], dtype);
    let (w_ih, w_hh) = (m.made(&[gates, inputs], dtype), m.made(&[gates, outputs], dtype));
    let mut options = Recurrence::new().reverse(m.once_in(2));
    if m.once_in(2) {
        let bias = m.made(&[gates], dtype);
        options = options.bias(&bias, &m.made(&[gates], dtype));
    }
    if m.once_in(2) {
        options = options.state(&m.made(&[rows, outputs], dtype));
    }
    if projected {
        options = options.projection(&m.made(&[outputs, hidden], dtype));
    }
    if kind == 3 && m.once_in(2) || m.once_in(20) {
        options = options.cell(&m.made(&[rows, hidden], dtype));
    }
    if m.once_in(2) {
        let wild = m.of(&[-1, i64::MAX, 8]);
        let lengths = (0..rows).map(|_| if m.once_in(40) { wild } else { m.below(steps + 1) as i64 });
        options = options.lengths(&Tensor::from_vec(lengths.collect::<Vec<i64>>(), &[rows])?);
    }
    match kind {
        0 => x.rnn_tanh(&w_ih, &w_hh, options).map(|(y, h)| vec![y, h]),
        1 => x.rnn_relu(&w_ih, &w_hh, options).map(|(y, h)| vec![y, h]),
        2 => x.gru(&w_ih, &w_hh, options).map(|(y, h)| vec![y, h]),
        _ => x.lstm(&w_ih, &w_hh, options).map(|(y, h, c)| vec![y, h, c]),
    }
}

/// One step of a recurrence.
pub fn cell(m: &mut Machine) -> Result<Vec<Tensor>> {
    let dtype = float(m);
    let [rows, inputs, hidden] = [(); 3].map(|()| m.size());
    let kind = m.below(4);
    let gates = [1, 1, 3, 4][kind] * hidden;
    let (x, h) = (m.made(&[rows, inputs], dtype), m.made(&[rows, hidden], dtype));
    let (w_ih, w_hh) = (m.made(&[gates, inputs], dtype), m.made(&[gates, hidden], dtype));
    let biases = [(); 2].map(|()| m.made(&[gates], dtype));
    let bias = if m.once_in(2) { Some(biases.each_ref()) } else { None };
    match kind {
        0 => one(x.rnn_tanh_cell(&h, &w_ih, &w_hh, bias)),
        1 => one(x.rnn_relu_cell(&h, &w_ih, &w_hh, bias)),
        2 => one(x.gru_cell(&h, &w_ih, &w_hh, bias)),
        _ => {
            let c = m.made(&[rows, hidden], dtype);
            x.lstm_cell((&h, &c), &w_ih, &w_hh, bias).map(|(h, c)| vec![h, c])
        }
    }
}

/// Small indices, rarely one that is wild.
fn indices(m: &mut Machine, n: usize, below: usize) -> Vec<i64> {
    (0..n).map(|_| if m.once_in(40) { m.of(&[-1, 9, i64::MAX]) } else { m.below(below.max(1)) as i64 }).collect()
}

pub fn bags(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (dtype, rows, width, n) = (float(m), m.size(), m.size(), m.size());
    let table = m.made(&[rows, width], dtype);
    let index = Tensor::from_vec(indices(m, n, rows), &[n])?;
    let count = m.below(4);
    let mut ends = indices(m, count, n + 1);
    ends.sort_unstable();
    if !ends.is_empty() && !m.once_in(10) {
        ends[0] = 0;
    }
    if m.once_in(3) {
        ends.push(n as i64);
    }
    let ends = Tensor::from_vec(ends.clone(), &[ends.len()])?;
    if m.once_in(3) {
        let values = m.made(&[n], dtype);
        return one(values.csr_matmul(&ends, &index, &table));
    }
    let mode = m.of(&[Bag::Sum, Bag::Mean, Bag::Max]);
    let mut options = EmbeddingBagOptions::new().mode(mode).include_last_offset(m.once_in(4));
    if mode == Bag::Sum && m.once_in(2) {
        options = options.per_sample_weights(m.made(&[n], dtype));
    }
    if m.once_in(3) {
        options = options.padding_idx(m.place());
    }
    if m.once_in(5) {
        options = options.max_norm(m.number()).norm_type(m.number());
    }
    options = options.scale_grad_by_freq(m.once_in(4));
    match m.below(4) {
        0 => one(table.embedding_bag(&index.unsqueeze(m.below(2))?, None, options)),
        1 if m.once_in(4) => {
            let many = Tensor::zeros(&[m.of(&[BEYOND, 1 << 50]), 0], DType::I64)?;
            one(table.embedding_bag(&many, None, options))
        }
        _ => one(table.embedding_bag(&index, Some(&ends), options)),
    }
}

pub fn segments(m: &mut Machine) -> Result<Vec<Tensor>> {
    let (x, segments) = (m.float(), m.len());
    let n = x.shape().first().copied().unwrap_or(1);
    if n > 4096 || x.numel() > 1 << 16 {
        return Ok(vec![]);
    }
    let ids = Tensor::from_vec(indices(m, n, segments.min(5)), &[n])?;
    match m.below(3) {
        0 => one(x.segment_softmax(&ids, segments)),
        1 => one(x.segment_mean(&ids, segments)),
        _ => one(x.segment_max(&ids, segments)),
    }
}

pub fn drop_some(m: &mut Machine) -> Result<Vec<Tensor>> {
    type Random = fn(&Tensor, f64, u64) -> Result<Tensor>;
    const F: [Random; 7] = [
        Tensor::alpha_dropout_seeded,
        Tensor::feature_alpha_dropout_seeded,
        Tensor::dropout1d_seeded,
        Tensor::dropout2d_seeded,
        Tensor::dropout3d_seeded,
        Tensor::drop_path_seeded,
        Tensor::dropout_seeded,
    ];
    let (x, f, p) = (m.float(), m.of(&F), if m.once_in(4) { m.number() } else { m.of(&[0.0, 0.3, 1.0]) });
    one(f(&x, p, m.seed()))
}
