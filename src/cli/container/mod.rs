//! `coracle container ...` and the same commands at the first level.

mod attach;
mod cleanup;
mod clone;
mod commit;
mod cp;
mod create;
pub(crate) mod diff;
mod exec;
mod exists;
mod export;
mod filter;
mod init;
mod inspect;
mod kill;
mod line;
mod logs;
mod mount;
mod pause;
mod port;
pub(crate) mod prune;
mod ps;
mod rename;
mod restart;
mod rm;
mod run;
pub(crate) mod selection;
mod session;
mod start;
pub(crate) mod stats;
mod stop;
mod top;
mod update;
mod users;
mod wait;

pub(crate) use logs::Logs;
pub(crate) use users::Users;

use super::failure::Failure;
use super::output::Object;
use super::tree::{Entry, Group, named, verb};
use crate::engine::{Engine, images, inspect as details};

/// `container`.
pub(crate) struct Container;

impl Group for Container {
    const NAME: &'static str = "container";
    const ABOUT: &'static str = "Manage containers";

    fn entries() -> Vec<Entry> {
        let mut entries = vec![
            verb::<cleanup::Cleanup>(),
            verb::<clone::Clone>(),
            verb::<exists::Exists>(),
            verb::<inspect::Inspect>(),
            named::<ps::Ps>("list", &["ls", "ps"]),
            verb::<prune::Prune>(),
        ];
        entries.extend(top_level().into_iter().filter(|entry| entry.name != "ps" && entry.name != "diff"));
        entries.push(verb::<diff::ContainerDiff>());
        entries
    }
}

/// Commands of the first level.
pub(crate) fn top_level() -> Vec<Entry> {
    vec![
        verb::<run::Run>(),
        verb::<create::Create>(),
        verb::<init::Init>(),
        verb::<start::Start>(),
        verb::<attach::Attach>(),
        verb::<exec::Exec>(),
        verb::<ps::Ps>(),
        verb::<cp::Cp>(),
        verb::<diff::Diff>(),
        verb::<commit::Commit>(),
        verb::<export::Export>(),
        verb::<logs::Logs>(),
        verb::<mount::Mount>(),
        verb::<mount::Unmount>(),
        verb::<port::Port>(),
        verb::<wait::Wait>(),
        verb::<stats::Stats>(),
        verb::<stop::Stop>(),
        verb::<restart::Restart>(),
        verb::<pause::Pause>(),
        verb::<pause::Unpause>(),
        verb::<kill::Kill>(),
        verb::<top::Top>(),
        verb::<rename::Rename>(),
        verb::<update::Update>(),
        verb::<rm::Rm>(),
    ]
}

/// What `inspect` prints of a container; `with_sizes` is `--size`.
///
/// # Errors
/// No such container; its record cannot be read.
pub(crate) fn inspect_container(engine: &Engine, name: &str, with_sizes: bool) -> Result<Object, Failure> {
    let container = engine.container(name).map_err(|error| Failure::from(error).inspecting("container", name))?;
    let sizes = with_sizes.then(|| {
        let written_bytes = engine.written_bytes(&container.record.id);
        let all = images::list::list(&engine.paths, &images::list::ListOptions::default()).unwrap_or_default();
        let image = all.iter().find(|image| image.id == container.record.image_id).map_or(0, |image| image.size);
        (written_bytes, written_bytes + image)
    });
    Ok(Object::Document(details::container(&container, sizes, &engine.published_ports(&container))))
}
