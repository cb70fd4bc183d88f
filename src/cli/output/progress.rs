//! The progress of a pull: a bar per layer on a terminal, plain lines otherwise. Everything goes to standard error.
//!
//! The image's layers report from several threads at once. Bars are drawn by the thread that reports, at most ten times
//! a second; no thread is started for them.

use super::human::short_id;
use super::note;
use crate::image::progress::Progress;
use crate::store::digest::Digest;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Redraws per second.
const REDRAWS: u8 = 10;

/// Shows the progress of a pull. Until the first thing happens it has not looked at the terminal: most starts of a
/// container pull nothing.
pub(crate) struct PullProgress {
    quiet: bool,
    display: OnceLock<Display>,
}

/// How progress is shown.
enum Display {
    /// `--quiet`.
    Silent,
    /// Standard error is no terminal.
    Lines,
    /// Standard error is a terminal.
    Bars(Bars),
}

/// Bars on a terminal.
struct Bars {
    all: MultiProgress,
    by_layer: Mutex<HashMap<Digest, ProgressBar>>,
}

impl PullProgress {
    /// Progress that suits this process's standard error; `quiet` shows none.
    pub(crate) fn new(quiet: bool) -> PullProgress {
        PullProgress { quiet, display: OnceLock::new() }
    }

    fn display(&self) -> &Display {
        self.display.get_or_init(|| {
            if self.quiet {
                return Display::Silent;
            }
            if !std::io::stderr().is_terminal() {
                return Display::Lines;
            }
            let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(REDRAWS));
            Display::Bars(Bars { all, by_layer: Mutex::default() })
        })
    }

    fn line(&self, text: &str) {
        match self.display() {
            Display::Silent => {}
            Display::Lines => note(text),
            // Likewise.
            Display::Bars(bars) => drop(bars.all.println(crate::cli::failure::one_line(text))),
        }
    }
}

impl Bars {
    /// The bar of a layer, made when it is first heard of.
    fn bar(&self, digest: &Digest) -> ProgressBar {
        let mut by_layer = self.by_layer.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || self.all.add(ProgressBar::new(0).with_prefix(short_id(&digest.hex()).to_owned()));
        by_layer.entry(*digest).or_insert_with(new).clone()
    }

    /// Takes the bar away and leaves a line above those that remain.
    fn finish(&self, digest: &Digest, words: &str) {
        let bar = self.bar(digest);
        bar.finish_and_clear();
        self.all.remove(&bar);
        // A line that cannot be drawn is no reason to stop a pull.
        let _ = self.all.println(format!("Copying blob {} {words}", short_id(&digest.hex())));
    }
}

/// The style of a template; the templates are ours, and one that is wrong shows indicatif's own style.
fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ")
}

impl Progress for PullProgress {
    fn note(&self, text: &str) {
        self.line(text);
    }

    fn layer_exists(&self, digest: &Digest) {
        match self.display() {
            Display::Bars(bars) => bars.finish(digest, "skipped: already exists"),
            _ => self.line(&format!("Copying blob {digest} skipped: already exists")),
        }
    }

    fn layer_waiting(&self, digest: &Digest) {
        if let Display::Bars(bars) = self.display() {
            let bar = bars.bar(digest);
            bar.set_style(style("Copying blob {prefix} {msg}"));
            bar.set_message("waiting for another process");
        }
    }

    fn layer_started(&self, digest: &Digest, total_bytes: u64) {
        if let Display::Bars(bars) = self.display() {
            let bar = bars.bar(digest);
            bar.set_style(style(
                "Copying blob {prefix} [{wide_bar}] {decimal_bytes} / {decimal_total_bytes} {decimal_bytes_per_sec} {eta}",
            ));
            bar.set_length(total_bytes);
            bar.set_position(0);
        }
    }

    fn layer_advanced(&self, digest: &Digest, bytes: u64) {
        if let Display::Bars(bars) = self.display() {
            bars.bar(digest).inc(bytes);
        }
    }

    fn layer_done(&self, digest: &Digest) {
        match self.display() {
            Display::Bars(bars) => bars.finish(digest, "done"),
            _ => self.line(&format!("Copying blob {digest} done")),
        }
    }

    fn config_done(&self, digest: &Digest) {
        match self.display() {
            Display::Bars(_) => self.line(&format!("Copying config {} done", short_id(&digest.hex()))),
            _ => self.line(&format!("Copying config {digest} done")),
        }
    }

    fn manifest_done(&self) {
        self.line("Writing manifest to image destination");
    }
}
