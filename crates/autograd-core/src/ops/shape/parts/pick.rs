//! Several dimensions cut at once.

use crate::ops::shape::strided::Cut;
use crate::shape::{Dims, Layout};
use smallvec::SmallVec;

/// The use of one dimension of the whole, or a new one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pick {
    /// All of it.
    All,
    /// One entry; the part does not have the dimension.
    One(usize),
    /// Elements `start`, `start + step`, .., `len` of them.
    Some { start: usize, step: usize, len: usize },
    /// A new dimension of size one.
    New,
}

/// The part that the picks leave; there is one for each dimension of the whole, besides new ones.
#[derive(Clone)]
pub(super) struct Picks {
    pub(super) op: &'static str,
    pub(super) picks: SmallVec<[Pick; 4]>,
}

impl Cut for Picks {
    fn op(&self) -> &'static str {
        self.op
    }

    fn within(&self, whole: &Layout) -> Layout {
        let mut dims = whole.shape().iter().zip(whole.strides());
        let mut next = || dims.next().unwrap_or_else(|| unreachable!("there is no pick without a dimension"));
        let (mut shape, mut strides, mut start) = (Dims::new(), Dims::new(), 0);
        for pick in &self.picks {
            match *pick {
                Pick::All => {
                    let (size, stride) = next();
                    shape.push(*size);
                    strides.push(*stride);
                }
                Pick::One(at) => start += at * next().1,
                Pick::Some { start: first, step, len } => {
                    let (_, stride) = next();
                    shape.push(len);
                    // The step matters from two elements on; a part without elements has no place.
                    strides.push(if len > 1 { stride * step } else { 1 });
                    start += if len > 0 { first * stride } else { 0 };
                }
                Pick::New => {
                    shape.push(1);
                    strides.push(1);
                }
            }
        }
        if shape.contains(&0) {
            start = 0;
        }
        Layout::strided(&shape, &strides, whole.offset() + start)
    }
}
