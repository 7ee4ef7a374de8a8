//! What is not a resource, in the language of the real command line tools.

mod functions;
