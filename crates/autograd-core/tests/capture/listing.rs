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
        "   0  mul                       given 0 [3] given 1 [3] → room[0] [3], 12 bytes, 3 flops",
        "   1  tanh             backward constant 0 [3] room[0] [3] → room[64] [3], 12 bytes, 3 flops",
        "   2  mul              backward room[64] [3] given 0 [3] given 1 [3] → output 0 [3], 12 bytes, 3 flops",
    ];
    assert_eq!(capture.to_string().trim_end().lines().collect::<Vec<_>>(), lines);
    Ok(())
}

#[test]
fn a_program_is_drawn_with_an_arrow_for_each_operand() -> Result<()> {
    let w = Param::new(Tensor::from([1.0, 2.0, 3.0]))?;
    let mut capture = Capture::new(|w: &Param, [x]| (x * w).tanh().sum().backward());
    let _ = capture.run(&w, [&Tensor::from([0.5, -0.5, 0.25])])?;
    let dot = capture.to_dot();
    let arrows: Vec<&str> = dot.lines().map(str::trim).filter(|line| line.contains("->")).collect();
    let expected = [
        "p0given0 -> p0s0;",
        "p0given1 -> p0s0;",
        "p0constant0 -> p0s1;",
        "p0s0 -> p0s1;",
        "p0s1 -> p0s2;",
        "p0given0 -> p0s2;",
        "p0given1 -> p0s2;",
        "p0s2 -> p0output0;",
    ];
    assert_eq!(arrows, expected);
    assert!(dot.contains("p0s1 [label=\"tanh\\n[3]\", style=filled];"), "{dot}");
    assert!(dot.contains("p0output0 [label=\"output 0\\nF32 [3]\", shape=ellipse];"), "{dot}");
    assert_eq!((dot.matches('{').count(), dot.matches("given0 [").count()), (dot.matches('}').count(), 1));
    Ok(())
}

#[test]
fn a_change_is_drawn_after_what_it_changes() -> Result<()> {
    let w = Param::new(Tensor::from([1.0, 2.0]))?;
    // Two gradients of one parameter are summed in place.
    let mut capture = Capture::new(|w: &Param, [x]| (w.exp() * x).try_add(&w.sin())?.sum().backward());
    let _ = capture.run(&w, [&Tensor::from([0.5, -0.5])])?;
    let dot = capture.to_dot();
    let changed = capture.to_string();
    let last = changed.trim_end().lines().count() - 2;
    let into_last = dot.lines().filter(|line| line.ends_with(&format!("-> p0s{last};"))).count();
    assert!(into_last >= 2 && dot.contains(&format!("p0s{last} -> p0output0;")), "{dot}\n{changed}");
    Ok(())
}
