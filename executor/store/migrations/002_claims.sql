-- Processes that share a database send from one outbox: who sends a message claims it until then.
ALTER TABLE messages ADD COLUMN claimed_until BIGINT;
