//! Source files and the items in them. Fed by the loader (session), read by whoever prints a place.
use super::span::{Place, Span};
use std::sync::Arc;

/// A file known to [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

/// An item of a file (or a whole file), which spans are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ItemId(pub u32);

/// One file: its name as shown to people, and its text.
#[derive(Clone, Debug)]
pub struct File {
    /// As the user named it.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    lines: Vec<u32>,
    /// How many characters begin before each [`STRIDE`]th byte: a line may be as long as the file, and be asked for many columns.
    marks: Vec<u32>,
}

const STRIDE: usize = 1 << 12;

/// How many characters begin in some bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b & 0xc0 != 0x80).count()
}

/// Gives the text of a file that a program imports; the library itself reads no files.
pub trait Loader {
    /// The canonical name and the text of `path` as written in the file `from`, or why it cannot be had.
    fn load(&self, from: &str, path: &str) -> Result<(String, String), String>;
}

/// A loader that knows no files.
pub struct NoFiles;

impl Loader for NoFiles {
    fn load(&self, _from: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("`{path}` cannot be read here: this host gives dbm no files"))
    }
}

/// All files of a run, and the items that places refer to.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<File>,
    items: Vec<(FileId, u32)>,
}

impl Sources {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds a file.
    pub fn add_file(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let text: Arc<str> = text.into();
        let mut lines = vec![0];
        lines.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1));
        let count = |sum: &mut u32, part: &[u8]| {
            let before = *sum;
            *sum += characters(part) as u32;
            Some(before)
        };
        let marks = text.as_bytes().chunks(STRIDE).scan(0, count).collect();
        self.files.push(File { name: name.into(), text, lines, marks });
        FileId(self.files.len() as u32 - 1)
    }
    /// Adds an item that begins at byte `start` of `file`; places within it are relative to that byte.
    pub fn add_item(&mut self, file: FileId, start: usize) -> ItemId {
        self.items.push((file, start as u32));
        ItemId(self.items.len() as u32 - 1)
    }
    /// The file with that id, if there is one.
    pub fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(id.0 as usize)
    }
    /// All files, in the order they were added.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &File)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(i as u32), f))
    }
    /// The file of a place and its range there, clamped to the text and to character boundaries.
    pub fn resolve(&self, place: Place) -> Option<(FileId, Span)> {
        let (file, base) = *self.items.get(place.item.0 as usize)?;
        let text = &self.file(file)?.text;
        let clamp = |at: u32| {
            let mut at = (base as usize + at as usize).min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (clamp(place.span.start), clamp(place.span.end));
        Some((file, Span::new(start, end.max(start))))
    }
    /// Name, line and column (both from 1, the column in characters) of where a place begins.
    pub fn position(&self, place: Place) -> Option<(&str, usize, usize)> {
        let (file, span) = self.resolve(place)?;
        let file = self.file(file)?;
        let (line, column) = file.position(span.start as usize);
        Some((&file.name, line, column))
    }
    /// The text at a place.
    pub fn text(&self, place: Place) -> &str {
        self.resolve(place).and_then(|(f, s)| self.file(f)?.text.get(s.start as usize..s.end as usize)).unwrap_or("")
    }
}

impl File {
    /// Line and column (both from 1, the column in characters) of a byte.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|&l| l as usize <= byte).max(1);
        let start = self.lines.get(line - 1).map_or(0, |&l| l as usize);
        let column = self.before(byte).saturating_sub(self.before(start)) + 1;
        (line, column)
    }
    /// How many characters begin before a byte.
    fn before(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        let mark = (byte / STRIDE).min(self.marks.len().saturating_sub(1));
        let rest = self.text.as_bytes().get(mark * STRIDE..byte).unwrap_or(&[]);
        self.marks.get(mark).map_or(0, |m| *m as usize) + characters(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters_however_long_the_line_is() {
        let text = format!("a\n{}\nb", "né".repeat(5000));
        let mut sources = Sources::new();
        let file = sources.add_file("f", text.as_str());
        let file = sources.file(file).unwrap();
        for (at, _) in text.char_indices().step_by(7).chain([(text.len(), ' ')]) {
            let line = text[..at].matches('\n').count() + 1;
            let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
            assert_eq!(file.position(at), (line, text[start..at].chars().count() + 1), "byte {at}");
        }
    }
}
