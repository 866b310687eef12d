//! Operations of your own: with a named struct, and with two closures; and the check that finds a wrong derivative.
//!
//! An operation is a value and a pull-back. If the pull-back is made of differentiable operations, second derivatives
//! work by themselves; `gradcheck` compares both orders with finite differences.
//!
//! Run it with `cargo run --example custom_op`.

use wengert::core::{Pull, Pullback, Result, Saved, record_custom};
use wengert::{DType, Tensor, custom, grad, gradcheck, no_grad, seeded, tensor};

/// The Gaussian bump.
///
/// ```text
/// y  = exp(−x²)
/// gx = −2 x y gy      saves x, y
/// ```
fn bump(x: &Tensor) -> Tensor {
    let y = no_grad(|| x.square().neg().exp());
    record_custom("bump", y, &[x], |y| Bump { x: Saved::input(0, x), y })
}

/// Its fields are what the pull-back needs, and nothing else is kept.
struct Bump {
    x: Saved,
    y: Saved,
}

impl Pullback for Bump {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        // `get` ties what was saved to the tape again while the walk itself is recorded: x by its own history, y as the
        // value of this very operation.
        let (gy, x, y) = (at.gy(), self.x.get(at), self.y.get(at));
        at.give(0, || gy.try_mul(&x.try_mul(&y)?.mul_scalar(-2.0)))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.y);
    }
}

/// `r = √(a² + b²)` of two tensors that broadcast: the gradients have the shape of r, and the engine sums them down to
/// those of a and b.
fn hypot(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    custom(
        "hypot",
        &[a, b],
        |inputs| Ok(inputs[0].square().try_add(&inputs[1].square())?.sqrt()),
        |gr, inputs, r| {
            let scaled = gr.try_div(r)?;
            Ok(vec![Some(scaled.try_mul(&inputs[0])?), Some(scaled.try_mul(&inputs[1])?)])
        },
    )
}

/// `y = x³` with a slip in the derivative: 2 x² in place of 3 x².
fn slip(x: &Tensor) -> Result<Tensor> {
    custom(
        "slip",
        &[x],
        |inputs| Ok(inputs[0].powf(3.0)),
        |gy, inputs, _y| Ok(vec![Some(gy.try_mul(&inputs[0].square().mul_scalar(2.0))?)]),
    )
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // In use they are operations like any other.
    let x = tensor!(0.5).requires_grad();
    let y = bump(&x);
    let dy = grad(&y, &[&x])?.remove(0);
    let ddy = grad(&dy, &[&x])?.remove(0);
    println!(
        "bump(0.5) = {:.6}, slope {:.6}, curvature {:.6}",
        y.item::<f32>()?,
        dy.item::<f32>()?,
        ddy.item::<f32>()?
    );
    let exact = (4.0 * 0.25 - 2.0) * (-0.25_f32).exp();
    println!("          the curvature by hand, (4x² − 2) exp(−x²): {exact:.6}");

    // Finite differences need the digits of f64.
    let mut rng = seeded(7);
    let matrix = Tensor::randn(&[3, 4], DType::F64, &mut rng)?;
    let row = Tensor::randn(&[4], DType::F64, &mut rng)?;

    let report = gradcheck(|x| Ok(bump(&x[0])), std::slice::from_ref(&matrix))?;
    println!("bump:  {} derivatives right, largest error {:.0e}", report.compared, report.max_error);
    let report = gradcheck(|x| hypot(&x[0], &x[1]), &[matrix.clone(), row])?;
    println!("hypot: {} derivatives right, largest error {:.0e}", report.compared, report.max_error);

    match gradcheck(|x| slip(&x[0]), &[matrix]) {
        Ok(_) => return Err("the wrong derivative of slip was not noticed".into()),
        Err(error) => println!("slip:  {error}"),
    }
    Ok(())
}
