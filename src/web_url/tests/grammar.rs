//! Makes texts that are URLs, or almost URLs.

/// Numbers that look random (splitmix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn one<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }

    fn some(&mut self, texts: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| self.one(texts)).collect()
    }
}

pub(super) const SCHEMES: &[&str] =
    &["ws", "wss", "http", "https", "socks5", "socks5h", "WS", "hTTp", "ftp", "file", "h", "w s", "1ws", ""];
const SLASHES: &[&str] = &["//", "//", "//", "//", "//", "//", "/", "\\\\", "/\\", "///", "\\", "", "/\t/", "//\\"];
const USERINFO: &[&str] = &[
    "a", "B", ":", "@", "%40", "%", "%4", "%ff", "%00", ";", "\u{e4}", " ", "[", "]", "\\", "\"", "|", "^", "~", "'",
    "{", "\t",
];
pub(super) const HOSTS: &[&str] = &[
    "h",
    "example.com",
    "EXAMPLE.Com",
    "a.b.",
    "a..b",
    ".",
    "..",
    ".a",
    "a-b_c",
    "-a-",
    "a--b",
    "ab--c",
    "localhost",
    "%41%2e%42",
    "a%00",
    "a%2fb",
    "a%",
    "a%zz",
    "%2525",
    "%6",
    "a b",
    "a<b",
    "a^b",
    "a|b",
    "a`b",
    "a{b}",
    "a!$&'()*+,;=b",
    "a~",
    "a\u{7f}",
    "a\x01b",
    "a\tb",
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "0X7F000001",
    "0177.0.0.01",
    "2130706433",
    "4294967295",
    "4294967296",
    "1.2.3",
    "1.2.3.4.",
    "1.2.3.4..",
    "1.2.3.4.5",
    "1.2.3.4.0",
    "256.1.1.1",
    "1.256",
    "1.65536",
    "1.2.65535",
    "1.2.65536",
    "08",
    "09.1",
    "0x",
    "0x.0x",
    "0xg",
    "1.0xg",
    "a.1",
    "a.0x1",
    "a.09",
    "1.a",
    "1..2",
    "99999999999999999999",
    "a.99999999999999999999",
    "0x100000000",
    "00000000000000000001",
    "%31%32%37.1",
    "[::1]",
    "[::]",
    "[1:2:3:4:5:6:7:8]",
    "[1::8]",
    "[::ffff:1.2.3.4]",
    "[::1.2.3.4]",
    "[1:0:0:2::3]",
    "[fe80::1%25eth0]",
    "[::01.2.3.4]",
    "[::1.2.3]",
    "[1:2:3:4:5:6:7::]",
    "[::2:3:4:5:6:7:8]",
    "[1:2:3:4:5:6:7::8]",
    "[12345::]",
    "[::g]",
    "[]",
    "[:]",
    "[::1",
    "::1]",
    "[::1]x",
    "x[::1]",
    "[[::1]]",
    "[:: 1]",
    "[1:2:3:4:5:6:1.2.3.4]",
    "[ABCD::EF]",
    "[1::2::3]",
    "[::%31]",
    "xn--bcher-kva",
    "XN--Bcher-KVA",
    "xn--",
    "xn--a",
    "xn--a-",
    "a.xn--ls8h.b",
    "xn--zzzzzzzzz",
    "xn--a_b",
    "xn--\u{e4}",
    "b\u{fc}cher.example",
    "B\u{dc}CHER",
    "\u{ff11}.\u{ff12}",
    "a\u{3002}b",
    "\u{ad}",
    "a\u{ad}b",
    "\u{ff0f}",
    "\u{5d0}.1a",
    "fa\u{df}.de",
    "\u{200d}",
    "%C3%BC",
    "%fc",
    "\u{fffd}",
];
const HOST_CHARACTERS: &[&str] = &[
    "a", "b", "Z", "0", "1", "7", "9", ".", ".", "-", "x", "0x", "00", "_", "%", "%3", "%41", "%2E", "%25", ":", "[",
    "]", "f", "::", "xn--", "\u{e4}", "~", "*", "!", "@", "\n",
];
pub(super) const PORTS: &[&str] = &[
    "",
    "",
    "",
    "",
    ":",
    ":80",
    ":443",
    ":0",
    ":1",
    ":65535",
    ":65536",
    ":00080",
    ":99999999999999999999",
    ":8a",
    ":-1",
    ":+1",
    ": 1",
    ":8\t0",
    ":80\\",
    ":1:2",
    ":\u{661}",
];
const PATHS: &[&str] = &[
    "/",
    "/",
    "a",
    "b",
    "\\",
    ".",
    "..",
    "/..",
    "/../",
    "/./",
    "/.",
    "%2e",
    "%2E%2e",
    ".%2E",
    "...",
    "%2",
    "%",
    "%zz",
    "C:",
    "c|",
    " ",
    "\"",
    "<",
    ">",
    "`",
    "{",
    "}",
    "|",
    "^",
    "[",
    "]",
    "'",
    ";",
    ":",
    "@",
    "&",
    "=",
    "~",
    "\u{e4}",
    "\u{1f600}",
    "\u{0}",
    "\u{7f}",
    "\t",
    "\r\n",
    "//",
];
const QUERIES: &[&str] = &[
    "?", "?", "a=b", "&", "#", "\"", "'", "<", ">", " ", "`", "{", "|", "^", "\\", "/", "..", "%", "%27", "\u{e4}",
    "\n", "\u{1}", "[", "@", ":",
];
const AROUND: &[&str] = &["", "", "", "", " ", "\n", "\u{0}", "\u{a0}", "\t \u{1f}"];
pub(super) const BASES: &[&str] =
    &["ws://h", "wss://h:1/a/b?c/d", "ws://[::ffff:1.2.3.4]/a/b/", "ws://h/C:/x", "wss://h//a//?"];

fn authority(random: &mut Random) -> String {
    let userinfo = match random.below(3) {
        0 => random.some(USERINFO, 5) + "@",
        _ => String::new(),
    };
    let host = match random.below(4) {
        0 => random.some(HOST_CHARACTERS, 8),
        1 => format!("{}.{}", random.one(HOSTS), random.one(HOSTS)),
        _ => random.one(HOSTS).to_owned(),
    };
    format!("{userinfo}{host}{}", random.one(PORTS))
}

pub(super) fn url(random: &mut Random) -> String {
    let mut text = random.one(AROUND).to_owned();
    if random.below(4) > 0 {
        text += random.one(SCHEMES);
        text += random.one(&[":", ":", ":", ":", ":", ":", ":", "", "\t:"]);
    }
    text += random.one(SLASHES);
    if random.below(8) > 0 {
        text += &authority(random);
    }
    if random.below(3) > 0 {
        text += random.one(&["/", "/", "\\", ""]);
        text += &random.some(PATHS, 6);
    }
    if random.below(3) == 0 {
        text += "?";
        text += &random.some(QUERIES, 6);
    }
    text + random.one(AROUND)
}

/// Changes, adds or removes a character.
pub(super) fn changed(random: &mut Random, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let at = random.below(characters.len() + 1);
    let other = char::from(u8::try_from(random.below(128)).unwrap());
    match random.below(3) {
        0 => characters.insert(at, other),
        1 if at < characters.len() => characters[at] = other,
        _ if at < characters.len() => drop(characters.remove(at)),
        _ => {}
    }
    characters.into_iter().collect()
}
