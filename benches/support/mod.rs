//! What the benchmarks share: generated input, child processes and what they cost, the page.
pub mod generate;
pub mod graph;
pub mod page;
pub mod process;
pub mod work;
