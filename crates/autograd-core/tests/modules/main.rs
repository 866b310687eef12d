//! Modules, their names, and the files of their state.

mod names;
mod refusals;
mod safetensors;
mod state;
mod updates;
