// Command template-oracle renders templates with Go's text/template and Sprig, as the Sealed Secrets controller does:
// one JSON request a line on stdin, one JSON answer a line on stdout. Bytes travel as base64, for values may be binary.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

type request struct {
	Template []byte            `json:"template"`
	Values   map[string][]byte `json:"values"`
	Option   string            `json:"option"`
	Left     string            `json:"left"`
	Right    string            `json:"right"`
}

type answer struct {
	Output []byte `json:"output"`
	Error  string `json:"error,omitempty"`
}

func functions() template.FuncMap {
	functions := sprig.GenericFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(functions, name)
	}
	return functions
}

// What the tests ask about certificates beside.
func checks() template.FuncMap {
	return template.FuncMap{"verify": verify, "pair": pair}
}

func verify(authority, leaf, name string) (string, error) {
	root, err := read(authority)
	if err != nil {
		return "", err
	}
	certificate, err := read(leaf)
	if err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	// The two may come from programs with different clocks.
	at := certificate.NotBefore.Add(time.Second)
	if at.Before(root.NotBefore) {
		at = root.NotBefore.Add(time.Second)
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	_, err = certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: at, KeyUsages: usages})
	return "verified " + certificate.Subject.CommonName, err
}

func read(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

func pair(certificate, key string) (string, error) {
	_, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	return "paired", err
}

// What a program allocates or panics with belongs to the answer: the comparison needs a verdict on every template.
func render(asked request, functions template.FuncMap) (answered answer) {
	defer func() {
		if cause := recover(); cause != nil {
			answered = answer{Error: fmt.Sprint("panic: ", cause)}
		}
	}()
	parsed := template.New("key").Delims(asked.Left, asked.Right).Funcs(functions).Funcs(checks())
	if asked.Option != "" {
		parsed = parsed.Option(asked.Option)
	}
	parsed, err := parsed.Parse(string(asked.Template))
	if err != nil {
		return answer{Error: err.Error()}
	}
	values := make(map[string]string, len(asked.Values))
	for key, value := range asked.Values {
		values[key] = string(value)
	}
	var output bytes.Buffer
	if err := parsed.Execute(&output, values); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Output: output.Bytes()}
}

func run(in io.Reader, out io.Writer) error {
	time.Local = time.UTC
	functions := functions()
	decoder := json.NewDecoder(bufio.NewReader(in))
	buffered := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffered)
	for {
		var asked request
		if err := decoder.Decode(&asked); errors.Is(err, io.EOF) {
			return buffered.Flush()
		} else if err != nil {
			return err
		}
		if err := encoder.Encode(render(asked, functions)); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--functions" {
		for name := range functions() {
			fmt.Println(name)
		}
		return
	}
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "template-oracle:", err)
		os.Exit(1)
	}
}
