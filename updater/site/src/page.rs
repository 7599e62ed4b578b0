//! What all pages have. Text of others is written through [`text`] alone.

/// The pages that lead to each other.
const PAGES: [(&str, &str); 3] = [("index.html", "Download"), ("verify.html", "Verify"), ("releases.html", "Releases")];

/// Text, so that nothing in it is markup, also within an attribute.
pub fn text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A whole page. `name` is its file's, `body` is markup.
pub fn page(name: &str, title: &str, body: &str, foot: &str) -> String {
    let links: Vec<String> = PAGES
        .iter()
        .map(|(file, word)| {
            let here = if *file == name { " aria-current=\"page\"" } else { "" };
            format!("<li><a href=\"/{file}\"{here}>{word}</a></li>")
        })
        .collect();
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n\
         <link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n\
         </head>\n\
         <body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n\
         <header>\n\
         <a class=\"name\" href=\"/index.html\"><img src=\"/icon.svg\" alt=\"\" width=\"36\" height=\"36\">Bulkhead</a>\n\
         <nav aria-label=\"Pages\"><ul>{}</ul></nav>\n\
         </header>\n\
         <main id=\"main\">\n{body}</main>\n\
         <footer>\n{foot}</footer>\n\
         </body>\n\
         </html>\n",
        links.concat()
    )
}

/// A digest, which may be broken into lines anywhere.
pub fn number(digits: &str) -> String {
    format!("<pre class=\"number\"><code>{}</code></pre>\n", text(digits))
}

/// Commands, to be copied as they are.
pub fn code(words: &str) -> String {
    format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", text(words))
}

/// A length in bytes, for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_is_no_markup() {
        assert_eq!(text("<script>'a' & \"b\""), "&lt;script&gt;&#39;a&#39; &amp; &quot;b&quot;");
        assert_eq!(code("</code>"), "<pre tabindex=\"0\"><code>&lt;/code&gt;</code></pre>\n");
        assert_eq!([999, 1_049, 38_123_456].map(size), ["999 bytes", "1.0 kB", "38.1 MB"]);
    }
}
