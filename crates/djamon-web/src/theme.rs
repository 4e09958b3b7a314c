//! Light or dark: by the system unless the reader chose. The choice is a cookie that a plain link sets (`?theme=dark`).

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time::Duration};

use crate::ask::Ask;

const COOKIE: &str = "djamon_theme";

/// The looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Its name in links, the cookie and the style sheet.
    pub const fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Theme::Auto, Theme::Light, Theme::Dark].into_iter().find(|theme| theme.name() == name)
    }

    /// What the request asks for, else what was chosen before. What is neither is left alone.
    pub fn of(ask: &Ask) -> Self {
        let kept = || ask.cookie(COOKIE).and_then(|name| Theme::from_name(&name));
        Theme::asked(ask).or_else(kept).unwrap_or_default()
    }

    /// What was chosen before, where the database may be away.
    pub fn chosen(request: &HttpRequest) -> Self {
        let kept = request.cookie(COOKIE).and_then(|cookie| Theme::from_name(cookie.value()));
        kept.unwrap_or_default()
    }

    fn asked(ask: &Ask) -> Option<Self> {
        ask.query.get("theme").and_then(Theme::from_name)
    }

    /// The cookie that keeps what the request asks for, if it does.
    pub fn cookie(ask: &Ask) -> Option<String> {
        let theme = Theme::asked(ask)?;
        let age = if theme == Theme::Auto { Duration::ZERO } else { Duration::days(365) };
        let path = format!("{}/", ask.app.base);
        let cookie = Cookie::build(COOKIE, theme.name()).path(path).max_age(age).http_only(true);
        Some(cookie.same_site(SameSite::Lax).secure(ask.client.is_https).finish().to_string())
    }
}
