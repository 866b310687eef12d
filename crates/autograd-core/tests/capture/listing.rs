//! What a program says of itself.

use autograd_core::module::Param;
use autograd_core::{Capture, Result, Tensor};

#[test]
fn a_program_is_shown_as_its_kernels() -> Result<()> {
    let w = Param::new(Tensor::from([1.0, 2.0, 3.0]))?;
    let mut capture = Capture::new(|w: &Param, [x]| (x * w).tanh().sum().backward());
    let _ = capture.run(&w, [&Tensor::from([0.5, -0.5, 0.25])])?;
    // The loss is not returned, so nothing computes it.
    let lines = [
        "3 kernels, 192 bytes, 9 flops",
        "   0  mul                       given 0 [3] given 1 [3] → room[0], 12 bytes, 3 flops",
        "   1  tanh             backward constant 0 [3] room[0] [3] → room[64], 12 bytes, 3 flops",
        "   2  mul              backward room[64] [3] given 0 [3] given 1 [3] → output 0, 12 bytes, 3 flops",
    ];
    assert_eq!(capture.to_string().trim_end().lines().collect::<Vec<_>>(), lines);
    Ok(())
}
