//! The elements of an input that each element of an output reads.

use std::ops::Range;

/// A number for each of three spatial dims; of fewer dims the first ones have size 1.
pub type Space = [usize; 3];

/// A window that moves over an input: tap k of output o is at `o · stride + k · dilation − before` in each dim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The size of the input.
    pub input: Space,
    /// The number of taps.
    pub kernel: Space,
    /// The distance between outputs.
    pub stride: Space,
    /// The distance between taps.
    pub dilation: Space,
    /// The zeros before the input.
    pub before: Space,
    /// The size of the output.
    pub output: Space,
}

impl Window {
    /// The number of taps of all dims.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// The place of tap k in each dim of the kernel.
    pub fn tap(&self, k: usize) -> Space {
        let [_, rows, columns] = self.kernel;
        [k / columns / rows, k / columns % rows, k % columns]
    }

    /// The number of elements of a plane of the input.
    pub fn inputs(&self) -> usize {
        self.input.iter().product()
    }

    /// The number of elements of a plane of the output.
    pub fn outputs(&self) -> usize {
        self.output.iter().product()
    }

    /// The outputs for which tap k of dim d is inside the input.
    #[inline(always)]
    pub fn reach(&self, d: usize, k: usize) -> Range<usize> {
        let offset = k * self.dilation[d];
        let first = self.before[d].saturating_sub(offset).div_ceil(self.stride[d]);
        let last = (self.input[d] + self.before[d]).checked_sub(offset + 1).map(|last| last / self.stride[d]);
        let end = last.map_or(0, |last| last + 1).min(self.output[d]);
        first.min(end)..end
    }

    /// The place of tap k for output o in dim d, if it is inside the input.
    #[inline(always)]
    pub fn place(&self, d: usize, k: usize, o: usize) -> Option<usize> {
        let place = (o * self.stride[d] + k * self.dilation[d]).checked_sub(self.before[d])?;
        if place < self.input[d] { Some(place) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reach_of_a_tap_is_where_its_place_is_inside() {
        for (input, kernel, stride, dilation, before, output) in
            [(5, 3, 1, 1, 1, 5), (7, 2, 3, 4, 2, 3), (1, 2, 1, 5, 3, 2), (4, 4, 2, 1, 3, 4), (0, 2, 1, 1, 1, 1)]
        {
            let window = Window {
                input: [1, 1, input],
                kernel: [1, 1, kernel],
                stride: [1, 1, stride],
                dilation: [1, 1, dilation],
                before: [0, 0, before],
                output: [1, 1, output],
            };
            for k in 0..kernel {
                let inside: Vec<usize> = (0..output).filter(|o| window.place(2, k, *o).is_some()).collect();
                assert_eq!(inside, window.reach(2, k).collect::<Vec<_>>(), "{window:?}, tap {k}");
            }
        }
    }
}
