//! Command lines: words, and options in the forms `--name`, `--name VALUE` or `--name=VALUE`. After `--`, every argument is a
//! word.

use std::ffi::OsString;

/// A part of a command line.
#[derive(Debug, PartialEq)]
pub enum Argument {
    /// An option, with its two dashes.
    Option(String),
    /// Any other argument.
    Word(String),
}

/// Reads a command line from its beginning.
pub struct Arguments {
    rest: std::vec::IntoIter<OsString>,
    /// The value after the `=` of the last option.
    value: Option<String>,
    last_option: String,
    has_only_words: bool,
}

impl Arguments {
    /// `arguments` does not contain the name of the program.
    pub fn new(arguments: impl IntoIterator<Item = OsString>) -> Arguments {
        let rest = arguments.into_iter().collect::<Vec<_>>().into_iter();
        Arguments { rest, value: None, last_option: String::new(), has_only_words: false }
    }

    /// Returns the next argument, or `None` at the end. Returns an error if the option before has a value, but takes none.
    pub fn take(&mut self) -> Result<Option<Argument>, String> {
        if let Some(value) = self.value.take() {
            return Err(format!("{} takes no value, but got {value:?}", self.last_option));
        }
        let Some(text) = self.rest.next() else { return Ok(None) };
        let text = text.into_string().map_err(|text| format!("this argument is not UTF-8: {}", text.display()))?;
        if self.has_only_words || text == "-" || !text.starts_with('-') {
            return Ok(Some(Argument::Word(text)));
        }
        if text == "--" {
            self.has_only_words = true;
            return self.take();
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (text, None),
        };
        self.last_option.clone_from(&name);
        self.value = value;
        Ok(Some(Argument::Option(name)))
    }

    /// Returns the value of the last option: the text after its `=`, or the next argument.
    pub fn value(&mut self) -> Result<String, String> {
        if let Some(value) = self.value.take() {
            return Ok(value);
        }
        let missing = || format!("{} needs a value", self.last_option);
        self.rest
            .next()
            .ok_or_else(missing)?
            .into_string()
            .map_err(|text| format!("the value of {} is not UTF-8: {}", self.last_option, text.display()))
    }

    /// Like [`Arguments::value`], for a number between two limits, which are both allowed.
    pub fn number(&mut self, least: u64, most: u64) -> Result<u64, String> {
        let text = self.value()?;
        number(&text, least, most).map_err(|reason| format!("{}: {reason}", self.last_option))
    }
}

/// Reads a number between two limits, which are both allowed.
pub fn number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let parsed = text.parse().ok().filter(|number| (least..=most).contains(number));
    parsed.ok_or_else(|| format!("{text:?} is not a number from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Arguments {
        Arguments::new(arguments.iter().map(OsString::from))
    }

    fn option(name: &str) -> Result<Option<Argument>, String> {
        Ok(Some(Argument::Option(name.to_owned())))
    }

    #[test]
    fn values_follow_an_option_in_two_ways() {
        let mut arguments = read(&["--pin=a=b", "--pin", "--x", "-", "--", "--pin"]);
        assert_eq!(arguments.take(), option("--pin"));
        assert_eq!(arguments.value(), Ok("a=b".to_owned()));
        assert_eq!(arguments.take(), option("--pin"));
        assert_eq!(arguments.value(), Ok("--x".to_owned()));
        assert_eq!(arguments.take(), Ok(Some(Argument::Word("-".to_owned()))));
        assert_eq!(arguments.take(), Ok(Some(Argument::Word("--pin".to_owned()))));
        assert_eq!(arguments.take(), Ok(None));
    }

    #[test]
    fn an_extra_or_missing_value_is_an_error() {
        let mut arguments = read(&["--json=yes"]);
        assert_eq!(arguments.take(), option("--json"));
        assert_eq!(arguments.take(), Err("--json takes no value, but got \"yes\"".to_owned()));
        let mut arguments = read(&["--pin"]);
        assert_eq!(arguments.take(), option("--pin"));
        assert_eq!(arguments.value(), Err("--pin needs a value".to_owned()));
    }

    #[test]
    fn numbers_have_limits() {
        for (text, should) in [("1", true), ("5", true), ("0", false), ("6", false), ("-1", false), ("x", false)] {
            let mut arguments = read(&["--pings", text]);
            assert_eq!(arguments.take(), option("--pings"));
            let got = arguments.number(1, 5);
            assert_eq!(got.is_ok(), should, "{text}");
            assert!(should || got == Err(format!("--pings: \"{text}\" is not a number from 1 to 5")), "{text}");
        }
    }
}
