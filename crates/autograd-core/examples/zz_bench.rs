#![allow(missing_docs)]
use autograd_core::*;
use std::time::Instant;
fn time(mut f: impl FnMut()) -> f64 {
    f();
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < 5 || (start.elapsed().as_secs_f64() < 0.35 && times.len() < 3000) {
        let t = Instant::now();
        f();
        times.push(t.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2] * 1e6
}
fn main() -> Result<()> {
    let threads: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    set_num_threads(threads)?;
    let mut rng = seeded(1);
    for dtype in [DType::F32, DType::F64] {
        for n in [16usize, 128, 512] {
            let x = Tensor::randn(&[n, n], dtype, &mut rng)?;
            let spd = x.matmul(&x.t()?)?.mul_scalar(1.0 / n as f64).try_add(&Tensor::eye(n, dtype)?)?;
            let good = x.try_add(&Tensor::eye(n, dtype)?.mul_scalar(2.0 * (n as f64).sqrt()))?;
            let b = Tensor::randn(&[n, n], dtype, &mut rng)?;
            type F = fn(&Tensor, &Tensor) -> Result<Vec<Tensor>>;
            let rows: [(&str, &Tensor, F); 7] = [
                ("solve", &good, |a, b| Ok(vec![a.solve(b)?])),
                ("inv", &good, |a, _| Ok(vec![a.inv()?])),
                ("cholesky", &spd, |a, _| Ok(vec![a.cholesky(Triangle::Lower)?])),
                ("eigh", &spd, |a, _| {
                    let (w, v) = a.eigh(Triangle::Lower)?;
                    Ok(vec![w, v])
                }),
                ("eigvalsh", &spd, |a, _| Ok(vec![a.eigvalsh(Triangle::Lower)?])),
                ("svd", &x, |a, _| {
                    let (u, s, v) = a.svd(false)?;
                    Ok(vec![u, s, v])
                }),
                ("qr", &good, |a, _| {
                    let (q, r) = a.qr(QrMode::Reduced)?;
                    Ok(vec![q, r])
                }),
            ];
            for (name, a, f) in rows {
                let forward = time(|| {
                    f(a, &b).unwrap();
                });
                let (a, b) = (a.requires_grad(), b.requires_grad());
                let y = f(&a, &b)?;
                let g: Vec<Tensor> = y.iter().map(|y| Tensor::randn(y.shape(), dtype, &mut rng).unwrap()).collect();
                let backward = time(|| {
                    let mut walk = Backward::new();
                    for (y, g) in y.iter().zip(&g) {
                        walk = walk.root(y, g);
                    }
                    walk.keep().run().unwrap();
                });
                println!("{name}_{n}_{dtype} {forward:.1} {backward:.1}");
            }
        }
    }
    Ok(())
}
