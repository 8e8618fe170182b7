package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// Credential is what became of one secret of one identity. The secret itself is not here, only a slow, salted hash of it.
type Credential struct {
	Identity string
	Salt     []byte
	Hash     []byte
	State    string
	Refused  []string // names of servers
}

// Credentials returns what is known of an identity's secrets.
func (q *queries) Credentials(ctx context.Context, identity string) ([]Credential, error) {
	out, err := all(ctx, q, scanCredential, `
		SELECT identity, salt, hash, state, refused FROM credentials WHERE identity = $1 ORDER BY changed_at, hash`, identity)
	if err != nil {
		return nil, fmt.Errorf("read credentials of %s: %w", identity, err)
	}
	return out, nil
}

// SaveCredential adds what became of a secret, or replaces what is known of the same identity and hash.
func (q *queries) SaveCredential(ctx context.Context, c Credential) error {
	refused, err := json.Marshal(append([]string{}, c.Refused...))
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, `
		INSERT INTO credentials (identity, hash, salt, state, refused, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (identity, hash) DO UPDATE SET
			salt = excluded.salt, state = excluded.state, refused = excluded.refused, changed_at = excluded.changed_at`,
		c.Identity, c.Hash, c.Salt, c.State, string(refused), millis(q.now()))
	if err != nil {
		return fmt.Errorf("save credential of %s: %w", c.Identity, err)
	}
	return nil
}

func scanCredential(r row) (c Credential, err error) {
	var refused string
	if err := r.Scan(&c.Identity, &c.Salt, &c.Hash, &c.State, &refused); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(refused), &c.Refused); err != nil {
		return c, fmt.Errorf("read stored servers: %w", err)
	}
	return c, nil
}
