//! Every URL and who may ask for it. What is not in the table is not there; what is, answers GET and HEAD.

use actix_web::{HttpRequest, HttpResponse, guard, web};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::startup::App;
use crate::{api, assets, pages};
use djamon_core::json::Reader;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Everybody, always.
    Anyone,
    /// Those who may read: visitors too while `[web] public` says so.
    Readers,
}

struct Route(&'static str, Who, fn(&Ask) -> Result<Answer, WebError>);

const ROUTES: &[Route] = &[
    Route("/healthz", Who::Anyone, pages::health::healthz),
    Route("/", Who::Readers, pages::home::home),
    Route("/groups/{slug}", Who::Readers, pages::group::group),
    Route("/sites/{slug}", Who::Readers, pages::site::site),
    Route("/outages", Who::Readers, pages::outages::outages),
    Route("/outages/current", Who::Readers, pages::outage::current),
    Route("/outages/{id}", Who::Readers, pages::outage::outage),
    Route("/api/v1/summary", Who::Readers, api::summary::summary),
    Route("/api/v1/groups", Who::Readers, api::groups::groups),
    Route("/api/v1/groups/{slug}", Who::Readers, api::groups::group),
    Route("/api/v1/sites", Who::Readers, api::sites::sites),
    Route("/api/v1/sites/{slug}", Who::Readers, api::sites::site),
    Route("/api/v1/sites/{slug}/views", Who::Readers, api::sites::views),
    Route("/api/v1/outages", Who::Readers, api::outages::outages),
    Route("/api/v1/outages/current", Who::Readers, api::outages::current),
    Route("/api/v1/outages/{id}", Who::Readers, api::outages::outage),
];

/// Puts every route below `base`.
pub fn configure(config: &mut web::ServiceConfig, base: &str) {
    let reads = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    let refused = || web::to(|| async { Err::<HttpResponse, _>(WebError::Method) });
    for route in ROUTES {
        let mut paths = vec![format!("{base}{}", route.0)];
        if route.0 == "/" && !base.is_empty() {
            paths.push(base.to_owned());
        }
        let answer = move |app: web::Data<App>, request: HttpRequest| answer(route, app, request);
        config.service(web::resource(paths).route(reads().to(answer)).default_service(refused()));
    }
    let files = web::resource(format!("{base}/static/{{name}}"));
    config.service(files.route(reads().to(assets::serve)).default_service(refused()));
}

/// 1. May you? 2. Off to a blocking thread: the handlers ask the database and render.
async fn answer(
    route: &'static Route,
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let reader = match route.1 {
        Who::Anyone => Reader::Visitor,
        Who::Readers if app.public => Reader::Visitor,
        Who::Readers => return Err(WebError::SignInNeeded),
    };
    let ask = Ask::new(&app, reader, &request);
    let answered = web::block(move || route.2(&ask)).await;
    let answer = answered.map_err(|_| WebError::Internal(format!("{} panicked", route.0)))?;
    answer.map(HttpResponse::from)
}
