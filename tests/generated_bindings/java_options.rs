//! The regions of `bindings/java` for options: builders, getters, and the lists of fields for C, all in one order.

use crate::api::{Api, Kind, OptionField};
use crate::docs;
use crate::header::Constant;
use crate::java::{flag_name, name, reference};
use crate::names::capital;

/// Selects options by kind, and numbers them from 0.
fn of_kind<'a>(
    options: impl Iterator<Item = &'a OptionField>,
    kinds: &[Kind],
) -> impl Iterator<Item = (usize, &'a OptionField)> {
    options.filter(|option| kinds.contains(&option.kind)).enumerate()
}

const NUMBERS: &[Kind] = &[Kind::Number, Kind::Level];
const TEXTS: &[Kind] = &[Kind::Text];

/// A class of options for a struct of C.
pub struct Class {
    name: &'static str,
    of: &'static str,
    options: fn(&Api) -> Vec<&OptionField>,
    flags: fn(&Api) -> &[Constant],
}

fn in_group<'a>(api: &'a Api, group: &str) -> Vec<&'a OptionField> {
    api.options().filter(|option| option.group == group).collect()
}

pub const SOCKET: Class = Class {
    name: "WebSocketOptions",
    of: "egret_ws_options",
    options: |api| in_group(api, ""),
    flags: |api| &api.flags,
};
pub const RETRY: Class =
    Class { name: "RetryOptions", of: "egret_ws_retry_options", options: |api| in_group(api, "retry"), flags: |_| &[] };
pub const DEFLATE: Class = Class {
    name: "DeflateOptions",
    of: "egret_ws_deflate_options",
    options: |api| in_group(api, "deflate"),
    flags: |_| &[],
};
pub const LOOP: Class = Class {
    name: "LoopOptions",
    of: "egret_ws_loop_options",
    options: |api| api.loop_options.iter().collect(),
    flags: |api| &api.loop_flags,
};

/// Collects the generated members of a class of options, or of its `Builder`.
struct Members<'a> {
    api: &'a Api,
    class: String,
    of: &'a str,
    out: String,
}

impl Members<'_> {
    fn member(&mut self, doc: &str, declaration: &str, value: &str) {
        let space = if self.out.is_empty() { "" } else { "\n" };
        self.out += &format!("{space}{doc}public {declaration} {{\n    return {value};\n}}\n");
    }

    fn setter(&mut self, doc: &str, name: &str, parameter: &str, call: &str) {
        let doc = docs::java(doc, |word| reference(self.api, &self.class, self.of, word));
        self.member(&doc, &format!("@NotNull Builder {name}({parameter})"), call);
    }

    /// Adds another setter, which calls the one with the name `of`.
    fn overload(&mut self, of: &str, note: &str, name: &str, parameter: &str, argument: &str) {
        let doc = format!("/** As {{@link #{of}}}.{note} */\n");
        self.member(&doc, &format!("@NotNull Builder {name}({parameter})"), &format!("{}({argument})", base(of)));
    }

    fn getter(&mut self, of_type: &str, setter: &str, prefix: &str, value: &str) {
        let doc = format!("/** See {{@link Builder#{setter}}}. */\n");
        self.member(&doc, &format!("{of_type} {prefix}{}()", capital(setter)), value);
    }

    fn number(&mut self, at: usize, option: &OptionField) {
        let (doc, name) = (&number_doc(option), name(option.field()));
        if option.kind == Kind::Level {
            self.setter(doc, &name, "@NotNull LogLevel level", &format!("number({at}, \"{name}\", level.number)"));
        } else if let Some(doc) = doc.strip_prefix(ON) {
            self.setter(&capital(doc), &name, "boolean on", &format!("number({at}, \"{name}\", on ? 1 : 0)"));
        } else {
            let unit = match option.name.rsplit_once('_') {
                Some((_, "ms")) => "millis",
                Some((_, "us")) => "micros",
                Some((_, unit @ ("bytes" | "bits" | "level" | "version"))) => unit,
                _ => "count",
            };
            let also = ["UNLIMITED", "AT_ONCE"].into_iter().filter(|name| doc.contains(&format!("`EGRET_WS_{name}`")));
            let also: String = also.map(|constant| format!(", {constant}")).collect();
            let call = format!("number({at}, \"{name}\", {unit}{also})");
            self.setter(doc, &name, &format!("long {unit}"), &call);
        }
        if let Some(time) = name.strip_suffix("Millis") {
            let note = " On Android it needs API 26, or desugaring.";
            self.overload(&name, note, time, "@NotNull Duration time", &format!("millis(\"{time}\", time)"));
        }
    }

    fn text(&mut self, at: usize, option: &OptionField) {
        let name = name(option.field());
        if !is_list(option) {
            self.setter(&option.doc, &name, "@Nullable String text", &format!("text({at}, \"{name}\", text)"));
            return;
        }
        let doc =
            option.doc.replace("a comma-separated list of", "a list of").replace("NULL means none", "Default: none");
        let call = format!("text({at}, \"{name}\", joined(\"{name}\", list))");
        self.setter(&doc, &name, "@NotNull List<String> list", &call);
        self.overload(&format!("{name}(List)"), "", &name, "@NotNull String... list", "Arrays.asList(list)");
    }
}

/// Returns the comment of a number. It names the constants that the option accepts. A test compares this with the library.
fn number_doc(option: &OptionField) -> String {
    let note = |constant: &str, meaning| {
        let is_said = option.doc.contains(&format!("`{constant}`"));
        if is_said { String::new() } else { format!(" `{constant}` means {meaning}.") }
    };
    let note = match option.name.as_str() {
        "linger_ms" => note("EGRET_WS_AT_ONCE", "that it does not wait"),
        name if name.ends_with("_timeout_ms") => note("EGRET_WS_UNLIMITED", "no limit"),
        _ => String::new(),
    };
    option.doc.clone() + &note
}

fn bit(flag: &Constant) -> String {
    format!("{:#x}", flag.number())
}

/// `subprotocols(List)` → `subprotocols`
fn base(method: &str) -> &str {
    method.split('(').next().unwrap_or(method)
}

/// A text of C that is a list in Java.
fn is_list(option: &OptionField) -> bool {
    option.doc.contains("comma-separated list")
}

/// The beginning of the comment of a number of C that is 1 or 0.
const ON: &str = "1 means that ";

pub fn setters(api: &Api, class: &Class) -> String {
    let options = (class.options)(api);
    let name = format!("{}.Builder", class.name);
    let mut members = Members { api, class: name, of: class.of, out: String::new() };
    of_kind(options.iter().copied(), NUMBERS).for_each(|(at, option)| members.number(at, option));
    of_kind(options.iter().copied(), TEXTS).for_each(|(at, option)| members.text(at, option));
    for flag in (class.flags)(api) {
        members.setter(&flag.doc, &flag_name(flag), "boolean on", &format!("flag({}, on)", bit(flag)));
    }
    members.out
}

pub fn getters(api: &Api, class: &Class) -> String {
    let options = (class.options)(api);
    let count = |kinds| of_kind(options.iter().copied(), kinds).count();
    let mut out = format!("static final int COUNT = {};\n", count(NUMBERS));
    if count(TEXTS) > 0 {
        out += &format!("static final int TEXTS = {};\n", count(TEXTS));
    }
    let mut members = Members { api, class: class.name.into(), of: class.of, out };
    for (at, option) in of_kind(options.iter().copied(), NUMBERS) {
        let name = name(option.field());
        match option.kind {
            Kind::Level => {
                members.getter("@NotNull LogLevel", &name, "get", &format!("LogLevel.of((int) number({at}))"))
            }
            _ if option.doc.starts_with(ON) => members.getter("boolean", &name, "is", &format!("number({at}) == 1")),
            _ => members.getter("long", &name, "get", &format!("number({at})")),
        }
    }
    for (at, option) in of_kind(options.iter().copied(), TEXTS) {
        let name = name(option.field());
        if is_list(option) {
            members.getter("@NotNull List<String>", &name, "get", &format!("list({at})"));
        } else {
            members.getter("@Nullable String", &name, "get", &format!("texts[{at}]"));
        }
    }
    for flag in (class.flags)(api) {
        members.getter("boolean", &flag_name(flag), "is", &format!("flag({})", bit(flag)));
    }
    members.out
}

/// Returns the numbers of the socket's options, then those of the other classes.
pub fn options_for_c(api: &Api) -> String {
    let list = |class: Class, member: &str, kinds| -> String {
        let options = (class.options)(api);
        of_kind(options.into_iter(), kinds).map(|(_, o)| format!("    FIELD({member}.{}),\n", o.field())).collect()
    };
    format!(
        "static const size_t number_fields[] = {{\n{}{}{}}};\nstatic const size_t text_fields[] = {{\n{}}};\n",
        list(SOCKET, "socket", NUMBERS),
        list(RETRY, "retry", NUMBERS),
        list(DEFLATE, "deflate", NUMBERS),
        list(SOCKET, "socket", TEXTS)
    )
}

pub fn loop_options_for_c(api: &Api) -> String {
    let count = of_kind(api.loop_options.iter(), NUMBERS).count();
    let mut out =
        format!("jint values[{count}] = {{0}};\n(*env)->GetIntArrayRegion(env, numbers, 0, COUNT(values), values);\n");
    for (at, option) in of_kind(api.loop_options.iter(), NUMBERS) {
        let cast = if option.kind == Kind::Level { "" } else { "(uint32_t)" };
        out += &format!("options.{} = {cast}values[{at}];\n", option.name);
    }
    out
}
