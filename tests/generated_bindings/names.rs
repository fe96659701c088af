//! Names in the style of other languages.

/// `connect_timeout_ms` → `connectTimeoutMs`
pub fn camel(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut camel = words.next().unwrap_or_default().to_lowercase();
    for word in words {
        camel += &capital(&word.to_lowercase());
    }
    camel
}

/// Makes the first letter a capital letter.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}
