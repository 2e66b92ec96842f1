"""confluent-kafka-python, and so the librdkafka in its wheel, behind the command line of test/clients/command-client.ts."""

import lines
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic


def create(bootstrap, topic, partitions):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for made in admin.create_topics([NewTopic(topic, int(partitions), 1)]).values():
        made.result()


def produce(bootstrap, topic, compression, idempotent):
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "compression.type": compression,
            "enable.idempotence": idempotent,
            "acks": "all",
            "message.max.bytes": 1_048_588,
        }
    )
    errors = []
    for key, value, headers in lines.sent():
        producer.produce(
            topic,
            value,
            key,
            partition=0,
            headers=headers,
            on_delivery=lambda error, _message: errors.append(error) if error else None,
        )
        producer.poll(0)
    left = producer.flush(60)
    if left or errors:
        raise SystemExit(f"{left} not delivered, {errors[:3]}")


def consume(bootstrap, topic, count, start):
    consumer = open_consumer(bootstrap, topic)
    consumer.assign([TopicPartition(topic, 0, int(start))])
    show(consumer, int(count))
    consumer.close()


def group_read(bootstrap, topic, group, count):
    consumer = open_consumer(bootstrap, group)
    consumer.subscribe([topic])
    last = show(consumer, int(count))
    consumer.commit(offsets=[TopicPartition(topic, 0, last + 1)], asynchronous=False)
    consumer.close()


def join(bootstrap, topic, group):
    ended = lines.Ended()
    assignment = lines.Assignment()
    consumer = open_consumer(bootstrap, group)
    consumer.subscribe([topic])
    while not ended:
        message = consumer.poll(0.1)
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            print("read", message.partition(), message.offset(), flush=True)
            consumer.commit(message, asynchronous=False)
        assignment.tell({each.partition for each in consumer.assignment()})
    consumer.close()


def offset_at(bootstrap, topic, timestamp):
    consumer = open_consumer(bootstrap, topic)
    [found] = consumer.offsets_for_times([TopicPartition(topic, 0, int(timestamp))], timeout=30)
    print(found.offset)
    consumer.close()


def open_consumer(bootstrap, group):
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
        }
    )


def show(consumer, count):
    """Prints exactly so many records; the offset of the last."""
    while True:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        lines.show(message.offset(), message.key(), message.value(), message.headers())
        count -= 1
        if count == 0:
            return message.offset()


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
