//! What is in scope while one item is checked: its variables, the frames they live in, what is known of them. Made for each item
//! by check, which asks it for every name.
use super::hir::{Expr, ExprKind, Field, Var, VarId};
use super::resolve::ModuleId;
use crate::base::{ItemId, Place, Span};
use crate::scalar::{KindId, Op, Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a name of an item stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A variable.
    Var(VarId),
    /// A node or event of a test's `given`.
    Given(KindId, Arc<str>),
}

/// What opened a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The item itself: parameters, `self`, `doc`, `for` binders, `let`s.
    Item,
    /// The body of a rule clause, `never`, `require`, `expect`, `when`, `unless`.
    Clause,
    /// A `where`.
    Where,
    /// The binders of a quantifier, an aggregate or an edit.
    Binders,
    /// `satisfies`, the value of an aggregate.
    Value,
    /// A branch of an `or`.
    Branch,
    /// `was(…)`.
    Was,
}

/// A region of text whose names end with it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What opened it.
    pub what: What,
    /// Its names, in the order they were bound.
    pub names: Vec<(Arc<str>, Target)>,
    /// For a `where`: behind which place another binder could be written.
    pub insert: Option<Place>,
}

/// A name whose frame has ended.
#[derive(Clone, Debug)]
pub struct Expired {
    /// The name.
    pub name: Arc<str>,
    /// The variable.
    pub var: VarId,
    /// What it ended with.
    pub what: What,
    /// Where another binder could be written.
    pub insert: Option<Place>,
}

/// What the checker keeps of a variable beside [`Var`].
#[derive(Clone, Debug)]
pub struct VarInfo {
    /// How often it occurs.
    pub uses: u32,
    /// Whether it may occur only once.
    pub binder: bool,
    /// Not yet bound by what stands to the left.
    pub pending: bool,
    /// Its type is not known before the `==` or `in` that binds it.
    pub open: bool,
    /// Bound in the world before, by the `for` of an intervention.
    pub before: bool,
    /// What is found is told apart by it: to be named is its use.
    pub reported: bool,
}

/// What is known to hold where an expression stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The keys of values that are present.
    pub present: BTreeSet<String>,
    /// The keys of elements whose kinds are known better than by their type.
    pub narrowed: BTreeMap<String, Type>,
}

impl Facts {
    /// What holds if both hold.
    pub fn and(mut self, other: Facts) -> Facts {
        self.present.extend(other.present);
        self.narrowed.extend(other.narrowed);
        self
    }
    /// What holds in either case.
    pub fn or(mut self, other: Facts) -> Facts {
        self.present.retain(|k| other.present.contains(k));
        self.narrowed.retain(|k, t| other.narrowed.get(k) == Some(t));
        self
    }
}

/// Which item is checked: some forms may stand only in some items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// A rule, a value rule or a function.
    Rule,
    /// A mechanism.
    Mechanism,
    /// An invariant.
    Invariant,
    /// An intervention.
    Intervention,
    /// A policy on events.
    Policy,
    /// A policy on candidates.
    Candidates,
    /// A preference.
    Prefer,
    /// A test.
    Test,
    /// A reader.
    Reader,
    /// A query.
    Query,
    /// A default value.
    Constant,
}

impl Site {
    /// As users name it.
    pub fn name(self) -> &'static str {
        match self {
            Site::Rule => "a rule",
            Site::Mechanism => "a mechanism",
            Site::Invariant => "an invariant",
            Site::Intervention => "an intervention",
            Site::Policy => "a policy",
            Site::Candidates => "a policy on candidates",
            Site::Prefer => "a preference",
            Site::Test => "a test",
            Site::Reader => "a reader",
            Site::Query => "a query",
            Site::Constant => "a constant",
        }
    }
}

/// The state of the check of one item.
#[derive(Clone, Debug)]
pub struct Cx {
    /// Its module.
    pub module: ModuleId,
    /// The item that spans are relative to.
    pub item: ItemId,
    /// What it is.
    pub site: Site,
    /// Its variables so far.
    pub vars: Vec<Var>,
    /// Beside `vars`.
    pub info: Vec<VarInfo>,
    /// The frames, innermost last.
    pub frames: Vec<Frame>,
    /// Names that are gone.
    pub expired: Vec<Expired>,
    /// What is known here.
    pub facts: Facts,
    /// Whether there is a now: the event of a policy's `on` or of an event rule.
    pub now: bool,
    /// Whether `was`, `stable` and the like may stand here.
    pub before: bool,
    /// Whether `holds` and the other words on demands may stand here.
    pub verdicts: bool,
    /// In `was(…)`: how many frames were there before it, and whether it read something that need not exist before.
    pub was: Option<(usize, bool)>,
    /// In a message, where anything may be shown.
    pub message: bool,
    /// New variables may not be bound (tests).
    pub closed: bool,
    /// Values found absent: their key and which diagnostic says so.
    pub absent: Vec<(String, usize)>,
    /// Names that `==` or `in` binds somewhere in the formulas that are being checked, and where.
    pub later: Vec<(String, Place)>,
    /// The operand of `and`, `or` or the whole formula that is being checked.
    pub conjunct: Option<Span>,
    /// What an unknown argument would have to be.
    pub wanted: Option<Type>,
    /// The formula that is the whole of a `require`.
    pub whole: Option<Span>,
    /// Where `_` stands for any edge in an arrow.
    pub any_paths: Vec<Span>,
    /// Names around a closed formula, which cannot see them.
    pub outer: Vec<String>,
    /// The kinds of which elements may be here that are not in the world before.
    pub added: Vec<Type>,
    /// The kinds of which elements may be gone in the world before (`against`).
    pub taken: Vec<Type>,
    /// The variables of `for any k`, which are lists outside of the edits.
    pub lists: Vec<VarId>,
    /// Whether those are lists here.
    pub as_lists: bool,
}

impl Cx {
    /// A fresh one.
    pub fn new(module: ModuleId, item: ItemId, site: Site) -> Cx {
        Cx {
            module,
            item,
            site,
            vars: vec![],
            info: vec![],
            frames: vec![Frame { what: What::Item, names: vec![], insert: None }],
            expired: vec![],
            facts: Facts::default(),
            now: false,
            before: false,
            verdicts: false,
            was: None,
            message: false,
            closed: false,
            absent: vec![],
            later: vec![],
            conjunct: None,
            wanted: None,
            whole: None,
            any_paths: vec![],
            outer: vec![],
            added: vec![],
            taken: vec![],
            lists: vec![],
            as_lists: false,
        }
    }
    /// The place of a span of the item.
    pub fn at(&self, span: Span) -> Place {
        Place::new(self.item, span)
    }
    /// Opens a frame.
    pub fn push(&mut self, what: What) {
        self.frames.push(Frame { what, names: vec![], insert: None });
    }
    /// Ends a frame.
    pub fn pop(&mut self) {
        if let Some(frame) = self.frames.pop() {
            for (name, target) in frame.names {
                if let Target::Var(var) = target {
                    self.expired.push(Expired { name, var, what: frame.what, insert: frame.insert });
                }
            }
        }
    }
    /// What a name stands for, innermost first.
    pub fn find(&self, name: &str) -> Option<&Target> {
        self.frames.iter().rev().find_map(|f| f.names.iter().rev().find(|(n, _)| &**n == name).map(|(_, t)| t))
    }
    /// The names that can be seen, innermost first.
    pub fn visible(&self) -> Vec<&str> {
        self.frames.iter().rev().flat_map(|f| f.names.iter().rev().map(|(n, _)| &**n)).collect()
    }
    /// Makes a variable in the innermost frame.
    pub fn declare(&mut self, name: Arc<str>, ty: Type, place: Place) -> VarId {
        let id = VarId(self.vars.len() as u32);
        self.vars.push(Var { name: name.clone(), ty, place });
        self.info.push(VarInfo { uses: 0, binder: false, pending: false, open: false, before: false, reported: false });
        if let Some(f) = self.frames.last_mut() {
            f.names.push((name, Target::Var(id)));
        }
        id
    }
    /// Makes a binder's variable in the innermost frame.
    pub fn declare_binder(&mut self, name: Arc<str>, ty: Type, place: Place) -> VarId {
        let id = self.declare(name, ty, place);
        if let Some(i) = self.info.get_mut(id.0 as usize) {
            i.binder = true;
        }
        id
    }
    /// The variable.
    pub fn var(&self, id: VarId) -> Option<&Var> {
        self.vars.get(id.0 as usize)
    }
    /// What is kept of a variable.
    pub fn info(&mut self, id: VarId) -> Option<&mut VarInfo> {
        self.info.get_mut(id.0 as usize)
    }
    /// The type of a variable, with what is known of it here.
    pub fn type_of(&self, id: VarId) -> Type {
        let ty = self.var(id).map_or(Type::Error, |v| v.ty.clone());
        self.facts.narrowed.get(&format!("v{}", id.0)).cloned().unwrap_or(ty)
    }
    /// The names of the innermost frame, in the order of the text.
    pub fn frame_vars(&self) -> Vec<VarId> {
        let mut ids: Vec<VarId> = self
            .frames
            .last()
            .map(|f| f.names.iter().filter_map(|(_, t)| if let Target::Var(v) = t { Some(*v) } else { None }).collect())
            .unwrap_or_default();
        // the place between two arrows that nobody named
        ids.retain(|v| self.var(*v).is_some_and(|v| &*v.name != "_"));
        ids.sort_by_key(|v| self.var(*v).map(|v| v.place));
        ids
    }
    /// Does something while more is known.
    pub fn knowing<T>(&mut self, facts: Facts, work: impl FnOnce(&mut Cx) -> T) -> T {
        let saved = self.facts.clone();
        self.facts = std::mem::take(&mut self.facts).and(facts);
        let result = work(self);
        self.facts = saved;
        result
    }
}

/// A name for the value of an expression, the same for equal expressions; `None` for those that are not followed.
pub fn key(e: &Expr) -> Option<String> {
    Some(match &e.kind {
        ExprKind::Var(v) => format!("v{}", v.0),
        ExprKind::Param(p) => format!("p{}", p.0),
        ExprKind::Attr(x, a) => format!("{}.a{}", key(x)?, a.0),
        ExprKind::OpenAttr(x, n) => format!("{}.o{n:?}", key(x)?),
        ExprKind::Field(x, f) => format!("{}.{}", key(x)?, field(*f)),
        ExprKind::Lookup(k, x) => format!("k{}({})", k.0, key(x)?),
        ExprKind::Const(v) => match v {
            Value::Int(_) | Value::Text(_) | Value::Bool(_) => format!("{v:?}"),
            _ => return None,
        },
        ExprKind::Op(Op::Get(n), xs) => format!("{}.g{n:?}", key(xs.first()?)?),
        ExprKind::Op(Op::Item, xs) => format!("{}[{}]", key(xs.first()?)?, key(xs.get(1)?)?),
        ExprKind::Value { rule, args, .. } => {
            let mut text = format!("r{}(", rule.0);
            for a in args {
                text.push_str(&key(a)?);
                text.push(',');
            }
            text
        }
        ExprKind::If(c, a, b) => match (&c.kind, &a.kind) {
            // an attribute that several kinds declare
            (ExprKind::Is(x, t), ExprKind::Attr(..)) => format!("i{}{t:?}{}{}", key(x)?, key(a)?, key(b)?),
            _ => return None,
        },
        _ => return None,
    })
}

fn field(f: Field) -> &'static str {
    match f {
        Field::Id => "id",
        Field::From => "from",
        Field::To => "to",
        Field::At => "at",
        Field::Index => "index",
    }
}

/// What is known where `e` is true (or false).
pub fn facts(e: &Expr, truth: bool) -> Facts {
    let mut facts = Facts::default();
    match (&e.kind, truth) {
        (ExprKind::And(xs), true) | (ExprKind::Or(xs), false) => {
            for x in xs {
                facts = facts.and(self::facts(x, truth));
            }
        }
        (ExprKind::Or(xs), true) | (ExprKind::And(xs), false) => {
            if let Some((first, rest)) = xs.split_first() {
                facts = rest.iter().fold(self::facts(first, truth), |f, x| f.or(self::facts(x, truth)));
            }
        }
        (ExprKind::Not(x), _) => facts = self::facts(x, !truth),
        (ExprKind::Implies(a, b), false) => facts = self::facts(a, true).and(self::facts(b, false)),
        (ExprKind::Implies(a, b), true) => facts = self::facts(a, false).or(self::facts(b, true)),
        (ExprKind::Op(Op::Ne, xs), false) | (ExprKind::Op(Op::Eq, xs), true) => {
            if let [a, b] = xs.as_slice() {
                present_if(a, b, &mut facts);
                present_if(b, a, &mut facts);
            }
        }
        (ExprKind::Op(Op::Ne, xs), true) | (ExprKind::Op(Op::Eq, xs), false) => {
            if let [a, b] = xs.as_slice() {
                for (x, other) in [(a, b), (b, a)] {
                    if matches!(other.kind, ExprKind::Const(Value::None)) {
                        facts.present.extend(key(plain(x)));
                    }
                }
            }
        }
        (ExprKind::Op(Op::In, xs), true) => {
            if let [a, b] = xs.as_slice()
                && let Type::List(item) = &b.ty
                && !item.is_optional()
            {
                facts.present.extend(key(plain(a)));
            }
        }
        // what stands at an end of an arrow, or is an argument of a rule, is of the kinds that go there
        (ExprKind::Path(p), true) => {
            narrow(&p.from, &mut facts);
            narrow(&p.to, &mut facts);
        }
        (ExprKind::Atom(_, args), true) => args.iter().for_each(|a| narrow(a, &mut facts)),
        (ExprKind::Is(x, t), true) => {
            if let Some(k) = key(x) {
                facts.present.insert(k.clone());
                facts.narrowed.insert(k, t.clone());
            }
        }
        _ => {}
    }
    facts
}

fn narrow(e: &Expr, facts: &mut Facts) {
    if let Type::Node(_) | Type::Edge(_) | Type::Event(_) = e.ty
        && let Some(k) = key(e)
    {
        facts.narrowed.insert(k, e.ty.clone());
    }
}

fn present_if(x: &Expr, other: &Expr, facts: &mut Facts) {
    if !other.ty.is_optional() && other.ty != Type::Json {
        facts.present.extend(key(plain(x)));
    }
}

/// Without conversions around it.
fn plain(e: &Expr) -> &Expr {
    match &e.kind {
        ExprKind::Op(Op::Widen | Op::Cast(_), xs) => xs.first().map_or(e, plain),
        _ => e,
    }
}
