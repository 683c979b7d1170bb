//! What policies keep of events while they decide. Each is planned by itself, and its plan says what it reads. Called by the verb `check --state`.
use super::error::{Failure, GROWS};
use super::live::{Core, Wanted};
use super::monitor::MonitorOptions;
use super::program::Program;
use super::stages;
use crate::base::Diagnostic;
use crate::demand::error;
use crate::engine::Budget;
use crate::plan::{Aggregate, CellForm, Keyed, Need};
use crate::scalar::instant::format_duration;
use crate::scalar::{Calendar, Type};
use crate::semantics::Needs;
use crate::semantics::hir::RuleId;
use crate::structure::{Graph, Sort};
pub use crate::verdict::kept::{Growth, Kept};

impl Program {
    /// What each policy on events keeps, in the order of the program, with a warning for each of which something grows for ever.
    pub fn kept(&self, options: &MonitorOptions) -> Result<(Vec<Kept>, Vec<Diagnostic>), Failure> {
        let inner = self.inner();
        let fail = |diagnostics: Vec<Diagnostic>| Failure { diagnostics, sources: inner.sources.clone() };
        let Some(checked) = inner.checked.as_ref().filter(|_| inner.missing.is_empty()) else {
            return Err(fail(inner.missing.clone()));
        };
        let program = &checked.program;
        if !program.policies.iter().any(|p| p.on.is_some()) {
            return Err(fail(vec![error::no_policy()]));
        }
        let values = stages::values(checked);
        let budget = Budget { bytes: options.limits.memory, facts: options.limits.facts, ..Budget::default() };
        let (mut all, mut warnings) = (vec![], vec![]);
        for p in program.policies.iter().filter(|p| p.on.is_some()) {
            let only = |name: &str| *name == *p.name;
            let strata = Needs::demands(program, &only).strata(&checked.strata);
            let wanted =
                Wanted { policies: &only, lateness: options.lateness, explain: true, counting: false, budget: budget.clone() };
            let graph = stages::Structure::empty(checked).graph().clone();
            let made = Core::new((program, &strata), graph, &values, &wanted);
            let (plans, core) = made.map_err(|u| fail(vec![error::not_live(u.place, u.what)]))?;
            let graph = core.graph();
            let of_policy = |kept: Vec<Kept>| kept.into_iter().map(|k| Kept { policy: p.name.to_string(), ..k });
            let mut found = vec![];
            for h in plans.read.histories.iter().filter(|h| !h.needs.is_empty()) {
                found.push(history(graph, &h.keyed, &h.needs));
            }
            for c in &plans.read.cells {
                found.push(cell(graph, &c.keyed, &c.form, window(c.within, c.per.as_ref().map(|p| (p.0, &*p.1)))));
            }
            for r in &plans.read.kept {
                let name = program.rule(RuleId(r.0)).map_or("a rule", |r| &r.name);
                found.push(Kept {
                    kept: "its facts, and the events that they name".into(),
                    growth: Growth::Events,
                    grows: "facts of every event, for ever".into(),
                    ..blank(format!("rule {name}"))
                });
            }
            if plans.findable {
                found.push(Kept {
                    kept: "events by their ids".into(),
                    growth: Growth::Events,
                    grows: "every event, for ever".into(),
                    ..blank("any kind".into())
                });
            }
            let unbounded = found.iter().filter(|k| matches!(k.growth, Growth::Keys | Growth::Events));
            if let Some(first) = unbounded.clone().max_by_key(|k| k.growth == Growth::Events) {
                let d = Diagnostic::warning(GROWS, format!("what `{}` keeps grows for ever", p.name))
                    .at(p.place, format!("{} of {}: {}", first.kept, first.of, first.grows))
                    .help("give it a window (`within 24h`), or keep the history no longer than what its key stands for")
                    .note(format!("`dbm check --state` lists all that it keeps; {} of it grows for ever", unbounded.count()));
                warnings.push(d);
            }
            all.extend(of_policy(found));
        }
        Ok((all, warnings))
    }
}

fn blank(of: String) -> Kept {
    Kept {
        policy: String::new(),
        of,
        conditions: vec![],
        by: vec![],
        window: None,
        kept: String::new(),
        growth: Growth::Fixed,
        grows: String::new(),
    }
}

fn keyed(graph: &Graph, keyed: &Keyed) -> Kept {
    let kinds = match &keyed.ty {
        Type::Event(kinds) => graph.schema.below(Sort::Event, kinds),
        _ => vec![],
    };
    let all = graph.schema.of_sort(Sort::Event).count();
    let names: Vec<&str> = kinds.iter().map(|k| graph.schema.name(*k)).collect();
    let name = |a| graph.schema.attr(a).map_or("?", |a| &*a.name).to_string();
    let value = |v| crate::scalar::json::to_json(&graph.dictionary.value(v), &|e| graph.show(e)).to_string();
    Kept {
        conditions: keyed.consts.iter().map(|(a, v)| format!("{} == {}", name(*a), value(*v))).collect(),
        by: keyed.attrs.iter().map(|a| name(*a)).collect(),
        ..blank(if all > 1 && kinds.len() == all { "any kind".into() } else { names.join(" or ") })
    }
}

fn window(within: Option<i64>, per: Option<(Calendar, &str)>) -> Option<String> {
    let unit = |c| match c {
        Calendar::Hour => "hour",
        Calendar::Day => "day",
        Calendar::Week => "week",
        Calendar::Month => "month",
    };
    within.map(format_duration).or(per.map(|(c, zone)| format!("a {} in {zone}", unit(c))))
}

/// One for each value of a key.
fn each(by: &[String]) -> (Growth, String) {
    match by.is_empty() {
        true => (Growth::Fixed, "one".into()),
        false => (Growth::Keys, format!("one per ({}), for ever", by.join(", "))),
    }
}

fn history(graph: &Graph, k: &Keyed, needs: &[Need]) -> Kept {
    let base = keyed(graph, k);
    let longest = needs.iter().filter_map(|n| if let Need::Within(d) = n { Some(*d) } else { None }).max();
    if needs.contains(&Need::All) {
        return Kept { kept: "events".into(), growth: Growth::Events, grows: "every event, for ever".into(), ..base };
    }
    let latest = needs.contains(&Need::Latest).then(|| each(&base.by));
    match (longest, latest) {
        (Some(d), None) => {
            let d = format_duration(d);
            Kept { kept: "events".into(), growth: Growth::Window, grows: format!("events in {d}"), window: Some(d), ..base }
        }
        (d, Some((growth, grows))) => {
            let window = d.map(format_duration);
            let grows = window.as_ref().map_or(grows.clone(), |d| format!("{grows}, and events in {d}"));
            let kept = if window.is_some() { "the latest event, and events" } else { "the latest event" };
            Kept { kept: kept.into(), growth, grows, window, ..base }
        }
        (None, None) => base,
    }
}

fn cell(graph: &Graph, k: &Keyed, form: &CellForm, window: Option<String>) -> Kept {
    let base = keyed(graph, k);
    let kept = match form {
        CellForm::Run(_) => "the length of a run",
        CellForm::Fold(Aggregate::Count) => "a count",
        CellForm::Fold(Aggregate::Sum) => "a running sum",
        CellForm::Fold(Aggregate::Avg) => "a running mean",
        CellForm::Fold(Aggregate::Any | Aggregate::All) => "a truth",
        CellForm::Fold(Aggregate::Median | Aggregate::Percentile(_)) => "values",
        CellForm::Fold(Aggregate::Min | Aggregate::Max | Aggregate::Distinct) => "how often each value is there",
    };
    let values = matches!(form, CellForm::Fold(Aggregate::Min | Aggregate::Max | Aggregate::Distinct));
    match &window {
        Some(w) => {
            let grows = format!("events in {w}");
            Kept { kept: format!("{kept}, and the events that count"), growth: Growth::Window, grows, window, ..base }
        }
        None if values => {
            let per = if base.by.is_empty() { String::new() } else { format!(" per ({})", base.by.join(", ")) };
            Kept { kept: kept.into(), growth: Growth::Keys, grows: format!("one for each value{per}, for ever"), ..base }
        }
        None => {
            let (growth, grows) = each(&base.by);
            Kept { kept: kept.into(), growth, grows, ..base }
        }
    }
}
