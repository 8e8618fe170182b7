package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// errorLife is how long an error that is not seen any more is remembered. Then it is a new one again.
const errorLife = 90 * 24 * time.Hour

// errorSalt is the fact under which the key of the hashes is kept: without it, a name that somebody guesses could be
// looked for in a stolen copy of the table alone.
const errorSalt = "known_errors:salt"

// KnownErrors returns since when we have seen each of the objects' errors, by our own clock; the zero time for one that was
// never seen.
func (s *Store) KnownErrors(ctx context.Context, server string, objects []executor.ObjectError) (seen []time.Time, err error) {
	err = s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
		seen, err = tx.knownErrors(ctx, server, objects)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read known errors of %s: %w", server, err)
	}
	return seen, nil
}

func (t *Tx) knownErrors(ctx context.Context, server string, objects []executor.ObjectError) ([]time.Time, error) {
	keys, err := t.errorKeys(ctx, objects)
	if err != nil {
		return nil, err
	}
	type known struct {
		key   string
		first time.Time
	}
	scan := func(r row) (k known, err error) {
		err = r.Scan(&k.key, (*moment)(&k.first))
		return k, err
	}
	found, err := all(ctx, t, scan, `SELECT key, first_seen FROM known_errors WHERE server = $1`, server)
	if err != nil {
		return nil, err
	}
	first := make(map[string]time.Time, len(found))
	for _, k := range found {
		first[k.key] = k.first
	}
	seen := make([]time.Time, len(keys))
	for i, k := range keys {
		seen[i] = first[k]
	}
	return seen, nil
}

// SeeErrors remembers errors as seen now. complete says that these are all there are on the server, so that others are over
// and would be new ones should they come back.
func (s *Store) SeeErrors(ctx context.Context, server string, objects []executor.ObjectError, complete bool) error {
	now := s.now()
	err := s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
		keys, err := tx.errorKeys(ctx, objects)
		if err != nil {
			return err
		}
		for _, k := range keys {
			_, err := tx.exec(ctx, `
				INSERT INTO known_errors (server, key, first_seen, last_seen) VALUES ($1, $2, $3, $3)
				ON CONFLICT (server, key) DO UPDATE SET last_seen = excluded.last_seen`, server, k, millis(now))
			if err != nil {
				return err
			}
		}
		until := now.Add(-errorLife)
		if complete {
			until = now
		}
		_, err = tx.exec(ctx, `DELETE FROM known_errors WHERE server = $1 AND last_seen < $2`, server, millis(until))
		return err
	})
	if err != nil {
		return fmt.Errorf("remember errors of %s: %w", server, err)
	}
	return nil
}

// errorKeys are the keyed hashes of errors.
func (t *Tx) errorKeys(ctx context.Context, objects []executor.ObjectError) ([]string, error) {
	salt, err := t.Fact(ctx, errorSalt)
	if err != nil {
		return nil, err
	}
	if salt == "" {
		// Two who make one at once agree on the first that was kept.
		if _, err := t.exec(ctx, `INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, errorSalt, rand.Text()); err != nil {
			return nil, err
		}
		if salt, err = t.Fact(ctx, errorSalt); err != nil {
			return nil, err
		}
	}
	keys := make([]string, len(objects))
	for i, o := range objects {
		h := hmac.New(sha256.New, []byte(salt))
		h.Write(fmt.Appendf(nil, "%q %q %q", o.Connector, o.DN, o.Type))
		keys[i] = hex.EncodeToString(h.Sum(nil))
	}
	return keys, nil
}
