// The suites of tests. Every test file belongs to exactly one suite of the short table, those of test/long to one of the long
// table; `files` are globs below dist/.
// `needs` names parts of scripts/parts.js. `env` turns a suite of the short table into a long one.
export const suites = [
  { name: 'shape', files: ['test/shape/**/*.test.js'] },
  { name: 'unit', files: ['test/unit/**/*.test.js'] },
  { name: 'contract', files: ['test/contract/**/*.test.js'], except: ['test/contract/s3-server*.test.js'] },
  { name: 's3', files: ['test/contract/s3-server*.test.js'], needs: ['versitygw'] },
  {
    name: 'conformance',
    files: ['test/conformance/**/*.test.js'],
    except: ['test/conformance/protocol/official*.test.js'],
  },
  { name: 'official-messages', files: ['test/conformance/protocol/official*.test.js'], needs: ['java'] },
  { name: 'simulation', files: ['test/simulation/**/*.test.js'] },
  { name: 'fuzz', files: ['test/fuzz/**/*.test.js'] },
  { name: 'processes', files: ['test/processes/**/*.test.js'] },
  { name: 'kill', files: ['test/chaos/kill.test.js'] },
  { name: 'group-storm', files: ['test/chaos/group-storm.test.js'] },
  { name: 'kafkajs', files: ['test/clients/kafkajs*.test.js'] },
  { name: 'platformatic', files: ['test/clients/platformatic*.test.js'] },
  { name: 'kcat', files: ['test/clients/kcat*.test.js'], needs: ['kcat'] },
  { name: 'librdkafka', files: ['test/clients/librdkafka*.test.js'], needs: ['librdkafka'] },
  { name: 'java', files: ['test/clients/java*.test.js'], needs: ['java'] },
  { name: 'differential', files: ['test/differential/**/*.test.js'], needs: ['java'] },
  { name: 'connect', files: ['test/clients/connect*.test.js'], needs: ['java'] },
  { name: 'franz-go', files: ['test/clients/franz-go*.test.js'], needs: ['franz-go'] },
  { name: 'sarama', files: ['test/clients/sarama*.test.js'], needs: ['sarama'] },
  { name: 'kafka-go', files: ['test/clients/kafka-go*.test.js'], needs: ['kafka-go'] },
  { name: 'python', files: ['test/clients/python*.test.js'], needs: ['python'] },
  { name: 'python-old', files: ['test/clients/old-python*.test.js'], needs: ['python-old'] },
  { name: 'web-ui', files: ['test/clients/web-ui*.test.js'], needs: ['web-ui'] },
  {
    name: 'rust',
    files: ['test/clients/rust*.test.js'],
    needs: ['rust', 'rust-librdkafka-1-9'],
  },
  { name: 'java-old', files: ['test/clients/old-java*.test.js'], needs: ['java-old'] },
  {
    name: 'clients-together',
    files: ['test/clients/together*.test.js'],
    needs: ['kcat', 'java', 'librdkafka', 'franz-go'],
  },
  { name: 'kgo', files: ['test/foreign/kgo.test.js'], needs: ['kgo-tests'] },
  { name: 'librdkafka-tests', files: ['test/foreign/librdkafka.test.js'], needs: ['librdkafka-tests', 'java'] },
];

/** `npm run test:long`. */
export const longSuites = [
  {
    name: 'simulation-long',
    files: ['test/simulation/seeds.test.js'],
    env: { WEFT_TEST_FIRST_SEED: '1001', WEFT_TEST_SIMULATION_SEEDS: '10000' },
  },
  {
    name: 'group-storm-long',
    files: ['test/simulation/group-storm.test.js', 'test/chaos/group-storm.test.js'],
    env: { WEFT_TEST_STORM_GROUPS: '1000', WEFT_TEST_STORM_SECONDS: '120' },
  },
  { name: 'kill-long', files: ['test/chaos/kill.test.js'], env: { WEFT_TEST_KILL_CYCLES: '1000' } },
  { name: 'fuzz-long', files: ['test/fuzz/**/*.test.js'], env: { WEFT_TEST_FUZZ_FACTOR: '100' } },
  {
    name: 'differential-long',
    files: ['test/differential/differential.test.js'],
    needs: ['java'],
    env: { WEFT_TEST_FIRST_SEED: '101', WEFT_TEST_DIFFERENTIAL_SEEDS: '20' },
  },
  { name: 'minio', files: ['test/long/minio.test.js'], needs: ['minio'] },
  {
    name: 'kgo-long',
    files: ['test/foreign/kgo.test.js'],
    needs: ['kgo-tests'],
    env: { WEFT_TEST_KGO_RECORDS: '500000' },
  },
  {
    name: 'librdkafka-tests-long',
    files: ['test/foreign/librdkafka.test.js'],
    needs: ['librdkafka-tests', 'java'],
    env: { WEFT_TEST_LIBRDKAFKA: 'all' },
  },
  { name: 'growth', files: ['test/long/growth.test.js'], needs: ['java'] },
];
