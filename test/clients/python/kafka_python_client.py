"""kafka-python, 2.0.2 or newer, behind the command line of test/clients/command-client.ts."""

import os

import lines
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.structs import OffsetAndMetadata

# By TLS when the environment names its files (test/clients/tls.ts).
TLS = (
    {
        "security_protocol": "SSL",
        "ssl_cafile": os.environ["WEFT_TEST_TLS_CA"],
        "ssl_certfile": os.environ["WEFT_TEST_TLS_CERTIFICATE"],
        "ssl_keyfile": os.environ["WEFT_TEST_TLS_KEY"],
    }
    if "WEFT_TEST_TLS_CA" in os.environ
    else {}
)
# 2.0.2 knows no idempotence.
MAY_BE_IDEMPOTENT = "enable_idempotence" in KafkaProducer.DEFAULT_CONFIG


def create(bootstrap, topic, partitions):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap, **TLS)
    admin.create_topics([NewTopic(topic, int(partitions), 1)])
    admin.close()


def produce(bootstrap, topic, compression, idempotent):
    producer = KafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        compression_type=None if compression == "none" else compression,
        max_request_size=1_048_588,
        **TLS,
        **({"enable_idempotence": idempotent == "true"} if MAY_BE_IDEMPOTENT else {}),
    )
    futures = [
        producer.send(topic, value, key, headers=headers, partition=0) for key, value, headers in lines.sent()
    ]
    for future in futures:
        future.get(timeout=60)
    producer.close()


def consume(bootstrap, topic, count, start):
    consumer = open_consumer(bootstrap)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek(partition, int(start))
    show(consumer, int(count))
    consumer.close()


def group_read(bootstrap, topic, group, count):
    consumer = open_consumer(bootstrap, topic, group_id=group)
    last = show(consumer, int(count))
    consumer.commit({TopicPartition(topic, 0): OffsetAndMetadata(*(last + 1, "by kafka-python", -1)[: len(OffsetAndMetadata._fields)])})
    consumer.close(autocommit=False)


def join(bootstrap, topic, group):
    ended = lines.Ended()
    assignment = lines.Assignment()
    consumer = open_consumer(bootstrap, topic, group_id=group, session_timeout_ms=6000, heartbeat_interval_ms=500)
    while not ended:
        polled = consumer.poll(timeout_ms=100)
        for records in polled.values():
            for record in records:
                print("read", record.partition, record.offset, flush=True)
        if polled:
            consumer.commit()
        assignment.tell({each.partition for each in consumer.assignment()})
    consumer.close(autocommit=False)


def offset_at(bootstrap, topic, timestamp):
    consumer = open_consumer(bootstrap)
    partition = TopicPartition(topic, 0)
    found = consumer.offsets_for_times({partition: int(timestamp)})[partition]
    print(-1 if found is None else found.offset)
    consumer.close()


def open_consumer(bootstrap, *topics, **settings):
    return KafkaConsumer(
        *topics, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest", **TLS, **settings
    )


def show(consumer, count):
    """Prints exactly so many records; the offset of the last."""
    for record in consumer:
        lines.show(record.offset, record.key, record.value, record.headers)
        count -= 1
        if count == 0:
            return record.offset


lines.run(
    {
        "create": create,
        "produce": produce,
        "consume": consume,
        "group-read": group_read,
        "join": join,
        "offset-at": offset_at,
    }
)
