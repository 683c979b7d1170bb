//! Modules and the names in them: imports, and what a name of a module stands for. Fed by syntax and the loader, asked by every check.
use super::cycles;
use super::error;
use super::hir::{InvariantId, ParamId, PolicyId, RuleId};
use super::library;
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, FileId, Loader, Place, Sources};
use crate::scalar::KindId;
use crate::scalar::builtin::{self, Builtin};
use crate::scalar::expression::HostFunction;
use crate::syntax::ast;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// A module: its index in [`Names`]. The main file is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ModuleId(pub u32);

/// What a name stands for in expressions, types and paths.
#[derive(Clone, Copy, Debug)]
pub enum Def {
    /// A kind of node, edge or event.
    Kind(KindId),
    /// A parameter.
    Param(ParamId),
    /// A rule.
    Rule(RuleId),
    /// A built-in function of a module of `std`.
    Builtin(&'static Builtin),
    /// An item of that name could not be read; whatever it is, it is reported already.
    Broken,
}

/// What a name stands for behind `holds`, `by` and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemandDef {
    /// An invariant.
    Invariant(InvariantId),
    /// An intervention.
    Intervention,
    /// A policy.
    Policy(PolicyId),
    /// A preference.
    Prefer,
    /// A reader.
    Reader,
    /// Could not be read.
    Broken,
}

impl DemandDef {
    /// As users name it.
    pub fn what(self) -> &'static str {
        match self {
            DemandDef::Invariant(_) => "an invariant",
            DemandDef::Intervention => "an intervention",
            DemandDef::Policy(_) => "a policy",
            DemandDef::Prefer => "a preference",
            DemandDef::Reader => "a reader",
            DemandDef::Broken => "an item",
        }
    }
}

/// One module.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// By what its names are qualified in reports; empty for the main file.
    pub name: Arc<str>,
    /// The canonical name of its file, or `std.graph`.
    pub key: Arc<str>,
    /// Its file; none for modules of built-ins alone.
    pub file: Option<FileId>,
    /// Its items.
    pub items: Arc<[ast::Item]>,
    /// What it declares.
    pub own: BTreeMap<Arc<str>, (Def, Place)>,
    /// What it imports by name.
    pub imported: BTreeMap<Arc<str>, (Def, Place)>,
    /// The demands it declares.
    pub demands: BTreeMap<Arc<str>, (DemandDef, Place)>,
    /// The demands it imports by name.
    pub imported_demands: BTreeMap<Arc<str>, DemandDef>,
    /// The modules it imports, by the name it uses for them.
    pub modules: BTreeMap<Arc<str>, ModuleId>,
    /// Where its imports lead, by what is written behind `import`.
    pub targets: BTreeMap<Arc<str>, ModuleId>,
    /// Modules that could not be had: what is behind them is not reported again.
    pub missing: BTreeSet<Arc<str>>,
}

/// All names of a program.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// By `ModuleId`.
    pub modules: Vec<Module>,
    /// The functions of the host.
    pub host: Vec<Arc<HostFunction>>,
}

/// What a qualified name led to.
#[derive(Clone, Copy, Debug)]
pub enum Lookup {
    /// A definition.
    Found(Def),
    /// Nothing, and it has not been reported.
    Unknown,
    /// Nothing, because of something that has been reported.
    Poisoned,
}

impl Names {
    /// The module.
    pub fn module(&self, id: ModuleId) -> Option<&Module> {
        self.modules.get(id.0 as usize)
    }
    /// A bare name in a module.
    pub fn find(&self, module: ModuleId, name: &str) -> Option<Def> {
        let m = self.module(module)?;
        m.own.get(name).or_else(|| m.imported.get(name)).map(|(d, _)| *d)
    }
    /// The module that a module knows by that name.
    pub fn module_named(&self, module: ModuleId, name: &str) -> Option<ModuleId> {
        self.module(module)?.modules.get(name).copied()
    }
    /// Whether a module of that name could not be had.
    pub fn is_missing(&self, module: ModuleId, name: &str) -> bool {
        self.module(module).is_some_and(|m| m.missing.contains(name))
    }
    /// What a module declares under that name, built-ins of its own included.
    pub fn member(&self, module: ModuleId, name: &str) -> Option<Def> {
        let m = self.module(module)?;
        m.own.get(name).map(|(d, _)| *d).or_else(|| {
            let std = m.key.strip_prefix("std.")?;
            builtin::find_in(std, name).map(Def::Builtin)
        })
    }
    /// What a name behind modules stands for.
    pub fn qualified(&self, module: ModuleId, q: &ast::Qualified) -> Lookup {
        let mut at = module;
        for (i, m) in q.modules.iter().enumerate() {
            // only the importing module's own names for modules are known, so there is at most one step
            match self.module_named(at, &m.text) {
                Some(next) if i == 0 => at = next,
                _ if self.is_missing(at, &m.text) => return Lookup::Poisoned,
                _ => return Lookup::Unknown,
            }
        }
        let found = if q.modules.is_empty() { self.find(at, &q.name.text) } else { self.member(at, &q.name.text) };
        match found {
            Some(Def::Broken) => Lookup::Poisoned,
            Some(d) => Lookup::Found(d),
            None => Lookup::Unknown,
        }
    }
    /// What a name of a demand stands for.
    pub fn demand(&self, module: ModuleId, q: &ast::Qualified) -> Option<DemandDef> {
        match q.modules.as_slice() {
            [] => {
                let m = self.module(module)?;
                m.demands.get(&q.name.text).map(|(d, _)| *d).or_else(|| m.imported_demands.get(&q.name.text).copied())
            }
            [one] => {
                let m = self.module(self.module_named(module, &one.text)?)?;
                m.demands.get(&q.name.text).map(|(d, _)| *d)
            }
            _ => None,
        }
    }
    /// The names that a module can use without and with a module before them, sorted: those that `wanted` admits.
    pub fn usable(&self, module: ModuleId, wanted: &dyn Fn(Def) -> bool) -> Vec<String> {
        let Some(m) = self.module(module) else { return vec![] };
        let mut names: Vec<String> =
            m.own.iter().chain(&m.imported).filter(|(_, (d, _))| wanted(*d)).map(|(n, _)| n.to_string()).collect();
        for (alias, other) in &m.modules {
            if let Some(o) = self.module(*other) {
                names.extend(o.own.iter().filter(|(_, (d, _))| wanted(*d)).map(|(n, _)| format!("{alias}.{n}")));
            }
        }
        names.sort();
        names
    }
    /// The demands that a module can name, with what they are.
    pub fn usable_demands(&self, module: ModuleId, wanted: &dyn Fn(DemandDef) -> bool) -> Vec<String> {
        let Some(m) = self.module(module) else { return vec![] };
        let mut names: Vec<String> = m.demands.iter().filter(|(_, (d, _))| wanted(*d)).map(|(n, _)| n.to_string()).collect();
        names.extend(m.imported_demands.iter().filter(|(_, d)| wanted(**d)).map(|(n, _)| n.to_string()));
        for (alias, other) in &m.modules {
            if let Some(o) = self.module(*other) {
                names.extend(o.demands.iter().filter(|(_, (d, _))| wanted(*d)).map(|(n, _)| format!("{alias}.{n}")));
            }
        }
        names.sort();
        names
    }
}

/// The modules of a program, parsed, with their imports; names are declared later, see [`link`].
pub struct Loaded {
    /// The main file first.
    pub modules: Vec<Module>,
    /// What the parser said, and what is wrong with imports.
    pub diagnostics: Vec<Diagnostic>,
    /// For each module: names of items that could not be read.
    pub broken: Vec<Vec<(Arc<str>, Place)>>,
}

/// How many modules a program may have.
const LIMIT: usize = 1_000;

/// Reads the main file and all that it imports.
pub fn load(sources: &mut Sources, loader: &dyn Loader, main: FileId) -> Loaded {
    let key: Arc<str> = sources.file(main).map_or("".into(), |f| f.name.clone());
    let mut loaded = Loaded { modules: vec![], diagnostics: vec![], broken: vec![] };
    let mut known: BTreeMap<Arc<str>, ModuleId> = BTreeMap::new();
    let mut queue: VecDeque<(Arc<str>, Arc<str>, Option<FileId>)> = VecDeque::from([("".into(), key.clone(), Some(main))]);
    known.insert(key, ModuleId(0));
    let mut edges: Vec<Vec<(usize, Place)>> = vec![];
    while let Some((name, key, file)) = queue.pop_front() {
        let mut module = Module { name, key: key.clone(), file, ..Module::default() };
        let mut targets = vec![];
        let mut broken = vec![];
        if let Some(file) = file {
            let parsed = crate::syntax::parse(sources, file);
            loaded.diagnostics.extend(parsed.diagnostics);
            let at = crate::base::Place::new(sources.add_item(file, 0), crate::base::Span::default());
            broken = parsed.broken.into_iter().map(|n| (n, at)).collect();
            module.items = parsed.items.into();
        }
        let items = module.items.clone();
        for item in items.iter() {
            let ast::ItemKind::Import(import) = &item.kind else { continue };
            let (alias, key, place) = match &import.source {
                ast::ImportSource::Module(q) => {
                    let text = q.modules.iter().map(|m| &*m.text).chain([&*q.name.text]).collect::<Vec<_>>().join(".");
                    (q.name.text.clone(), Ok(text), item.place(q.span))
                }
                ast::ImportSource::File(t) => (stem(&t.value), Err(t.value.clone()), item.place(t.span)),
            };
            let count = known.len();
            if count > LIMIT {
                loaded.diagnostics.push(
                    Diagnostic::error(error::IMPORT_FAILED, format!("more than {LIMIT} files are imported"))
                        .at(place, "no further"),
                );
                module.missing.insert(alias);
                continue;
            }
            let target = match key {
                Ok(name) => match standard(&name) {
                    Some(text) => {
                        let key: Arc<str> = name.into();
                        let id = *known.entry(key.clone()).or_insert(ModuleId(count as u32));
                        if known.len() > count {
                            let file = text.map(|t| sources.add_file(key.clone(), t));
                            queue.push_back((alias.clone(), key, file));
                        }
                        Ok(id)
                    }
                    None => Err(unknown_module(&name, place)),
                },
                Err(path) => match loader.load(&module.key, &path) {
                    Ok((name, text)) => {
                        let key: Arc<str> = name.into();
                        let id = *known.entry(key.clone()).or_insert(ModuleId(count as u32));
                        if known.len() > count {
                            let file = sources.add_file(key.clone(), text);
                            queue.push_back((alias.clone(), key, Some(file)));
                        }
                        Ok(id)
                    }
                    Err(why) => Err(Diagnostic::error(error::IMPORT_FAILED, why)
                        .at(place, "imported here")
                        .help("paths are relative to the file that imports")),
                },
            };
            match target {
                Ok(id) => {
                    targets.push((id.0 as usize, place));
                    module.targets.insert(source_key(&import.source), id);
                    if let ast::ImportNames::Module = import.names {
                        match module.modules.get(&alias) {
                            Some(other) if *other != id => loaded.diagnostics.push(
                                Diagnostic::error(error::DUPLICATE_NAME, format!("two modules are called `{alias}` here"))
                                    .at(place, "imported a second time, from elsewhere")
                                    .help("import the names you need: `import … { a, b }`"),
                            ),
                            _ => {
                                module.modules.insert(alias, id);
                            }
                        }
                    }
                }
                Err(d) => {
                    loaded.diagnostics.push(d);
                    module.missing.insert(alias);
                    if let ast::ImportNames::Names(names) = &import.names {
                        for n in names {
                            module.imported.insert(n.text.clone(), (Def::Broken, item.place(n.span)));
                            module.imported_demands.insert(n.text.clone(), DemandDef::Broken);
                        }
                    }
                }
            }
        }
        loaded.modules.push(module);
        loaded.broken.push(broken);
        edges.push(targets);
    }
    import_cycles(&mut loaded, &edges);
    loaded
}

/// `Some` for a module of `std`: with its text, if it is written in dbm.
fn standard(name: &str) -> Option<Option<&'static str>> {
    let name = name.strip_prefix("std.")?;
    match library::find(name) {
        Some(text) => Some(Some(text)),
        None if builtin::modules().contains(&name) => Some(None),
        None => None,
    }
}

/// The module of `std` that has a function or rule of that name.
pub fn standard_with(name: &str) -> Option<&'static str> {
    let rule = format!("\nrule {name}(");
    let written = library::MODULES.iter().find(|(_, text)| text.contains(&rule)).map(|(module, _)| *module);
    written.or_else(|| builtin::modules().iter().find(|m| builtin::find_in(m, name).is_some()).copied())
}

/// Whether there is such a module of `std`.
pub fn is_standard(name: &str) -> bool {
    standard(&format!("std.{name}")).is_some()
}

fn unknown_module(name: &str, place: Place) -> Diagnostic {
    let mut all: Vec<String> = library::MODULES.iter().map(|(n, _)| format!("std.{n}")).collect();
    all.extend(builtin::modules().iter().map(|n| format!("std.{n}")));
    all.sort();
    all.dedup();
    let d = Diagnostic::error(error::UNKNOWN_MODULE, format!("there is no module `{name}`")).at(place, "not known");
    match nearest(name, all.iter().map(|s| s.as_str())) {
        Some(near) => d.help(format!("did you mean `{near}`?")).suggest(format!("import `{near}`"), place, near),
        None => d.help(format!("there are {}; a file is imported by its path: `import \"./shared.dbm\"`", error::list(&all))),
    }
}

/// `./rules/shared.dbm` is `shared`.
fn stem(path: &str) -> Arc<str> {
    let last = path.rsplit(['/', '\\']).next().unwrap_or(path);
    last.strip_suffix(".dbm").unwrap_or(last).into()
}

fn import_cycles(loaded: &mut Loaded, edges: &[Vec<(usize, Place)>]) {
    let plain: Vec<Vec<usize>> = edges.iter().map(|e| e.iter().map(|(t, _)| *t).collect()).collect();
    for component in cycles::components(&plain) {
        let Some(&first) = component.first() else { continue };
        let Some(way) = plain
            .get(first)
            .into_iter()
            .flatten()
            .filter_map(|n| cycles::way(&plain, &component, *n, first))
            .min_by_key(Vec::len)
        else {
            continue;
        };
        let mut at = first;
        let mut names = vec![];
        let mut d = Diagnostic::error(error::IMPORT_CYCLE, "these files import each other");
        for next in way {
            let place = edges.get(at).and_then(|e| e.iter().find(|(t, _)| *t == next)).map(|(_, p)| *p);
            let key = |i: usize| loaded.modules.get(i).map_or("", |m: &Module| &m.key).to_string();
            if let Some(place) = place {
                let text = format!("`{}` imports `{}`", key(at), key(next));
                d = if names.is_empty() { d.at(place, text) } else { d.also(place, text) };
            }
            names.push(format!("`{}`", key(at)));
            at = next;
        }
        names.push(names.first().cloned().unwrap_or_default());
        d = d.note(format!("the cycle: {}", names.join(" -> ")));
        d = d.help("move what both need into a file that imports neither");
        loaded.diagnostics.push(d);
    }
}

/// Brings the names of `import … { a, b }` and `{ * }`, once every module has declared its own.
pub fn link(names: &mut Names, diagnostics: &mut Vec<Diagnostic>) {
    for at in 0..names.modules.len() {
        let Some(module) = names.modules.get(at) else { continue };
        let items = module.items.clone();
        for item in items.iter() {
            let ast::ItemKind::Import(import) = &item.kind else { continue };
            let Some(target) = names.modules.get(at).and_then(|m| m.targets.get(&source_key(&import.source)).copied()) else {
                continue;
            };
            match &import.names {
                ast::ImportNames::Module => {}
                ast::ImportNames::Names(list) => {
                    for n in list {
                        let place = item.place(n.span);
                        let def = names.member(target, &n.text);
                        let demand = names.module(target).and_then(|m| m.demands.get(&n.text)).map(|(d, _)| *d);
                        if def.is_none() && demand.is_none() {
                            diagnostics.push(unknown_member(names, target, &n.text, place));
                        }
                        bring(names, at, &n.text, def.unwrap_or(Def::Broken), demand, place, diagnostics);
                    }
                }
                ast::ImportNames::All(span) => {
                    let place = item.place(*span);
                    let Some(from) = names.module(target).cloned() else { continue };
                    for (n, (d, _)) in &from.own {
                        bring(names, at, n, *d, None, place, diagnostics);
                    }
                    if let Some(std) = from.key.strip_prefix("std.") {
                        for n in builtin::names_in(std) {
                            if let Some(b) = builtin::find_in(std, n) {
                                bring(names, at, n, Def::Builtin(b), None, place, diagnostics);
                            }
                        }
                    }
                    for (n, (d, _)) in &from.demands {
                        if let Some(m) = names.modules.get_mut(at) {
                            m.imported_demands.insert(n.clone(), *d);
                        }
                    }
                }
            }
        }
    }
}

fn bring(
    names: &mut Names,
    at: usize,
    name: &str,
    def: Def,
    demand: Option<DemandDef>,
    place: Place,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(m) = names.modules.get_mut(at) else { return };
    if let Some(d) = demand {
        m.imported_demands.insert(name.into(), d);
        if matches!(def, Def::Broken) {
            return;
        }
    }
    let clash = m.own.get(name).or_else(|| m.imported.get(name));
    match clash {
        Some((other, there)) if !same(*other, def) => {
            let there = *there;
            diagnostics.push(
                Diagnostic::error(error::DUPLICATE_NAME, format!("`{name}` is imported, but that name is taken"))
                    .at(place, "imported here")
                    .also(there, "the other one")
                    .help("import the module, and write its name before a dot"),
            );
        }
        _ => {
            m.imported.insert(name.into(), (def, place));
        }
    }
}

fn same(a: Def, b: Def) -> bool {
    match (a, b) {
        (Def::Kind(x), Def::Kind(y)) => x == y,
        (Def::Param(x), Def::Param(y)) => x == y,
        (Def::Rule(x), Def::Rule(y)) => x == y,
        (Def::Builtin(x), Def::Builtin(y)) => std::ptr::eq(x, y),
        (Def::Broken, _) | (_, Def::Broken) => true,
        _ => false,
    }
}

fn unknown_member(names: &Names, target: ModuleId, name: &str, place: Place) -> Diagnostic {
    let m = names.module(target);
    let key = m.map_or("", |m| &m.key).to_string();
    let mut all: Vec<String> =
        m.map(|m| m.own.keys().chain(m.demands.keys()).map(|n| n.to_string()).collect()).unwrap_or_default();
    if let Some(std) = key.strip_prefix("std.") {
        all.extend(builtin::names_in(std).iter().map(|n| n.to_string()));
    }
    all.sort();
    let d = Diagnostic::error(error::UNKNOWN_IMPORT, format!("`{key}` has no `{name}`")).at(place, "not there");
    match nearest(name, all.iter().map(|s| s.as_str())) {
        Some(near) => d.help(format!("did you mean `{near}`?")).suggest(format!("import `{near}`"), place, near),
        None if all.is_empty() => d,
        None => d.help(format!("it has {}", error::list(&all))),
    }
}

fn source_key(source: &ast::ImportSource) -> Arc<str> {
    match source {
        ast::ImportSource::Module(q) => {
            q.modules.iter().map(|m| &*m.text).chain([&*q.name.text]).collect::<Vec<_>>().join(".").into()
        }
        ast::ImportSource::File(t) => t.value.clone(),
    }
}
