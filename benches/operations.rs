//! Single operations: `fwd` is the forward pass alone, nothing recorded; `fb` is forward and backward.
//!
//! ```text
//! cargo bench --bench operations
//! RAYON_NUM_THREADS=1 cargo bench --bench operations -- matmul
//! ```
//!
//! The numbers in the names are the sizes: `1m` is 1,048,576 elements, `badd_1024` a matrix plus a row, `sum0` and
//! `sum1` the sums along the first and the last dim, `lsmce` log-softmax with cross-entropy. The upstream gradient is
//! all ones, made beforehand.

use criterion::Criterion;
use std::hint::black_box;
use wengert::core::{Result, Triangle};
use wengert::{DType, Tensor, seeded};

const M: usize = 1 << 20;

fn main() -> Result<()> {
    let mut bench = Bench { criterion: Criterion::default().sample_size(20).configure_from_args() };
    elementwise(&mut bench)?;
    matrices(&mut bench)?;
    rows(&mut bench)?;
    decompositions(&mut bench)?;
    bench.criterion.final_summary();
    Ok(())
}

fn elementwise(bench: &mut Bench) -> Result<()> {
    bench.operation("add_1m", &[&[M], &[M]], |x| x[0].try_add(&x[1]))?;
    bench.operation("badd_1024", &[&[1024, 1024], &[1024]], |x| x[0].try_add(&x[1]))?;
    bench.operation("exp_1m", &[&[M]], |x| Ok(x[0].exp()))?;
    bench.operation("tanh_1m", &[&[M]], |x| Ok(x[0].tanh()))?;
    bench.operation("gelu_1m", &[&[M]], |x| Ok(x[0].gelu()))?;
    bench.operation("relu_1m", &[&[M]], |x| Ok(x[0].relu()))?;
    let mut rng = seeded(7);
    bench.operation("dropout_1m", &[&[M]], move |x| x[0].dropout(0.5, &mut rng))
}

fn matrices(bench: &mut Bench) -> Result<()> {
    bench.operation("matmul_256x784x256", &[&[256, 784], &[784, 256]], |x| x[0].matmul(&x[1]))?;
    bench.operation("matmul_1024", &[&[1024, 1024], &[1024, 1024]], |x| x[0].matmul(&x[1]))?;
    bench.operation("bmm_64x128", &[&[64, 128, 128], &[64, 128, 128]], |x| x[0].bmm(&x[1]))
}

fn rows(bench: &mut Bench) -> Result<()> {
    bench.operation("sum0_1024", &[&[1024, 1024]], |x| x[0].sum_dim(0))?;
    bench.operation("sum1_1024", &[&[1024, 1024]], |x| x[0].sum_dim(1))?;
    bench.operation("softmax_1024x1000", &[&[1024, 1000]], |x| x[0].softmax(1))?;
    let classes = Tensor::rand(&[1024], DType::F32, &mut seeded(7))?.mul_scalar(1000.0).to_dtype(DType::I64);
    bench.operation("lsmce_1024x1000", &[&[1024, 1000]], move |x| x[0].cross_entropy(&classes)?.mean())
}

/// Of matrices that are far from singular; A and B of `solve` have the same size.
fn decompositions(bench: &mut Bench) -> Result<()> {
    for n in [16, 128, 512] {
        let heavy = Tensor::eye(n, DType::F32)?.mul_scalar(2.0 * (n as f64).sqrt());
        let a = Tensor::randn(&[n, n], DType::F32, &mut seeded(8))?;
        let symmetric = a.matmul(&a.t()?)?.div_scalar(n as f64).try_add(&Tensor::eye(n, DType::F32)?)?;
        // The input is added, so that a gradient is asked for; it is small, so that it decides nothing.
        let near = move |x: &Tensor, a: &Tensor| a.try_add(&x.mul_scalar(1e-3));
        let both: &[&[usize]] = &[&[n, n], &[n, n]];
        let far = heavy.clone();
        bench.operation(&format!("solve_{n}"), both, move |x| near(&x[0], &far)?.solve(&x[1]))?;
        bench.operation(&format!("inv_{n}"), &both[1..], move |x| near(&x[0], &heavy)?.inv())?;
        let a = symmetric.clone();
        bench.operation(&format!("cholesky_{n}"), &both[1..], move |x| near(&x[0], &a)?.cholesky(Triangle::Lower))?;
        let vectors = move |x: &[Tensor]| Ok(near(&x[0], &symmetric)?.eigh(Triangle::Lower)?.1);
        bench.operation(&format!("eigh_{n}"), &both[1..], vectors)?;
        bench.operation(&format!("svd_{n}"), &both[1..], |x| Ok(x[0].svd(false)?.0))?;
    }
    Ok(())
}

struct Bench {
    criterion: Criterion,
}

impl Bench {
    /// Times `f` on random inputs of these shapes.
    fn operation(
        &mut self,
        name: &str,
        shapes: &[&[usize]],
        mut f: impl FnMut(&[Tensor]) -> Result<Tensor>,
    ) -> Result<()> {
        let mut rng = seeded(7);
        let inputs =
            shapes.iter().map(|shape| Tensor::randn(shape, DType::F32, &mut rng)).collect::<Result<Vec<_>>>()?;
        let leaves: Vec<Tensor> = inputs.iter().map(Tensor::requires_grad).collect();
        // It runs once outside the timing, where an error can be returned.
        let y = f(&leaves)?;
        let ones = y.detach().ones_like();
        drop(y.backward_with(&ones)?);
        let mut group = self.criterion.benchmark_group(name);
        group.bench_function("fwd", |bencher| bencher.iter(|| black_box(f(&inputs))));
        group.bench_function("fb", |bencher| {
            bencher.iter(|| black_box(f(&leaves).and_then(|y| y.backward_with(&ones))));
        });
        group.finish();
        Ok(())
    }
}
