//! `audit`: reads the command line, has everything judged, prints the report.

use crate::Failure;
use crate::arguments::Arguments;
use crate::commands::now;
use bulkhead_release::attestation::Attestation;
use bulkhead_release::audit::{Asked, Outcome, audit, page};

/// Judges a release, as far as what was given goes.
pub fn run(given: &Arguments) -> Result<(), Failure> {
    let (Some(from), Some(joint)) = (&given.audit.from, &given.audit.joint) else {
        return Err(Failure::Usage("give --from and --joint".into()));
    };
    if !Attestation::is_release(&given.what) {
        return Err(Failure::Usage("a release is named by up to 64 letters, digits, dots and hyphens".into()));
    }
    let asked = Asked {
        release: given.what.clone(),
        repository: given.repository.clone(),
        from: from.clone(),
        policy: given.policy.clone(),
        joint: joint.clone(),
        package: given.package.clone(),
        served: given.served.clone(),
        roots: given.audit.roots.clone(),
        fingerprint: given.audit.fingerprint.clone(),
        installed: given.audit.installed.clone(),
        now: now(),
    };
    let report = audit(&asked);
    print!("{}", report.text());
    if let Some(path) = &given.audit.html {
        std::fs::write(path, page(&report)).map_err(|error| Failure::one(format!("{}: {error}", path.display())))?;
    }
    if report.holds() {
        return Ok(());
    }
    let refused = report.steps.iter().filter(|step| step.outcome == Outcome::Refused).count();
    Err(Failure::one(format!("{refused} of {} steps; the report says each reason", report.steps.len())))
}
