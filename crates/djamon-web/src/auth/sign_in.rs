//! Signing in: wait if there were too many failures, look at the password, let in or not. Unknown names, people without a
//! password and those who are disabled get the same answer after the same time as a wrong password.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use djamon_core::config::Config;
use djamon_core::domain::UserId;
use djamon_core::domain::throttle::Counted;
use djamon_core::password;
use djamon_core::store::sessions::Limits;
use djamon_core::store::users::{self, User};
use djamon_core::store::{StoreError, invites, sessions, sign_ins, write};

use super::cookies::Cookies;
use super::gate::Gate;
use super::keys::Keys;
use super::network::network;
use super::session::Begun;
use crate::ask::Ask;
use crate::error::WebError;

/// The cookie by which a device is known again, and how long.
const DEVICE: &str = "device";
const KNOWN_FOR: Duration = Duration::from_secs(365 * 86_400);
/// What is over is removed this often.
const CLEANED_MS: i64 = 3_600_000;
/// The longest name of a browser that is kept.
const LONGEST_AGENT: usize = 200;

/// What signing in needs.
pub struct SignIn {
    /// The secret.
    pub keys: Keys,
    /// How cookies are made.
    pub cookies: Cookies,
    /// How long sessions last.
    pub limits: Limits,
    /// The address people see.
    pub base_url: String,
    hashing: Gate,
    cleaned_at: AtomicI64,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It was the right password.
    Right(User),
    /// It was not.
    Wrong,
    /// It was not looked at: after so many failures one must wait.
    Wait(Duration),
}

impl SignIn {
    /// As the configuration says; `base` is the path of its address.
    ///
    /// # Errors
    /// A sentence about the session key.
    pub fn of(config: &Config, base: &str) -> Result<Self, String> {
        Ok(SignIn {
            keys: Keys::of(config)?,
            cookies: Cookies::new(&config.web.base_url, base),
            limits: Limits { idle: config.web.session_idle, longest: config.web.session_max },
            base_url: config.web.base_url.clone(),
            hashing: Gate::new(2, 32),
            cleaned_at: AtomicI64::new(0),
        })
    }

    /// Does what takes a hash's memory, two at a time.
    ///
    /// # Errors
    /// [`WebError::TooMany`] when too many wait for it.
    pub fn hashing<T>(&self, work: impl FnOnce() -> T) -> Result<T, WebError> {
        let busy = || WebError::TooMany { problem: "many people sign in just now".into(), retry_after_s: 5 };
        let _place = self.hashing.enter().ok_or_else(busy)?;
        Ok(work())
    }
}

/// Somebody says that they are `name` and know the password.
///
/// 1. Is there a pause? Else the attempt counts as failed. 2. The password is looked at, or one that nobody has. 3. If it was
///    right, the attempt is taken back.
///
/// # Errors
/// [`WebError::TooMany`], [`WebError::Database`].
pub fn attempt(ask: &Ask, name: &str, password: &str) -> Result<Tried, WebError> {
    let account = name.trim().to_lowercase();
    let net = network(ask.client_ip());
    let against = match known_device(ask, &account) {
        Some(device) => vec![(Counted::Device, format!("device\0{device}\0{account}"))],
        None => vec![
            (Counted::Pair, format!("pair\0{account}\0{net}")),
            (Counted::Network, format!("network\0{net}")),
            (Counted::Account, format!("account\0{account}")),
        ],
    };
    tried(ask, &against, password, |ask| {
        let found = users::who_signs_in(&mut *ask.database()?, &account)?;
        Ok(found.filter(|(user, _)| user.can_sign_in()))
    })
}

/// Somebody who is signed in gives their password once more.
///
/// # Errors
/// As [`attempt`].
pub fn again(ask: &Ask, user: UserId, name: &str, password: &str) -> Result<Tried, WebError> {
    let against = [(Counted::Device, format!("again\0{user}"))];
    tried(ask, &against, password, |ask| Ok(users::who_signs_in(&mut *ask.database()?, name)?))
}

fn tried(
    ask: &Ask,
    against: &[(Counted, String)],
    password: &str,
    find: impl FnOnce(&Ask) -> Result<Option<(User, String)>, WebError>,
) -> Result<Tried, WebError> {
    // 1.
    let admitted = write(&mut *ask.database()?, |database| {
        clean(ask, database)?;
        sign_ins::admit(database, against, ask.now)
    })?;
    let attempt = match admitted {
        Ok(attempt) => attempt,
        Err(wait) => return Ok(Tried::Wait(wait)),
    };
    // 2.
    let (user, hash) = find(ask)?.unzip();
    let is_right = ask.app.sign_in.hashing(|| password::is_right(password, hash.as_deref()))?;
    // 3.
    match user.filter(|_| is_right) {
        Some(user) => {
            write(&mut *ask.database()?, |database| sign_ins::take_back(database, &attempt))?;
            Ok(Tried::Right(user))
        }
        None => Ok(Tried::Wrong),
    }
}

/// Removes what is over, once an hour.
fn clean(ask: &Ask, database: &mut djamon_core::store::AnyConnection) -> Result<(), StoreError> {
    let (now, last) = (ask.now, &ask.app.sign_in.cleaned_at);
    if now.ms() - last.swap(now.ms(), Ordering::Relaxed) < CLEANED_MS {
        return Ok(());
    }
    sessions::clean(database, ask.app.sign_in.limits, now)?;
    invites::clean(database, now)?;
    sign_ins::clean(database, now)
}

/// The session of `user`, to begin with the answer.
///
/// # Errors
/// [`WebError::Internal`] without random numbers.
pub fn begun(ask: &Ask, user: &User, flash: Option<String>) -> Result<Begun, WebError> {
    let agent = ask.header("user-agent").unwrap_or_default();
    Ok(Begun {
        user: user.id,
        forms: fresh()?,
        agent: agent.chars().filter(|c| !c.is_control()).take(LONGEST_AGENT).collect(),
        from: network(ask.client_ip()),
        flash,
    })
}

/// The cookie by which this device is known as one that `name` signs in from. It opens nothing.
///
/// # Errors
/// [`WebError::Internal`] without random numbers.
pub fn device_cookie(ask: &Ask, name: &str) -> Result<String, WebError> {
    let account = name.trim().to_lowercase();
    let device = match known_device(ask, &account) {
        Some(device) => device,
        None => fresh()?,
    };
    let mark = ask.app.sign_in.keys.mark(DEVICE, &format!("{device}\0{account}"));
    Ok(ask.app.sign_in.cookies.make(DEVICE, format!("{device}.{mark}"), Some(KNOWN_FOR)))
}

/// The device that the request comes from, if `account` signed in from it before.
fn known_device(ask: &Ask, account: &str) -> Option<String> {
    let cookie = ask.cookie(&ask.app.sign_in.cookies.name(DEVICE))?;
    let (device, mark) = cookie.split_once('.')?;
    let is_ours = ask.app.sign_in.keys.is_marked(DEVICE, &format!("{device}\0{account}"), mark);
    is_ours.then(|| device.to_owned())
}

fn fresh() -> Result<String, WebError> {
    djamon_core::secret::fresh().map_err(WebError::Internal)
}
