//! Checks of targets that are symbols one after the other.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor};

impl Check {
    /// That the symbols of targets, `[N, S]` of `I64`, are classes from 0 to `classes` − 1 and none of them the blank,
    /// if there is one that no target says. Of sample n its first `sizes[n]` are looked at (`I64`, from 0 to S). A
    /// captured program looks at them in each replay.
    ///
    /// # Errors
    /// If one is not.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, check::Check};
    /// let (targets, sizes) = (Tensor::from([[1, 2], [2, 7]]), Tensor::from([2, 1]));
    /// Check("my_loss").symbols(&targets, &sizes, 3, Some(0))?;
    /// let error = Check("my_loss").symbols(&targets, &sizes, 2, None).expect_err("no class").to_string();
    /// let must = "it must be at least 0 and below 2, the number of classes";
    /// assert_eq!(error, format!("my_loss: symbol 1 of sample 0 is 2, {must}"));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn symbols(self, targets: &Tensor, sizes: &Tensor, classes: usize, blank: Option<usize>) -> Result<()> {
        let op = self.0;
        self.dtype(targets, DType::I64)?;
        self.dtype(sizes, DType::I64)?;
        let [samples, width] = self.shape("targets", targets, "[N, S]")?;
        self.is("the sizes", sizes, &[samples])?;
        let (targets, sizes) = (targets.try_packed(op)?, sizes.try_packed(op)?);
        Tensor::look(op, [&*targets, &*sizes], move |[targets, sizes]| {
            let (targets, sizes) = (targets.flat::<i64>(), sizes.flat::<i64>());
            let is_class = |symbol: &i64| usize::try_from(*symbol).is_ok_and(|symbol| symbol < classes);
            let is_blank = |symbol: i64| blank.is_some_and(|blank| i64::try_from(blank) == Ok(symbol));
            for (sample, size) in sizes.iter().enumerate() {
                let own = &targets[sample * width..][..usize::try_from(*size).unwrap_or(0).min(width)];
                let Some(at) = own.iter().position(|symbol| !is_class(symbol) || is_blank(*symbol)) else { continue };
                let text = format!("{op}: symbol {at} of sample {sample} is {}, ", own[at]);
                if is_class(&own[at]) {
                    return Err(Error::new(ErrorKind::Argument, text + "the blank, which no target says"));
                }
                let must = format!("it must be at least 0 and below {classes}, the number of classes");
                return Err(Error::new(ErrorKind::Index, text + &must));
            }
            Ok(())
        })
    }

    /// A length for each sample, from 0 to `most`, in a row.
    pub(super) fn lengths(self, name: &'static str, lengths: &Tensor, samples: usize, most: usize) -> Result<Tensor> {
        let op = self.0;
        self.dtype(lengths, DType::I64)?;
        self.is(name, lengths, &[samples])?;
        let lengths = lengths.try_packed(op)?.into_owned();
        Tensor::look(op, [&lengths], move |[lengths]| {
            let lengths = lengths.flat::<i64>();
            let fits = |length: &i64| usize::try_from(*length).is_ok_and(|length| length <= most);
            let Some(at) = lengths.iter().position(|length| !fits(length)) else { return Ok(()) };
            let must = if lengths[at] < 0 { "at least 0".to_string() } else { format!("at most {most}") };
            let text = format!("{op}: {name} of sample {at} is {}, it must be {must}", lengths[at]);
            Err(Error::new(ErrorKind::Argument, text))
        })?;
        Ok(lengths)
    }
}
