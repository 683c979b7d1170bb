//! What surrounds a change, as plain data: the elements that a world's edits touch and their neighbours. Made by session, drawn by report.

/// How an element fares in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// As before.
    Kept,
    /// An attribute is another one.
    Set,
    /// It is in the binding of what is newly broken.
    Broken,
    /// It was part of what carried that before, and is not there, or of no use, any more.
    Lost,
    /// It is there in this world only.
    Added,
    /// It is not there in this world.
    Removed,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// `Kind("id")`.
    pub name: String,
    /// How it fares.
    pub mark: Mark,
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its source, by position.
    pub from: usize,
    /// Its target.
    pub to: usize,
    /// Its kind.
    pub kind: String,
    /// How it fares.
    pub mark: Mark,
}

/// The neighbourhood of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Nodes.
    pub nodes: Vec<Spot>,
    /// Edges between them.
    pub edges: Vec<Line>,
    /// Whether there are more neighbours than stand here.
    pub cut: bool,
}

impl Picture {
    /// Marks the edges of a derivation that is lost: texts like `Host("a") -link-> Host("b")`.
    pub fn lose<'a>(&mut self, steps: impl Iterator<Item = &'a str>) {
        let steps: Vec<&str> = steps.collect();
        for line in self.edges.iter_mut().filter(|l| l.mark == Mark::Kept) {
            let name = |n: usize| self.nodes.get(n).map_or("", |s| &s.name);
            let text = format!("{} -{}-> {}", name(line.from), line.kind, name(line.to));
            if steps.contains(&text.as_str()) {
                line.mark = Mark::Lost;
            }
        }
    }
}
