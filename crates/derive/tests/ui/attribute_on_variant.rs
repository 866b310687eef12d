use autograd_core::module::Param;
use wengert_derive::Module;

#[derive(Module)]
enum Either {
    #[module(flatten)]
    One(Param),
    Other,
}

fn main() {}
