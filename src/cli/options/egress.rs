//! Rules for outgoing traffic.

use super::OptionError;
use crate::engine::request::ContainerRequest;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct EgressOptions {
    /// Let nothing out (deny), or nothing but these destinations: NAME, *.NAME, ADDRESS or NETWORK, each with :PORT and
    /// /tcp or /udp if wanted; may be repeated
    #[arg(long, value_name = "deny|allow=DESTINATION[,...]")]
    egress: Vec<String>,
    /// Write one line of JSON per outgoing connection to a file, or to standard error (-)
    #[arg(long, value_name = "FILE|-")]
    egress_log: Option<PathBuf>,
}

impl EgressOptions {
    pub(super) fn apply(self, request: &mut ContainerRequest) -> Result<(), OptionError> {
        request.egress = self.egress;
        request.egress_log = self.egress_log;
        Ok(())
    }
}
