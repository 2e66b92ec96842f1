// franz-go behind the command line of test/clients/command-client.ts.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"weft/test/clients/lines"
)

var ctx = context.Background()

func main() {
	lines.Run(map[string]func([]string){
		"create": create, "produce": produce, "consume": consume, "group-read": groupRead, "join": join, "offset-at": offsetAt,
	})
}

func create(args []string) {
	client := open(args[0])
	_, err := kadm.NewClient(client).CreateTopic(ctx, int32(lines.Number(args[2])), -1, nil, args[1])
	lines.Must(err)
	client.Close()
}

func produce(args []string) {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	options := []kgo.Opt{
		kgo.ProducerBatchCompression(codecs[args[2]]), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchMaxBytes(1_048_588),
	}
	if args[3] != "true" {
		options = append(options, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(1))
	}
	client := open(args[0], options...)
	for _, record := range lines.Read(os.Stdin) {
		sent := &kgo.Record{Topic: args[1], Key: record.Key, Value: record.Value}
		for _, header := range record.Headers {
			sent.Headers = append(sent.Headers, kgo.RecordHeader{Key: header.Name, Value: header.Value})
		}
		client.Produce(ctx, sent, func(_ *kgo.Record, err error) { lines.Must(err) })
	}
	lines.Must(client.Flush(ctx))
	client.Close()
}

func consume(args []string) {
	start := map[string]map[int32]kgo.Offset{args[1]: {0: kgo.NewOffset().At(int64(lines.Number(args[3])))}}
	client := open(args[0], kgo.ConsumePartitions(start))
	show(client, lines.Number(args[2]))
	client.Close()
}

func groupRead(args []string) {
	client := open(args[0], kgo.ConsumerGroup(args[2]), kgo.ConsumeTopics(args[1]), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	last := show(client, lines.Number(args[3]))
	lines.Must(client.CommitRecords(ctx, last))
	client.Close()
}

func join(args []string) {
	var lock sync.Mutex
	has := map[int32]bool{}
	change := func(assigned bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, changed map[string][]int32) {
			lock.Lock()
			defer lock.Unlock()
			for _, partition := range changed[args[1]] {
				has[partition] = assigned
			}
			var list []string
			for partition, held := range has {
				if held {
					list = append(list, strconv.Itoa(int(partition)))
				}
			}
			sort.Strings(list)
			fmt.Println("assigned", strings.Join(list, ","))
		}
	}
	client := open(args[0], kgo.ConsumerGroup(args[2]), kgo.ConsumeTopics(args[1]), kgo.HeartbeatInterval(500*time.Millisecond),
		kgo.SessionTimeout(6*time.Second), kgo.DisableAutoCommit(), kgo.OnPartitionsAssigned(change(true)), kgo.OnPartitionsRevoked(change(false)),
		kgo.OnPartitionsLost(change(false)), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	ended, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	for ended.Err() == nil {
		fetches := client.PollFetches(ended)
		fetches.EachRecord(func(record *kgo.Record) { fmt.Println("read", record.Partition, record.Offset) })
		if !fetches.Empty() {
			lines.Must(client.CommitUncommittedOffsets(ctx))
		}
	}
	client.Close()
}

func offsetAt(args []string) {
	client := open(args[0])
	timestamp, err := strconv.ParseInt(args[2], 10, 64)
	lines.Must(err)
	offsets, err := kadm.NewClient(client).ListOffsetsAfterMilli(ctx, timestamp, args[1])
	lines.Must(err)
	found, _ := offsets.Lookup(args[1], 0)
	fmt.Println(found.Offset)
	client.Close()
}

// show prints exactly so many records; the last of them.
func show(client *kgo.Client, count int) *kgo.Record {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var last *kgo.Record
	for left := count; left > 0; {
		fetches := client.PollFetches(ctx)
		fetches.EachError(func(_ string, _ int32, err error) { lines.Must(err) })
		fetches.EachRecord(func(record *kgo.Record) {
			if left == 0 {
				return
			}
			left--
			last = record
			shown := lines.Record{Key: record.Key, Value: record.Value}
			for _, header := range record.Headers {
				shown.Headers = append(shown.Headers, lines.Header{Name: header.Key, Value: header.Value})
			}
			lines.Write(out, record.Offset, shown)
		})
	}
	return last
}

func open(bootstrap string, options ...kgo.Opt) *kgo.Client {
	options = append(options, kgo.SeedBrokers(bootstrap), kgo.RetryTimeout(60*time.Second))
	if config := tlsConfig(); config != nil {
		options = append(options, kgo.DialTLSConfig(config))
	}
	client, err := kgo.NewClient(options...)
	lines.Must(err)
	return client
}

// tlsConfig of the environment (test/clients/tls-options.ts); nil: plaintext.
func tlsConfig() *tls.Config {
	path, given := os.LookupEnv("WEFT_TEST_TLS_CA")
	if !given {
		return nil
	}
	ca, err := os.ReadFile(path)
	lines.Must(err)
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(ca)
	own, err := tls.LoadX509KeyPair(os.Getenv("WEFT_TEST_TLS_CERTIFICATE"), os.Getenv("WEFT_TEST_TLS_KEY"))
	lines.Must(err)
	return &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{own}}
}
