//! Backward walks: what they see, refuse and leave behind.

mod anomaly;
mod failed;
mod hooks;
mod nested;
mod own_values;
