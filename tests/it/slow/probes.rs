//! The limit of five seconds as it is promised, waited for in earnest, all cases side by side.

use std::sync::Arc;
use std::time::Duration;

use djamon_core::clock::{Stopwatch, SystemClock};
use djamon_core::domain::{Check, Method, Outcome, Policy, Target};
use djamon_core::probe::{Prober, Settings};
use djamon_tests::corpus::stage::Stage;
use djamon_tests::corpus::{Case, Step, lines, say};

const UNDER: Duration = Duration::from_millis(4600);
const OVER: Duration = Duration::from_millis(5020);

/// Cases with what GET makes of them; HEAD asks twice.
fn cases() -> Vec<Case> {
    let head = |name, pause| Case::raw(name, vec![Step::Pause(pause), lines("200 OK | Content-Length: 0")]);
    let body = |name, pause| {
        Case::answer(name, "200 OK | Content-Length: 5", b"")
            .told_body(vec![Step::Pause(pause), say(b"hello")])
    };
    let late = |case: Case| case.fails(Outcome::Timeout, 500, "within 5 s");
    let drip = |text: &[u8]| Step::Drip(text.to_vec(), Duration::from_millis(400));
    vec![
        head("under-head", UNDER).up(200),
        body("under-body", UNDER).up(200),
        late(head("over-head", OVER)),
        late(body("over-body", OVER)),
        late(Case::raw("silence", vec![Step::Stall])),
        late(Case::raw("drip-head", vec![drip(b"HTTP/1.1 200 OK and more and more")])),
        late(Case::answer("drip-body", "200 OK | Content-Length: 99", b"").told_body(vec![drip(b"x")])),
        late(Case::redirect("to-silence", 302, "/silence")),
    ]
}

#[test]
fn five_seconds_are_five_seconds_in_every_phase() {
    let nobody = ([127, 0, 0, 1], 1).into();
    let stage = Stage::open(cases(), nobody);
    let settings = Settings { user_agent: "djamon/test".into(), deny_private: false };
    let prober = Prober::new(settings, Arc::new(SystemClock::start())).unwrap();
    std::thread::scope(|scope| {
        for case in cases() {
            let (prober, target) = (&prober, Target::parse(&stage.fill(&case.url)).unwrap());
            scope.spawn(move || {
                let check = Check { method: Method::Get, ..Policy::default().check };
                assert_eq!(check.timeout, Duration::from_secs(5));
                let watch = Stopwatch::start();
                let sight = prober.look(&target, &check, false);
                let took = watch.elapsed();
                let seen = (sight.outcome, sight.code);
                assert_eq!(seen, (case.by_get.outcome, case.by_get.code), "{} {sight:?}", case.name);
                assert!(sight.detail.unwrap_or_default().contains(case.by_get.words), "{}", case.name);
                assert!(took < Duration::from_millis(5300), "{} took {took:?}", case.name);
            });
        }
    });
}
