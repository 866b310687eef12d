//! Activation functions of neural networks.

mod gelu;
mod leaky_relu;
mod prelu;
mod relu;
mod sigmoid;
mod silu;
mod softplus;

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    [
        gelu::cases(),
        leaky_relu::cases(),
        prelu::cases(),
        relu::cases(),
        sigmoid::cases(),
        silu::cases(),
        softplus::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
