//! The steps that the engine runs. A unit (a clause, a demand, a query) has one frame of slots; blocks bind slots in order.
//!
//! Scalar expressions read slots only: each attribute, aggregate, path and value-rule call is a step of its own, which may split
//! a binding by worlds. Formulas give annotations (in which worlds they are true, in which they may be).
use crate::base::Place;
use crate::scalar::{Calendar, KindId, Op, Type, Val};
use crate::structure::schema::{AttrId, Sort};
use std::sync::Arc;

pub use crate::semantics::hir::{Aggregate, Combine, Effect, Field};

/// A slot of the frame.
pub type Slot = u32;

/// A derived relation: one for each rule, and those that lowering makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelId(pub u32);

/// What a relation is.
#[derive(Clone, Debug)]
pub struct RelationInfo {
    /// For diagnostics.
    pub name: Arc<str>,
    /// Arguments (without the value).
    pub arity: usize,
    /// The types of its arguments.
    pub types: Vec<Type>,
    /// Whether it is a relation between two nodes.
    pub nodes: bool,
    /// For value rules: how values combine.
    pub combine: Option<Combine>,
    /// Where it is declared.
    pub place: Place,
}

/// What a step does with one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// The slot is bound before the step.
    Key(Slot),
    /// The step binds it.
    Bind(Slot),
    /// Bound by an earlier column of the same step: must be equal.
    Same(Slot),
    /// Anything.
    Any,
}

/// Which part of a relation a scan reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// All facts known at the beginning of the round.
    Total,
    /// Those that the last round found.
    Delta,
    /// Those known before the last round (where one world makes that meaningful; else as `Total`).
    Old,
}

/// Steps in order; the frame is the unit's.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// In order.
    pub steps: Vec<Step>,
}

/// A scalar expression over slots.
#[derive(Clone, Debug)]
pub enum Scalar {
    /// A known value.
    Const(Val),
    /// A slot.
    Slot(Slot),
    /// A strict operation, with the place it stands at.
    Op(Op, Vec<Scalar>, Place),
}

/// A block and the slot in which it leaves its result.
#[derive(Clone, Debug)]
pub struct Computed {
    /// Steps that bind without choosing (reads, lets, …).
    pub block: Block,
    /// The result.
    pub result: Scalar,
}

/// One step.
#[derive(Clone, Debug)]
pub enum Step {
    /// Facts of a derived relation; with the slot for the value of a value rule.
    Scan {
        /// The relation.
        relation: RelId,
        /// One for each column.
        args: Vec<Arg>,
        /// The value's slot.
        value: Option<Slot>,
        /// Which part.
        source: Source,
    },
    /// Edges of a kind.
    Edges {
        /// The kind.
        kind: KindId,
        /// The edge itself.
        edge: Arg,
        /// Its source.
        from: Arg,
        /// Its target.
        to: Arg,
    },
    /// Elements of kinds: binds, or checks what is bound.
    Kind {
        /// Node, edge or event, and the kinds: a `Type::Node`, `Edge` or `Event`.
        ty: Type,
        /// The element.
        element: Arg,
    },
    /// Elements whose stored attribute has a value.
    AttrEq {
        /// The attribute.
        attr: AttrId,
        /// The value.
        value: Slot,
        /// The element to bind.
        element: Slot,
        /// The same without an index, for worlds that differ in attributes.
        plainly: Block,
    },
    /// A regular path.
    Reach {
        /// The path.
        path: Arc<super::path::Automaton>,
        /// Where it begins.
        from: Arg,
        /// Where it ends.
        to: Arg,
    },
    /// The elements of a list (or record).
    Range {
        /// The list or Json.
        list: Scalar,
        /// Key or position.
        key: Option<Arg>,
        /// The element.
        var: Arg,
        /// For the fault.
        place: Place,
    },
    /// A declared attribute.
    Read {
        /// The result.
        slot: Slot,
        /// The element (or absent).
        of: Scalar,
        /// The attribute.
        attr: AttrId,
        /// For the fault.
        place: Place,
    },
    /// An undeclared attribute of an open kind.
    ReadOpen {
        /// The result.
        slot: Slot,
        /// The element.
        of: Scalar,
        /// Its name.
        name: Arc<str>,
    },
    /// A field.
    ReadField {
        /// The result.
        slot: Slot,
        /// The element (or absent).
        of: Scalar,
        /// Which.
        field: Field,
    },
    /// `Kind(id)`.
    Lookup {
        /// The result.
        slot: Slot,
        /// The kind.
        kind: KindId,
        /// Node or event.
        sort: Sort,
        /// The id.
        id: Scalar,
        /// An event that is not after this one.
        now: Option<Slot>,
        /// For the fault.
        place: Place,
    },
    /// A value rule's value for known arguments; absent if there is none.
    Value {
        /// The result.
        slot: Slot,
        /// The relation.
        relation: RelId,
        /// The arguments.
        args: Vec<Scalar>,
    },
    /// A scalar expression.
    Let {
        /// The result.
        slot: Slot,
        /// The expression.
        value: Scalar,
    },
    /// An aggregate.
    Aggregate {
        /// The result.
        slot: Slot,
        /// What is aggregated.
        spec: Arc<AggregateSpec>,
    },
    /// A formula as a value.
    Truth {
        /// The result.
        slot: Slot,
        /// The formula.
        formula: Formula,
    },
    /// `was(e)`: its value in the world before.
    Was {
        /// The result.
        slot: Slot,
        /// e.
        value: Computed,
    },
    /// `if φ then a else b`.
    Choose {
        /// The result.
        slot: Slot,
        /// φ.
        condition: Formula,
        /// a.
        then: Computed,
        /// b.
        otherwise: Computed,
    },
    /// `a ?? b`.
    Coalesce {
        /// The result.
        slot: Slot,
        /// a.
        first: Scalar,
        /// b.
        second: Computed,
    },
    /// Keeps the worlds in which the formula is true (or may be).
    Filter(Formula),
    /// The events of a part of the past: binds, or checks what is bound.
    Past {
        /// Which part.
        spec: Arc<PastSpec>,
        /// The event.
        event: Arg,
    },
    /// That an event is not after another.
    NotAfter(Slot, Slot),
    /// The first binding of a block, in each world; of one that gives the newest first.
    Latest(Block),
    /// The first so many.
    Last(u64, Block),
    /// How many bindings of a block, from the first on, a formula is true of in a row.
    Consecutive {
        /// The result.
        slot: Slot,
        /// Gives the newest first.
        block: Block,
        /// The formula.
        satisfies: Formula,
        /// Its state cell, for who takes one event after another.
        cell: Option<CellUse>,
    },
    /// The bindings of any of the blocks.
    Union(Vec<Block>),
}

/// An aggregate.
#[derive(Clone, Debug)]
pub struct AggregateSpec {
    /// Which.
    pub aggregate: Aggregate,
    /// Binds the binders.
    pub block: Block,
    /// The binders' slots: what makes bindings distinct.
    pub binders: Vec<Slot>,
    /// Whether the block may give one binding of the binders twice.
    pub repeats: bool,
    /// What is aggregated.
    pub value: Option<Computed>,
    /// The sum of nothing.
    pub zero: Val,
    /// Its state cell, for who takes one event after another.
    pub cell: Option<CellUse>,
    /// Where it stands.
    pub place: Place,
}

/// A part of the history, seen from an event.
#[derive(Clone, Debug)]
pub struct PastSpec {
    /// The kinds of its events.
    pub ty: Type,
    /// The event from which it is seen.
    pub now: Slot,
    /// Whether that belongs to it.
    pub present: bool,
    /// It begins so many microseconds before now (or ends so many behind it).
    pub within: Option<i64>,
    /// It begins with the calendar unit of now, in a zone.
    pub per: Option<(Calendar, Arc<str>)>,
    /// It begins behind this event.
    pub behind: Option<Slot>,
    /// What comes behind now, and not what was before.
    pub ahead: bool,
    /// Newest first.
    pub latest: bool,
    /// The index.
    pub history: u32,
    /// The values of its attributes.
    pub key: Vec<Slot>,
}

/// Which events an index has: of some kinds, with known values of some attributes, by the values of others.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyed {
    /// The kinds.
    pub ty: Type,
    /// The attributes that have one value.
    pub consts: Vec<(AttrId, Val)>,
    /// The attributes that it is indexed by.
    pub attrs: Vec<AttrId>,
}

/// An index of events, and what is read from it.
#[derive(Clone, Debug)]
pub struct HistoryInfo {
    /// Which events.
    pub keyed: Keyed,
    /// How far back each of its readers looks.
    pub needs: Vec<Need>,
}

/// How far back a reader of an index looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// So many microseconds.
    Within(i64),
    /// To the latest event of a key, however old.
    Latest,
    /// To the beginning.
    All,
}

/// A state cell: what an aggregate (or `consecutive`) over a window keeps for each key, so that no event is looked at twice.
#[derive(Clone, Debug)]
pub struct CellInfo {
    /// Which events.
    pub keyed: Keyed,
    /// How many slots the frame has that `own`, `value` and a formula of `form` read.
    pub slots: u32,
    /// The slot of an event.
    pub event: Slot,
    /// Whether an event counts: it reads only the event.
    pub own: Block,
    /// What it is worth.
    pub value: Option<Computed>,
    /// What is made of them.
    pub form: CellForm,
    /// The window.
    pub within: Option<i64>,
    /// The window, by calendar.
    pub per: Option<(Calendar, Arc<str>)>,
    /// Where it stands.
    pub place: Place,
}

/// What a cell makes of its events.
#[derive(Clone, Debug)]
pub enum CellForm {
    /// An aggregate.
    Fold(Aggregate),
    /// How many in a row, from the newest back, the formula is true of.
    Run(Formula),
}

/// Where a plan reads a cell.
#[derive(Clone, Debug)]
pub struct CellUse {
    /// Its number.
    pub cell: u32,
    /// Steps that bind the key.
    pub before: Block,
    /// The key.
    pub key: Vec<Slot>,
    /// The event from which it is seen.
    pub now: Slot,
}

/// How a counted quantifier compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountTest {
    /// Exactly so many.
    Exactly(u64),
    /// At least so many.
    AtLeast(u64),
    /// At most so many.
    AtMost(u64),
}

/// A formula.
#[derive(Clone, Debug)]
pub enum Formula {
    /// True or false.
    Const(bool),
    /// All of them.
    And(Vec<Formula>),
    /// Any of them.
    Or(Vec<Formula>),
    /// Not it.
    Not(Box<Formula>),
    /// A scalar truth value.
    Test(Computed),
    /// Whether the block has a binding.
    Exists(Block),
    /// It, in the world before.
    Was(Box<Formula>),
    /// Where it is true is known beforehand: a verdict.
    Known(usize),
    /// What was decided about an event: by the policy of that number, or by all.
    Decided(Effect, Option<u32>, Computed),
    /// How many distinct bindings the block has.
    Counted {
        /// How many there must be.
        test: CountTest,
        /// Binds the binders.
        block: Block,
        /// The binders' slots.
        binders: Vec<Slot>,
        /// Whether the block may give one binding twice.
        repeats: bool,
    },
}

/// A clause, ready to run: for a relation the head is inserted, for a value rule the value too.
#[derive(Clone, Debug)]
pub struct ClausePlan {
    /// The relation it adds to.
    pub relation: RelId,
    /// How many slots the frame has.
    pub slots: u32,
    /// Binds the head.
    pub block: Block,
    /// The same in other orders, that do not begin with the delta: better where the delta is large.
    pub others: Vec<Block>,
    /// The head.
    pub head: Vec<Slot>,
    /// The value, for a value rule.
    pub value: Option<Computed>,
    /// What the head and the value mention.
    pub shown: Vec<Slot>,
    /// Whether it begins with a delta: then it runs in every round, else only in the first.
    pub delta: Option<RelId>,
    /// The clause.
    pub place: Place,
}

/// A mechanism, ready to run.
#[derive(Clone, Debug)]
pub struct MechanismPlan {
    /// The attribute.
    pub attr: AttrId,
    /// The kind.
    pub kind: KindId,
    /// How many slots the frame has; `self` is slot 0.
    pub slots: u32,
    /// The value.
    pub value: Computed,
    /// The item.
    pub place: Place,
}

/// What is evaluated together.
#[derive(Clone, Debug, Default)]
pub struct StratumPlan {
    /// Clauses of its rules.
    pub clauses: Vec<ClausePlan>,
    /// Its mechanisms.
    pub mechanisms: Vec<MechanismPlan>,
    /// Its relations.
    pub relations: Vec<RelId>,
}

/// Rules that are evaluated at one event after another: the first parameter of each clause is the event.
#[derive(Clone, Debug, Default)]
pub struct TimedPlan {
    /// The clauses of each rule, in the order in which they are evaluated at an event.
    pub rules: Vec<(RelId, Vec<ClausePlan>)>,
}

/// A part of a message.
#[derive(Clone, Debug)]
pub enum MessagePart {
    /// As it stands.
    Literal(Arc<str>),
    /// A value.
    Value(Scalar),
}

/// A message: steps, then parts.
#[derive(Clone, Debug)]
pub struct MessagePlan {
    /// Binds what the parts read.
    pub block: Block,
    /// In order.
    pub parts: Vec<MessagePart>,
}

/// A path of a violation, to be shown.
#[derive(Clone, Debug)]
pub struct WitnessPlan {
    /// The path.
    pub path: Arc<super::path::Automaton>,
    /// From.
    pub from: Scalar,
    /// To.
    pub to: Scalar,
}

/// A demand clause of an invariant.
#[derive(Clone, Debug)]
pub struct DemandPlan {
    /// Binds a violation (of a `never`), to the right of the scope's bindings; or what must hold.
    pub form: DemandPlanForm,
    /// The slots of a violation's binding, with names.
    pub binding: Vec<(Arc<str>, Slot)>,
    /// Slots of `let`s, kept with a violation for its message.
    pub kept: Vec<Slot>,
    /// The kinds that a `never` without scope names.
    pub kinds: Vec<KindId>,
    /// Its message.
    pub message: Option<MessagePlan>,
    /// Paths to show.
    pub witness: Vec<WitnessPlan>,
    /// The clause.
    pub place: Place,
}

/// The two forms.
#[derive(Clone, Debug)]
pub enum DemandPlanForm {
    /// Each binding is a violation.
    Never(Block),
    /// Each binding of the scope for which it is not true is a violation.
    Require(Formula),
}

/// An invariant, ready to run.
#[derive(Clone, Debug)]
pub struct InvariantPlan {
    /// How many slots the frame has.
    pub slots: u32,
    /// The scope: a block and its binders, if there is one.
    pub scope: Option<(Block, Vec<Slot>)>,
    /// `let`s: run behind the scope's binding.
    pub lets: Block,
    /// The clauses.
    pub clauses: Vec<DemandPlan>,
    /// The item.
    pub place: Place,
}

/// A query, ready to run.
#[derive(Clone, Debug)]
pub struct QueryPlan {
    /// How many slots the frame has.
    pub slots: u32,
    /// Binds the columns.
    pub block: Block,
    /// The columns.
    pub columns: Vec<(Arc<str>, Slot)>,
}
