//! Sealing and unsealing.
//!
//! A share becomes an object below a storage key that the TPM makes anew each time, always the same, of its own seed:
//! nothing of it is written into the TPM, and clearing it makes the object worthless. The object's secret is the image of
//! the PIN, and the TPM counts wrong ones (no `noDA`): it rests after as many as its owner or maker allows.

use crate::session::{Handle, Hidden, Point, Session, run_bare};
use crate::wire::{Device, Error, NO_SESSIONS, Reader, Writer, command, exchange};
use bulkhead_ipc::seal::{Half, Object, Why};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const CREATE_PRIMARY: u32 = 0x131;
const CREATE: u32 = 0x153;
const LOAD: u32 = 0x157;
const UNSEAL: u32 = 0x15e;
const FLUSH: u32 = 0x165;
const GET_CAPABILITY: u32 = 0x17a;

/// TPM_RH_OWNER: the hierarchy that belongs to who uses the machine.
pub(crate) const OWNER: u32 = 0x4000_0001;
const ECC: u16 = 0x0023;
const KEYED_HASH: u16 = 0x0008;
pub(crate) const SHA256: u16 = 0x000b;
const NULL: u16 = 0x0010;
/// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, decrypt: the key itself has no secret.
const STORAGE_KEY: u32 = 0x0003_0472;
/// fixedTPM, fixedParent, userWithAuth: it opens with its secret, and wrong ones are counted.
const SEALED: u32 = 0x0000_0052;
/// TPM_CAP_TPM_PROPERTIES.
const PROPERTIES: u32 = 6;
const FAMILY: u32 = 0x100;
/// "2.0"
const FAMILY_2_0: u32 = 0x322e_3000;
/// TPM_PT_PERMANENT, and the bit that says whether the lockout hierarchy has a password.
const PERMANENT: u32 = 0x200;
const LOCKOUT_AUTH_SET: u32 = 1 << 2;
/// TPM_PT_LOCKOUT_COUNTER; the next two are how many are allowed, and the seconds after which one is forgotten.
const COUNTER: u32 = 0x20e;
/// An object's name: the algorithm and a SHA-256.
pub(crate) const NAME: usize = 34;

/// A TPM.
pub struct Tpm<D>(pub D);

/// The storage key, as long as the TPM holds it.
pub(crate) struct Storage {
    number: u32,
    name: [u8; NAME],
    point: Point,
}

impl<D: Device> Tpm<D> {
    /// Whether it is one, of family 2.0; and if so, whether a password guards its count of wrong PINs.
    pub fn look(&mut self) -> Option<bool> {
        let [family] = self.properties(FAMILY).ok()?;
        let [permanent] = self.properties(PERMANENT).ok()?;
        (family == FAMILY_2_0).then_some(permanent & LOCKOUT_AUTH_SET != 0)
    }

    /// Seals a share under the image of a PIN.
    pub fn seal(&mut self, pin: &Half, share: &Half) -> Result<Object, Why> {
        let sealed = self.below_storage_key(|tpm, storage| {
            let secret = Writer::new().sized(pin.bytes()).sized(share.bytes()).done();
            let public = Writer::new().u16(KEYED_HASH).u16(SHA256).u32(SEALED).sized(&[]).u16(NULL).sized(&[]).done();
            // Nothing from outside, and no state of the machine: an update of the firmware is no reason to lose it.
            let asked = Writer::new().sized(&secret).sized(&public).sized(&[]).u32(0).done();
            let handle = Handle { number: storage.number, name: &storage.name };
            let answer = tpm.in_session(storage, CREATE, &[handle], &[], asked, Hidden::Asked)?;
            let mut answer = Reader(&answer);
            let (private, public) = (answer.sized()?, answer.sized()?);
            Ok(Writer::new().bytes(&storage.name).sized(private).sized(public).done().to_vec())
        });
        match sealed {
            Ok(bytes) => Object::new(bytes).ok_or(Why::Failing),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Takes a share out.
    pub fn unseal(&mut self, pin: &Half, object: &Object) -> Result<Half, Why> {
        let share = self.below_storage_key(|tpm, storage| {
            let mut parts = Reader(object.bytes());
            if parts.take::<NAME>().ok() != Some(storage.name) {
                return Err(Error::Other);
            }
            let (Ok(private), Ok(public)) = (parts.sized(), parts.sized()) else { return Err(Error::Other) };
            let name = name(public);
            let asked = Writer::new().sized(private).sized(public).done();
            // A key that did not make the object cannot load it, whatever the reason that it gives.
            let loaded = run_bare(&mut tpm.0, LOAD, storage.number, &asked).map_err(|error| match error {
                Error::Refused(_) => Error::Other,
                error => error,
            })?;
            let number = Reader(&loaded).u32()?;
            let handle = Handle { number, name: &name };
            let share =
                tpm.in_session(storage, UNSEAL, &[handle], compared(pin), Zeroizing::new(Vec::new()), Hidden::Answered);
            tpm.forget(number);
            let share = share?;
            Reader(&share).sized()?.try_into().map(Half::new).map_err(|_| Error::Other)
        });
        share.map_err(|error| self.explain(error))
    }

    /// What to tell the vault of an error.
    fn explain(&mut self, error: Error) -> Why {
        match error {
            Error::Other => Why::Unknown,
            // TPM_RC_LOCKOUT; TPM_RC_AUTH_FAIL, wherever it was; TPM_RC_BAD_AUTH: of the owner, who has set a secret.
            Error::Refused(0x921) => Why::Resting { seconds: self.lockout().map_or(0, |(_, seconds)| seconds) },
            Error::Refused(code) if code & 0xbf == 0x8e => match self.lockout() {
                Ok((left, _)) => Why::Wrong { left },
                Err(_) => Why::Failing,
            },
            _ => Why::Failing,
        }
    }

    /// How many wrong PINs it still takes, and the seconds after which it forgets one.
    fn lockout(&mut self) -> Result<(u32, u32), Error> {
        let [counted, allowed, seconds] = self.properties(COUNTER)?;
        Ok((allowed.saturating_sub(counted), seconds))
    }

    /// Properties with numbers that follow each other.
    fn properties<const N: usize>(&mut self, first: u32) -> Result<[u32; N], Error> {
        let count = u32::try_from(N).unwrap_or_default();
        let asked = Writer::new().u32(PROPERTIES).u32(first).u32(count).done();
        let answer = exchange(&mut self.0, &command(NO_SESSIONS, GET_CAPABILITY, &asked))?;
        let mut answer = Reader::answer(&answer)?;
        let (_more, kind, told) = (answer.u8()?, answer.u32()?, answer.u32()?);
        if (kind, told) != (PROPERTIES, count) {
            return Err(Error::Malformed);
        }
        let mut found = [0; N];
        for (value, number) in found.iter_mut().zip(first..) {
            if answer.u32()? != number {
                return Err(Error::Malformed);
            }
            *value = answer.u32()?;
        }
        Ok(found)
    }

    /// Makes the storage key, and forgets it after the work.
    pub(crate) fn below_storage_key<T>(
        &mut self,
        work: impl FnOnce(&mut Self, &Storage) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // The template of the TCG's own storage key (EK credential profile, template SRK for P-256), without a salt.
        let parameters = Writer::new().u16(0x0006).u16(128).u16(0x0043).u16(NULL).u16(0x0003).u16(NULL).done();
        let public = Writer::new().u16(ECC).u16(SHA256).u32(STORAGE_KEY).sized(&[]).bytes(&parameters);
        let public = public.sized(&[]).sized(&[]).done();
        let nothing = Writer::new().sized(&[]).sized(&[]).done();
        let asked = Writer::new().sized(&nothing).sized(&public).sized(&[]).u32(0).done();
        let answer = run_bare(&mut self.0, CREATE_PRIMARY, OWNER, &asked)?;
        let mut answer = Reader(&answer);
        let (number, _length) = (answer.u32()?, answer.u32()?);
        let made = answer.sized().and_then(|public| Ok((name(public), point(public)?)));
        let done = made.and_then(|(name, point)| work(self, &Storage { number, name, point }));
        self.forget(number);
        done
    }

    /// Runs one command in a session of its own.
    pub(crate) fn in_session(
        &mut self,
        storage: &Storage,
        code: u32,
        handles: &[Handle<'_>],
        secret: &[u8],
        parameters: Zeroizing<Vec<u8>>,
        hidden: Hidden,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let session = Session::start(&mut self.0, storage.number, storage.point)?;
        let done = session.run(&mut self.0, code, handles, secret, parameters, hidden);
        if done.is_err() {
            // It ends by itself with a command that succeeds.
            self.forget(session.number());
        }
        done
    }

    /// Has the TPM forget an object or a session: its places are few.
    fn forget(&mut self, number: u32) {
        let _ = exchange(&mut self.0, &command(NO_SESSIONS, FLUSH, &number.to_be_bytes()));
    }
}

/// What the TPM compares of a secret: it leaves zeros at the end out.
pub(crate) fn compared(secret: &Half) -> &[u8] {
    let end = secret.bytes().iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    secret.bytes().get(..end).unwrap_or_default()
}

/// The name of an object or a counter with this public part.
pub(crate) fn name(public: &[u8]) -> [u8; NAME] {
    let mut name = [0; NAME];
    let hash: [u8; 32] = Sha256::digest(public).into();
    name.iter_mut().zip(SHA256.to_be_bytes().iter().chain(&hash)).for_each(|(to, from)| *to = *from);
    name
}

/// The point of a storage key with this public part: what follows its template.
fn point(public: &[u8]) -> Result<Point, Error> {
    let mut public = Reader(public);
    let head = (public.u16()?, public.u16()?, public.u32()?, public.sized()?, public.take::<12>()?);
    let wanted = [0x00, 0x06, 0x00, 0x80, 0x00, 0x43, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10];
    if head != (ECC, SHA256, STORAGE_KEY, [].as_slice(), wanted) {
        return Err(Error::Malformed);
    }
    Ok(Point { x: coordinate(public.sized()?)?, y: coordinate(public.sized()?)? })
}

/// 32 bytes; some TPMs leave zeros out at the beginning.
fn coordinate(bytes: &[u8]) -> Result<[u8; 32], Error> {
    let mut whole = [0; 32];
    let start = whole.len().checked_sub(bytes.len()).ok_or(Error::Malformed)?;
    whole.iter_mut().skip(start).zip(bytes).for_each(|(to, from)| *to = *from);
    Ok(whole)
}
