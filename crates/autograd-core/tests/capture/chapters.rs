//! Replays of the larger chapters, with indices, lengths, masks and positions that are others at every run.

use super::model::{agrees, floats, param};
use autograd_core::module::Param;
use autograd_core::{
    AttentionOptions, Bag, Capture, Conv, DType, EmbeddingBagOptions, FractionalMaxPool, QrMode, RankOptions,
    Recurrence, Result, RotaryOptions, SvdMode, Tensor, Triangle, ascending, checkpoint, grad, linearize,
    value_and_grad,
};

type Params = Vec<Param>;
type Function = fn(&Params, [&Tensor; 2]) -> Result<Vec<Tensor>>;

/// The results, the gradients of a sum that all floats among them are part of, and those of these gradients.
fn with_gradients(m: &Params, all: Vec<Tensor>) -> Result<Vec<Tensor>> {
    let squares = all.iter().filter(|y| y.is_tracked()).map(|y| y.to_dtype(DType::F32).square().sum());
    let loss = squares.reduce(|a, b| &a + &b).unwrap_or_else(|| m[0].sum());
    let plain: Vec<Tensor> = loss.backward_keep()?.iter().cloned().collect();
    let leaves = [m[0].try_add(&m[1])?.sum().try_mul(&Tensor::from(0.0))?.try_add(&loss)?];
    let first = grad(&leaves[0], &[&m[0], &m[1]])?;
    let second = first[0].square().sum().try_add(&first[1].exp().sum())?;
    let second = if second.is_tracked() { second.backward()?.iter().cloned().collect() } else { vec![] };
    Ok([all, plain, first, second].concat())
}

/// Five numbers that go up from 0 to at most 4.
fn ends(y: &Tensor) -> Result<Tensor> {
    let (sorted, _) = y.argmax(1)?.sort(ascending(0))?;
    Tensor::cat(&[&Tensor::from([0]), &sorted], 0)
}

const FUNCTIONS: &[(&str, Function)] = &[
    ("factorizations", |m, [x, _]| {
        let z = x.matmul(&m[0])?;
        let a = z.matmul(&z.t()?)?.try_add(&Tensor::eye(4, DType::F32)?.mul_scalar(2.0))?;
        let (w, v) = a.eigh(Triangle::Lower)?;
        let (_, s, _) = z.svd(SvdMode::Reduced)?;
        let (q, r) = z.try_add(&Tensor::eye(4, DType::F32)?.mul_scalar(3.0))?.qr(QrMode::Reduced)?;
        let (lu, pivots) = a.lu_factor()?;
        let solved = lu.lu_solve(&pivots, &m[1])?;
        let all = vec![w, v.square(), s, q, r, a.cholesky(Triangle::Upper)?, a.det()?, a.logdet()?, a.inv()?, solved];
        with_gradients(m, all)
    }),
    ("systems", |m, [x, y]| {
        let a = x.matmul(&m[0])?.try_add(&Tensor::eye(4, DType::F32)?.mul_scalar(4.0))?;
        let all = vec![
            a.solve(&m[1])?,
            a.solve_left(y)?,
            a.pinv(RankOptions::new())?,
            a.mul_scalar(0.1).matrix_exp()?,
            a.matrix_rank(RankOptions::new())?,
        ];
        with_gradients(m, all)
    }),
    ("transforms", |m, [x, _]| {
        let z = x.matmul(&m[0])?;
        let (re, im) = z.rfft(1)?;
        let (a, b) = z.fft(&*m[1], 0)?;
        with_gradients(m, vec![re.irfft(&im, 1)?.try_mul(&z)?, re.try_mul(&im)?, a.try_mul(&b)?.fftshift(..)?])
    }),
    ("recurrences", |m, [x, y]| {
        let (x, lengths) = (x.unsqueeze(2)?, y.argmax(1)?);
        let (w, u) = (m[0].narrow(1, 0, 1)?, m[1].narrow(1, 0, 1)?);
        let (y, h, c) = x.lstm(&w, &u, Recurrence::new().lengths(&lengths))?;
        let options = Recurrence::new().lengths(&lengths).reverse(true);
        let (z, last) = x.gru(&w.narrow(0, 0, 3)?, &u.narrow(0, 1, 3)?, options)?;
        with_gradients(m, vec![y, h, c, z, last])
    }),
    ("attention", |m, [x, y]| {
        let options = || AttentionOptions::new().is_causal(true);
        let turned = m[0].rotary_embedding(RotaryOptions::new().positions(y.argmax(1)?))?;
        let seen = turned.scaled_dot_product_attention(x, &m[1], options().attn_mask(x.gt(y)?))?;
        let added = x.scaled_dot_product_attention(&m[0], &m[1], options().attn_mask(m[1].try_mul(y)?))?;
        let dropped = m[0].scaled_dot_product_attention(x, &m[1], options().dropout_p(0.4, 7))?;
        with_gradients(m, vec![seen, added, dropped])
    }),
    ("bags and segments", |m, [x, y]| {
        let (index, ends) = (x.argmax(1)?, ends(y)?);
        let bag = |mode| m[0].embedding_bag(&index, Some(&ends), EmbeddingBagOptions::new().mode(mode).padding_idx(1));
        let crow = Tensor::cat(&[&ends, &Tensor::from([4])], 0)?;
        let weights = m[1].select(0, 0)?;
        let all = vec![
            bag(Bag::Sum)?,
            bag(Bag::Mean)?,
            bag(Bag::Max)?,
            weights.csr_matmul(&crow, &index, &m[0])?,
            m[1].segment_softmax(&index, 4)?,
            m[1].segment_mean(&index, 4)?,
            m[0].segment_max(&index, 5)?,
        ];
        with_gradients(m, all)
    }),
    ("normalisation", |m, [x, _]| {
        let z = x.matmul(&m[0])?;
        let (row, image) = (m[1].select(0, 0)?, z.reshape(&[2, 4, 2])?);
        let (y, mean, var) = image.batch_norm(Some(&row), None, 1e-5)?;
        let all = vec![
            y,
            image.batch_norm_eval(&mean, &var, None, Some(&row), 1e-5)?,
            image.group_norm(2, Some(&row), Some(&row), 1e-5)?,
            image.instance_norm(None, None, 1e-3)?,
            z.layer_norm(&[4], Some(&row), None, 1e-5)?,
            z.rms_norm(&[4], Some(&row), None)?,
            image.local_response_norm(3, 0.1, 0.75, 1.0)?,
            z.cosine_similarity(&m[1], 1, 1e-8)?,
        ];
        with_gradients(m, [all, vec![mean, var]].concat())
    }),
    ("images", |m, [x, y]| {
        let image = x.matmul(&m[0])?.reshape(&[1, 2, 2, 4])?;
        let weight = m[1].reshape(&[2, 2, 2, 2])?;
        let convolved = image.conv2d(&weight, None, Conv::new().padding(1))?;
        let each = image.conv2d(&weight.narrow(1, 0, 1)?, None, Conv::new().groups(2))?;
        let samples = y.narrow(0, 0, 1)?.abs().clamp(0.0, 0.9)?.reshape(&[1, 2, 2])?;
        let (pooled, places) = image.fractional_max_pool2d(FractionalMaxPool::size(1, [1, 3]), &samples)?;
        let (seeded, _) = image.fractional_max_pool2d_seeded(FractionalMaxPool::size(1, [2, 3]), 5)?;
        with_gradients(m, vec![convolved, each, pooled, places, seeded])
    }),
    ("random dropping", |m, [x, _]| {
        let z = x.matmul(&m[0])?.reshape(&[2, 2, 4])?;
        let all = vec![
            z.alpha_dropout_seeded(0.3, 1)?,
            z.feature_alpha_dropout_seeded(0.3, 2)?,
            z.dropout1d_seeded(0.5, 3)?,
            z.drop_path_seeded(0.5, 4)?,
            z.dropout_seeded(1.0, 5)?,
        ];
        with_gradients(m, all)
    }),
    ("functions", |m, [x, y]| {
        let z = checkpoint(|z| Ok(z[0].matmul(&z[1])?.tanh()), [&*m[0], x])?;
        let (value, [gx]) = value_and_grad(|x| Ok(x[0].matmul(&m[1].detach())?.sin().sum()), [x])?;
        let map = linearize(|x| x[0].softmax(1)?.matmul(&m[1].detach()), [x])?;
        let (pushed, [pulled]) = (map.jvp([y])?, map.vjp(y)?);
        with_gradients(m, vec![z.try_mul(&m[1])?, value, gx, map.value(), pushed, pulled])
    }),
];

#[test]
fn chapters_have_the_bits_of_a_run() -> Result<()> {
    for (name, function) in FUNCTIONS {
        let mut capture = Capture::new(function);
        let mut model = vec![param(&[4, 4], 1), param(&[4, 4], 2)];
        for k in 0..6 {
            let (x, y) = (floats(&[4, 4], 10 + k), floats(&[4, 4], 20 + k));
            if let Err(error) = function(&model, [&x, &y]) {
                panic!("{name}: {error}");
            }
            assert_eq!(agrees(&mut capture, function, &model, [&x, &y]), 1, "{name}");
            let next = model.iter().map(|p| p.add_scalar(0.125 * k as f64).detach()).collect::<Vec<_>>();
            model.iter_mut().zip(next).try_for_each(|(p, next)| p.set(next))?;
        }
    }
    Ok(())
}
