//! Markdown files of this workspace, and the parts of them that tests check.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The beginning of a comment with an instruction to the tests.
const INSTRUCTION: &str = "<!-- test: ";

/// Maximum length of a line of prose, in characters.
const LINE_MAX_CHARACTERS: usize = 100;

/// A Markdown file of this workspace.
pub(crate) struct MarkdownDocument {
    /// The path, relative to the root of the workspace.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A fenced block of code with the language `console`: commands after `$ `, and what they print.
pub(crate) struct ConsoleBlock {
    /// The bytes between the fences.
    pub(crate) range: Range<usize>,
    /// The instruction in the comment before the block.
    pub(crate) instruction: Option<String>,
}

/// A section of the first or second level.
pub(crate) struct Section {
    /// The code in the heading, such as `launcelot-lab probe`; empty if there is none.
    pub(crate) command: String,
    /// The code in the first cells of its tables' rows.
    pub(crate) first_cells: Vec<String>,
}

/// Returns the folder of the root `Cargo.toml`.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the lab is a folder of the workspace")
}

impl MarkdownDocument {
    /// Reads a file.
    pub(crate) fn read(path: &str) -> Self {
        let text =
            fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"));
        Self { path: path.into(), text }
    }

    /// Reads every Markdown file at the workspace root and in `docs/`.
    pub(crate) fn all() -> Vec<Self> {
        let mut documents = Vec::new();
        for folder in ["", "docs/"] {
            for entry in fs::read_dir(workspace().join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if name.ends_with(".md") {
                    documents.push(Self::read(&format!("{folder}{name}")));
                }
            }
        }
        documents
    }

    /// Returns the line number of a byte, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        1 + self.text[..offset].matches('\n').count()
    }

    /// Returns the console blocks in their order.
    pub(crate) fn console_blocks(&self) -> Vec<ConsoleBlock> {
        let mut blocks = Vec::new();
        let mut instruction = None;
        let mut block: Option<ConsoleBlock> = None;
        for (event, range) in self.events() {
            match event {
                Event::Html(html) => {
                    if let Some(found) = instruction_in(&html) {
                        instruction = Some(found);
                    }
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    let instruction = instruction.take();
                    if &*language == "console" {
                        block = Some(ConsoleBlock { range: 0..0, instruction });
                    }
                }
                Event::Text(_) => {
                    if let Some(block) = &mut block {
                        let start = if block.range.is_empty() { range.start } else { block.range.start };
                        block.range = start..range.end;
                    }
                }
                Event::End(TagEnd::CodeBlock) => blocks.extend(block.take()),
                Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::Table(_)) => instruction = None,
                _ => {}
            }
        }
        blocks
    }

    /// Returns all instructions to the tests, in their order.
    pub(crate) fn instructions(&self) -> Vec<String> {
        let mut instructions = Vec::new();
        for (event, _) in self.events() {
            if let Event::Html(html) = event {
                instructions.extend(instruction_in(&html));
            }
        }
        instructions
    }

    /// Returns inline code, each with its line number.
    pub(crate) fn code_spans(&self) -> Vec<(usize, String)> {
        let mut spans = Vec::new();
        for (event, range) in self.events() {
            if let Event::Code(code) = event {
                spans.push((self.line(range.start), code.into_string()));
            }
        }
        spans
    }

    /// Returns the destinations of links and pictures, each with its line number.
    pub(crate) fn links(&self) -> Vec<(usize, String)> {
        let mut links = Vec::new();
        for (event, range) in self.events() {
            if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
                links.push((self.line(range.start), dest_url.into_string()));
            }
        }
        links
    }

    /// Returns the anchors of the headings, formed as GitHub does.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let mut anchors = Vec::new();
        let mut heading: Option<String> = None;
        for (event, _) in self.events() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take().map(|heading| anchor(&heading))),
                _ => {}
            }
        }
        anchors
    }

    /// Returns the sections of the first two levels.
    pub(crate) fn sections(&self) -> Vec<Section> {
        let mut sections: Vec<Section> = Vec::new();
        let mut is_in_heading = false;
        let mut is_in_table_body = false;
        let mut cell = 0;
        for (event, _) in self.events() {
            match event {
                Event::Start(Tag::Heading { level: HeadingLevel::H1 | HeadingLevel::H2, .. }) => {
                    sections.push(Section { command: String::new(), first_cells: Vec::new() });
                    is_in_heading = true;
                }
                Event::End(TagEnd::Heading(_)) => is_in_heading = false,
                Event::End(TagEnd::TableHead) => is_in_table_body = true,
                Event::End(TagEnd::Table) => is_in_table_body = false,
                Event::Start(Tag::TableRow) => cell = 0,
                Event::End(TagEnd::TableCell) => cell += 1,
                Event::Code(code) => {
                    if let Some(section) = sections.last_mut() {
                        if is_in_heading {
                            section.command = code.into_string();
                        } else if is_in_table_body && cell == 0 {
                            section.first_cells.push(code.into_string());
                        }
                    }
                }
                _ => {}
            }
        }
        sections
    }

    /// Returns the numbers of lines of prose that are too long. Tables, code and single words cannot be wrapped.
    pub(crate) fn long_lines(&self) -> Vec<usize> {
        let mut exceptions: Vec<Range<usize>> = Vec::new();
        for (event, range) in self.events() {
            if let Event::Start(Tag::CodeBlock(_) | Tag::Table(_)) = event {
                exceptions.push(range);
            }
        }
        let mut long = Vec::new();
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let is_exception = exceptions.iter().any(|range| range.contains(&start));
            let has_words = line.trim().trim_start_matches("- ").contains(' ');
            if line.trim_end().chars().count() > LINE_MAX_CHARACTERS && has_words && !is_exception {
                long.push(self.line(start));
            }
            start += line.len();
        }
        long
    }

    fn events(&self) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
        Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter()
    }
}

fn instruction_in(html: &str) -> Option<String> {
    let instruction = html.trim().strip_prefix(INSTRUCTION)?.strip_suffix("-->")?;
    Some(instruction.trim().to_owned())
}

/// Keeps letters and digits in lower case, and replaces spaces by hyphens.
fn anchor(heading: &str) -> String {
    let mut anchor = String::new();
    for character in heading.to_lowercase().chars() {
        match character {
            ' ' => anchor.push('-'),
            '-' | '_' => anchor.push(character),
            _ if character.is_alphanumeric() => anchor.push(character),
            _ => {}
        }
    }
    anchor
}
