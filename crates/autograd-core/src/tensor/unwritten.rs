//! The numbers that debug builds fill fresh memory with.

use super::{Tensor, for_any};
use crate::storage::block::Plain;

/// Elements with a value that is none of a computation's.
pub(super) trait Unwritten: Plain {
    /// The value.
    const UNWRITTEN: Self;
    /// Whether this is that value, or one that a float operation passes on for it.
    fn is_unwritten(self) -> bool;
}

impl Unwritten for f32 {
    const UNWRITTEN: f32 = f32::from_bits(0x7fed_fade);
    fn is_unwritten(self) -> bool {
        self.to_bits() & !(1 << 31) == Self::UNWRITTEN.to_bits()
    }
}

impl Unwritten for f64 {
    const UNWRITTEN: f64 = f64::from_bits(WIDENED | 0xfed_fade);
    fn is_unwritten(self) -> bool {
        // The second is what the conversion of an `f32` gives.
        [Self::UNWRITTEN.to_bits(), WIDENED].contains(&(self.to_bits() & !(1 << 63)))
    }
}

/// The NaN of `f32` above, as an `f64`.
const WIDENED: u64 = 0x7ffd_bf5b_c000_0000;

impl Unwritten for i64 {
    const UNWRITTEN: i64 = 0x0fed_fade_0fed_fade;
    fn is_unwritten(self) -> bool {
        self == Self::UNWRITTEN
    }
}

/// Truth values: every byte is sound for them, and all but 0 are true.
impl Unwritten for u8 {
    const UNWRITTEN: u8 = 0xa5;
    fn is_unwritten(self) -> bool {
        self > 1
    }
}

/// Whether an element of a tensor is a number that no operation wrote. Only debug builds know.
#[doc(hidden)]
pub fn unwritten(x: &Tensor) -> bool {
    for_any!(x.dtype(), T => x.strided::<T>().iter().any(|x| x.is_unwritten()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::DType;

    #[test]
    fn debug_builds_fill_what_they_hand_out() {
        let numbers = |dtype| Tensor::try_fresh(dtype, &[5]).expect("memory");
        for dtype in [DType::F32, DType::F64, DType::I64, DType::Bool] {
            let fresh = numbers(dtype);
            assert_eq!(unwritten(&fresh), cfg!(debug_assertions) && !unwritten(&fresh.zeros_like()));
        }
        let (single, double) = (numbers(DType::F32), numbers(DType::F64));
        for passed_on in [single.neg(), &single * 2.0, single.to_dtype(DType::F64), double.to_dtype(DType::F32)] {
            assert_eq!(unwritten(&passed_on), cfg!(debug_assertions), "{passed_on}");
        }
        let nan = Tensor::from([f64::NAN, -f64::NAN, 0.0]);
        assert!(!unwritten(&nan) && !unwritten(&nan.to_dtype(DType::F64)) && !unwritten(&(&nan - &nan)));
    }
}
