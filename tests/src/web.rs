//! The real web application on a port of its own, and somebody who asks it.

use std::sync::Arc;

use djamon_core::clock::Clock;
use djamon_core::config::Config;
use djamon_web::startup::{Application, StartError};

use crate::database::TestDatabase;

/// A running web application; its threads end with the tests.
pub struct Web {
    address: String,
    agent: ureq::Agent,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The text.
    pub body: String,
}

impl Reply {
    /// The value of a header, which is written in lower case; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// The configuration of a web application on `database`, on any free port.
pub fn config(database: &TestDatabase) -> Config {
    let mut config = Config::default();
    config.database.url.0 = database.url_text.clone();
    config.web.listen = "127.0.0.1:0".into();
    config.web.state_dir = Some(database.dir.path().to_owned());
    config
}

impl Web {
    /// Starts it.
    ///
    /// # Errors
    /// Why it does not start.
    pub fn start(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let application = Application::build(config, clock)?;
        let address = format!("http://127.0.0.1:{}", application.port());
        std::thread::spawn(move || actix_web::rt::System::new().block_on(application.run()));
        // Uncompressed unless a test asks: the client would look for a compressed body in the answer to a HEAD.
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .accept_encoding("identity")
            .build();
        Ok(Web { address, agent: agent.into() })
    }

    /// Asks with GET.
    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[])
    }

    /// Asks.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Self::reply(self.agent.run(request.body(()).unwrap()).unwrap())
    }

    /// Asks with a body of JSON, as whoever has this token.
    pub fn send(&self, token: &str, method: &str, path: &str, body: &serde_json::Value) -> Reply {
        self.send_with(&[("authorization", &format!("Bearer {token}"))], method, path, body)
    }

    /// Asks with a body of JSON and these headers.
    pub fn send_with(
        &self,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> Reply {
        let headers: Vec<_> = headers.iter().copied().chain([("content-type", "application/json")]).collect();
        self.send_bytes(&headers, method, path, body.to_string().as_bytes())
    }

    /// Asks with whatever body and these headers.
    pub fn send_bytes(&self, headers: &[(&str, &str)], method: &str, path: &str, body: &[u8]) -> Reply {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Self::reply(self.agent.run(request.body(body).unwrap()).unwrap())
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    fn reply(mut response: ureq::http::Response<ureq::Body>) -> Reply {
        let body = response.body_mut().read_to_vec().unwrap();
        let headers = response.headers().iter();
        let mut reply = Reply {
            status: response.status().as_u16(),
            headers: headers.map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned())).collect(),
            body: String::new(),
        };
        reply.body = match reply.header("content-encoding") {
            "gzip" => std::io::read_to_string(flate2::read::GzDecoder::new(body.as_slice())).unwrap(),
            _ => String::from_utf8_lossy(&body).into_owned(),
        };
        reply
    }
}
