package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

func only(t testing.TB, s *Store, cycle uuid.UUID) Message {
	t.Helper()
	messages, err := s.Messages(t.Context(), cycle)
	check(t, err)
	if len(messages) != 1 {
		t.Fatalf("%d messages, want 1", len(messages))
	}
	return messages[0]
}

func due(t testing.TB, s *Store, at time.Time) []uuid.UUID {
	t.Helper()
	messages, err := s.Due(t.Context(), at, 10)
	check(t, err)
	ids := make([]uuid.UUID, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	return ids
}

func dead(t testing.TB, s *Store, m Message, cause error) {
	t.Helper()
	counts, err := s.Dead(t.Context(), m, cause)
	check(t, err)
	if !counts {
		t.Errorf("giving %s up does not count", m.ID)
	}
}

func testOutboxVersions(t *testing.T, s *Store) {
	ctx := t.Context()
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
	check(t, err)
	m := only(t, s, c.ID)
	if m.Kind != CycleMessage || m.Team != "T1" || m.Channel != "C1" || m.Want != 1 || m.Final || m.State != MessagePending {
		t.Fatalf("the new message is %+v", m)
	}
	expect := func(step string, wantDue bool, ts string, sent int, state MessageState) {
		t.Helper()
		m = only(t, s, c.ID)
		if got := len(due(t, s, morning)) == 1; got != wantDue {
			t.Errorf("%s: due = %v, want %v", step, got, wantDue)
		}
		if m.TS != ts || m.Sent != sent || m.State != state {
			t.Errorf("%s: ts %q, sent %d, %s; want %q, %d, %s", step, m.TS, m.Sent, m.State, ts, sent, state)
		}
	}
	expect("new", true, "", 0, MessagePending)
	check(t, s.Posted(ctx, m, "1.1", 1))
	expect("posted", false, "1.1", 1, MessageSent)
	c, err = s.SaveCycle(ctx, c, stamp)
	check(t, err)
	expect("saved", true, "1.1", 1, MessagePending)
	c, err = s.SaveCycle(ctx, c, stamp)
	check(t, err)
	check(t, s.Posted(ctx, m, "1.1", 2))
	expect("an edit overtaken by a save", true, "1.1", 2, MessagePending)
	check(t, s.Posted(ctx, m, "2.2", 3))
	expect("a doubled first post", false, "1.1", 3, MessageSent)
	check(t, s.Posted(ctx, m, "1.1", 2))
	expect("a late older edit, which may be what is shown", true, "1.1", 2, MessagePending)
	check(t, s.Posted(ctx, m, "1.1", 3))
	expect("the newest shown once more", false, "1.1", 3, MessageSent)
	c.Phase, c.EndedAt = executor.PhaseEnded, morning
	_, err = s.SaveCycle(ctx, c, stamp)
	check(t, err)
	if m := only(t, s, c.ID); !m.Final || m.Want != 4 {
		t.Errorf("at the end the message is %+v, want it final at 4", m)
	}
}

func testOutboxOrder(t *testing.T, s *Store) {
	ctx := t.Context()
	a, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	b, _ := ask(t, s, request(t, "aadc02", executor.Delta))
	end(t, s, b.Cycle.ID, morning, executor.Succeeded)
	first, second := only(t, s, a.Cycle.ID), only(t, s, b.Cycle.ID)
	if got, want := due(t, s, morning), []uuid.UUID{second.ID, first.ID}; !slices.Equal(got, want) {
		t.Errorf("due = %v, want the final one first: %v", got, want)
	}
	check(t, s.Retry(ctx, second, morning.Add(time.Second), errors.New("ratelimited")))
	if got, want := due(t, s, morning), []uuid.UUID{first.ID}; !slices.Equal(got, want) {
		t.Errorf("due before the retry = %v, want %v", got, want)
	}
	if got, want := due(t, s, morning.Add(time.Second)), []uuid.UUID{second.ID, first.ID}; !slices.Equal(got, want) {
		t.Errorf("due at the retry = %v, want %v", got, want)
	}
	if m := only(t, s, b.Cycle.ID); m.Attempts != 1 || m.LastError != "ratelimited" || !m.NextAt.Equal(morning.Add(time.Second)) {
		t.Errorf("after the retry the message is %+v", m)
	}
	if got, err := s.Due(ctx, morning.Add(time.Second), 1); err != nil || len(got) != 1 {
		t.Errorf("due with limit 1 = %+v, %v", got, err)
	}
	check(t, s.Posted(ctx, second, "1.1", 2))
	if m := only(t, s, b.Cycle.ID); m.Attempts != 0 || m.LastError != "" {
		t.Errorf("after success the message is %+v", m)
	}
}

func testOutboxQueues(t *testing.T, s *Store) {
	ctx := t.Context()
	put := func(kind MessageKind, channel string) uuid.UUID {
		t.Helper()
		m := Message{ID: newID(t), Kind: kind, Channel: channel, Body: []byte("x")}
		check(t, s.AddMessage(ctx, m))
		return m.ID
	}
	first, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	shown := only(t, s, first.Cycle.ID)
	check(t, s.Posted(ctx, shown, "1.1", 1))
	end(t, s, first.Cycle.ID, morning, executor.Succeeded)
	for range 30 { // in the channel of the cycle
		put(Post, "C1")
	}
	other, answer := put(Post, "C2"), put(Ephemeral, "C1")
	got := due(t, s, morning)
	if len(got) != 13 || !slices.Contains(got, shown.ID) || !slices.Contains(got, other) || !slices.Contains(got, answer) {
		t.Errorf("%d are due, want 10 of the long queue, and the edit, the other channel's post and the answer", len(got))
	}
}

func testOutboxEndIsDueAtOnce(t *testing.T, s *Store) {
	ctx := t.Context()
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	m := only(t, s, out.Cycle.ID)
	check(t, s.Posted(ctx, m, "1.1", 1))
	c, stamp, err := s.Stamp(ctx, m.CycleID)
	check(t, err)
	_, err = s.SaveCycle(ctx, c, stamp)
	check(t, err)
	check(t, s.Retry(ctx, m, morning.Add(time.Minute), errors.New("http_503")))
	if n := len(due(t, s, morning)); n != 0 {
		t.Errorf("%d are due, want progress put off", n)
	}
	end(t, s, m.CycleID, morning, executor.Succeeded)
	if n := len(due(t, s, morning)); n != 1 {
		t.Errorf("%d are due, want the end", n)
	}
	check(t, s.Retry(ctx, m, morning.Add(time.Minute), errors.New("http_503")))
	if n := len(due(t, s, morning)); n != 0 {
		t.Errorf("%d are due, want the end put off", n)
	}
}

func testOutboxEphemeral(t *testing.T, s *Store) {
	ctx := t.Context()
	out, _ := ask(t, s, executor.Request{ID: newID(t), Server: "aadc01", Policy: executor.Delta, AskedAt: morning})
	m := Message{
		ID: newID(t), Kind: Ephemeral, CycleID: out.Cycle.ID, Team: "T1", Channel: "C1", User: "U1", Thread: "1.0",
		ReplyTo: "https://hooks.example/1", Body: []byte(`{"headline":"no"}`),
	}
	check(t, s.AddMessage(ctx, m))
	again := m
	again.Channel = "C2"
	check(t, s.AddMessage(ctx, again))
	got := only(t, s, out.Cycle.ID)
	if got.Kind != Ephemeral || got.Channel != "C1" || got.User != "U1" || got.Thread != "1.0" || got.ReplyTo != m.ReplyTo ||
		string(got.Body) != string(m.Body) || got.Want != 1 || !got.CreatedAt.Equal(morning) {
		t.Errorf("the ephemeral is %+v", got)
	}
	post := Message{ID: newID(t), Kind: Post, Team: "T1", Channel: "C9", Body: []byte("report")}
	check(t, s.AddMessage(ctx, post))
	end(t, s, out.Cycle.ID, morning, executor.Succeeded) // does not concern either
	check(t, s.Posted(ctx, m, "", 1))
	check(t, s.Posted(ctx, post, "3.3", 1))
	if got := only(t, s, out.Cycle.ID); got.State != MessageSent || got.ReplyTo != "" || got.Body != nil {
		t.Errorf("the sent ephemeral is %+v, want it forgotten", got)
	}
	if left := due(t, s, morning); len(left) != 0 {
		t.Errorf("%d are due after both were sent", len(left))
	}
	if n := count(t, s, `SELECT COUNT(*) FROM messages WHERE id = $1 AND body IS NOT NULL`, post.ID.String()); n != 1 {
		t.Error("the sent post has lost its body")
	}
}

func testOutboxDead(t *testing.T, s *Store) {
	ctx := t.Context()
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	m := only(t, s, out.Cycle.ID)
	dead(t, s, m, errors.New("not_in_channel"))
	c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
	check(t, err)
	_, err = s.SaveCycle(ctx, c, stamp)
	check(t, err)
	if m = only(t, s, c.ID); m.State != MessageDead || m.LastError != "not_in_channel" || len(due(t, s, morning)) != 0 {
		t.Errorf("the dead message is %+v, want it left alone", m)
	}
	ask(t, s, request(t, "aadc01", executor.Delta))
	if m = only(t, s, c.ID); m.State != MessagePending || m.Want != 3 || m.Attempts != 0 || len(due(t, s, morning)) != 1 {
		t.Errorf("after asking again the message is %+v, want it pending at version 3", m)
	}
	secret := Message{ID: newID(t), Kind: Ephemeral, Channel: "C1", ReplyTo: "https://hooks.example/1", Body: []byte("x")}
	check(t, s.AddMessage(ctx, secret))
	dead(t, s, secret, errors.New("expired_url"))
	n := count(t, s, `SELECT COUNT(*) FROM messages WHERE id = $1 AND body IS NULL AND reply_to = ''`, secret.ID.String())
	if n != 1 {
		t.Error("a dead ephemeral still holds what it was to say")
	}
}

func testOutboxDepth(t *testing.T, s *Store) {
	ctx := t.Context()
	expect := func(pending int, oldest time.Time, dead int) {
		t.Helper()
		p, o, d, err := s.OutboxDepth(ctx)
		check(t, err)
		if p != pending || !o.Equal(oldest) || d != dead {
			t.Errorf("depth = %d since %v, %d dead; want %d since %v, %d dead", p, o, d, pending, oldest, dead)
		}
	}
	now := morning
	s.now = func() time.Time { return now }
	expect(0, time.Time{}, 0)
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	m := only(t, s, out.Cycle.ID)
	now = now.Add(time.Minute)
	lost := Message{ID: newID(t), Kind: Post, Channel: "C1"}
	check(t, s.AddMessage(ctx, lost))
	expect(2, morning, 0)
	dead(t, s, lost, errors.New("is_archived"))
	check(t, s.Posted(ctx, m, "1.1", 1))
	expect(0, time.Time{}, 1)
	c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
	check(t, err)
	_, err = s.SaveCycle(ctx, c, stamp)
	check(t, err)
	expect(1, time.Time{}, 1) // progress, which may be left out
	end(t, s, out.Cycle.ID, now, executor.Succeeded)
	expect(1, now, 1) // it waits since the change, not since its first post
}
