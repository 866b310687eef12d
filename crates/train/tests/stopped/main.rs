//! Runs that end before their time, and go on.

#[path = "../moons/mod.rs"]
mod moons;

mod interrupted;
mod paused;
mod restarts;
mod resume;
mod resume_matrix;
