use super::*;

/// What the tier is charged for a body is what it keeps alive.
#[test]
fn a_body_keeps_nothing_alive_but_itself() {
    let grown = {
        let mut grown = Vec::with_capacity(1 << 20);
        grown.extend_from_slice(b"a body");
        Bytes::from(grown)
    };
    let cut = Bytes::from(vec![b'a'; 1 << 20]).slice(1_000..1_006);
    for body in [grown, cut] {
        assert_eq!(Vec::from(alone(body.clone())).capacity(), 6);
        assert_eq!(Vec::from(alone(body)).capacity(), 6);
    }
}
