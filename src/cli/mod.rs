//! The command line, and the only code that prints.

pub mod template;

/// Runs the program for this process's arguments and returns its exit code.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
