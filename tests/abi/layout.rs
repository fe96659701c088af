//! The library copies structs byte by byte. So no struct may have padding on any system, neither in the whole struct nor in its
//! first form, which programs of the first release use.

use super::{FIRST_RELEASE, name_of, read, structs, without_comments};

/// How a compiler lays out the types of the header.
#[derive(Clone, Copy, Debug)]
struct System {
    pointer: usize,
    /// The alignment of `uint64_t`.
    align_of_u64: usize,
}

const SYSTEMS: [System; 3] = [
    System { pointer: 8, align_of_u64: 8 },
    System { pointer: 4, align_of_u64: 8 }, // 32-bit ARM, Windows
    System { pointer: 4, align_of_u64: 4 }, // 32-bit x86 on Linux
];

impl System {
    /// Returns the size and the alignment of a field.
    fn layout(self, field: &str) -> (usize, usize) {
        let name = name_of(field);
        let of = field.strip_suffix(name).expect("the name is at the end").trim_end();
        match of {
            "uint16_t" => (2, 2),
            "uint32_t" | "int32_t" => (4, 4),
            "uint64_t" | "int64_t" => (8, self.align_of_u64),
            "size_t" => (self.pointer, self.pointer),
            number if number.starts_with("egret_ws_") && number.ends_with("_t") => (4, 4),
            pointer if pointer.ends_with('*') || pointer.ends_with("_fn") => (self.pointer, self.pointer),
            other => panic!("add the layout of {other:?}, the type of {name}"),
        }
    }

    /// Returns the first field with padding before it, or the end.
    fn padding(self, fields: &[&str]) -> Option<String> {
        let (mut end, mut align) = (0_usize, 1);
        for field in fields {
            let (size, align_of_field) = self.layout(field);
            if !end.is_multiple_of(align_of_field) {
                return Some(name_of(field).to_owned());
            }
            (end, align) = (end + size, align.max(align_of_field));
        }
        (!end.is_multiple_of(align)).then(|| "the end".to_owned())
    }
}

#[test]
fn no_struct_has_padding() {
    let code = without_comments(&read("include/egret_ws.h"));
    let structs = structs(&code);
    assert!(structs.len() > FIRST_RELEASE.len(), "the header was understood");
    for (name, fields) in structs {
        for system in SYSTEMS {
            assert_eq!(system.padding(&fields), None, "{name} has padding before this field, on {system:?}");
            let Some((_, last)) = FIRST_RELEASE.iter().find(|(known, _)| *known == name) else { continue };
            let end = 1 + fields.iter().position(|field| name_of(field) == *last).expect("the field is there");
            assert_eq!(system.padding(&fields[..end]), None, "the first form of {name} has padding, on {system:?}");
        }
    }
}

#[test]
fn padding_is_found() {
    let [wide, arm, x86] = SYSTEMS;
    let cases: [(&[&str], [Option<&str>; 3]); 6] = [
        (&["uint32_t a", "uint32_t b", "uint64_t c"], [None; 3]),
        (&["uint32_t a", "uint64_t b"], [Some("b"), Some("b"), None]),
        (&["uint32_t a", "const char *b"], [Some("b"), None, None]),
        (&["const char *a", "uint32_t b"], [Some("the end"), None, None]),
        (&["uint64_t a", "const char *b"], [None, Some("the end"), None]),
        (&["uint16_t a", "egret_ws_error_t b"], [Some("b"); 3]),
    ];
    for (fields, expected) in cases {
        let found = [wide, arm, x86].map(|system| system.padding(fields));
        assert_eq!(found.each_ref().map(Option::as_deref), expected, "{fields:?}");
    }
}
