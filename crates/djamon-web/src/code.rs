//! The one table of what can go wrong with a request: status, code in JSON, title on pages, and when. docs/api.md and the
//! OpenAPI document show the same table; a test compares them.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($name:ident $status:ident $code:literal $title:literal $when:literal)+) => {
        /// What went wrong, as scripts know it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $when] $name,)+
        }

        impl Code {
            /// Every one, by status.
            pub const ALL: &[Code] = &[$(Code::$name),+];

            /// The status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Code::$name => StatusCode::$status,)+ }
            }

            /// Its name in JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$name => $code,)+ }
            }

            /// The title of its page.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)+ }
            }

            /// When it is given.
            pub const fn when(self) -> &'static str {
                match self { $(Code::$name => $when,)+ }
            }
        }
    };
}

codes! {
    BadRequest BAD_REQUEST "bad_request" "Not understood" "the request's body cannot be read"
    BadJson BAD_REQUEST "bad_json" "Not understood" "the body is not JSON, or not an object; the message says where"
    Invalid BAD_REQUEST "invalid" "That cannot be" "a parameter or field has an impossible value; `fields` names each of them. Unknown parameters are left alone, unknown fields of a body are refused"
    SignInNeeded UNAUTHORIZED "sign_in_needed" "Not open to visitors" "visitors may not do this; send a token"
    TokenRefused UNAUTHORIZED "token_refused" "Not open with this token" "the token is malformed, unknown, revoked or over"
    Forbidden FORBIDDEN "forbidden" "Not for you" "the token or the person may read, but not change"
    NotFound NOT_FOUND "not_found" "Not found" "there is nothing at this address, or nothing that you may see"
    NoOpenOutage NOT_FOUND "no_open_outage" "No outage" "`/outages/current`, and none is open"
    Method METHOD_NOT_ALLOWED "method_not_allowed" "Not this way" "the address does not take this method; `Allow` names those it takes"
    Slow REQUEST_TIMEOUT "request_timeout" "Too slow" "the body did not come within 30 seconds"
    Conflict CONFLICT "conflict" "Not as things are" "the change does not go with what there is, like removing a group that has sites"
    Version PRECONDITION_FAILED "version_mismatch" "Changed meanwhile" "`If-Match` names another version than there is now; `ETag` names that one"
    TooLarge PAYLOAD_TOO_LARGE "too_large" "Too large" "the body has more than 1 MiB"
    MediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "Not in this form" "the body's `Content-Type` is not `application/json`, or it is compressed"
    TooMany TOO_MANY_REQUESTS "too_many" "Too many" "too much at a time; `Retry-After` says when to try again"
    Internal INTERNAL_SERVER_ERROR "internal" "Our fault" "a fault of this program, or of a template put in place of a built-in one; the log says more"
    Database SERVICE_UNAVAILABLE "database_unavailable" "The database is away" "the database cannot be asked; `Retry-After` says when to try again"
}
