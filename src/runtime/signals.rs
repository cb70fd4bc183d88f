//! Names and numbers of signals, as `--stop-signal` and `kill -s` take them (signal(7)).

use super::option_error::OptionError;

/// First real-time signal left to programs; the C library keeps two below it for itself.
const REALTIME_FIRST: i32 = 34;
/// Last signal of Linux.
const LAST: i32 = 64;

/// Names of the standard signals; the first name of a number is the one shown.
const NAMES: [(&str, i32); 35] = [
    ("ABRT", libc::SIGABRT),
    ("ALRM", libc::SIGALRM),
    ("BUS", libc::SIGBUS),
    ("CHLD", libc::SIGCHLD),
    ("CLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("FPE", libc::SIGFPE),
    ("HUP", libc::SIGHUP),
    ("ILL", libc::SIGILL),
    ("INT", libc::SIGINT),
    ("IO", libc::SIGIO),
    ("IOT", libc::SIGABRT),
    ("KILL", libc::SIGKILL),
    ("PIPE", libc::SIGPIPE),
    ("POLL", libc::SIGIO),
    ("PROF", libc::SIGPROF),
    ("PWR", libc::SIGPWR),
    ("QUIT", libc::SIGQUIT),
    ("SEGV", libc::SIGSEGV),
    ("STKFLT", libc::SIGSTKFLT),
    ("STOP", libc::SIGSTOP),
    ("SYS", libc::SIGSYS),
    ("TERM", libc::SIGTERM),
    ("TRAP", libc::SIGTRAP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("USR1", libc::SIGUSR1),
    ("USR2", libc::SIGUSR2),
    ("VTALRM", libc::SIGVTALRM),
    ("WINCH", libc::SIGWINCH),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("UNUSED", libc::SIGSYS),
];

/// Never passed on: those nobody can catch, those about our own children and descriptors, and those that mean a fault
/// of the process that gets them.
const NOT_PROXIED: [i32; 11] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGCHLD,
    libc::SIGPIPE,
    libc::SIGURG,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Reads `TERM`, `SIGTERM`, `15`, `RTMIN+3` or `SIGRTMAX-1`; case does not matter.
///
/// # Errors
/// Words that name no signal, numbers that are none.
pub fn parse(word: &str) -> Result<i32, OptionError> {
    let invalid = || OptionError::Signal(word.to_owned());
    let bare = word.strip_prefix('-').unwrap_or(word);
    if !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return match bare.parse::<i32>() {
            Ok(0) => Err(invalid()),
            Ok(number) if number <= LAST => Ok(number),
            _ => Err(OptionError::SignalNumber),
        };
    }
    let upper = bare.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let standard = NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    standard.or_else(|| realtime(name)).ok_or_else(invalid)
}

/// `RTMIN`, `RTMIN+1` up to `RTMIN+15`, `RTMAX-14` up to `RTMAX`: the names every kill(1) knows.
fn realtime(name: &str) -> Option<i32> {
    match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(""), _) => Some(REALTIME_FIRST),
        (_, Some("")) => Some(LAST),
        (Some(rest), _) => Some(REALTIME_FIRST + offset(rest.strip_prefix('+')?, 15)?),
        (_, Some(rest)) => Some(LAST - offset(rest.strip_prefix('-')?, 14)?),
        _ => None,
    }
}

fn offset(digits: &str, most: i32) -> Option<i32> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|offset| plain && (1..=most).contains(offset))
}

/// `SIGTERM` for 15, `SIGRTMIN+1` for 35; the number itself when it has no name.
pub fn name(number: i32) -> String {
    if let Some((known, _)) = NAMES.iter().find(|(_, other)| *other == number) {
        return format!("SIG{known}");
    }
    match number {
        REALTIME_FIRST => "SIGRTMIN".to_owned(),
        LAST => "SIGRTMAX".to_owned(),
        35..=49 => format!("SIGRTMIN+{}", number - REALTIME_FIRST),
        50..LAST => format!("SIGRTMAX-{}", LAST - number),
        _ => number.to_string(),
    }
}

/// The signals that `run` and `attach` pass on to the container with `--sig-proxy`.
pub fn proxied() -> impl Iterator<Item = i32> {
    let standard = 1..32;
    standard.chain(REALTIME_FIRST..=LAST).filter(|number| !NOT_PROXIED.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let cases = [
            ("TERM", 15),
            ("SIGTERM", 15),
            ("sigterm", 15),
            ("15", 15),
            ("-15", 15),
            ("-TERM", 15),
            ("64", 64),
            ("KILL", 9),
            ("iot", 6),
            ("RTMIN", 34),
            ("RTMIN+3", 37),
            ("SIGRTMIN+15", 49),
            ("SIGRTMAX-1", 63),
            ("RTMAX-14", 50),
            ("rtmax", 64),
        ];
        for (word, expected) in cases {
            assert_eq!(parse(word).unwrap(), expected, "{word}");
        }
    }

    #[test]
    fn refuses_in_the_words_of_podman() {
        let cases = [
            ("FOO", "invalid signal: FOO"),
            ("", "invalid signal: "),
            ("0", "invalid signal: 0"),
            ("RTMAX+1", "invalid signal: RTMAX+1"),
            ("RTMIN+", "invalid signal: RTMIN+"),
            ("RTMIN+16", "invalid signal: RTMIN+16"),
            ("RTMIN++1", "invalid signal: RTMIN++1"),
            ("RTMAX-15", "invalid signal: RTMAX-15"),
            ("SIG", "invalid signal: SIG"),
            ("15x", "invalid signal: 15x"),
            ("99", "valid signals are 1 through 64"),
            ("65", "valid signals are 1 through 64"),
            ("99999999999", "valid signals are 1 through 64"),
            ("A\u{1b}[m", "invalid signal: A\\u{1b}[m"),
        ];
        for (word, expected) in cases {
            assert_eq!(parse(word).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn every_name_reads_back() {
        for number in (1..32).chain(REALTIME_FIRST..=LAST) {
            assert_eq!(parse(&name(number)).unwrap(), number, "{}", name(number));
        }
        assert_eq!(name(15), "SIGTERM");
        assert_eq!(name(36), "SIGRTMIN+2");
        assert_eq!(name(32), "32");
    }

    #[test]
    fn passes_on_what_can_be_meant_for_the_container() {
        let all: Vec<i32> = proxied().collect();
        for wanted in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1, libc::SIGWINCH, 34, 64]
        {
            assert!(all.contains(&wanted), "{wanted}");
        }
        for unwanted in NOT_PROXIED.into_iter().chain([32, 33]) {
            assert!(!all.contains(&unwanted), "{unwanted}");
        }
    }
}
