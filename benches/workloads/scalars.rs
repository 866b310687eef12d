//! The scalar tape.

use super::{Result, Step};
use wengert::core::scalar::Tape;

/// The gradient of an expression of 1,000,000 operations by three numbers, on an arena that keeps its memory.
pub fn million() -> Result<Step> {
    let mut tape = Tape::<f64>::new();
    Ok(Box::new(move || {
        tape.clear();
        let [w, v, x] = tape.vars([0.75, 0.25, 0.5]);
        let mut y = x;
        for _ in 0..250_000 {
            y = y * w + x - y * v;
        }
        std::hint::black_box(y.gradient(&[w, v, x])?);
        Ok(())
    }))
}
