//! Images that are named by a transport (`docker-archive:FILE`) where the name of an image may stand.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::engine::images::load::Loaded;
use crate::engine::images::transport::Outside;
use crate::engine::request::{ContainerRequest, PullPolicy, RootSource};

/// Loads what `name` stands for, when it names a transport, and says so as a pull does.
///
/// # Errors
/// It cannot be loaded.
pub(crate) fn load(context: &Context, name: &str, quiet: bool) -> Result<Option<Loaded>, Failure> {
    let Some(outside) = Outside::parse(name) else { return Ok(None) };
    let loaded = outside.load(&context.paths())?;
    if !quiet {
        let blobs = loaded.layers.iter().map(|layer| format!("Copying blob {layer}"));
        let config = format!("Copying config {} done", loaded.id);
        let lines = std::iter::once("Getting image source signatures".to_owned()).chain(blobs);
        lines.chain([config, "Writing manifest to image destination".to_owned()]).for_each(|line| output::note(&line));
    }
    Ok(Some(loaded))
}

/// Loads the image of a container that is to be made, so that the request names one of the store.
///
/// # Errors
/// It cannot be loaded.
pub(crate) fn settle(context: &Context, request: &mut ContainerRequest) -> Result<(), Failure> {
    let RootSource::Image(name) = &request.root else { return Ok(()) };
    let Some(loaded) = load(context, name, request.quiet)? else { return Ok(()) };
    request.root = RootSource::Image(loaded.names.into_iter().next().unwrap_or_else(|| loaded.id.hex()));
    request.pull = PullPolicy::Never;
    Ok(())
}
