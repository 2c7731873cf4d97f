// Command sops-oracle answers what SOPS would do, one JSON question a line on stdin, one JSON answer a line on stdout.
// It runs SOPS' own packages the way its command line does, without a process for each file, so that tens of thousands
// of files can be compared. Identities come from the environment, as for sops. A recipient that does not begin with "age"
// is the fingerprint of a PGP key. Whether a regular expression finds something in each of several texts it says by a
// byte for each: 1 or 0.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	"github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/cmd/sops/common"
	"github.com/getsops/sops/v3/cmd/sops/formats"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/keyservice"
	"github.com/getsops/sops/v3/logging"
	"github.com/getsops/sops/v3/pgp"
	"github.com/getsops/sops/v3/version"
	"github.com/sirupsen/logrus"
)

type question struct {
	Do        string     `json:"do"`
	In        string     `json:"in"`
	Out       string     `json:"out"`
	Bytes     []byte     `json:"bytes"`
	Selector  string     `json:"selector"`
	Text      string     `json:"text"`
	MacOnly   bool       `json:"mac_only_encrypted"`
	Groups    [][]string `json:"groups"`
	Threshold int        `json:"threshold"`
	Indent    *int       `json:"indent"`
	Texts     []string   `json:"texts"`
}

type answer struct {
	Bytes []byte `json:"bytes"`
	Error string `json:"error,omitempty"`
}

var services = []keyservice.KeyServiceClient{keyservice.NewLocalClient()}

func (q question) stores() (in, out common.Store) {
	settings := config.NewStoresConfig()
	if q.Indent != nil {
		settings.YAML.Indent = *q.Indent
		settings.JSON.Indent = *q.Indent
		settings.JSONBinary.Indent = *q.Indent
	}
	store := func(name string) common.Store {
		return common.StoreForFormat(formats.FormatFromString(name), settings)
	}
	return store(q.In), store(q.Out)
}

func masterKey(recipient string) (keys.MasterKey, error) {
	if strings.HasPrefix(recipient, "age") {
		return age.MasterKeyFromRecipient(recipient)
	}
	return pgp.NewMasterKeyFromFingerprint(recipient), nil
}

func (q question) metadata() (sops.Metadata, error) {
	metadata := sops.Metadata{Version: version.Version, ShamirThreshold: q.Threshold, MACOnlyEncrypted: q.MacOnly}
	for _, recipients := range q.Groups {
		var group sops.KeyGroup
		for _, recipient := range recipients {
			key, err := masterKey(recipient)
			if err != nil {
				return metadata, err
			}
			group = append(group, key)
		}
		metadata.KeyGroups = append(metadata.KeyGroups, group)
	}
	switch q.Selector {
	case "unencrypted_suffix":
		metadata.UnencryptedSuffix = q.Text
	case "encrypted_suffix":
		metadata.EncryptedSuffix = q.Text
	case "unencrypted_regex":
		metadata.UnencryptedRegex = q.Text
	case "encrypted_regex":
		metadata.EncryptedRegex = q.Text
	case "unencrypted_comment_regex":
		metadata.UnencryptedCommentRegex = q.Text
	case "encrypted_comment_regex":
		metadata.EncryptedCommentRegex = q.Text
	case "":
	default:
		return metadata, fmt.Errorf("no selector %q", q.Selector)
	}
	return metadata, nil
}

func (q question) encrypt() ([]byte, error) {
	in, out := q.stores()
	branches, err := in.LoadPlainFile(q.Bytes)
	if err != nil {
		return nil, err
	}
	if len(branches) < 1 {
		return nil, errors.New("no document")
	}
	if out.HasSopsTopLevelKey(branches[0]) {
		return nil, errors.New("already encrypted")
	}
	metadata, err := q.metadata()
	if err != nil {
		return nil, err
	}
	tree := sops.Tree{Branches: branches, Metadata: metadata}
	key, errs := tree.GenerateDataKeyWithKeyServices(services)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	if err := common.EncryptTree(common.EncryptTreeOpts{DataKey: key, Tree: &tree, Cipher: aes.NewCipher()}); err != nil {
		return nil, err
	}
	return out.EmitEncryptedFile(tree)
}

func (q question) open() (sops.TreeBranches, error) {
	in, _ := q.stores()
	tree, err := in.LoadEncryptedFile(q.Bytes)
	if err != nil {
		return nil, err
	}
	opts := common.DecryptTreeOpts{Tree: &tree, KeyServices: services, Cipher: aes.NewCipher()}
	_, err = common.DecryptTree(opts)
	return tree.Branches, err
}

func (q question) read() (sops.TreeBranches, error) {
	in, _ := q.stores()
	branches, err := in.LoadPlainFile(q.Bytes)
	if err == nil && len(branches) < 1 {
		return nil, errors.New("no document")
	}
	return branches, err
}

func (q question) decrypt() ([]byte, error) {
	branches, err := q.open()
	if err != nil {
		return nil, err
	}
	_, out := q.stores()
	return out.EmitPlainFile(branches)
}

func (q question) convert() ([]byte, error) {
	branches, err := q.read()
	if err != nil {
		return nil, err
	}
	_, out := q.stores()
	return out.EmitPlainFile(branches)
}

// The values of a file without its comments, a line for each: its path, and the bytes that the MAC would cover.
func leaves(branches sops.TreeBranches, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	lines := json.NewEncoder(&out)
	var walk func(path []string, value any) error
	walk = func(path []string, value any) error {
		below := func(step string, value any) error { return walk(append(path[:len(path):len(path)], step), value) }
		switch value := value.(type) {
		case sops.TreeBranch:
			for _, item := range value {
				if _, comment := item.Key.(sops.Comment); comment {
					continue
				}
				if err := below(fmt.Sprint(item.Key), item.Value); err != nil {
					return err
				}
			}
			return nil
		case []any:
			number := 0
			for _, item := range value {
				if _, comment := item.(sops.Comment); comment {
					continue
				}
				if err := below(strconv.Itoa(number), item); err != nil {
					return err
				}
				number++
			}
			return nil
		case nil:
			return lines.Encode([]any{path, nil})
		default:
			bytes, err := sops.ToBytes(value)
			if err != nil {
				return err
			}
			return lines.Encode([]any{path, bytes})
		}
	}
	for _, branch := range branches {
		if err := walk(nil, branch); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func (q question) leavesOfPlain() ([]byte, error) { return leaves(q.read()) }

func (q question) leavesOfEncrypted() ([]byte, error) { return leaves(q.open()) }

func (q question) match() ([]byte, error) {
	expression, err := regexp.Compile(q.Text)
	if err != nil {
		return nil, err
	}
	found := make([]byte, len(q.Texts))
	for number, text := range q.Texts {
		if expression.MatchString(text) {
			found[number] = 1
		}
	}
	return found, nil
}

// A panic is an answer too: the program would end there.
func (q question) answer() (a answer) {
	defer func() {
		if cause := recover(); cause != nil {
			a = answer{Error: fmt.Sprintf("panic: %v", cause)}
		}
	}()
	do := map[string]func() ([]byte, error){
		"encrypt": q.encrypt, "decrypt": q.decrypt, "convert": q.convert, "match": q.match,
		"leaves of plain": q.leavesOfPlain, "leaves of encrypted": q.leavesOfEncrypted,
	}[q.Do]
	if do == nil {
		return answer{Error: fmt.Sprintf("no question %q", q.Do)}
	}
	bytes, err := do()
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Bytes: bytes}
}

func run(in io.Reader, out io.Writer) error {
	questions, answers := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var q question
		if err := questions.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := answers.Encode(q.answer()); err != nil {
			return err
		}
	}
}

func main() {
	logging.SetLevel(logrus.FatalLevel)
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sops-oracle:", err)
		os.Exit(1)
	}
}
