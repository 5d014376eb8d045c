//! Background tasks that must not end: one that breaks off by a defect is logged and begun anew.

use std::time::Duration;

/// Pause before a task that broke off begins anew.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs a task that has no end of its own, again and again.
pub async fn supervised<F>(name: &'static str, mut task: impl FnMut() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        // Ends with the runtime, as this does.
        match tokio::spawn(task()).await {
            Ok(()) => return,
            Err(error) if error.is_panic() => {
                tracing::error!(
                    name,
                    "a background task broke off by a defect; it begins anew"
                );
                tokio::time::sleep(PAUSE).await;
            }
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_task_that_breaks_off_begins_anew_until_it_ends() {
        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        supervised("test", move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            async move { assert!(number >= 2, "a defect") }
        })
        .await;
        assert_eq!(begun.load(Ordering::Relaxed), 3);
    }
}
