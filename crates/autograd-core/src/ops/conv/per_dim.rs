//! Numbers for spatial dims: sizes of kernels, strides, paddings.

use crate::error::{Error, Result};
use crate::kernels::conv::Space;
use smallvec::SmallVec;
use std::fmt;

/// One number for all spatial dims, or one for each of them, outermost first.
///
/// # Examples
/// ```
/// use autograd_core::PerDim;
/// assert_eq!((PerDim::from(2).to_string(), PerDim::from([1, 2]).to_string()), ("2".into(), "[1, 2]".into()));
/// ```
#[derive(Clone, PartialEq)]
pub struct PerDim(SmallVec<[isize; 3]>);

macro_rules! numbers {
    ($($t:ty)*) => {$(
        impl From<$t> for PerDim {
            fn from(one: $t) -> PerDim {
                PerDim(SmallVec::from_slice(&[crate::shape::Dim::signed(one)]))
            }
        }
        impl<const N: usize> From<[$t; N]> for PerDim {
            fn from(each: [$t; N]) -> PerDim {
                PerDim::from(&each[..])
            }
        }
        impl From<&[$t]> for PerDim {
            fn from(each: &[$t]) -> PerDim {
                PerDim(each.iter().map(|number| crate::shape::Dim::signed(*number)).collect())
            }
        }
    )*};
}
// A literal without a type is an `i32`.
numbers!(i32 isize usize);

impl fmt::Display for PerDim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [one] => write!(f, "{one}"),
            each => write!(f, "{each:?}"),
        }
    }
}

impl fmt::Debug for PerDim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// No number for a spatial dim is larger: sums of a few cannot overflow.
const MOST: isize = 1 << 31;

impl PerDim {
    /// The number for each of so many dims; none if there are neither one nor so many.
    ///
    /// # Examples
    /// ```
    /// use autograd_core::PerDim;
    /// assert_eq!(PerDim::from(3).each(2), Some(vec![3, 3]));
    /// assert_eq!((PerDim::from([1, 2]).each(2), PerDim::from([1, 2]).each(3)), (Some(vec![1, 2]), None));
    /// ```
    pub fn each(&self, dims: usize) -> Option<Vec<isize>> {
        match &self.0[..] {
            [one] => Some(vec![*one; dims]),
            each => (each.len() == dims).then(|| each.to_vec()),
        }
    }

    /// The number for each of `rank` dims, at least `least`, behind as many of `filler` as make three.
    pub(crate) fn read(&self, op: &'static str, name: &str, rank: usize, least: isize, filler: usize) -> Result<Space> {
        if self.0.len() != 1 && self.0.len() != rank {
            let must = if rank == 1 { "one number".into() } else { format!("one number or {rank}") };
            return Err(Error::argument(op, name, self, must));
        }
        if self.0.iter().any(|number| *number < least) {
            return Err(Error::argument(op, name, self, format_args!("at least {least}")));
        }
        if self.0.iter().any(|number| *number > MOST) {
            return Err(Error::argument(op, name, self, format_args!("at most {MOST}")));
        }
        let mut read = [filler; 3];
        for (d, to) in read[3 - rank..].iter_mut().enumerate() {
            *to = self.0[d.min(self.0.len() - 1)] as usize;
        }
        Ok(read)
    }
}
