//! Where to go after signing in: only to pages of ours.

/// `wanted` when it is an address below `base`, else the first page.
pub fn next(wanted: Option<&str>, base: &str) -> String {
    let first = format!("{base}/");
    let is_ours = |path: &&str| {
        let rest = path.strip_prefix(base).unwrap_or_default();
        rest.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && !path.chars().any(|c| c.is_control() || c.is_whitespace() || !c.is_ascii())
            && !["/login", "/logout", "/invite"].iter().any(|own| rest.starts_with(own))
    };
    wanted.filter(is_ours).map_or(first, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for ours in ["/", "/sites/shop", "/outages?page=2&upto=5", "/manage/sites?q=%C3%BC", "/a//b"] {
            assert_eq!(next(Some(ours), ""), ours);
        }
        for other in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "\\\\evil.example",
            "evil",
            "",
            " /",
            "/\t/evil.example",
            "/\n/evil",
            "javascript:alert(1)",
            "/login",
            "/logout?x",
            "/ü",
            "http:/evil",
        ] {
            assert_eq!(next(Some(other), ""), "/", "{other:?}");
        }
        assert_eq!(next(None, ""), "/");
        assert_eq!(next(Some("/status/sites"), "/status"), "/status/sites");
        for other in ["/", "/other", "/statusx/", "//evil.example/status/", "/status"] {
            assert_eq!(next(Some(other), "/status"), "/status/", "{other:?}");
        }
    }
}
