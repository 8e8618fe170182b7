package winrm

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/crypto/argon2"
)

// The cost of hashing a password: argon2id as OWASP's password storage cheat sheet has it. It is paid once for each
// secret in the life of a process.
const (
	hashTime    = 2
	hashMemory  = 19 << 10 // KiB
	hashThreads = 1
	hashSize    = 32
	saltSize    = 16
)

// A Ledger keeps what became of secrets, over restarts. Its production implementation is in executor/store.
type Ledger interface {
	// Load returns every record of an identity, in any order.
	Load(ctx context.Context, identity string) ([]Record, error)
	// Save adds a record, or replaces the one with the same identity and hash.
	Save(ctx context.Context, record Record) error
}

// A Record is what is known of one secret of one identity. All records of an identity share their salt, so that a
// secret is hashed once to be found among them.
type Record struct {
	Identity string
	Salt     []byte
	Hash     []byte // argon2id of the secret
	State    State
	Refused  []string // with StateProven: the servers that have refused it since
}

// State is how far a secret is trusted.
type State string

// The states of a secret. A secret without a record is StateUnproven.
const (
	StateUnproven State = "unproven" // never accepted: one logon at a time
	StateProven   State = "proven"   // accepted once: a refusal concerns the refusing server alone
	StateRefused  State = "refused"  // refused before it was ever accepted: not tried anywhere
)

// Lockout is the Gate that keeps one wrong password from locking an account. Until a secret has been accepted once, one
// logon at a time is tried with it, over all servers, and a refusal stops it everywhere, over restarts, until it
// changes or an operator asks for a check. Once it has been accepted, a refusal stops it on that server alone.
type Lockout struct {
	ledger Ledger
	key    []byte // makes the fingerprints of this process

	mu         sync.Mutex
	identities map[string]*identity
}

// identity is one account's turn and the hashes already computed for it. Who holds turn owns the rest.
type identity struct {
	turn    chan struct{}
	salt    []byte
	hashes  map[[sha256.Size]byte][]byte // by keyed fingerprint, so that no password stays in memory
	unsaved []Record                     // what the ledger would not take; as good as saved to this process
}

// NewLockout returns a Lockout over ledger.
func NewLockout(ledger Ledger) *Lockout {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return &Lockout{ledger: ledger, key: key, identities: make(map[string]*identity)}
}

// Admit implements Gate.
func (l *Lockout) Admit(ctx context.Context, logon Logon) (func(context.Context, Outcome) error, error) {
	id := l.identity(logon.Identity)
	if err := id.enter(ctx); err != nil {
		return nil, err
	}
	record, err := l.find(ctx, id, logon)
	if err != nil {
		id.leave()
		return nil, err
	}
	switch {
	case record.State == StateRefused:
		id.leave()
		return nil, &HeldError{Identity: logon.Identity}
	case slices.Contains(record.Refused, logon.Server):
		id.leave()
		return nil, &HeldError{Identity: logon.Identity, Server: logon.Server}
	case record.State == StateProven:
		id.leave()
		return func(ctx context.Context, outcome Outcome) error {
			if outcome != Refused {
				return nil // the common case writes nothing
			}
			return l.settle(ctx, id, logon, record, outcome)
		}, nil
	}
	// An unproven secret keeps the turn until its outcome is recorded.
	held := true
	return func(ctx context.Context, outcome Outcome) error {
		if !held {
			return l.settle(ctx, id, logon, record, outcome)
		}
		held = false
		defer id.leave()
		return l.record(context.WithoutCancel(ctx), id, logon, record, outcome)
	}, nil
}

// Check lets an identity try again: what was refused is forgotten, and the next logon is the only one until it has
// been answered. An operator asks for it once the account is in order.
func (l *Lockout) Check(ctx context.Context, name string) error {
	id := l.identity(name)
	if err := id.enter(ctx); err != nil {
		return err
	}
	defer id.leave()
	id.unsaved = nil
	records, err := l.ledger.Load(ctx, name)
	if err != nil {
		return fmt.Errorf("load logons of %s: %w", name, err)
	}
	for _, record := range records {
		if record.State != StateRefused && len(record.Refused) == 0 {
			continue
		}
		record.State, record.Refused = StateUnproven, nil
		if err := l.ledger.Save(ctx, record); err != nil {
			return fmt.Errorf("save logons of %s: %w", name, err)
		}
	}
	return nil
}

// settle records an outcome after taking the turn anew. It waits for the turn whatever becomes of ctx: an outcome that
// is not recorded is a wrong password tried again.
func (l *Lockout) settle(ctx context.Context, id *identity, logon Logon, admitted Record, outcome Outcome) error {
	ctx = context.WithoutCancel(ctx)
	if err := id.enter(ctx); err != nil {
		return err
	}
	defer id.leave()
	return l.record(ctx, id, logon, admitted, outcome)
}

// record writes what became of a logon. The caller holds the turn. When the ledger fails, this process remembers.
func (l *Lockout) record(ctx context.Context, id *identity, logon Logon, admitted Record, outcome Outcome) error {
	if outcome == Unknown {
		return nil
	}
	record, err := l.find(ctx, id, logon)
	if err != nil {
		record = admitted
	}
	switch {
	case outcome == Accepted && record.State == StateProven:
		return nil
	case outcome == Accepted:
		record.State = StateProven
	case record.State == StateProven:
		if !slices.Contains(record.Refused, logon.Server) {
			record.Refused = append(slices.Clone(record.Refused), logon.Server)
		}
	default:
		record.State = StateRefused
	}
	if err := l.ledger.Save(ctx, record); err != nil {
		id.forget(record.Hash)
		id.unsaved = append(id.unsaved, record)
		return fmt.Errorf("save logons of %s: %w", logon.Identity, err)
	}
	id.forget(record.Hash)
	return nil
}

// find returns the record of the secret of logon, or a new one. The caller holds the turn. The ledger is asked every
// time: another process may have been refused.
func (l *Lockout) find(ctx context.Context, id *identity, logon Logon) (Record, error) {
	records, err := l.ledger.Load(ctx, logon.Identity)
	if err != nil {
		return Record{}, fmt.Errorf("load logons of %s: %w", logon.Identity, err)
	}
	password, err := logon.Password()
	if err != nil {
		return Record{}, fmt.Errorf("read password: %w", err)
	}
	hash := l.hash(id, records, password)
	for _, record := range slices.Concat(id.unsaved, records) {
		if hmac.Equal(record.Hash, hash) {
			return record, nil
		}
	}
	return Record{Identity: logon.Identity, Salt: id.salt, Hash: hash, State: StateUnproven}, nil
}

// hash returns the slow hash of a password with the salt of the identity's records. The caller holds the turn.
func (l *Lockout) hash(id *identity, records []Record, password string) []byte {
	salt := id.salt
	if len(records) > 0 {
		salt = records[0].Salt
	} else if salt == nil {
		salt = make([]byte, saltSize)
		_, _ = rand.Read(salt) // never fails
	}
	if !bytes.Equal(id.salt, salt) {
		id.salt = salt
		id.hashes = make(map[[sha256.Size]byte][]byte)
	}
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(password))
	fingerprint := [sha256.Size]byte(mac.Sum(nil))
	hash, known := id.hashes[fingerprint]
	if !known {
		hash = argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashThreads, hashSize)
		id.hashes[fingerprint] = hash
	}
	return hash
}

func (l *Lockout) identity(name string) *identity {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, ok := l.identities[name]
	if !ok {
		id = &identity{turn: make(chan struct{}, 1)}
		l.identities[name] = id
	}
	return id
}

func (id *identity) enter(ctx context.Context) error {
	select {
	case id.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (id *identity) leave() { <-id.turn }

// forget drops what is remembered in place of the ledger's record with this hash.
func (id *identity) forget(hash []byte) {
	id.unsaved = slices.DeleteFunc(id.unsaved, func(r Record) bool { return bytes.Equal(r.Hash, hash) })
}
