use super::world::{World, words};
use bulkhead_vault_core::{Action, Input};

fn found(world: &World, words: &str) -> Vec<String> {
    let hits = world.vault(0).search(words, 10).unwrap();
    hits.iter().map(|hit| hit.snippet.as_str().to_owned()).collect()
}

#[test]
fn words_are_found_by_prefix_in_any_script_and_nothing_typed_is_an_operator() {
    let mut world = World::pair(40);
    for text in [
        "The harbour at midnight",
        "Überraschung im Café",
        "السلام عليكم يا صديقي",
        "שלום חבר שלי",
        "明日は東京で会いましょう",
        "你好,我们在北京见面吧",
        "до свидания",
        "a \"quoted\" OR NEAR(word) * ^x",
    ] {
        world.say(0, 1, text);
    }
    assert_eq!(found(&world, "harb"), ["The harbour at midnight"]);
    assert_eq!(found(&world, "the midn"), ["The harbour at midnight"]);
    assert_eq!(found(&world, "im cafe"), ["Überraschung im Café"]);
    assert_eq!(found(&world, "عليك"), ["السلام عليكم يا صديقي"]);
    assert_eq!(found(&world, "חבר"), ["שלום חבר שלי"]);
    assert_eq!(found(&world, "東京"), ["明日は東京で会いましょう"]);
    assert_eq!(found(&world, "北京"), ["你好,我们在北京见面吧"]);
    assert_eq!(found(&world, "京都").len(), 0);
    assert_eq!(found(&world, "свид"), ["до свидания"]);
    assert_eq!(found(&world, "NEAR(").len(), 1);
    for odd in ["\"", "*", "^", "-x", "a AND", "x:y", "", "   ", "\u{0}", "'; DROP TABLE messages"] {
        world.vault(0).search(odd, 10).unwrap();
    }
}

#[test]
fn newest_comes_first_and_snippets_are_cut_around_the_match() {
    let mut world = World::pair(41);
    world.say(0, 1, &format!("{} needle {}", "before ".repeat(40), "after ".repeat(40)));
    world.say(0, 1, "needle again");
    let hits = world.vault(0).search("needle", 10).unwrap();
    assert_eq!(hits.iter().map(|h| h.seq).collect::<Vec<_>>(), [2, 1]);
    let snippet = hits[1].snippet.as_str();
    assert!(snippet.contains("needle") && snippet.starts_with('…') && snippet.ends_with('…'));
    assert!(snippet.chars().count() <= 102);
    assert_eq!(world.vault(0).search("needle", 1).unwrap().len(), 1);
}

/// What is found among the newest messages, and what the index finds, is the same.
#[test]
fn frequent_and_rare_words_are_found_newest_first_in_long_conversations() {
    let mut world = World::pair(42);
    let rare = |n: usize| if n % 700 == 3 { "Needle" } else { "hay" };
    let sends =
        (0..2500).map(|n| Input::Do(Action::Send { contact: 1, text: words(&format!("{} hello-{n}", rare(n))) }));
    let sends = sends.collect();
    world.inputs(0, sends);
    let places =
        |words: &str, limit| world.vault(0).search(words, limit).unwrap().iter().map(|hit| hit.seq).collect::<Vec<_>>();
    assert_eq!(places("ha", 3), [2500, 2499, 2498]);
    assert_eq!(places("NEED", 9), [2104, 1404, 704, 4]);
    assert_eq!(places("needle h", 9), [2104, 1404, 704, 4]);
    assert_eq!(places("needle hello-1403", 9), [1404]);
    assert_eq!(places("hay hello-250", 9), [251]);
    assert_eq!(places("nowhere h", 9), [0; 0]);
    assert_eq!(places("hello-11", 50).len(), 50);
}
