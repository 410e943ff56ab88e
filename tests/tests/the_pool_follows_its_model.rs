//! Whatever one program does with its connections, in whatever order: it gets what a model of the pool says.

use std::sync::atomic::Ordering;

use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::ReferenceStateMachine;

use self::model::Model;
use self::system::{System, Tenants};

mod model;
mod system;

#[test]
fn any_sequence_of_operations_gives_what_the_model_says() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let tenants = runtime.block_on(Tenants::new());
    // A pool that hangs is found out by deadlines, which make a smaller case slow to find.
    let mut runner = TestRunner::new(Config { max_shrink_time: 60_000, ..tenant_seed::seeded(40) });
    let outcome = runner.run(&Model::sequential_strategy(1..30), |(mut model, steps, seen)| {
        runtime.block_on(async {
            let mut system = System::new(&tenants).await;
            for step in steps {
                if let Some(seen) = &seen {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
                system.run(&model, &step).await;
                model = Model::apply(model, &step);
                system.check(&model).await;
            }
            system.end().await;
        });
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
