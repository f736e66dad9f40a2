//! A night in several invocations finds what one invocation finds.

use std::time::Duration;

use domain::reconcile::Kind;
use storm::large::{Large, Night, Scene};

const LARGE: Large =
    Large { objects: 3_000, page: 20, pages: 60, latency: Duration::from_millis(100) };

fn kinds(night: &Night) -> Vec<(Kind, String)> {
    let mut kinds: Vec<_> =
        night.findings.iter().map(|found| (found.kind, found.subject.clone())).collect();
    kinds.sort();
    kinds
}

/// Loses audio of the day at both ends of the ids, adds two objects, and counts one too many.
async fn damage(scene: &mut Scene) -> anyhow::Result<Vec<(Kind, String)>> {
    let mut day = scene.of_the_day.clone();
    day.sort_by_key(|call| call.id);
    let mut wrong = Vec::new();
    for lost in [&day[0], &day[day.len() - 1]] {
        scene.lose(lost).await?;
        wrong.push((Kind::Lost, lost.id.to_string()));
    }
    for unregistered in ["00000000000000000000000004", "vvvvvvvvvvvvvvvvvvvvvvvvv4"] {
        scene.put(unregistered);
        wrong.push((Kind::NoRecording, unregistered.to_owned()));
    }
    scene.put("readme.txt");
    wrong.push((Kind::Stray, "recordings/large/readme.txt".to_owned()));
    scene.count(1).await?;
    wrong.push((Kind::Usage, "*".to_owned()));
    wrong.sort();
    Ok(wrong)
}

#[test]
fn a_night_in_parts_finds_what_a_night_in_one_finds() -> anyhow::Result<()> {
    for pages in [1, 7, 60, 1_000] {
        Large { pages, ..LARGE }.run(async |scene| {
            let sound = scene.night().await?;
            assert_eq!(kinds(&sound), [], "with {pages} pages");
            assert_eq!(sound.state.objects, 3_000);
            let invocations = sound.took.len();
            assert!(if pages == 1_000 { invocations == 1 } else { invocations > 2 });
            assert!(sound.message < 10_000, "{} bytes", sound.message);
            let wrong = damage(scene).await?;
            let damaged = scene.night().await?;
            assert_eq!(kinds(&damaged), wrong, "with {pages} pages");
            let since: Vec<_> = damaged.findings.iter().map(|found| found.since).collect();
            let again = scene.night().await?;
            assert_eq!(kinds(&again), wrong, "with {pages} pages, again");
            assert_eq!(again.findings.iter().map(|found| found.since).collect::<Vec<_>>(), since);
            anyhow::Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn findings_end_in_the_part_that_no_longer_has_them() -> anyhow::Result<()> {
    Large { pages: 7, ..LARGE }.run(async |scene| {
        damage(scene).await?;
        scene.night().await?;
        for lost in scene.of_the_day.clone() {
            let key = format!("{}", lost.id);
            scene.put(&key);
        }
        let restored = scene.night().await?;
        let lost = restored.findings.iter().filter(|found| found.kind == Kind::Lost).count();
        assert_eq!(lost, 0, "{:?}", kinds(&restored));
        anyhow::Ok(())
    })
}
