//! Valid and invalid certificates. The `openssl` command makes each certificate when a test first uses it.

use crate::paths;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::sync::LazyLock;

/// The authority that the clients of the tests trust.
pub static ROOT: LazyLock<Certificate> = LazyLock::new(|| Request::new("root").authority().sign(None));
/// An authority that they do not trust.
pub static UNTRUSTED: LazyLock<Certificate> = LazyLock::new(|| Request::new("untrusted").authority().sign(None));
/// An intermediate authority, signed by `ROOT`.
pub static INTERMEDIATE: LazyLock<Certificate> =
    LazyLock::new(|| Request::new("intermediate").authority().sign(Some(&ROOT)));

/// A valid certificate for `localhost` and the loopback addresses.
pub static RIGHT: LazyLock<Certificate> = LazyLock::new(|| Request::new("right").sign(Some(&ROOT)));
pub static EXPIRED: LazyLock<Certificate> =
    LazyLock::new(|| Request::new("expired").valid("20200101000000Z", "20210101000000Z").sign(Some(&ROOT)));
pub static NOT_YET_VALID: LazyLock<Certificate> =
    LazyLock::new(|| Request::new("not-yet-valid").valid("20900101000000Z", "20910101000000Z").sign(Some(&ROOT)));
pub static WRONG_HOST: LazyLock<Certificate> =
    LazyLock::new(|| Request::new("wrong-host").hosts("DNS:other.example,IP:192.0.2.1").sign(Some(&ROOT)));
/// A certificate with DNS names only. An address among them does not count as an address (RFC 9525 section 6.5).
pub static NAMES_ONLY: LazyLock<Certificate> = LazyLock::new(|| {
    Request::new("127.0.0.1").hosts("DNS:localhost,DNS:127.0.0.1,DNS:*.wild.example").sign(Some(&ROOT))
});
/// A certificate with unusual names that a client must not match too generously.
pub static ODD_NAMES: LazyLock<Certificate> = LazyLock::new(|| {
    const NAMES: &str = "DNS:*.wild.example.,DNS:dot.example.,DNS:my_host.example,DNS:*.example,DNS:*,DNS:part*.sub.example,\
                         DNS:*.*.double.example,DNS:10.0.0.1,email:a@b.example,URI:http://203.0.113.7";
    Request::new("odd-names").hosts(NAMES).sign(Some(&ROOT))
});
/// A certificate with a common name only.
pub static NO_NAMES: LazyLock<Certificate> =
    LazyLock::new(|| Request::new("no-names").without_hosts().sign(Some(&ROOT)));
pub static UNKNOWN_ISSUER: LazyLock<Certificate> =
    LazyLock::new(|| Request::new("unknown-issuer").sign(Some(&UNTRUSTED)));
/// Like `UNKNOWN_ISSUER`, but the server also sends the certificate of the authority.
pub static UNKNOWN_ROOT: LazyLock<Certificate> =
    LazyLock::new(|| Request::new("unknown-root").with_root().sign(Some(&UNTRUSTED)));
pub static SELF_SIGNED: LazyLock<Certificate> = LazyLock::new(|| Request::new("self-signed").sign(None));
/// A certificate that is sent with the certificate of its issuer.
pub static CHAINED: LazyLock<Certificate> = LazyLock::new(|| Request::new("chained").sign(Some(&INTERMEDIATE)));
/// A certificate that the server sends without the certificate of its issuer.
pub static BROKEN_CHAIN: LazyLock<Certificate> =
    LazyLock::new(|| Request::new("broken-chain").alone().sign(Some(&INTERMEDIATE)));
/// A client certificate.
pub static CLIENT: LazyLock<Certificate> = LazyLock::new(|| Request::new("client").client().sign(Some(&ROOT)));
/// A client certificate that servers do not accept.
pub static UNACCEPTED_CLIENT: LazyLock<Certificate> =
    LazyLock::new(|| Request::new("unaccepted-client").client().sign(Some(&UNTRUSTED)));

/// A certificate and its key, as files in PEM.
pub struct Certificate {
    folder: PathBuf,
    is_root: bool,
}

impl Certificate {
    /// The certificate, and after it the certificates between it and the root.
    pub fn chain(&self) -> PathBuf {
        self.folder.join("chain.pem")
    }

    /// The key (PKCS#8).
    pub fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// The certificates and the key in one file, for HAProxy.
    pub fn chain_and_key(&self) -> PathBuf {
        self.folder.join("all.pem")
    }

    /// The text of `chain`, for the option `tls_roots`.
    pub fn pem(&self) -> String {
        read(&self.chain())
    }

    /// The certificate alone, in DER.
    pub fn der(&self) -> Vec<u8> {
        run(&mut openssl(&self.folder, &["x509", "-in", "certificate.pem", "-outform", "DER"]))
    }

    /// The public key, for the option `tls_pins`.
    pub fn pin(&self) -> String {
        let hash = "openssl pkey -in key.pem -pubout -outform DER | openssl dgst -sha256 -binary | openssl base64 -A";
        let pin = run(Command::new("sh").args(["-c", hash]).current_dir(&self.folder));
        assert_eq!(pin.len(), 44, "not the base64 of 32 bytes");
        format!("sha256/{}", String::from_utf8(pin).expect("base64 is ASCII"))
    }

    /// The certificate and its key, for the option `tls_identity`.
    pub fn pkcs12(&self, password: &str) -> Vec<u8> {
        let mut export = openssl(&self.folder, &["pkcs12", "-export", "-in", "chain.pem", "-inkey", "key.pem"]);
        run(export.args(["-passout", &format!("pass:{password}")]))
    }
}

/// The content of a certificate.
struct Request {
    name: &'static str,
    extensions: Vec<String>,
    validity: Vec<&'static str>,
    runs_alone: bool,
    sends_root: bool,
}

impl Request {
    /// Requests a certificate for a server. It is valid now, for `localhost` and the loopback addresses.
    fn new(name: &'static str) -> Request {
        let validity = vec!["-days", "30"];
        let mut request = Request { name, extensions: vec![], validity, runs_alone: false, sends_root: false };
        request.uses(&["basicConstraints=CA:false", "extendedKeyUsage=serverAuth"]);
        request.hosts("DNS:localhost,IP:127.0.0.1,IP:::1")
    }

    fn authority(mut self) -> Request {
        self.uses(&["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign,cRLSign"]);
        self
    }

    fn client(mut self) -> Request {
        self.uses(&["basicConstraints=CA:false", "extendedKeyUsage=clientAuth"]);
        self
    }

    fn uses(&mut self, extensions: &[&str]) {
        self.extensions = extensions.iter().map(|extension| extension.to_string()).collect();
    }

    fn without_hosts(mut self) -> Request {
        self.extensions.retain(|extension| !extension.starts_with("subjectAltName"));
        self
    }

    fn hosts(self, hosts: &str) -> Request {
        let mut this = self.without_hosts();
        this.extensions.push(format!("subjectAltName={hosts}"));
        this
    }

    fn valid(mut self, from: &'static str, until: &'static str) -> Request {
        self.validity = vec!["-startdate", from, "-enddate", until];
        self
    }

    /// The certificate of the issuer is not sent.
    fn alone(mut self) -> Request {
        self.runs_alone = true;
        self
    }

    /// The certificate of the issuer is sent, although it is a root.
    fn with_root(mut self) -> Request {
        self.sends_root = true;
        self
    }

    /// Signs it by the issuer, or by itself. `openssl ca` is the only command that sets both dates in every version. Each
    /// certificate has its own index file, so that several tests may make certificates at one time.
    fn sign(self, issuer: Option<&Certificate>) -> Certificate {
        let folder = scratch().join(self.name);
        fs::create_dir(&folder).expect("a folder for the certificate");
        write(&folder.join("index.txt"), "");
        write(&folder.join("openssl.cnf"), CONFIGURATION);

        let mut ask = openssl(&folder, &["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        ask.args(["-nodes", "-config", "openssl.cnf", "-keyout", "key.pem", "-out", "request.pem"]);
        ask.args(["-subj", &format!("/CN={}", self.name)]);
        for extension in &self.extensions {
            ask.args(["-addext", extension]);
        }
        run(&mut ask);

        let mut sign = openssl(&folder, &["ca", "-batch", "-notext", "-config", "openssl.cnf", "-in", "request.pem"]);
        sign.args(["-out", "certificate.pem"]).args(&self.validity);
        match issuer {
            Some(issuer) => {
                sign.arg("-cert").arg(issuer.folder.join("certificate.pem")).arg("-keyfile").arg(issuer.key())
            }
            None => sign.args(["-selfsign", "-keyfile", "key.pem"]),
        };
        run(&mut sign);

        let certificate = Certificate { folder, is_root: issuer.is_none() };
        let own = read(&certificate.folder.join("certificate.pem"));
        let above =
            issuer.filter(|issuer| !self.runs_alone && (self.sends_root || !issuer.is_root)).map(Certificate::pem);
        let chain = own + &above.unwrap_or_default();
        write(&certificate.chain(), &chain);
        write(&certificate.chain_and_key(), &(chain + &read(&certificate.key())));
        certificate
    }
}

const CONFIGURATION: &str = "\
[ca]
default_ca = test
[test]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
x509_extensions = identifiers
[any]
commonName = supplied
[identifiers]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = name
[name]
";

/// Returns the directory of this process, and removes the directories of processes that have ended.
fn scratch() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let all = paths::scratch().join("certificates");
        fs::create_dir_all(&all).expect("a folder for certificates");
        for entry in fs::read_dir(&all).expect("that folder").flatten() {
            if cfg!(target_os = "linux") && !Path::new("/proc").join(entry.file_name()).exists() {
                let _ = fs::remove_dir_all(entry.path()); // another process may be removing it too
            }
        }
        let own = all.join(id().to_string());
        match fs::remove_dir_all(&own) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("cannot remove {}: {error}", own.display()),
            _ => fs::create_dir(&own).expect("a folder for this process"),
        }
        own
    });
    &FOLDER
}

fn openssl(folder: &Path, arguments: &[&str]) -> Command {
    let mut openssl = Command::new("timeout"); // it may wait for an answer on the terminal
    openssl.args(["20", "openssl"]).args(arguments).current_dir(folder);
    openssl
}

/// Runs a command, which must succeed, and returns what it wrote.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} (is openssl installed?): {}\n{errors}", output.status);
    output.stdout
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
