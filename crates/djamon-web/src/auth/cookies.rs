//! The cookies: what they are called and how far they reach. Behind https their names begin with `__Host-` (or `__Secure-`
//! under a path), so that no other host of the domain can plant them.

use actix_web::cookie::{Cookie, SameSite, time};

/// Where cookies go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookies {
    path: String,
    is_https: bool,
}

impl Cookies {
    /// The cookies of what people reach at `base_url`, whose path is `base`.
    pub fn new(base_url: &str, base: &str) -> Self {
        let path = if base.is_empty() { "/".to_owned() } else { base.to_owned() };
        Cookies { path, is_https: base_url.starts_with("https://") }
    }

    /// The whole name of the cookie that we call `name`.
    pub fn name(&self, name: &str) -> String {
        let prefix = match (self.is_https, self.path.as_str()) {
            (false, _) => "",
            (true, "/") => "__Host-",
            (true, _) => "__Secure-",
        };
        format!("{prefix}djamon-{name}")
    }

    /// Its path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether browsers send it by https only.
    pub fn is_secure(&self) -> bool {
        self.is_https
    }

    /// A cookie of ours; without `lasting` it ends with the browser.
    pub fn make(&self, name: &str, value: String, lasting: Option<std::time::Duration>) -> String {
        let mut cookie = Cookie::new(self.name(name), value);
        cookie.set_path(self.path.clone());
        cookie.set_secure(self.is_https);
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Lax);
        if let Some(seconds) = lasting.and_then(|time| i64::try_from(time.as_secs()).ok()) {
            cookie.set_max_age(time::Duration::seconds(seconds));
        }
        cookie.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_as_strict_as_the_address_allows() {
        let made = |base_url: &str, base: &str| {
            Cookies::new(base_url, base).make("x", "1".into(), Some(std::time::Duration::from_secs(60)))
        };
        assert_eq!(
            made("http://127.0.0.1:8000", ""),
            "djamon-x=1; HttpOnly; SameSite=Lax; Path=/; Max-Age=60"
        );
        assert_eq!(
            made("https://status.example", ""),
            "__Host-djamon-x=1; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60"
        );
        assert_eq!(
            made("https://example.org/status", "/status"),
            "__Secure-djamon-x=1; HttpOnly; SameSite=Lax; Secure; Path=/status; Max-Age=60"
        );
    }
}
