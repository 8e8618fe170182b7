-- Long answers, of which their asker sees one page at a time. A button carries the id alone: which page is shown, to whom
-- and until when, stands here.
CREATE TABLE pages (
    id        TEXT PRIMARY KEY, -- of the command that was answered
    team      TEXT NOT NULL,
    channel   TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    body      BYTEA NOT NULL,
    page      BIGINT NOT NULL, -- from 0
    turned_by TEXT NOT NULL, -- the press that turned to it; empty before the first
    until_at  BIGINT NOT NULL
);
