use super::*;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Takes whole lines.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Blocks in its first write until it is let go.
struct Stuck {
    entered: Sender<()>,
    release: Receiver<()>,
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.entered.send(());
        let _ = self.release.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(format: LogFormat, filter: &str, log: impl FnOnce()) -> String {
    let page = Page::default();
    let (queue, flush) = writer::start(page.clone()).unwrap();
    let observe = Observe {
        log_format: format,
        log: filter.into(),
        ..Default::default()
    };
    let (subscriber, _handle) = subscriber(&observe, queue).unwrap();
    tracing::subscriber::with_default(subscriber, log);
    drop(flush);
    let bytes = page.0.lock().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn json_lines_are_json_even_with_hostile_text() {
    let hostile = "a\u{1b}[31m\n\u{9b}\u{2028}\"\\";
    let text = written(LogFormat::Json, "info", || {
        tracing::info!(path = hostile, "seen {hostile}");
        tracing::debug!("below the filter");
    });
    assert_eq!(text.matches('\n').count(), 1);
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["path"], hostile);
    assert_eq!(line["level"], "INFO");
}

#[test]
fn a_text_line_stays_one_line_without_control_characters() {
    let text = written(LogFormat::Text, "info", || {
        tracing::info!("a\n2026-01-01 ERROR forged\u{1b}[2J\r");
    });
    assert_eq!(text.matches('\n').count(), 1);
    assert!(
        text.ends_with('\n') && !text.trim_end().chars().any(char::is_control),
        "{text:?}"
    );
}

#[test]
fn a_stuck_reader_drops_lines_and_never_blocks() {
    let (entered, has_entered) = channel();
    let (release, released) = channel();
    let (mut queue, _flush) = writer::start(Stuck {
        entered,
        release: released,
    })
    .unwrap();
    queue.write_all(b"first\n").unwrap();
    has_entered.recv().unwrap();
    let before = dropped();
    let line = vec![b'x'; 1000];
    (0..20_000).for_each(|_| queue.write_all(&line).unwrap());
    assert!(dropped() - before >= 20_000 - 16_384);
    drop(release);
}

#[test]
fn a_filter_that_does_not_parse_is_an_error_that_names_the_key() {
    let (queue, _flush) = writer::start(io::sink()).unwrap();
    let observe = Observe {
        log: "pointsman=loud".into(),
        ..Default::default()
    };
    let Err(error) = subscriber(&observe, queue) else {
        panic!("accepted")
    };
    assert!(error.to_string().starts_with("observe.log: "), "{error}");
}

#[test]
fn libraries_log_nothing_below_warnings_whatever_the_filter_says() {
    for filter in ["trace", "hyper=trace,pingora_core=trace"] {
        let text = written(LogFormat::Json, filter, || {
            tracing::trace!(target: "pingora_core::protocols", "api-key: hunter2");
            tracing::info!(target: "hyper::proto", "authorization: hunter2");
            tracing::error!(target: "pingora_core::connectors", "closed hunter2");
            tracing::warn!(target: "hyper::proto", "a warning");
        });
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(text.contains("a warning"), "{text}");
    }
    let text = written(LogFormat::Text, "trace", || tracing::trace!("ours"));
    assert!(text.contains("ours"));
}
