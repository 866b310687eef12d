//! Layers and models of them: what holds for every one.

mod checkpoint;
mod derivatives;
mod descriptions;
mod diagnose;
mod extremes;
mod functional;
mod hooks;
mod init;
mod layers;
mod losses;
mod mistakes;
mod parametrize;
mod partial_loads;
mod summary;
