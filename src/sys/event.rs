//! Waiting: poll, signals, timers, inotify.
