//! YAML as JSON: a YAML text is rewritten as JSON text with a table from the offsets of one to those of the other, so that the rest of
//! the door knows one kind of document. Fed by document, read by nobody else.
//!
//! Scalars are read by the core schema of YAML 1.2 (`yes` and `on` are texts). Aliases are copied, within a budget. Merge keys (`<<`)
//! are honoured: keys of the record itself win, then earlier sources. Tags are ignored, but for `!!str`.
use super::limits::Limits;
use super::scan::{Items, Members, quote, skip, unquote};
use rustc_hash::{FxHashMap, FxHashSet};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

/// What became of a YAML text.
#[derive(Debug, Default)]
pub struct Converted {
    /// The JSON text: one value for each document, one after the other.
    pub json: String,
    /// The documents in it.
    pub roots: Vec<(u32, u32)>,
    /// From offsets of the JSON text to ranges of the YAML text, ascending.
    pub places: Vec<Mapped>,
    /// What is wrong, with its range in the YAML text.
    pub problems: Vec<(u32, u32, YamlProblem)>,
}

/// What begins at a JSON offset, and where it stands in the YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The offset in the JSON text.
    pub json: u32,
    /// Where it begins in the YAML text.
    pub start: u32,
    /// One past its end there.
    pub end: u32,
}

/// What can be wrong with a YAML text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum YamlProblem {
    /// It is no YAML; what the parser says.
    Syntax(String),
    /// A key that is a list or a record.
    Key,
    /// `<<` of something that is no record.
    Merge,
    /// An alias within what it stands for.
    Recursive,
    /// Aliases expand to too much.
    Expansion,
    /// Nested too deep.
    Deep,
    /// A number that JSON does not have.
    Number,
}

#[derive(Default)]
struct Frame {
    map: bool,
    anchor: usize,
    start: usize,
    mapped: usize,
    empty: bool,
    key_next: bool,
    merging: Option<(usize, u32)>,
    merges: Vec<(String, u32)>,
}

struct Writer<'a> {
    text: &'a str,
    out: Converted,
    frames: Vec<Frame>,
    anchors: FxHashMap<usize, String>,
    expanded: usize,
    limits: &'a Limits,
    last: u32,
}

/// Where characters are in a text: the parser counts characters, we count bytes.
struct Positions {
    ascii: bool,
    table: Vec<u32>,
    len: u32,
}

impl Positions {
    fn new(text: &str) -> Self {
        let ascii = text.is_ascii();
        let table = if ascii { vec![] } else { text.char_indices().map(|(i, _)| i as u32).collect() };
        Positions { ascii, table, len: text.len() as u32 }
    }
    fn byte(&self, m: &Marker) -> u32 {
        if self.ascii { (m.index() as u32).min(self.len) } else { self.table.get(m.index()).copied().unwrap_or(self.len) }
    }
}

/// Rewrites a YAML text as JSON. After a problem that ends the reading the documents before it are there.
pub fn convert(text: &str, limits: &Limits) -> Converted {
    let positions = Positions::new(text);
    let mut w =
        Writer { text, out: Converted::default(), frames: vec![], anchors: FxHashMap::default(), expanded: 0, limits, last: 0 };
    for event in Parser::new_from_str(text) {
        let step = match &event {
            Ok((event, span)) => w.event(event, *span, &positions),
            Err(e) => {
                let at = positions.byte(e.marker());
                let what = e.info().to_lowercase();
                let problem = if what.contains("recursion limit") { YamlProblem::Deep } else { YamlProblem::Syntax(what) };
                Err((at, (at + 1).min(positions.len), problem))
            }
        };
        if let Err(problem) = step {
            w.out.problems.push(problem);
            // what was written of the broken document is no JSON
            w.out.json.truncate(w.out.roots.last().map_or(0, |r| r.1 as usize));
            break;
        }
    }
    w.out
}

impl Writer<'_> {
    fn event(&mut self, event: &Event<'_>, span: Span, positions: &Positions) -> Result<(), (u32, u32, YamlProblem)> {
        let (start, end) = (positions.byte(&span.start), positions.byte(&span.end));
        match event {
            Event::DocumentStart(_) => {
                self.anchors.clear();
                self.frames.push(Frame { start: self.out.json.len(), ..Frame::default() });
            }
            Event::DocumentEnd => {
                let frame = self.frames.pop().unwrap_or_default();
                let end = self.out.json.len();
                if end > frame.start {
                    self.out.roots.push((frame.start as u32, end as u32));
                    self.out.json.push('\n');
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                // nothing at all between two `---` is no document
                if self.frames.len() == 1
                    && *anchor == 0
                    && tag.is_none()
                    && matches!(&**text, "" | "~")
                    && self.text.get(start as usize..end as usize) != Some("~")
                {
                    return Ok(());
                }
                self.last = end;
                if self.is_key() {
                    if &**text == "<<" && *style == ScalarStyle::Plain {
                        let at = self.out.json.len();
                        if let Some(f) = self.frames.last_mut() {
                            f.merging = Some((at, start));
                            f.key_next = false;
                        }
                        return Ok(());
                    }
                    let from = self.begin_key(start, end);
                    quote(text, &mut self.out.json);
                    self.end_key(from, *anchor);
                    return Ok(());
                }
                let from = self.begin(start, end);
                if !self.scalar(text, *style, tag.as_deref()) {
                    self.out.problems.push((start, end, YamlProblem::Number));
                    self.out.json.push_str("null");
                }
                self.keep(*anchor, from, start)?;
                self.done(start)?;
            }
            Event::Alias(anchor) => {
                let Some(text) = self.anchors.get(anchor) else { return Err((start, end, YamlProblem::Recursive)) };
                let text = text.clone();
                self.last = end;
                self.expanded = self.expanded.saturating_add(text.len());
                if self.expanded > self.limits.alias_expansion {
                    return Err((start, end, YamlProblem::Expansion));
                }
                if self.is_key() {
                    if text.starts_with(['{', '[']) {
                        return Err((start, end, YamlProblem::Key));
                    }
                    let from = self.begin_key(start, end);
                    match text.starts_with('"') {
                        true => self.out.json.push_str(&text),
                        false => quote(&text, &mut self.out.json),
                    }
                    self.end_key(from, 0);
                    return Ok(());
                }
                self.begin(start, end);
                self.out.json.push_str(&text);
                self.done(start)?;
            }
            Event::SequenceStart(anchor, _) => self.open(false, *anchor, start, end)?,
            Event::MappingStart(anchor, _) => self.open(true, *anchor, start, end)?,
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(mut frame) = self.frames.pop() else { return Ok(()) };
                self.last = self.last.max(end.min(if end > start { end } else { self.last }));
                if let Some(m) = self.out.places.get_mut(frame.mapped) {
                    m.end = self.last.max(m.start);
                }
                if frame.map {
                    self.merge(&mut frame)?;
                }
                self.out.json.push(if frame.map { '}' } else { ']' });
                self.keep(frame.anchor, frame.start, start)?;
                self.done(start)?;
            }
            Event::StreamStart | Event::StreamEnd | Event::Nothing => {}
        }
        Ok(())
    }
    fn is_key(&self) -> bool {
        self.frames.last().is_some_and(|f| f.map && f.key_next)
    }
    fn mark(&mut self, start: u32, end: u32) -> usize {
        let from = self.out.json.len();
        self.out.places.push(Mapped { json: from as u32, start, end });
        from
    }
    fn comma(&mut self) {
        if let Some(f) = self.frames.last_mut()
            && !std::mem::replace(&mut f.empty, false)
            && self.frames.len() > 1
        {
            self.out.json.push(',');
        }
    }
    fn begin_key(&mut self, start: u32, end: u32) -> usize {
        self.comma();
        self.mark(start, end)
    }
    fn end_key(&mut self, from: usize, anchor: usize) {
        if anchor > 0 {
            let text = self.out.json.get(from..).unwrap_or("").to_string();
            self.anchors.insert(anchor, text);
        }
        self.out.json.push(':');
        if let Some(f) = self.frames.last_mut() {
            f.key_next = false;
        }
    }
    fn begin(&mut self, start: u32, end: u32) -> usize {
        if self.frames.last().is_some_and(|f| !f.map) {
            self.comma();
        }
        self.mark(start, end)
    }
    fn open(&mut self, map: bool, anchor: usize, start: u32, end: u32) -> Result<(), (u32, u32, YamlProblem)> {
        if self.is_key() {
            return Err((start, end.max(start + 1), YamlProblem::Key));
        }
        // one frame is the document
        if self.frames.len() > self.limits.depth {
            return Err((start, end.max(start + 1), YamlProblem::Deep));
        }
        let from = self.begin(start, end);
        self.out.json.push(if map { '{' } else { '[' });
        let mapped = self.out.places.len().saturating_sub(1);
        self.frames.push(Frame { map, anchor, start: from, mapped, empty: true, key_next: map, ..Frame::default() });
        Ok(())
    }
    fn keep(&mut self, anchor: usize, from: usize, at: u32) -> Result<(), (u32, u32, YamlProblem)> {
        if anchor > 0 {
            let text = self.out.json.get(from..).unwrap_or("").to_string();
            self.expanded = self.expanded.saturating_add(text.len());
            if self.expanded > self.limits.alias_expansion {
                return Err((at, at + 1, YamlProblem::Expansion));
            }
            self.anchors.insert(anchor, text);
        }
        Ok(())
    }
    /// After a value: in a record a key comes next, and the value of `<<` is put aside.
    fn done(&mut self, at: u32) -> Result<(), (u32, u32, YamlProblem)> {
        let Some(f) = self.frames.last_mut() else { return Ok(()) };
        if !f.map {
            return Ok(());
        }
        f.key_next = true;
        let Some((from, key)) = f.merging.take() else { return Ok(()) };
        let text = self.out.json.split_off(from);
        while self.out.places.last().is_some_and(|m| m.json as usize >= from) {
            self.out.places.pop();
        }
        if text.starts_with('[') {
            for start in Items::new(&text, 0) {
                let one = text.get(start..skip(text.as_bytes(), start)).unwrap_or("").to_string();
                if !one.starts_with('{') {
                    return Err((at, at + 1, YamlProblem::Merge));
                }
                f.merges.push((one, key));
            }
        } else if text.starts_with('{') {
            f.merges.push((text, key));
        } else {
            return Err((at, at + 1, YamlProblem::Merge));
        }
        Ok(())
    }
    fn merge(&mut self, frame: &mut Frame) -> Result<(), (u32, u32, YamlProblem)> {
        if frame.merges.is_empty() {
            return Ok(());
        }
        let own = format!("{}}}", self.out.json.get(frame.start..).unwrap_or("{"));
        let key = |text: &str, r: (u32, u32)| unquote(text.get(r.0 as usize..r.1 as usize).unwrap_or("")).into_owned();
        let mut seen: FxHashSet<String> = Members::new(&own, 0).map(|m| key(&own, m.key)).collect();
        for (text, at) in std::mem::take(&mut frame.merges) {
            for m in Members::new(&text, 0) {
                if !seen.insert(key(&text, m.key)) {
                    continue;
                }
                if !std::mem::replace(&mut frame.empty, false) {
                    self.out.json.push(',');
                }
                self.mark(at, at + 2);
                let member = text.get(m.key.0 as usize..m.value.1 as usize).unwrap_or("");
                self.expanded = self.expanded.saturating_add(member.len());
                if self.expanded > self.limits.alias_expansion {
                    return Err((at, at + 2, YamlProblem::Expansion));
                }
                self.out.json.push_str(member);
            }
        }
        Ok(())
    }
    /// Writes a scalar; false if it is a number that JSON does not have.
    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> bool {
        let string = tag.is_some_and(|t| t.is_yaml_core_schema() && t.suffix == "str");
        let out = &mut self.out.json;
        if style != ScalarStyle::Plain || string {
            quote(text, out);
            return true;
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => out.push_str("null"),
            "true" | "True" | "TRUE" => out.push_str("true"),
            "false" | "False" | "FALSE" => out.push_str("false"),
            ".nan" | ".NaN" | ".NAN" => return false,
            _ => {
                let (sign, digits) = match text.strip_prefix('-') {
                    Some(rest) => ("-", rest),
                    None => ("", text.strip_prefix('+').unwrap_or(text)),
                };
                if matches!(digits, ".inf" | ".Inf" | ".INF") {
                    return false;
                }
                match number(digits) {
                    Some(n) => {
                        out.push_str(sign);
                        out.push_str(&n);
                    }
                    None => match radix(text) {
                        Some(Some(n)) => out.push_str(&n.to_string()),
                        Some(None) => return false,
                        None => quote(text, out),
                    },
                }
            }
        }
        true
    }
}

/// An unsigned decimal number as JSON writes it.
fn number(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(n) => (text.get(..n)?, Some(text.get(n + 1..)?)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !fraction.is_none_or(digits) || whole.is_empty() && fraction.is_none_or(str::is_empty) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let mut out = if whole.is_empty() { "0".to_string() } else { whole.to_string() };
    if let Some(f) = fraction.filter(|f| !f.is_empty()) {
        out.push('.');
        out.push_str(f);
    }
    if let Some(e) = exponent {
        let bare = e.strip_prefix(['+', '-']).unwrap_or(e);
        if bare.is_empty() || !digits(bare) {
            return None;
        }
        out.push('e');
        out.push_str(e);
    }
    Some(out)
}

/// `0o17` and `0xFF`: none if it is no such number, and none within if it is too large.
fn radix(text: &str) -> Option<Option<u64>> {
    let (digits, radix) = match (text.strip_prefix("0o"), text.strip_prefix("0x")) {
        (Some(d), _) => (d, 8),
        (_, Some(d)) => (d, 16),
        _ => return None,
    };
    let good = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    good.then(|| u64::from_str_radix(digits, radix).ok())
}
