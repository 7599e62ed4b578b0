//! How the pages are served: a web server that only speaks TLS and remembers nobody, and an onion service before the same pages.

use crate::Site;
use std::path::Path;

/// Where the web server waits for Tor: on this machine alone.
const ONION_PORT: u16 = 8442;

/// What every answer says to a browser. Nothing runs, nothing comes from elsewhere, nobody shows it in a frame.
const HEADERS: [(&str, &str); 8] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
];

/// For nginx 1.22 and later, to be included where sites are (`/etc/nginx/sites-enabled`).
pub fn nginx(site: &Site<'_>, www: &Path) -> String {
    let host = site.host;
    let common: String =
        HEADERS.iter().map(|(name, value)| format!("    add_header {name} \"{value}\" always;\n")).collect();
    let root = quoted(www);
    let pages = format!(
        "    root {root};\n\
         \x20   index index.html;\n\
         \x20   error_page 404 /404.html;\n\
         \x20   charset utf-8;\n\
         \x20   charset_types text/css text/plain;\n\
         \x20   autoindex off;\n\
         \x20   etag on;\n\
         \x20   types {{ text/html html; text/css css; image/svg+xml svg; application/x-tar tar; }}\n\
         \x20   default_type text/plain;\n\
         \x20   # A file is read, never sent to.\n\
         \x20   if ($request_method !~ ^(GET|HEAD)$) {{ return 405; }}\n\
         \x20   client_max_body_size 1k;\n{common}"
    );
    let silent = "    # Who comes is nobody's business: addresses are in both kinds of log.\n\
                  \x20   access_log off;\n\
                  \x20   error_log /dev/null crit;\n\
                  \x20   server_tokens off;\n";
    let location = site.onion.map_or(String::new(), |onion| {
        format!("    add_header Onion-Location \"http://{onion}$request_uri\" always;\n")
    });
    let onion = site.onion.map_or(String::new(), |onion| {
        format!(
            "\n# The same pages for the onion service, whose circuits are encrypted up to here. Only Tor on this machine comes in.\n\
             server {{\n    listen 127.0.0.1:{ONION_PORT};\n    server_name {onion};\n{silent}{pages}}}\n"
        )
    });
    format!(
        "# {host}: made by `bulkhead-release site`, and made anew with it. Certificates are at the usual place of certbot.\n\
         \n\
         # Without TLS there is the way to TLS and nothing else.\n\
         server {{\n    listen 80;\n    listen [::]:80;\n    server_name {host};\n{silent}    return 301 https://{host}$request_uri;\n}}\n\
         \n\
         server {{\n    listen 443 ssl http2;\n    listen [::]:443 ssl http2;\n    server_name {host};\n\
         \x20   ssl_certificate /etc/letsencrypt/live/{host}/fullchain.pem;\n\
         \x20   ssl_certificate_key /etc/letsencrypt/live/{host}/privkey.pem;\n\
         \x20   ssl_protocols TLSv1.2 TLSv1.3;\n\
         \x20   ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;\n\
         \x20   ssl_prefer_server_ciphers off;\n\
         \x20   # A ticket's key would open what was recorded.\n\
         \x20   ssl_session_tickets off;\n\
         \x20   ssl_session_cache shared:bulkhead:1m;\n\
         {silent}{pages}\
         \x20   add_header Strict-Transport-Security \"max-age=63072000; includeSubDomains; preload\" always;\n{location}}}\n{onion}"
    )
}

/// For tor 0.4.7 and later: an onion service, and nothing else.
pub fn torrc() -> String {
    format!(
        "# Made by `bulkhead-release site`. The service's name is in HiddenServiceDir/hostname after the first start; give it with --onion then.\n\
         # Back up that folder, and keep it secret: whoever has it is the site.\n\
         SocksPort 0\n\
         SafeLogging 1\n\
         Log notice syslog\n\
         HiddenServiceDir /var/lib/tor/bulkhead-site\n\
         HiddenServiceVersion 3\n\
         HiddenServicePort 80 127.0.0.1:{ONION_PORT}\n"
    )
}

/// A path as a word of nginx's.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
}
