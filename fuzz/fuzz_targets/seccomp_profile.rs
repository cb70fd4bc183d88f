//! Any bytes as a seccomp profile: a program that the kernel would take, or an error.
#![no_main]

use coracle::runtime::capabilities::DEFAULT;
use coracle::runtime::seccomp::{Context, Profile, compile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(profile) = Profile::parse(data) else { return };
    let _ = profile.options();
    let Ok(context) = Context::here(DEFAULT) else { return };
    let Ok(policy) = profile.policy(context) else { return };
    let _ = compile(&policy);
});
