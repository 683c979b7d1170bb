//! The way through a check: load, declare names, heads, types, items, strata, lints. Called by session; gives the checked program.
//!
//! It is long because the order of the passes is told in one file.
use super::declaration::Declared;
use super::mechanism::Headed;
use crate::base::{Diagnostic, FileId, ItemId, Loader, Place, Severity, Sources};
use crate::scalar::expression::HostFunction;
use crate::scalar::types::TYPE_NAMES;
use crate::scalar::{KindId, Type};
use crate::semantics::checker::{Checker, RuleSource};
use crate::semantics::cycles;
use crate::semantics::error;
use crate::semantics::hir::{Invariant, InvariantId, Param, ParamId, Policy, PolicyId, Program, Rule, RuleForm, RuleId};
use crate::semantics::resolve::{self, Def, DemandDef, ModuleId, Names};
use crate::semantics::strata::{self, Strata};
use crate::semantics::{allow, lint, types};
use crate::structure::schema::{Kind, Schema, Sort};
use crate::syntax::ast::{self, ItemKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a check is given beside the text.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Declarations inferred from the candidate: used when no module declares a node, an edge or an event.
    pub inferred: Option<Schema>,
    /// The functions of the host program.
    pub host: Vec<Arc<HostFunction>>,
}

/// What a check gives. There is a program also where there are errors; then it must not be run.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The checked program.
    pub program: Program,
    /// The order in which its rules are evaluated.
    pub strata: Strata,
    /// What is wrong, file by file in the order they were loaded, each in the order of its text.
    pub diagnostics: Vec<Diagnostic>,
    /// The names of the program, for formulas that are asked of it later.
    pub names: Names,
}

impl Checked {
    /// Whether the program must not be run.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// The items of all modules that declare something, found in one pass.
#[derive(Default)]
struct Found {
    kinds: Vec<Declared>,
    params: Vec<(ParamId, ModuleId, usize)>,
    mechanisms: Vec<(ModuleId, usize)>,
    invariants: Vec<(InvariantId, ModuleId, usize)>,
    policies: Vec<(PolicyId, ModuleId, usize)>,
    others: Vec<(ModuleId, usize)>,
}

/// Checks a program: the file `main` and all that it imports.
pub fn check(sources: &mut Sources, loader: &dyn Loader, main: FileId, options: &Options) -> Checked {
    let loaded = resolve::load(sources, loader, main);
    // what could not be read whole is not complained about a second time
    let unread: BTreeSet<ItemId> =
        loaded.diagnostics.iter().filter(|d| d.is_error()).filter_map(|d| d.primary()).map(|p| p.item).collect();
    let mut c = Checker {
        sources,
        names: Names { modules: loaded.modules, host: options.host.clone() },
        schema: Schema::default(),
        program: Program::default(),
        rules: vec![],
        diagnostics: loaded.diagnostics,
        muted: 0,
        inferring: false,
        endless: BTreeSet::new(),
        unread,
    };
    for (module, broken) in c.names.modules.iter_mut().zip(loaded.broken) {
        for (name, place) in broken {
            module.own.insert(name.clone(), (Def::Broken, place));
            module.demands.insert(name, (DemandDef::Broken, place));
        }
    }
    let found = c.declare();
    if found.kinds.is_empty()
        && let Some(inferred) = &options.inferred
    {
        c.use_inferred(inferred);
    }
    let mut diagnostics = std::mem::take(&mut c.diagnostics);
    resolve::link(&mut c.names, &mut diagnostics);
    c.diagnostics = diagnostics;
    c.run(found);
    let strata = strata::strata(&mut c);
    c.untyped();
    lint::program(&mut c);
    c.program.schema = Arc::new(std::mem::take(&mut c.schema));
    let (program, names, mut diagnostics) = (c.program, c.names, c.diagnostics);
    let placed = |m: &resolve::Module| {
        let items = m.items.iter().map(|i| i.place(crate::base::Span { start: i.span.start, end: i.span.end })).collect();
        m.file.filter(|_| !m.key.starts_with("std.")).map(|f| (f, items))
    };
    let files: Vec<(FileId, Vec<Place>)> = names.modules.iter().filter_map(placed).collect();
    allow::apply(sources, &files, &mut diagnostics);
    // in the order of the text; for one place, in the order found
    let position = |d: &Diagnostic| d.primary().and_then(|p| sources.resolve(p)).map(|(f, s)| (f, s.start));
    diagnostics.sort_by_key(|d| position(d));
    diagnostics.dedup();
    Checked { program, strata, diagnostics, names }
}

impl Checker<'_> {
    /// Declares the names of all items.
    fn declare(&mut self) -> Found {
        let mut found = Found::default();
        for m in 0..self.names.modules.len() {
            let module = ModuleId(m as u32);
            let Some((items, prefix)) = self.names.module(module).map(|m| (m.items.clone(), m.name.clone())) else { continue };
            let qualified = |n: &str| -> Arc<str> { if prefix.is_empty() { n.into() } else { format!("{prefix}.{n}").into() } };
            let mut rules: BTreeMap<Arc<str>, RuleId> = BTreeMap::new();
            for (i, item) in items.iter().enumerate() {
                let Some(name) = item.name() else {
                    match &item.kind {
                        ItemKind::Mechanism(_) => found.mechanisms.push((module, i)),
                        _ => found.others.push((module, i)),
                    }
                    continue;
                };
                let place = item.place(name.span);
                let (text, doc) = (name.text.clone(), item.docs.clone());
                let kind = |sort: Sort, open: bool, observed: bool| Kind {
                    name: text.clone(),
                    sort,
                    parent: None,
                    root: KindId(0),
                    open,
                    observed,
                    attrs: vec![],
                    ends: None,
                    cardinality: None,
                    place,
                    doc: doc.clone(),
                };
                let declared = match &item.kind {
                    ItemKind::Node(n) => Some(kind(Sort::Node, n.open, false)),
                    ItemKind::Edge(_) => Some(kind(Sort::Edge, false, false)),
                    ItemKind::Event(e) => Some(kind(Sort::Event, false, e.observed)),
                    _ => None,
                };
                if let Some(k) = declared {
                    if TYPE_NAMES.contains(&&*text) {
                        let d = Diagnostic::error(error::DUPLICATE_NAME, format!("`{text}` is a type of the language"))
                            .at(place, "cannot be declared")
                            .help("choose another name");
                        self.report(d);
                        continue;
                    }
                    // candidates name kinds without a module, so that a name is one kind in the whole program
                    if let Some(other) = self.schema.kinds.iter().find(|o| o.name == text) {
                        let there = other.place;
                        self.twice(
                            &text,
                            place,
                            there,
                            "candidates name kinds without their module, so a name is one kind in the whole program",
                        );
                        continue;
                    }
                    let id = KindId(self.schema.kinds.len() as u32);
                    if self.own(module, &text, Def::Kind(id), place) {
                        self.schema.kinds.push(Kind { root: id, ..k });
                        found.kinds.push(Declared { kind: id, module, item: i });
                    }
                    continue;
                }
                match &item.kind {
                    ItemKind::Param(_) => {
                        let id = ParamId(self.program.params.len() as u32);
                        if self.own(module, &text, Def::Param(id), place) {
                            self.program.params.push(Param {
                                name: qualified(&text),
                                ty: Type::Error,
                                default: None,
                                place,
                                doc,
                            });
                            found.params.push((id, module, i));
                        }
                    }
                    ItemKind::Rule(r) => match rules.get(&text) {
                        Some(id) => {
                            if let Some(source) = self.rules.get_mut(id.0 as usize) {
                                source.items.push(i);
                            }
                        }
                        None => {
                            let id = RuleId(self.program.rules.len() as u32);
                            if self.own(module, &text, Def::Rule(id), place) {
                                self.program.rules.push(Rule {
                                    name: qualified(&text),
                                    params: vec![],
                                    form: RuleForm::Relation,
                                    clauses: vec![],
                                    function: false,
                                    place: item.place(r.head),
                                    doc,
                                });
                                self.rules.push(RuleSource { module, items: vec![i] });
                                rules.insert(text, id);
                            }
                        }
                    },
                    ItemKind::Invariant(_) => {
                        let id = InvariantId(self.program.invariants.len() as u32);
                        if self.own_demand(module, &text, DemandDef::Invariant(id), place) {
                            self.program.invariants.push(Invariant {
                                name: qualified(&text),
                                title: None,
                                severity: Severity::Error,
                                vars: vec![],
                                scope: None,
                                lets: vec![],
                                clauses: vec![],
                                repairs: vec![],
                                place,
                                doc,
                            });
                            found.invariants.push((id, module, i));
                        }
                    }
                    ItemKind::Policy(_) => {
                        if &*text == "default" {
                            let d = Diagnostic::error(
                                error::DUPLICATE_NAME,
                                "the policy `default` is the one that decides what no policy does",
                            )
                            .at(place, "a reserved name");
                            self.report(d);
                        }
                        let id = PolicyId(self.program.policies.len() as u32);
                        if self.own_demand(module, &text, DemandDef::Policy(id), place) {
                            self.program.policies.push(Policy {
                                name: qualified(&text),
                                title: None,
                                severity: Severity::Error,
                                vars: vec![],
                                on: None,
                                lets: vec![],
                                clauses: vec![],
                                place,
                            });
                            found.policies.push((id, module, i));
                        }
                    }
                    ItemKind::Intervention(_) | ItemKind::Prefer(_) | ItemKind::Reader(_) => {
                        let def = match &item.kind {
                            ItemKind::Intervention(_) => DemandDef::Intervention,
                            ItemKind::Prefer(_) => DemandDef::Prefer,
                            _ => DemandDef::Reader,
                        };
                        if self.own_demand(module, &text, def, place) {
                            found.others.push((module, i));
                        }
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// Declares a name; whether it was free.
    fn own(&mut self, module: ModuleId, name: &Arc<str>, def: Def, place: Place) -> bool {
        let Some(m) = self.names.modules.get_mut(module.0 as usize) else { return false };
        match m.own.get(name) {
            Some((Def::Broken, _)) | None => {
                m.own.insert(name.clone(), (def, place));
                true
            }
            Some((_, there)) => {
                let there = *there;
                self.twice(name, place, there, "kinds, parameters and rules share their names");
                false
            }
        }
    }

    fn own_demand(&mut self, module: ModuleId, name: &Arc<str>, def: DemandDef, place: Place) -> bool {
        let Some(m) = self.names.modules.get_mut(module.0 as usize) else { return false };
        match m.demands.get(name) {
            Some((DemandDef::Broken, _)) | None => {
                m.demands.insert(name.clone(), (def, place));
                true
            }
            Some((_, there)) => {
                let there = *there;
                self.twice(name, place, there, "invariants, interventions, policies, preferences and readers share their names");
                false
            }
        }
    }

    fn twice(&mut self, name: &str, place: Place, there: Place, note: &str) {
        let d = Diagnostic::error(error::DUPLICATE_NAME, format!("`{name}` is declared twice"))
            .at(place, "again here")
            .also(there, "first here")
            .note(note)
            .help("give one of them another name");
        self.report(d);
    }

    /// Takes the declarations that were inferred from the candidate.
    fn use_inferred(&mut self, inferred: &Schema) {
        self.schema = inferred.clone();
        let kinds: Vec<(Arc<str>, KindId, Place)> =
            inferred.kinds.iter().enumerate().map(|(i, k)| (k.name.clone(), KindId(i as u32), k.place)).collect();
        for m in 0..self.names.modules.len() {
            for (name, id, place) in &kinds {
                if let Some(m) = self.names.modules.get_mut(m) {
                    m.own.entry(name.clone()).or_insert((Def::Kind(*id), *place));
                }
            }
        }
    }

    fn run(&mut self, found: Found) {
        self.parents(&found.kinds);
        self.ends(&found.kinds);
        let defaults = self.attributes(&found.kinds);
        for (id, module, i) in &found.params {
            self.quietly(*module, *i, |c, item| c.param(*id, *module, item));
        }
        self.defaults(defaults);
        for r in 0..self.program.rules.len() {
            let unread = u32::from(self.unread_rule(r));
            self.muted += unread;
            self.rule_head(RuleId(r as u32));
            self.muted -= unread;
        }
        self.functions();
        let heads: Vec<Headed> = found.mechanisms.iter().filter_map(|(m, i)| self.mechanism_head(*m, *i)).collect();
        self.infer(&heads);
        for r in 0..self.program.rules.len() {
            let id = RuleId(r as u32);
            let unread = u32::from(self.unread_rule(r));
            self.muted += unread;
            let before = self.diagnostics.len();
            self.rule(id);
            if !self.diagnostics.get(before..).unwrap_or(&[]).iter().any(Diagnostic::is_error) {
                self.no_beginning(id);
            }
            self.muted -= unread;
        }
        for h in &heads {
            self.quietly(h.module, h.item, |c, _| c.mechanism(h));
        }
        for (id, m, i) in self.invariant_order(&found.invariants) {
            self.quietly(m, i, |c, item| {
                if let ItemKind::Invariant(x) = &item.kind {
                    c.invariant(m, item, x, id);
                }
            });
        }
        self.invariant_cycles();
        for (id, m, i) in &found.policies {
            self.quietly(*m, *i, |c, item| {
                if let ItemKind::Policy(x) = &item.kind {
                    c.policy(*m, item, x, *id);
                }
            });
        }
        for (m, i) in &found.others {
            self.quietly(*m, *i, |c, item| c.other(*m, item));
        }
    }

    fn unread_rule(&self, rule: usize) -> bool {
        self.rules
            .get(rule)
            .is_some_and(|s| s.items.iter().any(|i| self.item(s.module, *i).is_some_and(|x| self.unread.contains(&x.id))))
    }

    /// Reports a value rule whose type nothing says, because each of its clauses uses its own value.
    fn no_beginning(&mut self, id: RuleId) {
        let Some(r) = self.program.rule(id) else { return };
        if !matches!(r.form, RuleForm::Value(_, Type::Error))
            || r.params.contains(&Type::Error)
            || self.diagnostics.iter().any(Diagnostic::is_error)
        {
            return;
        }
        let d = Diagnostic::error(error::PLAIN_RECURSION, format!("`{}` has no clause to begin with", r.name))
            .at(r.place, "every value of it needs another")
            .help("add a clause whose value does not recur, and let the values improve: `= min { … }`, `max`, `any` or `all`");
        self.report(d);
    }

    /// The invariants, those that others may ask about first: `breaks I where φ` sees the binding of I.
    fn invariant_order(&self, list: &[(InvariantId, ModuleId, usize)]) -> Vec<(InvariantId, ModuleId, usize)> {
        let names: Vec<Option<Arc<str>>> = list.iter().map(|(_, m, i)| Some(self.item(*m, *i)?.name()?.text.clone())).collect();
        let edges: Vec<Vec<usize>> = list
            .iter()
            .map(|(_, m, i)| {
                let words = self.item(*m, *i).map(|x| self.words(x.place(x.span))).unwrap_or_default();
                if !words.contains("breaks") {
                    return vec![];
                }
                names
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| n.as_ref().is_some_and(|n| words.contains(&**n)))
                    .map(|(j, _)| j)
                    .collect()
            })
            .collect();
        cycles::components(&edges).into_iter().flatten().filter_map(|n| list.get(n).copied()).collect()
    }

    /// Checks an item, without reports if it could not be read whole.
    fn quietly(&mut self, module: ModuleId, index: usize, work: impl FnOnce(&mut Self, &ast::Item)) {
        let Some(item) = self.item(module, index) else { return };
        let unread = u32::from(self.unread.contains(&item.id));
        self.muted += unread;
        work(self, &item);
        self.muted -= unread;
    }

    fn other(&mut self, module: ModuleId, item: &ast::Item) {
        let prefix = self.names.module(module).map(|m| m.name.clone()).unwrap_or_default();
        let qualified = |n: &str| -> Arc<str> { if prefix.is_empty() { n.into() } else { format!("{prefix}.{n}").into() } };
        match &item.kind {
            ItemKind::Reader(r) => {
                let reader = self.reader(module, item, r);
                self.program.readers.push(reader);
            }
            ItemKind::Intervention(x) => self.intervention(module, item, x, qualified(&x.name.text)),
            ItemKind::Prefer(x) => self.prefer(module, item, x, qualified(&x.name.text)),
            // the tests of an imported file are run with that file
            ItemKind::Test(t) if module == ModuleId(0) => self.test(module, item, t),
            ItemKind::Default(d) => {
                let place = item.place(d.span);
                match self.program.default_permit {
                    Some(there) => {
                        let d = Diagnostic::error(error::DUPLICATE_NAME, "`default permit` stands twice")
                            .at(place, "again here")
                            .also(there, "first here");
                        self.report(d);
                    }
                    None => {
                        self.program.default_permit = Some(place);
                        let d = Diagnostic::warning(error::DEFAULT_PERMIT, "what no policy decides is permitted")
                            .at(place, "fails open")
                            .help("name what is permitted in a policy, and leave this out: then everything else is forbidden");
                        self.report(d);
                    }
                }
            }
            _ => {}
        }
    }

    fn param(&mut self, id: ParamId, module: ModuleId, item: &ast::Item) {
        let ItemKind::Param(p) = &item.kind else { return };
        let mut ty = self.type_expr(module, item.id, &p.ty);
        if types::has_elements(&ty) {
            let shown = self.show(&ty);
            let d =
                Diagnostic::error(error::MISPLACED_TYPE, format!("a parameter comes from outside, where there is no {shown}"))
                    .at(item.place(p.ty.span), "a type of values is needed here")
                    .help("take its id as Text, and look it up: `Kind(name)`");
            self.report(d);
            ty = Type::Error;
        }
        let default = p
            .default
            .as_ref()
            .and_then(|e| self.constant_of(module, item.id, e, &ty, &format!("the default of `{}`", p.name.text)));
        if let Some(x) = self.program.params.get_mut(id.0 as usize) {
            (x.ty, x.default) = (ty, default);
        }
    }

    /// Finds the types of value rules and of attributes that mechanisms declare: from what they use to what uses them, and again
    /// where they use each other, until nothing changes.
    fn infer(&mut self, heads: &[Headed]) {
        let rules: Vec<RuleId> = (0..self.program.rules.len() as u32).map(RuleId).filter(|r| self.is_value_rule(*r)).collect();
        let own: Vec<&Headed> = heads.iter().filter(|h| h.own).collect();
        // what is used is guessed from the names in the text: more than is used does no harm
        let mut by_name: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        let mut words: Vec<BTreeSet<String>> = vec![];
        for r in &rules {
            let Some(source) = self.rules.get(r.0 as usize).cloned() else { continue };
            let mut all = BTreeSet::new();
            for i in &source.items {
                let Some(item) = self.item(source.module, *i) else { continue };
                if let Some(n) = item.name() {
                    let list = by_name.entry(n.text.clone()).or_default();
                    if list.last() != Some(&words.len()) {
                        list.push(words.len());
                    }
                }
                all.extend(self.words(item.place(item.span)));
            }
            words.push(all);
        }
        for h in &own {
            let mut all = BTreeSet::new();
            if let Some(item) = self.item(h.module, h.item) {
                all = self.words(item.place(item.span));
                if let ItemKind::Mechanism(m) = &item.kind {
                    by_name.entry(m.attribute.text.clone()).or_default().push(words.len());
                }
            }
            words.push(all);
        }
        // rules that are no value rules may lie between: their names lead on
        let edges: Vec<Vec<usize>> = words
            .iter()
            .map(|all| {
                let mut to: Vec<usize> = all.iter().filter_map(|w| by_name.get(w.as_str())).flatten().copied().collect();
                to.sort_unstable();
                to.dedup();
                to
            })
            .collect();
        for component in cycles::components(&edges) {
            let rounds = if component.len() > 1 || component.iter().any(|c| edges.get(*c).is_some_and(|e| e.contains(c))) {
                12
            } else {
                1
            };
            for _ in 0..rounds {
                let mut changed = false;
                for n in &component {
                    changed |= match rules.get(*n) {
                        Some(r) => self.infer_rule(*r),
                        None => n.checked_sub(rules.len()).and_then(|m| own.get(m)).is_some_and(|h| self.infer_mechanism(h)),
                    };
                }
                if !changed {
                    break;
                }
            }
        }
    }

    /// Reports the value rules and mechanisms whose type nothing says, if nothing else is wrong.
    fn untyped(&mut self) {
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            return;
        }
        let rules = self
            .program
            .rules
            .iter()
            .filter(|r| matches!(r.form, RuleForm::Value(_, Type::Error)))
            .map(|r| (r.name.clone(), r.place));
        let attr = |m: &super::super::hir::Mechanism| {
            self.schema.attr(m.attr).filter(|a| a.ty == Type::Error).map(|a| (a.name.clone(), m.place))
        };
        let all: Vec<(Arc<str>, crate::base::Place)> = rules.chain(self.program.mechanisms.iter().filter_map(attr)).collect();
        for (name, place) in all {
            let d = Diagnostic::error(error::TYPE_MISMATCH, format!("the type of `{name}` cannot be found"))
                .at(place, "it is computed from itself alone, or from values that may be absent")
                .help("give it a value that does not depend on it: a first clause, or `?? 0` where it may be absent");
            self.report(d);
        }
    }

    fn infer_rule(&mut self, id: RuleId) -> bool {
        let ty = self.value_type(id);
        match self.program.rules.get_mut(id.0 as usize).map(|r| &mut r.form) {
            Some(RuleForm::Value(_, old)) if *old != ty => {
                *old = ty;
                true
            }
            _ => false,
        }
    }

    fn infer_mechanism(&mut self, h: &Headed) -> bool {
        let ty = self.mechanism_type(h);
        match self.schema.attrs.get_mut(h.attr.0 as usize) {
            Some(a) if a.ty != ty => {
                a.ty = ty;
                true
            }
            _ => false,
        }
    }

    /// The words in a piece of text.
    fn words(&self, place: Place) -> BTreeSet<String> {
        self.text(place)
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|w| !w.is_empty())
            .map(|w| w.to_string())
            .collect()
    }
}
