//! Which other sites' pages may read the API in a browser: those in `[web] cors_origins`, by GET, and without cookies.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};

use crate::startup::App;

/// Answers a browser's question before a request (preflight), and says in answers of the API who may read them.
///
/// # Errors
/// Those of what comes after it.
pub async fn cors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let Some(origin) = listed(&request) else { return Ok(next.call(request).await?.map_into_boxed_body()) };
    let asks = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks {
        let allowed = HttpResponse::build(StatusCode::NO_CONTENT)
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization"))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
            .finish();
        request.into_response(allowed)
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("etag, retry-after"));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    Ok(response)
}

/// The origin that asks, when it asks for the API and may read it.
fn listed(request: &ServiceRequest) -> Option<HeaderValue> {
    let app = request.app_data::<web::Data<App>>()?;
    let origin = request.headers().get(header::ORIGIN)?;
    let is_api = request.path().strip_prefix(app.base.as_str())?.starts_with("/api/");
    let is_listed = app.cors_origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes());
    (is_api && is_listed).then(|| origin.clone())
}
