//! Rows 3 and 6: how fast SealedSecrets become Secrets. Several rounds in turns, each on a fresh control plane: single runs
//! differ by a tenth.

use anyhow::Result;

use crate::original::Original;
use crate::say;
use crate::stage::Stage;
use crate::table::{Row, Verdict, median, spread};

const ROUNDS: usize = 3;
const OBJECTS: usize = 1000;

/// Who opens the objects.
#[derive(Clone, Copy)]
enum Contender {
    Ours,
    Original,
}

pub(crate) async fn rows(rate: bool, growth: bool) -> Result<Vec<Row>> {
    let (mut ours, mut peer, mut twice) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        say(&format!("round {round} of {ROUNDS}: 1,000 SealedSecrets of 3 values, ours"));
        ours.push(seconds(Contender::Ours, OBJECTS).await?);
        if rate {
            say("the same, the original");
            peer.push(seconds(Contender::Original, OBJECTS).await?);
        }
        if growth {
            say("2,000, ours");
            twice.push(seconds(Contender::Ours, 2 * OBJECTS).await?);
        }
    }
    let rate = rate.then(|| rate_row(&ours, &peer));
    let growth = growth.then(|| growth_row(&ours, &twice));
    Ok(rate.into_iter().chain(growth).collect())
}

/// From the first request to the last condition. The program is at work before the clock starts: it has opened another object.
async fn seconds(contender: Contender, count: usize) -> Result<f64> {
    let stage = Stage::new().await?;
    let (_operator, _original) = match contender {
        Contender::Ours => (Some(stage.operator().await?), None),
        Contender::Original => (None, Some(Original::start(&stage)?)),
    };
    stage.unseal(stage.sealed("first", 1)?).await?;
    let objects = stage.sealed("sealed", count)?;
    let seconds = stage.unseal(objects).await?;
    stage.is_as_measured(count + 1).await?;
    say(&format!("{seconds:.1} s"));
    Ok(seconds)
}

fn rate_row(ours: &[f64], peer: &[f64]) -> Row {
    let rates = |seconds: &[f64]| seconds.iter().map(|seconds| 1000.0 / seconds).collect::<Vec<_>>();
    let (ours, peer) = (rates(ours), rates(peer));
    let ratio = median(ours.clone()) / median(peer.clone());
    Row {
        number: 3,
        what: "K3: 1,000 SealedSecrets of 3 values at once, RSA-4096, client limits off",
        ours: spread(&ours, "objects/s"),
        peer: spread(&peer, "objects/s"),
        ratio: format!("{ratio:.2} times"),
        bar: "≥ 3 times",
        verdict: Verdict::of(ratio >= 3.0),
    }
}

fn growth_row(once: &[f64], twice: &[f64]) -> Row {
    let ratio = median(twice.to_vec()) / median(once.to_vec());
    Row {
        number: 6,
        what: "time for 2,000 of them against 1,000",
        ours: format!("{} against {}", spread(twice, "s"), spread(once, "s")),
        peer: "–".into(),
        ratio: format!("{ratio:.2} times"),
        bar: "≤ 2.2 times",
        verdict: Verdict::of(ratio <= 2.2),
    }
}
