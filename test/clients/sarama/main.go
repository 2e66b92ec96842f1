// sarama behind the command line of test/clients/command-client.ts.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

var ctx = context.Background()

func main() {
	args := os.Args[1:]
	commands := map[string]func([]string){
		"create": create, "produce": produce, "consume": consume, "group-read": groupRead, "join": join, "offset-at": offsetAt,
	}
	commands[args[0]](args[1:])
}

func settings() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.ClientID = "sarama"
	config.Consumer.Return.Errors = true
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	return config
}

func create(args []string) {
	admin, err := sarama.NewClusterAdmin([]string{args[0]}, settings())
	must(err)
	must(admin.CreateTopic(args[1], &sarama.TopicDetail{NumPartitions: int32(number(args[2])), ReplicationFactor: -1}, false))
	must(admin.Close())
}

func produce(args []string) {
	codecs := map[string]sarama.CompressionCodec{
		"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
		"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
	}
	config := settings()
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Return.Successes = true
	config.Producer.MaxMessageBytes = 1_048_588
	config.Producer.Compression = codecs[args[2]]
	config.Net.MaxOpenRequests = 1
	config.Producer.Idempotent = args[3] == "true"
	producer, err := sarama.NewSyncProducer([]string{args[0]}, config)
	must(err)
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	var messages []*sarama.ProducerMessage
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			message := &sarama.ProducerMessage{Topic: args[1], Key: field(fields[0]), Value: field(fields[1])}
			if fields[2] != "" {
				for _, header := range strings.Split(fields[2], ";") {
					name, value, _ := strings.Cut(header, ":")
					message.Headers = append(message.Headers, sarama.RecordHeader{Key: decode(name), Value: decode(value)})
				}
			}
			messages = append(messages, message)
		}
		if err == io.EOF {
			break
		}
		must(err)
	}
	must(producer.SendMessages(messages))
	must(producer.Close())
}

func consume(args []string) {
	consumer, err := sarama.NewConsumer([]string{args[0]}, settings())
	must(err)
	partition, err := consumer.ConsumePartition(args[1], 0, int64(number(args[3])))
	must(err)
	out := bufio.NewWriter(os.Stdout)
	for left := number(args[2]); left > 0; left-- {
		select {
		case message := <-partition.Messages():
			show(out, message)
		case err := <-partition.Errors():
			must(err)
		}
	}
	must(out.Flush())
	must(consumer.Close())
}

// reader reads so many records in a group, commits behind the last, and leaves.
type reader struct {
	left int
	out  *bufio.Writer
	done context.CancelFunc
}

func (*reader) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*reader) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (r *reader) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		show(r.out, message)
		if r.left--; r.left == 0 {
			session.MarkMessage(message, "by sarama")
			session.Commit()
			r.done()
			return nil
		}
	}
	return nil
}

func groupRead(args []string) {
	group, err := sarama.NewConsumerGroup([]string{args[0]}, args[2], settings())
	must(err)
	failOnErrors(group)
	ended, stop := context.WithCancel(ctx)
	read := &reader{left: number(args[3]), out: bufio.NewWriter(os.Stdout), done: stop}
	for ended.Err() == nil {
		consumed(group.Consume(ended, []string{args[1]}, read))
	}
	must(read.out.Flush())
	must(group.Close())
}

// member tells what it has and reads, and commits each record.
type member struct {
	topic string
	lock  sync.Mutex
}

func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	var list []string
	for _, partition := range session.Claims()[m.topic] {
		list = append(list, strconv.Itoa(int(partition)))
	}
	sort.Strings(list)
	m.say("assigned", strings.Join(list, ","))
	return nil
}

func (m *member) Cleanup(sarama.ConsumerGroupSession) error {
	m.say("assigned")
	return nil
}

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		m.say("read", message.Partition, message.Offset)
		session.MarkMessage(message, "")
		session.Commit()
	}
	return nil
}

func (m *member) say(words ...any) {
	m.lock.Lock()
	defer m.lock.Unlock()
	fmt.Println(words...)
}

func join(args []string) {
	group, err := sarama.NewConsumerGroup([]string{args[0]}, args[2], settings())
	must(err)
	failOnErrors(group)
	ended, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	for ended.Err() == nil {
		consumed(group.Consume(ended, []string{args[1]}, &member{topic: args[1]}))
	}
	must(group.Close())
}

func offsetAt(args []string) {
	client, err := sarama.NewClient([]string{args[0]}, settings())
	must(err)
	timestamp, err := strconv.ParseInt(args[2], 10, 64)
	must(err)
	offset, err := client.GetOffset(args[1], 0, timestamp)
	must(err)
	fmt.Println(offset)
	must(client.Close())
}

func failOnErrors(group sarama.ConsumerGroup) {
	go func() {
		for err := range group.Errors() {
			consumed(err)
		}
	}()
}

// consumed lets pass how a session ends when its group is left or rebalances.
func consumed(err error) {
	if !errors.Is(err, sarama.ErrClosedConsumerGroup) && !errors.Is(err, context.Canceled) {
		must(err)
	}
}

func show(out io.Writer, message *sarama.ConsumerMessage) {
	var headers []string
	for _, header := range message.Headers {
		headers = append(headers, encode(header.Key)+":"+encode(header.Value))
	}
	_, err := fmt.Fprintf(out, "%d\t%s\t%s\t%s\n", message.Offset, text(message.Key), text(message.Value), strings.Join(headers, ";"))
	must(err)
}

func field(shown string) sarama.Encoder {
	if shown == "-" {
		return nil
	}
	return sarama.ByteEncoder(decode(shown[1:]))
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
