//! `-v [SOURCE:]DIR[:OPTIONS]`.

use super::super::is_valid_name;
use super::{MountError, check_options, destination};
use crate::engine::request::{MountKind, MountRequest};

/// Parses one `-v`. A source that begins with `/` or `.` is a host path, any other the name of a volume, none an
/// anonymous volume.
///
/// # Errors
/// A bad destination, name or option.
pub(super) fn parse(text: &str, create_source: bool) -> Result<MountRequest, MountError> {
    let parts: Vec<&str> = text.splitn(3, ':').collect();
    let (source, directory, options) = match parts[..] {
        [directory] => (None, directory, ""),
        [source, directory] => (Some(source), directory, ""),
        [source, directory, options] => (Some(source), directory, options),
        _ => return Err(MountError::VolumeFormat(text.to_owned())),
    };
    let options: Vec<String> = options.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect();
    // Only the two ids of `map=UID:GID` have a colon between them.
    if options.iter().any(|option| option.contains(':') && !option.starts_with("map=")) {
        return Err(MountError::VolumeFormat(text.to_owned()));
    }
    if source == Some("") {
        return Err(MountError::EmptySource);
    }
    let destination = destination(directory)?;
    check_options(&options)?;
    let kind = match source {
        Some(source) if source.starts_with(['/', '.']) => MountKind::Bind,
        Some(name) if !is_valid_name(name) => return Err(MountError::VolumeName(name.to_owned())),
        _ => MountKind::Volume,
    };
    let create_source = create_source && kind == MountKind::Bind;
    Ok(MountRequest { kind, source: source.map(str::to_owned), destination, options, create_source, subpath: None })
}
