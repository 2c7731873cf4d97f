// Command yaml-oracle reads YAML documents from stdin and writes them re-encoded, comments included, as SOPS would:
// decoded to nodes and encoded with an indent of four. Comparing with it tells whether an emitter is go-yaml's equal.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"
)

func run(in io.Reader, out io.Writer) error {
	decoder := yaml.NewDecoder(in)
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(4)
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return encoder.Close()
		} else if err != nil {
			return err
		}
		if err := encoder.Encode(&document); err != nil {
			return err
		}
	}
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "yaml-oracle:", err)
		os.Exit(1)
	}
}
