//! Random programs and candidates, as text, from a seed: well typed with care, so that most are accepted. Read by agree.
use std::fmt::Write;

/// A small generator (splitmix64, Steele and others 2014).
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
    /// True so many times of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        if list.is_empty() { None } else { list.get(self.below(list.len())) }
    }
    pub fn one<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// A program in items and a candidate in elements, so that a failing case can be shrunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub items: Vec<String>,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub kind: usize,
    pub id: String,
    /// Names and values, as JSON.
    pub attrs: Vec<(String, String)>,
}
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    pub kind: String,
    pub from: usize,
    pub to: usize,
    pub attrs: Vec<(String, String)>,
}

impl Case {
    pub fn program(&self) -> String {
        self.items.join("\n") + "\n"
    }
    pub fn candidate(&self) -> String {
        fn fields(list: &[(String, String)]) -> String {
            list.iter().map(|(k, v)| format!(", \"{k}\": {v}")).collect()
        }
        let nodes: Vec<String> = self
            .nodes
            .iter()
            .map(|n| format!("  {{\"id\": \"{}\", \"kind\": \"{}\"{}}}", n.id, NODES[n.kind], fields(&n.attrs)))
            .collect();
        let edges = self.edges.iter().map(|e| {
            let (f, t) = (&self.nodes[e.from].id, &self.nodes[e.to].id);
            format!("  {{\"kind\": \"{}\", \"from\": \"{f}\", \"to\": \"{t}\"{}}}", e.kind, fields(&e.attrs))
        });
        format!("{{\"nodes\": [\n{}\n], \"edges\": [\n{}\n]}}\n", nodes.join(",\n"), edges.collect::<Vec<_>>().join(",\n"))
    }
    /// Without a node and its edges.
    pub fn without_node(&self, n: usize) -> Case {
        let mut c = self.clone();
        c.nodes.remove(n);
        c.edges.retain(|e| e.from != n && e.to != n);
        for e in &mut c.edges {
            e.from -= usize::from(e.from > n);
            e.to -= usize::from(e.to > n);
        }
        c
    }
}

pub const NODES: [&str; 3] = ["Host", "Big", "Zone"];
/// Attributes by kind of node: name, type, whether optional.
const ATTRS: [&[(&str, Ty, bool)]; 3] = [
    &[
        ("i", Ty::Int, false),
        ("j", Ty::Int, true),
        ("f", Ty::Float, false),
        ("t", Ty::Text, false),
        ("o", Ty::Text, true),
        ("b", Ty::Bool, false),
        ("z", Ty::Json, false),
        ("l", Ty::List, false),
    ],
    &[("k", Ty::Int, false), ("u", Ty::Float, true)],
    &[("i", Ty::Int, false), ("t", Ty::Text, false), ("o", Ty::Text, true), ("b", Ty::Bool, false)],
];

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Ty {
    Node(usize),
    Edge(usize),
    Int,
    Float,
    Text,
    Bool,
    Json,
    List,
}

fn is_a(kind: usize, above: usize) -> bool {
    kind == above || (kind == 1 && above == 0)
}

#[derive(Clone, Debug)]
struct Rule {
    name: String,
    params: Vec<Ty>,
    /// Of a value rule.
    value: Option<Ty>,
    function: bool,
}
#[derive(Clone, Debug)]
struct EdgeKind {
    name: &'static str,
    from: usize,
    to: usize,
    w: bool,
    p: bool,
}
type Vars = Vec<(String, Ty)>;

/// What is written by now.
pub struct Writer {
    pub r: Rng,
    edges: Vec<EdgeKind>,
    /// Finished rules: usable under negation too.
    rules: Vec<Rule>,
    /// Of attributes of Host that mechanisms define.
    mechanisms: Vec<&'static str>,
    fresh: usize,
    /// How often something that may fault is chosen, in percent.
    faults: usize,
}

/// A case from a seed.
pub fn case(seed: u64) -> Case {
    let mut r = Rng(seed.wrapping_mul(0x1000_0000_01b3));
    let faults = [0, 0, 8, 25][r.below(4)];
    let mut w = Writer { r, edges: vec![], rules: vec![], mechanisms: vec![], fresh: 0, faults };
    let items = w.program();
    let (nodes, edges) = w.structure();
    Case { items, nodes, edges }
}

impl Writer {
    fn var(&mut self) -> String {
        self.fresh += 1;
        format!("v{}", self.fresh)
    }

    fn program(&mut self) -> Vec<String> {
        let mut items = vec![
            "node Host { i: Int, j: Int?, f: Float, t: Text, o: Text?, b: Bool, z: Json, l: [Int] }".to_string(),
            "node Big is Host { k: Int = 3, u: Float? }".into(),
            "node Zone { i: Int, t: Text, o: Text?, b: Bool = true }".into(),
            "param limit: Int = 2".into(),
        ];
        for n in 0..2 + self.r.below(2) {
            let (from, to) = if n == 0 { (0, 0) } else { (self.r.below(3), self.r.below(3)) };
            let (w, p) = (n == 0 || self.r.chance(50), self.r.chance(40));
            self.edges.push(EdgeKind { name: ["calls", "owns", "near"][n], from, to, w, p });
            let attrs = [w.then_some("w: Int"), p.then_some("p: Float?")];
            let attrs: Vec<&str> = attrs.into_iter().flatten().collect();
            items.push(format!(
                "edge {}: {} -> {} {{ {} }}",
                ["calls", "owns", "near"][n],
                NODES[from],
                NODES[to],
                attrs.join(", ")
            ));
        }
        if self.r.chance(25) {
            items.extend(self.mechanism());
        }
        for _ in 0..2 + self.r.below(4) {
            items.extend(self.rule());
        }
        for n in 0..2 + self.r.below(3) {
            items.push(self.invariant(n));
        }
        items
    }

    fn mechanism(&mut self) -> Vec<String> {
        // along an edge kind from Host to Host
        let vars: Vars = vec![("self".into(), Ty::Node(0))];
        let base = self.float(&vars, 1);
        let first = match self.r.below(4) {
            0 => format!("mechanism Host.m = {base} + sum(e.from.m * 0.5 for e: calls where e.to == self)"),
            1 => format!(
                "mechanism Host.m = if self.b then {base} else 1.0 + sum(e.to.m for e: calls where e.from == self and e.to != self)"
            ),
            2 => format!("mechanism Host.m = {base} + (max(h.m for h: Host where h -calls-> self and h.i < self.i) ?? 0.5)"),
            _ => format!("mechanism Host.m = {base} + count(e: calls where e.to == self and e.from.m > 1.0) / 2"),
        };
        let mut items = vec![first];
        self.mechanisms.push("m");
        if self.r.chance(40) {
            items.push(format!("mechanism Host.n = self.m + {}", self.float(&vars, 1)));
            self.mechanisms.push("n");
        }
        items
    }

    // ------------------------------------------------------------------ rules

    fn rule(&mut self) -> Vec<String> {
        let name = format!("r{}", self.rules.len());
        let mut items = vec![];
        let host = |v: &str| (v.to_string(), Ty::Node(0));
        let links: Vec<String> = self.links(0, 0);
        let link = self.r.pick(&links).cloned().unwrap_or("calls".into());
        let other = self.r.pick(&links).cloned().unwrap_or("calls".into());
        let relation = |name: &str, params: Vec<Ty>| Rule { name: name.to_string(), params, value: None, function: false };
        match self.r.below(14) {
            // plain
            0..3 => {
                let (head, vars, params) = self.head();
                for n in 0..1 + self.r.below(2) {
                    let mut vars = vars.clone();
                    if n == 0 {
                        vars.truncate(vars.len())
                    }
                    let body = self.body(&mut vars, 2);
                    items.push(format!("rule {name}({head}) if {body}"));
                }
                self.rules.push(relation(&name, params));
            }
            // over a value that the body binds
            3 => {
                let kind = self.r.below(3);
                let mut vars: Vars = vec![("a".into(), Ty::Node(kind))];
                let (ty, text) = if self.r.chance(50) { (Ty::Int, "Int") } else { (Ty::Text, "Text") };
                let e = self.of(ty, &vars, 1);
                vars.push(("x".into(), ty));
                let bind = match self.r.below(3) {
                    0 if ty == Ty::Int => format!("x in [1, 2, {}]", self.int(&vars[..1].to_vec(), 0)),
                    _ => format!("x == {e}"),
                };
                let more = if self.r.chance(40) { format!(" and {}", self.boolean(&vars, 1)) } else { String::new() };
                items.push(format!("rule {name}(a: {}, x: {text}) if {bind}{more}", NODES[kind]));
                self.rules.push(relation(&name, vec![Ty::Node(kind), ty]));
            }
            // linear, or not
            4 | 5 => {
                let mut vars = vec![host("a"), host("b")];
                let and = self.maybe(&mut vars);
                items.push(format!("rule {name}(a: Host, b: Host) if a -{link}-> b{and}"));
                let mut vars = vec![host("a"), host("b"), host("m")];
                let and = self.maybe(&mut vars);
                let step = match self.r.below(4) {
                    0 => format!("a -{other}-> m and {name}(m, b)"),
                    1 => format!("{name}(a, m) and {name}(m, b)"),
                    2 => format!("{name}(a, m) and m -{other}-> b"),
                    _ => format!("a -{name}+-> m and b -{other}-> m"),
                };
                items.push(format!("rule {name}(a, b) if {step}{and}"));
                self.rules.push(relation(&name, vec![Ty::Node(0), Ty::Node(0)]));
            }
            // reached from somewhere
            6 => {
                let mut vars = vec![host("a")];
                let start = self.boolean(&vars, 1);
                items.push(format!("rule {name}(a: Host) if {start}"));
                vars.push(host("b"));
                let and = self.maybe(&mut vars);
                let step = match self.r.below(3) {
                    0 => format!("{name}(b) and b -{link}-> a"),
                    1 => format!("(a -{link}-> b or a <-{other}- b) and {name}(b)"),
                    _ => format!(
                        "b -{link}-> a and ({name}(b) or b.b) and some c: Host where c -{other}-> a and {name}(c) and c != b"
                    ),
                };
                items.push(format!("rule {name}(a) if {step}{and}"));
                self.rules.push(relation(&name, vec![Ty::Node(0)]));
            }
            // two that need each other
            7 => {
                let q = format!("q{}", self.rules.len());
                let mut vars = vec![host("a"), host("b")];
                let and = self.maybe(&mut vars);
                items.push(format!("rule {name}(a: Host, b: Host) if a -{link}-> b{and}"));
                items.push(format!("rule {name}(a, b) if {q}(a, m) and m -{other}-> b"));
                let mut vars = vec![host("a"), host("b")];
                let and = self.maybe(&mut vars);
                items.push(format!("rule {q}(a: Host, b: Host) if {name}(a, b){and}"));
                if self.r.chance(50) {
                    items.push(format!("rule {q}(a, b) if {q}(b, a) and {name}(a, _)"));
                }
                self.rules.push(relation(&name, vec![Ty::Node(0), Ty::Node(0)]));
                self.rules.push(relation(&q, vec![Ty::Node(0), Ty::Node(0)]));
            }
            // improving
            8 | 9 => {
                let min = self.r.chance(70);
                let (word, params) = (if min { "min" } else { "max" }, vec![Ty::Node(0), Ty::Node(0)]);
                let cost = |w: &mut Self, edge: &str| match w.r.below(4) {
                    0 | 1 => "1".to_string(),
                    2 => format!("{edge}.w"),
                    _ => format!("greatest({edge}.w, 0)"),
                };
                let (c, d) = (cost(self, "e"), cost(self, "e"));
                let mut vars = vec![host("a"), host("b"), ("e".into(), Ty::Edge(0))];
                let (x, y) = (self.maybe(&mut vars.clone()), self.maybe(&mut vars));
                let step = match self.r.below(3) {
                    0 if min => format!("{name}(a, m) + {name}(m, b) if a -e:calls-> _{y}"),
                    1 => format!("{d} + {name}(m, b) if a -e:calls-> m{y}"),
                    _ => format!("{name}(a, m) + {d} if m -e:calls-> b{y}"),
                };
                items.push(format!("rule {name}(a: Host, b: Host) = {word} {{ {c} if a -e:calls-> b{x}, {step} }}"));
                self.rules.push(Rule { name, params, value: Some(Ty::Int), function: false });
            }
            10 => {
                let word = self.r.one(&["any", "all"]);
                let vars = vec![host("a")];
                let b = self.boolean(&vars, 1);
                let mut vars = vec![host("a"), host("m")];
                let and = self.maybe(&mut vars);
                items.push(format!("rule {name}(a: Host) = {word} {{ {b}, {name}(m) if a -{link}-> m{and} }}"));
                self.rules.push(Rule { name, params: vec![Ty::Node(0)], value: Some(Ty::Bool), function: false });
            }
            // values
            11 | 12 => {
                let (head, vars, params) = self.head();
                let ty = [Ty::Int, Ty::Text, Ty::Int, Ty::Float][self.r.below(4)];
                let clause = |w: &mut Self| {
                    let mut vars = vars.clone();
                    let body = w.body(&mut vars, 1);
                    format!("{} if {body}", w.of(ty, &vars, 1))
                };
                match self.r.below(3) {
                    0 => items.push(format!("rule {name}({head}) = {}", clause(self))),
                    1 => items.push(format!(
                        "rule {name}({head}) = {} {{ {}, {} }}",
                        self.r.one(&["min", "max"]),
                        clause(self),
                        clause(self)
                    )),
                    _ => {
                        items.push(format!("rule {name}({head}) = {}", clause(self)));
                        items.push(format!("rule {name}({head}) = {}", clause(self)));
                    }
                }
                self.rules.push(Rule { name, params, value: Some(ty), function: false });
            }
            // a function
            _ => {
                let vars: Vars = vec![("x".into(), Ty::Int), host("a")];
                let with = self.r.chance(50);
                let (head, params) =
                    if with { ("x: Int, a: Host", vec![Ty::Int, Ty::Node(0)]) } else { ("x: Int", vec![Ty::Int]) };
                let mut vars = vars[..params.len()].to_vec();
                let body = self.body(&mut vars, 1);
                let test = format!(
                    "{} {} {}",
                    self.int(&vec![("x".into(), Ty::Int)], 1),
                    self.r.one(&["<", "==", ">="]),
                    self.r.below(4)
                );
                items.push(format!("rule {name}({head}) if {test} and {body}"));
                self.rules.push(Rule { name, params, value: None, function: true });
            }
        }
        items
    }

    fn head(&mut self) -> (String, Vars, Vec<Ty>) {
        let names = ["a", "b", "c"];
        let n = 1 + self.r.below(2);
        let vars: Vars = (0..n).map(|i| (names[i].to_string(), Ty::Node(self.r.below(3)))).collect();
        let head: Vec<String> = vars
            .iter()
            .map(|(n, t)| match t {
                Ty::Node(k) => format!("{n}: {}", NODES[*k]),
                _ => n.clone(),
            })
            .collect();
        let params = vars.iter().map(|v| v.1).collect();
        (head.join(", "), vars, params)
    }

    /// Perhaps one more conjunct.
    fn maybe(&mut self, vars: &mut Vars) -> String {
        if self.r.chance(45) { format!(" and {}", self.conjunct(vars, 1)) } else { String::new() }
    }

    /// Names of what leads from a kind to a kind: edges, and relations over them.
    fn links(&self, from: usize, to: usize) -> Vec<String> {
        let edges = self.edges.iter().filter(|e| e.from == from && e.to == to).map(|e| e.name.to_string());
        let rules =
            self.rules.iter().filter(|r| r.value.is_none() && r.params == [Ty::Node(from), Ty::Node(to)]).map(|r| r.name.clone());
        edges.chain(rules).collect()
    }

    fn invariant(&mut self, n: usize) -> String {
        let mut text = format!("invariant i{n} {{ ");
        let mut vars: Vars = vec![];
        if self.r.chance(55) {
            let mut binders = vec![];
            for _ in 0..1 + usize::from(self.r.chance(25)) {
                binders.push(self.binder(&mut vars));
            }
            let filter = self.filter(&vars, 50);
            let _ = write!(text, "for {}{filter} ", binders.join(", "));
            if self.r.chance(35) {
                let ty = [Ty::Int, Ty::Bool, Ty::Text][self.r.below(3)];
                let _ = write!(text, "let n = {} ", self.of(ty, &vars, 2));
                vars.push(("n".into(), ty));
            }
        }
        for _ in 0..1 + usize::from(self.r.chance(20)) {
            let mut own = vars.clone();
            match self.r.below(3) {
                0 => {
                    let b = self.binder(&mut own);
                    let _ = write!(text, "never {b}{} ", self.filter(&own, 95));
                }
                1 => {
                    let _ = write!(text, "never {} ", self.body(&mut own, 2));
                }
                _ => {
                    let _ = write!(text, "require {} ", self.boolean(&own, 3));
                }
            }
            if self.r.chance(15) {
                text.push_str("message \"not so\" ");
            }
        }
        text.push('}');
        text
    }

    fn filter(&mut self, vars: &Vars, percent: usize) -> String {
        if self.r.chance(percent) { format!(" where {}", self.body(&mut vars.clone(), 1)) } else { String::new() }
    }

    fn binder(&mut self, vars: &mut Vars) -> String {
        let v = self.var();
        let lists: Vec<String> = vars.iter().filter(|v| matches!(v.1, Ty::Node(k) if is_a(k, 0))).map(|v| v.0.clone()).collect();
        match self.r.below(10) {
            0 if !lists.is_empty() => {
                let x = self.r.pick(&lists).cloned().unwrap_or_default();
                vars.push((v.clone(), Ty::Int));
                if self.r.chance(30) {
                    let i = self.var();
                    vars.push((i.clone(), Ty::Int));
                    return format!("({i}, {v}) in {x}.l");
                }
                if self.r.chance(self.faults) {
                    vars.pop();
                    vars.push((v.clone(), Ty::Json));
                    return format!("{v} in {x}.z.q");
                }
                format!("{v} in {x}.l")
            }
            1 => {
                vars.push((v.clone(), Ty::Int));
                format!("{v} in [{}, 1, {}]", self.int(&vars[..vars.len() - 1].to_vec(), 0), self.r.below(3))
            }
            2 | 3 => {
                let k = self.r.below(self.edges.len());
                vars.push((v.clone(), Ty::Edge(k)));
                format!("{v}: {}", self.edges[k].name)
            }
            _ => {
                let k = self.r.below(3);
                vars.push((v.clone(), Ty::Node(k)));
                format!("{v}: {}", NODES[k])
            }
        }
    }

    // ------------------------------------------------------------------ conditions that bind

    fn body(&mut self, vars: &mut Vars, depth: usize) -> String {
        let n = 1 + self.r.below(3);
        let list: Vec<String> = (0..n).map(|_| self.conjunct(vars, depth)).collect();
        list.join(" and ")
    }

    fn conjunct(&mut self, vars: &mut Vars, depth: usize) -> String {
        match self.r.below(12) {
            0..4 => self.arrow(vars, true),
            4 => self.atom(vars, true),
            5 => self.value_atom(vars),
            6 => {
                let ty = [Ty::Int, Ty::Text, Ty::Int, Ty::Float][self.r.below(4)];
                let e = self.of(ty, vars, 1);
                let v = self.var();
                vars.push((v.clone(), ty));
                format!("{v} == {e}")
            }
            7 => {
                let e = self.int(vars, 0);
                let v = self.var();
                vars.push((v.clone(), Ty::Int));
                format!("{v} in [{e}, {}, 2]", self.r.below(3))
            }
            8 => {
                // an `or` that binds
                let links: Vec<EdgeKind> = self.edges.clone();
                let Some(a) = self.node(vars, 0).filter(|_| self.r.chance(80)) else { return self.boolean(vars, depth) };
                let with: Vec<&EdgeKind> = links.iter().filter(|e| e.from == 0).collect();
                let Some(first) = self.r.pick(&with).copied().cloned() else { return self.boolean(vars, depth) };
                let same: Vec<&EdgeKind> = links.iter().filter(|e| e.from == 0 && e.to == first.to).collect();
                let second = self.r.pick(&same).copied().cloned().unwrap_or(first.clone());
                let v = self.var();
                let (mut x, mut y) = (format!("{a} -{}-> {v}", first.name), format!("{a} -{}-> {v}", second.name));
                if first.to == 0 && self.r.chance(50) {
                    y = format!("{a} <-{}- {v}", second.name);
                }
                let mut inner = vars.clone();
                inner.push((v.clone(), Ty::Node(first.to)));
                if self.r.chance(50) {
                    x = format!("{x} and {}", self.boolean(&inner, 1));
                }
                vars.push((v, Ty::Node(first.to)));
                format!("({x} or {y})")
            }
            9 => match self.node(vars, 0) {
                Some(a) if self.r.chance(50) => {
                    if let Some(v) = vars.iter_mut().find(|v| v.0 == a) {
                        v.1 = Ty::Node(1);
                    }
                    format!("{a} is Big")
                }
                _ => self.boolean(vars, depth),
            },
            _ => self.boolean(vars, depth),
        }
    }

    /// A variable for a node of a kind.
    fn node(&mut self, vars: &Vars, kind: usize) -> Option<String> {
        let list: Vec<&String> = vars.iter().filter(|v| matches!(v.1, Ty::Node(k) if is_a(k, kind))).map(|v| &v.0).collect();
        self.r.pick(&list).map(|s| s.to_string())
    }

    /// An end or argument: a variable that is there, a new one (if it may be), or anything.
    fn end(&mut self, vars: &mut Vars, kind: usize, binds: bool) -> String {
        let known = self.node(vars, kind);
        match known {
            Some(v) if self.r.chance(if binds { 55 } else { 80 }) => v,
            _ if binds && self.r.chance(80) => {
                let v = self.var();
                vars.push((v.clone(), Ty::Node(kind)));
                v
            }
            _ => "_".into(),
        }
    }

    fn arrow(&mut self, vars: &mut Vars, binds: bool) -> String {
        let k = self.r.below(self.edges.len());
        let e = self.edges[k].clone();
        let rules: Vec<Rule> = self
            .rules
            .iter()
            .filter(|r| r.value.is_none() && !r.function && matches!(r.params.as_slice(), [Ty::Node(_), Ty::Node(_)]))
            .cloned()
            .collect();
        let (mut name, mut from, mut to) = (e.name.to_string(), e.from, e.to);
        if let Some(r) = self.r.pick(&rules).cloned()
            && self.r.chance(35)
            && let [Ty::Node(f), Ty::Node(t)] = r.params.as_slice()
        {
            (name, from, to) = (r.name.clone(), *f, *t);
        }
        if self.r.chance(6) {
            let a = self.node(vars, 0).unwrap_or("_".into());
            return format!("{a} -_-> _");
        }
        let a = self.end(vars, from, binds);
        let b = self.end(vars, to, binds);
        let same = self.links(from, to);
        let chains = is_a(to, from) || is_a(from, to);
        let path = match self.r.below(12) {
            0 | 1 if chains => format!("{name}+"),
            2 if from == to => format!("{name}*"),
            3 if chains => format!("{name}{{1,3}}"),
            4 if from == to => self.r.one(&["{2}", "{0,2}", "{2,}"]).replace('{', &format!("{name}{{")),
            5 if same.len() > 1 => format!("({name}|{})", self.r.pick(&same).cloned().unwrap_or_default()),
            6 if same.len() > 1 && chains => format!("({name}|{})+", self.r.pick(&same).cloned().unwrap_or_default()),
            7 | 8 if binds && name == e.name && a != b => {
                let v = self.var();
                vars.push((v.clone(), Ty::Edge(k)));
                return format!("{a} -{v}:{name}-> {b}");
            }
            9 => return format!("{b} <-{name}- {a}"),
            _ => name,
        };
        format!("{a} -{path}-> {b}")
    }

    fn args(&mut self, vars: &mut Vars, params: &[Ty], binds: bool) -> String {
        let list: Vec<String> = params
            .iter()
            .map(|t| match t {
                Ty::Node(k) => self.end(vars, *k, binds),
                t if binds && self.r.chance(60) => {
                    let v = self.var();
                    vars.push((v.clone(), *t));
                    v
                }
                t => self.of(*t, vars, 0),
            })
            .collect();
        list.join(", ")
    }

    fn atom(&mut self, vars: &mut Vars, binds: bool) -> String {
        let rules: Vec<Rule> = self.rules.iter().filter(|r| r.value.is_none()).cloned().collect();
        let Some(r) = self.r.pick(&rules).cloned() else { return self.arrow(vars, binds) };
        if r.function {
            let x = self.int(vars, 1);
            let rest = if r.params.len() > 1 { format!(", {}", self.end(vars, 0, binds)) } else { String::new() };
            return format!("{}({x}{rest})", r.name);
        }
        format!("{}({})", r.name, self.args(vars, &r.params, binds))
    }

    /// A value rule that must match.
    fn value_atom(&mut self, vars: &mut Vars) -> String {
        let rules: Vec<Rule> = self.rules.iter().filter(|r| r.value.is_some()).cloned().collect();
        let Some(r) = self.r.pick(&rules).cloned() else { return self.arrow(vars, true) };
        let mut before = vars.clone();
        let args: Vec<String> = r
            .params
            .iter()
            .map(|t| match t {
                Ty::Node(k) => match self.end(vars, *k, true) {
                    s if s == "_" => self.end(&mut before, *k, true).replace('_', "w"),
                    s => s,
                },
                t => self.of(*t, vars, 0),
            })
            .collect();
        let call = format!("{}({})", r.name, args.join(", "));
        match r.value {
            Some(Ty::Bool) => call,
            Some(ty) if self.r.chance(30) => {
                let v = self.var();
                let text = format!("{v} == {call}");
                vars.push((v, ty));
                text
            }
            Some(ty) => format!("{call} {} {}", self.r.one(&["<", "==", ">=", "!="]), self.of(ty, vars, 0)),
            None => call,
        }
    }

    // ------------------------------------------------------------------ values

    fn of(&mut self, ty: Ty, vars: &Vars, depth: usize) -> String {
        match ty {
            Ty::Float => self.float(vars, depth),
            Ty::Text => self.text(vars, depth),
            Ty::Bool => self.boolean(vars, depth),
            _ => self.int(vars, depth),
        }
    }

    /// The attributes of that type that variables have, with a value for when they are absent.
    fn attrs(&self, vars: &Vars, ty: Ty) -> Vec<(String, bool)> {
        let mut all = vec![];
        for (v, t) in vars {
            match t {
                Ty::Node(k) => {
                    let kinds: &[usize] = if *k == 1 { &[0, 1] } else { std::slice::from_ref(k) };
                    for (name, t, optional) in kinds.iter().flat_map(|k| ATTRS[*k]) {
                        if *t == ty {
                            all.push((format!("{v}.{name}"), *optional));
                        }
                    }
                    if ty == Ty::Float && is_a(*k, 0) && v != "self" {
                        all.extend(self.mechanisms.iter().map(|m| (format!("{v}.{m}"), false)));
                    }
                    if ty == Ty::Text {
                        all.push((format!("{v}.id"), false));
                    }
                }
                Ty::Edge(k) => {
                    let e = &self.edges[*k];
                    if e.w && ty == Ty::Int {
                        all.push((format!("{v}.w"), false));
                    }
                    if e.p && ty == Ty::Float {
                        all.push((format!("{v}.p"), true));
                    }
                    if ty == Ty::Int && is_a(e.from, 0) {
                        all.push((format!("{v}.from.i"), false));
                    }
                    if ty == Ty::Text {
                        all.push((format!("{v}.to.id"), false));
                    }
                }
                t if *t == ty => all.push((v.clone(), false)),
                _ => {}
            }
        }
        all
    }

    fn read(&mut self, vars: &Vars, ty: Ty, or: &str) -> Option<String> {
        let list = self.attrs(vars, ty);
        let (text, optional) = self.r.pick(&list)?.clone();
        Some(if optional { format!("({text} ?? {or})") } else { text })
    }

    fn int(&mut self, vars: &Vars, depth: usize) -> String {
        let literal = |w: &mut Self| {
            if w.r.chance(w.faults / 4) { "9_223_372_036_854_775_807".to_string() } else { w.r.below(4).to_string() }
        };
        if depth == 0 {
            return match self.read(vars, Ty::Int, "1") {
                Some(t) if self.r.chance(70) => t,
                _ => literal(self),
            };
        }
        let d = depth - 1;
        match self.r.below(15) {
            0 | 1 => literal(self),
            2 => format!("({} + {})", self.int(vars, d), self.int(vars, d)),
            3 => format!("({} - {})", self.int(vars, d), self.int(vars, d)),
            4 => format!("({} * {})", self.int(vars, d), self.int(vars, d)),
            5 if self.r.chance(self.faults * 3) => format!("({} div {})", self.int(vars, d), self.int(vars, d)),
            6 if self.r.chance(self.faults * 2) => format!("({} % {})", self.int(vars, d), self.int(vars, d)),
            7 => self.counted(vars, d),
            8 => self.summed(vars, d, Ty::Int),
            9 => format!("(if {} then {} else {})", self.boolean(vars, d), self.int(vars, d), self.int(vars, d)),
            10 => match self.value(vars, Ty::Int) {
                Some(call) => format!("({call} ?? {})", self.int(vars, 0)),
                None => "limit".into(),
            },
            11 if self.r.chance(self.faults * 2) => match self.node(vars, 0) {
                Some(v) => format!("({v}.z.q as Int)"),
                None => literal(self),
            },
            12 => match self.node(vars, 0) {
                Some(v) => format!("({v}.z.q ?? 2)"),
                None => format!("length({})", self.text(vars, d)),
            },
            _ => self.int(vars, 0),
        }
    }

    fn float(&mut self, vars: &Vars, depth: usize) -> String {
        if depth == 0 {
            return match self.read(vars, Ty::Float, "0.25") {
                Some(t) if self.r.chance(70) => t,
                _ => self.r.one(&["0.0", "0.5", "1.0", "2.25"]).into(),
            };
        }
        let d = depth - 1;
        match self.r.below(9) {
            0 => format!("({} + {})", self.float(vars, d), self.float(vars, d)),
            1 => format!("({} - {})", self.float(vars, d), self.float(vars, d)),
            2 => format!("({} * {})", self.float(vars, d), self.float(vars, d)),
            3 if self.r.chance(self.faults * 3) => format!("({} / {})", self.float(vars, d), self.float(vars, d)),
            4 => self.summed(vars, d, Ty::Float),
            _ => self.float(vars, 0),
        }
    }

    fn text(&mut self, vars: &Vars, depth: usize) -> String {
        if depth > 0 && self.r.chance(25) {
            return format!("({} ++ {})", self.text(vars, depth - 1), self.text(vars, depth - 1));
        }
        match self.read(vars, Ty::Text, "\"a\"") {
            Some(t) if self.r.chance(75) => t,
            _ => format!("\"{}\"", self.r.one(&["a", "b", "ab", ""])),
        }
    }

    /// A call of a value rule with known arguments.
    fn value(&mut self, vars: &Vars, ty: Ty) -> Option<String> {
        let rules: Vec<Rule> = self.rules.iter().filter(|r| r.value == Some(ty)).cloned().collect();
        let r = self.r.pick(&rules)?.clone();
        let mut args = vec![];
        for t in &r.params {
            match t {
                Ty::Node(k) => args.push(self.node(vars, *k)?),
                t => args.push(self.of(*t, vars, 0)),
            }
        }
        Some(format!("{}({})", r.name, args.join(", ")))
    }

    fn counted(&mut self, vars: &Vars, depth: usize) -> String {
        let mut inner = vars.clone();
        let mut binders = self.binder(&mut inner);
        if self.r.chance(15) {
            binders = format!("{binders}, {}", self.binder(&mut inner));
        }
        let _ = depth;
        format!("count({binders}{})", self.filter(&inner, 70))
    }

    fn summed(&mut self, vars: &Vars, depth: usize, ty: Ty) -> String {
        let mut inner = vars.clone();
        let binder = self.binder(&mut inner);
        let fresh: Vars = inner[vars.len()..].to_vec();
        let value = if self.r.chance(70) { self.of(ty, &fresh, 0) } else { self.of(ty, &inner, depth) };
        let filter = self.filter(&inner, 60);
        let or = if ty == Ty::Int { "3" } else { "1.5" };
        match (self.r.below(8), ty) {
            (0, _) => format!("(min({value} for {binder}{filter}) ?? {or})"),
            (1, _) => format!("(max({value} for {binder}{filter}) ?? {or})"),
            (2, Ty::Float) => format!("(avg({value} for {binder}{filter}) ?? {or})"),
            (3, Ty::Float) => format!("(median({value} for {binder}{filter}) ?? {or})"),
            (2, _) => {
                format!("(percentile({}, {value} for {binder}{filter}) ?? {or})", self.r.one(&["0", "40", "50", "95", "100"]))
            }
            (3, _) => format!("count(distinct({value} for {binder}{filter}))"),
            _ => format!("sum({value} for {binder}{filter})"),
        }
    }

    // ------------------------------------------------------------------ conditions that bind nothing

    fn boolean(&mut self, vars: &Vars, depth: usize) -> String {
        if depth == 0 {
            return self.test(vars);
        }
        let d = depth - 1;
        match self.r.below(16) {
            0 => format!("not {}", self.paren(vars, d)),
            1 => format!("({} and {})", self.boolean(vars, d), self.boolean(vars, d)),
            2 => format!("({} or {})", self.boolean(vars, d), self.boolean(vars, d)),
            3 => format!("({} implies {})", self.boolean(vars, d), self.boolean(vars, d)),
            4 => format!("(if {} then {} else {})", self.boolean(vars, d), self.boolean(vars, d), self.boolean(vars, d)),
            5..9 => {
                let mut inner = vars.clone();
                let mut binders = self.binder(&mut inner);
                if self.r.chance(15) {
                    binders = format!("{binders}, {}", self.binder(&mut inner));
                }
                let filter =
                    if self.r.chance(80) { format!(" where {}", self.body(&mut inner.clone(), d)) } else { String::new() };
                match self.r.below(6) {
                    0 | 1 => format!("(some {binders}{filter})"),
                    2 => format!("(no {binders}{filter})"),
                    3 => format!("(every {binders}{filter} satisfies {})", self.body(&mut inner, d)),
                    _ => format!("({} {} {binders}{filter})", self.r.one(&["exactly", "at least", "at most"]), self.r.below(4)),
                }
            }
            9 => self.arrow(&mut vars.clone(), false),
            10 => {
                let atom = self.atom(&mut vars.clone(), false);
                if self.r.chance(50) { format!("not {atom}") } else { atom }
            }
            11 => match self.value(vars, Ty::Bool) {
                Some(call) => format!("({call} ?? false)"),
                None => self.test(vars),
            },
            _ => self.test(vars),
        }
    }

    fn paren(&mut self, vars: &Vars, depth: usize) -> String {
        format!("({})", self.boolean(vars, depth))
    }

    fn test(&mut self, vars: &Vars) -> String {
        let op = |w: &mut Self| w.r.one(&["==", "!=", "<", "<=", ">", ">="]);
        match self.r.below(14) {
            0..4 => format!("{} {} {}", self.int(vars, 1), op(self), self.int(vars, 0)),
            4 => format!("{} {} {}", self.float(vars, 1), op(self), self.float(vars, 0)),
            5 => format!("{} {} {}", self.text(vars, 1), op(self), self.text(vars, 0)),
            6 => format!("{} in [\"a\", \"ab\", {}]", self.text(vars, 0), self.text(vars, 0)),
            7 => format!("{} matches r\"^a\"", self.text(vars, 1)),
            8 => {
                let (a, b) = (self.node(vars, 0), self.node(vars, 0));
                match (a, b) {
                    (Some(a), Some(b)) if a != b => format!("{a} {} {b}", self.r.one(&["==", "!="])),
                    (Some(a), _) => format!("{a} is Big"),
                    _ => "limit > 1".into(),
                }
            }
            9 => match self.node(vars, 0) {
                Some(a) => match self.r.below(4) {
                    0 => format!("({a} has j and {a}.j {} {})", op(self), self.int(vars, 0)),
                    1 => format!("({a}.j != none implies {a}.j {} 1)", op(self)),
                    2 => format!("{a}.o == none"),
                    _ => format!("{a}.j {} {}", self.r.one(&["==", "!="]), self.int(vars, 0)),
                },
                None => "limit == 2".into(),
            },
            10 => self.read(vars, Ty::Bool, "true").unwrap_or("true".into()),
            11 => match self.node(vars, 0) {
                Some(a) if self.r.chance(30 + self.faults) => format!("{a}.z.q {} {}", op(self), self.r.below(3)),
                Some(a) => format!("{} in {a}.l", self.int(vars, 0)),
                None => "limit < 3".into(),
            },
            12 => format!("{} in 0..2", self.int(vars, 1)),
            _ => format!("contains({}, \"b\")", self.text(vars, 0)),
        }
    }

    // ------------------------------------------------------------------ the candidate

    fn structure(&mut self) -> (Vec<Node>, Vec<Edge>) {
        let n = self.r.below(8);
        let mut nodes = vec![];
        for i in 0..n {
            let kind = [0, 0, 0, 1, 1, 2][self.r.below(6)];
            let id = ["a", "b", "c", "d", "e", "f", "g"][i].to_string();
            let kinds: &[usize] = if kind == 1 { &[0, 1] } else { std::slice::from_ref(&kind) };
            let mut attrs = vec![];
            for (name, ty, optional) in kinds.iter().flat_map(|k| ATTRS[*k]) {
                if *optional && self.r.chance(50) {
                    continue;
                }
                attrs.push((name.to_string(), self.json(*ty)));
            }
            nodes.push(Node { kind, id, attrs });
        }
        let mut edges = vec![];
        for e in self.edges.clone() {
            let most = [1, 4, 8, 12][self.r.below(4)];
            for _ in 0..self.r.below(most) {
                let ends = |k: usize| (0..nodes.len()).filter(|i| is_a(nodes[*i].kind, k)).collect::<Vec<_>>();
                let (from, to) = (ends(e.from), ends(e.to));
                let (Some(from), Some(to)) = (self.r.pick(&from).copied(), self.r.pick(&to).copied()) else { continue };
                let mut attrs = vec![];
                if e.w {
                    let negative = if self.r.chance(6) { -1 } else { self.r.below(4) as i64 };
                    attrs.push(("w".to_string(), negative.to_string()));
                }
                if e.p && self.r.chance(60) {
                    attrs.push(("p".to_string(), self.json(Ty::Float)));
                }
                edges.push(Edge { kind: e.name.into(), from, to, attrs });
            }
        }
        (nodes, edges)
    }

    /// A value of a type, as JSON.
    pub fn json(&mut self, ty: Ty) -> String {
        match ty {
            Ty::Int => (self.r.below(5) as i64 - 1).to_string(),
            Ty::Float => self.r.one(&["0.0", "0.25", "1.5", "-1.0", "2.0"]).into(),
            Ty::Text => format!("\"{}\"", self.r.one(&["a", "b", "ab", ""])),
            Ty::Bool => self.r.one(&["true", "false"]).into(),
            Ty::List => self.r.one(&["[]", "[1]", "[1, 2]", "[2, 2, 0]"]).into(),
            _ => self.r.one(&["{\"q\": 1}", "{\"q\": 2}", "{\"q\": 2}", "{}", "{\"q\": \"x\"}", "{\"q\": [1, 2]}", "3"]).into(),
        }
    }
}
