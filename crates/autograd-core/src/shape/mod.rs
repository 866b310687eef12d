//! Sizes and strides, below everything else.
//!
//! Three types hold such numbers, each where it is best. Users see [`Shape`]. Code that puts sizes together one by one
//! uses [`Dims`]. Every layout and node has [`FixedDims`], which is copied with a few register operations.

mod dim;
mod fixed;
mod layout;
mod list;

pub use dim::Dim;
pub(crate) use dim::signed;
pub(crate) use fixed::FixedDims;
pub use layout::Layout;
pub(crate) use layout::{MAX_RANK, checked_numel};
pub use list::Shape;

/// Sizes or strides under construction, one for each dimension.
pub(crate) type Dims = smallvec::SmallVec<[usize; 4]>;

/// The strides of a layout in a shape it broadcasts to: 0 in the dimensions it is repeated along.
pub(crate) fn strides_in(layout: &Layout, shape: &[usize]) -> Dims {
    let missing = shape.len() - layout.shape().len();
    let mut strides = Dims::from_elem(0, shape.len());
    for (d, (size, stride)) in layout.shape().iter().zip(layout.strides()).enumerate() {
        if *size == shape[missing + d] && *size != 1 {
            strides[missing + d] = *stride;
        }
    }
    strides
}
