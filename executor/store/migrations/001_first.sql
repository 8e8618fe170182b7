-- One text for SQLite and Postgres. Columns that end in _at hold UTC milliseconds of our own clock; those that end in _ns
-- hold a server's clock to the nanosecond, because they are compared with later readings of it. JSON is text. BYTEA is
-- Postgres's word; to SQLite it is a column that keeps bytes as they are.

CREATE TABLE inbox (
    id          TEXT PRIMARY KEY,
    dedup_key   TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    payload     BYTEA, -- null once handled
    received_at BIGINT NOT NULL,
    acked_at    BIGINT,
    handled_at  BIGINT
);
CREATE INDEX inbox_unhandled ON inbox (received_at) WHERE handled_at IS NULL;

CREATE TABLE cycles (
    id        TEXT PRIMARY KEY,
    ref       TEXT NOT NULL,
    server    TEXT NOT NULL,
    policy    TEXT NOT NULL,
    origin    TEXT NOT NULL,
    phase     TEXT NOT NULL,
    asked_at  BIGINT NOT NULL,
    intent_at BIGINT,
    ended_at  BIGINT,
    cancel_at BIGINT,
    verdict   TEXT NOT NULL,
    state     TEXT NOT NULL, -- JSON: baseline, reads_from, follow, waiting, result
    stamp     TEXT NOT NULL, -- which slice owns the cycle
    version   BIGINT NOT NULL
);
CREATE UNIQUE INDEX cycles_live ON cycles (server) WHERE phase <> 'ended';
CREATE INDEX cycles_ended ON cycles (server, ended_at) WHERE phase = 'ended';
CREATE INDEX cycles_ref ON cycles (ref);

CREATE TABLE runs (
    cycle_id  TEXT NOT NULL REFERENCES cycles (id) ON DELETE CASCADE,
    position  BIGINT NOT NULL,
    connector TEXT NOT NULL,
    profile   TEXT NOT NULL,
    result    TEXT NOT NULL,
    verdict   TEXT NOT NULL,
    start_ns  BIGINT,
    end_ns    BIGINT,
    adds      BIGINT, -- the four counters are null together when the source does not show them
    updates   BIGINT,
    deletes   BIGINT,
    errors    BIGINT,
    PRIMARY KEY (cycle_id, position)
);

CREATE TABLE requests (
    id               TEXT PRIMARY KEY,
    cycle_id         TEXT REFERENCES cycles (id), -- the cycle that serves it
    refused_by       TEXT REFERENCES cycles (id), -- or the live one that was in its way
    joined           BOOLEAN NOT NULL,
    policy           TEXT NOT NULL,
    server           TEXT NOT NULL,
    asker_way        TEXT NOT NULL,
    asker_team       TEXT NOT NULL,
    asker_user       TEXT NOT NULL,
    audience_team    TEXT NOT NULL,
    audience_channel TEXT NOT NULL,
    reason           TEXT NOT NULL,
    rule             TEXT NOT NULL,
    asked_at         BIGINT NOT NULL,
    reply_to         TEXT NOT NULL
);
CREATE INDEX requests_cycle ON requests (cycle_id);

CREATE TABLE messages (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    cycle_id   TEXT REFERENCES cycles (id),
    team       TEXT NOT NULL,
    channel    TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    thread     TEXT NOT NULL,
    reply_to   TEXT NOT NULL,
    ts         TEXT NOT NULL,
    body       BYTEA,
    want       BIGINT NOT NULL,
    sent       BIGINT NOT NULL,
    final      BOOLEAN NOT NULL,
    attempts   BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    state      TEXT NOT NULL,
    last_error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    waits_at   BIGINT NOT NULL -- since when want is greater than sent
);
CREATE UNIQUE INDEX messages_cycle ON messages (cycle_id, team, channel) WHERE kind = 'cycle';
CREATE INDEX messages_due ON messages (next_at) WHERE state = 'pending';

CREATE TABLE schedules (
    name    TEXT PRIMARY KEY,
    spec    TEXT NOT NULL,
    zone    TEXT NOT NULL,
    next_at BIGINT, -- null: never again
    last_at BIGINT,
    missed  TEXT NOT NULL, -- JSON: milliseconds
    paused  BOOLEAN NOT NULL
);

-- The audit is a chain: hash covers the entry, its number and the hash before it. Entries are only ever added, one at a
-- time behind the lock of audit_head's row, and removed from the beginning when their time is over.
CREATE TABLE audit (
    seq      BIGINT PRIMARY KEY, -- without gaps
    id       TEXT NOT NULL UNIQUE,
    at       BIGINT NOT NULL,
    team     TEXT NOT NULL,
    who      TEXT NOT NULL,
    what     TEXT NOT NULL,
    place    TEXT NOT NULL,
    server   TEXT NOT NULL,
    decision TEXT NOT NULL,
    rule     TEXT NOT NULL,
    result   TEXT NOT NULL,
    ref      TEXT NOT NULL,
    hash     TEXT NOT NULL
);

CREATE TABLE audit_head (
    seq  BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (seq, hash) VALUES (0, '');

CREATE TABLE credentials (
    identity   TEXT NOT NULL,
    hash       BYTEA NOT NULL,
    salt       BYTEA NOT NULL,
    state      TEXT NOT NULL,
    refused    TEXT NOT NULL, -- JSON: names of servers
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (identity, hash)
);

CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Processes that work jobs on one Postgres database. beat_at is the database's own clock, so that they need not agree on
-- the time. On SQLite, which has one such process, the table stays empty.
CREATE TABLE replicas (
    id      TEXT PRIMARY KEY,
    beat_at BIGINT NOT NULL
);
