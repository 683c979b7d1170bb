//! The codes of syntax, 01xx. Every one has a page in docs/errors; `explain.rs` and the builders make the diagnostics.
use crate::base::Code;

/// Something stands where the grammar allows something else.
pub const UNEXPECTED: Code = Code::new(101, "unexpected");
/// A bracket that is never closed.
pub const UNCLOSED: Code = Code::new(102, "unclosed-bracket");
/// A bracket that is closed by another, or closes nothing.
pub const MISMATCHED: Code = Code::new(103, "mismatched-bracket");
/// Brackets, quantifiers or operators nested beyond the limit.
pub const TOO_DEEP: Code = Code::new(104, "nested-too-deeply");
/// A line outside any item that begins with no item word.
pub const UNKNOWN_ITEM: Code = Code::new(105, "unknown-item");
/// A reserved word where a name must stand.
pub const RESERVED_NAME: Code = Code::new(106, "reserved-word-as-name");
/// `=` where `==` was meant.
pub const SINGLE_EQUALS: Code = Code::new(107, "single-equals");
/// An operator of another language.
pub const FOREIGN_OPERATOR: Code = Code::new(108, "foreign-operator");
/// A text, or a name in backticks, that does not end on its line.
pub const UNTERMINATED: Code = Code::new(109, "unterminated-text");
/// Text in single quotes.
pub const SINGLE_QUOTES: Code = Code::new(110, "single-quotes");
/// A number with something behind it that is no unit.
pub const BAD_NUMBER: Code = Code::new(111, "bad-number");
/// A number that does not fit.
pub const NUMBER_RANGE: Code = Code::new(112, "number-out-of-range");
/// A backslash with something behind it that is no escape.
pub const BAD_ESCAPE: Code = Code::new(113, "bad-escape");
/// An instant that is none.
pub const BAD_INSTANT: Code = Code::new(114, "bad-instant");
/// A number where a duration must stand.
pub const NO_UNIT: Code = Code::new(115, "duration-without-unit");
/// A built-in called as a method.
pub const METHOD_CALL: Code = Code::new(116, "method-call");
/// A construct of another language.
pub const FOREIGN_SYNTAX: Code = Code::new(117, "foreign-syntax");
/// `<-` where `< -` was meant, or an arrow with two heads.
pub const ARROW_OR_LESS: Code = Code::new(118, "arrow-or-less");
/// Comparisons in a chain.
pub const CHAINED: Code = Code::new(119, "chained-comparison");
/// A formula as an operand of something that binds tighter.
pub const NEEDS_PARENTHESES: Code = Code::new(120, "needs-parentheses");
/// A message with no demand before it, or a second one.
pub const MISPLACED_MESSAGE: Code = Code::new(121, "misplaced-message");
/// `every` without `satisfies`, or `satisfies` behind another quantifier.
pub const SATISFIES: Code = Code::new(122, "satisfies");
/// Braces in a message that hold no expression.
pub const BAD_MESSAGE: Code = Code::new(123, "bad-message");
/// A field that stands twice.
pub const REPEATED: Code = Code::new(124, "repeated");
/// `f(… for …)` where `f` is no aggregate, or has the wrong arguments for one.
pub const BAD_AGGREGATE: Code = Code::new(125, "bad-aggregate");
/// Bounds that contradict each other.
pub const BAD_BOUNDS: Code = Code::new(126, "bad-bounds");
/// A severity that is none.
pub const BAD_SEVERITY: Code = Code::new(127, "bad-severity");
/// An edit of something that cannot be edited so.
pub const BAD_EDIT: Code = Code::new(128, "bad-edit");
/// A character that has no meaning in dbm.
pub const UNKNOWN_CHARACTER: Code = Code::new(129, "unknown-character");
/// A clause of an item that is given twice where it may stand once.
pub const TWICE: Code = Code::new(130, "given-twice");
/// More tokens than a program may have.
pub const TOO_LARGE: Code = Code::new(131, "program-too-large");
/// The grammar and a builder disagree: a mistake of dbm.
pub const INTERNAL: Code = Code::new(199, "internal-syntax");

/// All codes of syntax.
pub const ALL: &[Code] = &[
    UNEXPECTED,
    UNCLOSED,
    MISMATCHED,
    TOO_DEEP,
    UNKNOWN_ITEM,
    RESERVED_NAME,
    SINGLE_EQUALS,
    FOREIGN_OPERATOR,
    UNTERMINATED,
    SINGLE_QUOTES,
    BAD_NUMBER,
    NUMBER_RANGE,
    BAD_ESCAPE,
    BAD_INSTANT,
    NO_UNIT,
    METHOD_CALL,
    FOREIGN_SYNTAX,
    ARROW_OR_LESS,
    CHAINED,
    NEEDS_PARENTHESES,
    MISPLACED_MESSAGE,
    SATISFIES,
    BAD_MESSAGE,
    REPEATED,
    BAD_AGGREGATE,
    BAD_BOUNDS,
    BAD_SEVERITY,
    BAD_EDIT,
    UNKNOWN_CHARACTER,
    TWICE,
    TOO_LARGE,
    INTERNAL,
];
