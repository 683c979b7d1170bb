//! What differs between two worlds of a program: elements, attributes, facts, verdicts. Fed with finished evaluations by stages.
use crate::base::{Diagnostic, Place};
use crate::demand;
use crate::scalar::{Element, Kinds, Op, Type, Val, Value, json};
use crate::semantics::hir::{Expr, ExprKind, Program, Rule, RuleForm, RuleId, Var, VarId};
use crate::session::decide::verdict;
use crate::session::evaluate::{Decided, World};
use crate::structure::Graph;
use crate::structure::schema::AttrId;
use crate::verdict::{Changed, Difference, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// Relations with more facts are compared by their number only.
const COMPARED: usize = 200_000;

/// What a world holds, in words, so that it can be compared with another whose elements have other numbers.
#[derive(Debug, Default)]
pub struct Contents {
    elements: BTreeSet<String>,
    /// Of elements: attribute and value.
    attributes: BTreeMap<String, String>,
    /// By rule: the arguments, and the value of a value rule; or how many there are, if they are too many.
    relations: Vec<(String, Result<BTreeMap<String, String>, usize>)>,
    demands: Vec<(String, Verdict, u64)>,
    diagnostics: Vec<Diagnostic>,
}

impl Contents {
    /// Each fact, and whether a rule derives it. Rules with too many facts give none: see [`Contents::uncompared`].
    pub fn facts(&self) -> Vec<(bool, String)> {
        let elements = self.elements.iter().cloned();
        let attributes = self.attributes.iter().map(|(k, v)| format!("{k} = {v}"));
        let given = elements.chain(attributes).map(|t| (false, t));
        let derived = self.relations.iter().filter_map(|(_, facts)| facts.as_ref().ok()).flatten();
        let derived = derived.map(|(k, v)| (true, if v.is_empty() { k.clone() } else { format!("{k} = {v}") }));
        given.chain(derived).collect()
    }
    /// The rules with too many facts to be compared.
    pub fn uncompared(&self) -> Vec<String> {
        self.relations.iter().filter(|r| r.1.is_err()).map(|r| r.0.clone()).collect()
    }
    /// Limits that were reached.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

/// Everything that a world holds.
pub fn contents<'p>(program: &'p Program, world: &mut dyn World<'p>) -> Contents {
    let mut c = Contents::default();
    given(world.graph(), &mut c);
    for m in &program.mechanisms {
        mechanism(world, program, m.attr, &mut c);
    }
    for (n, r) in program.rules.iter().enumerate().filter(|(_, r)| !r.function) {
        let id = RuleId(n as u32);
        let facts = relation(world, id, r);
        c.relations.push((r.name.to_string(), facts));
    }
    for i in &program.invariants {
        let (v, count) = match world.invariant(i, 0) {
            Decided::Checked(o) => (verdict(&o), o.count),
            _ => (Verdict::Unknown, 0),
        };
        c.demands.push((i.name.to_string(), v, count));
    }
    c.diagnostics.extend(world.reached().map(demand::error::limit));
    c
}

fn shown(graph: &Graph, v: Val) -> String {
    match graph.dictionary.value(v) {
        Value::Element(e) => graph.show(e),
        v => json::quoted(&v, &|e| graph.show(e)),
    }
}

fn given(graph: &Graph, c: &mut Contents) {
    let nodes = (0..graph.nodes()).map(|n| (Element::Node(n), Val::node(n)));
    let edges = (0..graph.edge_count()).map(|n| (Element::Edge(n), Val::edge(n)));
    let events = (0..graph.events()).map(|n| (Element::Event(n), Val::event(n)));
    for (e, v) in nodes.chain(edges).chain(events) {
        let name = graph.show(e);
        for a in graph.kind_of(v).map(|k| graph.schema.attrs_of(k)).unwrap_or_default() {
            let value = graph.attr(v, a);
            if value != Val::NONE {
                let attr = graph.schema.attr(a).map_or("?", |a| &a.name);
                c.attributes.insert(format!("{name}.{attr}"), shown(graph, value));
            }
        }
        c.elements.insert(name);
    }
}

fn var(name: &str, ty: &Type) -> Var {
    Var { name: name.into(), ty: ty.clone(), place: Place::default() }
}

fn expr(kind: ExprKind, ty: &Type) -> Expr {
    Expr { kind, ty: ty.clone(), place: Place::default() }
}

/// The values that a mechanism gives.
fn mechanism<'p>(world: &mut dyn World<'p>, program: &'p Program, attr: AttrId, c: &mut Contents) {
    let Some(a) = program.schema.attr(attr) else { return };
    let of = Type::Node(Kinds::Of([a.kind].into()));
    let (node, value) = (expr(ExprKind::Var(VarId(0)), &of), expr(ExprKind::Var(VarId(1)), &a.ty));
    let read = expr(ExprKind::Attr(Box::new(node.clone()), attr), &a.ty);
    let parts = vec![
        expr(ExprKind::Is(Box::new(node), of.clone()), &Type::Bool),
        expr(ExprKind::Op(Op::Eq, vec![value, read]), &Type::Bool),
    ];
    let vars = [var("node", &of), var("value", &a.ty)];
    let Ok((rows, _)) = world.query(&vars, &expr(ExprKind::And(parts), &Type::Bool), &[VarId(0), VarId(1)]) else { return };
    for row in rows {
        if let [node, value] = row[..] {
            let graph = world.graph();
            c.attributes.insert(format!("{}.{}", shown(graph, node), a.name), shown(graph, value));
        }
    }
}

/// The facts of a rule, or how many there are.
fn relation<'p>(world: &mut dyn World<'p>, id: RuleId, r: &Rule) -> Result<BTreeMap<String, String>, usize> {
    let mut vars: Vec<Var> = r.params.iter().map(|t| var("x", t)).collect();
    let args: Vec<Expr> = r.params.iter().enumerate().map(|(i, t)| expr(ExprKind::Var(VarId(i as u32)), t)).collect();
    let formula = match &r.form {
        RuleForm::Relation => expr(ExprKind::Atom(id, args), &Type::Bool),
        RuleForm::Value(_, ty) => {
            let v = expr(ExprKind::Var(VarId(vars.len() as u32)), ty);
            vars.push(var("value", ty));
            let call = expr(ExprKind::Value { rule: id, args, matched: true }, ty);
            expr(ExprKind::Op(Op::Eq, vec![v, call]), &Type::Bool)
        }
    };
    let columns: Vec<VarId> = (0..vars.len()).map(|i| VarId(i as u32)).collect();
    let Ok((rows, _)) = world.query(&vars, &formula, &columns) else { return Err(0) };
    if rows.len() > COMPARED {
        return Err(rows.len());
    }
    let graph = world.graph();
    let one = |row: Vec<Val>| {
        let mut cells: Vec<String> = row.iter().map(|v| shown(graph, *v)).collect();
        let value = if cells.len() > r.params.len() { cells.pop().unwrap_or_default() } else { String::new() };
        (format!("{}({})", r.name, cells.join(", ")), value)
    };
    Ok(rows.into_iter().map(one).collect())
}

/// The difference, from the first to the second.
pub fn between(before: Contents, now: Contents) -> Difference {
    let less = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    let mut d = Difference {
        removed: less(&before.elements, &now.elements),
        added: less(&now.elements, &before.elements),
        diagnostics: before.diagnostics,
        ..Difference::default()
    };
    // those of elements that came or went say nothing new
    let stayed = |key: &str| {
        let of = key.rsplit_once('.').map_or(key, |k| k.0);
        before.elements.contains(of) && now.elements.contains(of)
    };
    let keys: BTreeSet<&String> = before.attributes.keys().chain(now.attributes.keys()).collect();
    for k in keys.into_iter().filter(|k| stayed(k)) {
        let (a, b) = (before.attributes.get(k), now.attributes.get(k));
        if a != b {
            let text = |v: Option<&String>| v.cloned().unwrap_or_else(|| "none".into());
            d.changed.push((k.clone(), text(a), text(b)));
        }
    }
    for ((name, a), (_, b)) in before.relations.into_iter().zip(now.relations) {
        match (a, b) {
            (Ok(a), Ok(b)) => {
                let fact = |(k, v): (&String, &String)| if v.is_empty() { k.clone() } else { format!("{k} = {v}") };
                let only = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| {
                    a.iter().filter(|(k, v)| b.get(*k) != Some(*v)).map(fact).collect::<Vec<_>>()
                };
                let changed = Changed { lost: only(&a, &b), gained: only(&b, &a), name, counts: (a.len(), b.len()) };
                if changed.counts.0 != changed.counts.1 || !changed.lost.is_empty() {
                    d.relations.push(changed);
                }
            }
            (a, b) => {
                let counts = (a.map_or_else(|n| n, |m| m.len()), b.map_or_else(|n| n, |m| m.len()));
                if counts.0 != counts.1 {
                    d.relations.push(Changed { name, counts, ..Changed::default() });
                }
            }
        }
    }
    for ((name, v, n), (_, w, m)) in before.demands.into_iter().zip(now.demands) {
        if (v, n) != (w, m) {
            d.demands.push((name, (v, n), (w, m)));
        }
    }
    d.diagnostics.extend(now.diagnostics);
    d.diagnostics.dedup();
    d
}
