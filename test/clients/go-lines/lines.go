// Package lines is what the Go clients of test/clients have in common: the command line of command-client.ts and the line format
// of records.ts.
package lines

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Header of a record.
type Header struct {
	Name  string
	Value []byte
}

// Record whose key and value are nil where they are null.
type Record struct {
	Key     []byte
	Value   []byte
	Headers []Header
}

// Run runs the command that the command line begins with.
func Run(commands map[string]func([]string)) {
	commands[os.Args[1]](os.Args[2:])
}

// Read reads records, a line each, to the end.
func Read(in io.Reader) []Record {
	var records []Record
	input := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := input.ReadString('\n')
		if line != "" {
			records = append(records, parse(strings.TrimSuffix(line, "\n")))
		}
		if err == io.EOF {
			return records
		}
		Must(err)
	}
}

// Write writes a record and its offset as one line.
func Write(out io.Writer, offset int64, record Record) {
	var headers []string
	for _, header := range record.Headers {
		headers = append(headers, encode([]byte(header.Name))+":"+encode(header.Value))
	}
	_, err := fmt.Fprintf(out, "%d\t%s\t%s\t%s\n", offset, text(record.Key), text(record.Value), strings.Join(headers, ";"))
	Must(err)
}

// Number of a decimal text.
func Number(text string) int {
	value, err := strconv.Atoi(text)
	Must(err)
	return value
}

// Must ends the program with the error, if there is one.
func Must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parse(line string) Record {
	fields := strings.Split(line, "\t")
	record := Record{Key: field(fields[0]), Value: field(fields[1])}
	if fields[2] != "" {
		for _, header := range strings.Split(fields[2], ";") {
			name, value, _ := strings.Cut(header, ":")
			record.Headers = append(record.Headers, Header{Name: string(decode(name)), Value: decode(value)})
		}
	}
	return record
}

func field(shown string) []byte {
	if shown == "-" {
		return nil
	}
	return decode(shown[1:])
}

func text(bytes []byte) string {
	if bytes == nil {
		return "-"
	}
	return "=" + encode(bytes)
}

func decode(text string) []byte {
	bytes, err := base64.StdEncoding.DecodeString(text)
	Must(err)
	if bytes == nil {
		bytes = []byte{}
	}
	return bytes
}

func encode(bytes []byte) string { return base64.StdEncoding.EncodeToString(bytes) }
