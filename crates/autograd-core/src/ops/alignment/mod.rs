//! Losses of sequences whose alignment with the target is not known: sums over all there are.

pub(crate) mod symbols;
mod twin;

mod ctc_loss;

#[cfg(test)]
mod tests;
