//! The corpus against the probe: every case's verdict under `head` and under `get`, in words and in time.

mod differential;
mod whole;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use djamon_core::clock::{Stopwatch, SystemClock};
use djamon_core::domain::{Method, Outcome, Target};
use djamon_core::probe::{Prober, Settings};
use djamon_tests::corpus::{self, Case, Seen, stage::Stage};
use djamon_tests::fault_server::FaultServer;
use djamon_tests::tell;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

/// Beside the limit, for one request: 0.3 s are promised, the rest is for machines that are busy with other tests.
const MORE: Duration = Duration::from_millis(1200);

fn prober() -> Prober {
    let settings = Settings { user_agent: "djamon/test".into(), deny_private: false };
    Prober::new(settings, Arc::new(SystemClock::start())).unwrap()
}

/// An encrypted server that nobody trusts.
fn untrusted() -> FaultServer {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    FaultServer::encrypted(config)
}

/// Calls `each` with every one of `all`, some at once.
fn side_by_side<T: Sync>(all: &[T], each: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
                    each(one);
                }
            });
        }
    });
}

/// What is wrong with the look at `case` by `method`, if anything.
fn disagreement(prober: &Prober, stage: &Stage, case: &Case, method: Method) -> Option<String> {
    let target = Target::parse(&stage.fill(&case.url)).unwrap();
    let check = case.check(method);
    let watch = Stopwatch::start();
    let sight = prober.look(&target, &check, false);
    let took = watch.elapsed();
    let wanted = if method == Method::Head { case.by_head } else { case.by_get };
    let detail = sight.detail.clone().unwrap_or_default();
    let seen = Seen { outcome: sight.outcome, code: sight.code, method: sight.method, words: wanted.words };
    // 1. HEAD and GET have the limit each.
    let most = (check.timeout + MORE) * if method == Method::Head { 2 } else { 1 };
    // 2. What is told is for people.
    let is_readable = detail.chars().count() <= 500 && !detail.chars().any(char::is_control);
    let is_told = sight.detail.is_some() == (sight.outcome != Outcome::Up);
    let agrees = seen == wanted && detail.contains(wanted.words) && took <= most && is_readable && is_told;
    (!agrees).then(|| {
        format!(
            "{} by {method}: wanted {:?} {:?} by {} with {:?}\n    saw {:?} {:?} by {} after {took:?}: {detail}",
            case.name, wanted.outcome, wanted.code, wanted.method, wanted.words, sight.outcome, sight.code, sight.method
        )
    })
}

#[test]
fn every_case_has_its_verdict_under_head_and_under_get() {
    let (tls, cases) = (untrusted(), corpus::all());
    let stage = Stage::open(cases.clone(), ([127, 0, 0, 1], tls.port()).into());
    let (prober, wrong) = (prober(), Mutex::new(Vec::new()));
    let both: Vec<_> = cases.iter().flat_map(|case| [(case, Method::Head), (case, Method::Get)]).collect();
    side_by_side(&both, |(case, method)| {
        let found = disagreement(&prober, &stage, case, *method);
        wrong.lock().unwrap().extend(found);
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    tell!("corpus: {} cases, {} of {} verdicts agree", cases.len(), both.len() - wrong.len(), both.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_has_a_name_of_its_own_and_there_are_many() {
    let mut names: Vec<_> = corpus::all().iter().map(|case| case.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 150, "{count}");
}

#[test]
fn what_cannot_be_asked_is_refused_when_it_is_saved() {
    let long = format!("http://a.example:{}/", "9".repeat(400));
    let refused = [
        "",
        " ",
        "shop.example",
        "/path",
        "//shop.example/",
        "http:",
        "http://",
        "http:///",
        "https://?q",
        "http://:80/",
        "http://@/",
        "http://ann@/",
        "http://ann:x@:80/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "mailto:ann@a.example",
        "javascript:alert(1)",
        "ws://a.example/",
        "data:,x",
        "http://a.example:0/",
        "http://a.example:65536/",
        "http://a.example:-1/",
        "http://a.example:port/",
        "http://a b.example/",
        "http://a.example/a b",
        "http://a.example/\tb",
        "http://a.example/\r\nX: y",
        "http://a.example/\0",
        "http://[::1/",
        "http://[::1]x/",
        "http://[1.2.3.4]/",
        "http://256.1.1.1/",
        "http://1.2.3.4.5/",
        "http://0x100000000/",
        "http://a^b.example/",
        "http://a<b.example/",
        "http://a%00b.example/",
        "http://xn--.example/",
        &long,
    ];
    let taken: Vec<_> = refused.iter().filter(|text| Target::parse(text).is_ok()).collect();
    assert!(taken.is_empty(), "{taken:?}");
    tell!("refused: {} addresses", refused.len());
}
