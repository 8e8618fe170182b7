package bot

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// What became of a slash command, or a press, that came in.
const (
	commandStored          = "stored" // acknowledged, and on its way to the Handler
	commandDuplicate       = "duplicate"
	commandUnreadable      = "unreadable"
	commandForeign         = "foreign" // of another workspace or app
	commandNotStored       = "not_stored"
	commandNotAcknowledged = "not_acknowledged"
	commandOverload        = "overload"
)

// metrics are what the Slack edge counts. Calls of Slack's Web API are measured by the transport that a Client is given.
type metrics struct {
	commands *prometheus.CounterVec
	acks     prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, link func() Link, now func() time.Time) *metrics {
	f := promauto.With(reg)
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "adsyncbot_slack_connected",
		Help: "1 while Slack can reach the bot over a greeted Socket Mode connection, else 0.",
	}, func() float64 {
		if link().Connected {
			return 1
		}
		return 0
	})
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "adsyncbot_slack_connection_state_seconds",
		Help: "How long the Socket Mode connection has been in its state: its age while connected, else how long it has been gone.",
	}, func() float64 { return now().Sub(link().Since).Seconds() })
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "adsyncbot_slack_app_connections",
		Help: "Connections of the app that Slack counted at its last greeting. More than the bot's own means a stranger.",
	}, func() float64 { return float64(link().Connections) })
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "adsyncbot_slack_strangers",
		Help: "Connections of the app that Slack counted at its last greeting and that are not the bot's own.",
	}, func() float64 { return float64(link().Strangers) })
	for n := range linkCount {
		label := prometheus.Labels{"link": strconv.Itoa(n + 1)}
		f.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "adsyncbot_slack_link_ready", ConstLabels: label,
			Help: "1 while Slack delivers on this one of the permanent connections, else 0.",
		}, func() float64 {
			if link().Each[n].Ready {
				return 1
			}
			return 0
		})
		f.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "adsyncbot_slack_link_state_seconds", ConstLabels: label,
			Help: "How long this one of the permanent connections has been in its state: its age while ready, else how long it has been gone.",
		}, func() float64 { return now().Sub(link().Each[n].Since).Seconds() })
		f.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "adsyncbot_slack_link_silent_seconds", ConstLabels: label,
			Help: "How long Slack has sent nothing on this one of the permanent connections, not even a ping; 0 before it ever did.",
		}, func() float64 {
			if last := link().Each[n].LastFrame; !last.IsZero() {
				return now().Sub(last).Seconds()
			}
			return 0
		})
	}
	m := &metrics{
		commands: f.NewCounterVec(prometheus.CounterOpts{
			Name: "adsyncbot_inbox_commands_total",
			Help: "Slash commands, and presses of buttons, that came in, by what became of them: stored, duplicate, unreadable, foreign, not_stored, not_acknowledged, overload.",
		}, []string{"result"}),
		acks: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "adsyncbot_slack_ack_duration_seconds",
			Help:    "Time from an envelope's arrival to its acknowledgement. People see an error after 3 s.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 3},
		}),
	}
	// They begin at zero, so that the first one that is lost already is an increase that an alert sees.
	for _, result := range []string{
		commandStored, commandDuplicate, commandUnreadable, commandForeign, commandNotStored, commandNotAcknowledged, commandOverload,
	} {
		m.commands.WithLabelValues(result)
	}
	return m
}

func (m *metrics) command(result string) { m.commands.WithLabelValues(result).Inc() }

// timed measures from now until an acknowledgement is on its way.
func (m *metrics) timed(ack acknowledge, now func() time.Time) acknowledge {
	begin := now()
	return func(ctx context.Context, payload any) error {
		err := ack(ctx, payload)
		if err == nil {
			m.acks.Observe(now().Sub(begin).Seconds())
		}
		return err
	}
}
