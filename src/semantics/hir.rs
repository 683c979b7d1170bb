//! The checked program: names resolved, types known, conversions explicit. Made by check, read by strata, plan, readers and session.
//!
//! Every item has its own table of variables; a `VarId` is an index into it. A variable belongs to one scope, so two quantifiers
//! that use one name have two variables. Where a variable is first bound needs no mark: an atom, path, `is`, `x == e` or `x in e`
//! in a positive conjunct binds what is not bound yet. `_` is `ExprKind::Any`.
//!
//! It is long because a tree is read best as one file.
use crate::base::{Place, Severity};
use crate::scalar::{Element, KindId, Op, Type, Value};
use crate::structure::schema::{AttrId, Schema, Sort};
use std::sync::Arc;

/// A variable of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarId(pub u32);
/// A parameter of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub u32);
/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(pub u32);
/// An invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InvariantId(pub u32);
/// A policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PolicyId(pub u32);

/// A program, with all that it imports.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Kinds and attributes.
    pub schema: Arc<Schema>,
    /// By `ParamId`.
    pub params: Vec<Param>,
    /// By `RuleId`; in any order, clauses of one rule together.
    pub rules: Vec<Rule>,
    /// Structural equations.
    pub mechanisms: Vec<Mechanism>,
    /// By `InvariantId`.
    pub invariants: Vec<Invariant>,
    /// Interventions.
    pub interventions: Vec<Intervention>,
    /// By `PolicyId`.
    pub policies: Vec<Policy>,
    /// `default permit`, where it stands.
    pub default_permit: Option<Place>,
    /// Preferences.
    pub prefers: Vec<Prefer>,
    /// Tests of the main file (not of imported ones).
    pub tests: Vec<Test>,
    /// Readers.
    pub readers: Vec<Reader>,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Var {
    /// As written; `_x` keeps its underscore.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
    /// Where it is bound.
    pub place: Place,
}

/// `param replicas: Int = 2`.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name, qualified by its module if that is not the main file.
    pub name: Arc<str>,
    /// Its type; never a kind.
    pub ty: Type,
    /// Its value unless one is given from outside.
    pub default: Option<Value>,
    /// Where it is declared.
    pub place: Place,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
}

/// A rule with all its clauses.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, qualified by its module if that is not the main file.
    pub name: Arc<str>,
    /// The types of its parameters.
    pub params: Vec<Type>,
    /// A relation, or one value for each tuple of arguments.
    pub form: RuleForm,
    /// Its clauses, in order.
    pub clauses: Vec<Clause>,
    /// Whether it is a function: a parameter of a value type is bound by no clause body; calls are expanded in place.
    pub function: bool,
    /// Where its first clause stands.
    pub place: Place,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
}

/// What a rule gives.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleForm {
    /// A relation.
    Relation,
    /// A value rule, with how values for the same arguments combine, and the type of the value.
    Value(Combine, Type),
}

/// How several values for the same arguments become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Combine {
    /// They must agree, or it is a fault.
    One,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// Whether any is true.
    Any,
    /// Whether all are true.
    All,
}

/// One clause of a rule (or one line of a value rule).
#[derive(Clone, Debug)]
pub struct Clause {
    /// Its variables.
    pub vars: Vec<Var>,
    /// The parameters. Distinct variables.
    pub head: Vec<VarId>,
    /// The value, for a value rule.
    pub value: Option<Expr>,
    /// The condition; absent means always.
    pub body: Option<Expr>,
    /// The whole clause.
    pub place: Place,
}

/// `mechanism Kind.attr = value`.
#[derive(Clone, Debug)]
pub struct Mechanism {
    /// The attribute.
    pub attr: AttrId,
    /// The kind it is written for.
    pub kind: KindId,
    /// Its variables; the first is `self`.
    pub vars: Vec<Var>,
    /// The value (for `~`: a call of a noise built-in, see [`ExprKind::Noise`]).
    pub value: Expr,
    /// Whether it draws noise (`~`).
    pub noise: bool,
    /// The whole item.
    pub place: Place,
}

/// Binders and the condition on them.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// In order; a range may use the variables before it.
    pub binders: Vec<Binder>,
    /// `where`; sees the binders, and may bind more variables of its own.
    pub filter: Option<Box<Expr>>,
}

/// One binder.
#[derive(Clone, Debug)]
pub struct Binder {
    /// What it ranges over.
    pub domain: Domain,
    /// The key or position, of `(k, v) in …`.
    pub key: Option<VarId>,
    /// The element. `None` for `_: Kind`.
    pub var: Option<VarId>,
    /// `for any k`, `last N`, windows.
    pub window: Option<Box<Window>>,
    /// Where it stands.
    pub place: Place,
}

/// What a binder ranges over.
#[derive(Clone, Debug)]
pub enum Domain {
    /// The elements of kinds: a `Type::Node`, `Type::Edge` or `Type::Event`.
    Kind(Type),
    /// A list (`List` or `Json`) or, with a key, a record (`Json`).
    Range(Expr),
}

/// What limits a binder to a part of the past.
#[derive(Clone, Debug)]
pub struct Window {
    /// `within D`, in microseconds.
    pub within: Option<i64>,
    /// `per day in "UTC"`: the unit and the zone.
    pub per: Option<(Arc<str>, Arc<str>)>,
    /// `last N`.
    pub last: Option<u64>,
}

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Where it stands.
    pub place: Place,
}

/// A field that every element of a sort has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `.id` of a node, an event, or an edge that has one: Text.
    Id,
    /// `.from` of an edge.
    From,
    /// `.to` of an edge.
    To,
    /// `.at` of an event: Time.
    At,
    /// `.index` of an event: Int.
    Index,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A literal, `none` included.
    Const(Value),
    /// A parameter.
    Param(ParamId),
    /// A variable.
    Var(VarId),
    /// `_`: anything. Only as an argument of an atom or an end of a path.
    Any,
    /// A declared attribute of an element; absent if the element is.
    Attr(Box<Expr>, AttrId),
    /// An undeclared attribute of an element of an open kind: a Json.
    OpenAttr(Box<Expr>, Arc<str>),
    /// A field of an element.
    Field(Box<Expr>, Field),
    /// `Kind(id)`: the node (or event) of that kind and id.
    Lookup(KindId, Box<Expr>),
    /// An element of a test's or edit's own structure, already known.
    Element(Element),
    /// A strict scalar operation.
    Op(Op, Vec<Expr>),
    /// `a ?? b`.
    Coalesce(Box<Expr>, Box<Expr>),
    /// `not φ`.
    Not(Box<Expr>),
    /// `φ and ψ and …`, at least two.
    And(Vec<Expr>),
    /// `φ or ψ or …`, at least two.
    Or(Vec<Expr>),
    /// `φ implies ψ`.
    Implies(Box<Expr>, Box<Expr>),
    /// `if φ then a else b`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `x is Kind`: a sort's type of kinds.
    Is(Box<Expr>, Type),
    /// A rule's atom; arguments may be unbound variables or `Any`.
    Atom(RuleId, Vec<Expr>),
    /// A value rule's value for arguments. `matched`: it stands where it must have a value to match (type `T`), and may bind
    /// its arguments; else it is `T?` and its arguments are bound.
    Value {
        /// The rule.
        rule: RuleId,
        /// The arguments.
        args: Vec<Expr>,
        /// Whether it must match.
        matched: bool,
    },
    /// `from -path-> to`; the ends may be unbound variables or `Any`. A chain is an `And` of these.
    Path(Box<PathAtom>),
    /// A quantifier; a counted one says how many.
    Quantified(Quantifier, Scope, Option<Box<Expr>>),
    /// An aggregate over the distinct bindings of its binders.
    Aggregate {
        /// Which.
        aggregate: Aggregate,
        /// The binders.
        scope: Scope,
        /// What is aggregated; none for `count`.
        value: Option<Box<Expr>>,
    },
    /// Text with values in it (a message).
    Text(Vec<TextPart>),
    /// `was(e)`.
    Was(Box<Expr>),
    /// `holds I`, `breaks I [where φ]`, …
    Verdict(Box<VerdictAtom>),
    /// `in every worlds φ`, `in at least 80% candidates φ`.
    Share {
        /// Of worlds, or of candidates.
        candidates: bool,
        /// `every`, `some`, or at least so many percent.
        share: Share,
        /// φ.
        formula: Box<Expr>,
    },
    /// `earlier a: A [then b: B] [within D] where φ`.
    Earlier {
        /// One or two binders.
        binders: Vec<Binder>,
        /// `within D` in microseconds.
        within: Option<i64>,
        /// φ.
        filter: Option<Box<Expr>>,
    },
    /// `no x: E [where φ] since y: F [where ψ]`.
    Since {
        /// `x`, φ.
        none: Scope,
        /// `y`, ψ.
        since: Scope,
    },
    /// `consecutive(r: E where group satisfies φ)`: an Int.
    Consecutive {
        /// The binder and the group.
        scope: Scope,
        /// φ.
        satisfies: Box<Expr>,
    },
    /// A call of a noise built-in or of `probability`/`expected`.
    Noise(Arc<str>, Vec<Expr>),
    /// What could not be checked; already reported.
    Error,
}

/// A path atom.
#[derive(Clone, Debug)]
pub struct PathAtom {
    /// Where it begins.
    pub from: Expr,
    /// Where it ends.
    pub to: Expr,
    /// What it goes along, from `from` to `to` (a backward arrow has its ends exchanged already).
    pub path: Path,
    /// The edge itself, if it is named: then the path is a `Step` over edge kinds.
    pub edge: Option<VarId>,
}

/// A regular path.
#[derive(Clone, Debug)]
pub enum Path {
    /// One step over any of these.
    Step(Vec<Relation>),
    /// One after the other (not written by users; for later).
    Sequence(Vec<Path>),
    /// Any of these.
    Either(Vec<Path>),
    /// So many steps: at least, at most.
    Repeat(Box<Path>, u32, Option<u32>),
}

/// A binary relation that a path may step over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// The edges of a kind.
    Edge(KindId),
    /// A rule of two parameters.
    Rule(RuleId),
}

/// Which quantifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// `some`.
    Some,
    /// `no`.
    No,
    /// `every … satisfies …`; the only one with a third part.
    Every,
    /// `exactly n`.
    Exactly(u64),
    /// `at least n`.
    AtLeast(u64),
    /// `at most n`.
    AtMost(u64),
}

/// Which aggregate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    /// How many bindings.
    Count,
    /// The sum.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The mean: a Float.
    Avg,
    /// The median: a Float.
    Median,
    /// The nearest-rank percentile, 0 to 100.
    Percentile(f64),
    /// The sorted list of values, without repeats.
    Distinct,
    /// Whether any is true.
    Any,
    /// Whether all are true.
    All,
}

/// A part of a text with values in it.
#[derive(Clone, Debug)]
pub enum TextPart {
    /// As it stands.
    Literal(Arc<str>),
    /// The value, shown.
    Value(Expr),
}

/// The share that `in … worlds` asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// All.
    Every,
    /// At least one.
    Some,
    /// At least so many percent.
    Percent(f64),
}

/// A formula about verdicts.
#[derive(Clone, Debug)]
pub enum VerdictAtom {
    /// `holds I, J` (all of them).
    Holds(Vec<InvariantId>),
    /// `breaks I [where φ]`: each with a violation; with a condition on the violation's binding, whose variables are given
    /// by position in the invariant's binding (for each clause alike, by name).
    Breaks(Vec<InvariantId>, Option<(Vec<(Arc<str>, VarId)>, Expr)>),
    /// `unchanged R, S`.
    Unchanged(Vec<Relation>),
    /// `changed R, S`.
    Changed(Vec<Relation>),
    /// `stable φ`.
    Stable(Expr),
    /// `forbids|permits|escalates EVENT [by POLICY]`.
    Decides(Effect, Expr, Option<PolicyId>),
    /// `satisfied|violated|holding|pending POLICY`, in tests.
    Policy(PolicyState, PolicyId),
}

/// What a policy does with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `permit`.
    Permit,
    /// `forbid`.
    Forbid,
    /// `escalate to`.
    Escalate,
    /// `warn`.
    Warn,
}

/// The verdict of a policy on a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyState {
    /// No violation, and none can come.
    Satisfied,
    /// A violation.
    Violated,
    /// No violation so far.
    Holding,
    /// An obligation is open.
    Pending,
}

/// An invariant.
#[derive(Clone, Debug)]
pub struct Invariant {
    /// Its name, qualified by its module if that is not the main file.
    pub name: Arc<str>,
    /// The text behind the name.
    pub title: Option<Arc<str>>,
    /// `: warning`.
    pub severity: Severity,
    /// Its variables.
    pub vars: Vec<Var>,
    /// `for … where …` (several become one), if there is one.
    pub scope: Option<Scope>,
    /// `let`s, in order.
    pub lets: Vec<(VarId, Expr)>,
    /// `never` and `require` clauses, in order.
    pub clauses: Vec<Demand>,
    /// `repair`s.
    pub repairs: Vec<(Edit, Option<Expr>)>,
    /// The whole item.
    pub place: Place,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
}

/// One demand clause of an invariant.
#[derive(Clone, Debug)]
pub struct Demand {
    /// `never` (a violation is a binding of it), or `require` (a violation is a binding of the `for` for which it is not true).
    pub form: DemandForm,
    /// The variables that a violation's binding shows, in order: the `for` binders, then those of `never`.
    pub binding: Vec<VarId>,
    /// The kinds named in the clause's own text (binders, arrows, `is`, lookups): if one is empty a `never` is vacuous.
    pub kinds: Vec<KindId>,
    /// Its message: an `ExprKind::Text`.
    pub message: Option<Expr>,
    /// The clause.
    pub place: Place,
}

/// The two forms of demands.
#[derive(Clone, Debug)]
pub enum DemandForm {
    /// `never x: K where φ`, `never φ` (then without binders).
    Never(Scope),
    /// `require φ`.
    Require(Expr),
}

/// A change of a structure.
#[derive(Clone, Debug)]
pub struct Edit {
    /// What is done.
    pub kind: EditKind,
    /// `for … where …` behind it.
    pub scope: Option<Scope>,
    /// Where it stands.
    pub place: Place,
}

/// Attributes that an edit gives, with where each stands. `Err` names an undeclared attribute of an open kind.
pub type Given = Vec<(Result<AttrId, Arc<str>>, Expr, Place)>;

/// The kinds of edits. Values have been converted to the declared types as far as the checker can: a Json remains an
/// `Op::Cast` (or `Op::ToId`), whose fault is a finding.
#[derive(Clone, Debug)]
pub enum EditKind {
    /// `remove x`.
    Remove(Expr),
    /// `add K(id) { … }`, for nodes.
    AddNode {
        /// The kind.
        kind: KindId,
        /// Its id: Text.
        id: Expr,
        /// Attributes.
        given: Given,
        /// `ensure`.
        ensure: bool,
    },
    /// `add a -k-> b { … }`.
    AddEdge {
        /// The edge kind.
        kind: KindId,
        /// Its source.
        from: End,
        /// Its target.
        to: End,
        /// Attributes.
        given: Given,
        /// `ensure`.
        ensure: bool,
    },
    /// `add K(id) at t { … }`, for events.
    AddEvent {
        /// The kind.
        kind: KindId,
        /// Its id: Text.
        id: Expr,
        /// Its time.
        at: Expr,
        /// Attributes.
        given: Given,
    },
    /// `set x.a = e`, `set x.a.k = e`.
    Set {
        /// The element.
        of: Expr,
        /// The attribute.
        attr: AttrId,
        /// The way into a Json.
        path: Vec<Expr>,
        /// The value.
        value: Expr,
    },
}

/// An end of an added edge.
#[derive(Clone, Debug)]
pub enum End {
    /// `Kind(id)`: looked up among what is there and what is added beside it.
    Lookup(KindId, Expr),
    /// An element.
    Element(Expr),
}

/// `reader name { … }`.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Its name (`std.readers` ones bare).
    pub name: Arc<str>,
    /// Its variables.
    pub vars: Vec<Var>,
    /// `doc`.
    pub doc: VarId,
    /// What it does.
    pub body: Vec<Statement>,
    /// The whole item.
    pub place: Place,
}

/// A statement of a reader.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `for … where … { … }`.
    For(Scope, Vec<Statement>),
    /// An edit.
    Edit(Edit),
    /// `let x = e`.
    Let(VarId, Expr),
}

/// `test "…" { … }`.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its title.
    pub title: Arc<str>,
    /// Its variables.
    pub vars: Vec<Var>,
    /// The given structure, as edits of the empty one; names of it are `ExprKind::Lookup`s elsewhere.
    pub given: Vec<Edit>,
    /// `do`.
    pub edits: Vec<Edit>,
    /// `expect`s: formulas.
    pub expects: Vec<Expr>,
    /// The whole item.
    pub place: Place,
}

/// `intervention name { … }`.
#[derive(Clone, Debug)]
pub struct Intervention {
    /// Its name, qualified by its module if that is not the main file.
    pub name: Arc<str>,
    /// The text behind the name.
    pub title: Option<Arc<str>>,
    /// `: warning`.
    pub severity: Severity,
    /// Its variables.
    pub vars: Vec<Var>,
    /// `for`s, in order, with the k of `for any k`.
    pub scopes: Vec<(Option<u32>, Scope)>,
    /// `given` (conditions on samples).
    pub given: Vec<Expr>,
    /// `let`s before the first `do`.
    pub lets_before: Vec<(VarId, Expr)>,
    /// `do`.
    pub edits: Vec<Edit>,
    /// `against`.
    pub against: Vec<Edit>,
    /// `let`s behind it.
    pub lets: Vec<(VarId, Expr)>,
    /// `expect`s, each with its message.
    pub expects: Vec<(Expr, Option<Expr>)>,
    /// `samples N seed S`.
    pub samples: Option<(u64, u64)>,
    /// The whole item.
    pub place: Place,
}

/// `policy name { … }`.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name, qualified by its module if that is not the main file.
    pub name: Arc<str>,
    /// The text behind the name.
    pub title: Option<Arc<str>>,
    /// `: warning`.
    pub severity: Severity,
    /// Its variables.
    pub vars: Vec<Var>,
    /// `on c: K where φ`; none for `on candidate`.
    pub on: Option<Scope>,
    /// `let`s.
    pub lets: Vec<(VarId, Expr)>,
    /// Its clauses, in order.
    pub clauses: Vec<PolicyClause>,
    /// The whole item.
    pub place: Place,
}

/// One clause of a policy.
#[derive(Clone, Debug)]
pub struct PolicyClause {
    /// What it does.
    pub form: PolicyForm,
    /// `when`.
    pub when: Option<Expr>,
    /// `unless`.
    pub unless: Option<Expr>,
    /// Its message.
    pub message: Option<Expr>,
    /// Where it stands.
    pub place: Place,
}

/// The forms of policy clauses.
#[derive(Clone, Debug)]
pub enum PolicyForm {
    /// `permit`, `forbid`, `warn`.
    Effect(Effect),
    /// `escalate to "owner"`.
    Escalate(Arc<str>),
    /// `rewrite c.args.body = e`: the attribute, the way into a Json, the value.
    Rewrite(AttrId, Vec<Expr>, Expr),
    /// `oblige r: E within D where φ [otherwise escalate to "owner"]`.
    Oblige(Scope, i64, Option<Arc<str>>),
}

/// `prefer name [weight w] = e`.
#[derive(Clone, Debug)]
pub struct Prefer {
    /// Its name.
    pub name: Arc<str>,
    /// Its weight.
    pub weight: f64,
    /// Its variables.
    pub vars: Vec<Var>,
    /// The number that is better when greater.
    pub value: Expr,
    /// The whole item.
    pub place: Place,
}

impl Program {
    /// The rule with that id.
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(id.0 as usize)
    }
    /// The sort of a kind.
    pub fn sort(&self, id: KindId) -> Option<Sort> {
        self.schema.kind(id).map(|k| k.sort)
    }
}
