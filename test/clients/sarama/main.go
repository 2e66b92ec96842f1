// sarama behind the command line of test/clients/command-client.ts.
package main

import (
	"bufio"
	"context"
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
	"weft/test/clients/lines"
)

var ctx = context.Background()

func main() {
	lines.Run(map[string]func([]string){
		"create": create, "produce": produce, "consume": consume, "group-read": groupRead, "join": join, "offset-at": offsetAt,
	})
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
	lines.Must(err)
	lines.Must(admin.CreateTopic(args[1], &sarama.TopicDetail{NumPartitions: int32(lines.Number(args[2])), ReplicationFactor: -1}, false))
	lines.Must(admin.Close())
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
	lines.Must(err)
	var messages []*sarama.ProducerMessage
	for _, record := range lines.Read(os.Stdin) {
		message := &sarama.ProducerMessage{Topic: args[1], Key: encoder(record.Key), Value: encoder(record.Value)}
		for _, header := range record.Headers {
			message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(header.Name), Value: header.Value})
		}
		messages = append(messages, message)
	}
	lines.Must(producer.SendMessages(messages))
	lines.Must(producer.Close())
}

func consume(args []string) {
	consumer, err := sarama.NewConsumer([]string{args[0]}, settings())
	lines.Must(err)
	partition, err := consumer.ConsumePartition(args[1], 0, int64(lines.Number(args[3])))
	lines.Must(err)
	out := bufio.NewWriter(os.Stdout)
	for left := lines.Number(args[2]); left > 0; left-- {
		select {
		case message := <-partition.Messages():
			show(out, message)
		case err := <-partition.Errors():
			lines.Must(err)
		}
	}
	lines.Must(out.Flush())
	lines.Must(consumer.Close())
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
	lines.Must(err)
	failOnErrors(group)
	ended, stop := context.WithCancel(ctx)
	read := &reader{left: lines.Number(args[3]), out: bufio.NewWriter(os.Stdout), done: stop}
	for ended.Err() == nil {
		consumed(group.Consume(ended, []string{args[1]}, read))
	}
	lines.Must(read.out.Flush())
	lines.Must(group.Close())
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
	lines.Must(err)
	failOnErrors(group)
	ended, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	for ended.Err() == nil {
		consumed(group.Consume(ended, []string{args[1]}, &member{topic: args[1]}))
	}
	lines.Must(group.Close())
}

func offsetAt(args []string) {
	client, err := sarama.NewClient([]string{args[0]}, settings())
	lines.Must(err)
	timestamp, err := strconv.ParseInt(args[2], 10, 64)
	lines.Must(err)
	offset, err := client.GetOffset(args[1], 0, timestamp)
	lines.Must(err)
	fmt.Println(offset)
	lines.Must(client.Close())
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
		lines.Must(err)
	}
}

func show(out io.Writer, message *sarama.ConsumerMessage) {
	record := lines.Record{Key: message.Key, Value: message.Value}
	for _, header := range message.Headers {
		record.Headers = append(record.Headers, lines.Header{Name: string(header.Key), Value: header.Value})
	}
	lines.Write(out, message.Offset, record)
}

// encoder is nil where bytes are: an encoder of no bytes would be an empty key or value.
func encoder(bytes []byte) sarama.Encoder {
	if bytes == nil {
		return nil
	}
	return sarama.ByteEncoder(bytes)
}
