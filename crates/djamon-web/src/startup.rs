//! From configuration to a server that listens. Refuses, with the reason, what it could not serve.

use std::net::TcpListener;
use std::sync::Arc;

use actix_session::SessionMiddleware;
use actix_session::config::PersistentSession;
use actix_web::body::MessageBody;
use actix_web::cookie::{SameSite, time};
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{Compress, DefaultHeaders, Next, from_fn};
use actix_web::{App as ActixApp, HttpRequest, HttpResponse, HttpServer, web};
use djamon_core::calendar::Zone;
use djamon_core::clock::{Clock, Stopwatch};
use djamon_core::config::{CheckSection, Config, Network};
use djamon_core::domain::Instant;
use djamon_core::schedule::{Schedule, machine_time_zone};
use djamon_core::store::{DatabaseUrl, StoreError};
use url::form_urlencoded;

use crate::answer::NO_STORE;
use crate::auth::session::Store;
use crate::auth::sign_in::SignIn;
use crate::client::Client;
use crate::database::Database;
use crate::error::WebError;
use crate::exchange::Exchange;
use crate::kept::Shelf;
use crate::probes::Probes;
use crate::render::Renderer;
use crate::roster::Roster;
use crate::theme::Theme;
use crate::turns::Turns;
use crate::view::api::Docs;
use crate::watch::Watch;
use crate::{cors, openapi, routes, turns};

/// What all requests share.
pub struct App {
    /// The database.
    pub database: Database,
    /// Whether anything has changed in it.
    pub watch: Watch,
    /// Answers that are kept until something does.
    pub shelf: Shelf,
    /// Who may make such an answer: each holds all that it shows, and a compressor's memory.
    pub makers: Turns,
    /// All sites, until something changes.
    pub roster: Roster,
    /// The templates.
    pub renderer: Renderer,
    /// The only reader of the time of day here.
    pub clock: Arc<dyn Clock>,
    /// When this began to serve.
    pub started_at: Instant,
    /// When runs are promised.
    pub schedule: Schedule,
    /// By whose clocks.
    pub time_zone: Zone,
    /// What counts for every site, and which addresses may be asked.
    pub check: CheckSection,
    /// Looks that are asked for.
    pub probes: Probes,
    /// Who is told of outages, and how that is tried.
    pub exchange: Exchange,
    /// The API described for programs.
    pub openapi: String,
    /// The API described for people.
    pub docs: Docs,
    /// Whose word on where a request comes from counts.
    pub trusted_proxies: Vec<Network>,
    /// Whose pages may read the API in a browser.
    pub cors_origins: Vec<String>,
    /// Whether visitors may read.
    pub public: bool,
    /// The path it is served under, without a slash at its end.
    pub base: String,
    /// What signing in needs.
    pub sign_in: SignIn,
}

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be taken.
    #[error("{0}")]
    Configuration(String),
    /// What it names cannot be had.
    #[error("{0}")]
    Unable(String),
}

impl StartError {
    /// The documented exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            StartError::Configuration(_) => 2,
            StartError::Unable(_) => 3,
        }
    }
}

/// A server that listens already.
pub struct Application {
    port: u16,
    server: Server,
}

impl Application {
    /// 1. The database and its schema. 2. Templates and schedule. 3. The socket, on which requests wait from now on.
    ///
    /// # Errors
    /// [`StartError`], whose text names what is wrong and what to do.
    pub fn build(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        // 1.
        let url = DatabaseUrl::parse(&config.database.url.0).map_err(store_error)?;
        let database = Database::open(url).map_err(store_error)?;
        // 2.
        let base = path_of(&config.web.base_url)?;
        let document = openapi::document(&config.web.base_url)
            .map_err(|error| StartError::Unable(format!("cannot describe the API: {error}")))?;
        let app = web::Data::new(App {
            database,
            openapi: document.to_string(),
            docs: Docs::new(&document),
            trusted_proxies: config.web.trusted_proxies.clone(),
            cors_origins: config.web.cors_origins.clone(),
            watch: Watch::default(),
            shelf: Shelf::default(),
            makers: Turns::new(turns::enough()),
            roster: Roster::default(),
            renderer: Renderer::new(config.web.templates.as_deref(), &base)
                .map_err(StartError::Configuration)?,
            probes: Probes::new(config, Arc::clone(&clock))
                .map_err(|error| StartError::Configuration(error.to_string()))?,
            exchange: Exchange::new(config, Arc::clone(&clock)),
            check: config.check.clone(),
            started_at: clock.now(),
            clock,
            schedule: Schedule::parse(&config.check.schedule)
                .map_err(|problem| StartError::Configuration(format!("[check] schedule {problem}")))?,
            time_zone: machine_time_zone(),
            public: config.web.public,
            sign_in: SignIn::of(config, &base).map_err(StartError::Unable)?,
            base,
        });
        // 3.
        let address = &config.web.listen;
        let unable =
            |error| StartError::Unable(format!("cannot listen on [web] listen {address:?}: {error}"));
        let listener = TcpListener::bind(address.as_str()).map_err(unable)?;
        let port = listener.local_addr().map_err(unable)?.port();
        let server = HttpServer::new(move || {
            ActixApp::new()
                .app_data(app.clone())
                .configure(|config| routes::configure(config, &app.base))
                .default_service(web::to(|| async { Err::<&str, _>(WebError::NotFound) }))
                .wrap(sessions(&app))
                .wrap(from_fn(face))
                .wrap(from_fn(cors::cors))
                .wrap(Compress::default())
                .wrap(headers())
        })
        .shutdown_timeout(10)
        .listen(listener)
        .map_err(unable)?;
        Ok(Application { port, server: server.run() })
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until SIGTERM or SIGINT; what was begun is ended first.
    ///
    /// # Errors
    /// What the system says of its sockets.
    pub async fn run(self) -> std::io::Result<()> {
        self.server.await
    }
}

fn store_error(error: StoreError) -> StartError {
    match error {
        StoreError::Url(_) => StartError::Configuration(error.to_string()),
        _ => StartError::Unable(error.to_string()),
    }
}

/// The path in the address that people see.
fn path_of(base_url: &str) -> Result<String, StartError> {
    let url = url::Url::parse(base_url)
        .map_err(|error| StartError::Configuration(format!("[web] base_url {base_url:?}: {error}")))?;
    Ok(url.path().trim_end_matches('/').to_owned())
}

/// What is said of a form that somebody sends who is not signed in any more.
const SIGNED_OUT: WebError = WebError::SignInNeeded(
    "you are not signed in any more: sign in, then send it once more; nothing was changed",
);

/// People who must sign in first are led there, and back afterwards.
fn to_sign_in(app: &App, request: &HttpRequest) -> HttpResponse {
    let wanted: String = form_urlencoded::byte_serialize(request.uri().to_string().as_bytes()).collect();
    let login = format!("{}/login?next={wanted}", app.base);
    HttpResponse::SeeOther().insert_header(NO_STORE).insert_header((header::LOCATION, login)).finish()
}

/// Keeps the session's cookie: `HttpOnly`, for this host, for as long as a session can last.
fn sessions(app: &web::Data<App>) -> SessionMiddleware<Store> {
    let (keys, cookies) = (&app.sign_in.keys, &app.sign_in.cookies);
    let longest = i64::try_from(app.sign_in.limits.longest.as_secs()).unwrap_or(i64::MAX);
    let lifecycle = PersistentSession::default().session_ttl(time::Duration::seconds(longest));
    SessionMiddleware::builder(Store(app.clone()), keys.cookies())
        .cookie_name(cookies.name("session"))
        .cookie_path(cookies.path().to_owned())
        .cookie_secure(cookies.is_secure())
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .session_lifecycle(lifecycle)
        .build()
}

/// No inline script or style is ever sent, so none is ever run.
fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((
            "Content-Security-Policy",
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("X-Frame-Options", "DENY"))
        .add(("Referrer-Policy", "same-origin"))
}

/// Gives errors their face: JSON below `/api`, a page elsewhere. Notes every request.
async fn face(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let watch = Stopwatch::start();
    let response = next.call(request).await?.map_into_boxed_body();
    let request = response.request();
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let app = request.app_data::<web::Data<App>>().cloned();
    let is_logged = app.as_ref().filter(|_| tracing::enabled!(tracing::Level::INFO));
    let client = is_logged.map(|app| Client::of(request, &app.trusted_proxies));
    let error = response.response().error().and_then(|error| error.as_error::<WebError>());
    let faced = error.zip(app).map(|(error, app)| {
        if let WebError::Database(_) | WebError::Internal(_) = error {
            tracing::error!("{method} {path}: {error}");
        }
        let rest = path.strip_prefix(app.base.as_str()).unwrap_or(&path);
        let is_api = rest == "/api" || (rest.starts_with("/api/") && rest != "/api/docs");
        if is_api {
            error.json()
        } else {
            match error {
                WebError::SignInNeeded(_) if method.is_safe() => to_sign_in(&app, request),
                WebError::SignInNeeded(_) => SIGNED_OUT.page(&app.renderer, Theme::chosen(request)),
                error => error.page(&app.renderer, Theme::chosen(request)),
            }
        }
    });
    let response = match faced {
        Some(faced) => response.into_response(faced),
        None => response,
    };
    if let Some(client) = client {
        tracing::info!("{} {method} {path} {} {:?}", client.ip, response.status().as_u16(), watch.elapsed());
    }
    Ok(response)
}
