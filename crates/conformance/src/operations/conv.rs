//! Convolutions.

use super::Table;
use crate::call::{Call, Outputs};
use crate::stop::{Outcome, Stop};
use autograd_core::{Conv, ConvTranspose, Padding, Result, Tensor, Unfold};

pub(super) const TABLE: Table = &[
    ("conv1d", |c| conv(c, Tensor::conv1d)),
    ("conv2d", |c| conv(c, Tensor::conv2d)),
    ("conv3d", |c| conv(c, Tensor::conv3d)),
    ("conv_transpose1d", |c| conv_transpose(c, Tensor::conv_transpose1d)),
    ("conv_transpose2d", |c| conv_transpose(c, Tensor::conv_transpose2d)),
    ("conv_transpose3d", |c| conv_transpose(c, Tensor::conv_transpose3d)),
    ("unfold", |c| c.one(c.tensor("input")?.unfold_windows(windows(c)?))),
    ("fold", |c| c.one(c.tensor("input")?.fold_windows(&c.integers("output_size")?[..], windows(c)?))),
];

fn conv(c: &Call<'_>, f: impl Fn(&Tensor, &Tensor, Option<&Tensor>, Conv) -> Result<Tensor>) -> Outcome<Outputs> {
    let padding = match c.value("padding").and_then(|padding| padding.as_str()) {
        None => Padding::from(&c.integers("padding")?[..]),
        Some("same") => Padding::Same,
        Some("valid") => Padding::Valid,
        Some(other) => return Err(Stop::argument("padding", other)),
    };
    let options = Conv::new()
        .stride(&c.integers("stride")?[..])
        .padding(padding)
        .dilation(&c.integers("dilation")?[..])
        .groups(c.integer("groups")?);
    c.one(f(c.tensor("input")?, c.tensor("weight")?, c.maybe_tensor("bias")?, options))
}

fn conv_transpose(
    c: &Call<'_>,
    f: impl Fn(&Tensor, &Tensor, Option<&Tensor>, ConvTranspose) -> Result<Tensor>,
) -> Outcome<Outputs> {
    let options = ConvTranspose::new()
        .stride(&c.integers("stride")?[..])
        .padding(&c.integers("padding")?[..])
        .output_padding(&c.integers("output_padding")?[..])
        .dilation(&c.integers("dilation")?[..])
        .groups(c.integer("groups")?);
    c.one(f(c.tensor("input")?, c.tensor("weight")?, c.maybe_tensor("bias")?, options))
}

fn windows(c: &Call<'_>) -> Outcome<Unfold> {
    Ok(Unfold::new(&c.integers("kernel_size")?[..])
        .dilation(&c.integers("dilation")?[..])
        .padding(&c.integers("padding")?[..])
        .stride(&c.integers("stride")?[..]))
}
