//! The neighbourhood of a world's edits: what they touch, what broke, and the next neighbours of both. Called by intervene.
use crate::scalar::{Element, KindId, Val};
use crate::structure::edit::Change;
use crate::structure::graph::{Graph, quoted};
use crate::verdict::{Line, Mark, Picture, Spot};
use std::collections::BTreeMap;

/// So many nodes and edges are drawn; more would be a thicket.
const NODES: usize = 40;
const EDGES: usize = 120;

/// What surrounds some changes of a structure, with the elements of what is newly broken.
pub(super) fn picture(graph: &Graph, changes: &[&Change], broken: &[Val]) -> Picture {
    let mut drawn = Drawn { graph, marks: BTreeMap::new(), new: vec![], lines: BTreeMap::new(), cut: false };
    for c in changes {
        drawn.change(c);
    }
    for v in broken.iter().filter_map(|v| v.as_node()) {
        drawn.mark(v, Mark::Broken);
    }
    let centre: Vec<u32> = drawn.marks.keys().copied().collect();
    for n in centre {
        for t in graph.edge_tables() {
            for other in t.targets(n).iter().chain(t.sources(n)) {
                drawn.mark(*other, Mark::Kept);
            }
        }
    }
    drawn.finish()
}

struct Drawn<'a> {
    graph: &'a Graph,
    marks: BTreeMap<u32, Mark>,
    /// What comes: the name of a node, or an edge between two names.
    new: Vec<(String, Option<(String, String)>)>,
    lines: BTreeMap<u32, Mark>,
    cut: bool,
}

impl Drawn<'_> {
    /// The stronger of two marks stays.
    fn mark(&mut self, n: u32, mark: Mark) {
        if self.marks.len() >= NODES && !self.marks.contains_key(&n) {
            self.cut = true;
            return;
        }
        let old = self.marks.entry(n).or_insert(mark);
        *old = (*old).max(mark);
    }

    fn change(&mut self, c: &Change) {
        let named = |(kind, id): (KindId, Val)| match self.graph.find_node(kind, id) {
            Some(n) => self.graph.show(Element::Node(n)),
            None => format!("{}({:?})", quoted(self.graph.schema.name(kind)), self.graph.dictionary.text(id).unwrap_or("")),
        };
        match c {
            Change::Remove(v) => match v.as_element() {
                Some(Element::Node(n)) => {
                    self.mark(n, Mark::Removed);
                    for t in self.graph.edge_tables() {
                        self.lines.extend(t.out(n).chain(t.back(n).iter().copied()).map(|p| (t.base + p, Mark::Removed)));
                    }
                }
                Some(Element::Edge(e)) => self.edge(e, Mark::Removed),
                _ => {}
            },
            Change::Set { of, .. } => match of.as_element() {
                Some(Element::Node(n)) => self.mark(n, Mark::Set),
                Some(Element::Edge(e)) => self.edge(e, Mark::Set),
                _ => {}
            },
            Change::AddNode { kind, id, .. } => self.new.push((named((*kind, *id)), None)),
            Change::AddEdge { kind, from, to, .. } => {
                let ends = (named(*from), named(*to));
                self.new.push((quoted(self.graph.schema.name(*kind)), Some(ends)));
                for n in [from, to].into_iter().filter_map(|e| self.graph.find_node(e.0, e.1)) {
                    self.mark(n, Mark::Kept);
                }
            }
            Change::AddEvent { .. } => {}
        }
    }

    fn edge(&mut self, e: u32, mark: Mark) {
        self.lines.insert(e, mark);
        let ends = self.graph.ends(e);
        ends.into_iter().flat_map(|(f, t)| [f, t]).for_each(|n| self.mark(n, Mark::Kept));
    }

    fn finish(self) -> Picture {
        let g = self.graph;
        let mut picture = Picture { cut: self.cut, ..Picture::default() };
        let at: BTreeMap<u32, usize> = self.marks.keys().enumerate().map(|(i, n)| (*n, i)).collect();
        picture.nodes = self.marks.iter().map(|(n, m)| Spot { name: g.show(Element::Node(*n)), mark: *m }).collect();
        // what the edits touch first, so that it is not what is left out
        let touched = self.lines.keys().copied();
        let around = self.marks.keys().flat_map(|n| g.edge_tables().flat_map(|t| t.out(*n).map(|p| t.base + p)));
        let around = around.filter(|e| !self.lines.contains_key(e));
        for e in touched.chain(around) {
            let Some((f, t)) = g.ends(e) else { continue };
            let (Some(from), Some(to)) = (at.get(&f), at.get(&t)) else { continue };
            if picture.edges.len() >= EDGES {
                picture.cut = true;
                break;
            }
            let kind = quoted(g.kind_of(Val::edge(e)).map_or("?", |k| g.schema.name(k)));
            let mark = self.lines.get(&e).copied().unwrap_or(Mark::Kept);
            picture.edges.push(Line { from: *from, to: *to, kind, mark });
        }
        let find = |picture: &mut Picture, name: &str| match picture.nodes.iter().position(|s| s.name == name) {
            Some(i) => i,
            None => {
                picture.nodes.push(Spot { name: name.to_string(), mark: Mark::Added });
                picture.nodes.len() - 1
            }
        };
        for (name, ends) in &self.new {
            match ends {
                None => {
                    find(&mut picture, name);
                }
                Some((f, t)) => {
                    let (from, to) = (find(&mut picture, f), find(&mut picture, t));
                    picture.edges.push(Line { from, to, kind: name.clone(), mark: Mark::Added });
                }
            }
        }
        picture
    }
}
