//! Somebody with a cookie jar, who fills in forms: what a browser does, without the pictures.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};

use crate::web::{Reply, Web};

/// A browser on the pages of `web`.
pub struct Browser<'a> {
    web: &'a Web,
    cookies: BTreeMap<String, String>,
    from: Option<Ipv4Addr>,
    /// What is sent with every request beside the cookies.
    pub headers: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    /// A browser that has been nowhere.
    pub fn new(web: &'a Web) -> Self {
        Browser { web, cookies: BTreeMap::new(), from: None, headers: Vec::new() }
    }

    /// A browser that has been nowhere, on another address of this machine (127.0.0.0/8).
    pub fn at(web: &'a Web, address: &str) -> Self {
        Browser { from: Some(address.parse().unwrap()), ..Browser::new(web) }
    }

    /// A browser whose user has signed in.
    ///
    /// # Panics
    /// When they are not let in.
    pub fn signed_in(web: &'a Web, name: &str, password: &str) -> Self {
        let mut browser = Browser::new(web);
        let reply = browser.sign_in(name, password);
        assert_eq!(reply.status, 303, "{}", reply.body);
        browser
    }

    /// Signs in by the form.
    pub fn sign_in(&mut self, name: &str, password: &str) -> Reply {
        self.get("/login");
        self.submit("/login", "/login", &[("name", name), ("password", password)])
    }

    /// The cookies it has, by name.
    pub fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// Puts a cookie into the jar.
    pub fn plant(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.into(), value.into());
    }

    /// Forgets a cookie.
    pub fn forget(&mut self, name: &str) {
        self.cookies.remove(name);
    }

    /// Asks for a page.
    pub fn get(&mut self, path: &str) -> Reply {
        self.ask("GET", path, &[], None)
    }

    /// Follows where a form led.
    pub fn follow(&mut self, reply: &Reply) -> Reply {
        assert_eq!(reply.status, 303, "{}", reply.body);
        self.get(reply.header("location"))
    }

    /// Sends the form on the page `page` to `action`: with its token, and these fields.
    pub fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Reply {
        let token = token(&self.get(page).body);
        let mut all = vec![("csrf", token.as_str())];
        all.extend(fields);
        self.post(action, &all)
    }

    /// Sends these fields and nothing else.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.ask("POST", path, &[("content-type", "application/x-www-form-urlencoded")], Some(&body))
    }

    fn ask(&mut self, method: &str, path: &str, more: &[(&str, &str)], body: Option<&str>) -> Reply {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.extend(more);
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let body = body.unwrap_or_default();
        let reply = match self.from {
            None if body.is_empty() => self.web.ask(method, path, &headers),
            None => self.web.send_bytes(&headers, method, path, body.as_bytes()),
            Some(from) => exchange(from, self.web.address(), method, path, &headers, body),
        };
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }
}

/// One request from the address `from`, written by hand: no client lets one choose it.
fn exchange(
    from: Ipv4Addr,
    web: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

    let host = web.trim_start_matches("http://");
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddrV4::new(from, 0)).unwrap();
    connect(&socket, &host.parse::<SocketAddrV4>().unwrap()).unwrap();
    let mut stream = TcpStream::from(socket);
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Reply { status, headers, body: body.to_owned() }
}

/// The token of the last form on a page; the first may be the one for signing out. Empty without a form.
pub fn token(body: &str) -> String {
    let value = body.rsplit_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split('"').next());
    value.unwrap_or_default().to_owned()
}
