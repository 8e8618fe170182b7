-- The objects with errors that were seen on servers. The key is a keyed hash of connector, name and type of the error: no
-- name of an object is kept.
CREATE TABLE known_errors (
    server     TEXT NOT NULL,
    key        TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    PRIMARY KEY (server, key)
);
