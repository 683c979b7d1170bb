//! Lossless tokens: every byte of a text belongs to one. Read by the splitter, by messages, highlighting and `dump`.
use crate::base::Span;
use logos::Logos;

pub use crate::base::name::RESERVED;

/// The words that begin an item.
pub const ITEM_WORDS: [&str; 16] = [
    "import",
    "param",
    "node",
    "edge",
    "event",
    "observed",
    "open",
    "reader",
    "rule",
    "mechanism",
    "invariant",
    "intervention",
    "policy",
    "default",
    "prefer",
    "test",
];

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where, in the whole text.
    pub span: Span,
}

impl Token {
    /// Its text.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.span.start as usize..self.span.end as usize).unwrap_or("")
    }
}

/// The kinds of tokens. Those from `AndAnd` on are no part of dbm: they are told apart so that messages can say what to write.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// White space.
    #[regex(r"[ \t\r\n\u{FEFF}]+")]
    Space,
    /// `// …`, also four slashes or more.
    #[regex(r"//[^\n]*", allow_greedy = true, priority = 3)]
    Comment,
    /// `/// …`: documents the next item or attribute.
    #[regex(r"///([^/\n][^\n]*)?", allow_greedy = true, priority = 20)]
    Doc,
    /// `//! …`: documents the file.
    #[regex(r"//![^\n]*", allow_greedy = true, priority = 20)]
    FileDoc,
    /// An identifier that is not reserved (also a word that is a keyword only in its place).
    #[regex(r"[\p{XID_Start}_]\p{XID_Continue}*", priority = 2)]
    Ident,
    /// A reserved word.
    Reserved,
    /// A name in backticks.
    #[regex(r"`[^`\n]+`")]
    Quoted,
    /// `_`
    #[token("_", priority = 20)]
    Wildcard,
    /// `42`, `1_000`
    #[regex(r"[0-9]+(_[0-9]+)*", priority = 20)]
    Int,
    /// `0.5`, `1e-3`
    #[regex(r"[0-9]+(_[0-9]+)*(\.[0-9]+(_[0-9]+)*([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)", priority = 20)]
    Float,
    /// `30s`
    #[regex(r"[0-9]+(_[0-9]+)*(us|ms|s|m|h|d)", priority = 20)]
    Duration,
    /// `@2026-01-03T10:00:00Z`
    #[regex(r"@[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?", priority = 20)]
    Instant,
    /// `"text"`
    #[regex(r#""(\\[^\n]|[^"\\\n])*""#)]
    Text,
    /// `r"raw"`
    #[regex(r#"r"[^"\n]*""#)]
    RawText,
    /// `(`
    #[token("(")]
    ParenOpen,
    /// `)`
    #[token(")")]
    ParenClose,
    /// `[`
    #[token("[")]
    BracketOpen,
    /// `]`
    #[token("]")]
    BracketClose,
    /// `{`
    #[token("{")]
    BraceOpen,
    /// `}`
    #[token("}")]
    BraceClose,
    /// `,`
    #[token(",")]
    Comma,
    /// `:`
    #[token(":")]
    Colon,
    /// `.`
    #[token(".")]
    Dot,
    /// `..`
    #[token("..")]
    Dots,
    /// `->`
    #[token("->")]
    ArrowHead,
    /// `<-`: one token, so `a < -b` needs its space.
    #[token("<-")]
    ArrowTail,
    /// `-`
    #[token("-")]
    Minus,
    /// `+`
    #[token("+")]
    Plus,
    /// `++`
    #[token("++")]
    PlusPlus,
    /// `*`
    #[token("*")]
    Star,
    /// `/`
    #[token("/")]
    Slash,
    /// `%`
    #[token("%")]
    Percent,
    /// `?`
    #[token("?")]
    Question,
    /// `??`
    #[token("??")]
    Coalesce,
    /// `=`
    #[token("=")]
    Equals,
    /// `==`
    #[token("==")]
    EqualsEquals,
    /// `!=`
    #[token("!=")]
    NotEquals,
    /// `<`
    #[token("<")]
    Less,
    /// `<=`
    #[token("<=")]
    LessEquals,
    /// `>`
    #[token(">")]
    Greater,
    /// `>=`
    #[token(">=")]
    GreaterEquals,
    /// `|`
    #[token("|")]
    Pipe,
    /// `~`
    #[token("~")]
    Tilde,

    /// `&&`
    #[token("&&")]
    AndAnd,
    /// `||`
    #[token("||")]
    OrOr,
    /// `!`
    #[token("!")]
    Bang,
    /// `:-`
    #[token(":-")]
    ColonDash,
    /// `=>`
    #[token("=>")]
    FatArrow,
    /// `===`
    #[token("===")]
    TripleEquals,
    /// `<>`
    #[token("<>")]
    Diamond,
    /// `;`
    #[token(";")]
    Semicolon,
    /// `/* … */`, or to the end if it is not closed
    #[token("/*", |lex| rest_of_comment(lex))]
    BlockComment,
    /// `'text'`
    #[regex(r"'[^'\n]*'")]
    SingleQuoted,
    /// A number with something behind it that is no unit: `10min`, `1_`
    #[regex(r"[0-9][0-9_]*\p{XID_Continue}*", priority = 1)]
    #[regex(r"[0-9][0-9_]*\.[0-9]\p{XID_Continue}*", priority = 1)]
    BadNumber,
    /// `@` and what is no instant
    #[regex(r"@[0-9A-Za-z:.+-]*", priority = 1)]
    BadInstant,
    /// `"text` without its end, to the end of the line
    #[regex(r#"r?"(\\[^\n]|[^"\\\n])*\\?"#, allow_greedy = true, priority = 1)]
    OpenText,
    /// a backtick without its end, to the end of the line
    #[regex(r"`[^`\n]*", priority = 1)]
    OpenQuoted,
    /// Any other character.
    Unknown,
}

fn rest_of_comment(lex: &mut logos::Lexer<'_, TokenKind>) {
    let rest = lex.remainder();
    lex.bump(rest.find("*/").map_or(rest.len(), |i| i + 2));
}

impl TokenKind {
    /// Whether the grammar does not see it: white space, comments and docs.
    pub fn is_trivia(self) -> bool {
        matches!(self, TokenKind::Space | TokenKind::Comment | TokenKind::Doc | TokenKind::FileDoc)
    }
    /// Whether it opens a bracket.
    pub fn is_open(self) -> bool {
        matches!(self, TokenKind::ParenOpen | TokenKind::BracketOpen | TokenKind::BraceOpen)
    }
    /// The bracket that opens what this one closes.
    pub fn opener(self) -> Option<TokenKind> {
        match self {
            TokenKind::ParenClose => Some(TokenKind::ParenOpen),
            TokenKind::BracketClose => Some(TokenKind::BracketOpen),
            TokenKind::BraceClose => Some(TokenKind::BraceOpen),
            _ => None,
        }
    }
    /// The text of the bracket that closes this one.
    pub fn closer(self) -> &'static str {
        match self {
            TokenKind::ParenOpen => ")",
            TokenKind::BracketOpen => "]",
            _ => "}",
        }
    }
    /// Whether an expression, a declaration or a clause can end with it.
    pub fn can_end(self) -> bool {
        use TokenKind::*;
        matches!(
            self,
            Ident
                | Quoted
                | Wildcard
                | Int
                | Float
                | Duration
                | Instant
                | Text
                | RawText
                | ParenClose
                | BracketClose
                | BraceClose
                | Question
                | SingleQuoted
                | BadNumber
                | BadInstant
                | OpenText
                | OpenQuoted
                | Semicolon
                | Unknown
        )
    }
    /// Whether it can stand for a name.
    pub fn is_name(self) -> bool {
        matches!(self, TokenKind::Ident | TokenKind::Quoted)
    }
}

/// The tokens of a text, in order and without gaps.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(text.len() / 4);
    for (kind, range) in TokenKind::lexer(text).spanned() {
        let span = Span::new(range.start, range.end);
        let slice = text.get(range).unwrap_or("");
        let kind = match kind {
            Ok(TokenKind::Ident) if is_reserved(slice) => TokenKind::Reserved,
            Ok(kind) => kind,
            Err(()) => TokenKind::Unknown,
        };
        match out.last_mut() {
            Some(last) if kind == TokenKind::Unknown && last.kind == kind && last.span.end == span.start => {
                last.span.end = span.end
            }
            _ => out.push(Token { kind, span }),
        }
    }
    out
}

/// Whether a word is reserved everywhere.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        tokens(text).into_iter().filter(|t| t.kind != TokenKind::Space).map(|t| (t.kind, t.text(text))).collect()
    }

    #[test]
    fn tokens_are_lossless() {
        for text in ["", "a <-calls- b // x", "\"open\nnode", "`a\nb", "/* x", "€€ é 1__2 @ @2026", "r\"a", "'a", "\"\\"] {
            let joined: String = tokens(text).iter().map(|t| t.text(text)).collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn tokens_that_look_alike() {
        use TokenKind::*;
        assert_eq!(kinds("1..3"), [(Int, "1"), (Dots, ".."), (Int, "3")]);
        assert_eq!(kinds("0.0..1.0"), [(Float, "0.0"), (Dots, ".."), (Float, "1.0")]);
        assert_eq!(kinds("a < -b"), [(Ident, "a"), (Less, "<"), (Minus, "-"), (Ident, "b")]);
        assert_eq!(kinds("a <-b-"), [(Ident, "a"), (ArrowTail, "<-"), (Ident, "b"), (Minus, "-")]);
        assert_eq!(kinds("-_->"), [(Minus, "-"), (Wildcard, "_"), (ArrowHead, "->")]);
        assert_eq!(
            kinds("_x 30s 10min 1_ 1e-3"),
            [(Ident, "_x"), (Duration, "30s"), (BadNumber, "10min"), (BadNumber, "1_"), (Float, "1e-3")]
        );
        assert_eq!(kinds("nothing not r"), [(Ident, "nothing"), (Reserved, "not"), (Ident, "r")]);
        assert_eq!(
            kinds("// a\n/// b\n//// c\n//! d\n///"),
            [(Comment, "// a"), (Doc, "/// b"), (Comment, "//// c"), (FileDoc, "//! d"), (Doc, "///")]
        );
        assert_eq!(kinds("@2026-01-03T10:00:00Z @x"), [(Instant, "@2026-01-03T10:00:00Z"), (BadInstant, "@x")]);
        assert_eq!(kinds("r\"\\d\" \"a\\\"b\" \"x"), [(RawText, "r\"\\d\""), (Text, "\"a\\\"b\""), (OpenText, "\"x")]);
        assert_eq!(
            kinds("== = => === ! != <>"),
            [
                (EqualsEquals, "=="),
                (Equals, "="),
                (FatArrow, "=>"),
                (TripleEquals, "==="),
                (Bang, "!"),
                (NotEquals, "!="),
                (Diamond, "<>"),
            ]
        );
    }
}
