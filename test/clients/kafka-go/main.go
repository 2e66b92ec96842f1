// segmentio/kafka-go behind the command line of test/clients/command-client.ts. It has no idempotent producers.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"weft/test/clients/lines"
)

var ctx = context.Background()

// A reader that is closed waits for its last fetch.
const wait = 200 * time.Millisecond

func main() {
	lines.Run(map[string]func([]string){
		"create": create, "produce": produce, "consume": consume, "group-read": groupRead, "join": join, "offset-at": offsetAt,
	})
}

func create(args []string) {
	connection, err := kafka.Dial("tcp", args[0])
	lines.Must(err)
	lines.Must(connection.CreateTopics(kafka.TopicConfig{Topic: args[1], NumPartitions: lines.Number(args[2]), ReplicationFactor: -1}))
	lines.Must(connection.Close())
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
	var messages []kafka.Message
	for _, record := range lines.Read(os.Stdin) {
		message := kafka.Message{Key: record.Key, Value: record.Value}
		for _, header := range record.Headers {
			message.Headers = append(message.Headers, kafka.Header{Key: header.Name, Value: header.Value})
		}
		messages = append(messages, message)
	}
	lines.Must(writer.WriteMessages(ctx, messages...))
	lines.Must(writer.Close())
}

func consume(args []string) {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{args[0]}, Topic: args[1], MaxBytes: 10_000_000, MaxWait: wait})
	lines.Must(reader.SetOffset(int64(lines.Number(args[3]))))
	show(reader, lines.Number(args[2]))
	lines.Must(reader.Close())
}

func groupRead(args []string) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{args[0]}, GroupID: args[2], Topic: args[1], MaxBytes: 10_000_000, MaxWait: wait, StartOffset: kafka.FirstOffset,
	})
	last := show(reader, lines.Number(args[3]))
	lines.Must(reader.CommitMessages(ctx, last))
	lines.Must(reader.Close())
}

// join uses the lower-level group: a Reader does not tell its partitions.
func join(args []string) {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: args[2], Brokers: []string{args[0]}, Topics: []string{args[1]}, StartOffset: kafka.FirstOffset,
		SessionTimeout: 6 * time.Second, HeartbeatInterval: 500 * time.Millisecond,
	})
	lines.Must(err)
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
		lines.Must(err)
		var list []string
		for _, assigned := range generation.Assignments[args[1]] {
			list = append(list, strconv.Itoa(assigned.ID))
			generation.Start(func(over context.Context) { follow(over, args, generation, assigned, say) })
		}
		say("assigned", strings.Join(list, ","))
	}
	lines.Must(group.Close())
}

// follow reads a partition and commits each record until the generation is over.
func follow(over context.Context, args []string, generation *kafka.Generation, from kafka.PartitionAssignment, say func(...any)) {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{args[0]}, Topic: args[1], Partition: from.ID, MaxWait: wait})
	defer reader.Close()
	lines.Must(reader.SetOffset(from.Offset))
	for {
		message, err := reader.ReadMessage(over)
		if over.Err() != nil {
			return
		}
		lines.Must(err)
		say("read", message.Partition, message.Offset)
		if err := generation.CommitOffsets(map[string]map[int]int64{args[1]: {from.ID: message.Offset + 1}}); over.Err() == nil {
			lines.Must(err)
		}
	}
}

func offsetAt(args []string) {
	timestamp, err := strconv.ParseInt(args[2], 10, 64)
	lines.Must(err)
	connection, err := kafka.DialLeader(ctx, "tcp", args[0], args[1], 0)
	lines.Must(err)
	offset, err := connection.ReadOffset(time.UnixMilli(timestamp))
	lines.Must(err)
	fmt.Println(offset)
	lines.Must(connection.Close())
}

// show prints exactly so many records; the last of them.
func show(reader *kafka.Reader, count int) kafka.Message {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var last kafka.Message
	for left := count; left > 0; left-- {
		message, err := reader.FetchMessage(ctx)
		lines.Must(err)
		last = message
		record := lines.Record{Key: message.Key, Value: message.Value}
		for _, header := range message.Headers {
			record.Headers = append(record.Headers, lines.Header{Name: header.Key, Value: header.Value})
		}
		lines.Write(out, message.Offset, record)
	}
	return last
}
