-- What people were asked back: a button carries the question's id and nothing else. Who may answer, and what the answer
-- does, stands here.
CREATE TABLE questions (
    id          TEXT PRIMARY KEY, -- of the command that asks first
    team        TEXT NOT NULL,
    channel     TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    slash       TEXT NOT NULL, -- what people type before a command
    command     TEXT NOT NULL, -- as it was understood
    asked_at    BIGINT NOT NULL,
    until_at    BIGINT NOT NULL,
    answer      TEXT NOT NULL, -- which button; empty while nobody has answered
    press_id    TEXT, -- the press that has answered
    answered_at BIGINT
);

-- An answer that takes the place of what the pressed button belongs to.
ALTER TABLE messages ADD COLUMN replaces BOOLEAN NOT NULL DEFAULT FALSE;
