-- A process that was held up for longer than its claim may have shown an old version after another one had shown a newer:
-- the newest is to be shown once more.
ALTER TABLE messages ADD COLUMN again BOOLEAN NOT NULL DEFAULT FALSE;
