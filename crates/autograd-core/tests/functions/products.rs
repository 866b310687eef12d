//! Products with derivatives agree with the matrices.

use autograd_core::{
    DType, ErrorKind, Result, Tensor, Triangle, custom, enable_grad, grad_with, hessian, hvp, jacobian, jvp, linearize,
    no_grad, seeded, value_and_grad, vhp, vjp,
};

fn draw(shape: &[usize], seed: u64) -> Tensor {
    Tensor::randn(shape, DType::F64, &mut seeded(seed)).expect("small")
}

fn near(got: &Tensor, want: &Tensor) {
    let (a, b) = (got.to_f64s(), want.to_f64s());
    assert!(
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-11 * (1.0 + b.abs())),
        "{got} {want}"
    );
}

/// Of a matrix, a vector, and a number without influence.
fn f(x: &[Tensor]) -> Result<Tensor> {
    Ok(x[0].matmul(&x[1].sin())?.tanh())
}

fn inputs() -> [Tensor; 3] {
    [draw(&[2, 3], 1), draw(&[3], 2), draw(&[], 3)]
}

fn flat(matrix: &Tensor, rows: usize) -> Tensor {
    matrix.reshape(&[rows as isize, -1]).expect("a whole number of rows")
}

#[test]
fn a_linear_map_is_the_jacobian_in_both_directions_any_number_of_times() {
    let (x, y_size) = (inputs(), 2);
    let map = linearize(f, &x).expect("floats");
    near(&map.value(), &f(&x).expect("they fit"));
    assert!(!map.value().is_tracked());
    let matrices = jacobian(f, &x).expect("floats");
    for seed in 10..13 {
        let tangents = x.each_ref().map(|x| draw(x.shape(), seed));
        let parts = matrices
            .iter()
            .zip(&tangents)
            .map(|(j, v)| flat(j, y_size).matmul(&v.reshape(&[-1]).expect("as many")).expect("they fit"));
        let sum = parts.reduce(|a, b| a.try_add(&b).expect("alike")).expect("three");
        near(&no_grad(|| map.jvp(&tangents)).expect("they fit"), &sum);
        near(&jvp(f, &x, &tangents).expect("they fit").1, &sum);
        let w = draw(&[y_size], seed);
        for ((got, plain), j) in
            map.vjp(&w).expect("it fits").iter().zip(vjp(f, &x, &w).expect("it fits").1).zip(&matrices)
        {
            near(got, &flat(j, y_size).t().and_then(|j| j.matmul(&w)).expect("they fit"));
            near(got, &plain);
        }
    }
    let text = |error: autograd_core::Error| error.to_string();
    assert_eq!(text(map.jvp(&x[..2]).expect_err("two")), "jvp: there are 2 tangents for 3 inputs");
    assert_eq!(text(map.vjp(&x[1]).expect_err("three")), "vjp: w has shape [3], expected [2]");
    let constant = linearize(|_| Ok(Tensor::from([1.0, 2.0])), &x).expect("a float");
    assert_eq!(constant.jvp(&x).expect("they fit").to_f64s(), [0.0, 0.0]);
    assert!(
        constant.vjp(&Tensor::from([1.0, 1.0])).expect("it fits").iter().all(|g| g.to_f64s().iter().all(|g| *g == 0.0))
    );
}

#[test]
fn vector_hessian_products_are_those_of_the_matrix_on_both_sides() {
    let x = inputs();
    let number = |x: &[Tensor]| f(x)?.logsumexp(..);
    let v = x.each_ref().map(|x| draw(x.shape(), 20));
    let blocks = hessian(number, &x).expect("floats");
    let (y, left) = vhp(number, &x, &v).expect("they fit");
    let right = hvp(number, &x, &v).expect("they fit");
    near(&y, &number(&x).expect("they fit"));
    for (i, (left, right)) in left.iter().zip(&right).enumerate() {
        let parts = blocks.iter().zip(&v).map(|(row, v)| {
            let block = flat(&row[i], v.numel());
            v.reshape(&[1, -1]).and_then(|v| v.matmul(&block)?.reshape(&[-1])).expect("they fit")
        });
        let sum = parts.reduce(|a, b| a.try_add(&b).expect("alike")).expect("three");
        near(&left.reshape(&[-1]).expect("as many"), &sum);
        assert_eq!(left.to_f64s(), right.to_f64s());
    }
    let error = vhp(f, &x, &v).expect_err("two numbers");
    assert_eq!(error.to_string(), "vhp: the value has shape [2], expected a single number");
    let error = vhp(number, &x, &v[..1]).expect_err("one");
    assert_eq!(error.to_string(), "vhp: there are 1 tangents for 3 inputs");
}

#[test]
fn a_value_comes_with_its_gradients() {
    let x = inputs();
    let (y, grads) = no_grad(|| value_and_grad(|x| Ok(f(x)?.sum()), &x)).expect("floats");
    near(&y, &f(&x).expect("they fit").sum());
    let (_, want) = vjp(|x| Ok(f(x)?.sum()), &x, &Tensor::scalar(1.0f64)).expect("floats");
    grads.iter().zip(&want).for_each(|(got, want)| near(got, want));
    assert_eq!((grads[2].to_f64s(), y.is_tracked()), (vec![0.0], false));
    let error = value_and_grad(f, &x).expect_err("two numbers");
    assert_eq!(error.to_string(), "value_and_grad: the value has shape [2], expected a single number");
    assert!(value_and_grad(|x| Ok(x[0].sum()), [&Tensor::from([1, 2])]).is_err());
}

#[test]
fn the_way_of_a_tangent_is_that_of_a_gradient_of_0() -> Result<()> {
    // A hook that clips has slope 1 at 0.
    let clipped = |x: &[Tensor]| {
        let h = x[0].mul_scalar(10.0);
        std::mem::forget(h.register_hook("clip", |g| g.clamp(-0.1, 0.1).map(Some))?);
        Ok(h)
    };
    assert_eq!(jvp(clipped, [&Tensor::from([1.0, 2.0])], [&Tensor::from([1.0, -1.0])])?.1.to_f64s(), [10.0, -10.0]);
    Ok(())
}

/// The square of a symmetric matrix, by eigenvalues, with a pull-back that runs it again.
fn again(x: &[Tensor]) -> Result<Tensor> {
    fn square(x: &[Tensor]) -> Result<Tensor> {
        let (w, v) = x[0].eigh(Triangle::Lower)?;
        v.try_mul(&w.square())?.matmul(&v.t()?)
    }
    custom("again", &[&x[0]], square, |gy, x, _| enable_grad(|| grad_with(&[(&square(x)?, gy)], &[&x[0]])))
}

#[test]
fn what_a_pull_back_of_ones_own_refuses_is_refused_in_every_direction() {
    let direction = Tensor::from_slice(&[0.0, 1.0, 1.0, 0.0], &[2, 2]).expect("four");
    let error = jvp(again, [&Tensor::eye(2, DType::F64).expect("small")], [&direction]).expect_err("equal values");
    assert_eq!(error.kind(), ErrorKind::NoDerivative, "{error}");
    let apart = Tensor::from_slice(&[2.0, 0.0, 0.0, 1.0], &[2, 2]).expect("four");
    near(&jvp(again, [&apart], [&direction]).expect("smooth").1, &direction.mul_scalar(3.0));
}
