//! The caller's environment.

/// `NAME=value` of every variable of this process whose name `wanted` accepts; what is not UTF-8 is left out, since a
/// runtime configuration cannot hold it.
pub fn host_variables(wanted: impl Fn(&str) -> bool) -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}
