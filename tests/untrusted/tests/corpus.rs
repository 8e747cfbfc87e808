//! Replays the corpus of the fuzz targets.
//!
//! The name of a file begins with what its parser does with it: `taken-` or `refused-`. So
//! a change of a format shows here, instead of making the corpus worthless unnoticed.

use chat_untrusted::CHECKS;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Limits of one folder: a corpus is read by people, too.
const FILES: usize = 40;
const BYTES: u64 = 40 << 10;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

/// Names of what is in a folder, which must be there and not be empty.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let names: BTreeSet<_> = entries
        .map(|entry| entry.expect("a folder can be listed").file_name())
        .map(|name| name.into_string().expect("names are plain"))
        .collect();
    assert!(!names.is_empty(), "{folder:?} is empty");
    names
}

#[test]
fn every_check_has_a_corpus_and_a_fuzz_target() {
    let checks: BTreeSet<_> = CHECKS.map(|(name, _)| name.to_owned()).into();
    assert_eq!(names(&corpus()), checks);
    let targets = names(&corpus().join("../fuzz_targets"));
    assert_eq!(targets, checks.iter().map(|name| format!("{name}.rs")).collect());
}

#[test]
fn every_check_holds_for_its_corpus() {
    for (target, check) in CHECKS {
        let folder = corpus().join(target);
        for name in names(&folder) {
            println!("{target}/{name}");
            let taken = check(&fs::read(folder.join(&name)).unwrap());
            match name.split_once('-') {
                Some(("taken", _)) => assert!(taken, "{target}/{name} was refused"),
                Some(("refused", _)) => assert!(!taken, "{target}/{name} was taken"),
                _ => panic!("{target}/{name} doesn't say what is expected of it"),
            }
        }
    }
}

#[test]
fn every_corpus_stays_small() {
    for (target, _) in CHECKS {
        let folder = corpus().join(target);
        let names = names(&folder);
        let bytes: u64 =
            names.iter().map(|name| fs::metadata(folder.join(name)).unwrap().len()).sum();
        assert!(names.len() <= FILES && bytes <= BYTES, "{target}: {bytes} in {}", names.len());
    }
}
