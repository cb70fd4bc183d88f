//! Man pages and completions are those of the command tree.

use coracle::cli::documents;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Set to write the files instead of comparing them.
const UPDATE: &str = "CORACLE_UPDATE";

#[test]
fn man_pages_and_completions_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = documents();
    let made: BTreeSet<String> = documents.iter().map(|document| document.path.clone()).collect();
    assert_eq!(made.len(), documents.len(), "two documents have one path");
    let present = files(root);
    if std::env::var_os(UPDATE).is_some() {
        for path in present.difference(&made) {
            fs::remove_file(root.join(path)).expect("a stale document can be removed");
        }
        for document in &documents {
            let path = root.join(&document.path);
            fs::create_dir_all(path.parent().expect("it is in a directory")).expect("its directory can be made");
            fs::write(path, &document.text).expect("a document can be written");
        }
        return;
    }
    let remedy = format!("run: {UPDATE}=1 cargo test --test cli documents");
    assert_eq!(present, made, "{remedy}");
    for document in documents {
        let text = fs::read_to_string(root.join(&document.path)).expect("a document can be read");
        assert!(text == document.text, "{} is stale; {remedy}", document.path);
    }
}

fn files(root: &Path) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for folder in ["man", "completions"] {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
            let name = entry.expect("the folder can be read").file_name();
            files.insert(format!("{folder}/{}", name.to_string_lossy()));
        }
    }
    files
}
