//! Runs a scenario with different faults, and compares the events.

use super::simulation::Simulation;

/// Runs a scenario without faults, with all reads and writes cut to one byte, and with a failure at the first, second, …
/// operation of the stream. The first two runs must report the `expected` events. [`check_contract`] checks the other runs.
pub fn run_scenario(scenario: impl Fn(&mut Simulation), expected: &[&str]) {
    let run = |cut, failure| {
        let mut sim = Simulation::with_faults(cut, failure);
        scenario(&mut sim);
        sim
    };
    let whole = run(usize::MAX, None).events();
    assert_eq!(whole, expected);
    assert_eq!(run(1, None).events(), expected, "cut to bytes");
    for cut in [usize::MAX, 1] {
        // After the first operations, only some are tested, because a cut scenario has tens of thousands.
        let operations = (0..100).chain((0..).map_while(|n| 100usize.checked_add(n * n * n)));
        for operation in operations {
            let mut sim = run(cut, Some(operation));
            let failed = sim.wire().operations_until_failure == Some(0);
            sim.end_stream();
            sim.set_full(false);
            sim.advance(3_600_000);
            check_contract(&sim.events(), &whole, operation);
            if !failed {
                break;
            }
        }
    }
}

/// Runs a scenario without faults and cut to single bytes, but without failures: after a failure, a retry would change the events.
pub fn run_unbroken(scenario: impl Fn(&mut Simulation), expected: &[&str]) {
    for cut in [usize::MAX, 1] {
        let mut sim = Simulation::with_faults(cut, None);
        scenario(&mut sim);
        assert_eq!(sim.events(), expected, "cut to {cut}");
    }
}

/// Checks the events of a run with a failure: they are the first events of the run without faults, then one `closed` as the last
/// event.
fn check_contract(events: &[String], whole: &[String], operation: usize) {
    let (closed, before) = events.split_last().expect("the end is reported");
    assert!(closed.starts_with("closed"), "failure at {operation}: {events:?}");
    for (events, expected) in before.iter().zip(whole) {
        assert_eq!(events, expected, "failure at {operation}");
    }
    assert!(before.len() <= whole.len() && !before.iter().any(|events| events.starts_with("closed")), "{events:?}");
}
