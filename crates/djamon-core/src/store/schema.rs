//! The tables as diesel sees them, one text for both databases. docs/DATA-MODEL.md tells what each is for.

diesel::table! {
    locations (id) {
        id -> Integer,
        name -> Text,
        idle_from -> Nullable<BigInt>,
        idle_until -> Nullable<BigInt>,
        idle_version -> Nullable<BigInt>,
    }
}

diesel::table! {
    watch_list (id) { id -> Integer, version -> BigInt, }
}

diesel::table! {
    groups (id) {
        id -> Integer,
        slug -> Text,
        name -> Text,
        public -> Bool,
        version -> Integer,
        created_at -> BigInt,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sites (id) {
        id -> Integer,
        slug -> Text,
        name -> Text,
        url -> Text,
        auth_user -> Nullable<Text>,
        auth_password -> Nullable<Text>,
        group_id -> Nullable<Integer>,
        interval_ms -> Nullable<BigInt>,
        options -> Text,
        public -> Bool,
        version -> Integer,
        created_at -> BigInt,
        edited_at -> BigInt,
        paused_at -> Nullable<BigInt>,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    runs (id) {
        id -> Integer,
        location_id -> Integer,
        state -> Text,
        started_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        expected_interval_ms -> BigInt,
        blind_reason -> Nullable<Text>,
        blind_from -> Nullable<BigInt>,
        sites -> Integer,
        up -> Integer,
        failing -> Integer,
        down -> Integer,
        skipped -> Integer,
        skipped_reason -> Nullable<Text>,
    }
}

diesel::table! {
    blind_times (id) {
        id -> Integer,
        location_id -> Integer,
        after_at -> BigInt,
        from_at -> BigInt,
        until_at -> BigInt,
        over -> Bool,
        reason -> Text,
    }
}

diesel::table! {
    details (id) { id -> Integer, text -> Text, used_at -> BigInt, }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::backend::guid::Guid;

    site_views (id) {
        id -> Guid,
        site_id -> Integer,
        location_id -> Integer,
        run_id -> Integer,
        at -> BigInt,
        outcome -> SmallInt,
        degraded -> Bool,
        code -> Nullable<SmallInt>,
        duration_ms -> Integer,
        detail_id -> Nullable<Integer>,
    }
}

diesel::table! {
    site_states (site_id, location_id) {
        site_id -> Integer,
        location_id -> Integer,
        standing -> Text,
        degraded -> Bool,
        last_failed -> Bool,
        failures -> Integer,
        good -> Integer,
        since_at -> BigInt,
        last_at -> BigInt,
        next_due_at -> Nullable<BigInt>,
        edited_at -> BigInt,
        memory -> Binary,
        took_ms -> Integer,
    }
}

diesel::table! {
    site_hours (site_id, location_id, hour) {
        site_id -> Integer,
        location_id -> Integer,
        hour -> Integer,
        up_ms -> Integer,
        degraded_ms -> Integer,
        down_ms -> Integer,
        blind_ms -> Integer,
        looks -> Integer,
        failures -> Integer,
        failed -> Binary,
        times -> Binary,
    }
}

diesel::table! {
    site_recent (site_id, location_id) { site_id -> Integer, location_id -> Integer, spans -> Binary, }
}

diesel::table! {
    site_days (site_id, location_id, day) {
        site_id -> Integer,
        location_id -> Integer,
        day -> Integer,
        up_ms -> Integer,
        degraded_ms -> Integer,
        down_ms -> Integer,
        blind_ms -> Integer,
        looks -> Integer,
        failures -> Integer,
        failed -> Binary,
        times -> Binary,
    }
}

diesel::table! {
    day_zones (location_id, first_hour) { location_id -> Integer, first_hour -> BigInt, zone -> Text, }
}

diesel::table! {
    frozen_months (month) { month -> Integer, zone -> Text, frozen_at -> BigInt, }
}

diesel::table! {
    frozen_figures (month, site_id) { month -> Integer, site_id -> Integer, figures -> Text, }
}

diesel::table! {
    outages (id) {
        id -> Integer,
        scope -> Integer,
        started_at -> BigInt,
        detected_at -> BigInt,
        resolved_at -> Nullable<BigInt>,
        opened_run_id -> Integer,
        acknowledged_at -> Nullable<BigInt>,
        acknowledged_by -> Nullable<Text>,
        acknowledged_why -> Nullable<Text>,
    }
}

diesel::table! {
    events (id) {
        id -> Integer,
        kind -> Text,
        outage_id -> Nullable<Integer>,
        site_id -> Nullable<Integer>,
        run_id -> Nullable<Integer>,
        at -> BigInt,
        owed -> Integer,
    }
}

diesel::table! {
    certificate_warnings (event_id, site_id) { event_id -> Integer, site_id -> Integer, expires_at -> BigInt, }
}

diesel::table! {
    storage_warnings (event_id, level) {
        event_id -> Integer,
        level -> Text,
        place -> Text,
        machine -> Text,
        free_bytes -> BigInt,
        wanted_bytes -> BigInt,
        told_at -> BigInt,
        over_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    outage_sites (id) {
        id -> Integer,
        outage_id -> Integer,
        site_id -> Integer,
        location_id -> Integer,
        event_id -> Nullable<Integer>,
        down_at -> BigInt,
        detected_at -> BigInt,
        up_at -> Nullable<BigInt>,
        left_reason -> Nullable<Text>,
        first_look -> Text,
        last_look -> Text,
        good_look -> Nullable<Text>,
    }
}

diesel::table! {
    channels (id) {
        id -> Integer,
        name -> Text,
        kind -> Text,
        settings -> Text,
        enabled -> Bool,
        version -> Integer,
        created_at -> BigInt,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    channel_groups (channel_id, group_id) {
        channel_id -> Integer,
        group_id -> Integer,
    }
}

diesel::table! {
    outbox (id) {
        id -> Integer,
        event_id -> Integer,
        outage_id -> Nullable<Integer>,
        channel -> Text,
        state -> Text,
        tries -> Integer,
        next_try_at -> BigInt,
        message_key -> Nullable<Text>,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        sent_at -> Nullable<BigInt>,
        channel_waits -> Bool,
    }
}

diesel::table! {
    users (id) {
        id -> Integer,
        name -> Text,
        role -> Text,
        password_hash -> Text,
        version -> Integer,
        created_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (key_hash) {
        key_hash -> Binary,
        user_id -> Integer,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        state -> Text,
    }
}

diesel::table! {
    invites (key_hash) {
        key_hash -> Binary,
        user_id -> Integer,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sign_in_failures (whose) {
        whose -> Binary,
        failures -> Integer,
        last_at -> BigInt,
    }
}

diesel::table! {
    outage_notes (id) {
        id -> Integer,
        outage_id -> Integer,
        at -> BigInt,
        author -> Text,
        text -> Text,
    }
}

diesel::table! {
    tokens (id) {
        id -> Integer,
        name -> Text,
        hash -> Binary,
        scope -> Text,
        created_at -> BigInt,
        created_by -> Nullable<Integer>,
        last_used_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::joinable!(tokens -> users (created_by));
diesel::joinable!(sites -> groups (group_id));
diesel::joinable!(outage_sites -> outages (outage_id));
diesel::joinable!(outage_sites -> sites (site_id));
diesel::joinable!(certificate_warnings -> sites (site_id));
diesel::joinable!(channel_groups -> channels (channel_id));
diesel::joinable!(outbox -> events (event_id));
diesel::joinable!(events -> outages (outage_id));
diesel::joinable!(site_states -> sites (site_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(invites -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(
    site_hours,
    site_days,
    site_recent,
    day_zones,
    frozen_months,
    frozen_figures,
    certificate_warnings,
    storage_warnings,
    locations,
    watch_list,
    groups,
    sites,
    runs,
    blind_times,
    details,
    site_views,
    site_states,
    outages,
    events,
    outage_sites,
    channels,
    channel_groups,
    outbox,
    users,
    sessions,
    invites,
    sign_in_failures,
    outage_notes,
    tokens,
);
