package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// Tell stores what people are to hear of an act as it stands: in the channel where it was asked, or only the asker when
// nothing has changed on a server.
func (p *Poster) Tell(ctx context.Context, a executor.Act) error {
	if a.Audience.Channel == "" {
		return nil
	}
	v := commands.ActView{Act: a, Channel: a.Audience.Channel}
	var err error
	if v.Early, err = p.store.Resumes(ctx, a.ID); err != nil {
		return err
	}
	body, err := json.Marshal(commands.ActAnswer(v))
	if err != nil {
		return fmt.Errorf("encode what came of %s: %w", a.Ref(), err)
	}
	m := store.Message{
		ID: uuid.NewSHA1(a.ID, []byte("came "+string(a.Phase)+string(a.Result))), Kind: store.Post, Team: a.Audience.Team, Channel: a.Audience.Channel, Body: body,
	}
	if v.Private() && a.Asker.Way == executor.FromSlack {
		m.Kind, m.User = store.Ephemeral, a.Asker.User
		if m.ReplyTo, err = p.store.ActReplyTo(ctx, a.ID); err != nil {
			return err
		}
	}
	if err := p.store.AddMessage(ctx, m); err != nil {
		return err
	}
	p.Changed()
	return nil
}
