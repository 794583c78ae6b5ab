//! The documentation against the programs and the tree: examples print what stands there, every option has a row, every path
//! exists, and prose is wrapped.
//!
//! `cargo xtask examples` writes the output of the examples anew, where it is no longer true.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::console::Console;
use crate::support::figures::{are_alike, normalized};
use crate::support::markdown::{Document, workspace};
use crate::support::process;

/// If set, examples that are no longer true are written anew.
const WRITE_VARIABLE: &str = "LAUNCELOT_WRITE_EXAMPLES";

/// The folder with all programs. Cargo builds them with the tests of the workspace.
fn programs() -> PathBuf {
    let lab = Path::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    for name in ["launcelot-server", "launcelot-client", "launcelot-bridge"] {
        let program = lab.with_file_name(name);
        assert!(program.is_file(), "no {}; type: cargo build", program.display());
    }
    lab.with_file_name("")
}

/// Carries out the console sessions of a document, and fails with those blocks that should be otherwise.
#[track_caller]
fn examples_of(path: &str) {
    let document = Document::read(path);
    let mut console = Console::start(&programs());
    for instruction in document.instructions() {
        if let Some(command) = instruction.strip_prefix("beside ") {
            console.run_beside(command);
        }
    }
    let mut text = document.text.clone();
    let mut complaints = String::new();
    let mut shift = 0;
    for block in document.console_blocks() {
        let is_skipped = block.instruction.as_ref().is_some_and(|instruction| instruction.starts_with("not run, "));
        if is_skipped {
            continue;
        }
        let documented = &document.text[block.range.clone()];
        let printed = console.run(documented);
        if printed != documented {
            let line = document.line(block.range.start);
            complaints.push_str(&format!("{path}:{line} should be:\n{printed}\n"));
            let start = block.range.start.strict_add_signed(shift);
            text.replace_range(start..start + documented.len(), &printed);
            shift += printed.len() as isize - documented.len() as isize;
        }
    }
    if complaints.is_empty() {
        return;
    }
    if env::var_os(WRITE_VARIABLE).is_some() {
        fs::write(workspace().join(path), text).unwrap();
        println!("{complaints}");
    } else {
        panic!("{complaints}To write it: cargo xtask examples");
    }
}

#[test]
fn the_examples_of_the_readme_print_what_stands_there() {
    examples_of("README.md");
}

#[test]
fn the_examples_of_the_server_print_what_stands_there() {
    examples_of("docs/server.md");
}

#[test]
fn the_examples_of_the_client_print_what_stands_there() {
    examples_of("docs/client.md");
}

#[test]
fn the_examples_of_the_bridge_print_what_stands_there() {
    examples_of("docs/bridge.md");
}

#[test]
fn the_examples_of_the_lab_print_what_stands_there() {
    examples_of("docs/lab.md");
}

#[test]
fn the_examples_of_the_protocol_print_what_stands_there() {
    examples_of("docs/protocol.md");
}

#[test]
fn figures_differ_and_words_do_not() {
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

/// The long options in the text that `--help` prints, but those that every program has.
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

/// The commands in the text that `--help` prints.
fn commands_in(help: &str) -> Vec<String> {
    let Some((_, commands)) = help.split_once("Commands:\n") else { return Vec::new() };
    commands.lines().map_while(|line| line.split_whitespace().next()).map(ToOwned::to_owned).collect()
}

fn help(command: &str) -> String {
    let mut words = command.split(' ');
    let program = programs().join(words.next().unwrap());
    let output = process::output(Command::new(program).args(words).arg("--help"));
    assert!(output.status.success(), "{command} --help: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Adds a command and all that it has to the list.
fn with_subcommands(command: &str, all: &mut Vec<String>) {
    let mut subcommands = commands_in(&help(command));
    subcommands.retain(|name| name != "help");
    all.push(command.to_owned());
    for name in subcommands {
        with_subcommands(&format!("{command} {name}"), all);
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
        with_subcommands(program, &mut commands);
        let sections = Document::read(path).sections();
        for command in commands {
            let mut expected = options_in(&help(&command));
            if command != program {
                // Of all commands of a program alike, and in the table of the program.
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

/// Whether a piece of code names a file or a folder of this workspace.
fn is_path(code: &str) -> bool {
    const EXTENSIONS: [&str; 8] = [".rs", ".toml", ".md", ".json", ".html", ".mjs", ".png", ".py"];
    let is_plain = code.chars().all(|character| character.is_ascii_alphanumeric() || "-_./".contains(character));
    let is_named = code.contains('/') || EXTENSIONS.iter().any(|end| code.ends_with(end));
    let is_elsewhere = code.starts_with(['/', '.']) || code.starts_with("target/");
    let is_placeholder = code.contains("NAME");
    is_plain && is_named && !is_elsewhere && !is_placeholder
}

/// Names that look like paths of this workspace, and are not.
const NOT_OURS: [&str; 2] = ["launcelot-lab/browser-tests", "index.html"];

#[test]
fn every_path_in_the_documents_exists() {
    let mut missing = Vec::new();
    for document in Document::all() {
        for (line, code) in document.code_spans() {
            if is_path(&code) && !NOT_OURS.contains(&code.as_str()) && !workspace().join(&code).exists() {
                missing.push(format!("{}:{line}: {code}", document.path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_link_within_the_documents_leads_somewhere() {
    let mut broken = Vec::new();
    for document in Document::all() {
        let folder = workspace().join(document.path.parent().unwrap());
        for (line, link) in document.links() {
            if link.contains("://") {
                continue;
            }
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { workspace().join(&document.path) } else { folder.join(path) };
            let leads = target.exists() && (fragment.is_empty() || anchors_of(&target).contains(&fragment.to_owned()));
            if !leads {
                broken.push(format!("{}:{line}: {link}", document.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn anchors_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    Document { path: path.to_owned(), text }.anchors()
}

#[test]
fn prose_is_wrapped_at_100_columns() {
    let mut long = Vec::new();
    for document in Document::all() {
        long.extend(document.long_lines().iter().map(|line| format!("{}:{line}", document.path.display())));
    }
    assert!(long.is_empty(), "{long:#?}");
}
