//! The constants, `K_x = derive_key("streamcache v1 x")`, as they come out: written down, so that no thread ever makes
//! them while another waits, which a fork in between would leave waiting in the child for ever.

use super::Digest;

/// One derived key a purpose, so that no digest of one kind can pass for another.
pub(super) struct Constants {
    pub(super) chunk: [u8; 32],
    pub(super) tensor: [u8; 32],
    pub(super) header: [u8; 32],
    pub(super) inputs: [u8; 32],
    pub(super) barrier: [u8; 32],
    pub(super) content: [u8; 32],
    pub(super) config_json: [u8; 32],
    pub(super) config_bytes: [u8; 32],
    pub(super) state: [u8; 32],
    pub(super) provenance: [u8; 32],
    pub(super) raw_chunk: [u8; 32],
    pub(super) raw_config: [u8; 32],
    pub(super) raw_state: [u8; 32],
    pub(super) namespace: [u8; 32],
    pub(super) secret_digest: [u8; 32],
    pub(super) secret: [u8; 32],
    pub(super) filter: [u8; 32],
    pub(super) pipeline: [u8; 32],
    pub(super) tag: [u8; 32],
    pub(super) step: [u8; 32],
    pub(super) place: [u8; 32],
    pub(super) envelope: [u8; 32],
    pub(super) secret_envelope: [u8; 32],
    pub(super) file: [u8; 32],
    pub(super) saved_state: [u8; 32],
}

pub(super) static K: Constants = Constants {
    chunk: bytes(b"0ab8ed5506172685ddec2f0ce420373910e2d88e57b657f4227ae5ecfa56a597"),
    tensor: bytes(b"a9e36444c02742aee613db49e1ca07f52149736147ba88a90a0f5ef6bdceda74"),
    header: bytes(b"40c33fc5d1e114babfd662cd43f6d41d328188733bf119dc7195a5b476362c28"),
    inputs: bytes(b"0b425e6c858e5989a66ff9953c5b8af7e508b4fab775e5de9747b20c490095d5"),
    barrier: bytes(b"030a620a920b0c51e8072cdefd6442a3a54ccb08b8050792c87997b0270f447b"),
    content: bytes(b"b6f3d42697581230e2c2875685e4458e96586ea5efb7a567b43b705d5e2962c9"),
    config_json: bytes(b"2d987b84324a25e83b3bcf123b802a7c58d0c00686cd977cafaa9919f00986a6"),
    config_bytes: bytes(b"1da5eaae901111e03d7475895b3bbd45b382b2d0b25580fa8c37245006c56414"),
    state: bytes(b"f0608585ed03106bc9b8a9ed36510955e8460a42661a97c7571801fad9f9c4ca"),
    provenance: bytes(b"4f670afa4b161d247ae235ebaed655815eb7cffc7e701a14c652b5c918af1688"),
    raw_chunk: bytes(b"621b3c44ab79ed0ed065712f4e60a3c92d323c3fd87a65f27929b836403f820e"),
    raw_config: bytes(b"2a30d95d14c334547db5b5d23af32195d6c9e469d4e97246f73ce22650ebdfdf"),
    raw_state: bytes(b"38bd798813eb9301456f7a8482402fd5ef12b9a67a938c9e6c5cf708a3f75af4"),
    namespace: bytes(b"83d8f11b0d9ca2c48a86dae178cbfc08bb55d03d615b80771bf104d00aa247fb"),
    secret_digest: bytes(b"1235ba361c8f8543f948e2f18f03635521189f66be1864ee0679656e8aacfce3"),
    secret: bytes(b"d5b5f8b5c4244f58dcd132b0687e5142c4b13174d21ab94dd5f21161d3c152cc"),
    filter: bytes(b"d4bc5e1cb18c9ba4c998705b084db64cabac3c35e532ae83f9c3bca127c9130c"),
    pipeline: bytes(b"9ffe86b7165997a3efa0c1d544c72c4626f83be8cac5d15cd00657eea802a665"),
    tag: bytes(b"462b5888e60f0245d6212d09b2f603c169e86d8c560a02705e4b43268c025e7f"),
    step: bytes(b"a7dce15d357acbc6cd96406f3528e2e7843611b1a89212c7988da7e68f447725"),
    place: bytes(b"b5e717d0a0080d4b86edec93354ed5651d3f9499ba026a96624286a0efade0b6"),
    envelope: bytes(b"3bfce1cec9c7c88de28a9b2bbbd7d71bce6203f0f6540d78ce91e3efd65b6955"),
    secret_envelope: bytes(b"de6f2456fd7c3f52797a2baf1705732a7921015c43e5eb396b84b6bcea7c3c84"),
    file: bytes(b"61ac4e4a930ead340cc3850f04fc7d782cd2792435aaa5933e5915f235551b8f"),
    saved_state: bytes(b"06713d1ce6f191a6037bad230f3533a31f38267d54188e038bc7783e59415c28"),
};

/// The namespace without a name: `keyed(K_namespace, "")`.
pub(super) static NO_NAMESPACE: Digest =
    Digest(bytes(b"78450d8ea55990e4c896c7d81b286306599a6c41740dabf68418c7af98d40244"));

/// The bytes that these lower-case hexadecimal digits stand for.
const fn bytes(hex: &[u8; 64]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut at = 0;
    while at < 32 {
        bytes[at] = digit(hex[2 * at]) << 4 | digit(hex[2 * at + 1]);
        at += 1;
    }
    bytes
}

const fn digit(hex: u8) -> u8 {
    match hex {
        b'0'..=b'9' => hex - b'0',
        b'a'..=b'f' => hex - b'a' + 10,
        _ => panic!("not a lower-case hexadecimal digit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A constant by its name in docs/keys.md.
    fn named(name: &str) -> [u8; 32] {
        match name {
            "K_config" => K.config_json,
            "K_chunk" => K.chunk,
            "K_tensor" => K.tensor,
            "K_header" => K.header,
            "K_inputs" => K.inputs,
            "K_barrier" => K.barrier,
            "K_content" => K.content,
            "K_config_bytes" => K.config_bytes,
            "K_state" => K.state,
            "K_provenance" => K.provenance,
            "K_raw_chunk" => K.raw_chunk,
            "K_raw_config" => K.raw_config,
            "K_raw_state" => K.raw_state,
            "K_namespace" => K.namespace,
            "K_secret_digest" => K.secret_digest,
            "K_secret" => K.secret,
            "K_filter" => K.filter,
            "K_pipeline" => K.pipeline,
            "K_tag" => K.tag,
            "K_step" => K.step,
            "K_place" => K.place,
            "K_envelope" => K.envelope,
            "K_secret_envelope" => K.secret_envelope,
            "K_file" => K.file,
            "K_saved_state" => K.saved_state,
            other => panic!("docs/keys.md has a constant {other}"),
        }
    }

    #[test]
    fn every_constant_is_derived_from_the_context_that_docs_keys_md_gives_it() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md")).unwrap();
        let cells = page.lines().map(|line| line.split('`').collect::<Vec<_>>());
        let mut seen = Vec::new();
        for row in cells.filter(|cells| cells.len() > 3 && cells[3].starts_with("streamcache v1 ")) {
            let (name, context) = (row[1], row[3]);
            assert_eq!(named(name), blake3::derive_key(context, &[]), "{name}");
            assert!(!seen.contains(&named(name)), "{name} is another one, too");
            seen.push(named(name));
        }
        assert_eq!(seen.len() * size_of::<[u8; 32]>(), size_of::<Constants>(), "each constant is on the page");
    }

    #[test]
    fn no_namespace_is_the_empty_name() {
        assert_eq!(NO_NAMESPACE, super::super::keyed(&K.namespace, b""));
    }
}
