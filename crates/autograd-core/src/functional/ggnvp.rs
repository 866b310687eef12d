//! Products with Gauss–Newton matrices.

use super::{Linearized, Point, TensorList, all_fit, at, single};
use crate::error::Result;
use crate::tape::recording;
use crate::tensor::Tensor;

/// Product of the Gauss–Newton matrix of `loss(f(inputs))` and the tangents, for each input `Jᵀ H J v`: J are the
/// derivatives of f, H the second derivatives of the loss, a number, with respect to the value of f.
///
/// It is the Hessian without the second derivatives of f, and never indefinite where the loss is convex. It takes four
/// backward walks, whatever the sizes.
///
/// # Gradient
/// The results are tracked if an input, a tangent, or what a function captures is, unless inside
/// [`no_grad`](crate::no_grad).
///
/// # Errors
/// If a function fails, the loss is not a single number, an operation on the way has no second derivative, something is
/// not of float type, or there is not one tangent for each input, of its shape and dtype.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, ggnvp};
/// // f = (x₀², x₀ x₁) and ½ f²: J = [2x₀ 0; x₁ x₀], H = 1
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 0.0]));
/// let f = |x: &[Tensor]| x[0].try_mul(&x[0].narrow(0, 0, 1)?);
/// let [gv] = ggnvp(f, |z| Ok(z.square().sum().mul_scalar(0.5)), [&x], [&v])?;
/// assert_eq!(gv.to_vec::<f32>()?, [8.0, 2.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Schraudolph, Fast curvature matrix-vector products for second-order gradient descent, 2002.
pub fn ggnvp<L: TensorList>(
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    loss: impl FnOnce(&Tensor) -> Result<Tensor>,
    inputs: L,
    tangents: impl TensorList,
) -> Result<L::Of<Tensor>> {
    let (inputs, tangents) = (inputs.tensors(), tangents.tensors());
    all_fit("ggnvp", &inputs, &tangents)?;
    at("ggnvp", &inputs, |point| {
        let around = point.recording;
        let linear = Linearized::of(f, point)?;
        let along = linear.push(&tangents, around && linear.records(&tangents))?;
        let value = linear.value();
        let bend = |z: Point| {
            let y = z.value_of(|z| loss(&z[0]))?;
            single("ggnvp", &y)?;
            let slope = z.gradients(&y, None, true)?.remove(0);
            Ok(z.gradients(&slope, Some(&along), z.records(&y, &[&along]))?.remove(0))
        };
        let bent = recording(around, || at("ggnvp", &[&value], bend))?;
        let recorded = around && linear.records(&[&bent]);
        linear.pull(&bent, recorded).map(L::of)
    })
}

#[cfg(test)]
mod tests {
    use crate::{Tensor, ggnvp, hvp, jacobian, seeded};

    #[test]
    fn it_is_the_product_of_the_three_matrices() {
        let mut rng = seeded(3);
        let mut draw = |shape: &[usize]| Tensor::randn(shape, crate::DType::F64, &mut rng).expect("small");
        let (x, w, v, vw) = (draw(&[4]), draw(&[3, 4]), draw(&[4]), draw(&[3, 4]));
        let f = |x: &[Tensor]| Ok(x[1].matmul(&x[0])?.tanh());
        let loss = |z: &Tensor| z.logsumexp(..);
        let [gx, gw] = ggnvp(f, loss, [&x, &w], [&v, &vw]).expect("floats");
        let [jx, jw] = jacobian(f, [&x, &w]).expect("floats");
        let jw = jw.reshape(&[3, 12]).expect("as many");
        let along = jx.matmul(&v).and_then(|a| a.try_add(&jw.matmul(&vw.flatten(0, -1)?)?)).expect("they fit");
        let z = f(&[x.clone(), w.clone()]).expect("they fit");
        let [bent] = hvp(|z| loss(&z[0]), [&z], [&along]).expect("floats");
        let want = [jx.t(), jw.t()].map(|j| j.and_then(|j| j.matmul(&bent)).expect("they fit").to_f64s());
        for (got, want) in [gx, gw].iter().zip(want) {
            assert!(got.to_f64s().iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-12), "{got} {want:?}");
        }
    }

    #[test]
    fn of_a_linear_function_it_is_the_hessian_and_of_a_flat_loss_nothing() {
        let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, -1.0]));
        let loss = |z: &Tensor| Ok(z.powf(3.0).sum());
        let [gv] = ggnvp(|x| Ok(x[0].mul_scalar(2.0)), loss, [&x], [&v]).expect("floats");
        let [hv] = hvp(|x| loss(&x[0].mul_scalar(2.0)), [&x], [&v]).expect("floats");
        assert_eq!(gv.to_f64s(), hv.to_f64s());
        let [gv] = ggnvp(|x| Ok(x[0].exp()), |z| Ok(z.sum()), [&x], [&v]).expect("floats");
        assert_eq!(gv.to_f64s(), [0.0, 0.0]);
        let [gv] = ggnvp(|_| Ok(Tensor::from([1.0])), |z| Ok(z.square().sum()), [&x], [&v]).expect("floats");
        assert_eq!(gv.to_f64s(), [0.0, 0.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let x = Tensor::from([1.0, 2.0]);
        let text = |tangents: &[Tensor]| {
            ggnvp(|x| Ok(x[0].exp()), |z| Ok(z.clone()), [&x], tangents).expect_err("refused").to_string()
        };
        assert_eq!(text(&[]), "ggnvp: there are 0 tangents for 1 inputs");
        assert_eq!(text(&[Tensor::from(1.0)]), "ggnvp: a tangent has shape [], expected [2]");
        assert_eq!(text(std::slice::from_ref(&x)), "ggnvp: the value has shape [2], expected a single number");
    }
}
