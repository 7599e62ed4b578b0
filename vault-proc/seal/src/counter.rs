//! Counters, by which a profile whose files were put back to an older state is known.
//!
//! A counter is an index in the TPM's non-volatile memory that only rises ("TPM 2.0 Library", part 3, 31): it starts
//! above every value that any counter of this TPM ever had, so that one that was done away with does not come back
//! lower. Only who knows its secret counts; the owner's password, mostly empty, is enough to do away with it.

use crate::session::{Handle, Hidden};
use crate::tpm::{NAME, OWNER, SHA256, Tpm, compared, name};
use crate::wire::{Device, Error, NO_SESSIONS, Reader, Writer, command, exchange};
use bulkhead_ipc::seal::{COUNTERS, Half, Why};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

const UNDEFINE: u32 = 0x122;
const DEFINE: u32 = 0x12a;
const INCREMENT: u32 = 0x134;
const READ: u32 = 0x14e;
const READ_PUBLIC: u32 = 0x169;

/// authWrite, counter, authRead, noDA: wrong secrets do not make the TPM rest, as nobody types them.
const ATTRIBUTES: u32 = 0x0204_0014;
/// It has been counted with once.
const WRITTEN: u32 = 0x2000_0000;
/// Bytes of a value.
const VALUE: u16 = 8;
/// TPM_RC_NV_DEFINED: there is something with this number.
const TAKEN: u32 = 0x14c;
/// How many numbers are tried.
const TRIES: usize = 8;

impl<D: Device> Tpm<D> {
    /// Makes a counter; its number, and its first value.
    pub fn new_counter(&mut self, secret: &Half) -> Result<(u32, u64), Why> {
        let made =
            (0..TRIES).find_map(|_| match number().and_then(|number| self.make(number, secret).map(|()| number)) {
                Err(Error::Refused(TAKEN)) => None,
                made => Some(made),
            });
        let number = made.unwrap_or(Err(Error::Refused(TAKEN))).map_err(why)?;
        self.advance(number, 0, secret).map(|value| (number, value)).map_err(|error| {
            // What nobody knows of would take its place for ever.
            let _ = self.drop_counter(number);
            why(error)
        })
    }

    /// Counts on by one; how far it is then.
    pub fn count(&mut self, counter: u32, secret: &Half) -> Result<u64, Why> {
        self.advance(counter, WRITTEN, secret).map_err(why)
    }

    /// Does away with a counter. What is no counter of this program's is left alone.
    pub fn drop_counter(&mut self, counter: u32) -> Result<(), Why> {
        let named = match self.named(counter) {
            Ok(named) if [0, WRITTEN].iter().any(|written| name(&public(counter, *written)) == named) => named,
            Ok(_) => return Err(Why::Unknown),
            Err(error) => return Err(why(error)),
        };
        let owner = OWNER.to_be_bytes();
        let handles = [Handle { number: OWNER, name: &owner }, Handle { number: counter, name: &named }];
        let nothing = Zeroizing::new(Vec::new());
        let done = self.below_storage_key(|tpm, storage| {
            tpm.in_session(storage, UNDEFINE, &handles, &[], nothing, Hidden::Nothing)
        });
        done.map(drop).map_err(why)
    }

    fn make(&mut self, counter: u32, secret: &Half) -> Result<(), Error> {
        let asked = Writer::new().sized(secret.bytes()).sized(&public(counter, 0)).done();
        let owner = [Handle { number: OWNER, name: &OWNER.to_be_bytes() }];
        self.below_storage_key(|tpm, storage| tpm.in_session(storage, DEFINE, &owner, &[], asked, Hidden::Asked))
            .map(drop)
    }

    fn advance(&mut self, counter: u32, written: u32, secret: &Half) -> Result<u64, Error> {
        let secret = compared(secret);
        self.below_storage_key(|tpm, storage| {
            let (before, after) = (name(&public(counter, written)), name(&public(counter, WRITTEN)));
            let twice = |name| [Handle { number: counter, name }; 2];
            let nothing = Zeroizing::new(Vec::new());
            tpm.in_session(storage, INCREMENT, &twice(&before), secret, nothing, Hidden::Nothing)?;
            let asked = Writer::new().u16(VALUE).u16(0).done();
            let told = tpm.in_session(storage, READ, &twice(&after), secret, asked, Hidden::Answered)?;
            Reader(&told).sized()?.try_into().map(u64::from_be_bytes).map_err(|_| Error::Malformed)
        })
    }

    /// The name of what has this number.
    fn named(&mut self, counter: u32) -> Result<[u8; NAME], Error> {
        let answer = exchange(&mut self.0, &command(NO_SESSIONS, READ_PUBLIC, &counter.to_be_bytes()))?;
        let mut answer = Reader::answer(&answer)?;
        answer.sized()?;
        answer.sized()?.try_into().map_err(|_| Error::Malformed)
    }
}

/// The public part of a counter.
fn public(counter: u32, written: u32) -> Zeroizing<Vec<u8>> {
    Writer::new().u32(counter).u16(SHA256).u32(ATTRIBUTES | written).sized(&[]).u16(VALUE).done()
}

/// A number out of all that are the owner's.
fn number() -> Result<u32, Error> {
    let mut random = [0; 4];
    SystemRandom::new().fill(&mut random).map_err(|_| Error::Randomness)?;
    let (first, last) = COUNTERS.into_inner();
    Ok(first | (u32::from_be_bytes(random) & (last - first)))
}

/// What to tell the vault: TPM_RC_HANDLE (nothing has this number), TPM_RC_BAD_AUTH, TPM_RC_AUTH_FAIL,
/// TPM_RC_ATTRIBUTES or TPM_RC_NV_UNINITIALIZED (it is something else, with another secret).
fn why(error: Error) -> Why {
    match error {
        Error::Refused(0x14a) => Why::Unknown,
        Error::Refused(code) if code & 0x80 != 0 && [0x0b, 0x22, 0x0e, 0x02].contains(&(code & 0x3f)) => Why::Unknown,
        _ => Why::Failing,
    }
}
