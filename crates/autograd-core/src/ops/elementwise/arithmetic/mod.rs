//! Arithmetic: `+ − · /` between tensors and with numbers, and what is made of nothing else.

mod abs;
pub(crate) mod add;
mod div;
mod lerp;
mod mul;
mod neg;
mod scalar;
mod square;
mod sub;

mod operators;

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    [
        abs::cases(),
        add::cases(),
        div::cases(),
        lerp::cases(),
        mul::cases(),
        neg::cases(),
        scalar::cases(),
        square::cases(),
        sub::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
