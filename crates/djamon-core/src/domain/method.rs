//! How a page is asked for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// HEAD, and GET when HEAD fails in any way.
    Head,
    /// Always GET.
    Get,
    /// POST, with the site's body; redirects change it as in browsers.
    Post,
}

impl FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "head" => Ok(Method::Head),
            "get" => Ok(Method::Get),
            "post" => Ok(Method::Post),
            _ => Err(format!("{text:?} is not a method; use \"head\", \"get\" or \"post\"")),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Head => "head",
            Method::Get => "get",
            Method::Post => "post",
        })
    }
}
