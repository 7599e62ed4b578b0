//! The pages in a real browser, from nginx over TLS.

use crate::browser::Browser;
use crate::kit::World;
use crate::making::{HOST, onion};
use crate::serving::Server;
use serde_json::{Value, json};
use std::path::Path;

/// The smallest ratio of brightness between words and what is behind them, over all words of the page (WCAG 2.2, 1.4.3).
const CONTRAST: &str = "(() => {
  const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) {
    const c = numbers(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = 21, where = '';
  for (let node; node = walk.nextNode();) {
    if (!node.data.trim()) continue;
    const e = node.parentElement, a = light(numbers(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least) [least, where] = [ratio, node.data];
  }
  return [least, where];
})()";

/// What reaches past the window's edge, but for what scrolls by itself.
const WIDER: &str = "[...document.body.querySelectorAll('*')].filter(e => !e.closest('.wide, .skip, pre > code')
  && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.tagName + ' ' + e.className)";

#[test]
fn pages_are_readable_run_nothing_and_ask_nobody_else() {
    if !Browser::is_to_be_had() {
        println!("skipped: this system has no package of chromium, and none is on the path");
        return;
    }
    let world = World::new();
    let server = Server::new(&world);
    let mut browser = Browser::new(HOST, server.secure);
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for page in ["index", "verify", "releases", "404"] {
        browser.look(1280, false);
        browser.open(&format!("https://{HOST}/{page}.html"));
        let scripts = "document.scripts.length + [...document.querySelectorAll('*')].flatMap(e => [...e.attributes])
            .filter(a => a.name.startsWith('on') || a.name == 'style' || /^ *javascript:/i.test(a.value)).length";
        assert_eq!(browser.ask(scripts), 0, "{page}");
        assert_eq!(browser.ask("document.querySelectorAll('h1').length"), 1, "{page}");
        assert_eq!(
            browser.ask("document.styleSheets.length + [...document.images].filter(i => !i.naturalWidth).length"),
            1
        );
        for (width, dark) in [(1280, false), (1280, true), (360, false), (360, true)] {
            browser.look(width, dark);
            let at = format!("{page} at {width}{}", if dark { ", dark" } else { "" });
            assert_eq!(
                browser.ask("document.documentElement.scrollWidth - document.documentElement.clientWidth"),
                0,
                "{at}"
            );
            assert_eq!(browser.ask(WIDER), json!([]), "{at}");
            let contrast = browser.ask(CONTRAST);
            assert!(contrast[0].as_f64().unwrap() >= 4.5, "{at}: {contrast}");
            let night = browser.ask("getComputedStyle(document.documentElement).backgroundColor");
            assert_eq!(night == "rgb(15, 26, 31)", dark, "{at}: {night}");
            let name = format!("site-{page}-{width}{}.png", if dark { "-dark" } else { "" });
            std::fs::write(pictures.join(name), browser.picture()).unwrap();
        }
    }
    // Without a mouse: the first key press offers the way past the head, the next ones the links.
    browser.open(&format!("https://{HOST}/"));
    let mut reached = Vec::new();
    for _ in 0..6 {
        for kind in ["keyDown", "keyUp"] {
            let key = json!({"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
            browser.order("Input.dispatchKeyEvent", key);
        }
        reached.push(browser.ask("document.activeElement.textContent.trim()"));
    }
    assert_eq!(
        reached,
        ["Skip to the content", "Bulkhead", "Download", "Verify", "Releases", "Download Bulkhead 0.2.0"]
    );

    let of = |kind: &str| -> Vec<&Value> {
        browser.events.iter().filter(|event| event["method"] == kind).map(|event| &event["params"]).collect()
    };
    let asked: Vec<&str> =
        of("Network.requestWillBeSent").iter().map(|event| event["request"]["url"].as_str().unwrap()).collect();
    assert!(
        asked.len() > 12 && asked.iter().all(|address| address.starts_with(&format!("https://{HOST}/"))),
        "{asked:?}"
    );
    let missing = |event: &&&Value| !event["entry"]["url"].as_str().unwrap_or_default().ends_with("favicon.ico");
    assert_eq!(of("Log.entryAdded").iter().filter(missing).collect::<Vec<_>>(), Vec::<&&Value>::new());
    assert_eq!(of("Runtime.consoleAPICalled").len() + of("Runtime.exceptionThrown").len(), 0);
    // Chromium gives the names of headers as they came, over HTTP/2 in small letters.
    for answer in of("Network.responseReceived") {
        let header = |name: &str| answer["response"]["headers"][name].as_str().unwrap_or_default().to_owned();
        assert_eq!(header("strict-transport-security"), "max-age=63072000; includeSubDomains; preload", "{answer}");
        assert!(header("content-security-policy").starts_with("default-src 'none'; "), "{answer}");
        assert!(header("onion-location").starts_with(&format!("http://{}/", onion())), "{answer}");
        assert_eq!(answer["response"]["securityDetails"]["protocol"], "TLS 1.3");
    }
    assert!(of("Network.responseReceived").len() > 8);
}
