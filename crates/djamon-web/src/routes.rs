//! Every URL, by which method, and who may ask for it. What is not in the table is not there.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::auth::{self, Who};
use crate::body;
use crate::carried::{self, Carried};
use crate::error::WebError;
use crate::startup::App;
use crate::{api, assets, pages, wanted};

/// What is done at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads, by GET and HEAD.
    Get,
    /// Makes or does.
    Post,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl Verb {
    /// Whether it changes nothing.
    pub const fn is_safe(self) -> bool {
        matches!(self, Verb::Get)
    }

    /// Its methods, as `Allow` has them.
    pub const fn methods(self) -> &'static str {
        match self {
            Verb::Get => "GET, HEAD",
            Verb::Post => "POST",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }

    fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET | Method::HEAD => Some(Verb::Get),
            Method::POST => Some(Verb::Post),
            Method::PATCH => Some(Verb::Patch),
            Method::DELETE => Some(Verb::Delete),
            _ => None,
        }
    }
}

/// For whom an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// People: a browser with a session cookie, forms.
    Page,
    /// Scripts: a bearer token, JSON.
    Api,
}

/// What answers.
pub type Handler = fn(&Ask) -> Result<Answer, WebError>;

/// One line of the table.
pub struct Route {
    /// For whom it is.
    pub face: Face,
    /// What is done.
    pub verb: Verb,
    /// The address below the base.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
    /// Whether the answer is the same for all of an audience until something changes, so that it may be kept.
    pub kept: bool,
    /// What answers.
    pub handler: Handler,
}

impl Route {
    const fn kept(self) -> Route {
        Route { kept: true, ..self }
    }
}

const fn page(verb: Verb, path: &'static str, who: Who, handler: Handler) -> Route {
    Route { face: Face::Page, verb, path, who, kept: false, handler }
}

const fn api(verb: Verb, path: &'static str, who: Who, handler: Handler) -> Route {
    Route { face: Face::Api, verb, path, who, kept: false, handler }
}

/// The table. Of two addresses that fit, the first counts.
pub const ROUTES: &[Route] = {
    use Verb::{Delete, Get, Patch, Post};
    use Who::{Admins, Anyone, Members, Readers};
    use pages::manage::{channels, groups, site_edit, sites, tokens, users};
    &[
        page(Get, "/healthz", Anyone, pages::health::healthz),
        page(Get, "/", Readers, pages::home::home).kept(),
        page(Get, "/groups/{slug}", Readers, pages::group::group).kept(),
        page(Get, "/sites/{slug}", Readers, pages::site::site),
        page(Get, "/outages", Readers, pages::outages::outages),
        page(Get, "/outages/current", Readers, pages::outage::current),
        page(Get, "/outages/{id}", Readers, pages::outage::outage),
        page(Post, "/outages/{id}/ack", Admins, pages::outage::acknowledge),
        page(Post, "/outages/{id}/notes", Admins, pages::outage::note),
        page(Get, "/login", Anyone, pages::login::form),
        page(Post, "/login", Anyone, pages::login::login),
        page(Post, "/logout", Members, pages::login::logout),
        page(Get, "/invite", Anyone, pages::invite::form),
        page(Post, "/invite", Anyone, pages::invite::accept),
        page(Get, "/manage", Members, pages::manage::manage),
        page(Get, "/manage/account", Members, pages::account::account),
        page(Post, "/manage/account/password", Members, pages::account::password),
        page(Post, "/manage/account/sessions", Members, pages::account::end_sessions),
        page(Get, "/manage/sites", Members, sites::list),
        page(Get, "/manage/add/site", Admins, site_edit::add_form),
        page(Post, "/manage/add/site", Admins, site_edit::add),
        page(Get, "/manage/sites/{slug}", Members, site_edit::edit_form),
        page(Post, "/manage/sites/{slug}", Admins, site_edit::edit),
        page(Post, "/manage/sites/{slug}/pause", Admins, sites::pause),
        page(Post, "/manage/sites/{slug}/resume", Admins, sites::resume),
        page(Get, "/manage/sites/{slug}/remove", Admins, sites::confirm),
        page(Post, "/manage/sites/{slug}/remove", Admins, sites::remove),
        page(Get, "/manage/groups", Members, groups::list),
        page(Get, "/manage/add/group", Admins, groups::add_form),
        page(Post, "/manage/add/group", Admins, groups::add),
        page(Get, "/manage/groups/{slug}", Members, groups::edit_form),
        page(Post, "/manage/groups/{slug}", Admins, groups::edit),
        page(Get, "/manage/groups/{slug}/remove", Admins, groups::confirm),
        page(Post, "/manage/groups/{slug}/remove", Admins, groups::remove),
        page(Get, "/manage/channels", Members, channels::list),
        page(Get, "/manage/add/channel/{kind}", Admins, channels::add_form),
        page(Post, "/manage/add/channel/{kind}", Admins, channels::add),
        page(Get, "/manage/channels/{name}", Members, channels::edit_form),
        page(Post, "/manage/channels/{name}", Admins, channels::edit),
        page(Post, "/manage/channels/{name}/test", Admins, channels::test),
        page(Get, "/manage/channels/{name}/remove", Admins, channels::confirm),
        page(Post, "/manage/channels/{name}/remove", Admins, channels::remove),
        page(Get, "/manage/users", Members, users::list),
        page(Post, "/manage/users", Admins, users::invite),
        page(Post, "/manage/users/{id}/link", Admins, users::reset),
        page(Post, "/manage/users/{id}/role", Admins, users::role),
        page(Get, "/manage/users/{id}/disable", Admins, users::confirm),
        page(Post, "/manage/users/{id}/disable", Admins, users::disable),
        page(Post, "/manage/users/{id}/enable", Admins, users::enable),
        page(Get, "/manage/tokens", Members, tokens::list),
        page(Post, "/manage/tokens", Admins, tokens::add),
        page(Get, "/manage/tokens/{id}/revoke", Admins, tokens::confirm),
        page(Post, "/manage/tokens/{id}/revoke", Admins, tokens::revoke),
        page(Get, "/api/docs", Readers, pages::api_docs::docs),
        api(Get, "/api/v1/openapi.json", Readers, api::document::openapi),
        api(Get, "/api/v1/summary", Readers, api::summary::summary),
        api(Get, "/api/v1/groups", Readers, api::groups::groups).kept(),
        api(Post, "/api/v1/groups", Admins, api::group_changes::add),
        api(Get, "/api/v1/groups/{slug}", Readers, api::groups::group).kept(),
        api(Patch, "/api/v1/groups/{slug}", Admins, api::group_changes::edit),
        api(Delete, "/api/v1/groups/{slug}", Admins, api::group_changes::remove),
        api(Get, "/api/v1/sites", Readers, api::sites::sites).kept(),
        api(Post, "/api/v1/sites", Admins, api::site_changes::add),
        api(Get, "/api/v1/sites/{slug}", Readers, api::sites::site),
        api(Patch, "/api/v1/sites/{slug}", Admins, api::site_changes::edit),
        api(Delete, "/api/v1/sites/{slug}", Admins, api::site_changes::remove),
        api(Get, "/api/v1/sites/{slug}/views", Readers, api::sites::views),
        api(Get, "/api/v1/sites/{slug}/history", Readers, api::history::history),
        api(Get, "/api/v1/outages", Readers, api::outages::outages),
        api(Get, "/api/v1/outages/current", Readers, api::outages::current),
        api(Get, "/api/v1/outages/{id}", Readers, api::outages::outage),
        api(Post, "/api/v1/outages/{id}/ack", Admins, api::outages::acknowledge),
        api(Get, "/api/v1/channels", Members, api::channels::channels),
        api(Post, "/api/v1/channels", Admins, api::channel_changes::add),
        api(Get, "/api/v1/channels/{name}", Members, api::channels::channel),
        api(Patch, "/api/v1/channels/{name}", Admins, api::channel_changes::edit),
        api(Delete, "/api/v1/channels/{name}", Admins, api::channel_changes::remove),
        api(Post, "/api/v1/channels/{name}/test", Admins, api::channel_changes::test),
        api(Post, "/api/v1/probe", Admins, api::probe::probe),
    ]
};

/// Puts every route below `base`.
pub fn configure(config: &mut web::ServiceConfig, base: &str) {
    let mut addresses: Vec<(&str, Vec<&'static Route>)> = Vec::new();
    for route in ROUTES {
        match addresses.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => addresses.push((route.path, vec![route])),
        }
    }
    for (path, routes) in addresses {
        let mut paths = vec![format!("{base}{path}")];
        if path == "/" && !base.is_empty() {
            paths.push(base.to_owned());
        }
        let answer = move |app: web::Data<App>, request: HttpRequest, payload: web::Payload| {
            let verb = Verb::of(request.method());
            let found = routes.iter().find(|route| Some(route.verb) == verb).copied();
            let allowed = routes.iter().map(|route| route.verb.methods());
            let found = found.ok_or_else(|| WebError::Method(allowed.collect::<Vec<_>>().join(", ")));
            async move { answer(found?, app, request, payload).await }
        };
        config.service(web::resource(paths).to(answer));
    }
    let files = web::resource(format!("{base}/static/{{name}}"));
    let refused = || async { Err::<HttpResponse, _>(WebError::Method(Verb::Get.methods().to_owned())) };
    let files = files.get(assets::serve).route(web::head().to(assets::serve));
    config.service(files.default_service(web::to(refused)));
}

/// 1. Who are you, and may you? 2. What do you send? The bodies of those who may not are not read, but for forms of people
///    whose session has ended. 3. What is it that you want? Handlers ask the database and render, so they run on a blocking
///    thread, as does the first step.
async fn answer(
    route: &'static Route,
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, WebError> {
    let ask = Ask::new(&app, &request);
    let mut answer = if route.verb.is_safe() {
        on_a_thread(route, move || wanted::answer(admitted(ask, route)?, route)).await?
    } else {
        let mut ask = match on_a_thread(route, move || admitted(ask, route)).await {
            Err(ended @ WebError::SignInNeeded(_)) if route.face == Face::Page => {
                return signed_out(route, &app, &request, payload, ended).await;
            }
            admitted => admitted?,
        };
        ask.body = body::read(request.headers(), payload, body::MOST).await?;
        on_a_thread(route, move || {
            match auth::genuine(&ask, route) {
                Ok(()) => (route.handler)(&ask),
                // They signed in anew, and send a form of the session before.
                Err(foreign) => match Carried::of(&ask, route).filter(|_| route.who != Who::Anyone) {
                    Some(carried) => pages::login::outdated(&ask, &carried),
                    None => Err(foreign),
                },
            }
        })
        .await?
    };
    // The session belongs to the server's thread.
    answer.session().apply(&request);
    Ok(answer.into())
}

/// Asks somebody whose session has ended to sign in, and keeps what they typed. `ended` is said where nothing can be kept.
async fn signed_out(
    route: &'static Route,
    app: &web::Data<App>,
    request: &HttpRequest,
    payload: web::Payload,
    ended: WebError,
) -> Result<HttpResponse, WebError> {
    let mut ask = Ask::new(app, request);
    let Ok(body) = body::read(request.headers(), payload, carried::MOST).await else { return Err(ended) };
    ask.body = body;
    on_a_thread(route, move || match Carried::of(&ask, route) {
        Some(carried) => pages::login::carry(&ask, &carried),
        None => Err(ended),
    })
    .await
    .map(HttpResponse::from)
}

fn admitted(ask: Ask, route: &Route) -> Result<Ask, WebError> {
    let caller = auth::caller(&ask, route)?;
    route.who.admits(&caller, ask.app.public)?;
    Ok(ask.by(caller))
}

async fn on_a_thread<T: Send + 'static>(
    route: &Route,
    work: impl FnOnce() -> Result<T, WebError> + Send + 'static,
) -> Result<T, WebError> {
    let done = web::block(work).await;
    done.map_err(|_| WebError::Internal(format!("{} panicked", route.path)))?
}
