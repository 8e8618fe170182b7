package app

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/adsyncbot/adsyncbot/commands"
)

func TestSchemaAcceptsWhatTheProgramAccepts(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(instance); err != nil {
		t.Error(err)
	}
}

func TestSchemaKnowsEveryKey(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "", doc, reflect.TypeFor[Config]())
	grant := at(doc, "properties", "grants", "items", "properties", "commands", "items", "enum")
	words := []any{commands.Everything}
	for _, w := range commands.Grantable() {
		words = append(words, w)
	}
	if !reflect.DeepEqual(grant, any(words)) {
		t.Errorf("commands a grant may name: %v, want %v", grant, words)
	}
}

// compare holds a schema against a type, key by key.
func compare(t *testing.T, path string, schema any, typ reflect.Type) {
	t.Helper()
	switch typ.Kind() {
	case reflect.Slice:
		compare(t, path+"[]", at(schema, "items"), typ.Elem())
	case reflect.Map:
		compare(t, path+".*", at(schema, "additionalProperties"), typ.Elem())
	case reflect.Struct:
		known, _ := at(schema, "properties").(map[string]any)
		fields := keys(typ)
		if got, want := slices.Sorted(maps.Keys(known)), slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
			t.Errorf("keys of %q: schema %v, program %v", path, got, want)
		}
		for name, field := range fields {
			compare(t, path+"."+name, known[name], field)
		}
	default:
	}
}

func at(schema any, path ...string) any {
	for _, key := range path {
		m, _ := schema.(map[string]any)
		schema = m[key]
	}
	return schema
}
