//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Replaces a file, or makes it, and its folder if need be. It is durable before this returns; if anything fails, what was
/// there is as it was. `mode` is who may do what with it, as chmod(1) takes it.
pub fn replace(path: &Path, mode: u32, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = path.file_name().unwrap_or_default().to_owned();
    beside.push(".new");
    let beside = folder.join(beside);
    let written = || {
        fs::create_dir_all(folder)?;
        let mut file = File::options().read(true).write(true).create(true).truncate(true).mode(mode).open(&beside)?;
        write(&mut file)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(folder)?.sync_all()
    };
    written().inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}
