//! Prometheus' real Alertmanager, alone and with nobody to tell, to see what it makes of alerts.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::running::Running;

/// A running Alertmanager on a free port of the loopback; it stops with this value.
#[derive(Debug)]
pub struct Alertmanager {
    url: String,
    _running: Running,
    _directory: TempDir,
}

impl Alertmanager {
    /// Starts it and waits until it listens.
    ///
    /// # Panics
    /// When it is not installed or does not start.
    pub fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(at("am.yml"), "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n").unwrap();
        let mut command = Command::new("/usr/bin/prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", at("am.yml")))
            .arg(format!("--storage.path={}", at("data")))
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="]);
        let running = Running::start(&mut command);
        let address = loop {
            let said = running.complaint();
            if let Some((_, address)) = said.split_once("msg=\"Listening on\" address=") {
                break address.trim().to_owned();
            }
        };
        Alertmanager { url: format!("http://{address}"), _running: running, _directory: directory }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The alerts that fire.
    pub fn firing(&self) -> Vec<Value> {
        let url = format!("{}/api/v2/alerts?active=true", self.url);
        let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
        let body = agent.get(&url).call().unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&body).unwrap()
    }
}
