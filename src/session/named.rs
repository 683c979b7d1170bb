//! The elements that a program names (`Service("gateway")`) and a candidate does not have. Called by stages when a candidate is read.
use crate::base::Diagnostic;
use crate::base::diagnostic::nearest;
use crate::candidate::error::DANGLING;
use crate::plan::unit::each_part;
use crate::scalar::{KindId, Value};
use crate::semantics::hir::{DemandForm, Edit, EditKind, End, Expr, ExprKind, Program, Scope};
use crate::structure::Graph;
use std::sync::Arc;

/// One finding for each place where rules, mechanisms or demands name what is not there, and what no edit of the program adds.
pub(super) fn missing(program: &Program, graph: &Graph) -> Vec<Diagnostic> {
    let mut added: Vec<(KindId, &Expr)> = vec![];
    for e in program.interventions.iter().flat_map(|i| i.edits.iter().chain(&i.against)) {
        if let EditKind::AddNode { kind, id, .. } | EditKind::AddEvent { kind, id, .. } = &e.kind {
            added.push((*kind, id));
        }
    }
    let adds = |kind: KindId, id: &Arc<str>| {
        added.iter().any(|(k, x)| *k == kind && !matches!(&x.kind, ExprKind::Const(Value::Text(t)) if t != id))
    };
    let mut found = vec![];
    let mut look = |e: &Expr| absent(e, graph, &adds, &mut found);
    for c in program.rules.iter().flat_map(|r| &r.clauses) {
        c.body.iter().chain(&c.value).for_each(&mut look);
    }
    program.mechanisms.iter().for_each(|m| look(&m.value));
    for i in &program.invariants {
        i.scope.iter().for_each(|s| in_scope(s, &mut look));
        i.lets.iter().for_each(|(_, e)| look(e));
        for c in &i.clauses {
            match &c.form {
                DemandForm::Never(s) => in_scope(s, &mut look),
                DemandForm::Require(e) => look(e),
            }
        }
    }
    for i in &program.interventions {
        i.scopes.iter().for_each(|s| in_scope(&s.1, &mut look));
        i.given.iter().for_each(&mut look);
        i.lets_before.iter().chain(&i.lets).for_each(|(_, e)| look(e));
        for (e, message) in &i.expects {
            look(e);
            message.iter().for_each(&mut look);
        }
        i.edits.iter().chain(&i.against).for_each(|e| in_edit(e, &mut look));
    }
    for p in program.policies.iter().filter(|p| p.on.is_none()) {
        p.lets.iter().for_each(|(_, e)| look(e));
        p.clauses.iter().flat_map(|c| c.when.iter().chain(&c.unless).chain(&c.message)).for_each(&mut look);
    }
    program.prefers.iter().for_each(|p| look(&p.value));
    found
}

/// What an edit names, but for what it adds itself. An end of an edge may be added beside it, which `adds` knows.
fn in_edit(e: &Edit, look: &mut dyn FnMut(&Expr)) {
    e.scope.iter().for_each(|s| in_scope(s, look));
    let given = match &e.kind {
        EditKind::Remove(x) => return look(x),
        EditKind::Set { of, path, value, .. } => {
            look(of);
            path.iter().for_each(&mut *look);
            return look(value);
        }
        EditKind::AddNode { id, given, .. } => {
            look(id);
            given
        }
        EditKind::AddEvent { id, at, given, .. } => {
            look(id);
            look(at);
            given
        }
        EditKind::AddEdge { from, to, given, .. } => {
            for end in [from, to] {
                if let End::Element(x) = end {
                    look(x);
                }
            }
            given
        }
    };
    given.iter().for_each(|g| look(&g.1));
}

/// One finding for each place where a formula names what is not there.
pub(super) fn missing_of(formula: &Expr, graph: &Graph) -> Vec<Diagnostic> {
    let mut found = vec![];
    absent(formula, graph, &|_, _| false, &mut found);
    found
}

fn absent(e: &Expr, graph: &Graph, adds: &dyn Fn(KindId, &Arc<str>) -> bool, found: &mut Vec<Diagnostic>) {
    lookups(e, &mut |kind, id, place| {
        let there = graph
            .dictionary
            .find(&Value::text(id.clone()))
            .is_some_and(|v| graph.find_node(kind, v).is_some() || graph.find_event(kind, v).is_some());
        if !there && !adds(kind, id) {
            found.push(finding(graph, kind, id).at(place, "named here"));
        }
    });
}

fn finding(graph: &Graph, kind: KindId, id: &str) -> Diagnostic {
    let name = graph.schema.name(kind);
    let d = Diagnostic::error(DANGLING, format!("the candidate has no `{name}` with the id `{id}`"));
    let same = (0..graph.nodes()).filter(|n| graph.node_kind(*n).is_some_and(|k| graph.schema.is_a(k, kind)));
    let ids: Vec<&str> = same.filter_map(|n| graph.dictionary.text(graph.node_id(n))).collect();
    match nearest(id, ids) {
        Some(near) => d.help(format!("did you mean `{near}`?")),
        None => d.help(format!("add it to the candidate, or ask first: `some x: {name} where x.id == \"{id}\"`")),
    }
}

fn in_scope(s: &Scope, look: &mut dyn FnMut(&Expr)) {
    for b in &s.binders {
        if let crate::semantics::hir::Domain::Range(e) = &b.domain {
            look(e);
        }
    }
    s.filter.iter().for_each(|e| look(e));
}

fn lookups(e: &Expr, found: &mut dyn FnMut(KindId, &Arc<str>, crate::base::Place)) {
    if let ExprKind::Lookup(kind, id) = &e.kind
        && let ExprKind::Const(Value::Text(id)) = &id.kind
    {
        found(*kind, id, e.place);
    }
    each_part(e, &mut |p| lookups(p, found));
}
