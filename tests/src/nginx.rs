//! The real nginx, with a configuration of its own, that can be stopped and started again on the same port.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::running::Running;

/// A private nginx.
#[derive(Debug)]
pub struct Nginx {
    directory: TempDir,
    port: u16,
    running: Option<Running>,
}

impl Nginx {
    /// Starts it on a free port, with one page.
    ///
    /// # Panics
    /// When nginx is not installed.
    pub fn start() -> Self {
        Nginx::with("location / { return 200 \"All is well.\\n\"; }")
    }

    /// Starts it on a free port, in front of what listens at `address`: all below `path` is handed on, as deploy/ shows.
    ///
    /// # Panics
    /// When nginx is not installed.
    pub fn before(address: &str, path: &str) -> Self {
        Nginx::with(&format!(
            "location {path} {{ proxy_pass {address}; proxy_set_header Host $host; \
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; \
             proxy_set_header X-Forwarded-Proto https; }}"
        ))
    }

    fn with(location: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = TempDir::new().unwrap();
        let here = directory.path().display();
        let bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let bodies: String = bodies.map(|kind| format!("    {kind}_temp_path {here}/{kind};\n")).concat();
        let configuration = format!(
            "daemon off;\nworker_processes 1;\npid {here}/pid;\nerror_log {here}/errors;\nevents {{}}\nhttp {{\n\
             {bodies}    access_log off;\n    server {{\n        listen 127.0.0.1:{port};\n\
             \x20       {location}\n    }}\n}}\n"
        );
        std::fs::write(directory.path().join("nginx.conf"), configuration).unwrap();
        let mut nginx = Nginx { directory, port, running: None };
        nginx.start_again();
        nginx
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The slug that a site of this address gets.
    pub fn slug(&self) -> String {
        format!("127-0-0-1-{}", self.port)
    }

    /// Stops it.
    pub fn stop(&mut self) {
        let running = self.running.take().expect("a running nginx");
        assert_eq!(running.end("TERM").code, 0);
        assert!(TcpStream::connect(("127.0.0.1", self.port)).is_err());
    }

    /// Starts it once more and waits until it answers.
    pub fn start_again(&mut self) {
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-p").arg(self.directory.path()).arg("-c").arg(self.directory.path().join("nginx.conf"));
        let mut running = Running::start(&mut command);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(!running.has_ended(), "nginx does not start: {:?}", running.wait());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.running = Some(running);
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A killed master would leave its worker behind.
        if let Some(running) = self.running.take() {
            let _ = Command::new("kill").arg(running.id().to_string()).status();
            running.wait();
        }
    }
}
