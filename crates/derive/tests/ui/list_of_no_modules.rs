use wengert_derive::Module;

#[derive(Module)]
struct Waits {
    waits: Vec<std::time::Duration>,
}

fn main() {}
