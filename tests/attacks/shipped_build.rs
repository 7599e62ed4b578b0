//! The shipped binaries hold no trace of the test driver.

use bulkhead_rules::Process;
use bulkhead_tests::Error;
use bulkhead_tests::folder::{Build, binaries};

const WORDS: [&str; 3] = ["BULKHEAD_TEST_DRIVER", "timeout_ms", "is not something the driver can do"];

fn holds(build: Build, binary: &str, word: &str) -> Result<bool, Error> {
    let bytes = std::fs::read(binaries(build)?.join(binary)).map_err(|e| Error::System("reading a binary", e))?;
    Ok(bytes.windows(word.len()).any(|window| window == word.as_bytes()))
}

pub fn no_shipped_binary_knows_the_driver() -> Result<(), Error> {
    for binary in std::iter::once("bulkhead").chain(Process::WITH_RULES.map(Process::program)) {
        for word in WORDS {
            assert!(!holds(Build::Shipped, binary, word)?, "{binary} holds {word}");
        }
    }
    Ok(())
}

pub fn the_driver_build_does_or_the_search_is_broken() -> Result<(), Error> {
    for word in WORDS {
        assert!(holds(Build::Driver, "bulkhead-vault", word)?, "{word}");
    }
    assert!(holds(Build::Driver, "bulkhead", "BULKHEAD_TEST_DRIVER")?);
    Ok(())
}
