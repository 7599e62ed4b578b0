//! Every way in which a mirror can be bad, beside one that is good: the file comes, whole and right.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod bad;

use bad::{Mood, bytes, files, mirror, mirrors, with_budget};
use bulkhead_fetch::Trouble;
use bulkhead_fetch::package::{Wanted, fetch};
use bulkhead_fetch::stage::version;
use bulkhead_trust::Digest;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What each bad mirror alone comes to, for a file of 10,000 bytes of which 10,000 are allowed.
const ALONE: &[(Mood, Trouble)] = &[
    (Mood::Slow, Trouble::Slow),
    (Mood::Silent, Trouble::Silent),
    (Mood::Endless, Trouble::Oversized),
    (Mood::EndlessChunks, Trouble::Oversized),
    (Mood::EndlessHead, Trouble::Misbehaving),
    (Mood::Oversized, Trouble::Oversized),
    (Mood::Truncated(0), Trouble::Truncated),
    (Mood::Truncated(99), Trouble::Truncated),
    (Mood::Broken, Trouble::Status(500)),
    (Mood::Elsewhere, Trouble::Status(302)),
    (Mood::Garbage, Trouble::Misbehaving),
    (Mood::TwoLengths, Trouble::Misbehaving),
];

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("bulkhead-fetch-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder.join("package")
}

fn wanted(bytes: &[u8]) -> Wanted<'static> {
    Wanted { path: "releases/2/package", length: bytes.len() as u64, sha256: Digest::of(bytes) }
}

#[tokio::test]
async fn good_mirrors_serve_in_every_framing() {
    let content = bytes(10_000);
    let files = files(&[("file", &content)]);
    for mood in [Mood::Good, Mood::Chunked, Mood::Unsized] {
        let one = mirror(mood, &files).await;
        assert_eq!(mirrors(&[&one]).file("file", 10_000).await, Ok(Some(content.clone())), "{mood:?}");
    }
    let one = mirror(Mood::Chunked, &files).await;
    assert_eq!(mirrors(&[&one]).file("file", 9_999).await, Err(Trouble::Oversized));
    assert_eq!(mirrors(&[&one]).file("other", 10_000).await, Ok(None));
}

#[tokio::test]
async fn bad_mirror_alone_is_told_by_what_it_does() {
    let files = files(&[("file", &bytes(10_000))]);
    for (mood, trouble) in ALONE {
        let one = mirror(*mood, &files).await;
        assert_eq!(mirrors(&[&one]).file("file", 10_000).await, Err(*trouble), "{mood:?}");
    }
}

#[tokio::test]
async fn any_bad_mirror_is_left_for_a_good_one() {
    let content = bytes(10_000);
    let files = files(&[("file", &content)]);
    for (mood, _) in ALONE.iter().copied().chain([(Mood::Missing, Trouble::Missing)]) {
        let (worse, good) = (mirror(mood, &files).await, mirror(Mood::Good, &files).await);
        let both = mirrors(&[&worse, &good]);
        assert_eq!(both.file("file", 10_000).await, Ok(Some(content.clone())), "{mood:?}");
        // A mirror without the file may be right; all others are asked last from now on.
        assert_eq!(both.best(), if mood == Mood::Missing { [0, 1] } else { [1, 0] }, "{mood:?}");
    }
}

#[tokio::test]
async fn endless_mirror_costs_no_more_than_was_allowed() {
    let files = files(&[("file", &bytes(1_000))]);
    let one = mirror(Mood::Endless, &files).await;
    let alone = with_budget(&[&one], 100_000);
    assert_eq!(alone.file("file", 90_000).await, Err(Trouble::Oversized));
    let alone = with_budget(&[&one], 50_000);
    assert_eq!(alone.file("file", 90_000).await, Err(Trouble::Budget));
}

#[tokio::test]
async fn slow_mirror_is_left_after_its_window() {
    let content = bytes(10_000);
    let files = files(&[("file", &content)]);
    let (slow, good) = (mirror(Mood::Slow, &files).await, mirror(Mood::Good, &files).await);
    let began = Instant::now();
    assert_eq!(mirrors(&[&slow, &good]).file("file", 10_000).await, Ok(Some(content)));
    // At 50 bytes a second the file would have taken 200 seconds.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn silent_mirror_is_waited_for_once() {
    let root = files(&[("2.root.json", b"a root")]);
    let (silent, honest) = (mirror(Mood::Silent, &root).await, mirror(Mood::Good, &files(&[])).await);
    let both = mirrors(&[&silent, &honest]);
    let began = Instant::now();
    // What one says is not there the other might have.
    assert_eq!(both.file("2.root.json", 1_000).await, Ok(None));
    let window = both.patience().window;
    assert!((window..window * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn newest_of_several_answers_wins() {
    let say =
        |version: u64| files(&[("timestamp.json", format!("{{\"signed\":{{\"version\":{version}}}}}").as_bytes())]);
    let (old, new) = (mirror(Mood::Good, &say(3)).await, mirror(Mood::Good, &say(4)).await);
    let (silent, wrong) =
        (mirror(Mood::Silent, &say(9)).await, mirror(Mood::Good, &files(&[("timestamp.json", b"?")])).await);
    for list in [[&old, &new, &silent], [&silent, &new, &old], [&wrong, &old, &new]] {
        let came = mirrors(&list).newest("timestamp.json", 1_000, version).await.unwrap().unwrap();
        assert_eq!(version(&came), Some(4));
    }
    let nobody = mirrors(&[&silent, &silent]).newest("timestamp.json", 1_000, version).await;
    assert_eq!(nobody, Err(Trouble::Silent));
}

#[tokio::test]
async fn package_comes_whole_past_any_bad_mirror() {
    let content = bytes(60_000);
    let files = files(&[("releases/2/package", &content)]);
    let moods = ALONE.iter().map(|(mood, _)| *mood).filter(|mood| *mood != Mood::Oversized);
    for mood in moods.chain([Mood::Wrong, Mood::Missing, Mood::Alternating, Mood::Oversized, Mood::OtherRange]) {
        let (worse, good) = (mirror(mood, &files).await, mirror(Mood::Good, &files).await);
        let file = folder(&format!("{mood:?}").replace(['(', ')'], ""));
        let mut most = 0;
        let came = fetch(&mirrors(&[&worse, &good]), wanted(&content), &file, |length| most = length.max(most)).await;
        assert_eq!((came, most), (Ok(()), 60_000), "{mood:?}");
        assert_eq!(std::fs::read(&file).unwrap(), content, "{mood:?}");
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn download_goes_on_where_it_stopped() {
    let content = bytes(60_000);
    let files = files(&[("releases/2/package", &content)]);
    for (mood, from_there) in [(Mood::Good, true), (Mood::Whole, false)] {
        let one = mirror(mood, &files).await;
        let file = folder(&format!("resume{mood:?}"));
        std::fs::write(&file, &content[..50_000]).unwrap();
        assert_eq!(fetch(&mirrors(&[&one]), wanted(&content), &file, |_| ()).await, Ok(()));
        assert_eq!(std::fs::read(&file).unwrap(), content);
        assert_eq!(one.sent.load(Ordering::Relaxed) < 11_000, from_there);
        // And once it is whole, nobody is asked.
        let asked = one.asked.lock().unwrap().len();
        assert_eq!(fetch(&mirrors(&[&one]), wanted(&content), &file, |_| ()).await, Ok(()));
        assert_eq!(one.asked.lock().unwrap().len(), asked);
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn mirror_that_always_breaks_off_still_brings_it() {
    let content = bytes(60_000);
    let files = files(&[("releases/2/package", &content)]);
    let one = mirror(Mood::Truncated(50), &files).await;
    let file = folder("breaks");
    let came = fetch(&mirrors(&[&one]), wanted(&content), &file, |_| ()).await;
    assert_eq!(came, Ok(()));
    std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn wrong_start_on_the_disk_is_given_up() {
    let content = bytes(60_000);
    let files = files(&[("releases/2/package", &content)]);
    let one = mirror(Mood::Good, &files).await;
    for there in [vec![7; 50_000], vec![7; 60_000], vec![7; 90_000]] {
        let file = folder("wrong-start");
        std::fs::write(&file, there).unwrap();
        assert_eq!(fetch(&mirrors(&[&one]), wanted(&content), &file, |_| ()).await, Ok(()));
        assert_eq!(std::fs::read(&file).unwrap(), content);
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn wrong_package_is_never_accepted() {
    let content = bytes(60_000);
    let files = files(&[("releases/2/package", &content)]);
    let (one, two) = (mirror(Mood::Wrong, &files).await, mirror(Mood::Wrong, &files).await);
    let file = folder("wrong");
    assert_eq!(fetch(&mirrors(&[&one, &two]), wanted(&content), &file, |_| ()).await, Err(Trouble::Wrong));
    assert_eq!(std::fs::read(&file).unwrap(), b"");
    std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
}
