// Command age-vectors writes the test vectors of the age format (C2SP CCTV) into the directory it is given, a file each.
// Those that are published compressed are written as they are before.
package main

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	agetest "c2sp.org/CCTV/age"
)

const compressed = "compressed: zlib\n"

// inflate undoes the compression of a vector: a header of lines, an empty line, the file.
func inflate(vector []byte) ([]byte, error) {
	header, body, found := bytes.Cut(vector, []byte("\n\n"))
	if !found {
		return nil, errors.New("no header")
	}
	header = append(bytes.Clone(header), '\n')
	if !bytes.Contains(header, []byte(compressed)) {
		return vector, nil
	}
	reader, err := zlib.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	body, err = io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	header = bytes.Replace(header, []byte(compressed), nil, 1)
	return append(append(header, '\n'), body...), nil
}

func run(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("expected one directory")
	}
	vectors, err := fs.ReadDir(agetest.Vectors, ".")
	if err != nil {
		return err
	}
	for _, vector := range vectors {
		contents, err := fs.ReadFile(agetest.Vectors, vector.Name())
		if err != nil {
			return err
		}
		contents, err = inflate(contents)
		if err != nil {
			return fmt.Errorf("%s: %w", vector.Name(), err)
		}
		if err := os.WriteFile(filepath.Join(arguments[0], vector.Name()), contents, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "age-vectors:", err)
		os.Exit(1)
	}
}
