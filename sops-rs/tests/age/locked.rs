//! Identity files behind a passphrase.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use sops::KeyError;
use sops::master_key::age::{AgeError, AgeKeys, Identity};

use crate::folder::Folder;
use crate::keys::{Pair, stdout};
use crate::peer::peer;
use crate::prompt::Answers;

const PLAIN: &str = "a: hunter2\n";
const PASSPHRASE: &str = "open sesame";

/// The identity file of the pair behind the passphrase.
fn locked(pair: &Pair, work_factor: u8) -> String {
    let mut recipient = age::scrypt::Recipient::new(PASSPHRASE.to_owned().into());
    recipient.set_work_factor(work_factor);
    age::encrypt_and_armor(&recipient, pair.secret().as_bytes()).unwrap()
}

/// A data key for the pair.
fn enc(pair: &Pair) -> Vec<u8> {
    let recipient = pair.identity.recipient().unwrap();
    recipient.wrap(&sops::DataKey::new([7; 32])).unwrap().into_bytes()
}

#[test]
fn a_passphrase_is_asked_for_once_and_only_when_it_is_needed() {
    let (pair, plain) = (Pair::native(&["-pq"]), Pair::native(&[]));
    let armored = locked(&pair, 10);
    let mut binary = Vec::new();
    std::io::copy(&mut age::armor::ArmoredReader::new(armored.as_bytes()), &mut binary).unwrap();
    for file in [armored.as_bytes(), &binary] {
        let user = Arc::new(Answers::with(PASSPHRASE));
        let mut identities = Identity::from_file(file, "keys.age").unwrap();
        identities.push(plain.identity.clone());
        let keys = AgeKeys::new(identities).with_dialog(user.clone());
        assert_eq!(*keys.open(&enc(&plain), 32).unwrap(), [7; 32]);
        assert_eq!(user.asked(), 0);
        assert_eq!(*keys.open(&enc(&pair), 32).unwrap(), [7; 32]);
        assert_eq!(*keys.clone().open(&enc(&pair), 32).unwrap(), [7; 32]);
        assert_eq!(user.asked(), 1);
    }
}

#[test]
fn a_wrong_passphrase_is_told_and_forgotten() {
    let pair = Pair::native(&[]);
    let user = Arc::new(Answers::with("open barley"));
    let keys = AgeKeys::new(Identity::from_file(locked(&pair, 10).as_bytes(), "keys.age").unwrap());
    let Err(KeyError::NoIdentity(words)) = keys.open(&enc(&pair), 32) else { panic!("it opened") };
    assert!(words.contains("no passphrase for the identity file keys.age"), "{words}");
    let asked = keys.with_dialog(user.clone());
    asked.open(&enc(&pair), 32).unwrap_err();
    let answer = asked.open(&enc(&pair), 32);
    let Err(KeyError::NoIdentity(words)) = answer else { panic!("it opened") };
    assert!(words.contains("the passphrase for the identity file keys.age is wrong"), "{words}");
    assert_eq!((user.asked(), user.forgot.load(std::sync::atomic::Ordering::SeqCst)), (1, 1));
}

#[test]
fn more_work_than_a_passphrase_is_worth_is_refused_at_once() {
    let pair = Pair::native(&[]);
    let text = locked(&pair, 10);
    let binary = std::io::Read::bytes(age::armor::ArmoredReader::new(text.as_bytes()));
    let binary: Vec<u8> = binary.map(Result::unwrap).collect();
    let at = binary.windows(4).position(|bytes| bytes == b" 10\n").unwrap();
    let hostile = [&binary[..at], b" 23\n", &binary[at + 4..]].concat();
    let keys = AgeKeys::new(Identity::from_file(&hostile, "keys.age").unwrap());
    let Err(KeyError::NoIdentity(words)) = keys.with_dialog(Arc::new(Answers::with(PASSPHRASE))).open(&enc(&pair), 32)
    else {
        panic!("it opened")
    };
    assert!(words.contains("asks for more work"), "{words}");
}

#[test]
fn files_that_are_no_identity_files_are_refused() {
    let refused = |contents: &[u8]| Identity::from_file(contents, "x").err().unwrap();
    assert!(matches!(refused(b"\xff\xfe"), AgeError::File(_)));
    assert!(matches!(refused(b"hello"), AgeError::Identity { line: 1 }));
    assert!(matches!(refused(b"-----BEGIN AGE ENCRYPTED FILE-----\n!\n"), AgeError::File(_)));
    assert!(matches!(refused(&vec![b'#'; (1 << 24) + 1]), AgeError::File(_)));
    let for_a_key = enc(&Pair::native(&[]));
    let keys = AgeKeys::new(Identity::from_file(&for_a_key, "keys.age").unwrap());
    let keys = keys.with_dialog(Arc::new(Answers::default()));
    let words = keys.open(&for_a_key, 32).unwrap_err().to_string();
    assert!(words.contains("keys.age is not encrypted with a passphrase"), "{words}");
}

/// An agent of GnuPG with a home of its own; it ends with its parent's pipe.
struct Agent {
    child: Child,
    socket: String,
}

impl Agent {
    fn start(folder: &Folder) -> Agent {
        let home = folder.path("gnupg");
        folder.write("gnupg/gpg-agent.conf", "allow-preset-passphrase\n");
        let mut command = Command::new("gpg-agent");
        command.arg("--homedir").arg(&home).args(["--daemon", "--disable-scdaemon", "--quiet", "--", "cat"]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut list = Command::new("gpgconf");
        list.arg("--homedir").arg(&home).args(["--list-dirs", "agent-socket"]);
        Agent { child, socket: stdout(&mut list).trim_end().to_owned() }
    }

    fn ask(&self, line: &str) -> String {
        let mut command = Command::new("gpg-connect-agent");
        stdout(command.args(["--no-autostart", "-S", &self.socket, line, "/bye"]))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn an_agent_that_remembers_the_passphrase_is_asked_under_the_name_of_the_original() {
    let pair = Pair::native(&[]);
    let mut folder = Folder::new();
    folder.write("plain.yaml", PLAIN);
    folder.write("secret.yaml", folder.ours(&["--encrypt", "--age", &pair.recipient, "plain.yaml"]).text());
    folder.write("key.txt", locked(&pair, 10));
    let agent = Agent::start(&folder);
    folder.variables.push(("GPG_AGENT_INFO".to_owned(), format!("{}:1:1", agent.socket)));

    // Without it the original sends the agent an option without a value, and gives up.
    folder.variables.push(("TERM".to_owned(), "dumb".to_owned()));

    let name = agent_name(&folder.read("key.txt"));
    let hex = PASSPHRASE.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat();
    assert!(agent.ask(&format!("PRESET_PASSPHRASE {name} -1 {hex}")).starts_with("OK"));
    assert_eq!(folder.run(&peer("sops"), &["-d", "secret.yaml"], b"").text(), PLAIN);
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);

    assert!(agent.ask(&format!("PRESET_PASSPHRASE {name} -1 FF00")).starts_with("OK"));
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).code, 128);
    assert!(agent.ask(&format!("PRESET_PASSPHRASE {name} -1 {hex}41")).starts_with("OK"));
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).code, 128, "a wrong passphrase");
    assert!(agent.ask(&format!("GET_PASSPHRASE --no-ask {name} X X X")).contains("ERR"), "it is forgotten");
}

/// What the original calls the passphrase of a file.
fn agent_name(armored: &str) -> String {
    use sha2::Digest as _;
    let mut binary = Vec::new();
    std::io::copy(&mut age::armor::ArmoredReader::new(armored.as_bytes()), &mut binary).unwrap();
    let digest = sha2::Sha256::digest(&binary);
    let script = "import base64,sys; print('SopsAge'+base64.b32encode(bytes.fromhex(sys.argv[1])).decode())";
    let hex = digest[..25].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    stdout(Command::new("python3").args(["-c", script, &hex])).trim_end().to_owned()
}

#[test]
fn the_passphrase_is_typed_at_the_terminal() {
    let pair = Pair::native(&[]);
    let ssh = Pair::ssh(&["-t", "ed25519"], PASSPHRASE);
    for (recipient, secret, variable) in [
        (&pair.recipient, locked(&pair, 10), "SOPS_AGE_KEY_FILE"),
        (&ssh.recipient, ssh.secret(), "SOPS_AGE_SSH_PRIVATE_KEY_FILE"),
    ] {
        let mut folder = Folder::new();
        folder.write("plain.yaml", PLAIN);
        folder.write("secret.yaml", folder.ours(&["--encrypt", "--age", recipient, "plain.yaml"]).text());
        folder.write("key.txt", secret);
        let path = folder.path("key.txt").to_str().unwrap().to_owned();
        folder.variables.push(("SOPS_AGE_KEY_FILE".to_owned(), String::new()));
        folder.variables.push((variable.to_owned(), path));
        let program = env!("CARGO_BIN_EXE_sops-rs");
        let command = format!("'{program}' -d --output out.yaml secret.yaml");
        let typed = format!("{PASSPHRASE}\n");
        let ended = folder.run("/usr/bin/script".as_ref(), &["-qec", &command, "/dev/null"], typed.as_bytes());
        assert_eq!(ended.code, 0, "{}", String::from_utf8_lossy(&ended.stdout));
        assert_eq!(folder.read("out.yaml"), PLAIN);
        let shown = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(shown.contains("Enter passphrase for"), "{shown}");
    }
}
