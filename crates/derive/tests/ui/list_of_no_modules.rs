use wengert_derive::Module;

#[derive(Module)]
struct Names {
    names: Vec<String>,
}

fn main() {}
