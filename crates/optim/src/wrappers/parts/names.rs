//! Hyperparameters of parts by name.

use super::{Parts, unknown};
use crate::optimizer::Optimizer;
use autograd_core::{Error, ErrorKind, Result};

impl Parts {
    /// The part that a name begins with and the rest of the name, or none for `lr` alone.
    pub(super) fn find<'n>(&self, name: &'n str) -> Result<Option<(usize, &'n str)>> {
        if name == "lr" {
            return Ok(None);
        }
        let Some((part, rest)) = name.split_once('.') else {
            return Err(unknown(name, &self.hyperparameters()));
        };
        match self.parts.iter().position(|known| known.name == part) {
            Some(at) => Ok(Some((at, rest))),
            None => {
                let known: Vec<String> = self.parts.iter().map(|part| format!("{:?}", part.name)).collect();
                let text = format!("no part is called {part:?}, there are {}", known.join(", "));
                Err(Error::new(ErrorKind::Argument, text))
            }
        }
    }
}
