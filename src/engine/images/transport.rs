//! Images outside the store that are named by a transport (containers-transports(5)): archives and directories.

use super::load::{self, Loaded};
use super::save::{self, Layout};
use super::{Error, LoadProblem};
use crate::engine::events;
use crate::store::paths::Paths;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

/// The words before the first colon, and the layout of what follows.
const TRANSPORTS: [(&str, Layout); 4] = [
    ("docker-archive:", Layout::DockerArchive),
    ("oci-archive:", Layout::OciArchive),
    ("oci:", Layout::OciDirectory),
    ("dir:", Layout::DockerDirectory),
];

/// An image outside the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    layout: Layout,
    path: PathBuf,
    /// What it is called there.
    name: Option<String>,
    typed: String,
}

impl Outside {
    /// Reads `TRANSPORT:PATH[:NAME]`; `None` for the name of an image.
    pub fn parse(text: &str) -> Option<Outside> {
        let (prefix, layout) = TRANSPORTS.iter().find(|(prefix, _)| text.starts_with(prefix))?;
        let rest = &text[prefix.len()..];
        // A directory of blobs holds one image without a name, so all of it is the path.
        let (path, name) = match rest.split_once(':') {
            Some((path, name)) if *layout != Layout::DockerDirectory => (path, Some(name.to_owned())),
            _ => (rest, None),
        };
        Some(Outside { layout: *layout, path: PathBuf::from(path), name, typed: text.to_owned() })
    }

    /// Loads it into the store: the image of its name, else the first. Blocks for the whole of the archive.
    ///
    /// # Errors
    /// It cannot be read, or has no such image.
    pub fn load(&self, paths: &Paths) -> Result<Loaded, Error> {
        let all = load::from_path(paths, &self.path)?;
        let is_meant = |image: &&Loaded| {
            self.name.as_ref().is_none_or(|name| image.names.iter().any(|known| is_called(known, name)))
        };
        for image in &all {
            events::tell(paths, &[events::image(&image.id.hex(), &self.typed, "pull")]);
        }
        let missing = || Error::Load(LoadProblem::Missing(self.name.clone().unwrap_or_default()));
        all.iter().find(is_meant).or(all.first().filter(|_| all.len() == 1)).cloned().ok_or_else(missing)
    }

    /// Writes the image called `source` there. Blocks for the whole of it.
    ///
    /// # Errors
    /// No such image; what is there cannot be written.
    pub fn store(&self, paths: &Paths, source: &str) -> Result<(), Error> {
        let image = super::expect(paths, source)?.image;
        let typed: Vec<String> = std::iter::once(source.to_owned()).chain(self.name.clone()).collect();
        let images = save::choose(paths, &typed, true)?;
        match self.layout {
            Layout::OciDirectory | Layout::DockerDirectory => {
                save::to_directory(paths, &images, self.layout, false, &self.path)?;
            }
            Layout::DockerArchive | Layout::OciArchive => {
                let failed = |source| Error::Write { path: self.path.clone(), source };
                let out = BufWriter::new(File::create(&self.path).map_err(failed)?);
                save::to_archive(paths, &images, self.layout, out)?;
            }
        }
        events::tell(paths, &[events::image(&image.record.id.hex(), &self.typed, "push")]);
        Ok(())
    }
}

/// Whether the full name `known` is what `typed` means.
fn is_called(known: &str, typed: &str) -> bool {
    let normal =
        |text: &str| text.parse::<crate::image::reference::Reference>().map(|name| name.with_default_tag().to_string());
    known == typed || known.rsplit(':').next() == Some(typed) || normal(typed).is_ok_and(|name| name == known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_are_told_from_names() {
        let outside =
            |layout, path: &str, name: Option<&str>| Some((layout, PathBuf::from(path), name.map(str::to_owned)));
        let cases = [
            ("docker-archive:/a.tar", outside(Layout::DockerArchive, "/a.tar", None)),
            ("docker-archive:a.tar:b/c:d", outside(Layout::DockerArchive, "a.tar", Some("b/c:d"))),
            ("oci:/dir:latest", outside(Layout::OciDirectory, "/dir", Some("latest"))),
            ("oci-archive:x", outside(Layout::OciArchive, "x", None)),
            ("dir:/a:b", outside(Layout::DockerDirectory, "/a:b", None)),
            ("docker://x", None),
            ("oci", None),
            ("dir/x:latest", None),
        ];
        for (text, expected) in cases {
            let found = Outside::parse(text).map(|outside| (outside.layout, outside.path, outside.name));
            assert_eq!(found, expected, "{text}");
        }
    }
}
