import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configPath, parseSettings, type SettingSources } from '../../src/config/parse.js';
import { type Settings, settingRows } from '../../src/config/settings.js';
import { helpText, settingsPage } from '../../src/config/settings-page.js';

function parse(flags: string[], rest: Partial<SettingSources> = {}) {
  return parseSettings({ flags, environment: {}, machine: { cores: 4 }, ...rest });
}

function settings(flags: string[], rest: Partial<SettingSources> = {}): Settings {
  const parsed = parse(flags, rest);
  if (!parsed.ok) throw new Error(parsed.mistakes.join('\n'));
  return parsed.settings;
}

function mistakes(flags: string[], rest: Partial<SettingSources> = {}): readonly string[] {
  const parsed = parse(flags, rest);
  return parsed.ok ? [] : parsed.mistakes;
}

test('nothing given is the embedded agent', () => {
  expect(settings([])).toMatchObject({
    kafka: [{ name: '127.0.0.1:9092', tls: false, host: '127.0.0.1', port: 9092, advertise: undefined }],
    http: { host: '127.0.0.1', port: 8080 },
    bucket: { kind: 'file', folder: './weft-data' },
    agent: '127.0.0.1:9092',
    zone: undefined,
    batchWindowMs: 5,
    batchBytes: 8 * 2 ** 20,
    memoryBytes: 512 * 2 ** 20,
    workers: 3,
    defaultPartitions: 1,
    autoCreateTopics: true,
    connectionIdleMs: 600_000,
    groupInitialRebalanceDelayMs: 3000,
  });
});

test.each<[string[], Partial<Settings>]>([
  [
    ['--bucket', 's3://b-1/p/q/?region=eu-west-1&endpoint=http://127.0.0.1:7070/&path-style=true'],
    {
      bucket: {
        kind: 's3',
        bucket: 'b-1',
        prefix: 'p/q',
        region: 'eu-west-1',
        endpoint: 'http://127.0.0.1:7070',
        pathStyle: true,
        express: false,
      },
      batchWindowMs: 250,
    },
  ],
  [
    ['--bucket=s3://fast--use1-az4--x-s3', '--journal-may-lose'],
    {
      bucket: {
        kind: 's3',
        bucket: 'fast--use1-az4--x-s3',
        prefix: '',
        region: undefined,
        endpoint: undefined,
        pathStyle: false,
        express: true,
      },
      batchWindowMs: 10,
    },
  ],
  [['--bucket=s3://bucket', '--batch-window=1s'], { batchWindowMs: 1000 }],
  [['--bucket', 'memory:'], { bucket: { kind: 'memory' }, batchWindowMs: 5 }],
  [['--bucket', 'file:///var/lib/weft'], { bucket: { kind: 'file', folder: '/var/lib/weft' } }],
  [
    ['--kafka', 'in=tcp://0.0.0.0:0,advertise=kafka.example:9092', '--kafka', '[::1]:9094'],
    {
      kafka: [
        { name: 'in', tls: false, host: '0.0.0.0', port: 0, advertise: { host: 'kafka.example', port: 9092 } },
        { name: '[::1]:9094', tls: false, host: '::1', port: 9094, advertise: undefined },
      ],
      agent: '0.0.0.0:0',
    },
  ],
  [
    ['--kafka', 'safe=tls://[::1]:9093', '--tls-certificate', 'a b.pem', '--tls-key=k.pem', '--tls-ca', '/ca.pem'],
    {
      kafka: [{ name: 'safe', tls: true, host: '::1', port: 9093, advertise: undefined }],
      tlsCertificate: 'a b.pem',
      tlsKey: 'k.pem',
      tlsCa: '/ca.pem',
    },
  ],
  [['--memory', '1GB', '--metadata-bytes-max', '1.5MiB'], { memoryBytes: 1e9, metadataBytesMax: 1.5 * 2 ** 20 }],
  [['--no-auto-create-topics', '--journal-may-lose'], { autoCreateTopics: false, journalMayLose: true }],
  [['--auto-create-topics=false', '--journal-may-lose=false'], { autoCreateTopics: false, journalMayLose: false }],
])('%j', (flags, expected) => {
  expect(settings(flags)).toMatchObject(expected);
});

test('workers follow cores and memory, and are at least one', () => {
  const workers = (cores: number, memory: string) => settings(['--memory', memory], { machine: { cores } }).workers;
  expect([workers(1, '512MiB'), workers(2, '512MiB'), workers(64, '512MiB'), workers(64, '16GiB')]).toEqual([
    1, 1, 4, 63,
  ]);
});

test('a flag wins over the environment, the environment over the file, the file over the default', () => {
  const file = { path: 'weft.conf', text: '# a comment\nzone = file\ncluster=file\r\n\nagent = file\nworkers = 2\n' };
  const environment = { WEFT_ZONE: 'environment', WEFT_CLUSTER: 'environment', HOME: '/', WEFT_HTTP: '' };
  expect(settings(['--zone', 'flag'], { environment, file })).toMatchObject({
    zone: 'flag',
    cluster: 'environment',
    agent: 'file',
    workers: 2,
    http: { port: 8080 },
  });
});

test('a repeatable setting is a list in each source', () => {
  const ports = (rest: Partial<SettingSources>) => settings([], rest).kafka.map((listener) => listener.port);
  expect(ports({ environment: { WEFT_KAFKA: 'a:1  b:2' } })).toEqual([1, 2]);
  expect(ports({ file: { path: 'f', text: 'kafka = a:1\nkafka = b:2' } })).toEqual([1, 2]);
});

test('what Kubernetes puts into the environment is no mistake', () => {
  const environment = {
    WEFT_SERVICE_HOST: '10.0.0.1',
    WEFT_PORT: 'tcp://10.0.0.1:9092',
    WEFT_PORT_9092_TCP_ADDR: '10.0.0.1',
  };
  expect(mistakes([], { environment })).toEqual([]);
});

describe('every mistake is one line', () => {
  test.each<[string[], RegExp]>([
    [['agent'], /^'agent': not a flag/],
    [['--frobnicate'], /^--frobnicate: unknown flag/],
    [['--no-zone'], /^--no-zone: unknown flag/],
    [['--memory'], /^--memory: has no value/],
    [['--memory', '--zone', 'a'], /^--memory: has no value/],
    [['--zone', 'a', '--zone', 'b'], /^--zone: given twice/],
    [['--batch-window', '250'], /^--batch-window: '250' is not a time; write a number and a unit/],
    [['--batch-window', '1.0001ms'], /not a whole number of ms/],
    [['--batch-window', '2m'], /^--batch-window: 2m is outside 1ms to 1m/],
    [['--batch-bytes', '8mib'], /^--batch-bytes: '8mib' is not a size/],
    [['--batch-bytes', '8__proto__'], /is not a size/],
    [['--batch-bytes', '1constructor'], /is not a size/],
    [['--workers', '0'], /^--workers: 0 is outside 1 to 64/],
    [['--workers', 'two'], /^--workers: 'two' is not a whole number/],
    [['--log-level', 'loud'], /^--log-level: 'loud' is none of debug, info/],
    [['--journal-may-lose=yes'], /neither true nor false/],
    [['--cluster', '..'], /is not a name/],
    [['--cluster', '.weft'], /is not a name/],
    [['--cluster', 'a/b'], /is not a name/],
    [['--kafka', 'localhost'], /'localhost' is not HOST:PORT/],
    [['--kafka', 'tls://127.0.0.1:9093'], /a TLS listener needs a name: NAME=tls:\/\/HOST:PORT/],
    [['--kafka', 'PLAINTEXT://h:1'], /'PLAINTEXT:\/\/h:1' has no name: write HOST:PORT, NAME=tcp/],
    [['--kafka', 'localhost:70000'], /port 70000 is outside/],
    [['--kafka', '0.0.0.0:9092'], /clients cannot connect to 0.0.0.0/],
    [['--kafka', '[::]:9092'], /clients cannot connect to ::/],
    [['--kafka', 'a=ssl://h:1'], /'ssl:\/\/' is unknown/],
    [['--kafka', 'a=tls://h:1'], /a tls:\/\/ listener needs --tls-certificate and --tls-key/],
    [['--kafka', 'a=tls://h:1', '--tls-key', 'k'], /a tls:\/\/ listener needs --tls-certificate/],
    [['--tls-ca', 'ca.pem'], /--tls-ca is given, but no --kafka NAME=tls:\/\//],
    [['--tls-key', ' '], /^--tls-key: is not the name of a file/],
    [['--kafka', 'h:1,announce=h:1'], /'announce=h:1' is unknown/],
    [['--kafka', 'h:1,advertise=h:0'], /port 0 is outside 1/],
    [['--kafka', 'h:1', '--kafka', 'h:1'], /two listeners are named 'h:1'/],
    [['--bucket', '/var/lib'], /is not file:FOLDER, s3:/],
    [['--bucket', 'file:'], /names no folder/],
    [['--bucket', 's3://Bucket_X'], /is not a bucket name/],
    [['--bucket', 's3://key:secret@bucket'], /keys do not belong in the URL/],
    [['--bucket', 's3://fast--use1-az4--x-s3'], /a directory bucket lies in a single zone/],
    [['--bucket', 's3://bucket?zone=a'], /'zone' is unknown/],
    [['--bucket', 's3://bucket?endpoint=127.0.0.1:7070'], /endpoint '127.0.0.1:7070' is not http/],
    [['--group-session-min', '2h'], /outside/],
    [['--group-session-min', '1h', '--group-session-max', '1m'], /--group-session-min is above/],
    [['--batch-bytes', '256MiB'], /above an eighth of --memory/],
  ])('%j', (flags, expected) => {
    const lines = mistakes(flags);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(expected);
    expect(lines[0]).not.toContain('\n');
  });

  test('all of them at once, each with its place', () => {
    const environment = { WEFT_BATCH_WINDOW: '5', WEFT_TYPO: '1' };
    const file = { path: 'weft.conf', text: 'zone = a b\nnonsense\nspeed = 9\n' };
    expect(mistakes(['--memory', '1'], { environment, file }).map((line) => line.split(': ')[0])).toEqual([
      'WEFT_TYPO',
      'weft.conf:2',
      'weft.conf:3',
      'weft.conf:1',
      'WEFT_BATCH_WINDOW',
      '--memory',
    ]);
  });
});

test.each([
  [['--config', 'a'], {}, 'a'],
  [['--zone', 'z', '--config=a'], { WEFT_CONFIG: 'b' }, 'a'],
  [[], { WEFT_CONFIG: 'b' }, 'b'],
  [[], {}, undefined],
])('the file of %j %j is %s', (flags, environment, expected) => {
  expect(configPath(flags, environment)).toBe(expected);
});

test('every default reads back as it is written, and every value shown is understood', () => {
  const defaults = settings([]);
  for (const row of settingRows) {
    const value = defaults[row.name];
    for (const each of row.many ? (value as readonly unknown[]) : [value]) {
      if (each !== undefined) expect(row.kind.parse(row.kind.show(each))).toEqual(each);
    }
  }
});

test('help and page name every setting', () => {
  for (const row of settingRows) {
    expect(helpText()).toContain(`--${row.flag}`);
    expect(settingsPage()).toContain(`--${row.flag}`);
  }
  for (const line of helpText().split('\n')) expect(line.length).toBeLessThanOrEqual(100);
});

test('docs/SETTINGS.md is fresh', () => {
  expect(readFileSync('docs/SETTINGS.md', 'utf8'), 'run `npm run docs`').toBe(settingsPage());
});
