//! The commands of the REPL: their names, what they take, what they do in one line. Read by shell and by completion.

/// What a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// Text that must be there.
    Text(&'static str),
    /// Text that may be there.
    Maybe(&'static str),
}

/// A command.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Behind the colon.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What it does.
    pub does: &'static str,
}

const fn command(name: &'static str, takes: Takes, does: &'static str) -> Command {
    Command { name, takes, does }
}

use Takes::{Maybe, Nothing, Text};

/// All of them, as they are listed.
pub const COMMANDS: &[Command] = &[
    command("load", Text("PROGRAM"), "takes the program of a file in place of this one"),
    command("reload", Nothing, "reads the program and the candidate from their files again"),
    command("data", Maybe("CANDIDATE [READER]"), "takes a candidate, behind a reader if one is named; without a name, none"),
    command("check", Maybe("DEMAND…"), "decides all demands, or those named"),
    command("test", Maybe("TEXT"), "runs the program's tests whose title contains the text"),
    command("why", Text("FORMULA"), "the facts that it rests on, down to the candidate"),
    command("why-not", Text("FORMULA"), "what is missing for it"),
    command("do", Text("EDIT"), "what if: `:do remove Host(\"h1\")`; everything is then about the structure with it"),
    command("undo", Maybe("N"), "takes the last edit back, or the last N"),
    command("redo", Nothing, "does again what was taken back"),
    command("diff", Maybe("N"), "what all edits changed, or the last N: elements, facts, verdicts"),
    command("sweep", Text("EDIT"), "what each binding of an edit's `for` would break: `:sweep remove h for h: Host`"),
    command("edits", Nothing, "the edits, in order"),
    command("type", Text("EXPRESSION"), "the type of an expression, or of a formula's variables"),
    command("schema", Maybe("KIND"), "the declarations"),
    command("doc", Text("NAME"), "what an item, a built-in or a word is for"),
    command("rules", Maybe("NAME"), "the rules, or all items of a name"),
    command("program", Nothing, "the whole text of the program"),
    command("drop", Text("NAME"), "takes the items of that name out of the program"),
    command("strata", Nothing, "the rules in the order they are evaluated"),
    command("plan", Nothing, "the steps that the engine takes, for the structure as it is"),
    command("limit", Maybe("N"), "how many rows are shown of a table or a list"),
    command("time", Nothing, "says how long each answer took, or stops saying so"),
    command("save", Text("FILE"), "writes the program to a file"),
    command("transcript", Text("FILE"), "records the session, from its beginning on; `dbm test` replays it"),
    command("help", Maybe("COMMAND"), "this list, or what one command does"),
    command("quit", Nothing, "leaves; so does Ctrl-D"),
];

/// The command of that name, or the only one that begins so.
pub fn find(name: &str) -> Option<&'static Command> {
    if let Some(c) = COMMANDS.iter().find(|c| c.name == name) {
        return Some(c);
    }
    let mut all = COMMANDS.iter().filter(|c| c.name.starts_with(name));
    all.next().filter(|_| all.next().is_none() && !name.is_empty())
}

/// How a command is called.
pub fn usage(c: &Command) -> String {
    match c.takes {
        Nothing => format!(":{}", c.name),
        Text(what) => format!(":{} {what}", c.name),
        Maybe(what) => format!(":{} [{what}]", c.name),
    }
}

/// The list, aligned.
pub fn help() -> String {
    let width = COMMANDS.iter().map(|c| usage(c).chars().count()).max().unwrap_or(0);
    let mut out = String::from(
        "An item defines, or redefines what has its name; a formula is a query; any other expression prints its value.\n\
         A text goes on until its brackets are closed; an empty line ends it anyway.\n\n",
    );
    for c in COMMANDS {
        let call = usage(c);
        let gap = " ".repeat(width - call.chars().count());
        out.push_str(&format!("{call}{gap}  {}\n", c.does));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_found_by_a_beginning_that_is_its_own() {
        assert_eq!(find("q").map(|c| c.name), Some("quit"));
        assert_eq!(find("why").map(|c| c.name), Some("why"));
        assert_eq!(find("why-").map(|c| c.name), Some("why-not"));
        assert!(find("d").is_none() && find("x").is_none() && find("").is_none());
    }
    #[test]
    fn help_names_every_command() {
        assert!(COMMANDS.iter().all(|c| help().contains(c.does)));
    }
}
