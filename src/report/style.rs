//! How text output looks: colours and glyphs, or neither. Chosen by the face, read by every text writer.

/// How to draw for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// Box drawing and signs beyond ASCII.
    pub unicode: bool,
}

/// What a piece of text means, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It is well.
    Good,
    /// It is broken.
    Bad,
    /// It wants a look.
    Doubt,
    /// A name that leads a block.
    Strong,
    /// Places, counts, and other small print.
    Faint,
}

impl Style {
    /// No colours, all signs: what snapshots are made with.
    pub const PLAIN: Style = Style { color: false, unicode: true };

    /// The text in the colour of its tone.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_string();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31;1",
            Tone::Doubt => "33",
            Tone::Strong => "1",
            Tone::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
    /// The first where signs are allowed, else the second.
    pub fn sign(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }
}

/// The text without characters that would steer a terminal: candidates are not to be trusted with that. Tabs and line ends stay.
pub fn clean(text: &str) -> std::borrow::Cow<'_, str> {
    if text.chars().any(steers) {
        text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect::<String>().into()
    } else {
        text.into()
    }
}

/// Whether a character is a control character, or changes the direction in which text is shown.
pub fn steers(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most so many characters of a text, with `…` where it was cut.
pub fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_string(),
    }
}

/// Words longer than this are cut: names and texts of a program or a candidate may have a million characters.
const WORD: usize = 200;

/// A message for people: clean, and with very long words cut in their middle.
pub fn message(text: &str) -> String {
    let text = clean(text);
    if text.len() <= WORD {
        return text.into_owned();
    }
    let cut = |word: &str| {
        let n = word.chars().count();
        if n <= WORD {
            return word.to_string();
        }
        let end: String = word.chars().skip(n - WORD / 4).collect();
        format!("{}{end}", shorten(word, WORD / 2))
    };
    text.split_inclusive(char::is_whitespace).map(cut).collect()
}

/// `1 violation`, `2 violations`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// A number with its thousands set apart: `12_345`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push('_');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\tc\n"), "a\u{fffd}[31mb\tc\n");
        assert_eq!(clean("节点"), "节点");
        assert_eq!(clean("a\u{202e}b"), "a\u{fffd}b");
    }
    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([grouped(7), grouped(1000), grouped(12345), grouped(1234567)], ["7", "1000", "12_345", "1_234_567"]);
    }
    #[test]
    fn a_word_of_a_million_characters_is_cut_in_its_middle() {
        let text = format!("`{}` is not declared", "节".repeat(1_000_000));
        let short = message(&text);
        assert!(short.starts_with("`节节") && short.ends_with("节节` is not declared"), "{short}");
        assert!(short.contains('…') && short.chars().count() < 250);
    }
    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shorten("节点节点", 2), "节点…");
        assert_eq!(shorten("ab", 2), "ab");
    }
}
