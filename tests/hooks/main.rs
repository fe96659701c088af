//! The hooks of a loop: functions of the application that take part in the making of connections.

mod gate;
mod resolving;
