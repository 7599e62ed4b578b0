//! The report as a page: no script, nothing fetched from anywhere, readable in the dark and on paper.

use super::report::{Outcome, Report, Step, visible};
use bulkhead_site::text;

/// Colours say nothing that words do not say as well.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1a1c1e;--paper:#fff;--soft:#5b6066;--line:#d7dade;--good:#146c2e;--bad:#b3261e;--open:#7a5200}
@media(prefers-color-scheme:dark){:root{--ink:#e4e6e8;--paper:#16181a;--soft:#a4aab0;--line:#3a3e42;--good:#7fd696;--bad:#ffb4ab;--open:#f0c060}}
body{margin:0 auto;padding:2rem 1rem;max-width:52rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:0;display:inline}
p{margin:.4rem 0}.made{color:var(--soft)}
.sentence{border:2px solid;padding:.8rem 1rem;margin:1.2rem 0;font-weight:600}
section{border-top:1px solid var(--line);padding:.8rem 0;break-inside:avoid}
.word{display:inline-block;min-width:7.5rem;font-weight:700}
ul{margin:.3rem 0 0;padding-left:8.6rem}li{overflow-wrap:anywhere;color:var(--soft)}li.reason{color:inherit}
.verified .word,.sentence.verified{color:var(--good)}.refused .word,.sentence.refused{color:var(--bad)}
.open .word,.sentence.open{color:var(--open)}
@media(max-width:40rem){ul{padding-left:1.2rem}.word{display:block}}
@media print{:root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#333;--line:#999;--good:#000;--bad:#000;--open:#000}body{padding:0;max-width:none;font-size:10pt}}
";

/// The page.
pub fn page(report: &Report) -> String {
    let release = escaped(&report.release);
    let all = match (report.holds(), report.steps.iter().all(|step| step.outcome == Outcome::Verified)) {
        (false, _) => class(Outcome::Refused),
        (true, true) => class(Outcome::Verified),
        (true, false) => class(Outcome::NotVerified),
    };
    let sections: String = report.steps.iter().map(section).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Audit of release {release}</title>\n<style>{STYLE}</style></head>\n<body>\n\
         <h1>Audit of release {release}</h1>\n<p class=\"made\">{}</p>\n\
         <p class=\"sentence {all}\">{}</p>\n{sections}</body></html>\n",
        escaped(&report.made),
        escaped(&report.sentence()),
    )
}

const fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Verified => "verified",
        Outcome::Refused => "refused",
        Outcome::NotVerified => "open",
    }
}

fn section(step: &Step) -> String {
    let items: String = step.facts.iter().map(|fact| format!("<li>{}</li>\n", escaped(fact))).collect();
    let mark = if step.outcome == Outcome::Refused { "refused" } else { "to do" };
    let reasons: String = step
        .reasons
        .iter()
        .map(|reason| format!("<li class=\"reason\"><strong>{mark}:</strong> {}</li>\n", escaped(reason)))
        .collect();
    let list =
        if items.is_empty() && reasons.is_empty() { String::new() } else { format!("<ul>\n{items}{reasons}</ul>\n") };
    format!(
        "<section class=\"{}\"><span class=\"word\">{}</span> <h2>{}</h2>\n{list}</section>\n",
        class(step.outcome),
        step.outcome.word(),
        escaped(&step.title),
    )
}

/// Text as text, whatever it is: also within an attribute.
fn escaped(words: &str) -> String {
    text(&visible(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_text_wherever_it_stands() {
        let nasty = "</title><script>alert(1)</script>\" onload='x' &amp; \u{1b}";
        let step = Step {
            outcome: Outcome::Refused,
            reasons: vec![nasty.into()],
            ..Step::verified(nasty, vec![nasty.into()])
        };
        let page = page(&Report { release: nasty.into(), made: nasty.into(), steps: vec![step] });
        assert!(!page.contains("<script") && !page.contains("onload='") && !page.contains('\u{1b}'), "{page}");
        assert_eq!(page.matches("&lt;/title&gt;&lt;script&gt;").count(), 8);
        assert_eq!(page.matches("<title>").count(), 1);
    }
}
