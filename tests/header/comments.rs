//! Writes the doc comments of the Rust sources as comments of C that Doxygen reads.
//!
//! In the sources the parts of a comment are a Markdown list at its end, which rustdoc shows well:
//!
//! ```text
//!   /// - `ws`: The socket.              * @param ws  The socket.
//!   /// - Returns: The state.            * @return    The state.
//!   /// - Errors: `BAD_HANDLE`.     ─►   *
//!   /// - Threads: Any thread.           * Errors:  `BAD_HANDLE`.
//!   /// - Since: 0.2                     * Threads: Any thread.
//!   ///                                  * Since:   0.2
//!   /// # Safety …
//! ```

/// The longest line of a comment.
const WIDTH: usize = 120;

/// A comment in the form of C.
pub fn doxygen(indent: &str, lines: &[&str]) -> String {
    let lines = lines.iter().take_while(|line| **line != "# Safety").copied().collect::<Vec<_>>();
    let width = WIDTH - indent.len() - " * ".len();
    let lines = format(&blocks(&lines), width);
    match &lines[..] {
        [line] if line.len() < width => format!("{indent}/** {line} */\n"),
        _ => {
            let body: String =
                lines.iter().map(|line| format!("{indent} * {line}").trim_end().to_owned() + "\n").collect();
            format!("{indent}/**\n{body}{indent} */\n")
        }
    }
}

/// The parts of a comment. Each part is one line; a table is one part for each of its lines.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    Paragraph(String),
    /// A line of a table.
    Row(String),
    /// `1. text`
    Step(String),
    /// A name in backticks and its text, in a list.
    Parameter(String, String),
    /// A label such as `Errors`, and its text, in a list.
    Part(String, String),
    Empty,
}

fn blocks(lines: &[&str]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for line in lines {
        let item = line.strip_prefix("- ").and_then(|item| item.split_once(": "));
        match (item, blocks.last_mut()) {
            (Some((label, text)), _) => {
                blocks.push(match label.strip_prefix('`').and_then(|name| name.strip_suffix('`')) {
                    Some(name) => Block::Parameter(name.to_owned(), text.to_owned()),
                    None => Block::Part(label.to_owned(), text.to_owned()),
                })
            }
            (None, _) if line.is_empty() => blocks.push(Block::Empty),
            (None, _) if line.starts_with('|') => blocks.push(Block::Row((*line).to_owned())),
            (None, _) if line.starts_with(|c: char| c.is_ascii_digit()) && line[1..].starts_with(". ") => {
                blocks.push(Block::Step((*line).to_owned()));
            }
            (
                None,
                Some(Block::Paragraph(text) | Block::Step(text) | Block::Parameter(_, text) | Block::Part(_, text)),
            ) => {
                *text += &format!(" {line}");
            }
            (None, _) => blocks.push(Block::Paragraph((*line).to_owned())),
        }
    }
    while blocks.last() == Some(&Block::Empty) {
        blocks.pop();
    }
    blocks
}

fn format(blocks: &[Block], width: usize) -> Vec<String> {
    let names = blocks.iter().filter_map(|block| match block {
        Block::Parameter(name, _) => Some(name.len()),
        _ => None,
    });
    let name_width = names.max();
    let labels = blocks.iter().filter_map(|block| match block {
        Block::Part(label, _) if label != "Returns" => Some(label.len() + ": ".len()),
        _ => None,
    });
    let label_width = labels.max().unwrap_or(0);
    let mut lines = Vec::new();
    let mut has_parts = false;
    for block in blocks {
        match block {
            Block::Empty => lines.push(String::new()),
            Block::Row(row) => lines.push(row.clone()),
            Block::Paragraph(text) => lines.extend(wrap("", 0, text, width)),
            Block::Step(text) => lines.extend(wrap("", 3, text, width)),
            Block::Parameter(name, text) => {
                let column = "@param ".len() + name_width.unwrap_or(0) + 2;
                lines.extend(wrap(&format!("@param {name}"), column, text, width));
            }
            Block::Part(label, text) if label == "Returns" => {
                let column = name_width.map_or("@return ".len(), |name| "@param ".len() + name + 2);
                lines.extend(wrap("@return", column.max("@return ".len()), text, width));
            }
            Block::Part(label, text) => {
                if !std::mem::replace(&mut has_parts, true)
                    && lines.last().is_some_and(|line: &String| !line.is_empty())
                {
                    lines.push(String::new());
                }
                lines.extend(wrap(&format!("{label}:"), label_width, text, width));
            }
        }
    }
    lines
}

/// Breaks a text into lines. The first one begins with `first`; the text begins in the column in every line, but not in the first one
/// if `first` is empty.
fn wrap(first: &str, column: usize, text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = if first.is_empty() { String::new() } else { format!("{first:column$}") };
    let mut is_new = true;
    for word in words(text) {
        if !is_new && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(column)));
            is_new = true;
        }
        if !is_new {
            line.push(' ');
        }
        line += &word;
        is_new = false;
    }
    lines.push(line);
    lines
}

/// The words of a text. Words between two backticks stay together, if they are short.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if last.matches('`').count() % 2 == 1 && last.len() + word.len() < 50 => {
                *last += &format!(" {word}")
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}
