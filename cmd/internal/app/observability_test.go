package app

import (
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/adsyncbot/adsyncbot/bot"
	"github.com/adsyncbot/adsyncbot/executor/jobs"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

// catalogue is a registry that notes what is registered, also what has no value yet.
type catalogue struct {
	*prometheus.Registry
	labels map[string]string // by name, in one line
}

var described = regexp.MustCompile(`fqName: "(adsyncbot_[a-z_]+)", help: ".*", unit: ".*", constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)

func (c *catalogue) Register(of prometheus.Collector) error {
	all := make(chan *prometheus.Desc)
	go func() { defer close(all); of.Describe(all) }()
	for d := range all {
		found := described.FindStringSubmatch(d.String())
		if found == nil {
			continue
		}
		var labels []string
		for label := range strings.SplitSeq(found[2]+","+found[3], ",") {
			if label, _, _ = strings.Cut(label, "="); label != "" {
				labels = append(labels, label)
			}
		}
		slices.Sort(labels)
		c.labels[found[1]] = strings.Join(labels, ", ")
	}
	return c.Registry.Register(of)
}

// MustRegister implements prometheus.Registerer.
func (c *catalogue) MustRegister(all ...prometheus.Collector) {
	for _, each := range all {
		if err := c.Register(each); err != nil {
			panic(err)
		}
	}
}

// metrics returns the labels of everything that a serve registers, by name.
func metrics(t *testing.T) map[string]string {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "bot.db"), store.Options{}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	client, err := bot.NewClient(nil, "xapp-1", "xoxb-1", "", log)
	if err != nil {
		t.Fatal(err)
	}
	c := &catalogue{prometheus.NewRegistry(), map[string]string{}}
	newInstruments(c, nil)
	winrm.NewMetrics(c)
	c.MustRegister(newStockCollector(st, time.Now))
	bot.New(client, nil, nil, st, bot.Config{Metrics: c}, log)
	if _, err := jobs.New(st, nil, nil, jobs.Config{Metrics: c, Now: time.Now}, log); err != nil {
		t.Fatal(err)
	}
	return c.labels
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryMetricIsDocumented(t *testing.T) {
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(adsyncbot_[a-z_]+)` \\| ([a-z, ]*)\\|").FindAllStringSubmatch(read(t, "observability.md"), -1) {
		labels := strings.Split(strings.TrimSpace(row[2]), ", ")
		slices.Sort(labels)
		documented[row[1]] = strings.Join(labels, ", ")
	}
	registered := metrics(t)
	if !maps.Equal(documented, registered) {
		t.Errorf("documented %v\nregistered %v", documented, registered)
	}
	if len(registered) < 20 {
		t.Errorf("only %d metrics are registered", len(registered))
	}
}

// known takes the metrics out of a text and reports those that do not exist.
func known(t *testing.T, text string) (named int) {
	t.Helper()
	registered := metrics(t)
	for _, name := range regexp.MustCompile(`adsyncbot_[a-z_]+`).FindAllString(text, -1) {
		named++
		if _, ok := registered[name]; ok {
			continue
		}
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if _, ok := registered[base]; !ok || base == name || !strings.HasSuffix(base, "_seconds") {
			t.Errorf("there is no metric %s", name)
		}
	}
	return named
}

func TestAlertsNameMetricsThatExist(t *testing.T) {
	var rules struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(read(t, "observability/alerts.yaml")), &rules, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if seen[r.Alert] || r.Expr == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("the rule %q stands twice, or lacks something: %+v", r.Alert, r)
			}
			seen[r.Alert] = true
			if known(t, r.Expr) == 0 && r.Alert != "AdsyncbotDown" {
				t.Errorf("%s is about none of our metrics", r.Alert)
			}
		}
	}
	if len(seen) == 0 {
		t.Error("there are no rules")
	}
}

func TestTheDashboardNamesMetricsThatExist(t *testing.T) {
	var board struct {
		Panels []struct {
			ID      int    `json:"id"`
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	text := read(t, "observability/grafana.json")
	if err := json.Unmarshal([]byte(text), &board); err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d (%s) stands twice or shows nothing", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			if known(t, target.Expr) == 0 {
				t.Errorf("%s shows none of our metrics: %s", p.Title, target.Expr)
			}
		}
	}
	for name := range metrics(t) {
		if !strings.Contains(text, name) {
			t.Errorf("no panel shows %s", name)
		}
	}
}
