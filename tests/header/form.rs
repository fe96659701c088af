//! Every function and callback type of the header is described in one form: a sentence about its effect, details, each parameter, the
//! return value, the errors, the threads, and the version that introduced it.

use super::groups::{declaration, name};

/// Returns the faults in the comments of a header.
pub fn faults(header: &str) -> Vec<String> {
    let items = header.trim_end().split("\n\n").map(|text| text.trim_matches('\n'));
    let items = items.filter(|text| text.starts_with("/**\n"));
    let of_item = |text| {
        let declaration = declaration(text);
        let name = name(declaration)?;
        let faults = match Callable::of(declaration) {
            Some(callable) => callable.faults(text),
            None if declaration.trim_end().ends_with('}') || declaration.contains(" {\n") => of_struct(text),
            None => Vec::new(),
        };
        Some(faults.into_iter().map(move |fault| format!("{name}: {fault}")).collect::<Vec<_>>())
    };
    items.filter_map(of_item).flatten().collect()
}

/// The number of functions and callback types.
pub fn callables(header: &str) -> usize {
    header.split("\n\n").filter(|text| Callable::of(declaration(text.trim_matches('\n'))).is_some()).count()
}

struct Callable<'a> {
    is_function: bool,
    returns: bool,
    parameters: Vec<&'a str>,
}

impl<'a> Callable<'a> {
    /// Reads the declaration of a function or of a callback type.
    fn of(declaration: &'a str) -> Option<Callable<'a>> {
        let is_callback = declaration.starts_with("typedef ") && declaration.contains("(*");
        let is_function =
            declaration.starts_with(|c: char| c.is_ascii_lowercase()) && !declaration.starts_with("typedef");
        if !(is_callback || is_function) {
            return None;
        }
        let (before, list) = if is_callback { declaration.split_once(")(")? } else { declaration.split_once('(')? };
        let (list, _) = list.split_once(')')?;
        let last_word = |parameter: &'a str| parameter.trim().rsplit([' ', '*']).next().unwrap_or_default();
        let parameters = list.split(',').map(last_word).filter(|name| *name != "void").collect();
        let result = before.trim_start_matches("typedef ").trim();
        Some(Callable {
            is_function,
            returns: !result.starts_with("void ") || result.starts_with("void *"),
            parameters,
        })
    }

    fn faults(&self, text: &str) -> Vec<String> {
        let lines = comment(text);
        let mut faults = Vec::new();
        let effect: Vec<&str> = lines.iter().copied().take_while(|line| !line.is_empty()).collect();
        let effect = effect.join(" ");
        if !is_effect(&effect) {
            faults.push(format!("does not begin with one sentence such as \"Returns …\": {effect}"));
        }
        let label = |line: &&str| {
            let label = line.strip_prefix("@param ").and_then(|rest| rest.split(' ').next());
            let is_label = |label: &&str| line.starts_with(*label) && line[label.len()..].starts_with([' ', ':']);
            label.map(str::to_owned).or_else(|| LABELS.iter().copied().find(is_label).map(str::to_owned))
        };
        let found: Vec<String> = lines.iter().filter_map(label).collect();
        let mut expected: Vec<&str> = self.parameters.clone();
        expected.extend(self.returns.then_some("@return"));
        expected.extend(self.is_function.then_some("Errors"));
        expected.extend(["Threads", "Since"]);
        if found != expected {
            faults.push(format!("has the parts {found:?} instead of {expected:?}"));
        }
        for line in lines.iter().filter(|line| line.starts_with("@param ")) {
            let text = line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
            if !text.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '`') {
                faults.push(format!("does not describe a parameter: {line}"));
            }
        }
        faults.extend(since(&lines));
        faults
    }
}

const LABELS: [&str; 4] = ["@return", "Errors", "Threads", "Since"];

fn of_struct(text: &str) -> Vec<String> {
    since(&comment(text)).into_iter().collect()
}

/// A comment ends with the version.
fn since(lines: &[&str]) -> Option<String> {
    let is_version = |version: &str| {
        let parts: Vec<&str> = version.split('.').collect();
        parts.len() == 2 && parts.iter().all(|part| part.parse::<u32>().is_ok())
    };
    let last = lines.last().and_then(|line| line.strip_prefix("Since:")).map(str::trim);
    (!last.is_some_and(is_version)).then(|| "does not end with a line such as \"Since: 0.2\"".to_owned())
}

/// The lines of the comment before a declaration.
fn comment(text: &str) -> Vec<&str> {
    let (comment, _) = text.split_once("\n */").expect("the comment ends");
    comment.lines().skip(1).map(|line| line.trim_start_matches(" *").trim_start()).collect()
}

/// One sentence that begins with a verb in the third person, perhaps after the kind of a callback.
fn is_effect(text: &str) -> bool {
    let text = ["Hook: ", "TLS provider: "].iter().find_map(|kind| text.strip_prefix(kind)).unwrap_or(text);
    let verb = text.split(' ').next().unwrap_or_default();
    let is_verb = verb.len() > 2 && verb.ends_with('s') && verb.chars().all(|c| c.is_ascii_alphabetic());
    is_verb && text.ends_with('.') && !text.contains(". ")
}
