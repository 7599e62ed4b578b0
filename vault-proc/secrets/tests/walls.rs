//! Programs that would let a secret out do not compile, for the reason that is written down beside them.

#[test]
fn secrets_have_no_way_out() {
    trybuild::TestCases::new().compile_fail("tests/walls/*.rs");
}
