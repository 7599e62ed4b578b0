//! What an audit found: steps in their order, each with what it looked at, and a last sentence.

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Looked at, and as it should be.
    Verified,
    /// Looked at, and not as it should be.
    Refused,
    /// Not looked at, or not as far as somebody could.
    NotVerified,
}

impl Outcome {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Refused => "REFUSED",
            Self::NotVerified => "not verified",
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is about.
    pub title: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Figures: what was looked at.
    pub facts: Vec<String>,
    /// Where it is not verified: each reason, and what would make it pass.
    pub reasons: Vec<String>,
}

impl Step {
    /// One that is as it should be.
    pub fn verified(title: impl Into<String>, facts: Vec<String>) -> Self {
        Self { title: title.into(), outcome: Outcome::Verified, facts, reasons: Vec::new() }
    }

    /// One that is verified if there is nothing against it.
    pub fn judged(title: impl Into<String>, facts: Vec<String>, against: Vec<String>) -> Self {
        let outcome = if against.is_empty() { Outcome::Verified } else { Outcome::Refused };
        Self { title: title.into(), outcome, facts, reasons: against }
    }

    /// One for which something is missing: what, and how to give it.
    pub fn missing(title: impl Into<String>, facts: Vec<String>, how: impl Into<String>) -> Self {
        Self { title: title.into(), outcome: Outcome::NotVerified, facts, reasons: vec![how.into()] }
    }
}

/// All of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The release, as it was asked for.
    pub release: String,
    /// When it was made, in words.
    pub made: String,
    /// In the order in which a release comes to be.
    pub steps: Vec<Step>,
}

impl Report {
    /// Whether nothing that could be looked at is other than it should be.
    pub fn holds(&self) -> bool {
        !self.steps.is_empty() && self.titles(Outcome::Refused).is_empty()
    }

    fn titles(&self, outcome: Outcome) -> Vec<&str> {
        self.steps.iter().filter(|step| step.outcome == outcome).map(|step| step.title.as_str()).collect()
    }

    /// All of it in one sentence or two.
    pub fn sentence(&self) -> String {
        let (refused, open) = (self.titles(Outcome::Refused), self.titles(Outcome::NotVerified));
        let release = &self.release;
        if !self.holds() {
            return format!(
                "Release {release} is REFUSED ({}): do not install it, and do not sign it, before every reason in this report is understood.",
                refused.join("; ")
            );
        }
        if open.is_empty() {
            return format!("Release {release} was verified in every step, from its commits to the installed bits.");
        }
        let steps = format!("{} {}", many(open.len(), "step"), if open.len() == 1 { "was" } else { "were" });
        format!(
            "Nothing speaks against release {release}, but {steps} NOT verified ({}): all else holds only as far as these do.",
            open.join("; ")
        )
    }

    /// For a terminal: nothing in it can move the cursor, or turn the order of letters.
    pub fn text(&self) -> String {
        let mut text = format!("Audit of release {}\n{}\n\n", visible(&self.release), visible(&self.made));
        for Step { title, outcome, facts, reasons } in &self.steps {
            text.push_str(&format!("{:<13} {}\n", outcome.word(), visible(title)));
            facts.iter().for_each(|fact| text.push_str(&format!("{:14}{}\n", "", visible(fact))));
            let mark = if *outcome == Outcome::Refused { "refused: " } else { "to do: " };
            reasons.iter().for_each(|reason| text.push_str(&format!("{:14}{mark}{}\n", "", visible(reason))));
        }
        format!("{text}\n{}\n", visible(&self.sentence()))
    }
}

/// So many of something, in words.
pub fn many(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Text from outside, with a mark in the place of every character that does something instead of being seen.
pub fn visible(text: &str) -> String {
    let acts = |c: char| {
        let turns = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        c.is_control() || turns
    };
    text.chars().map(|c| if acts(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(steps: Vec<Step>) -> Report {
        Report { release: "0.2.0".into(), made: "today".into(), steps }
    }

    #[test]
    fn sentence_says_no_more_than_the_steps_do() {
        let good = Step::verified("History", vec![]);
        let open = Step::missing("Build", vec![], "build it");
        let bad = Step::judged("Chain", vec![], vec!["it is broken".into()]);
        assert!(report(vec![good.clone()]).sentence().contains("verified in every step"));
        let some = report(vec![good.clone(), open.clone()]);
        assert!(some.holds() && some.sentence().contains("1 step was NOT verified (Build)"), "{}", some.sentence());
        let none = report(vec![good, open, bad]);
        assert!(!none.holds() && none.sentence().contains("REFUSED (Chain)"), "{}", none.sentence());
        assert!(!report(vec![]).holds(), "nothing at all was looked at");
    }

    #[test]
    fn text_from_outside_moves_nothing_on_a_terminal() {
        let step = Step::verified("a\u{1b}[2Jb", vec!["c\nverified      Build\u{202e}\u{61c}".into()]);
        let text = report(vec![step]).text();
        assert!(text.contains("a\u{fffd}[2Jb") && text.contains("c\u{fffd}verified"), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains(['\u{202e}', '\u{61c}']));
    }
}
