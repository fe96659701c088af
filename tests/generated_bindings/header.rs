//! Reads `include/egret_ws.h`: constants, structs and their doc comments.

/// `#define EGRET_WS_OK 0`
#[derive(Debug)]
pub struct Constant {
    pub name: String,
    pub value: String,
    pub doc: String,
}

impl Constant {
    pub fn number(&self) -> i32 {
        let value = self.value.trim_matches(['(', ')']);
        let number = match value.strip_prefix("0x") {
            // The number is a set of bits.
            Some(bits) => u32::from_str_radix(bits.trim_end_matches('u'), 16).map(|bits| bits as i32),
            None => value.parse(),
        };
        number.unwrap_or_else(|_| panic!("{} is no number: {}", self.name, self.value))
    }

    /// The name without the prefix.
    pub fn short(&self, prefix: &str) -> &str {
        self.name.strip_prefix(prefix).unwrap_or_else(|| panic!("{} does not begin with {prefix}", self.name))
    }
}

/// A field, such as `proxy` of the type `const char *`, or `address` of the type `char[64]`.
#[derive(Debug)]
pub struct Field {
    pub of_type: String,
    pub name: String,
    pub doc: String,
}

#[derive(Debug)]
pub struct Struct {
    pub name: String,
    pub fields: Vec<Field>,
}

#[derive(Debug, Default)]
pub struct Header {
    pub constants: Vec<Constant>,
    structs: Vec<Struct>,
}

impl Header {
    pub fn parse(text: &str) -> Header {
        let mut header = Header::default();
        let mut doc = String::new();
        let mut open: Option<Struct> = None;
        let mut lines = text.lines().map(str::trim);
        while let Some(line) = lines.next() {
            if let Some(first) = line.strip_prefix("/*") {
                doc = comment(first, &mut lines);
                continue;
            }
            let doc = std::mem::take(&mut doc);
            if let Some(define) = line.strip_prefix("#define ") {
                // A macro with parameters is only for C and C++.
                if let Some((name, value)) = define.split_once(' ').filter(|(name, _)| !name.contains('(')) {
                    header.constants.push(Constant { name: name.into(), value: value.into(), doc });
                }
            } else if let Some(name) = line.strip_prefix("typedef struct ").and_then(|rest| rest.strip_suffix(" {")) {
                open = Some(Struct { name: name.into(), fields: Vec::new() });
            } else if line.starts_with('}') {
                header.structs.extend(open.take());
            } else if let (Some(open), Some(declaration)) = (&mut open, line.strip_suffix(';')) {
                open.fields.push(field(declaration, doc));
            }
        }
        header
    }

    pub fn fields(&self, name: &str) -> &[Field] {
        let found = self.structs.iter().find(|one| one.name == name);
        &found.unwrap_or_else(|| panic!("the header has no struct {name}")).fields
    }
}

/// Returns the text of a comment in one line. `first` is the rest of the line in which it begins.
fn comment<'a>(first: &'a str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut words = Vec::new();
    let mut line = first;
    loop {
        let (text, is_last) = line.strip_suffix("*/").map_or((line, false), |text| (text, true));
        words.extend(text.strip_prefix('*').unwrap_or(text).split_whitespace());
        if is_last {
            return words.join(" ");
        }
        line = lines.next().expect("the end of a comment");
    }
}

fn field(declaration: &str, doc: String) -> Field {
    let (declaration, length) = declaration.find('[').map_or((declaration, ""), |at| declaration.split_at(at));
    let at = declaration.rfind([' ', '*']).expect("a type and a name") + 1;
    let (of_type, name) = declaration.split_at(at);
    Field { of_type: of_type.trim().to_owned() + length, name: name.into(), doc }
}
