// librdkafka, by its Node binding, behind the command line of test/clients/command-client.ts. Run by command-client.ts with
// the folder of the binding as the first word: it is installed outside of this package.
const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');

const [bindingFolder, command, bootstrap, topic, ...rest] = process.argv.slice(2);
const kafka = createRequire(`${bindingFolder}/package.json`)('node-rdkafka');

/** TLS when the environment names its files (test/clients/tls.ts). */
const tls =
  process.env.WEFT_TEST_TLS_CA === undefined
    ? {}
    : {
        'security.protocol': 'ssl',
        'ssl.ca.location': process.env.WEFT_TEST_TLS_CA,
        'ssl.certificate.location': process.env.WEFT_TEST_TLS_CERTIFICATE,
        'ssl.key.location': process.env.WEFT_TEST_TLS_KEY,
      };

const show = (bytes) => (bytes === null || bytes === undefined ? '-' : `=${Buffer.from(bytes).toString('base64')}`);
const field = (text) => (text === '-' ? null : Buffer.from(text.slice(1), 'base64'));

function fail(error) {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
}

const commands = {
  create(partitions) {
    const admin = kafka.AdminClient.create({ 'bootstrap.servers': bootstrap, ...tls });
    admin.createTopic({ topic, num_partitions: Number(partitions), replication_factor: 1 }, 10_000, (error) => {
      if (error) return fail(error);
      admin.disconnect();
      process.exit(0);
    });
  },

  produce(compression, idempotent) {
    const producer = new kafka.HighLevelProducer({
      'bootstrap.servers': bootstrap,
      ...tls,
      'compression.codec': compression,
      'enable.idempotence': idempotent === 'true',
      'message.max.bytes': 1_048_588,
      acks: -1,
    });
    producer.on('event.error', fail);
    producer.connect({}, (error) => {
      if (error) return fail(error);
      let unanswered = 0;
      let ended = false;
      const leave = () => ended && unanswered === 0 && producer.disconnect(() => process.exit(0));
      createInterface({ input: process.stdin })
        .on('line', (line) => {
          const [key, value, headers] = line.split('\t');
          const pairs = headers === '' ? [] : headers.split(';').map((header) => header.split(':'));
          const list = pairs.map(([name, bytes]) => ({
            [Buffer.from(name, 'base64').toString()]: Buffer.from(bytes, 'base64'),
          }));
          unanswered += 1;
          producer.produce(topic, 0, field(value), field(key), Date.now(), list, (failed) => {
            if (failed) return fail(failed);
            unanswered -= 1;
            leave();
          });
        })
        .on('close', () => {
          ended = true;
          leave();
        });
    });
  },

  consume(count, from) {
    const consumer = open(`librdkafka-${process.pid}-${Date.now()}`, {});
    read(
      consumer,
      Number(count),
      () => consumer.assign([{ topic, partition: 0, offset: Number(from) }]),
      () => process.exit(0),
    );
  },

  'group-read'(group, count) {
    const consumer = open(group, {});
    read(
      consumer,
      Number(count),
      () => consumer.subscribe([topic]),
      (next) => {
        consumer.commitSync({ topic, partition: 0, offset: next });
        // Disconnecting under a running read ends the binding with a signal.
        consumer.unsubscribe();
        setTimeout(() => consumer.disconnect(() => process.exit(0)), 500);
      },
    );
  },

  join(group) {
    const show = (partitions) =>
      process.stdout.write(`assigned ${partitions.map(({ partition }) => partition).join(',')}\n`);
    const consumer = open(
      group,
      isConsumerProtocol
        ? { rebalance_cb: true }
        : {
            rebalance_cb(error, assignment) {
              const assigned = error.code === kafka.CODES.ERRORS.ERR__ASSIGN_PARTITIONS;
              if (assigned) consumer.assign(assignment);
              else consumer.unassign();
              show(assigned ? assignment : []);
            },
          },
    );
    let leaving = false;
    // With the consumer protocol a change tells only what came or went.
    if (isConsumerProtocol) {
      consumer.on('rebalance', () => setImmediate(() => leaving || show(consumer.assignments())));
    }
    consumer.on('ready', () => {
      consumer.subscribe([topic]);
      consumer.consume();
    });
    consumer.on('data', (message) => {
      process.stdout.write(`read ${message.partition} ${message.offset}\n`);
      consumer.commitMessage(message);
    });
    consumer.connect({}, (error) => error && fail(error));
    process.stdin.resume();
    process.stdin.on('end', () => {
      leaving = true;
      consumer.disconnect(() => process.exit(0));
    });
  },

  'offset-at'(timestamp) {
    const consumer = open('librdkafka-times', {});
    consumer.connect({}, (error) => {
      if (error) return fail(error);
      consumer.offsetsForTimes([{ topic, partition: 0, offset: Number(timestamp) }], 10_000, (failed, found) => {
        if (failed) return fail(failed);
        process.stdout.write(`${found[0].offset}\n`);
        consumer.disconnect(() => process.exit(0));
      });
    });
  },
};

/** KIP-848. */
const isConsumerProtocol = process.env.WEFT_GROUP_PROTOCOL === 'consumer';

function open(group, more) {
  const settings = {
    'bootstrap.servers': bootstrap,
    ...tls,
    'group.id': group,
    'enable.auto.commit': false,
    ...(isConsumerProtocol
      ? { 'group.protocol': 'consumer' }
      : { 'session.timeout.ms': 6000, 'heartbeat.interval.ms': 500 }),
    'fetch.wait.max.ms': 100,
    ...more,
  };
  const consumer = new kafka.KafkaConsumer(settings, { 'auto.offset.reset': 'earliest' });
  consumer.on('event.error', (error) => error.code !== kafka.CODES.ERRORS.ERR__ALL_BROKERS_DOWN && fail(error));
  return consumer;
}

/** Prints exactly `count` records, then tells `done` the offset after the last. */
function read(consumer, count, start, done) {
  let left = count;
  const lines = [];
  consumer.on('ready', () => {
    start();
    consumer.consume();
  });
  consumer.on('data', ({ offset, key, value, headers }) => {
    if (left === 0) return;
    left -= 1;
    const shown = (headers ?? []).flatMap((header) => Object.entries(header));
    const text = shown.map(
      ([name, bytes]) => `${Buffer.from(name).toString('base64')}:${Buffer.from(bytes).toString('base64')}`,
    );
    lines.push(`${offset}\t${show(key)}\t${show(value)}\t${text.join(';')}\n`);
    if (left === 0) process.stdout.write(lines.join(''), () => done(offset + 1));
  });
  consumer.connect({}, (error) => error && fail(error));
}

commands[command](...rest);
