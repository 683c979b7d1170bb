//! Reading JSON text: strict, linear, bounded in depth, with every mistake at its byte. Under `json`, which adds the lazy values.
use super::expression::{Fault, FaultKind};
use super::value::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// How deep JSON may nest.
pub const DEPTH: usize = 128;

/// What is wrong with a JSON text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The byte of the text.
    pub at: usize,
    /// For a key that stands twice, where it stood first.
    pub first: Option<usize>,
    /// What is wrong: lower case, no final stop.
    pub text: String,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
impl std::error::Error for Malformed {}

impl From<Malformed> for Fault {
    fn from(m: Malformed) -> Fault {
        Fault::new(FaultKind::Cast, m.text)
    }
}

type Read<T> = Result<T, Malformed>;

/// A cursor over JSON text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    /// The next byte.
    pub at: usize,
    end: usize,
}

impl<'a> Scanner<'a> {
    /// Reads the bytes `start..end`; positions count from the beginning of the text.
    pub fn new(text: &'a str, start: usize, end: usize) -> Self {
        Scanner { text, at: start, end: end.min(text.len()) }
    }
    fn peek(&self) -> Option<u8> {
        if self.at < self.end { self.text.as_bytes().get(self.at).copied() } else { None }
    }
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }
    /// Skips white space and shows the next byte.
    pub fn next(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }
    fn wrong(&self, at: usize, text: impl Into<String>) -> Malformed {
        Malformed { at, first: None, text: text.into() }
    }
    fn expected(&self, what: &str) -> Malformed {
        let rest = self.slice(self.at.min(self.end), self.end);
        match rest.chars().next() {
            Some(c) => self.wrong(self.at, format!("expected {what}, found `{}`", c.escape_debug())),
            None => self.wrong(self.at, format!("expected {what}, but the JSON ends here")),
        }
    }
    /// Takes one punctuation byte.
    pub fn take(&mut self, byte: u8, what: &str) -> Read<()> {
        if self.next() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.expected(what))
        }
    }
    /// The end of the text must be here.
    pub fn finish(&mut self) -> Read<()> {
        match self.next() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the JSON")),
        }
    }
    /// After an item: true if another follows, false behind the closing byte.
    fn more(&mut self, close: u8, what: &str) -> Read<bool> {
        match self.next() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(b) if b == close => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.expected(what)),
        }
    }
    /// Behind an opening byte: whether it closes at once.
    fn empty(&mut self, close: u8) -> bool {
        let empty = self.next() == Some(close);
        self.at += usize::from(empty);
        empty
    }

    /// Visits the items of the list that begins here; `each` reads one.
    pub fn items(&mut self, mut each: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.take(b'[', "`[`")?;
        if self.empty(b']') {
            return Ok(());
        }
        loop {
            self.next();
            each(self)?;
            if !self.more(b']', "`,` or `]`")? {
                return Ok(());
            }
        }
    }
    /// Visits the fields of the object that begins here; `each` gets a key and its place and reads the value, and says whether to go on.
    pub fn fields(&mut self, mut each: impl FnMut(&mut Self, Cow<'a, str>, usize) -> Read<bool>) -> Read<()> {
        self.take(b'{', "`{`")?;
        if self.empty(b'}') {
            return Ok(());
        }
        loop {
            self.next();
            let at = self.at;
            let key = self.string("a key in quotes")?;
            self.take(b':', "`:`")?;
            self.next();
            if !each(self, key, at)? || !self.more(b'}', "`,` or `}`")? {
                return Ok(());
            }
        }
    }

    /// The text that begins here.
    pub fn string(&mut self, what: &str) -> Read<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return Err(self.expected(what));
        }
        let open = self.at;
        self.at += 1;
        let mut owned: Option<String> = None;
        let mut from = self.at;
        loop {
            match self.peek() {
                None => return Err(self.wrong(open, "this text has no closing quote")),
                Some(b'"') => {
                    let tail = self.slice(from, self.at);
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(tail),
                        Some(s) => Cow::Owned(s + tail),
                    });
                }
                Some(b'\\') => {
                    let s = owned.get_or_insert_default();
                    s.push_str(self.text.get(from..self.at).unwrap_or(""));
                    let c = self.escape()?;
                    if let Some(s) = owned.as_mut() {
                        s.push(c);
                    }
                    from = self.at;
                }
                Some(b) if b < b' ' => {
                    return Err(self.wrong(self.at, format!("a control character (`\\u{b:04x}`) must be escaped in a text")));
                }
                Some(_) => self.at += 1,
            }
        }
    }
    fn escape(&mut self) -> Read<char> {
        let start = self.at;
        self.at += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let high = self.hex4(start)?;
                let code = match high {
                    0xD800..=0xDBFF => {
                        let low = if self.slice(self.at, self.at + 2) == "\\u" && self.at + 6 <= self.end {
                            self.at += 2;
                            self.hex4(start)?
                        } else {
                            0
                        };
                        if !(0xDC00..=0xDFFF).contains(&low) {
                            return Err(self.wrong(start, "half a surrogate pair is no character"));
                        }
                        0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
                    }
                    code => code,
                };
                return char::from_u32(code).ok_or_else(|| self.wrong(start, "half a surrogate pair is no character"));
            }
            _ => return Err(self.wrong(start, "unknown escape in a text")),
        };
        self.at += 1;
        Ok(c)
    }
    fn hex4(&mut self, start: usize) -> Read<u32> {
        let digits = self.slice(self.at, (self.at + 4).min(self.end));
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(self.wrong(start, "`\\u` needs four hex digits"));
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.wrong(start, "`\\u` needs four hex digits"))
    }
    fn digits(&mut self) -> Read<()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.expected("a digit"));
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        Ok(())
    }
    fn number(&mut self) -> Read<&'a str> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        self.digits()?;
        if self.at > first + 1 && self.slice(first, first + 1) == "0" {
            return Err(self.wrong(start, "a number must not begin with 0"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.slice(start, self.at))
    }
    fn word(&mut self, word: &str) -> Read<()> {
        if self.slice(self.at, (self.at + word.len()).min(self.end)) == word {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.expected("a JSON value"))
        }
    }
    fn too_deep(&self) -> Malformed {
        self.wrong(self.at, format!("nested more than {DEPTH} deep"))
    }

    /// Reads the value that begins here.
    pub fn value(&mut self, depth: usize) -> Read<Value> {
        match self.next() {
            Some(b'"') => Ok(Value::text(self.string("a text")?)),
            Some(b'-' | b'0'..=b'9') => {
                let at = self.at;
                let text = self.number()?;
                number(text).map_err(|f| self.wrong(at, f.text))
            }
            Some(b'{' | b'[') if depth >= DEPTH => Err(self.too_deep()),
            Some(b'[') => {
                let mut items = vec![];
                self.items(|s| s.value(depth + 1).map(|v| items.push(v)))?;
                Ok(Value::list(items))
            }
            Some(b'{') => {
                let mut fields: Vec<(Arc<str>, usize, Value)> = vec![];
                self.fields(|s, key, at| {
                    fields.push((key.into(), at, s.value(depth + 1)?));
                    Ok(true)
                })?;
                fields.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
                no_repeats(fields.iter().map(|(key, at, _)| (&**key, *at)))?;
                Ok(Value::Record(fields.into_iter().map(|(key, _, v)| (key, v)).collect()))
            }
            Some(b't') => self.word("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.word("false").map(|()| Value::Bool(false)),
            Some(b'n') => self.word("null").map(|()| Value::None),
            _ => Err(self.expected("a JSON value")),
        }
    }
    /// Checks the value that begins here as strictly as [`Scanner::value`] reads it, without making it.
    pub fn check(&mut self, depth: usize) -> Read<()> {
        match self.next() {
            Some(b'"') => self.string("a text").map(|_| ()),
            Some(b'{' | b'[') if depth >= DEPTH => Err(self.too_deep()),
            Some(b'[') => self.items(|s| s.check(depth + 1)),
            Some(b'{') => {
                let mut keys = vec![];
                self.fields(|s, key, at| {
                    keys.push((key, at));
                    s.check(depth + 1).map(|()| true)
                })?;
                keys.sort();
                no_repeats(keys.iter().map(|(key, at)| (&**key, *at)))
            }
            _ => self.value(depth).map(|_| ()),
        }
    }
    /// Goes past the value that begins here, looking only at brackets and quotes: for text that was checked before.
    pub fn skip(&mut self) -> Read<()> {
        let bytes = self.text.as_bytes();
        let bytes = bytes.get(..self.end).unwrap_or(bytes);
        let mut depth = 0usize;
        self.next();
        let start = self.at;
        while let Some(&b) = bytes.get(self.at) {
            match b {
                b'"' => {
                    self.at += 1;
                    loop {
                        match bytes.get(self.at) {
                            None => return Err(self.expected("a closing quote")),
                            Some(b'"') => break,
                            Some(b'\\') => self.at += 2,
                            Some(_) => self.at += 1,
                        }
                    }
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                b',' | b' ' | b'\n' | b'\t' | b'\r' if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
            if depth == 0 && matches!(b, b'"' | b'}' | b']') {
                break;
            }
        }
        if self.at == start || depth > 0 { Err(self.expected("a JSON value")) } else { Ok(()) }
    }
}

/// Keys sorted by name and place: the first that stands twice is a mistake.
pub(super) fn no_repeats<'k>(keys: impl Iterator<Item = (&'k str, usize)> + Clone) -> Read<()> {
    let next = keys.clone().skip(1);
    let repeat = keys.zip(next).filter(|((a, _), (b, _))| a == b).min_by_key(|(_, (_, at))| *at);
    match repeat {
        Some(((key, first), (_, at))) => {
            let text = format!("the key `{}` stands twice", super::display::brief(&Value::text(key)));
            Err(Malformed { at, first: Some(first), text })
        }
        None => Ok(()),
    }
}

/// A number in the spelling of JSON: an `Int` if it is whole and fits 64 bits, however it is spelt (`5`, `5.0`, `0.5e1`), else the
/// nearest `Float`; a fault if that is infinite, or if it is spelt as a whole number and does not fit.
pub fn number(text: &str) -> Result<Value, Fault> {
    if let Ok(i) = text.parse::<i64>() {
        return Ok(Value::Int(i));
    }
    if let Some(i) = whole(text) {
        return Ok(Value::Int(i));
    }
    let shown = || text.chars().take(40).collect::<String>();
    if !text.contains(['.', 'e', 'E']) {
        // a Float would round it, and then two identifiers are one
        let text = format!("`{}` does not fit 64 bits: in quotes it is a Text, with `.0` behind it a Float", shown());
        return Err(Fault::new(FaultKind::Overflow, text));
    }
    match text.parse::<f64>().ok().filter(|x| x.is_finite()).and_then(Value::float) {
        Some(v) => Ok(v),
        None => Err(Fault::new(FaultKind::Overflow, format!("`{}` is too large for a Float", shown()))),
    }
}

/// The number, if it is whole and fits; computed on the digits, since a float would round.
fn whole(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |t| (true, t));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (int, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{int}{fraction}");
    let digits = digits.trim_start_matches('0');
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let exponent: i64 = exponent.parse().ok()?;
    let scale = exponent.checked_sub(fraction.len() as i64)?.checked_add(zeros as i64)?;
    if !(0..=19).contains(&scale) || digits.len() > 19 {
        return None;
    }
    let value = digits.parse::<i128>().ok()?.checked_mul(10i128.checked_pow(scale as u32)?)?;
    i64::try_from(if negative { -value } else { value }).ok()
}
