//! nginx with the configuration that was made, on this machine; and tor's own judgement of its configuration.

use crate::kit::{Scratch, World};
use crate::making::{HOST, make, onion};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running nginx, with the pages of a world.
pub struct Server {
    pub secure: u16,
    pub plain: u16,
    pub onion: u16,
    pub place: Scratch,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub fn new(world: &World) -> Self {
        let out = world.scratch.0.join("site");
        make(world, &out).unwrap();
        let place = Scratch::new();
        let [secure, plain, onion] = ports();
        let key = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
        fs::write(place.0.join("fullchain.pem"), key.cert.pem()).unwrap();
        fs::write(place.0.join("privkey.pem"), key.signing_key.serialize_pem()).unwrap();
        // What this machine cannot do as the real one: its ports, its second address, its certificate.
        let site = fs::read_to_string(out.join("nginx.conf")).unwrap();
        let changed = site
            .replace("    listen [::]:80;\n", "")
            .replace("    listen [::]:443 ssl http2;\n", "")
            .replace("listen 80;", &format!("listen 127.0.0.1:{plain};"))
            .replace("listen 443 ssl", &format!("listen 127.0.0.1:{secure} ssl"))
            .replace("listen 127.0.0.1:8442;", &format!("listen 127.0.0.1:{onion};"))
            .replace(&format!("/etc/letsencrypt/live/{HOST}"), place.0.to_str().unwrap());
        fs::write(place.0.join("site.conf"), changed).unwrap();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|name| format!("{name}_temp_path {name};\n"))
            .collect();
        let main = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log errors notice;\nevents {{}}\nhttp {{\n{temporary}include site.conf;\n}}\n"
        );
        fs::write(place.0.join("nginx.conf"), main).unwrap();
        let tested = nginx(&place.0, &["-t"]).output().unwrap();
        let said = String::from_utf8_lossy(&tested.stderr).into_owned();
        assert!(tested.status.success() && !said.contains("[warn]"), "{said}");
        let child = nginx(&place.0, &[]).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", secure)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { secure, plain, onion, place, child }
    }

    /// An answer, head and content.
    fn ask(port: u16, request: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        (String::from_utf8_lossy(&answer[..end]).into_owned(), answer[end + 4..].to_vec())
    }
}

fn nginx(place: &Path, words: &[&str]) -> Command {
    // Where Debian has it for users who are not root.
    let program = ["/usr/sbin/nginx", "nginx"].into_iter().find(|path| Path::new(path).exists()).unwrap_or("nginx");
    let mut command = Command::new(program);
    command
        .arg("-p")
        .arg(place)
        .arg("-e")
        .arg(place.join("errors"))
        .arg("-c")
        .arg(place.join("nginx.conf"))
        .args(words);
    command
}

/// Ports that were free a moment ago.
fn ports() -> [u16; 3] {
    let listeners = [0, 1, 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

pub fn get(host: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

#[test]
fn nginx_serves_the_pages_strictly_and_remembers_nobody() {
    let world = World::new();
    let server = Server::new(&world);
    let (head, _) = Server::ask(server.plain, &get(HOST, "/verify.html?x"));
    assert!(
        head.starts_with("HTTP/1.1 301 ") && head.contains(&format!("Location: https://{HOST}/verify.html?x")),
        "{head}"
    );
    let onion = onion();
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
        ("/bulkhead-0.2.0.tar", "application/x-tar"),
        ("/SHA256SUMS", "text/plain; charset=utf-8"),
        ("/nothing", "text/html; charset=utf-8"),
    ] {
        let (head, content) = Server::ask(server.onion, &get(&onion, path));
        let status = if path == "/nothing" { "404" } else { "200" };
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {head}");
        for header in [
            &format!("Content-Type: {kind}"),
            "Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
            "Cross-Origin-Opener-Policy: same-origin",
        ] {
            assert!(head.lines().any(|line| line == header), "{path}: {header}: {head}");
        }
        assert!(head.contains("Server: nginx\r") && !head.contains("Set-Cookie"), "{head}");
        let file = match path {
            "/" => "index.html",
            "/nothing" => "404.html",
            other => &other[1..],
        };
        assert_eq!(content, fs::read(world.scratch.0.join("site/www").join(file)).unwrap(), "{path}");
    }
    let (head, _) = Server::ask(server.onion, &get(&onion, "/").replace("GET", "POST"));
    assert!(head.starts_with("HTTP/1.1 405 "), "{head}");
    for above in ["/../nginx.conf", "/%2e%2e/nginx.conf", "/..%2ftorrc"] {
        let (head, content) = Server::ask(server.onion, &get(&onion, above));
        assert!(!head.starts_with("HTTP/1.1 200 ") && !content.starts_with(b"# "), "{above}: {head}");
    }
    let kept: String = fs::read_dir(&server.place.0)
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
        .filter(|text| text.contains("GET ") || text.contains("client: "))
        .collect();
    assert_eq!(kept, "");
}

#[test]
fn tor_takes_its_configuration() {
    let world = World::new();
    let out = world.scratch.0.join("site");
    make(&world, &out).unwrap();
    let torrc = fs::read_to_string(out.join("torrc")).unwrap();
    let judged = |torrc: &str| {
        let file = world.saved("torrc", torrc.as_bytes());
        let mut tor = Command::new("tor");
        tor.arg("--DataDirectory").arg(world.scratch.0.join("tor-data")).arg("--defaults-torrc").arg("/dev/null");
        let done = tor.args(["--verify-config", "-f"]).arg(file).output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let keys = world.scratch.0.join("tor-keys");
    let here = torrc.replace("/var/lib/tor/bulkhead-site", keys.to_str().unwrap());
    let (taken, said) = judged(&here);
    assert!(taken && said.contains("Configuration was valid"), "{said}");
    assert!(!judged(&here.replace("HiddenServicePort", "HiddenServiceHarbour")).0);
    // The service leads to where nginx waits for it.
    let nginx = fs::read_to_string(out.join("nginx.conf")).unwrap();
    assert!(torrc.contains("HiddenServicePort 80 127.0.0.1:8442") && nginx.contains("listen 127.0.0.1:8442;"));
}
