//! The sites that `make up` shows, asked over a real connection. It knows nothing of the monitor.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A running demo target; ended when dropped.
struct Target {
    process: Child,
    address: String,
}

impl Target {
    /// Starts one on a free port, with this story of `/api` in seconds.
    fn start(story: &str) -> Self {
        let deps = std::env::current_exe().unwrap();
        let program = deps.ancestors().nth(2).unwrap().join("examples/demo-target");
        let mut process = Command::new(&program)
            .args(["--listen", "127.0.0.1:0", "--story", story])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; cargo build --workspace --examples", program.display())
            });
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split(['/', ' ']).find(|word| word.contains("127.0.0.1:")).unwrap().to_owned();
        Target { process, address }
    }

    /// The status line and the body of the answer to METHOD PATH.
    fn ask(&self, method: &str, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn told(status: &str, body: &str) -> (String, String) {
    (format!("HTTP/1.1 {status}"), body.to_owned())
}

#[test]
fn a_broken_api_says_503_to_head_and_get_while_shop_and_blog_are_up() {
    let target = Target::start("0,3600,0");
    assert_eq!(target.ask("GET", "/api"), told("503 Service Unavailable", "The database is away."));
    assert_eq!(target.ask("HEAD", "/api"), told("503 Service Unavailable", ""));
    assert_eq!(target.ask("GET", "/shop"), told("200 OK", "The shop is open."));
    assert_eq!(target.ask("HEAD", "/shop"), told("200 OK", ""));
    assert_eq!(target.ask("GET", "/blog"), told("200 OK", "A new story every day."));
}

#[test]
fn a_whole_api_the_line_and_wrong_addresses_are_answered() {
    let target = Target::start("3600,1,1");
    assert_eq!(target.ask("GET", "/api"), told("200 OK", "{\"status\":\"ok\"}"));
    assert_eq!(target.ask("GET", "/"), told("200 OK", "The line is alive."));
    assert_eq!(target.ask("GET", "/elsewhere"), told("404 Not Found", "There is no such page."));
    assert_eq!(target.ask("POST", "/shop"), told("405 Method Not Allowed", "Only HEAD and GET."));
}
