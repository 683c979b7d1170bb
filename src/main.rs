//! The `dbm` program: the command line of the library beside it.

fn main() -> std::process::ExitCode {
    dbm::face::cli::main()
}
