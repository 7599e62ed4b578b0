//! A real Chromium without a window, driven over its own protocol through two pipes.

use crate::kit::Scratch;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

pub struct Browser {
    child: Child,
    orders: File,
    answers: BufReader<File>,
    session: Option<String>,
    count: u64,
    /// Everything that it told without being asked.
    pub events: Vec<Value>,
    _place: Scratch,
}

impl Browser {
    /// False only where there is no chromium and the distribution has none: Debian does.
    pub fn is_to_be_had() -> bool {
        let there = Command::new("sh").args(["-c", "command -v chromium"]).stdout(Stdio::null()).status().unwrap();
        let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        there.success() || system.lines().any(|line| line == "ID=debian")
    }

    /// Starts it; `host` is found at this port of this machine, and nothing else is found anywhere.
    pub fn new(host: &str, port: u16) -> Self {
        let place = Scratch::new();
        let made = Command::new("mkfifo").args(["orders", "answers"]).current_dir(&place.0).status().unwrap();
        assert!(made.success());
        let words = [
            "--headless=new",
            // Of this browser's own sandbox nothing is to be learnt here, and it does not start as root with it.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--ignore-certificate-errors",
            "--remote-debugging-pipe",
        ];
        let mut command = Command::new("sh");
        command.args(["-c", "exec chromium \"$@\" 3<>orders 4<>answers", "chromium"]).args(words);
        command.arg(format!("--user-data-dir={}", place.0.join("profile").display()));
        command.arg(format!("--host-resolver-rules=MAP {host} 127.0.0.1:{port}, MAP * ~NOTFOUND"));
        command
            .env("HOME", &place.0)
            .current_dir(&place.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().unwrap();
        // Opened for both, so that neither end waits for the other.
        let open = |name: &str| OpenOptions::new().read(true).write(true).open(place.0.join(name)).unwrap();
        let (orders, answers) = (open("orders"), BufReader::new(open("answers")));
        let mut browser = Self { child, orders, answers, session: None, count: 0, events: vec![], _place: place };
        let target = browser.order("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        browser.session =
            Some(browser.order("Target.attachToTarget", attach)["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Network", "Log", "Runtime"] {
            browser.order(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Gives an order and waits for its answer.
    pub fn order(&mut self, method: &str, words: Value) -> Value {
        self.count += 1;
        let mut order = json!({"id": self.count, "method": method, "params": words});
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        self.orders.write_all(format!("{order}\0").as_bytes()).unwrap();
        loop {
            let message = self.next();
            if message["id"] == self.count {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    fn next(&mut self) -> Value {
        let mut message = Vec::new();
        self.answers.read_until(0, &mut message).unwrap();
        message.pop();
        let message: Value = serde_json::from_slice(&message).unwrap();
        if message.get("method").is_some() {
            self.events.push(message.clone());
        }
        message
    }

    /// Opens a page, and waits until all of it is there.
    pub fn open(&mut self, address: &str) {
        let before = self.events.len();
        self.order("Page.navigate", json!({"url": address}));
        while !self.events[before..].iter().any(|event| event["method"] == "Page.loadEventFired") {
            self.next();
        }
    }

    pub fn look(&mut self, width: u32, dark: bool) {
        let size = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.order("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.order("Emulation.setEmulatedMedia", features);
    }

    /// What an expression comes to in the page; the debugger asks, not the page.
    pub fn ask(&mut self, expression: &str) -> Value {
        let words = json!({"expression": expression, "returnByValue": true});
        let answer = self.order("Runtime.evaluate", words);
        assert!(answer.get("exceptionDetails").is_none(), "{answer}");
        answer["result"]["value"].clone()
    }

    /// A picture of the whole page.
    pub fn picture(&mut self) -> Vec<u8> {
        use base64::Engine as _;
        let shot = self.order("Page.captureScreenshot", json!({"captureBeyondViewport": true}));
        base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
