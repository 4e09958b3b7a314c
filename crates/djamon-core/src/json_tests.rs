//! What visitors are not shown.

use super::*;
use crate::domain::status::Status;
use crate::domain::{GroupId, Outcome, Phases, Site, SiteId, Target};

/// The shop is down; the back office belongs to the same group and is not public.
fn sites() -> Vec<SiteStatus> {
    let at = Instant::from_ms(1_795_435_200_000);
    let look = Look {
        id: ViewId::floor(at),
        at,
        outcome: Outcome::Connect,
        degraded: false,
        code: None,
        detail: Some("10.0.0.7 refused".into()),
        duration_ms: 3,
        phases: Phases::default(),
    };
    let one = |slug: &str, is_public: bool| SiteStatus {
        site: Site {
            id: SiteId(1),
            slug: slug.into(),
            name: slug.into(),
            target: Target::parse("http://ann:hunter2@shop.example/").unwrap(),
            group: Some(GroupId(1)),
            options: SiteOptions { attempts: Some(5), ..SiteOptions::default() },
            public: is_public,
            version: 1,
            created_at: at,
            edited_at: at,
            paused_at: None,
            removed_at: None,
        },
        group: Some("shops".into()),
        is_public,
        status: Status {
            certificate_expires_at: None,
            state: State::Down,
            degraded: false,
            since: Some(at),
            failures: 3,
            good: 0,
            looks: vec![look.clone()],
            marks: Vec::new(),
        },
        figures: Default::default(),
    };
    vec![one("shop", true), one("back-office", false)]
}

#[test]
fn visitors_get_no_address_no_detail_and_no_options() {
    let of = &sites()[0];
    let (member, visitor) = (SiteJson::new(of, Reader::Member), SiteJson::new(of, Reader::Visitor));
    assert_eq!(member.url.as_deref(), Some("http://***@shop.example/"));
    let shown = |site: &SiteJson| site.last_view.clone().unwrap().detail;
    assert_eq!((shown(&member).as_deref(), shown(&visitor)), (Some("10.0.0.7 refused"), None));
    assert_eq!((visitor.url, visitor.options), (None, None));
    assert_eq!((visitor.since.as_deref(), visitor.state), (Some("2026-11-23T12:00:00.000Z"), State::Down));
}

#[test]
fn visitors_do_not_see_sites_that_are_not_public() {
    let group = Group {
        id: GroupId(1),
        slug: "shops".into(),
        name: "Shops".into(),
        public: true,
        version: 1,
        created_at: Instant::from_ms(0),
    };
    let slugs = |reader| {
        let sites = GroupJson::new(&group, &sites(), reader).sites;
        sites.into_iter().map(|site| site.slug).collect::<Vec<_>>()
    };
    assert_eq!(slugs(Reader::Member), ["shop", "back-office"]);
    assert_eq!(slugs(Reader::Visitor), ["shop"]);
}
