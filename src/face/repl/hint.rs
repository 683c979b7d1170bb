//! What the REPL says to who is new to it. Used by shell.

/// Behind a table that is empty because nothing was given.
pub const NO_CANDIDATE: &str = "there is no candidate: `:data FILE` takes one, `:do add …` makes its elements one by one";

/// The command that a word without a colon stands for. No formula is one of these words alone, unless a parameter is called so.
pub fn command_in_words(entry: &str) -> Option<&'static str> {
    match entry.trim_end_matches("()").trim_end_matches(';') {
        "help" | "?" => Some(":help"),
        "quit" | "exit" | "bye" | "q" => Some(":quit"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_mean_a_command_are_one() {
        assert_eq!(command_in_words("exit()"), Some(":quit"));
        assert_eq!(command_in_words("help"), Some(":help"));
        assert_eq!(command_in_words("helper"), None);
    }
}
