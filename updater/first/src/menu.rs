//! The entry in the desktop's menu (Desktop Entry Specification 1.5) and its icon (Icon Theme Specification).

use crate::disk::replace;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The picture in the menu.
pub const ICON: &str = include_str!("bulkhead.svg");

/// Where the menu's files of a user are: `$XDG_DATA_HOME`, `~/.local/share` if that says nothing.
pub fn folder(environment: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let set = |name| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
    set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))
}

/// Makes the entry for the installation in `installed`, again if it is there. The answer is its file.
pub fn put(data: &Path, installed: &Path) -> io::Result<PathBuf> {
    let entry =
        entry(installed).ok_or_else(|| io::Error::other("the folder's name cannot be written in a menu entry"))?;
    let path = data.join("applications/bulkhead.desktop");
    match fs::read_to_string(&path) {
        Ok(old) if old == entry => {}
        Ok(old) if owner(&old) != owner(&entry) => {
            let why = "it leads to another program; remove it, and start this again, if it should lead here";
            return Err(io::Error::new(ErrorKind::AlreadyExists, format!("{}: {why}", path.display())));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {
            let icons = data.join("icons/hicolor/scalable/apps");
            fs::create_dir_all(&icons)?;
            replace(&icons.join("bulkhead.svg"), ICON.as_bytes())?;
            fs::create_dir_all(data.join("applications"))?;
            replace(&path, entry.as_bytes())?;
        }
    }
    Ok(path)
}

/// Which program an entry starts.
fn owner(entry: &str) -> Option<&str> {
    entry.lines().find(|line| line.starts_with("Exec="))
}

fn entry(installed: &Path) -> Option<String> {
    let program = installed.join("bulkhead");
    // The specification wants no `=` in a program's name, and text in one line.
    let name = program.to_str().filter(|name| !name.contains('=') && !name.chars().any(char::is_control))?;
    Some(format!(
        "[Desktop Entry]\n\
         Type=Application\n\
         Name=Bulkhead\n\
         GenericName=Messenger\n\
         Comment=End-to-end encrypted messages\n\
         Exec={}\n\
         Icon=bulkhead\n\
         Terminal=false\n\
         Categories=Network;InstantMessaging;\n\
         Keywords=chat;message;encrypted;private;\n\
         StartupWMClass=bulkhead\n",
        argument(name)
    ))
}

/// A word of an `Exec` line: quoted, with the rules for quoting first and those for strings after them.
fn argument(word: &str) -> String {
    let mut quoted = String::from("\"");
    for c in word.chars() {
        if matches!(c, '"' | '`' | '$' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
        if c == '%' {
            quoted.push('%');
        }
    }
    quoted.push('"');
    quoted.replace('\\', "\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_the_specification_says() {
        assert_eq!(argument("/home/ada/.local/lib"), "\"/home/ada/.local/lib\"");
        assert_eq!(argument("/a b/100%/$x"), r#""/a b/100%%/\\$x""#);
        assert_eq!(argument(r#"/a\b"c"#), r#""/a\\\\b\\"c""#);
    }

    #[test]
    fn what_no_entry_can_hold_gets_none() {
        assert!(entry(Path::new("/home/ada/a=b")).is_none());
        assert!(entry(Path::new("/home/ada/a\nExec=evil")).is_none());
    }
}
