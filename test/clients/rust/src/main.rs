//! The rdkafka crate behind the command line of test/clients/command-client.ts.

use base64::{engine::general_purpose::STANDARD, Engine};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{Offset, TopicPartitionList};
use std::io::{self, BufRead, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["create", bootstrap, topic, partitions] => create(bootstrap, topic, partitions.parse().unwrap()),
        ["produce", bootstrap, topic, compression, idempotent] => produce(bootstrap, topic, compression, idempotent),
        ["consume", bootstrap, topic, count, from] => {
            consume(bootstrap, topic, count.parse().unwrap(), from.parse().unwrap())
        }
        ["group-read", bootstrap, topic, group, count] => group_read(bootstrap, topic, group, count.parse().unwrap()),
        ["join", bootstrap, topic, group] => join(bootstrap, topic, group),
        ["offset-at", bootstrap, topic, timestamp] => offset_at(bootstrap, topic, timestamp.parse().unwrap()),
        _ => panic!("unknown command: {args:?}"),
    }
}

fn create(bootstrap: &str, topic: &str, partitions: i32) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", bootstrap).create().unwrap();
    let wanted = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    for made in futures_executor::block_on(admin.create_topics(&[wanted], &AdminOptions::new())).unwrap() {
        made.unwrap();
    }
}

/// Ends the process when a record is not delivered.
struct Delivered;

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): Self::DeliveryOpaque) {
        if let Err((error, _)) = result {
            eprintln!("not delivered: {error}");
            std::process::exit(1);
        }
    }
}

fn produce(bootstrap: &str, topic: &str, compression: &str, idempotent: &str) {
    let producer: BaseProducer<Delivered> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("compression.type", compression)
        .set("enable.idempotence", idempotent)
        .set("acks", "all")
        .set("message.max.bytes", "1048588")
        .create_with_context(Delivered)
        .unwrap();
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let fields: Vec<&str> = line.split('\t').collect();
        let (key, value) = (field(fields[0]), field(fields[1]));
        let mut record: BaseRecord<[u8], [u8]> = BaseRecord::to(topic).partition(0);
        if let Some(key) = &key {
            record = record.key(key.as_slice());
        }
        if let Some(value) = &value {
            record = record.payload(value.as_slice());
        }
        if !fields[2].is_empty() {
            let headers = fields[2].split(';').fold(OwnedHeaders::new(), |headers, header| {
                let (name, value) = header.split_once(':').unwrap();
                let name = String::from_utf8(decode(name)).unwrap();
                headers.insert(Header { key: &name, value: Some(&decode(value)) })
            });
            record = record.headers(headers);
        }
        while let Err((error, unsent)) = producer.send(record) {
            assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
            producer.poll(Duration::from_millis(10));
            record = unsent;
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(Duration::from_secs(60)).unwrap();
}

fn consume(bootstrap: &str, topic: &str, count: usize, from: i64) {
    let consumer = open(bootstrap, topic);
    let mut start = TopicPartitionList::new();
    start.add_partition_offset(topic, 0, Offset::Offset(from)).unwrap();
    consumer.assign(&start).unwrap();
    show(&consumer, count);
}

fn group_read(bootstrap: &str, topic: &str, group: &str, count: usize) {
    let consumer = open(bootstrap, group);
    consumer.subscribe(&[topic]).unwrap();
    let last = show(&consumer, count);
    let mut behind = TopicPartitionList::new();
    behind.add_partition_offset(topic, 0, Offset::Offset(last + 1)).unwrap();
    consumer.commit(&behind, CommitMode::Sync).unwrap();
}

fn join(bootstrap: &str, topic: &str, group: &str) {
    let ended = Arc::new(AtomicBool::new(false));
    let end = ended.clone();
    std::thread::spawn(move || {
        io::stdin().read_to_end(&mut Vec::new()).ok();
        end.store(true, Ordering::Release);
    });
    let consumer = open(bootstrap, group);
    consumer.subscribe(&[topic]).unwrap();
    let mut shown: Option<Vec<i32>> = None;
    while !ended.load(Ordering::Acquire) {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            let message = message.unwrap();
            say(&format!("read {} {}", message.partition(), message.offset()));
            consumer.commit_message(&message, CommitMode::Sync).unwrap();
        }
        let mut has: Vec<i32> =
            consumer.assignment().unwrap().elements().iter().map(|each| each.partition()).collect();
        has.sort_unstable();
        if shown.as_ref() != Some(&has) {
            let list: Vec<String> = has.iter().map(i32::to_string).collect();
            say(&format!("assigned {}", list.join(",")));
            shown = Some(has);
        }
    }
}

fn offset_at(bootstrap: &str, topic: &str, timestamp: i64) {
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition_offset(topic, 0, Offset::Offset(timestamp)).unwrap();
    let found = open(bootstrap, topic).offsets_for_times(wanted, Duration::from_secs(30)).unwrap();
    say(&found.elements()[0].offset().to_raw().unwrap_or(-1).to_string());
}

fn open(bootstrap: &str, group: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "500")
        .create()
        .unwrap()
}

/// Prints exactly so many records; the offset of the last.
fn show(consumer: &BaseConsumer, count: usize) -> i64 {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut last = -1;
    let mut left = count;
    while left > 0 {
        if let Some(message) = consumer.poll(Duration::from_secs(1)) {
            let message = message.unwrap();
            writeln!(out, "{}", line(&message)).unwrap();
            last = message.offset();
            left -= 1;
        }
    }
    out.flush().unwrap();
    last
}

fn line(message: &BorrowedMessage<'_>) -> String {
    let headers: Vec<String> = message
        .headers()
        .map(|headers| {
            headers
                .iter()
                .map(|header| {
                    format!("{}:{}", STANDARD.encode(header.key), STANDARD.encode(header.value.unwrap_or_default()))
                })
                .collect()
        })
        .unwrap_or_default();
    format!("{}\t{}\t{}\t{}", message.offset(), text(message.key()), text(message.payload()), headers.join(";"))
}

fn say(words: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{words}").unwrap();
    out.flush().unwrap();
}

fn field(text: &str) -> Option<Vec<u8>> {
    text.strip_prefix('=').map(decode)
}

fn text(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "-".to_string(), |bytes| format!("={}", STANDARD.encode(bytes)))
}

fn decode(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}
