//! it

mod demo_target;
mod make_up;
