//! Certificates in PEM (RFC 7468). native-tls can parse PEM too, but not on iOS, and it panics if the bytes are not UTF-8.

use base64ct::{Base64, Encoding};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Returns the certificates in `pem`, in DER. Other blocks and text between them are skipped.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let text = String::from_utf8_lossy(pem);
    let mut rest = &*text;
    let mut certificates = Vec::new();
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let number = certificates.len() + 1;
        let Some((body, after)) = after.split_once(END) else {
            return Err(format!("certificate {number} has no `{END}`"));
        };
        let digits: String = body.chars().filter(|char| !char.is_ascii_whitespace()).collect();
        match Base64::decode_vec(&digits) {
            Ok(der) if !der.is_empty() => certificates.push(der),
            _ => return Err(format!("certificate {number} is not base64")),
        }
        rest = after;
    }
    match certificates.is_empty() {
        true => Err(format!("it has no `{BEGIN}`, which PEM requires")),
        false => Ok(certificates),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_found_between_other_blocks_and_text() {
        let pem =
            format!("subject=/CN=x \u{fc}\n{BEGIN}\r\nAQID\r\nBA==\r\n{END}\n-----BEGIN X-----\n{BEGIN}Bw=={END}");
        assert_eq!(certificates(pem.as_bytes()), Ok(vec![vec![1, 2, 3, 4], vec![7]]));
    }

    #[test]
    fn errors_name_the_broken_certificate() {
        for (pem, wrong) in [
            (String::new(), "has no `-----BEGIN"),
            ("-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----".into(), "has no `-----BEGIN"),
            (format!("{BEGIN}\nAQID\n"), "certificate 1 has no `-----END"),
            (format!("{BEGIN}AQID{END}{BEGIN}A!{END}"), "certificate 2 is not base64"),
            (format!("{BEGIN}\n{END}"), "certificate 1 is not base64"),
        ] {
            let error = certificates(pem.as_bytes()).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
        assert!(certificates(&[0x30, 0x82, 0xff]).is_err(), "DER is not PEM");
    }
}
