//! Real programs on a real server: one module a behaviour.

mod bad_input;
mod bots;
mod busy_screen;
mod causal_order;
mod cut_off_and_back;
mod cut_off_while_entering;
mod director_restart;
mod director_service;
mod doctor;
mod embedded;
mod faces;
mod gone_when_empty;
mod jetstream;
mod late_joiner;
mod left_in_memory;
mod listeners;
mod manners;
mod no_history;
mod nothing_in_files;
mod random_strangers;
mod sealed_rooms;
mod server_restart;
mod slow_reader;
mod terminal;
mod watching;
