//! Copies the filter's source, with all mutants in it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::{env, fs};

#[expect(unreachable_pub, reason = "part of the library's interface")]
#[path = "src/list/mod.rs"]
mod list;
#[expect(unreachable_pub, reason = "part of the library's interface")]
#[path = "src/mutant.rs"]
mod mutant;

const SCOPE: &str = "../../tenant-core/src/scope";

/// Some mutants read a part of a statement and then forget what they found; they need a method for it.
const FORGET: &str = include_str!("src/forget.rs");

/// An expression's place in a file, and what each mutant has there.
type Places = BTreeMap<(usize, usize), Vec<(usize, &'static str)>>;

fn main() {
    println!("cargo::rerun-if-changed={SCOPE}");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=build.rs");
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("scope");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).expect("a folder for the copy");
    let mut changed = 0;
    for entry in fs::read_dir(SCOPE).expect("the filter's source") {
        let path = entry.expect("a file").path();
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        let source = fs::read_to_string(&path).expect("readable source");
        let places = places(&file, &source);
        changed += places.values().map(Vec::len).sum::<usize>();
        let mut copy = render(&source, 0..source.len(), &places);
        copy = copy.replace("crate::table::", "crate::").replace("use crate::", "use tenant_core::");
        if file == "walk.rs" {
            copy.push_str(FORGET);
        }
        fs::write(out.join(&file), copy).expect("written");
    }
    let listed: usize = list::all().map(|mutant| mutant.changes.len()).sum();
    assert_eq!(changed, listed, "a mutant changes a file that {SCOPE} doesn't have");
    // What the copy doesn't use, and a change leaves unused, is no defect of it.
    let module = format!(
        "#[expect(unused, unreachable_pub, reason = \"a copy of a part of another crate\")]\n\
         #[path = {:?}]\nmod scope;\n",
        out.join("mod.rs")
    );
    fs::write(out.with_extension("rs"), module).expect("written");
}

fn places(file: &str, source: &str) -> Places {
    let mut places = Places::new();
    for (number, mutant) in list::all().enumerate() {
        for change in mutant.changes.iter().filter(|change| change.file == file) {
            let found = find(source, change.find);
            let [place] = found.as_slice() else {
                panic!(
                    "the mutant `{}` must be brought up to date: {SCOPE}/{file} has {} places, not one, of: {}",
                    mutant.name,
                    found.len(),
                    change.find
                );
            };
            places.entry((place.start, place.end)).or_default().push((number, change.replace));
        }
    }
    places
}

/// Where the expression is: blanks of any kind and number in the source match those in the text.
fn find(source: &str, text: &str) -> Vec<Range<usize>> {
    let (before, rest) = text.split_once('«').unwrap_or(("", text));
    let (expression, after) = rest.split_once('»').unwrap_or((rest, ""));
    let matches = |at| {
        let start = skip(source, at, before)?;
        let start = start + source[start..].len() - source[start..].trim_start().len();
        let end = skip(source, start, expression)?;
        skip(source, end, after)?;
        Some(start..end)
    };
    let first = text.trim_start_matches('«').split(['«', ' ']).next().unwrap_or_default();
    source.match_indices(first).filter_map(|(at, _)| matches(at)).collect()
}

/// Where this text ends in the source, if it begins here.
fn skip(source: &str, at: usize, text: &str) -> Option<usize> {
    let mut end = at;
    for word in text.split_whitespace() {
        let rest = source[end..].trim_start();
        end = source.len() - rest.strip_prefix(word)?.len();
    }
    Some(end)
}

/// A part of the source with the mutants that are in it.
fn render(source: &str, range: Range<usize>, places: &Places) -> String {
    let (mut text, mut at) = (String::new(), range.start);
    // The outermost first: of those that begin together, the longest.
    let mut inside: Vec<_> = places
        .iter()
        .filter(|((start, end), _)| range.start <= *start && *end <= range.end && (*start..*end) != range)
        .collect();
    inside.sort_by_key(|((start, end), _)| (*start, usize::MAX - end));
    for ((start, end), mutants) in inside {
        if *start < at {
            assert!(*end <= at, "mutants of overlapping expressions: {}", &source[*start..*end]);
            continue;
        }
        text.push_str(&source[at..*start]);
        let original = render(source, *start..*end, places);
        text.push_str(
            &mutants
                .iter()
                .fold(original, |original, (number, changed)| format!("mutant!({number}, {changed}, {original})")),
        );
        at = *end;
    }
    text.push_str(&source[at..range.end]);
    text
}
