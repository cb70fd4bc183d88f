//! The program that asks the kernel what a container may do (`probe.c`), compiled once.

use super::Sandbox;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The probe in the working directory of `sandbox`, as an option of `run` that shows it as `/probe`; `Err` is the reason why
/// there is none.
pub fn mounted(sandbox: &Sandbox) -> Result<String, String> {
    Ok(format!("-v={}:/probe:ro", compiled(sandbox)?.display()))
}

/// The probe in the working directory of `sandbox`.
pub fn compiled(sandbox: &Sandbox) -> Result<PathBuf, String> {
    let program = sandbox.work().join("probe");
    if !program.exists() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/probe.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-static", "-O1", "-w", "-pthread", "-o"]).arg(&program).arg(source);
        let output = compiler.output().map_err(|error| format!("needs cc (Debian package gcc): {error}"))?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("needs cc and a static C library (Debian package libc6-dev): {errors}"));
        }
    }
    Ok(program)
}
