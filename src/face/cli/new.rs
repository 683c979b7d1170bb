//! `dbm new`: a folder with a program, its tests and a candidate to begin from. Called by entry.
use super::args::NewArgs;
use super::output::Output;
use super::program::unusable;
use crate::report::exit::Exit;
use std::path::Path;

const FILES: [(&str, &str); 2] =
    [("rules.dbm", include_str!("starter/rules.dbm")), ("plan.json", include_str!("starter/plan.json"))];

/// Makes the folder. One that is there already is left alone.
pub fn run(args: &NewArgs, output: &mut Output) -> Exit {
    if let Err(why) = made(Path::new(&args.name)) {
        let (d, _, sources) = unusable(&args.name, &format!("cannot be made: {why}"));
        output.diagnostics([&d], &sources);
        return Exit::Call;
    }
    let name = &args.name;
    output.print(&format!("made {name}/rules.dbm and {name}/plan.json; try\n\n"));
    for line in ["dbm check rules.dbm plan.json", "dbm test", "dbm why rules.dbm plan.json 'late(t)'"] {
        output.print(&format!("    {line}\n"));
    }
    output.print(&format!("\nin {name}\n"));
    Exit::Fine
}

fn made(folder: &Path) -> std::io::Result<()> {
    if let Some(above) = folder.parent() {
        std::fs::create_dir_all(above)?;
    }
    std::fs::create_dir(folder)?;
    FILES.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
}
