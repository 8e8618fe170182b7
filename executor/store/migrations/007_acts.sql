-- What people asked for beside cycles: stops, pauses, resumes.
CREATE TABLE acts (
    id               TEXT PRIMARY KEY,
    kind             TEXT NOT NULL,
    server           TEXT NOT NULL,
    scope            TEXT NOT NULL, -- of a pause: what the setting belongs to; empty otherwise
    about            TEXT, -- the cycle or the pause
    asker_way        TEXT NOT NULL,
    asker_team       TEXT NOT NULL,
    asker_user       TEXT NOT NULL,
    audience_team    TEXT NOT NULL,
    audience_channel TEXT NOT NULL,
    reason           TEXT NOT NULL,
    rule             TEXT NOT NULL,
    asked_at         BIGINT NOT NULL,
    until_at         BIGINT,
    phase            TEXT NOT NULL,
    ended_at         BIGINT,
    result           TEXT NOT NULL,
    state            TEXT NOT NULL, -- JSON
    stamp            TEXT NOT NULL, -- which slice owns the act
    version          BIGINT NOT NULL,
    reply_to         TEXT NOT NULL
);
CREATE UNIQUE INDEX acts_paused ON acts (scope) WHERE kind = 'pause' AND phase <> 'ended';
CREATE INDEX acts_about ON acts (about);
CREATE INDEX acts_live ON acts (server) WHERE phase <> 'ended';
