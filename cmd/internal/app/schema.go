package app

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema returns a JSON Schema of the configuration file, for editors. The program's own checks go further.
func Schema() []byte { return schema }
