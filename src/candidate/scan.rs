//! JSON text, byte by byte: one checking pass over untrusted text (grammar, depth, duplicate keys, numbers), then cheap walks over
//! text that passed. Everything has its byte offset. Fed by document, read by native, locate, infer and yaml.
use super::limits::Limits;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// A range of bytes in a JSON text.
pub type Range = (u32, u32);

/// Something wrong with a JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub at: Range,
    /// What.
    pub kind: ProblemKind,
}

/// What can be wrong with a JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// It is no JSON: what was found, and what to do about it.
    Syntax(String, Option<&'static str>),
    /// It ends within something that began at that place.
    Truncated(Option<Range>),
    /// Lists and records are nested too deep.
    Deep,
    /// There are too many values.
    Many,
    /// A key stands twice in a record; where it stood first.
    DuplicateKey(Range),
    /// A number is outside of what 64 bits can hold.
    Number,
}

impl Problem {
    /// Whether nothing behind it can be read.
    pub fn is_fatal(&self) -> bool {
        !matches!(self.kind, ProblemKind::DuplicateKey(_) | ProblemKind::Number)
    }
}

struct Frame {
    object: bool,
    start: usize,
    keys: usize,
}

/// The checking pass.
pub struct Checker<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    limits: &'a Limits,
    frames: Vec<Frame>,
    keys: Vec<Range>,
    values: u64,
    /// Problems that do not end the reading, up to some hundreds.
    pub problems: Vec<Problem>,
}

const KEPT: usize = 1000;

impl<'a> Checker<'a> {
    /// A pass over a text, from its beginning.
    pub fn new(text: &'a str, limits: &'a Limits) -> Self {
        Checker { text, bytes: text.as_bytes(), at: 0, limits, frames: vec![], keys: vec![], values: 0, problems: vec![] }
    }
    /// Turns to the bytes `start..end` of a text; the count of values goes on.
    pub fn narrow(&mut self, text: &'a str, start: usize, end: usize) {
        self.text = text.get(..end).unwrap_or(text);
        self.bytes = self.text.as_bytes();
        self.at = start;
    }
    /// Passes over white space; whether the text is over.
    pub fn at_end(&mut self) -> bool {
        self.at = space(self.bytes, self.at);
        self.at >= self.bytes.len()
    }
    /// Where it is.
    pub fn position(&self) -> usize {
        self.at
    }
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
    fn syntax(&self, start: usize, end: usize, what: impl Into<String>, help: Option<&'static str>) -> Problem {
        Problem { at: (start as u32, end as u32), kind: ProblemKind::Syntax(what.into(), help) }
    }
    fn truncated(&self) -> Problem {
        let open = self.frames.last().map(|f| (f.start as u32, f.start as u32 + 1));
        let end = self.bytes.len() as u32;
        Problem { at: (end, end), kind: ProblemKind::Truncated(open) }
    }
    fn keep(&mut self, problem: Problem) {
        if self.problems.len() < KEPT {
            self.problems.push(problem);
        }
    }
    /// Checks one value and gives its range.
    pub fn value(&mut self) -> Result<Range, Problem> {
        self.at = space(self.bytes, self.at);
        let start = self.at;
        self.frames.clear();
        self.keys.clear();
        'value: loop {
            self.values += 1;
            if self.values > self.limits.elements {
                return Err(Problem { at: (self.at as u32, self.at as u32 + 1), kind: ProblemKind::Many });
            }
            self.at = space(self.bytes, self.at);
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if self.frames.len() >= self.limits.depth {
                        return Err(Problem { at: (self.at as u32, self.at as u32 + 1), kind: ProblemKind::Deep });
                    }
                    let object = open == b'{';
                    self.frames.push(Frame { object, start: self.at, keys: self.keys.len() });
                    self.at = space(self.bytes, self.at + 1);
                    if self.peek() == Some(if object { b'}' } else { b']' }) {
                        self.at += 1;
                        self.frames.pop();
                    } else {
                        if object {
                            self.key()?;
                        }
                        continue 'value;
                    }
                }
                Some(b'"') => self.string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(_) => self.word()?,
                None => return Err(self.truncated()),
            }
            loop {
                let Some(frame) = self.frames.last() else { return Ok((start as u32, self.at as u32)) };
                let (object, keys) = (frame.object, frame.keys);
                self.at = space(self.bytes, self.at);
                match (self.peek(), object) {
                    (Some(b','), _) => {
                        let comma = self.at;
                        self.at = space(self.bytes, self.at + 1);
                        if let (Some(b'}'), true) | (Some(b']'), false) = (self.peek(), object) {
                            let what = "a comma with nothing behind it";
                            return Err(self.syntax(
                                comma,
                                comma + 1,
                                what,
                                Some("take the last comma away: JSON has none before a closing bracket"),
                            ));
                        }
                        if object {
                            self.key()?;
                        }
                        continue 'value;
                    }
                    (Some(b'}'), true) => {
                        self.duplicates(keys);
                        self.at += 1;
                        self.frames.pop();
                    }
                    (Some(b']'), false) => {
                        self.at += 1;
                        self.frames.pop();
                    }
                    (None, _) => return Err(self.truncated()),
                    (Some(_), _) => return Err(self.unexpected(if object { "`,` or `}`" } else { "`,` or `]`" })),
                }
            }
        }
    }
    fn unexpected(&self, wanted: &str) -> Problem {
        let c = self.text.get(self.at..).and_then(|t| t.chars().next()).unwrap_or(' ');
        let end = self.at + c.len_utf8();
        let help = match c {
            '/' | '#' => Some("JSON has no comments: take it out"),
            '\'' => Some("JSON text stands in double quotes"),
            '"' | '{' | '[' if wanted.starts_with("`,`") => Some("a comma is missing before it"),
            '}' | ']' => Some("the brackets do not match: see which one was opened last"),
            _ => None,
        };
        let shown = if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        self.syntax(self.at, end, format!("expected {wanted}, found `{shown}`"), help)
    }
    fn key(&mut self) -> Result<(), Problem> {
        match self.peek() {
            Some(b'"') => {}
            None => return Err(self.truncated()),
            Some(c) if c.is_ascii_alphabetic() || c == b'_' => {
                let end =
                    self.at + self.bytes.iter().skip(self.at).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                return Err(self.syntax(self.at, end, "a key without quotes", Some("in JSON every key stands in double quotes")));
            }
            Some(_) => return Err(self.unexpected("a key in double quotes")),
        }
        let start = self.at;
        self.string()?;
        self.keys.push((start as u32, self.at as u32));
        self.at = space(self.bytes, self.at);
        match self.peek() {
            Some(b':') => {
                self.at += 1;
                Ok(())
            }
            None => Err(self.truncated()),
            Some(_) => Err(self.unexpected("`:` behind the key")),
        }
    }
    fn duplicates(&mut self, from: usize) {
        let keys = self.keys.split_off(from);
        if keys.len() < 2 {
            return;
        }
        let text = self.text;
        let raw = |r: &Range| text.get(r.0 as usize..r.1 as usize).unwrap_or("");
        // nearly all records are small and have plain keys
        let plain = keys.len() <= 12 && keys.iter().all(|k| !raw(k).contains('\\'));
        if plain {
            for (i, k) in keys.iter().enumerate() {
                if let Some(first) = keys.iter().take(i).find(|f| raw(f) == raw(k)) {
                    self.keep(Problem { at: *k, kind: ProblemKind::DuplicateKey(*first) });
                }
            }
            return;
        }
        let mut seen: FxHashMap<Cow<'_, str>, Range> = FxHashMap::default();
        for k in &keys {
            match seen.entry(unquote(raw(k))) {
                std::collections::hash_map::Entry::Occupied(e) => {
                    let first = *e.get();
                    self.keep(Problem { at: *k, kind: ProblemKind::DuplicateKey(first) });
                }
                std::collections::hash_map::Entry::Vacant(e) => {
                    e.insert(*k);
                }
            }
        }
    }
    fn string(&mut self) -> Result<(), Problem> {
        let start = self.at;
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or(&[]);
            let Some(n) = rest.iter().position(|b| *b == b'"' || *b == b'\\' || *b < 0x20) else {
                let end = self.bytes.len() as u32;
                return Err(Problem { at: (end, end), kind: ProblemKind::Truncated(Some((start as u32, start as u32 + 1))) });
            };
            self.at += n;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                _ => {
                    let help = Some("write it as an escape: a line break is `\\n`, a tab `\\t`");
                    return Err(self.syntax(self.at, self.at + 1, "a control character within a text", help));
                }
            }
        }
    }
    fn escape(&mut self) -> Result<(), Problem> {
        let start = self.at;
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let Some(unit) = hex4(self.bytes, self.at + 2) else {
                    return Err(self.syntax(
                        start,
                        (start + 2).min(self.bytes.len()),
                        "`\\u` without four hexadecimal digits",
                        None,
                    ));
                };
                self.at += 6;
                match unit {
                    0xD800..=0xDBFF => {
                        let low = match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                            (Some(b'\\'), Some(b'u')) => hex4(self.bytes, self.at + 2),
                            _ => None,
                        };
                        if !low.is_some_and(|l| (0xDC00..=0xDFFF).contains(&l)) {
                            return Err(self.syntax(start, start + 6, "half of a surrogate pair, which is no character", None));
                        }
                        self.at += 6;
                    }
                    0xDC00..=0xDFFF => {
                        return Err(self.syntax(start, start + 6, "half of a surrogate pair, which is no character", None));
                    }
                    _ => {}
                }
            }
            None => {
                let end = self.bytes.len() as u32;
                return Err(Problem { at: (end, end), kind: ProblemKind::Truncated(None) });
            }
            Some(_) => {
                let end = start + 1 + self.text.get(start + 1..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
                return Err(self.syntax(
                    start,
                    end,
                    "an escape that JSON does not have",
                    Some("a backslash itself is written `\\\\`"),
                ));
            }
        }
        Ok(())
    }
    fn digits(&mut self) -> usize {
        let n = self.bytes.iter().skip(self.at).take_while(|b| b.is_ascii_digit()).count();
        self.at += n;
        n
    }
    fn number(&mut self) -> Result<(), Problem> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.peek();
        let whole = self.digits();
        let (mut fraction, mut exponent) = (1, 1);
        let mut long = whole > 300;
        if whole > 0 && self.peek() == Some(b'.') {
            self.at += 1;
            fraction = self.digits();
        }
        if whole > 0 && fraction > 0 && matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            exponent = self.digits();
            long = true;
        }
        if whole == 0 || fraction == 0 || exponent == 0 {
            if self.at >= self.bytes.len() {
                return Err(self.truncated());
            }
            let help = "JSON numbers look like `12`, `-0.5` and `1e-3`; `NaN` and `Infinity` are none";
            return Err(self.syntax(start, self.at + 1, "a number that is not complete", Some(help)));
        }
        if whole > 1 && first == Some(b'0') {
            return Err(self.syntax(
                start,
                self.at,
                "a number with a leading zero",
                Some("take the zero away, or put the number in quotes if it is an identifier"),
            ));
        }
        if long {
            let number = self.text.get(start..self.at).and_then(|t| t.parse::<f64>().ok());
            if !number.is_some_and(f64::is_finite) {
                self.keep(Problem { at: (start as u32, self.at as u32), kind: ProblemKind::Number });
            }
        }
        Ok(())
    }
    fn word(&mut self) -> Result<(), Problem> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let n = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let word = self.text.get(self.at..self.at + n).unwrap_or("");
        let help = match word {
            "true" | "false" | "null" => {
                self.at += n;
                return Ok(());
            }
            "" => return Err(self.unexpected("a value")),
            "True" | "TRUE" => "JSON writes it `true`",
            "False" | "FALSE" => "JSON writes it `false`",
            "None" | "nil" | "undefined" | "NULL" | "Null" => "JSON writes it `null`",
            "NaN" | "Infinity" | "inf" | "nan" => "JSON has no such number: leave the attribute out",
            _ if self.at + n == self.bytes.len() => {
                return Err(self.truncated());
            }
            _ => "text stands in double quotes",
        };
        Err(self.syntax(self.at, self.at + n, format!("`{word}` is no JSON value"), Some(help)))
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |n, b| Some(n * 16 + (*b as char).to_digit(16)?))
}

/// Passes over white space.
pub fn space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

fn skip_string(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while let Some(rest) = bytes.get(at..) {
        match rest.iter().position(|b| *b == b'"' || *b == b'\\') {
            None => break,
            Some(n) => {
                at += n;
                if bytes.get(at) == Some(&b'"') {
                    return at + 1;
                }
                at += 2;
            }
        }
    }
    bytes.len()
}

/// The end of the value that begins at `at`, in checked text.
pub fn skip(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    loop {
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'"') => at = skip_string(bytes, at),
            Some(b'{' | b'[') => {
                depth += 1;
                at += 1;
                continue;
            }
            Some(b'}' | b']') => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            Some(b',' | b':' | b' ' | b'\n' | b'\r' | b'\t') => {
                at += 1;
                continue;
            }
            Some(_) => {
                let rest = bytes.get(at..).unwrap_or(&[]);
                let end = |b: &u8| matches!(b, b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' | b'}' | b']' | b'{' | b'[' | b'"');
                at += rest.iter().position(end).unwrap_or(rest.len()).max(1);
            }
        }
        if depth == 0 {
            return at;
        }
    }
}

/// The key that begins at `at`, with its quotes, and where its value begins, in checked text.
pub fn head(bytes: &[u8], at: usize) -> (Range, u32) {
    let end = skip_string(bytes, at);
    ((at as u32, end as u32), space(bytes, space(bytes, end) + 1) as u32)
}

/// One member of a record.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The key, with its quotes.
    pub key: Range,
    /// The value.
    pub value: Range,
}

/// The members of the record at a place, in checked text.
pub struct Members<'a> {
    bytes: &'a [u8],
    /// Where it is; one past the closing bracket when it is over.
    pub at: usize,
    done: bool,
}

impl<'a> Members<'a> {
    /// `at` is the opening bracket; of anything else there are no members.
    pub fn new(text: &'a str, at: usize) -> Self {
        let bytes = text.as_bytes();
        match bytes.get(at) {
            Some(b'{') => Members { bytes, at: at + 1, done: false },
            _ => Members { bytes, at: skip(bytes, at), done: true },
        }
    }
}

impl Iterator for Members<'_> {
    type Item = Member;
    fn next(&mut self) -> Option<Member> {
        if self.done {
            return None;
        }
        self.at = space(self.bytes, self.at);
        if self.bytes.get(self.at) == Some(&b',') {
            self.at = space(self.bytes, self.at + 1);
        }
        if self.bytes.get(self.at) != Some(&b'"') {
            self.at += 1;
            self.done = true;
            return None;
        }
        let (key, value) = head(self.bytes, self.at);
        self.at = skip(self.bytes, value as usize);
        Some(Member { key, value: (value, self.at as u32) })
    }
}

/// The items of the list at a place, in checked text: where each begins. The caller says where it ended, or leaves it to be skipped.
pub struct Items<'a> {
    bytes: &'a [u8],
    at: usize,
    pending: bool,
    done: bool,
}

impl<'a> Items<'a> {
    /// `at` is the opening bracket; of anything else there are no items.
    pub fn new(text: &'a str, at: usize) -> Self {
        let bytes = text.as_bytes();
        let done = bytes.get(at) != Some(&b'[');
        Items { bytes, at: at + 1, pending: false, done }
    }
    /// Says that the item given last ends at `end`.
    pub fn ended(&mut self, end: usize) {
        self.at = end;
        self.pending = false;
    }
}

impl Iterator for Items<'_> {
    type Item = usize;
    fn next(&mut self) -> Option<usize> {
        if self.done {
            return None;
        }
        if self.pending {
            self.at = skip(self.bytes, self.at);
        }
        self.at = space(self.bytes, self.at);
        if self.bytes.get(self.at) == Some(&b',') {
            self.at = space(self.bytes, self.at + 1);
        }
        if matches!(self.bytes.get(self.at), None | Some(b']')) {
            self.done = true;
            return None;
        }
        self.pending = true;
        Some(self.at)
    }
}

/// The text of a JSON string with its quotes, in checked text; borrowed unless it has escapes.
pub fn unquote(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"')).unwrap_or(raw);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(n) = rest.find('\\') {
        out.push_str(rest.get(..n).unwrap_or(""));
        let bytes = rest.as_bytes();
        let mut used = 2;
        match bytes.get(n + 1) {
            Some(b'n') => out.push('\n'),
            Some(b't') => out.push('\t'),
            Some(b'r') => out.push('\r'),
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b'u') => {
                let mut code = hex4(bytes, n + 2).unwrap_or(0xFFFD);
                used = 6;
                if (0xD800..0xDC00).contains(&code) {
                    let low = hex4(bytes, n + 8).unwrap_or(0xDC00);
                    code = 0x10000 + ((code - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
                    used = 12;
                }
                out.push(char::from_u32(code).unwrap_or('\u{FFFD}'));
            }
            Some(other) => out.push(*other as char),
            None => {}
        }
        rest = rest.get(n + used..).unwrap_or("");
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A JSON string of a text, with its quotes.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
