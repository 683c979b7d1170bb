//! The codes of semantics: names (02xx), types (03xx), scope and strata (04xx), lints (08xx). Used by every check, crossed with the pages by tests.
use crate::base::Code;

/// A name that nothing declares or binds.
pub const UNKNOWN_NAME: Code = Code::new(201, "unknown-name");
/// A call of a function that is not there.
pub const UNKNOWN_FUNCTION: Code = Code::new(202, "unknown-function");
/// A kind or type that is not declared.
pub const UNKNOWN_KIND: Code = Code::new(203, "unknown-kind");
/// An attribute that the kind does not have.
pub const UNKNOWN_ATTRIBUTE: Code = Code::new(204, "unknown-attribute");
/// An invariant, policy or rule that a demand names and that is not there.
pub const UNKNOWN_DEMAND: Code = Code::new(205, "unknown-demand");
/// A module of `std` that is not there.
pub const UNKNOWN_MODULE: Code = Code::new(206, "unknown-module");
/// A name that the imported module does not have.
pub const UNKNOWN_IMPORT: Code = Code::new(207, "unknown-import");
/// One name for two things.
pub const DUPLICATE_NAME: Code = Code::new(208, "duplicate-name");
/// Files that import each other.
pub const IMPORT_CYCLE: Code = Code::new(209, "import-cycle");
/// A file that cannot be imported.
pub const IMPORT_FAILED: Code = Code::new(210, "import-failed");
/// A name of the wrong sort: a kind where a value stands, a rule behind `holds`.
pub const WRONG_SORT: Code = Code::new(211, "wrong-sort-of-name");
/// A kind that is its own ancestor.
pub const INHERITANCE_CYCLE: Code = Code::new(212, "inheritance-cycle");
/// An attribute that a kind above declares already.
pub const ATTRIBUTE_REDECLARED: Code = Code::new(213, "attribute-redeclared");
/// An attribute with the name of a field that every element has.
pub const RESERVED_ATTRIBUTE: Code = Code::new(214, "reserved-attribute");
/// An edge kind or rule in an arrow that is not there.
pub const UNKNOWN_RELATION: Code = Code::new(215, "unknown-relation");

/// A value of one type where another is needed.
pub const TYPE_MISMATCH: Code = Code::new(301, "type-mismatch");
/// A value that may be absent where it must be there.
pub const ABSENT_VALUE: Code = Code::new(302, "absent-value");
/// Too many or too few arguments, or ones that the function cannot take.
pub const WRONG_ARGUMENTS: Code = Code::new(303, "wrong-arguments");
/// A comparison that can never be true.
pub const NEVER_EQUAL: Code = Code::new(304, "never-equal");
/// An atom, arrow or `is` that nothing can ever fit.
pub const NEVER_FITS: Code = Code::new(305, "never-fits");
/// A value where a formula is needed.
pub const NOT_A_FORMULA: Code = Code::new(306, "not-a-formula");
/// A computed value where a constant is needed.
pub const CONSTANT_NEEDED: Code = Code::new(307, "constant-needed");
/// A constant that is not within the bounds of its type.
pub const OUT_OF_BOUNDS: Code = Code::new(308, "out-of-bounds");
/// A pattern that is no regular expression.
pub const BAD_PATTERN: Code = Code::new(309, "bad-pattern");
/// A Json used where the type must be known.
pub const JSON_NEEDS_TYPE: Code = Code::new(310, "json-needs-type");
/// A type that cannot stand here.
pub const MISPLACED_TYPE: Code = Code::new(311, "misplaced-type");
/// Clauses of one rule that do not go together.
pub const CLAUSES_DIFFER: Code = Code::new(312, "clauses-differ");
/// An edge variable on more than one step, or on a rule.
pub const EDGE_VARIABLE: Code = Code::new(313, "edge-variable");
/// A rule in an arrow that has not two parameters.
pub const NOT_BINARY: Code = Code::new(314, "not-binary");
/// An `add` without an attribute that has to be there.
pub const MISSING_ATTRIBUTE: Code = Code::new(315, "missing-attribute");
/// Bounds that hold nothing.
pub const EMPTY_RANGE: Code = Code::new(316, "empty-range");
/// An operator that the types of its operands do not have.
pub const BAD_OPERANDS: Code = Code::new(317, "bad-operands");
/// A cast that can never succeed.
pub const BAD_CAST: Code = Code::new(318, "bad-cast");
/// A parameter whose type is not known.
pub const UNTYPED_PARAMETER: Code = Code::new(319, "untyped-parameter");
/// A mechanism that cannot be one.
pub const BAD_MECHANISM: Code = Code::new(320, "bad-mechanism");
/// A value that cannot be ranged over.
pub const NOT_RANGEABLE: Code = Code::new(321, "not-rangeable");
/// An edit that cannot be made.
pub const BAD_EDIT: Code = Code::new(322, "impossible-edit");
/// A method call: functions stand before their arguments.
pub const METHOD_CALL: Code = Code::new(323, "no-such-method");

/// A variable bound only under `not` or `implies`.
pub const BOUND_UNDER_NOT: Code = Code::new(401, "bound-under-not");
/// A variable used outside of the scope that binds it.
pub const OUT_OF_SCOPE: Code = Code::new(402, "out-of-scope");
/// A variable that is bound only further to the right.
pub const BOUND_LATER: Code = Code::new(403, "bound-later");
/// A call of a function with an argument that nothing binds.
pub const UNBOUND_ARGUMENT: Code = Code::new(404, "unbound-argument");
/// `_` where a value is needed.
pub const MISPLACED_WILDCARD: Code = Code::new(405, "misplaced-wildcard");
/// A word of time where there is no now.
pub const NO_NOW: Code = Code::new(406, "no-now");
/// A window that cannot stand here, or has no constant length.
pub const BAD_WINDOW: Code = Code::new(407, "bad-window");
/// `was` or `stable` where there is no world before.
pub const NO_WORLD_BEFORE: Code = Code::new(408, "no-world-before");
/// A word about demands where none can stand.
pub const MISPLACED_VERDICT: Code = Code::new(409, "misplaced-verdict");
/// `in … worlds` or `in … candidates` where it cannot stand.
pub const MISPLACED_SHARE: Code = Code::new(410, "misplaced-share");
/// A clause that cannot stand here.
pub const MISPLACED_CLAUSE: Code = Code::new(411, "misplaced-clause");
/// An effect on an event that dbm only hears of.
pub const OBSERVED_EFFECT: Code = Code::new(412, "observed-effect");
/// A question about the structure where there is none.
pub const NO_STRUCTURE: Code = Code::new(413, "no-structure");
/// A candidate's formula that uses a variable from outside.
pub const NOT_CLOSED: Code = Code::new(414, "not-closed");
/// Negation or counting through recursion.
pub const NOT_STRATIFIED: Code = Code::new(420, "not-stratified");
/// A recursive value that does not only improve.
pub const NOT_IMPROVING: Code = Code::new(421, "not-improving");
/// A recursive value rule without `min`, `max`, `any` or `all`.
pub const PLAIN_RECURSION: Code = Code::new(422, "plain-value-recursion");
/// A recursive clause that makes new values.
pub const RECURSION_BUILDS: Code = Code::new(423, "recursion-builds-a-value");
/// A mechanism that uses a rule that depends on it.
pub const MECHANISM_CYCLE: Code = Code::new(424, "mechanism-through-rule");
/// A function that calls itself.
pub const FUNCTION_RECURSION: Code = Code::new(425, "recursive-function");

/// A variable that occurs once.
pub const SINGLE_USE: Code = Code::new(801, "single-use");
/// `x has a` where it always has.
pub const ALWAYS_THERE: Code = Code::new(802, "always-there");
/// A binder with the name of a variable around it.
pub const SHADOWED: Code = Code::new(803, "shadowed");
/// `default permit`.
pub const DEFAULT_PERMIT: Code = Code::new(804, "default-permit");
/// A condition that is always true or always false.
pub const CONSTANT_CONDITION: Code = Code::new(805, "constant-condition");
/// A rule, demand or intervention that can do nothing.
pub const IDLE: Code = Code::new(806, "idle");

/// A pattern that hardly means what it seems to.
pub const MISLEADING_PATTERN: Code = Code::new(807, "misleading-pattern");
/// Comparisons of one value of which never both are true.
pub const CONTRADICTION: Code = Code::new(808, "contradiction");
/// A comment that allows a warning that is not there.
pub const IDLE_ALLOW: Code = Code::new(809, "idle-allow");

/// Braces in a title, where nothing is replaced.
pub const TITLE_BRACES: Code = Code::new(810, "braces-in-title");

/// A text that nothing else knows, near one that is known.
pub const STRAY_TEXT: Code = Code::new(811, "stray-text");
/// A clause of a policy that another one makes pointless.
pub const SHADOWED_CLAUSE: Code = Code::new(812, "shadowed-clause");
/// A refusal whose message says that it can be approved.
pub const PROMISED_APPROVAL: Code = Code::new(813, "promised-approval");
/// A pattern that allows, and is not anchored.
pub const OPEN_PATTERN: Code = Code::new(814, "open-pattern");

/// The warnings that a comment can allow.
pub const LINTS: &[Code] = &[
    SINGLE_USE,
    ALWAYS_THERE,
    SHADOWED,
    DEFAULT_PERMIT,
    CONSTANT_CONDITION,
    IDLE,
    MISLEADING_PATTERN,
    CONTRADICTION,
    TITLE_BRACES,
    STRAY_TEXT,
    SHADOWED_CLAUSE,
    PROMISED_APPROVAL,
    OPEN_PATTERN,
];

/// All of them.
pub const ALL: &[Code] = &[
    UNKNOWN_NAME,
    UNKNOWN_FUNCTION,
    UNKNOWN_KIND,
    UNKNOWN_ATTRIBUTE,
    UNKNOWN_DEMAND,
    UNKNOWN_MODULE,
    UNKNOWN_IMPORT,
    DUPLICATE_NAME,
    IMPORT_CYCLE,
    IMPORT_FAILED,
    WRONG_SORT,
    INHERITANCE_CYCLE,
    ATTRIBUTE_REDECLARED,
    RESERVED_ATTRIBUTE,
    UNKNOWN_RELATION,
    TYPE_MISMATCH,
    ABSENT_VALUE,
    WRONG_ARGUMENTS,
    NEVER_EQUAL,
    NEVER_FITS,
    NOT_A_FORMULA,
    CONSTANT_NEEDED,
    OUT_OF_BOUNDS,
    BAD_PATTERN,
    JSON_NEEDS_TYPE,
    MISPLACED_TYPE,
    CLAUSES_DIFFER,
    EDGE_VARIABLE,
    NOT_BINARY,
    MISSING_ATTRIBUTE,
    EMPTY_RANGE,
    BAD_OPERANDS,
    BAD_CAST,
    UNTYPED_PARAMETER,
    BAD_MECHANISM,
    NOT_RANGEABLE,
    BAD_EDIT,
    METHOD_CALL,
    BOUND_UNDER_NOT,
    OUT_OF_SCOPE,
    BOUND_LATER,
    UNBOUND_ARGUMENT,
    MISPLACED_WILDCARD,
    NO_NOW,
    BAD_WINDOW,
    NO_WORLD_BEFORE,
    MISPLACED_VERDICT,
    MISPLACED_SHARE,
    MISPLACED_CLAUSE,
    OBSERVED_EFFECT,
    NO_STRUCTURE,
    NOT_CLOSED,
    NOT_STRATIFIED,
    NOT_IMPROVING,
    PLAIN_RECURSION,
    RECURSION_BUILDS,
    MECHANISM_CYCLE,
    FUNCTION_RECURSION,
    SINGLE_USE,
    ALWAYS_THERE,
    SHADOWED,
    DEFAULT_PERMIT,
    CONSTANT_CONDITION,
    IDLE,
    MISLEADING_PATTERN,
    CONTRADICTION,
    IDLE_ALLOW,
    TITLE_BRACES,
    STRAY_TEXT,
    SHADOWED_CLAUSE,
    PROMISED_APPROVAL,
    OPEN_PATTERN,
];

/// Names for a sentence: `a`, `b` and `c`; cut after eight.
pub fn list<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<String> = names.iter().take(8).map(|n| format!("`{}`", n.as_ref())).collect();
    if names.len() > 8 {
        return format!("{} and {} more", quoted.join(", "), names.len() - 8);
    }
    match quoted.as_slice() {
        [] => "none".into(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
