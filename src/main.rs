//! Parse, dispatch, print the error, choose the exit code; nothing else.

fn main() -> std::process::ExitCode {
    coracle::engine::init::enter();
    coracle::cli::main()
}
