//! Builders: from pairs of the grammar to the tree, one file per construct. Fed by `parse`, through the cursor.
mod binder;
mod builder;
mod declaration;
mod demand;
mod edit;
mod expression;
mod literal;
mod message;
mod name;
mod operator;
mod path;
mod policy;
mod rule;
mod test;
mod types;
mod verdict;

pub(super) use builder::{Builder, MethodCall};
