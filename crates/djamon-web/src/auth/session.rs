//! Sessions: actix-session keeps the cookie, the database everything else. A visitor without a cookie costs nothing.
//!
//! What a session holds: whose it is, the token of its forms, what is to be said on the next page, and from where it was
//! begun. When it is read, the person's name and role are put beside it as they are now, and taken out before it is kept.

use std::collections::HashMap;

use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_session::{Session, SessionExt};
use actix_web::cookie::time;
use actix_web::{HttpRequest, web};
use djamon_core::domain::UserId;
use djamon_core::store::users;
use djamon_core::store::{StoreError, sessions, write};

use crate::auth::Caller;
use crate::startup::App;

const USER: &str = "user";
const FORMS: &str = "forms";
const FLASH: &str = "flash";
const AGENT: &str = "agent";
const FROM: &str = "from";
const ID: &str = "id";
const NAME: &str = "name";
const ROLE: &str = "role";
const AWAY: &str = "away";
/// What is told with a session and not kept in it.
const TOLD: [&str; 4] = [ID, NAME, ROLE, AWAY];

/// The session of a request, as handlers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Who is signed in.
    pub caller: Caller,
    /// What it is called where sessions are listed.
    pub id: String,
    /// The token of its forms.
    pub forms: String,
    /// What the page before left to be said.
    pub flash: Option<String>,
    /// The database could not be asked, so that nobody knows whose it is.
    pub is_away: bool,
}

/// What becomes of the session with an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    #[default]
    None,
    /// A new one begins, under a new key: what was known before signing in is good for nothing now.
    Begin(Begun),
    /// It ends.
    End,
    /// The next page says this.
    Flash(String),
    /// It has been said.
    Said,
}

/// A session that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Whose it is.
    pub user: UserId,
    /// The token of its forms.
    pub forms: String,
    /// What the browser says it is.
    pub agent: String,
    /// The network it comes from.
    pub from: String,
    /// What the next page says.
    pub flash: Option<String>,
}

impl Held {
    /// The session that comes with `request`.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let session = request.get_session();
        let text = |key| session.get::<String>(key).ok().flatten();
        if text(AWAY).is_some() {
            let held = Held {
                caller: Caller::Visitor,
                id: String::new(),
                forms: String::new(),
                flash: None,
                is_away: true,
            };
            return Some(held);
        }
        let id = UserId(session.get(USER).ok().flatten()?);
        let caller = Caller::User { id, name: text(NAME)?, role: text(ROLE)?.parse().ok()? };
        Some(Held { caller, id: text(ID)?, forms: text(FORMS)?, flash: text(FLASH), is_away: false })
    }
}

impl Change {
    /// Makes the session of `request` so.
    pub fn apply(self, request: &HttpRequest) {
        let session = request.get_session();
        match self {
            Change::None => {}
            Change::Begin(begun) => {
                session.clear();
                session.renew();
                put(&session, USER, begun.user.0);
                put(&session, FORMS, begun.forms);
                put(&session, AGENT, begun.agent);
                put(&session, FROM, begun.from);
                if let Some(flash) = begun.flash {
                    put(&session, FLASH, flash);
                }
            }
            Change::End => session.purge(),
            Change::Flash(text) => put(&session, FLASH, text),
            Change::Said => drop(session.remove(FLASH)),
        }
    }
}

fn put(session: &Session, key: &str, value: impl serde::Serialize + 'static) {
    if let Err(error) = session.insert(key, value) {
        tracing::error!("session: {error}");
    }
}

/// Where a session was begun, for the list of a person's sessions: browser and network.
pub fn origin(state: &str) -> (String, String) {
    let state: HashMap<String, String> = serde_json::from_str(state).unwrap_or_default();
    let text = |key| state.get(key).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    (text(AGENT), text(FROM))
}

/// Sessions in the database.
pub struct Store(pub web::Data<App>);

type State = HashMap<String, String>;

impl Store {
    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&App) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let app = self.0.clone();
        let done = web::block(move || work(&app)).await;
        done.unwrap_or_else(|_| Err(StoreError::Query("a session could not be read: a panic".into())))
    }
}

fn kept(state: &State) -> Result<String, serde_json::Error> {
    let kept: HashMap<_, _> = state.iter().filter(|(key, _)| !TOLD.contains(&key.as_str())).collect();
    serde_json::to_string(&kept)
}

/// The session of `key` with what is told beside it. It is noted that it was seen, now and then.
fn load(app: &App, key: &str) -> Result<Option<State>, StoreError> {
    let (now, limits) = (app.clock.now(), app.sign_in.limits);
    let database = &mut *app.database.connection()?;
    let Some(session) = sessions::find(database, key, limits, now)? else { return Ok(None) };
    let user = users::by_id(database, session.user)?;
    if sessions::is_due(&session, now)
        && let Err(error) = write(database, |database| sessions::seen(database, key, now))
    {
        // Somebody else is writing: it will be seen again.
        tracing::info!("session: {error}");
    }
    let mut state: State = serde_json::from_str(&session.state)
        .map_err(|error| StoreError::Unreadable(format!("the state of a session: {error}")))?;
    for (key, value) in [(ID, session.id.as_str()), (NAME, &user.name), (ROLE, user.role.name())] {
        state.insert(key.to_owned(), serde_json::json!(value).to_string());
    }
    Ok(Some(state))
}

impl SessionStore for Store {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let key = key.as_ref().to_owned();
        Ok(self.on_a_thread(move |app| load(app, &key)).await.unwrap_or_else(|error| {
            tracing::error!("session: {error}");
            Some([(AWAY.to_owned(), "\"yes\"".to_owned())].into())
        }))
    }

    async fn save(&self, state: State, _: &time::Duration) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        let text = key.as_ref().to_owned();
        let saved = self.on_a_thread(move |app| {
            let user: Option<i32> = state.get(USER).and_then(|json| serde_json::from_str(json).ok());
            let user = UserId(user.ok_or_else(|| StoreError::Unreadable("a session of nobody".into()))?);
            let state = kept(&state).map_err(|error| StoreError::Unreadable(error.to_string()))?;
            write(&mut *app.database.connection()?, |database| {
                sessions::begin(database, &text, user, &state, app.clock.now())
            })
        });
        saved.await.map_err(|error| SaveError::Other(anyhow::Error::new(error)))?;
        Ok(key)
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        _: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        let text = key.as_ref().to_owned();
        let kept = kept(&state).map_err(|error| UpdateError::Serialization(error.into()))?;
        // One that ended meanwhile stays ended.
        let updated = self.on_a_thread(move |app| {
            write(&mut *app.database.connection()?, |database| sessions::keep(database, &text, &kept))
        });
        updated.await.map_err(|error| UpdateError::Other(anyhow::Error::new(error)))?;
        Ok(key)
    }

    /// Nothing to do: [`Store::load`] notes when a session was seen, and the limits are the configuration's.
    async fn update_ttl(&self, _: &SessionKey, _: &time::Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let key = key.as_ref().to_owned();
        let ended = self.on_a_thread(move |app| {
            write(&mut *app.database.connection()?, |database| sessions::end(database, &key))
        });
        Ok(ended.await?)
    }
}
