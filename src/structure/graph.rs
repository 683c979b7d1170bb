//! (being built)
pub struct Graph;
pub struct GraphBuilder;
