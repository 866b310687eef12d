//! A pool that has other work than the library's. A product that waited in rayon failed this nearly always; whether the
//! two meet is up to the system.

use autograd_core::{DType, Tensor, no_grad};

#[test]
fn a_product_runs_nothing_else_that_waits_in_its_pool() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
    let ones = |shape: &[usize]| Tensor::ones(shape, DType::F32).expect("small");
    // Too few rows to be cut between them.
    let (a, b) = (ones(&[2, 1100]), ones(&[1100, 1100]));
    let tracked = std::thread::scope(|scope| {
        let products = scope.spawn(|| {
            for _ in 0..300 {
                let y = pool.install(|| no_grad(|| a.matmul(&b))).expect("it fits");
                assert_eq!(y.to_f64s()[2199], 1100.0);
            }
        });
        // In the middle of the product it would not be recorded.
        let x = Tensor::from([1.0f32]).requires_grad();
        let mut tracked = pool.install(|| x.square().is_tracked());
        while !products.is_finished() {
            tracked &= pool.install(|| x.square().is_tracked());
        }
        tracked
    });
    assert!(tracked);
}
