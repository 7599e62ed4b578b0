//! A disk that fails, below SQLite: a VFS that hands every call on to SQLite's own, until it is told to fail.
//!
//! Crates with a VFS in Rust replace the file system whole, with locks of their own making; then what is tested is not
//! what runs. Here real files are read, written, locked and synced by SQLite's own code.
//!
//! Folders that nobody asked to watch are handed on without a detour.

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};
use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::fs::{File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One call fails; the next one works.
    Once,
    /// Every call fails, from this one on.
    Dead,
    /// Writes find no space; half of what is written gets there. Reading works.
    Full,
    /// Nothing can be written, and files open for reading only.
    ReadOnly,
    /// What was written and not synced is lost, in part: nothing works until [`Disk::power_back`].
    Power,
    /// The process is killed before the call.
    Kill,
}

/// All of them that a process survives.
pub const FAULTS: [Fault; 5] = [Fault::Once, Fault::Dead, Fault::Full, Fault::ReadOnly, Fault::Power];

/// What undoes a write that was not synced.
struct Undo {
    path: PathBuf,
    at: u64,
    old: Vec<u8>,
    /// What was written; a change of length has none.
    new: Option<Vec<u8>>,
    size: u64,
    /// The file was not there before.
    made: bool,
}

#[derive(Default)]
struct State {
    calls: u64,
    plan: Option<(u64, Fault)>,
    happened: bool,
    unsynced: Vec<Undo>,
}

/// What a call finds.
enum Found {
    Works,
    Fails,
    Full,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Open,
    Read,
    Write,
}

/// The disk under one folder.
pub struct Disk {
    state: Mutex<State>,
}

type Disks = Mutex<BTreeMap<PathBuf, Arc<Disk>>>;

fn disks() -> &'static Disks {
    static DISKS: OnceLock<Disks> = OnceLock::new();
    DISKS.get_or_init(Disks::default)
}

impl Disk {
    /// Watches a folder's files from their next opening on.
    pub fn under(folder: &Path) -> Arc<Self> {
        static ONCE: Once = Once::new();
        ONCE.call_once(install);
        let disk = Arc::new(Self { state: Mutex::default() });
        disks().lock().unwrap().insert(folder.to_owned(), disk.clone());
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Has the fault happen at a call, counted from now on.
    pub fn fail(&self, after: u64, fault: Fault) {
        let mut state = self.state();
        (state.plan, state.happened) = (Some((state.calls + after, fault)), false);
    }

    /// The fault is over. Whether it happened.
    pub fn mend(&self) -> bool {
        let mut state = self.state();
        state.plan = None;
        std::mem::take(&mut state.happened)
    }

    /// After a power cut: each write that was not synced is there or not, as `kept` says of its number. Files must be
    /// closed.
    pub fn power_back(&self, mut kept: impl FnMut(usize) -> bool) {
        let mut state = self.state();
        let undos = std::mem::take(&mut state.unsynced);
        (state.plan, state.happened) = (None, false);
        for undo in undos.iter().rev() {
            if undo.made {
                let _ = std::fs::remove_file(&undo.path);
            } else if let Ok(file) = OpenOptions::new().write(true).open(&undo.path) {
                file.write_all_at(&undo.old, undo.at).unwrap();
                file.set_len(undo.size).unwrap();
            }
        }
        for (number, undo) in undos.iter().enumerate() {
            if kept(number)
                && let Some(new) = &undo.new
                && let Ok(file) = OpenOptions::new().write(true).open(&undo.path)
            {
                file.write_all_at(new, undo.at).unwrap();
            }
        }
    }

    fn find(&self, call: Call) -> Found {
        let mut state = self.state();
        state.calls += 1;
        let Some((at, fault)) = state.plan else { return Found::Works };
        if state.calls <= at {
            return Found::Works;
        }
        let found = match fault {
            Fault::Once if state.happened => return Found::Works,
            Fault::Once | Fault::Dead | Fault::Power => Found::Fails,
            Fault::Full | Fault::ReadOnly if call != Call::Write => return Found::Works,
            Fault::Full => Found::Full,
            Fault::ReadOnly => Found::Fails,
            Fault::Kill => {
                // SAFETY: ends this process, at once.
                unsafe { nix::libc::kill(nix::libc::getpid(), nix::libc::SIGKILL) };
                Found::Fails
            }
        };
        state.happened = true;
        found
    }

    fn read_only(&self) -> bool {
        let state = self.state();
        state.plan.is_some_and(|(at, fault)| fault == Fault::ReadOnly && state.calls > at)
    }

    /// Notes what a write will cover, or a change of length cut off.
    fn note(&self, path: &Path, at: u64, new: Option<&[u8]>) {
        let Ok(file) = File::open(path) else { return };
        let size = file.metadata().unwrap().len();
        let end = new.map_or(size, |new| (at + new.len() as u64).min(size));
        let mut old = vec![0; usize::try_from(end.saturating_sub(at)).unwrap()];
        file.read_exact_at(&mut old, at).unwrap();
        let new = new.map(<[u8]>::to_vec);
        self.state().unsynced.push(Undo { path: path.to_owned(), at, old, new, size, made: false });
    }

    fn synced(&self, path: &Path) {
        self.state().unsynced.retain(|undo| undo.path != path);
    }
}

fn watched(path: &Path) -> Option<Arc<Disk>> {
    disks().lock().unwrap_or_else(PoisonError::into_inner).get(path.parent()?).cloned()
}

/// A write that does not go through SQLite.
pub fn written_beside(path: &Path, bytes: &[u8], at: u64) -> std::io::Result<()> {
    let Some(disk) = watched(path) else { return Ok(()) };
    match disk.find(Call::Write) {
        Found::Works => disk.note(path, at, Some(bytes)),
        Found::Full => return Err(std::io::ErrorKind::StorageFull.into()),
        Found::Fails => return Err(std::io::ErrorKind::Other.into()),
    }
    Ok(())
}

/// That such writes were made durable.
pub fn synced_beside(path: &Path) -> std::io::Result<()> {
    let Some(disk) = watched(path) else { return Ok(()) };
    match disk.find(Call::Write) {
        Found::Works => disk.synced(path),
        _ => return Err(std::io::ErrorKind::Other.into()),
    }
    Ok(())
}

/// In front of SQLite's own file, whose bytes follow it.
#[repr(C)]
struct Front {
    base: sqlite3_file,
    /// Which disk it is on, and its path.
    place: *mut (Arc<Disk>, PathBuf),
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // The first version has no shared memory, which exclusive locking does without.
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

fn own() -> *mut sqlite3_vfs {
    static OWN: OnceLock<usize> = OnceLock::new();
    // SAFETY: asks for the first registered VFS; it is there for as long as the process.
    *OWN.get_or_init(|| unsafe { ffi::sqlite3_vfs_find(c"unix".as_ptr()) } as usize) as *mut sqlite3_vfs
}

fn install() {
    let real = own();
    // SAFETY: SQLite's VFS is copied, so that all that is not ours is as it was; its methods use none but their own
    // fields of what they are handed. The copy is never freed.
    unsafe {
        let mut vfs = *real;
        vfs.zName = c"failing".as_ptr();
        vfs.szOsFile += c_int::try_from(size_of::<Front>()).unwrap();
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        assert_eq!(ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 1), ffi::SQLITE_OK);
    }
}

/// The disk under a path.
///
/// # Safety
/// `name` is null or ends with a zero.
unsafe fn place(name: *const c_char) -> Option<(Arc<Disk>, PathBuf)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    let path = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes())).to_owned();
    let disk = disks().lock().unwrap_or_else(PoisonError::into_inner).get(path.parent()?).cloned()?;
    Some((disk, path))
}

// SAFETY, of all below: SQLite calls them with files that `open` made, and with buffers of the lengths that it says.

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    unsafe {
        let real = own();
        let Some((disk, path)) = place(name) else { return (*real).xOpen.unwrap()(real, name, file, flags, out) };
        (*file).pMethods = std::ptr::null();
        let mut flags = flags;
        if disk.read_only() {
            if !path.exists() {
                return ffi::SQLITE_CANTOPEN;
            }
            flags = flags & !(ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE) | ffi::SQLITE_OPEN_READONLY;
        }
        if !matches!(disk.find(Call::Open), Found::Works) {
            return ffi::SQLITE_CANTOPEN;
        }
        let made = !path.exists();
        let front = file.cast::<Front>();
        let done = (*real).xOpen.unwrap()(real, name, inner(file), flags, out);
        if done == ffi::SQLITE_OK {
            if made {
                let undo = Undo { path: path.clone(), at: 0, old: Vec::new(), new: None, size: 0, made };
                disk.state().unsynced.push(undo);
            }
            (*front).place = Box::into_raw(Box::new((disk, path)));
            (*file).pMethods = &METHODS;
        }
        done
    }
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    unsafe {
        let real = own();
        if let Some((disk, path)) = place(name) {
            if !matches!(disk.find(Call::Write), Found::Works) {
                return ffi::SQLITE_IOERR_DELETE;
            }
            disk.synced(&path);
        }
        (*real).xDelete.unwrap()(real, name, sync)
    }
}

unsafe fn inner(file: *mut sqlite3_file) -> *mut sqlite3_file {
    unsafe { file.cast::<Front>().add(1).cast() }
}

unsafe fn methods<'a>(file: *mut sqlite3_file) -> &'a sqlite3_io_methods {
    unsafe { &*(*inner(file)).pMethods }
}

unsafe fn on<'a>(file: *mut sqlite3_file) -> &'a (Arc<Disk>, PathBuf) {
    unsafe { &*(*file.cast::<Front>()).place }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    unsafe {
        drop(Box::from_raw((*file.cast::<Front>()).place));
        methods(file).xClose.unwrap()(inner(file))
    }
}

unsafe extern "C" fn read(file: *mut sqlite3_file, into: *mut c_void, count: c_int, at: sqlite3_int64) -> c_int {
    unsafe {
        match on(file).0.find(Call::Read) {
            Found::Works => methods(file).xRead.unwrap()(inner(file), into, count, at),
            _ => ffi::SQLITE_IOERR_READ,
        }
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, count: c_int, at: sqlite3_int64) -> c_int {
    unsafe {
        let (disk, path) = on(file);
        let bytes = std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(count).unwrap());
        let start = u64::try_from(at).unwrap();
        match disk.find(Call::Write) {
            Found::Works => {
                disk.note(path, start, Some(bytes));
                methods(file).xWrite.unwrap()(inner(file), from, count, at)
            }
            Found::Full => {
                let half = &bytes[..bytes.len() / 2];
                disk.note(path, start, Some(half));
                methods(file).xWrite.unwrap()(inner(file), from, count / 2, at);
                ffi::SQLITE_FULL
            }
            Found::Fails => ffi::SQLITE_IOERR_WRITE,
        }
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    unsafe {
        let (disk, path) = on(file);
        if !matches!(disk.find(Call::Write), Found::Works) {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
        disk.note(path, u64::try_from(size).unwrap(), None);
        methods(file).xTruncate.unwrap()(inner(file), size)
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    unsafe {
        let (disk, path) = on(file);
        if !matches!(disk.find(Call::Write), Found::Works) {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        disk.synced(path);
        // That what is synced survives is modelled above, so nobody has to wait for a real disk.
        let _ = flags;
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    unsafe { methods(file).xFileSize.unwrap()(inner(file), size) }
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    unsafe { methods(file).xLock.unwrap()(inner(file), level) }
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    unsafe { methods(file).xUnlock.unwrap()(inner(file), level) }
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    unsafe { methods(file).xCheckReservedLock.unwrap()(inner(file), out) }
}

unsafe extern "C" fn file_control(file: *mut sqlite3_file, what: c_int, with: *mut c_void) -> c_int {
    unsafe { methods(file).xFileControl.unwrap()(inner(file), what, with) }
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    unsafe { methods(file).xSectorSize.unwrap()(inner(file)) }
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    unsafe { methods(file).xDeviceCharacteristics.unwrap()(inner(file)) }
}
