//! Checks arrows and the regular paths in them. Called by expression; edits use the ends.
use crate::base::diagnostic::nearest;
use crate::base::{Diagnostic, Span};
use crate::scalar::{Kinds, Type};
use crate::semantics::checker::{Bind, Checker, Pos, quoted};
use crate::semantics::error;
use crate::semantics::hir::{Expr, ExprKind, Path, PathAtom, Relation, RuleForm, VarId};
use crate::semantics::resolve::{Def, Lookup};
use crate::semantics::scope::{Cx, Site};
use crate::semantics::types::{self, Fit};
use crate::structure::schema::Sort;
use crate::syntax::ast;

/// One step of a chain, checked but for its ends.
struct Link {
    path: Path,
    edge: Option<VarId>,
    backwards: bool,
    ends: (Type, Type),
    span: Span,
    shown: String,
}

impl Checker<'_> {
    /// A chain of arrows.
    pub fn arrow(&mut self, cx: &mut Cx, a: &ast::Arrow, span: Span, pos: Pos) -> Expr {
        if cx.site == Site::Reader {
            self.no_structure(cx, span, "an arrow");
        }
        let mut links = vec![];
        for step in &a.steps {
            let path = self.path(cx, &step.path);
            let ends = self.ends_of(cx, &step.path);
            let edge = step.variable.as_ref().and_then(|v| self.edge_variable(cx, v, step, path.as_ref(), pos));
            let Some(path) = path else {
                links.push(None);
                continue;
            };
            let shown = self.text(cx.at(step.span));
            links.push(Some(Link { path, edge, backwards: step.backwards, ends, span: step.span, shown }));
        }
        self.turned(cx, a, &mut links);
        let operands: Vec<&ast::Expr> = std::iter::once(&*a.start).chain(a.steps.iter().map(|s| &s.target)).collect();
        // each operand must fit what the arrows beside it say
        let mut checked = vec![];
        for (i, o) in operands.iter().enumerate() {
            let left = i.checked_sub(1).and_then(|l| links.get(l)).and_then(|l| l.as_ref());
            let right = links.get(i).and_then(|l| l.as_ref());
            let wanted: Vec<(Type, String, Span)> = left
                .map(|l| (l.right(), l.shown.clone(), l.span))
                .into_iter()
                .chain(right.map(|l| (l.left(), l.shown.clone(), l.span)))
                .collect();
            checked.push(self.end(cx, o, &wanted, pos));
        }
        if links.iter().any(Option::is_none) || checked.iter().any(|e| matches!(e.kind, ExprKind::Error)) {
            return self.make(cx, ExprKind::Error, Type::Bool, span);
        }
        let mut atoms: Vec<Expr> = vec![];
        let mut ends = checked.into_iter();
        let Some(mut from) = ends.next() else { return self.poison(cx, span) };
        let mut links = links.into_iter().flatten().peekable();
        // steps that meet in `_` are one path, so that `_` needs no variable
        let mut run: Vec<Path> = vec![];
        let mut start = from.place.span;
        while let (Some(link), Some(mut to)) = (links.next(), ends.next()) {
            let plain = link.edge.is_none() && links.peek().is_some_and(|n| n.edge.is_none() && n.backwards == link.backwards);
            if matches!(to.kind, ExprKind::Any) && links.peek().is_some() {
                if plain {
                    run.push(link.path);
                    continue;
                }
                // a place on the way that nobody named
                let v = cx.declare_binder("_".into(), to.ty.clone(), to.place);
                if pos.bind != Bind::Yes {
                    let d = Diagnostic::error(error::MISPLACED_WILDCARD, "name the place between these two arrows")
                        .at(to.place, "`_` joins arrows of one direction here, without edge variables")
                        .help("under `not`, say `no x: Kind where …`");
                    self.report(d);
                }
                to.kind = ExprKind::Var(v);
            }
            run.push(link.path);
            let mut paths = std::mem::take(&mut run);
            if link.backwards {
                paths.reverse();
            }
            let path = if paths.len() == 1 { paths.pop() } else { Some(Path::Sequence(paths)) };
            let Some(path) = path else { continue };
            let place = cx.at(start.to(to.place.span));
            start = to.place.span;
            let (f, t) = if link.backwards { (to.clone(), from) } else { (from, to.clone()) };
            let atom = PathAtom { from: f, to: t, path, edge: link.edge };
            atoms.push(Expr { kind: ExprKind::Path(Box::new(atom)), ty: Type::Bool, place });
            from = to;
        }
        match atoms.len() {
            1 => atoms.pop().map_or_else(|| self.poison(cx, span), |a| Expr { place: cx.at(span), ..a }),
            _ => self.make(cx, ExprKind::And(atoms), Type::Bool, span),
        }
    }

    /// Reports steps that lead the wrong way, and goes on with them turned round.
    fn turned(&mut self, cx: &mut Cx, a: &ast::Arrow, links: &mut [Option<Link>]) {
        let operands: Vec<&ast::Expr> = std::iter::once(&*a.start).chain(a.steps.iter().map(|s| &s.target)).collect();
        // what is not known yet gets its type from the arrow
        let known: Vec<Option<Type>> = operands
            .iter()
            .map(|e| match &e.kind {
                ast::ExprKind::Name(n) => {
                    let v = self.variable(cx, &n.text)?;
                    cx.info.get(v.0 as usize).is_some_and(|i| !i.pending).then(|| cx.type_of(v))
                }
                _ => None,
            })
            .collect();
        for (i, link) in links.iter_mut().enumerate() {
            let Some(link) = link else { continue };
            let (left, right) = (known.get(i).cloned().flatten(), known.get(i + 1).cloned().flatten());
            let fits = |this: &Self, l: &Type, r: &Type| {
                let fit = |t: &Option<Type>, end: &Type| {
                    t.as_ref()
                        .is_none_or(|t| types::element(t).is_none() || types::meet(&this.schema, t.present(), end).is_some())
                };
                fit(&left, l) && fit(&right, r)
            };
            let (l, r) = (link.left(), link.right());
            if fits(self, &l, &r) || !fits(self, &r, &l) || l == Type::Error || r == Type::Error {
                continue;
            }
            let inner = link.shown.trim_start_matches(['<', '-']).trim_end_matches(['>', '-']);
            let ours = if link.backwards { format!("-{inner}->") } else { format!("<-{inner}-") };
            let (from, to) = (self.show(&link.ends.0), self.show(&link.ends.1));
            let mut d = Diagnostic::error(error::NEVER_FITS, format!("`{}` leads the other way", link.shown))
                .at(cx.at(link.span), format!("it goes from {from} to {to}"));
            for (e, ty) in operands.iter().skip(i).zip([&left, &right]) {
                if let Some(ty) = ty {
                    d = d.also(cx.at(e.span), format!("this is {}", self.show(ty)));
                }
            }
            self.report(d.suggest("turn the arrow round", cx.at(link.span), ours));
            link.backwards = !link.backwards;
            // what this arrow binds has the type of its wrong end: nothing is said about it
            for e in operands.iter().skip(i).take(2) {
                if let ast::ExprKind::Name(n) = &e.kind
                    && let Some(v) = self.variable(cx, &n.text)
                    && cx.info.get(v.0 as usize).is_some_and(|i| i.pending)
                    && let Some(var) = cx.vars.get_mut(v.0 as usize)
                {
                    var.ty = Type::Error;
                }
            }
        }
    }

    /// One end of an arrow, or the place between two.
    fn end(&mut self, cx: &mut Cx, e: &ast::Expr, wanted: &[(Type, String, Span)], pos: Pos) -> Expr {
        let mut ty = Type::Node(Kinds::Any);
        for (t, _, _) in wanted {
            ty = types::meet(&self.schema, &ty, t).unwrap_or(Type::Error);
        }
        let first = wanted.first().map_or(Type::Node(Kinds::Any), |w| w.0.clone());
        // rules over values may be arrows too
        if types::element(&first).is_none() {
            ty = first;
        }
        let mut x = self.bindable(cx, e, &ty, pos);
        if matches!(x.kind, ExprKind::Any) {
            if ty == Type::Error {
                self.never_meets(cx, e.span, wanted);
            }
            return x;
        }
        for (t, shown, arrow) in wanted {
            match types::fit(&self.schema, &x.ty, t) {
                Fit::Exact | Fit::Refine => {}
                Fit::Narrow => x.ty = types::meet(&self.schema, &x.ty, t).unwrap_or(Type::Error),
                Fit::No => {
                    let (a, b) = (self.show(&x.ty), self.show(t));
                    let text = self.text(x.place);
                    let d = Diagnostic::error(error::NEVER_FITS, format!("`{text}` is {a}, and here `{shown}` has {b}"))
                        .at(x.place, format!("this is {a}"))
                        .also(cx.at(*arrow), format!("at this end it has {b}"));
                    let d = self.literal_for(d, &x, t);
                    let d = match self.declared_ends(shown, cx, *arrow) {
                        Some(note) => d.note(note),
                        None => d,
                    };
                    self.report(d);
                    return Expr { kind: ExprKind::Error, ty: Type::Error, place: x.place };
                }
                Fit::Widen | Fit::Read | Fit::Absent => x = self.convert(cx, x, t, "an end of an arrow"),
            }
        }
        x
    }

    fn declared_ends(&self, _shown: &str, cx: &Cx, arrow: Span) -> Option<String> {
        let text = self.text(cx.at(arrow));
        let name = text.trim_matches(|c: char| "<->+*".contains(c)).rsplit(':').next()?.trim_matches('`').to_string();
        let kind = self.schema.find(Sort::Edge, &name)?;
        let (from, to) = self.edge_ends(kind);
        Some(format!("`{name}` goes from {} to {}", self.show(&from), self.show(&to)))
    }

    fn never_meets(&mut self, cx: &mut Cx, span: Span, wanted: &[(Type, String, Span)]) {
        if let [(a, x, s), (b, y, t)] = wanted {
            if *a == Type::Error || *b == Type::Error {
                return;
            }
            let (a, b) = (self.show(a), self.show(b));
            let d = Diagnostic::error(error::NEVER_FITS, format!("nothing can stand between `{x}` and `{y}`"))
                .at(cx.at(span), "")
                .also(cx.at(*s), format!("has {a} here"))
                .also(cx.at(*t), format!("has {b} here"));
            self.report(d);
        }
    }

    fn edge_variable(&mut self, cx: &mut Cx, v: &ast::Name, step: &ast::Step, path: Option<&Path>, pos: Pos) -> Option<VarId> {
        if v.is_wildcard() {
            return None;
        }
        let path = path?;
        let why = match path {
            Path::Step(rs) if rs.iter().all(|r| matches!(r, Relation::Edge(_))) => None,
            Path::Step(_) => Some(("a rule is no edge", "over a rule there is no edge that could be named")),
            Path::Repeat(..) | Path::Sequence(_) => Some(("several steps are not one edge", "this is a path of several steps")),
            Path::Either(_) => Some(("only a step over edges has an edge", "not a single step over edges")),
        };
        if let Some((title, label)) = why {
            let d = Diagnostic::error(error::EDGE_VARIABLE, format!("`{}` cannot name an edge here: {title}", v.text))
                .at(cx.at(v.span), "an edge variable")
                .also(cx.at(step.path.span), label)
                .help(format!(
                    "leave it out; to ask something of every edge on the way, write `no {}: … where …` over the edges themselves",
                    v.text
                ));
            let cut = Span { start: v.span.start, end: step.path.span.start };
            let d = d.suggest(format!("leave out `{}`", v.text), cx.at(cut), "");
            self.report(d);
            if self.variable(cx, &v.text).is_none() {
                cx.declare_binder(v.text.clone(), Type::Error, cx.at(v.span));
            } else if let Some(id) = self.variable(cx, &v.text)
                && let Some(var) = cx.vars.get_mut(id.0 as usize)
            {
                var.ty = Type::Error;
            }
            return None;
        }
        match self.variable(cx, &v.text) {
            Some(id) => {
                if pos.bind == Bind::Yes {
                    self.arrive(cx, id);
                }
                let read = self.read_variable(cx, id, v.span);
                let edges = Type::Edge(self.edges_of(cx, &step.path).unwrap_or(Kinds::Any));
                if read.ty != Type::Error && types::meet(&self.schema, &read.ty, &edges).is_none() {
                    let (a, b) = (self.show(&read.ty), self.show(&edges));
                    let d = Diagnostic::error(error::NEVER_FITS, format!("`{}` is {a}, and this step is over {b}", v.text))
                        .at(cx.at(v.span), format!("this is {a}"));
                    self.report(d);
                }
                Some(id)
            }
            None => Some(self.unknown_name(cx, v, pos)),
        }
    }

    /// A path; `None` if a name in it is not known.
    pub fn path(&mut self, cx: &mut Cx, p: &ast::Path) -> Option<Path> {
        match &p.kind {
            ast::PathKind::Name(q) => self.relation(cx, q).map(|r| Path::Step(vec![r])),
            ast::PathKind::Any => {
                cx.any_paths.push(p.span);
                Some(Path::Step(self.schema.of_sort(Sort::Edge).map(Relation::Edge).collect()))
            }
            ast::PathKind::Either(paths) => {
                let paths: Vec<Option<Path>> = paths.iter().map(|p| self.path(cx, p)).collect();
                let paths: Vec<Path> = paths.into_iter().collect::<Option<_>>()?;
                if paths.iter().all(|p| matches!(p, Path::Step(_))) {
                    let mut steps: Vec<Relation> =
                        paths.into_iter().flat_map(|p| if let Path::Step(s) = p { s } else { vec![] }).collect();
                    steps.sort();
                    steps.dedup();
                    return Some(Path::Step(steps));
                }
                Some(Path::Either(paths))
            }
            ast::PathKind::Repeat { path, min, max } => {
                let inner = self.path(cx, path)?;
                let (from, to) = self.ends_of(cx, path);
                if max.is_none_or(|m| m > 1)
                    && types::meet(&self.schema, &from, &to).is_none()
                    && from != Type::Error
                    && to != Type::Error
                {
                    let (a, b) = (self.show(&from), self.show(&to));
                    let text = self.text(cx.at(path.span));
                    let d = Diagnostic::error(error::NEVER_FITS, format!("a second `{text}` can never follow the first"))
                        .at(cx.at(p.span), format!("it goes from {a} to {b}"))
                        .help("a path repeats only where an end of one step can be the start of the next")
                        .suggest("take one step", cx.at(p.span), text);
                    self.report(d);
                }
                Some(Path::Repeat(Box::new(inner), *min, *max))
            }
        }
    }

    /// An edge kind or a rule of two parameters.
    pub fn relation(&mut self, cx: &mut Cx, q: &ast::Qualified) -> Option<Relation> {
        let place = cx.at(q.span);
        let name = self.text(place).replace('`', "");
        match self.names.qualified(cx.module, q) {
            Lookup::Poisoned => None,
            Lookup::Found(Def::Kind(k)) => {
                let kind = self.schema.kind(k)?;
                if kind.sort == Sort::Edge {
                    return Some(Relation::Edge(k));
                }
                let what = if kind.sort == Sort::Node { "a node kind" } else { "an event kind" };
                let d = Diagnostic::error(error::WRONG_SORT, format!("`{name}` is {what}, and arrows go along edges"))
                    .at(place, what)
                    .also(kind.place, "declared here");
                let d = self.which_edges(cx, d);
                self.report(d);
                None
            }
            Lookup::Found(Def::Rule(r)) => {
                let rule = self.program.rule(r)?;
                let (there, count, form, function) = (rule.place, rule.params.len(), rule.form.clone(), rule.function);
                if count == 2 && form == RuleForm::Relation && !function {
                    return Some(Relation::Rule(r));
                }
                let why = match form {
                    RuleForm::Value(..) => "it gives a value".to_string(),
                    RuleForm::Relation if function => "it is a function, called with known arguments".into(),
                    RuleForm::Relation => format!("it has {count} parameter{}", if count == 1 { "" } else { "s" }),
                };
                let d = Diagnostic::error(error::NOT_BINARY, format!("`{name}` is no arrow: {why}"))
                    .at(place, "an arrow needs an edge kind, or a rule of two parameters")
                    .also(there, "declared here")
                    .help(format!("call it: `{name}(…)`"));
                self.report(d);
                None
            }
            Lookup::Found(_) => {
                let d = Diagnostic::error(error::WRONG_SORT, format!("`{name}` is neither an edge kind nor a rule"))
                    .at(place, "an arrow needs one of these");
                self.report(d);
                None
            }
            Lookup::Unknown => {
                let schema = &self.schema;
                let program = &self.program;
                let all = self.names.usable(cx.module, &|d| match d {
                    Def::Kind(k) => schema.kind(k).is_some_and(|k| k.sort == Sort::Edge),
                    Def::Rule(r) => program.rule(r).is_some_and(|r| r.params.len() == 2),
                    _ => false,
                });
                let d = Diagnostic::error(error::UNKNOWN_RELATION, format!("there is no edge kind or rule `{name}`"))
                    .at(place, "not declared");
                let d = match nearest(&name, all.iter().map(|s| s.as_str())) {
                    Some(near) => {
                        let text = near.split('.').map(quoted).collect::<Vec<_>>().join(".");
                        d.help(format!("did you mean `{near}`?")).suggest(format!("write `{near}`"), place, text)
                    }
                    None => self.which_edges(cx, d),
                };
                self.report(d);
                None
            }
        }
    }

    fn which_edges(&self, _cx: &Cx, d: Diagnostic) -> Diagnostic {
        let edges: Vec<String> = self.schema.of_sort(Sort::Edge).map(|k| self.schema.name(k).to_string()).collect();
        if edges.is_empty() {
            d.help("no edge kind is declared: `edge calls: Service -> Service`")
        } else {
            d.help(format!("edge kinds are {}", error::list(&edges)))
        }
    }
}

impl Link {
    /// What stands on its left.
    fn left(&self) -> Type {
        if self.backwards { self.ends.1.clone() } else { self.ends.0.clone() }
    }
    /// What stands on its right.
    fn right(&self) -> Type {
        if self.backwards { self.ends.0.clone() } else { self.ends.1.clone() }
    }
}
