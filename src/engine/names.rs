//! Names for containers that were given none: a word for the weather and one for the water.

/// How a boat's day is.
const ADJECTIVES: [&str; 32] = [
    "amber", "breezy", "bright", "brisk", "calm", "clear", "cloudy", "cool", "crisp", "dawning", "distant", "drifting",
    "early", "easy", "fair", "gentle", "glassy", "golden", "hazy", "light", "mellow", "misty", "open", "pale", "quiet",
    "rippling", "silver", "slow", "still", "sunlit", "windy", "winding",
];
/// What it meets.
const NOUNS: [&str; 32] = [
    "bay", "beacon", "bend", "brook", "channel", "cove", "current", "delta", "eddy", "estuary", "fjord", "ford",
    "heron", "inlet", "island", "jetty", "lagoon", "lake", "marsh", "meander", "mere", "oar", "otter", "paddle",
    "pool", "quay", "reed", "river", "shoal", "shore", "spring", "tide",
];

/// A name for the container `id`, different for each attempt.
pub fn generate(id: &str, attempt: usize) -> String {
    let number = |from: usize| usize::from_str_radix(id.get(from..from + 4).unwrap_or("0"), 16).unwrap_or(0) + attempt;
    let name = format!("{}_{}", ADJECTIVES[number(0) % ADJECTIVES.len()], NOUNS[number(4) % NOUNS.len()]);
    // 1,024 pairs run out on a busy machine: then digits of the ID tell them apart.
    if attempt < 4 { name } else { format!("{name}{}", id.get(..4 + attempt.min(28)).unwrap_or_default()) }
}

/// podman's rule for names.
pub fn is_valid(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}
