//! The rig itself under test: what every other whole-program test takes for granted.

mod control_plane;
mod demo;
mod installation;
mod operator;
mod processes;
mod proxy;
mod stores;
