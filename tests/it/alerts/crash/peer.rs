//! Who is told: a mail server or a webhook, each on a real socket. It takes what comes, or refuses it for now.

use std::sync::{Arc, Mutex};

use djamon_tests::http_sink::{Answer, HttpSink};
use djamon_tests::place::Place;
use djamon_tests::smtp_sink::{Script, SmtpSink};

/// The other side.
pub enum Peer {
    Mail(SmtpSink),
    Webhook { sink: HttpSink, kept: Arc<Mutex<Kept>> },
}

/// What a webhook knows.
#[derive(Default)]
pub struct Kept {
    refuses: bool,
    arrived: Vec<Arrived>,
}

/// A message as it arrived: its name, and what it says.
#[derive(Clone)]
pub struct Arrived {
    pub key: String,
    pub says: String,
}

impl Peer {
    pub fn mail() -> Self {
        Peer::Mail(SmtpSink::start(Script::default()))
    }

    pub fn webhook() -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let judge = Arc::clone(&kept);
        let sink = HttpSink::judging(move |told| {
            let mut kept = judge.lock().unwrap();
            if kept.refuses {
                return Answer::new(503);
            }
            let key = told.header("webhook-id").unwrap().to_owned();
            kept.arrived.push(Arrived { key, says: told.body.clone() });
            Answer::new(200)
        });
        Peer::Webhook { sink, kept }
    }

    pub fn port(&self) -> u16 {
        match self {
            Peer::Mail(sink) => sink.port(),
            Peer::Webhook { sink, .. } => sink.port(),
        }
    }

    /// What `djamon.toml` says so that it is told by way of `port`.
    pub fn configuration(&self, port: u16) -> String {
        match self {
            Peer::Mail(_) => format!(
                "[email]\nfrom = \"djamon@example.org\"\nto = [\"ops@example.org\"]\nhost = \"127.0.0.1\"\n\
                 port = {port}\ntls = \"none\"\n"
            ),
            Peer::Webhook { .. } => String::new(),
        }
    }

    /// Makes the channel when it is none of `djamon.toml`.
    pub fn is_added(&self, place: &Place, port: u16) {
        if let Peer::Webhook { .. } = self {
            place.write("hook", &format!("http://127.0.0.1:{port}/\n"));
            place.done(&["channel", "add", "hook", "webhook", "url_file=hook"]);
        }
    }

    /// From now on it takes nothing: what comes is to come again later.
    pub fn refuses_for_now(&self) {
        match self {
            Peer::Mail(sink) => sink.follow(Script::default().answering("MAIL", "451 later")),
            Peer::Webhook { kept, .. } => kept.lock().unwrap().refuses = true,
        }
    }

    /// From now on it takes everything.
    pub fn takes_all(&self) {
        match self {
            Peer::Mail(sink) => sink.follow(Script::default()),
            Peer::Webhook { kept, .. } => kept.lock().unwrap().refuses = false,
        }
    }

    /// What it has taken, in the order of arrival.
    pub fn arrived(&self) -> Vec<Arrived> {
        match self {
            Peer::Mail(sink) => {
                let name = |id: String| id.trim_matches(['<', '>']).replace("@example.org", "");
                let mails = sink.mails();
                let arrived = mails.iter().map(|mail| Arrived {
                    key: name(mail.header("Message-ID").unwrap()),
                    says: mail.header("Subject").unwrap(),
                });
                arrived.collect()
            }
            Peer::Webhook { kept, .. } => kept.lock().unwrap().arrived.clone(),
        }
    }
}
