package app

import (
	"context"
	"slices"
	"strings"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

// admin checks the second logon of a server that has one: whether it works, and may change the scheduler's settings. It
// changes none.
func (c *checker) admin(ctx context.Context, name string, ex *executor.Executor, lockout *winrm.Lockout) error {
	account := c.cfg.Servers[name].Admin.Username
	if account == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if err := lockout.Check(ctx, winrm.Identity(account)); err != nil {
		return err
	}
	found, err := ex.Check(ctx, name)
	if err != nil {
		says, mend := explained(err)
		c.bad(name+" admin logon", says, mend)
		return nil
	}
	c.ok(name+" admin logon", "as %s", account)
	admins := slices.ContainsFunc(found.Groups, func(g executor.Group) bool {
		short := g.Name[strings.LastIndex(g.Name, `\`)+1:]
		return g.SID == sidAdministrators || strings.EqualFold(short, "ADSyncAdmins")
	})
	if !admins {
		c.bad(name+" admin groups", account+" is not in ADSyncAdmins: pause and resume would be refused",
			"on the server: Add-LocalGroupMember -Group 'ADSyncAdmins' -Member '"+account+"'   (counts from the next logon)")
		return nil
	}
	c.ok(name+" admin groups", "ADSyncAdmins: may switch the scheduler")
	return nil
}
