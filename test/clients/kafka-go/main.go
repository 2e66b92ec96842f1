// segmentio/kafka-go behind the command line of test/clients/command-client.ts. It has no idempotent producers.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

var ctx = context.Background()

// A reader that is closed waits for its last fetch.
const wait = 200 * time.Millisecond

func main() {
	args := os.Args[1:]
	commands := map[string]func([]string){
		"create": create, "produce": produce, "consume": consume, "group-read": groupRead, "join": join, "offset-at": offsetAt,
	}
	commands[args[0]](args[1:])
}

func create(args []string) {
	connection, err := kafka.Dial("tcp", args[0])
	must(err)
	must(connection.CreateTopics(kafka.TopicConfig{Topic: args[1], NumPartitions: number(args[2]), ReplicationFactor: -1}))
	must(connection.Close())
}

func produce(args []string) {
	codecs := map[string]kafka.Compression{
		"none": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd,
	}
	writer := &kafka.Writer{
		Addr: kafka.TCP(args[0]), Topic: args[1], RequiredAcks: kafka.RequireAll, Compression: codecs[args[2]],
		Balancer:   kafka.BalancerFunc(func(kafka.Message, ...int) int { return 0 }),
		BatchBytes: 1_048_588, BatchTimeout: 10 * time.Millisecond,
	}
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	var messages []kafka.Message
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			message := kafka.Message{Key: field(fields[0]), Value: field(fields[1])}
			if fields[2] != "" {
				for _, header := range strings.Split(fields[2], ";") {
					name, value, _ := strings.Cut(header, ":")
					message.Headers = append(message.Headers, kafka.Header{Key: string(decode(name)), Value: decode(value)})
				}
			}
			messages = append(messages, message)
		}
		if err == io.EOF {
			break
		}
		must(err)
	}
	must(writer.WriteMessages(ctx, messages...))
	must(writer.Close())
}

func consume(args []string) {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{args[0]}, Topic: args[1], MaxBytes: 10_000_000, MaxWait: wait})
	must(reader.SetOffset(int64(number(args[3]))))
	show(reader, number(args[2]))
	must(reader.Close())
}

func groupRead(args []string) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{args[0]}, GroupID: args[2], Topic: args[1], MaxBytes: 10_000_000, MaxWait: wait, StartOffset: kafka.FirstOffset,
	})
	last := show(reader, number(args[3]))
	must(reader.CommitMessages(ctx, last))
	must(reader.Close())
}

// join uses the lower-level group: a Reader does not tell its partitions.
func join(args []string) {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: args[2], Brokers: []string{args[0]}, Topics: []string{args[1]}, StartOffset: kafka.FirstOffset,
		SessionTimeout: 6 * time.Second, HeartbeatInterval: 500 * time.Millisecond,
	})
	must(err)
	ended, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	var lock sync.Mutex
	say := func(words ...any) {
		lock.Lock()
		defer lock.Unlock()
		fmt.Println(words...)
	}
	for {
		generation, err := group.Next(ended)
		if errors.Is(err, context.Canceled) {
			break
		}
		must(err)
		var list []string
		for _, assigned := range generation.Assignments[args[1]] {
			list = append(list, strconv.Itoa(assigned.ID))
			generation.Start(func(over context.Context) { follow(over, args, generation, assigned, say) })
		}
		say("assigned", strings.Join(list, ","))
	}
	must(group.Close())
}

// follow reads a partition and commits each record until the generation is over.
func follow(over context.Context, args []string, generation *kafka.Generation, from kafka.PartitionAssignment, say func(...any)) {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{args[0]}, Topic: args[1], Partition: from.ID, MaxWait: wait})
	defer reader.Close()
	must(reader.SetOffset(from.Offset))
	for {
		message, err := reader.ReadMessage(over)
		if over.Err() != nil {
			return
		}
		must(err)
		say("read", message.Partition, message.Offset)
		if err := generation.CommitOffsets(map[string]map[int]int64{args[1]: {from.ID: message.Offset + 1}}); over.Err() == nil {
			must(err)
		}
	}
}

func offsetAt(args []string) {
	timestamp, err := strconv.ParseInt(args[2], 10, 64)
	must(err)
	connection, err := kafka.DialLeader(ctx, "tcp", args[0], args[1], 0)
	must(err)
	offset, err := connection.ReadOffset(time.UnixMilli(timestamp))
	must(err)
	fmt.Println(offset)
	must(connection.Close())
}

// show prints exactly so many records; the last of them.
func show(reader *kafka.Reader, count int) kafka.Message {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var last kafka.Message
	for left := count; left > 0; left-- {
		message, err := reader.FetchMessage(ctx)
		must(err)
		last = message
		var headers []string
		for _, header := range message.Headers {
			headers = append(headers, encode([]byte(header.Key))+":"+encode(header.Value))
		}
		fmt.Fprintf(out, "%d\t%s\t%s\t%s\n", message.Offset, text(message.Key), text(message.Value), strings.Join(headers, ";"))
	}
	return last
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
	must(err)
	if bytes == nil {
		bytes = []byte{}
	}
	return bytes
}

func encode(bytes []byte) string { return base64.StdEncoding.EncodeToString(bytes) }

func number(text string) int {
	value, err := strconv.Atoi(text)
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
