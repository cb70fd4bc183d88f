//! The program's own environment.
#![allow(unsafe_code)]

/// Sets a variable of this process (setenv(3)). Only for a process that has one thread; neither text may hold a NUL, nor the name a `=`.
pub fn set(name: &str, value: &str) {
    // SAFETY: no other thread reads or writes the environment, since there is none (see above).
    unsafe { std::env::set_var(name, value) }
}
