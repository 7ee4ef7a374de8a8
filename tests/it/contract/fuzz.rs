//! Bytes that nobody vouches for: mutations of a corpus, the same ones in every run.
//!
//! The targets are those of cargo-fuzz (`tests/fuzz`). This driver is for a stable toolchain and
//! has no feedback from the code that is reached, so its mutations know the formats instead.
//! `FUZZ_EXECUTIONS` says how many of each target, `FUZZ_SEED` where to start, and
//! `FUZZ_WRITE_CORPUS` that what the examples make is to be put into the corpus.

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use prost::Message as _;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::proto;

use super::cases::Type;
use super::core;
use crate::support::core::value::{encode, to_json};

#[path = "../../fuzz/targets.rs"]
mod targets;

type Target = fn(&[u8]) -> bool;

/// How many executions of a target `cargo test` has time for.
const EXECUTIONS: u64 = 20_000;

/// Larger than any seed.
const MOST_BYTES: usize = 16 << 10;

/// How many mutations that were understood are kept to be changed further.
const POOL: usize = 500;

/// No input of some kilobytes may take longer, on a busy machine and without optimisation.
const SLOW: Duration = Duration::from_secs(10);

/// What the formats are made of, and what has been trouble in any of them.
const PIECES: [&[u8]; 26] = [
    b"\xc0",
    b"\xc2",
    b"\xd4\x00\x00",
    b"\xc7\x0c\x0c\x81\x01\xc2",
    b"\x80",
    b"\x90",
    b"\xa0",
    b"\x92\xc4\x08\"string\"",
    b"\x92\xc4\x09\"dynamic\"",
    b"\x92\xc4\x11[\"list\",\"string\"]",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xc9\xff\xff\xff\xff\x00",
    b"\xad1e-2147483648",
    b"\xaa1e99999999",
    b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00",
    b"\xcb\x7f\xef\xff\xff\xff\xff\xff\xff",
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xa2\xff\xfe",
    b"[\"list\",",
    b"[\"object\",{\"a\":\"string\"}]",
    b"[\"tuple\",[]]",
    b"\"dynamic\"",
    b"\xff\xff\xff\xff\x0f",
];

#[test]
fn msgpack_that_nobody_vouches_for_is_refused_or_understood() {
    drive("msgpack", targets::msgpack);
}

#[test]
fn types_that_nobody_vouches_for_are_refused_or_understood() {
    drive("types", targets::types);
}

#[test]
fn requests_that_nobody_vouches_for_are_answered() {
    drive("requests", targets::requests);
}

/// Runs a target on the corpus and on mutations of it.
fn drive(name: &str, target: Target) {
    let number = |name: &str| env::var(name).ok().map(|it| it.parse::<u64>().expect("a number"));
    let executions = number("FUZZ_EXECUTIONS").unwrap_or(EXECUTIONS);
    let mut dice = Dice(number("FUZZ_SEED").unwrap_or(1));
    let seeds = seeds(name);
    if env::var_os("FUZZ_WRITE_CORPUS").is_some() {
        write(name, &seeds);
    }
    let mut corpus = corpus(name);
    assert!(!corpus.is_empty(), "there is no corpus of {name}");
    corpus.extend(seeds);
    let (mut taken, start) = (0_u64, Instant::now());
    for input in &corpus {
        execute(name, target, input);
    }
    let first = corpus.len();
    for _ in 0..executions {
        let input = match within(&corpus, &mut dice) {
            Some(input) if name == "requests" => input,
            _ => {
                let input = dice.of(&corpus).clone();
                mutate(input, &corpus, &mut dice)
            }
        };
        if !execute(name, target, &input) {
            continue;
        }
        taken += 1;
        // What was understood is a start for more: changes add up, as no single one would.
        if corpus.len() < first + POOL {
            corpus.push(input);
        } else {
            let at = first + dice.below(POOL);
            corpus[at] = input;
        }
    }
    let each = start.elapsed() / u32::try_from(executions.max(1)).unwrap_or(u32::MAX);
    eprintln!("{name}: {executions} executions, {taken} taken, {each:?} each");
    assert!(taken > executions / 100, "{taken} of {executions} mutations got past the first check");
}

fn execute(name: &str, target: Target, input: &[u8]) -> bool {
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| target(input)));
    assert!(start.elapsed() < SLOW, "{name} takes {:?} for {}", start.elapsed(), shown(input));
    outcome.unwrap_or_else(|_| panic!("{name} fails for {}", shown(input)))
}

/// As a literal of bytes.
fn shown(bytes: &[u8]) -> String {
    format!("b\"{}\"", bytes.escape_ascii())
}

/// `SplitMix64`: the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when there is none.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).expect("a length");
        usize::try_from(self.next() % end).expect("less than a length")
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A request whose values are changed and whose frame is not, which changes at random mostly break:
/// `None` now and then, and for requests that have no configuration.
fn within(corpus: &[Vec<u8>], dice: &mut Dice) -> Option<Vec<u8>> {
    let (call, bytes) = dice.of(corpus).split_first()?;
    if dice.below(4) == 0 {
        return None;
    }
    let changed = |config: Option<proto::DynamicValue>, dice: &mut Dice| {
        let msgpack = mutate(config?.msgpack, corpus, dice);
        Some(proto::DynamicValue { msgpack, json: Vec::new() })
    };
    let request = match call {
        b'v' => {
            let mut request = proto::validate_resource_config::Request::decode(bytes).ok()?;
            request.config = changed(request.config, dice);
            request.encode_to_vec()
        }
        b'p' => {
            let mut request = proto::plan_resource_change::Request::decode(bytes).ok()?;
            request.config = changed(request.config, dice);
            request.proposed_new_state.clone_from(&request.config);
            if dice.below(2) == 0 {
                request.prior_state = changed(request.config.clone(), dice);
            }
            request.encode_to_vec()
        }
        _ => return None,
    };
    Some([&[*call], &*request].concat())
}

/// An input changed in one to three places.
fn mutate(mut input: Vec<u8>, corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    // What grows without an end only gets slower.
    input.truncate(MOST_BYTES);
    for _ in 0..=dice.below(3) {
        let at = dice.below(input.len() + 1);
        let end = at + dice.below((input.len() - at).min(64) + 1);
        match dice.below(9) {
            0 if at < input.len() => input[at] ^= 1 << dice.below(8),
            1 if at < input.len() => input[at] = dice.next().to_le_bytes()[0],
            2 => drop(input.drain(at..end)),
            3 => {
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
            4 => drop(input.splice(at..end, dice.of(&PIECES).iter().copied())),
            5 => {
                let other = dice.of(corpus);
                let from = dice.below(other.len() + 1);
                let to = from + dice.below((other.len() - from).min(256) + 1);
                drop(input.splice(at..end, other[from..to].iter().copied()));
            }
            6 => input.truncate(at.max(1)),
            // A null of msgpack, of which there are most, for something else.
            _ => {
                let null = input.iter().skip(at).position(|byte| *byte == 0xc0);
                let null = null.map(|ahead| at + ahead);
                let piece = *dice.of(&PIECES);
                drop(null.map(|null| input.splice(null..=null, piece.iter().copied())));
            }
        }
    }
    input
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name)
}

/// What is kept of a target, in the order of the files' names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder(name)).map(|files| files.flatten().map(|file| file.path()));
    let mut files: Vec<_> = files.into_iter().flatten().collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a file of the corpus")).collect()
}

fn write(name: &str, seeds: &[Vec<u8>]) {
    fs::create_dir_all(folder(name)).expect("a folder");
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder(name).join(format!("seed-{number:02}")), seed).expect("a file");
    }
}

/// Good inputs, made of the examples of every type.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    if name == "types" {
        let all: [&[u8]; 3] = [
            br#""string""#,
            br#"["object",{"a":["list","number"],"b":["tuple",["bool","dynamic"]]},["a"]]"#,
            br#"["map",["set",["object",{}]]]"#,
        ];
        return all.map(<[u8]>::to_vec).to_vec();
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let core = runtime.block_on(core());
    let mut seeds = Vec::new();
    for managed in registry().resources() {
        let ty = Type::new(&core, managed);
        let resource = core.resource(&ty.name);
        for config in &ty.examples {
            let msgpack = encode(&resource.ty, config);
            if name == "msgpack" {
                seeds.push([ty.name.as_bytes(), b"\0", &msgpack].concat());
                continue;
            }
            let config = Some(proto::DynamicValue { msgpack, json: Vec::new() });
            let validate = proto::validate_resource_config::Request {
                type_name: ty.name.clone(),
                config: config.clone(),
                ..Default::default()
            };
            seeds.push([b"v", &*validate.encode_to_vec()].concat());
            let plan = proto::plan_resource_change::Request {
                type_name: ty.name.clone(),
                prior_state: Some(proto::DynamicValue { msgpack: vec![0xc0], json: Vec::new() }),
                proposed_new_state: config.clone(),
                config,
                ..Default::default()
            };
            seeds.push([b"p", &*plan.encode_to_vec()].concat());
        }
        let known = ty.examples.iter().find(|example| example.is_wholly_known());
        if let Some(first) = known.filter(|_| name == "requests") {
            let json = to_json(&resource.ty, first).to_string().into_bytes();
            let upgrade = proto::upgrade_resource_state::Request {
                type_name: ty.name.clone(),
                version: 0,
                raw_state: Some(proto::RawState { json, ..Default::default() }),
            };
            seeds.push([b"u", &*upgrade.encode_to_vec()].concat());
        }
    }
    if name == "msgpack" {
        let all: [(&[u8], &[u8]); 4] = [
            (br#""dynamic""#, b"\x92\xc4\x08\"string\"\xa1x"),
            (br#""number""#, b"\xa61.5e-3"),
            (
                br#"["map",["set","number"]]"#,
                b"\x81\xa1a\x92\x01\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00",
            ),
            (br#"["tuple",["bool",["list","dynamic"]]]"#, b"\x92\xc3\x91\x92\xc4\x06\"bool\"\xc2"),
        ];
        seeds.extend(all.map(|(ty, value)| [ty, b"\0", value].concat()));
    }
    seeds
}

/// Twenty bytes, of which some say that four gigabytes follow.
fn hostile() -> Vec<Vec<u8>> {
    let claims = [b"\xdd", b"\xdf", b"\xdb", b"\xc6", b"\xc9"];
    let message = |claim: &[u8]| {
        let mut message = [claim, b"\xff\xff\xff\xff"].concat();
        message.resize(20, 0xc0);
        message
    };
    claims.map(|claim| message(claim)).to_vec()
}

/// Set for the process whose memory is limited.
const LIMITED: &str = "FUZZ_LIMITED";

/// An allocation of what the messages claim would end the process: it may have one gigabyte.
#[test]
fn twenty_bytes_that_claim_four_gigabytes_are_refused_cheaply() {
    if env::var_os(LIMITED).is_some() {
        return refuse_hostile_lengths();
    }
    let program = env::current_exe().expect("this program");
    let limited = Command::new("/bin/sh")
        .args(["-c", "ulimit -v 1048576 && exec \"$0\" \"$@\""])
        .arg(program)
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg("contract::fuzz::twenty_bytes_that_claim_four_gigabytes_are_refused_cheaply")
        .env(LIMITED, "1")
        .output()
        .expect("a process with limited memory");
    let said = String::from_utf8_lossy(&limited.stderr);
    assert!(limited.status.success(), "{}: {said}", limited.status);
    assert!(said.contains("all refused"), "it has not run: {said}");
}

fn refuse_hostile_lengths() {
    let types = registry();
    let mut names: Vec<_> = types.served().map(|(name, _)| name.to_owned()).collect();
    let own = [r#""string""#, r#""number""#, r#""dynamic""#, r#"["list","string"]"#];
    names.extend(own.map(str::to_owned));
    names.extend([r#"["set",["list","bool"]]"#, r#"["map","string"]"#].map(str::to_owned));
    // What is made once is not to count.
    targets::msgpack(b"\"string\"\0\xc0");
    let start = Instant::now();
    let mut refused = 0_u32;
    for message in hostile() {
        for name in &names {
            let input = [name.as_bytes(), b"\0", &message].concat();
            assert!(!targets::msgpack(&input), "{name}: {}", shown(&message));
            refused += 1;
        }
        // The same within a call, and as a length of protobuf itself.
        for name in types.served().map(|(name, _)| name.to_owned()) {
            let config = Some(proto::DynamicValue { msgpack: message.clone(), json: vec![] });
            let call = proto::validate_resource_config::Request {
                type_name: name,
                config,
                ..Default::default()
            };
            assert!(!targets::requests(&[b"v", &*call.encode_to_vec()].concat()));
            refused += 1;
        }
        let mut lying = b"v\x0a\xff\xff\xff\xff\x0f".to_vec();
        lying.resize(20, 0);
        assert!(!targets::requests(&lying));
    }
    let each = start.elapsed() / refused;
    assert!(each < Duration::from_millis(20), "{each:?} for 20 bytes");
    // Lists within lists, each of which may well be as long as it says.
    let depth = 60;
    let ty = format!("{}\"string\"{}", "[\"list\",".repeat(depth), "]".repeat(depth));
    let lists = b"\xdd\x00\x10\x00\x00".repeat(depth);
    let nulls = vec![0xc0; (1 << 20) - 1];
    assert!(!targets::msgpack(&[ty.as_bytes(), b"\0", &lists, &nulls].concat()));
    eprintln!("all refused, {each:?} each");
}
