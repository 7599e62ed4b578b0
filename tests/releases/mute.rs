//! A program that starts under any rules, and then says and does nothing.

fn main() {
    loop {
        std::thread::park();
    }
}
