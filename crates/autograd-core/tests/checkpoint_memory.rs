//! The memory that checkpoints save: what is kept for backward, and the most there is at once.

use autograd_core::{DType, Result, Tensor, checkpoint, memory};

const SIZE: usize = 1 << 12;
const BLOCKS: usize = 16;

/// Twenty operations, of which half keep a tensor.
fn block(x: &Tensor) -> Result<Tensor> {
    let mut y = x.clone();
    for _ in 0..5 {
        y = y.sin().mul_scalar(0.5).exp().log1p();
    }
    Ok(y)
}

/// The bytes that are kept after forward, the most there are until backward has ended, and the gradient.
fn run(each: impl Fn(&Tensor) -> Result<Tensor>) -> (usize, usize, Vec<f64>) {
    let x = Tensor::ones(&[SIZE], DType::F32).expect("memory").requires_grad();
    let before = memory::stats().in_use;
    let y = (0..BLOCKS).try_fold(x.clone(), |x, _| each(&x)).expect("floats").sum();
    let kept = memory::stats().in_use - before;
    let gradient = y.backward().expect("tracked").get(&x).expect("a leaf").to_f64s();
    (kept, memory::stats().peak - before, gradient)
}

#[test]
fn checkpoints_keep_an_input_for_each_block_and_the_inside_of_one() {
    let tensor = SIZE * DType::F32.size();
    // The one with the smaller peak comes first: a peak never falls.
    let (kept, peak, gradient) = run(|x| checkpoint(|x| block(&x[0]), [x]));
    let (plain_kept, plain_peak, plain_gradient) = run(block);
    assert_eq!(gradient, plain_gradient);
    assert!(kept <= (BLOCKS + 1) * tensor, "{kept} bytes are kept for {BLOCKS} blocks of {tensor}");
    assert!(plain_kept > 9 * BLOCKS * tensor, "{plain_kept}");
    assert!(peak <= (BLOCKS + 24) * tensor, "{peak} bytes at once");
    assert!(4 * peak < plain_peak, "{peak} and {plain_peak}");
}
