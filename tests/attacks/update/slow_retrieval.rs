//! Slow retrieval: a mirror that sends a byte now and then, so that the update never ends and never fails.

use crate::bad::Mood;
use crate::device::{World, with};
use bulkhead_fetch::Trouble;
use std::time::{Duration, Instant};

#[tokio::test]
async fn slow_mirror_is_given_up_and_another_asked() {
    let mut world = World::new().await;
    for (mood, trouble) in [(Mood::Slow, Trouble::Slow), (Mood::Silent, Trouble::Silent)] {
        let slow = with(mood, &world.houses.quality).await;
        let began = Instant::now();
        assert_eq!(world.look(&[&slow]).await.trouble(), trouble, "{mood:?}");
        assert!(began.elapsed() < Duration::from_secs(60), "{mood:?}");
    }
    let slow = with(Mood::Slow, &world.houses.quality).await;
    for seen in world.look_beside(&slow).await {
        assert_eq!(seen.downloads(), 2);
    }
}
