//! Jobs that need each other, on several threads.

use std::sync::{Condvar, Mutex, PoisonError};

/// How far the jobs are.
struct Progress<E> {
    begun: Vec<bool>,
    done: Vec<bool>,
    failed: Option<E>,
}

impl<E> Progress<E> {
    /// The first job that can begin.
    fn ready(&self, needs: &[Vec<usize>]) -> Option<usize> {
        (0..needs.len()).find(|&job| !self.begun[job] && needs[job].iter().all(|&need| self.done[need]))
    }
}

/// Carry out jobs on at most `workers` threads, each once those it `needs` are done; those only need
/// jobs before them. After the first failure no job begins any more, `give_up` is called, and when
/// those under way have ended, that failure is the result.
pub(crate) fn run<E: Send>(
    needs: &[Vec<usize>],
    workers: usize,
    job: impl Fn(usize) -> Result<(), E> + Sync,
    give_up: impl Fn() + Sync,
) -> Result<(), E> {
    let count = needs.len();
    let progress = Mutex::new(Progress { begun: vec![false; count], done: vec![false; count], failed: None });
    let changed = Condvar::new();
    let lock = || progress.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || loop {
        let mut state = lock();
        let next = loop {
            if state.failed.is_some() || state.begun.iter().all(|begun| *begun) {
                return;
            }
            match state.ready(needs) {
                Some(next) => break next,
                None => state = changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        state.begun[next] = true;
        drop(state);
        let result = job(next);
        let mut state = lock();
        match result {
            Ok(()) => state.done[next] = true,
            Err(error) if state.failed.is_none() => {
                state.failed = Some(error);
                give_up();
            }
            Err(_) => {}
        }
        drop(state);
        changed.notify_all();
    };
    // A chain of stages never starts a thread.
    std::thread::scope(|scope| {
        for _ in 1..workers.min(width(needs)) {
            scope.spawn(work);
        }
        work();
    });
    let failed = progress.into_inner().unwrap_or_else(PoisonError::into_inner).failed;
    failed.map_or(Ok(()), Err)
}

/// The most jobs that can be under way at once, by their distance from the start.
fn width(needs: &[Vec<usize>]) -> usize {
    let mut depths: Vec<usize> = Vec::new();
    for jobs in needs {
        depths.push(jobs.iter().map(|&need| depths[need] + 1).max().unwrap_or(0));
    }
    needs.len() - depths.iter().max().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_the_rest_together() {
        // Two that must meet, and one that needs both.
        let (meet, order) = (Barrier::new(2), Mutex::new(Vec::new()));
        let job = |number: usize| {
            if number < 2 {
                meet.wait();
            }
            order.lock().unwrap().push(number);
            Ok::<_, ()>(())
        };
        assert_eq!(run(&[vec![], vec![], vec![0, 1]], 2, job, || {}), Ok(()));
        assert_eq!(order.into_inner().unwrap().last(), Some(&2));
    }

    #[test]
    fn nothing_begins_after_a_failure() {
        let (begun, given_up) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let job = |number: usize| {
            begun.fetch_add(1, Ordering::SeqCst);
            if number == 1 { Err("no") } else { Ok(()) }
        };
        let needs = [vec![], vec![0], vec![1], vec![2]];
        assert_eq!(run(&needs, 4, job, || given_up.store(1, Ordering::SeqCst)), Err("no"));
        assert_eq!((begun.into_inner(), given_up.into_inner()), (2, 1));
    }

    #[test]
    fn a_chain_needs_one_thread() {
        assert_eq!(width(&[vec![], vec![0], vec![1]]), 1);
        assert_eq!(width(&[vec![], vec![], vec![0, 1]]), 2);
        assert_eq!(width(&[]), 0);
    }
}
