//! The memory of one matrix that a whole batch shares, above all in backward: no matrix for each of its members.

use autograd_core::{DType, Result, Tensor, Triangle, TriangularOptions, grad, memory, seeded};

const N: usize = 128;
const BATCH: usize = 256;

type Forward = fn(&Tensor, &Tensor) -> Result<Tensor>;

/// Operations of a matrix and of columns, one for each member of the batch.
const FORWARDS: [(&str, Forward); 7] = [
    ("matmul", |a, b| a.matmul(b)),
    ("matmul of a batch of one", |a, b| a.unsqueeze(0)?.matmul(b)),
    ("matmul from the right", |a, b| b.transpose(-1, -2)?.matmul(&a.unsqueeze(0)?)),
    ("solve", |a, b| a.solve(b)),
    ("solve_left", |a, b| a.solve_left(&b.transpose(-1, -2)?)),
    ("solve_triangular", |a, b| a.solve_triangular(b, TriangularOptions::new(Triangle::Lower))),
    ("cholesky_solve", |a, b| b.cholesky_solve(a, Triangle::Lower)),
];

/// The bytes that `f` takes from the pool.
fn taken<T>(f: impl FnOnce() -> Result<T>) -> Result<(usize, T)> {
    let before = memory::stats().taken;
    let result = f()?;
    Ok((memory::stats().taken - before, result))
}

/// The only test of this file, for the count is over all threads.
#[test]
fn a_shared_matrix_has_its_gradient_without_one_for_each_member() -> Result<()> {
    let drawn = |shape: &[usize], seed| Tensor::randn(shape, DType::F64, &mut seeded(seed));
    let a = drawn(&[N, N], 1)?.mul_scalar(0.05).try_add(&Tensor::eye(N, DType::F64)?.mul_scalar(4.0))?.requires_grad();
    let b = drawn(&[BATCH, N, 1], 2)?.requires_grad();
    let matrices = BATCH * N * N * DType::F64.size();
    for (name, forward) in FORWARDS {
        let loss = |a: &Tensor| -> Result<Tensor> { Ok(forward(a, &b)?.square().sum()) };
        let y = loss(&a)?;
        let (plain, grads) = taken(|| y.backward())?;
        let y = loss(&a)?;
        let (recorded, [ga, _]) = taken(|| grad(&y, [&a, &b]))?;
        for (walk, bytes) in [("a plain walk", plain), ("a recorded one", recorded)] {
            assert!(2 * bytes < matrices, "{name}: {bytes} bytes taken by {walk}, {matrices} hold a matrix for each");
        }
        // A matrix for each gives the same.
        let want = loss(&a.expand(&[BATCH as isize, N as isize, N as isize])?)?.backward()?;
        let want = want.get(&a).expect("it takes part").to_f64s();
        let largest = want.iter().fold(0.0f64, |most, g| most.max(g.abs()));
        for got in [grads.get(&a).expect("it takes part").to_f64s(), ga.to_f64s()] {
            assert!(got.iter().zip(&want).all(|(g, w)| (g - w).abs() <= 1e-11 * largest), "{name}");
        }
    }
    // The differences of all rows are made in a recorded walk alone.
    for turned in [false, true] {
        let rows = b.transpose(-1, -2)?;
        let (x, y) = if turned { (&a, &rows) } else { (&rows, &a) };
        let (bytes, _) = taken(|| x.cdist(y, 2.0)?.sum().backward())?;
        assert!(2 * bytes < matrices, "cdist: {bytes} bytes taken, {matrices} hold a matrix for each");
    }
    Ok(())
}
