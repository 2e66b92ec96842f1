"""aiokafka behind the command line of test/clients/command-client.ts."""

import asyncio

import lines
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


async def create(bootstrap, topic, partitions):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, int(partitions), 1)])
    await admin.close()


async def produce(bootstrap, topic, compression, idempotent):
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        compression_type=None if compression == "none" else compression,
        enable_idempotence=idempotent == "true",
        max_request_size=1_048_588,
    )
    await producer.start()
    futures = [
        await producer.send(topic, value, key, partition=0, headers=headers) for key, value, headers in lines.sent()
    ]
    await asyncio.gather(*futures)
    await producer.stop()


async def consume(bootstrap, topic, count, start):
    consumer = await open_consumer(bootstrap)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek(partition, int(start))
    await show(consumer, int(count))
    await consumer.stop()


async def group_read(bootstrap, topic, group, count):
    consumer = await open_consumer(bootstrap, topic, group_id=group)
    last = await show(consumer, int(count))
    await consumer.commit({TopicPartition(topic, 0): (last + 1, "by aiokafka")})
    await consumer.stop()


async def join(bootstrap, topic, group):
    ended = lines.Ended()
    assignment = lines.Assignment()
    consumer = await open_consumer(
        bootstrap, topic, group_id=group, session_timeout_ms=6000, heartbeat_interval_ms=500
    )
    while not ended:
        polled = await consumer.getmany(timeout_ms=100)
        for records in polled.values():
            for record in records:
                print("read", record.partition, record.offset, flush=True)
        if polled:
            await consumer.commit()
        assignment.tell({each.partition for each in consumer.assignment()})
    await consumer.stop()


async def offset_at(bootstrap, topic, timestamp):
    consumer = await open_consumer(bootstrap)
    partition = TopicPartition(topic, 0)
    found = (await consumer.offsets_for_times({partition: int(timestamp)}))[partition]
    print(-1 if found is None else found.offset)
    await consumer.stop()


async def open_consumer(bootstrap, *topics, **settings):
    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest", **settings
    )
    await consumer.start()
    return consumer


async def show(consumer, count):
    """Prints exactly so many records; the offset of the last."""
    async for record in consumer:
        lines.show(record.offset, record.key, record.value, record.headers)
        count -= 1
        if count == 0:
            return record.offset


asyncio.run(
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
)
