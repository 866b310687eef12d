//! The bits of a replay: those of a run, whatever the function does.

use super::model::{Net, agrees, floats, labels, numbers, param};
use autograd_core::module::{Module, Param};
use autograd_core::{
    Capture, DType, Error, Result, Tensor, custom, enable_grad, grad, grad_with, hessian, hvp, jacobian, jvp, keep,
    no_grad, vjp,
};

type Params = Vec<Param>;
type Function = fn(&Params, [&Tensor; 2]) -> Result<Vec<Tensor>>;

/// Functions of two tensors [4, 4] and a model of two parameters [4, 4].
const FUNCTIONS: &[(&str, Function)] = &[
    ("views", |m, [x, y]| {
        let z = x.t()?.narrow(0, 1, 2)?.try_mul(&m[0].narrow(0, 0, 2)?)?.reshape(&[8])?;
        let w = m[1].permute(&[1, 0])?.narrow(1, 2, 2)?.try_add(&y.narrow(1, 0, 2)?)?;
        let loss = z.square().sum().try_add(&w.exp().sum())?;
        Ok(loss.backward()?.iter().cloned().chain([z, w]).collect())
    }),
    ("sums in place", |m, [x, y]| {
        let index = Tensor::from([3, 0, 3, 1]);
        let mut loss = m[0].narrow(0, 1, 2)?.try_mul(&x.narrow(0, 0, 2)?)?.sum();
        for start in 0..3 {
            loss = loss.try_add(&m[0].narrow(1, start, 2)?.try_mul(&m[0].narrow(1, 1, 2)?)?.sum())?;
            loss = loss.try_add(&m[0].index_select(0, &index)?.try_mul(y)?.sum())?;
            loss = loss.try_add(&m[0].gather(1, &x.argmax(keep(1))?)?.sum())?;
            loss = loss.try_add(&m[0].try_mul(&m[1])?.try_add(&m[0])?.sum())?;
        }
        Ok(loss.backward()?.iter().cloned().collect())
    }),
    ("second order", |m, [x, y]| {
        let f = x.matmul(&m[0])?.tanh().matmul(&m[1])?.try_mul(y)?.sum();
        let first = grad(&f, &[&m[0], &m[1]])?;
        let norm = first[0].square().sum().try_add(&first[1].exp().sum())?;
        Ok(grad(&norm, &[&m[0], &m[1]])?.into_iter().chain(first).collect())
    }),
    ("dtypes", |m, [x, y]| {
        let wide = Tensor::to_dtype(&m[0], DType::F64).try_mul(&x.to_dtype(DType::F64))?.to_dtype(DType::F32);
        let count = y.to_dtype(DType::I64).try_add(&Tensor::from(3))?;
        let mask = x.gt(y)?;
        let chosen = mask.where_cond(&wide, &m[1])?;
        Ok([chosen.sum().backward()?.iter().cloned().collect(), vec![count, mask, chosen]].concat())
    }),
    ("indices", |m, [x, y]| {
        let (most, at) = x.max_dim(1)?;
        let rows = m[0].index_select(0, &at)?;
        let hot = y.argmax(1)?.one_hot(Some(4))?;
        let loss = m[1].matmul(x)?.cross_entropy(&at)?.sum().try_add(&rows.try_mul(y)?.sum())?;
        Ok([loss.backward()?.iter().cloned().collect(), vec![most, at, hot]].concat())
    }),
    ("one tensor twice, and parts of it", |m, [x, y]| {
        let z = x.try_mul(&m[0])?.try_add(y)?;
        Ok(vec![z.clone(), z.narrow(0, 1, 2)?, z.clone(), z.t()?, z.reshape(&[16])?, z.exp(), z])
    }),
    ("what was given", |m, [x, y]| Ok(vec![x.clone(), m[0].detach(), y.t()?, x.narrow(1, 1, 2)?, x.clone()])),
    ("constants", |_, [x, _]| {
        let one = Tensor::ones(&[4], DType::F32)?;
        let big = Tensor::full(&[40, 40], 0.5, DType::F32)?.exp();
        Ok(vec![one.clone(), Tensor::from([1, 2]), big.narrow(0, 0, 4)?.narrow(1, 0, 4)?.try_mul(x)?, one.exp(), big])
    }),
    ("expanded", |m, [x, _]| {
        let row = x.narrow(0, 0, 1)?;
        let wide = row.expand(&[4, 4])?;
        let grads = m[0].sum().backward()?;
        Ok([grads.iter().cloned().collect(), vec![wide.clone(), wide.try_mul(&m[0].detach())?]].concat())
    }),
    ("a leaf of its own", |m, [x, _]| {
        let x = x.requires_grad();
        let g = grad(&x.matmul(&m[0])?.tanh().sum(), &[&x])?.remove(0);
        Ok([g.square().sum().backward()?.iter().cloned().collect(), vec![g]].concat())
    }),
    ("without recording", |m, [x, y]| {
        let z = no_grad(|| x.matmul(&m[0]))?;
        let w = no_grad(|| enable_grad(|| z.try_mul(&m[1])?.sum().backward()))?;
        Ok(w.iter().cloned().chain([z, y.exp()]).collect())
    }),
    ("operations of its own", |m, [x, y]| {
        let cube = |x: &[Tensor]| x[0].square().try_mul(&x[0]);
        let slope = |gy: &Tensor, x: &[Tensor], _: &Tensor| Ok(vec![Some(gy.try_mul(&x[0].square().mul_scalar(3.0))?)]);
        let again =
            |gy: &Tensor, x: &[Tensor], _: &Tensor| enable_grad(|| grad_with(&[(&x[0].sin().exp(), gy)], &[&x[0]]));
        let a = custom("cube", &[&m[0]], cube, slope)?.try_mul(x)?;
        let b = custom("checkpoint", &[&m[1]], |x| Ok(x[0].sin().exp()), again)?.try_mul(y)?;
        Ok(a.sum().try_add(&b.sum())?.backward()?.iter().cloned().collect())
    }),
    ("products of derivatives", |m, [x, y]| {
        let f = |v: &[Tensor]| v[0].matmul(&m[0].detach()).map(|z| z.tanh());
        let (value, [pulled]) = vjp(f, [x], y)?;
        let (_, pushed) = jvp(f, [x], [y])?;
        let [whole] = jacobian(f, [&x.narrow(0, 0, 1)?])?;
        let [curved] = hvp(|v| Ok(f(v)?.square().sum()), [x], [y])?;
        let [[second]] = hessian(|v| Ok(v[0].powf(3.0).sum()), [&x.narrow(0, 0, 1)?])?;
        Ok(vec![value, pulled, pushed, whole, curved, second])
    }),
    ("other parameters in the place of the model's", |m, [x, _]| {
        let mut values = m.state_dict();
        let inner = m[0].try_sub(&m[0].tanh())?;
        values.insert("0", inner);
        let other = m.with_parameters(&values)?;
        Ok(x.matmul(&other[0])?.matmul(&other[1])?.sum().backward()?.iter().cloned().collect())
    }),
    ("gradients that are changed", |m, [x, y]| {
        let mut first = m[0].try_mul(x)?.sum().backward()?;
        let kept = first.iter().cloned().collect::<Vec<_>>();
        first.accumulate(m[0].try_mul(&m[1])?.try_mul(y)?.sum().backward()?)?;
        first.scale(0.25);
        Ok(first.iter().cloned().chain(kept).collect())
    }),
    ("gradients of another walk", |m, [x, y]| {
        let z = m[0].try_mul(x)?.exp();
        let first = z.sum().backward_keep()?;
        let second = z.try_mul(y)?.sum().backward()?;
        Ok(first.iter().chain(second.iter()).cloned().collect())
    }),
    ("nothing", |_, _| Ok(vec![])),
    ("a change of what is read later", |m, [x, _]| {
        let mut z = x.exp();
        let before = z.clone();
        z += 1.0;
        let mut w = z.narrow(0, 1, 2)?;
        w *= 3.0;
        Ok(vec![z.try_mul(&m[0].detach())?, before, w, z])
    }),
];

#[test]
fn functions_have_the_bits_of_a_run() -> Result<()> {
    for (name, function) in FUNCTIONS {
        let mut capture = Capture::new(function);
        let mut model = vec![param(&[4, 4], 1), param(&[4, 4], 2)];
        for k in 0..6 {
            let (x, y) = (floats(&[4, 4], 10 + k), floats(&[4, 4], 20 + k));
            assert!(function(&model, [&x, &y]).is_ok(), "{name}");
            assert_eq!(agrees(&mut capture, function, &model, [&x, &y]), 1, "{name}");
            let next = model.iter().map(|p| p.add_scalar(0.125 * k as f64).detach()).collect::<Vec<_>>();
            model.iter_mut().zip(next).try_for_each(|(p, next)| p.set(next))?;
        }
    }
    Ok(())
}

fn step(net: &Net, [x, y]: [&Tensor; 2]) -> Result<Vec<Tensor>> {
    let (loss, grads) = net.step(x, y)?;
    Ok(std::iter::once(loss).chain(grads.iter().cloned()).collect())
}

#[test]
fn a_training_step_on_any_number_of_threads() -> Result<()> {
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Error::user)?;
        for (rows, inputs) in [(1, 1), (5, 6), (35_000, 4)] {
            pool.install(|| {
                let (mut capture, mut net) = (Capture::new(step), Net::new(inputs));
                for k in 0..4 {
                    let (x, y) = (floats(&[rows, inputs], k), labels(rows, 3, 50 + k));
                    assert_eq!(agrees(&mut capture, step, &net, [&x, &y]), 1, "call {k}");
                    net.shift(k);
                }
            });
        }
    }
    Ok(())
}

#[test]
fn scalars_empty_tensors_and_all_dtypes() {
    let f = |_: &Params, [x]: [&Tensor; 1]| {
        let twice = x.try_add(x)?;
        Ok((twice.sum(), twice.to_dtype(DType::F64).exp(), twice))
    };
    let mut capture = Capture::new(f);
    for dtype in [DType::F32, DType::F64, DType::I64] {
        for shape in [&[][..], &[0], &[2, 0, 3], &[1], &[140_000]] {
            for k in 0..3 {
                agrees(&mut capture, f, &vec![], [&numbers(shape, dtype, k)]);
            }
        }
    }
    assert_eq!(capture.stats().records, 15);
}
