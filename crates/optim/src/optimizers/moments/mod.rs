//! Adam and its kin: averages of the gradient and of its square.

mod acprop;
mod adabelief;
mod adam;
mod adamax;
mod adamaxw;
mod adamw;
mod adan;
mod ademamix;
mod adopt;
mod dadapt_adamw;
mod lamb;
mod lion;
mod nadam;
mod novograd;
mod prodigy;
mod radam;
mod sophia;
mod sparse_adam;
mod yogi;

pub use acprop::AcProp;
pub use adabelief::AdaBelief;
pub use adam::Adam;
pub use adamax::Adamax;
pub use adamaxw::AdamaxW;
pub use adamw::AdamW;
pub use adan::Adan;
pub use ademamix::AdEmaMix;
pub use adopt::Adopt;
pub use dadapt_adamw::DAdaptAdamW;
pub use lamb::Lamb;
pub use lion::Lion;
pub use nadam::NAdam;
pub use novograd::NovoGrad;
pub use prodigy::Prodigy;
pub use radam::RAdam;
pub use sophia::SophiaG;
pub use sparse_adam::SparseAdam;
pub use yogi::Yogi;

register![
    Adam,
    AdamW,
    NAdam,
    RAdam,
    Adamax,
    AdamaxW,
    AdaBelief,
    AcProp,
    Yogi,
    Lamb,
    NovoGrad,
    Adan,
    Lion,
    Adopt,
    AdEmaMix,
    SophiaG,
    Prodigy,
    DAdaptAdamW,
    SparseAdam,
];
