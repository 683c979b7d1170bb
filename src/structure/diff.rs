//! The difference of two structures as edits: nodes are the same by kind and id; what is left is matched by what is around it. Called by session.
//!
//! The matching of the rest refines colours: nodes of one colour have the same kind, attributes and neighbours, to any depth (colour
//! refinement: Weisfeiler and Leman 1968). Only a colour that one node has on each side makes a pair.
use super::graph::{Graph, quoted};
use crate::scalar::{Element, Val, Value, json};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};

/// The edits that make one structure of another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distance {
    /// As they would be written; a node that got another id is `rename X to Y`.
    pub edits: Vec<String>,
    /// Whether fewer cannot do: proven where every node is matched by its id, or there is nothing it could be matched with.
    pub minimal: bool,
}

type Attrs = BTreeMap<String, String>;

/// One side: what can be compared with another structure, whose kinds and values have other numbers.
struct Side<'g> {
    graph: &'g Graph,
    attrs: Vec<Attrs>,
    /// Root kind and id of each node.
    names: Vec<(String, String)>,
    edges: Vec<Line>,
}

/// An edge.
struct Line {
    kind: String,
    from: usize,
    to: usize,
    attrs: Attrs,
    id: Option<String>,
    name: String,
}

fn text(graph: &Graph, v: Val) -> String {
    json::quoted(&graph.dictionary.value(v), &|e| graph.show(e))
}

fn attrs(graph: &Graph, v: Val) -> Attrs {
    let kind = graph.kind_of(v);
    let mut all: Attrs = kind
        .map(|k| graph.schema.attrs_of(k))
        .unwrap_or_default()
        .into_iter()
        .filter(|a| graph.attr(v, *a) != Val::NONE)
        .filter_map(|a| Some((quoted(&graph.schema.attr(a)?.name), text(graph, graph.attr(v, a)))))
        .collect();
    if let Some(Value::Record(fields)) = graph.dictionary.get(graph.open_attrs(v)) {
        all.extend(fields.iter().map(|(n, x)| (quoted(n), json::quoted(x, &|e| graph.show(e)))));
    }
    all
}

impl<'g> Side<'g> {
    fn new(graph: &'g Graph) -> Self {
        let schema = &graph.schema;
        let mut side = Side { graph, attrs: vec![], names: vec![], edges: vec![] };
        for n in 0..graph.nodes() {
            let kind = graph.node_kind(n);
            let root = kind.and_then(|k| schema.kind(k)).map_or("?", |k| schema.name(k.root));
            side.names.push((root.to_string(), graph.dictionary.text(graph.node_id(n)).unwrap_or("").to_string()));
            side.attrs.push(attrs(graph, Val::node(n)));
        }
        for e in 0..graph.edge_count() {
            let v = Val::edge(e);
            let (Some((f, t)), Some(kind)) = (graph.ends(e), graph.kind_of(v)) else { continue };
            side.edges.push(Line {
                kind: schema.name(kind).to_string(),
                from: f as usize,
                to: t as usize,
                attrs: attrs(graph, v),
                id: graph.dictionary.text(graph.edge_id(e)).map(str::to_string),
                name: graph.show(Element::Edge(e)),
            });
        }
        side
    }
    fn node(&self, n: usize) -> String {
        self.graph.show(Element::Node(n as u32))
    }
    fn kind(&self, n: usize) -> String {
        self.graph.node_kind(n as u32).map_or("?".into(), |k| self.graph.schema.name(k).to_string())
    }
    fn len(&self) -> usize {
        self.names.len()
    }
}

/// Rounds of refinement: what is further away does not tell nodes apart.
const ROUNDS: usize = 16;

/// What makes `b` of `a`.
pub fn diff(a: &Graph, b: &Graph) -> Distance {
    let (a, b) = (Side::new(a), Side::new(b));
    let mut pairs: Pairs = Pairs { to: vec![None; a.len()], from: vec![None; b.len()] };
    let known: BTreeMap<&(String, String), usize> = b.names.iter().enumerate().map(|(n, x)| (x, n)).collect();
    for (x, name) in a.names.iter().enumerate() {
        if let Some(y) = known.get(name).filter(|y| a.kind(x) == b.kind(**y)) {
            pairs.join(x, *y);
        }
    }
    // nodes that could be one another: while there are none, each difference needs an edit of its own
    let left = |side: &Side<'_>, of: &[Option<usize>]| -> Vec<String> {
        (0..side.len()).filter(|n| of.get(*n) == Some(&None)).map(|n| side.kind(n)).collect()
    };
    let (gone, new) = (left(&a, &pairs.to), left(&b, &pairs.from));
    let mut minimal = !gone.iter().any(|k| new.contains(k));
    if !minimal {
        // first those with the same attributes, then those that only stand in the same place
        for with_attrs in [true, false] {
            while pairs.refine(&a, &b, with_attrs) {}
        }
    }
    let mut edits = vec![];
    for x in 0..a.len() {
        if pairs.to.get(x) == Some(&None) {
            edits.push(format!("remove {}", a.node(x)));
        }
    }
    for y in 0..b.len() {
        if pairs.from.get(y) == Some(&None) {
            edits.push(format!("add {}{}", b.node(y), b.attrs.get(y).map(record).unwrap_or_default()));
        }
    }
    for x in 0..a.len() {
        let Some(Some(y)) = pairs.to.get(x).copied() else { continue };
        if a.names.get(x) != b.names.get(y) {
            edits.push(format!("rename {} to {}", a.node(x), b.node(y)));
        }
        if let (Some(old), Some(new)) = (a.attrs.get(x), b.attrs.get(y)) {
            set(&b.node(y), old, new, &mut edits);
        }
    }
    minimal &= lines(&a, &b, &pairs, &mut edits);
    Distance { edits, minimal }
}

fn record(attrs: &Attrs) -> String {
    match attrs.is_empty() {
        true => String::new(),
        false => format!(" {{ {} }}", attrs.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join(", ")),
    }
}

fn set(of: &str, old: &Attrs, new: &Attrs, edits: &mut Vec<String>) {
    for (k, v) in new {
        if old.get(k) != Some(v) {
            edits.push(format!("set {of}.{k} = {v}"));
        }
    }
    edits.extend(old.keys().filter(|k| !new.contains_key(*k)).map(|k| format!("set {of}.{k} = none")));
}

/// The edits of edges. Gives whether no other pairing of parallel ones could be shorter.
fn lines(a: &Side<'_>, b: &Side<'_>, pairs: &Pairs, edits: &mut Vec<String>) -> bool {
    // by kind and ends, in numbers of `b`
    let mut groups: BTreeMap<(&str, usize, usize), (Vec<&Line>, Vec<&Line>)> = BTreeMap::new();
    for e in &a.edges {
        // those of removed nodes go with them
        if let (Some(Some(f)), Some(Some(t))) = (pairs.to.get(e.from), pairs.to.get(e.to)) {
            groups.entry((&e.kind, *f, *t)).or_default().0.push(e);
        }
    }
    for e in &b.edges {
        groups.entry((&e.kind, e.from, e.to)).or_default().1.push(e);
    }
    let mut minimal = true;
    for ((kind, f, t), (mut old, mut new)) in groups {
        old.retain(|e| {
            let same = new.iter().position(|n| n.attrs == e.attrs && n.id == e.id);
            same.map(|at| new.remove(at)).is_none()
        });
        minimal &= old.len().min(new.len()) <= 1;
        for (e, n) in old.iter().zip(&new) {
            set(&e.name, &e.attrs, &n.attrs, edits);
        }
        edits.extend(old.iter().skip(new.len()).map(|e| format!("remove {}", e.name)));
        for n in new.iter().skip(old.len()) {
            edits.push(format!("add {} -{}-> {}{}", b.node(f), quoted(kind), b.node(t), record(&n.attrs)));
        }
    }
    minimal
}

/// Which node of one side is which of the other.
struct Pairs {
    to: Vec<Option<usize>>,
    from: Vec<Option<usize>>,
}

impl Pairs {
    fn join(&mut self, x: usize, y: usize) {
        if let (Some(a), Some(b)) = (self.to.get_mut(x), self.from.get_mut(y)) {
            (*a, *b) = (Some(y), Some(x));
        }
    }

    /// Pairs nodes whose colour no other has; gives whether there were any.
    fn refine(&mut self, a: &Side<'_>, b: &Side<'_>, with_attrs: bool) -> bool {
        let hash = rustc_hash::FxBuildHasher;
        let colour = |parts: &dyn Fn(&mut rustc_hash::FxHasher)| {
            let mut h = hash.build_hasher();
            parts(&mut h);
            h.finish()
        };
        let first = |side: &Side<'_>, n: usize, pair: Option<u64>| match pair {
            Some(p) => colour(&|h| {
                h.write_u8(1);
                h.write_u64(p);
            }),
            None => colour(&|h| {
                h.write(side.kind(n).as_bytes());
                if with_attrs {
                    h.write(format!("{:?}", side.attrs.get(n)).as_bytes());
                }
            }),
        };
        // a pair is one colour of its own, named by its number in `a`
        let mut x: Vec<u64> = (0..a.len()).map(|n| first(a, n, self.to.get(n).copied().flatten().map(|_| n as u64))).collect();
        let mut y: Vec<u64> = (0..b.len()).map(|n| first(b, n, self.from.get(n).copied().flatten().map(|n| n as u64))).collect();
        let round = |side: &Side<'_>, old: &[u64]| -> Vec<u64> {
            let mut around: Vec<Vec<u64>> = vec![vec![]; side.len()];
            for e in &side.edges {
                let at = |n: usize| old.get(n).copied().unwrap_or(0);
                for (node, other, way) in [(e.from, e.to, 1), (e.to, e.from, 2)] {
                    let c = colour(&|h| {
                        h.write_u8(way);
                        h.write(e.kind.as_bytes());
                        h.write_u64(at(other));
                    });
                    if let Some(list) = around.get_mut(node) {
                        list.push(c);
                    }
                }
            }
            let next = around.into_iter().zip(old).map(|(mut list, own)| {
                list.sort_unstable();
                colour(&|h| {
                    h.write_u64(*own);
                    list.iter().for_each(|c| h.write_u64(*c));
                })
            });
            next.collect()
        };
        for _ in 0..ROUNDS {
            (x, y) = (round(a, &x), round(b, &y));
        }
        let mut colours: BTreeMap<u64, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (n, c) in x.iter().enumerate().filter(|(n, _)| self.to.get(*n) == Some(&None)) {
            colours.entry(*c).or_default().0.push(n);
        }
        for (n, c) in y.iter().enumerate().filter(|(n, _)| self.from.get(*n) == Some(&None)) {
            colours.entry(*c).or_default().1.push(n);
        }
        let mut any = false;
        for (left, right) in colours.values() {
            if let ([x], [y]) = (&left[..], &right[..]) {
                self.join(*x, *y);
                any = true;
            }
        }
        any
    }
}
