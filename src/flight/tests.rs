//! Flights as every order of steps leaves them: under loom where it is compiled in, else on one thread.
