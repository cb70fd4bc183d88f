//! Any bytes as what a registry sends: manifests, indexes, configurations, challenges, names.
#![no_main]

use coracle::image::manifest::{self, Document};
use coracle::image::platform::Platform;
use coracle::image::reference::Reference;
use coracle::image::registry::challenge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else { return };
    match kind % 5 {
        0 | 1 => {
            let media_type = "application/vnd.docker.distribution.manifest.v2+json";
            if let Ok(document) = manifest::parse(data, (kind % 5 == 1).then_some(media_type)) {
                judge(&document);
            }
        }
        2 => drop(manifest::parse_config(data)),
        3 => {
            for found in challenge::parse(data.split(|byte| *byte == 0)) {
                let realm = found.parameter("realm").unwrap_or_default();
                // A byte that is no UTF-8 is shown by three.
                assert!(realm.len() <= 3 * data.len(), "a parameter is not longer than what it was read from");
            }
        }
        _ => {
            let Ok(text) = std::str::from_utf8(data) else { return };
            if let Ok(reference) = text.parse::<Reference>() {
                let again: Reference = reference.to_string().parse().expect("what was printed can be read");
                assert_eq!(reference.name(), again.name());
                assert!(!reference.path().split('/').any(|part| part.is_empty() || part == ".."));
            }
        }
    }
});

fn judge(document: &Document) {
    match document {
        Document::Manifest(manifest) => drop(manifest::check_image(manifest)),
        Document::Index(index) => {
            let chosen = Platform::host().choose(index.manifests());
            chosen.map(|descriptor| drop(manifest::digest_of(descriptor)));
        }
    }
}
