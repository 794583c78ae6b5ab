//! Tests of the documents: examples print what is documented, every option has a row, every path exists, and prose is
//! wrapped.
//!
//! `cargo xtask examples` rewrites the output of examples that has changed.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::console::Console;
use crate::support::figures::{are_alike, normalized};
use crate::support::markdown::{MarkdownDocument, workspace};
use crate::support::process;

/// If set, output of examples that has changed is rewritten.
const WRITE_VARIABLE: &str = "LAUNCELOT_WRITE_EXAMPLES";

/// Returns the folder of all programs. Cargo builds them with the tests of the workspace.
fn programs() -> PathBuf {
    let lab = Path::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    for name in ["launcelot-server", "launcelot-client", "launcelot-bridge"] {
        let program = lab.with_file_name(name);
        assert!(program.is_file(), "no {}; type: cargo build", program.display());
    }
    lab.with_file_name("")
}

/// Executes the console sessions of a document. On a mismatch, panics and prints the changed blocks with their actual
/// output.
#[track_caller]
fn examples_of(path: &str) {
    let document = MarkdownDocument::read(path);
    let mut console = Console::start(&programs());
    for instruction in document.instructions() {
        match instruction.split_once(' ') {
            Some(("start", command)) => console.start_service(command),
            Some(("not", reason)) if reason.starts_with("run, ") => {}
            _ => panic!("{path}: unknown instruction {instruction:?}; known are `start COMMAND` and `not run, REASON`"),
        }
    }
    let mut text = document.text.clone();
    let mut changes = String::new();
    let mut shift = 0;
    for block in document.console_blocks() {
        if block.instruction.is_some_and(|instruction| instruction.starts_with("not run, ")) {
            continue;
        }
        let documented = &document.text[block.range.clone()];
        let printed = console.run(documented);
        if printed != documented {
            let line = document.line(block.range.start);
            changes.push_str(&format!("{path}:{line} should be:\n{printed}\n"));
            let start = block.range.start.strict_add_signed(shift);
            text.replace_range(start..start + documented.len(), &printed);
            shift += printed.len() as isize - documented.len() as isize;
        }
    }
    if changes.is_empty() {
        return;
    }
    if env::var_os(WRITE_VARIABLE).is_some() {
        fs::write(workspace().join(path), text).unwrap();
        println!("{changes}");
    } else {
        panic!("{changes}To rewrite it, type: cargo xtask examples");
    }
}

/// The documents with examples. Each has its own test below, so that they run in parallel.
const WITH_EXAMPLES: [&str; 6] =
    ["README.md", "docs/server.md", "docs/client.md", "docs/bridge.md", "docs/lab.md", "docs/protocol.md"];

#[test]
fn the_examples_of_the_readme_print_what_is_documented() {
    examples_of("README.md");
}

#[test]
fn the_examples_of_the_server_print_what_is_documented() {
    examples_of("docs/server.md");
}

#[test]
fn the_examples_of_the_client_print_what_is_documented() {
    examples_of("docs/client.md");
}

#[test]
fn the_examples_of_the_bridge_print_what_is_documented() {
    examples_of("docs/bridge.md");
}

#[test]
fn the_examples_of_the_lab_print_what_is_documented() {
    examples_of("docs/lab.md");
}

#[test]
fn the_examples_of_the_protocol_print_what_is_documented() {
    examples_of("docs/protocol.md");
}

#[test]
fn every_document_with_examples_is_tested() {
    for document in MarkdownDocument::all() {
        let is_tested = WITH_EXAMPLES.iter().any(|path| document.path == Path::new(path));
        assert_eq!(!document.console_blocks().is_empty(), is_tested, "{}", document.path.display());
    }
}

#[test]
fn measured_values_may_differ_and_words_and_counts_may_not() {
    let alike = [
        ("(connecting)   122 µs   187 µs    65 µs", "(connecting)   0.122 ms  0.3 ms  1 s"),
        ("It was ready 82 % of the time.", "It was ready 7 % of the time."),
        ("{\"think_us\":5000.0}", "{\"think_us\":0.1}"),
        ("\"instance\":\"87f63a74ef8628e8\"", "\"instance\":\"0123456789abcdef\""),
        ("What is your name? ░███  2 ms", "What is your name? ██  3 ms"),
        ("{\"id\":…", "{\"id\":\"name\"}"),
    ];
    for (documented, printed) in alike {
        assert!(are_alike(&[documented], &[printed]), "{documented} {printed}: {}", normalized(printed));
    }
    let unlike = [("port 1060", "port 1061"), ("2 round trips", "3 round trips"), ("Blue.", "Blue")];
    for (documented, printed) in unlike {
        assert!(!are_alike(&[documented], &[printed]), "{documented} {printed}");
    }
}

#[test]
fn an_ellipsis_stands_for_any_number_of_lines() {
    let printed = ["one", "two", "three"];
    for documented in [&["one", "…"][..], &["…", "three"], &["…"], &["one", "…", "two", "three"], &printed] {
        assert!(are_alike(documented, &printed), "{documented:?}");
    }
    for documented in [&["one"][..], &["…", "two"], &["one", "three"], &["one", "two", "three", "four"]] {
        assert!(!are_alike(documented, &printed), "{documented:?}");
    }
}

#[test]
fn line_breaks_of_wrapped_sentences_are_not_compared() {
    let long = "It took 12.5 ms to find out that this sentence is too long for a line of eighty";
    let documented = [long, "columns."];
    let printed = ["It took 2 ms to find out that this sentence is too long for a line of eighty", "columns."];
    assert!(are_alike(&documented, &printed));
    assert!(!are_alike(&["Blue.", "Blue."], &["Blue. Blue."]));
}

/// Returns the long options in the output of `--help`, without those that every program has.
fn options_in(help: &str) -> BTreeSet<String> {
    let mut options = BTreeSet::new();
    for line in help.lines() {
        let line = line.trim_start();
        if !line.starts_with('-') {
            continue;
        }
        let long = line.split([' ', ',', '=', '[']).find(|word| word.starts_with("--"));
        options.extend(long.map(|option| option.trim_end_matches('.').to_owned()));
    }
    options.remove("--help");
    options.remove("--version");
    options
}

/// Returns the commands in the output of `--help`.
fn commands_in(help: &str) -> Vec<String> {
    let Some((_, commands)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = commands.lines().take_while(|line| !line.is_empty());
    // Names are indented by two columns; wrapped lines of a description are indented further.
    let named = lines.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    named.filter_map(|line| line.split(' ').next()).map(ToOwned::to_owned).collect()
}

fn help(command: &str) -> String {
    let mut words = command.split(' ');
    let program = programs().join(words.next().unwrap());
    let output = process::output(Command::new(program).args(words).arg("--help"));
    assert!(output.status.success(), "{command} --help: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Adds a command and its subcommands to the list.
fn add_with_subcommands(command: &str, all: &mut Vec<String>) {
    let mut subcommands = commands_in(&help(command));
    subcommands.retain(|name| name != "help");
    all.push(command.to_owned());
    for name in subcommands {
        add_with_subcommands(&format!("{command} {name}"), all);
    }
}

#[test]
fn every_option_has_a_row_in_its_reference_and_every_row_is_an_option() {
    for (program, path) in [
        ("launcelot-server", "docs/server.md"),
        ("launcelot-client", "docs/client.md"),
        ("launcelot-bridge", "docs/bridge.md"),
        ("launcelot-lab", "docs/lab.md"),
    ] {
        let mut commands = Vec::new();
        add_with_subcommands(program, &mut commands);
        let sections = MarkdownDocument::read(path).sections();
        for command in commands {
            let mut expected = options_in(&help(&command));
            if command != program {
                // Every command has this option, which only the table of the program contains.
                expected.remove("--verbose");
            }
            let mut documented = BTreeSet::new();
            let mut is_there = expected.is_empty();
            for section in sections.iter().filter(|section| section.command == command) {
                is_there = true;
                let options = section
                    .first_cells
                    .iter()
                    .filter_map(|cell| cell.split([' ', '=']).find(|word| word.starts_with("--")));
                documented.extend(options.map(ToOwned::to_owned));
            }
            assert!(is_there, "{path} has no heading with `{command}`");
            let missing: Vec<_> = expected.difference(&documented).collect();
            let unknown: Vec<_> = documented.difference(&expected).collect();
            assert!(
                missing.is_empty() && unknown.is_empty(),
                "{path}, tables under `{command}`: no row for {missing:?}; not in --help: {unknown:?}"
            );
        }
    }
}

/// Returns whether a piece of code looks like a path in this workspace.
fn is_path(code: &str) -> bool {
    const EXTENSIONS: [&str; 8] = [".rs", ".toml", ".md", ".json", ".html", ".mjs", ".png", ".py"];
    let is_plain = code.chars().all(|character| character.is_ascii_alphanumeric() || "-_./".contains(character));
    let is_named = code.contains('/') || EXTENSIONS.iter().any(|end| code.ends_with(end));
    let is_elsewhere = code.starts_with(['/', '.']) || code.starts_with("target/");
    let is_placeholder = code.contains("NAME");
    is_plain && is_named && !is_elsewhere && !is_placeholder
}

/// Code that looks like a path in this workspace but is not one.
const NOT_PATHS: [&str; 5] = ["launcelot-lab/browser-tests", "index.html", "results/", "result.json", "report.html"];

#[test]
fn every_path_in_the_documents_exists() {
    let mut missing = Vec::new();
    for document in MarkdownDocument::all() {
        for (line, code) in document.code_spans() {
            if is_path(&code) && !NOT_PATHS.contains(&code.as_str()) && !workspace().join(&code).exists() {
                missing.push(format!("{}:{line}: {code}", document.path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_link_between_the_documents_has_a_target() {
    let mut broken = Vec::new();
    for document in MarkdownDocument::all() {
        let folder = workspace().join(document.path.parent().unwrap());
        for (line, link) in document.links() {
            if link.contains("://") {
                continue;
            }
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { workspace().join(&document.path) } else { folder.join(path) };
            let is_valid =
                target.exists() && (fragment.is_empty() || anchors_of(&target).contains(&fragment.to_owned()));
            if !is_valid {
                broken.push(format!("{}:{line}: {link}", document.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn anchors_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    MarkdownDocument { path: path.to_owned(), text }.anchors()
}

#[test]
fn prose_is_wrapped_at_100_columns() {
    let mut long = Vec::new();
    for document in MarkdownDocument::all() {
        long.extend(document.long_lines().iter().map(|line| format!("{}:{line}", document.path.display())));
    }
    assert!(long.is_empty(), "{long:#?}");
}
