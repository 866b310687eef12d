use autograd_core::Tensor;
use autograd_core::module::Param;
use wengert_derive::Module;

#[derive(Module)]
struct Scale {
    weight: Param,
    adjacency: Tensor,
}

fn main() {}
