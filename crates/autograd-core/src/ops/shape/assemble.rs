//! Parts of a tensor put together.

use crate::error::Result;
use crate::tape::{Part, Pull, Pullback, record};
use crate::tensor::{DType, Tensor};

/// Zeros of `shape` to which every tensor of `pieces` is added in the place of its part: the adjoint of taking all the
/// parts out. Its gradient for a piece is that part of gy.
pub(crate) fn assemble(shape: &[usize], dtype: DType, parts: Vec<Box<dyn Part>>, pieces: &[Tensor]) -> Result<Tensor> {
    let mut value = Tensor::filled("backward", shape, 0.0, dtype)?;
    parts.iter().zip(pieces).for_each(|(part, piece)| part.add(&mut value, piece));
    Ok(record("assemble", value, &pieces.iter().collect::<Vec<_>>(), |_| Assemble { parts }))
}

struct Assemble {
    parts: Vec<Box<dyn Part>>,
}

impl Pullback for Assemble {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let gy = at.gy();
        self.parts.iter().enumerate().try_for_each(|(i, part)| at.give(i, || part.take(gy)))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    // The gradient of two overlapping parts and of rows taken twice, as a recorded walk gives it: linear in the pieces.
    let call = |x: &[Tensor]| -> Result<Tensor> {
        let whole = Tensor::zeros(&[4, 3], x[0].dtype())?.requires_grad();
        let (front, rows) = (whole.narrow(0, 0, 2)?, whole.index_select(0, &Tensor::from([1, 3, 1]))?);
        let found = crate::grad_with(&[(&front, &x[0]), (&rows, &x[1])], &[&whole])?;
        Ok(found.into_iter().flatten().next().expect("the whole takes part"))
    };
    // The walk inside must be recorded; the result is, if the caller records.
    let call = move |x: &[Tensor]| {
        let y = crate::tape::recording(true, || call(x))?;
        Ok(if crate::is_recording() { y } else { y.untied() })
    };
    let reference = |x: &[Vec<f64>]| {
        let mut sum = vec![0.0; 12];
        (0..6).for_each(|i| sum[i] += x[0][i]);
        [1, 3, 1].iter().enumerate().for_each(|(k, row)| (0..3).for_each(|j| sum[row * 3 + j] += x[1][k * 3 + j]));
        sum
    };
    let inputs = vec![Input::real(&[2, 3], -2.0..2.0), Input::real(&[3, 3], -2.0..2.0)];
    [Case::new("assemble", inputs, call).value(reference).not_counting_saved().cannot_fail()]
}];
