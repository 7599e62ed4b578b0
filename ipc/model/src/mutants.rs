//! Tables with one thing changed.
