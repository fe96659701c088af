//! Failures of TLS: certificates, and servers without TLS.

use super::{Diagnosis, Exit};
use crate::abi::Report;
use crate::certificate::Certificate;
use crate::check::Check;
use crate::words::{date, plain, span};
use ::egret_ws::*;

pub fn tls(check: &Check, report: &Report, now: i64) -> Diagnosis {
    let certificates = check.opening.tls.as_ref().map_or(&[][..], |tls| &tls.certificates);
    let own = certificates.first().and_then(Option::as_ref);
    match report.error {
        EGRET_WS_ERR_TLS_EXPIRED => expired(certificates, now),
        EGRET_WS_ERR_TLS_HOST => {
            let names = own.map_or("other names".to_owned(), |own| plain(&own.hosts.join(", ")));
            let names = if names.is_empty() { "no name at all (no subjectAltName)".to_owned() } else { names };
            Diagnosis::new(
                Exit::Tls,
                format!("The certificate is for another host: it is for {names}, not for {}.", check.certified_name()),
                &[
                    "Use the name of the certificate in the URL.",
                    "Or ask the server's operator for a certificate with this name. With several sites on one address, the site for this \
                     name may be missing, and the server sends its default certificate.",
                    "To reach one of several servers by its address, put the name into the URL, and pass --address (option `addresses`).",
                ],
            )
        }
        EGRET_WS_ERR_TLS_ISSUER => untrusted(certificates),
        EGRET_WS_ERR_TLS_PIN => {
            let pin = own.map_or(String::new(), |own| format!(" It is {}.", own.pin));
            Diagnosis::new(
                Exit::Tls,
                format!("The server's public key is not one of the pinned keys.{pin}"),
                &[
                    "If the server's operator has changed the key, ship the new pin together with the old one.",
                    "If not, someone between this machine and the server reads the traffic, perhaps a security product. The issuer \
                 above names it.",
                ],
            )
        }
        _ if check.other_scheme_answers => Diagnosis::new(
            Exit::Tls,
            format!("Port {} speaks HTTP without TLS: a connection with ws:// got an answer.", check.url.port),
            &[
                "Use ws:// for this port, or the port where the server has TLS: usually 443.",
                "For players, put TLS in front of the server: a reverse proxy such as nginx.",
            ],
        ),
        EGRET_WS_ERR_TIMEOUT => Diagnosis::new(
            Exit::Tls,
            "The server accepts connections, but does not answer the TLS handshake.",
            &[
                "Does the port belong to a server with TLS? Another kind of server waits for the client to begin.",
                "Packets of full size may be lost on the way (MTU of a VPN): try another network.",
            ],
        ),
        EGRET_WS_ERR_CONNECTION_LOST => Diagnosis::new(
            Exit::Tls,
            "The server ended the connection during the TLS handshake.",
            &[
                "It may not know this name (SNI), or accept no version of TLS from 1.2 on.",
                "A firewall that allows only some names ends connections in this way: try another network.",
            ],
        ),
        _ => Diagnosis::new(
            Exit::Tls,
            "The TLS handshake failed.",
            &[
                "Both sides need a common version (1.2 or 1.3) and cipher; `openssl s_client -connect host:port` shows those of the server.",
                "Does the server require a client certificate? Pass it with --identity.",
            ],
        ),
    }
}

fn expired(certificates: &[Option<Certificate>], now: i64) -> Diagnosis {
    let wrong = certificates.iter().flatten().find(|one| now < one.not_before || now > one.not_after);
    let clock = format!("Check the clock of this machine: it shows {}.", date(now));
    match wrong {
        Some(early) if now < early.not_before => Diagnosis::new(
            Exit::Tls,
            format!("The certificate {} is not valid yet: it begins in {}.", plain(&early.subject), span(early.not_before - now)),
            &[],
        )
        .advise(clock),
        Some(late) => Diagnosis::new(
            Exit::Tls,
            format!("The certificate {} expired {} ago, at {}.", plain(&late.subject), span(now - late.not_after), date(late.not_after)),
            &["The server's operator must renew the certificate, and restart or reload the server: it may still use the old file."],
        )
        .advise(clock),
        None => Diagnosis::new(Exit::Tls, "A certificate of the server has expired, or is not valid yet.", &[
            "The server's operator must renew the certificate, and restart or reload the server: it may still use the old file.",
        ])
        .advise(clock),
    }
}

fn untrusted(certificates: &[Option<Certificate>]) -> Diagnosis {
    let own_authority = "An authority of your own, or a test server: pass its certificate to the game (option `tls_roots`), here --roots FILE.";
    let known: Vec<&Certificate> = certificates.iter().flatten().collect();
    match &known[..] {
        [only] if only.is_self_issued() => Diagnosis::new(
            Exit::Tls,
            format!("The certificate is not trusted: {} is self-signed.", plain(&only.subject)),
            &[own_authority, "For players, use a certificate of a public authority. It costs nothing (Let's Encrypt)."],
        ),
        [.., last] if !last.is_self_issued() => Diagnosis::new(
            Exit::Tls,
            format!(
                "The certificate is not trusted: its chain ends at {}. That was issued by {}, which is neither in the chain nor among the \
                 trusted certificates.",
                plain(&last.subject),
                plain(&last.issuer)
            ),
            &[
                "A public authority: the server does not send its intermediate certificates. Its operator configures the whole chain \
                 (`fullchain.pem`). Browsers often find the missing ones themselves; games and phones do not.",
                own_authority,
            ],
        ),
        [.., root] => Diagnosis::new(
            Exit::Tls,
            format!(
                "The certificate is not trusted: its chain ends at the root {}, which this machine does not trust.",
                plain(&root.subject)
            ),
            &[
                own_authority,
                "If you do not expect this root, a security product or a proxy on the path reads the traffic.",
                "If it is a public root, the certificates of this system may be old (package `ca-certificates`).",
            ],
        ),
        [] => Diagnosis::new(
            Exit::Tls,
            "The certificate is not trusted.",
            &["If it is a public authority, does the server send the whole chain (`fullchain.pem`)?", own_authority],
        ),
    }
}
