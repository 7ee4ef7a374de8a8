//! What the compiler says to who misuses the macro.
//!
//! Only what the macro itself refuses: what it writes for the rest names the provider's framework,
//! which is not here, and the provider's own models show that it is right. `TRYBUILD=overwrite`
//! writes the answers anew.

#[test]
fn a_misuse_is_refused_where_it_is_written() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
