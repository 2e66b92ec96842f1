/** The help text of `weft agent` and docs/SETTINGS.md, both from the table of settings. */
import type { RangedKind } from './kinds.js';
import { environmentName, settingRows } from './settings.js';

type Row = (typeof settingRows)[number];

function defaultOf(row: Row): string {
  if (row.default === undefined) return 'none';
  return typeof row.default === 'string' ? row.default : row.default.text;
}

function rangeOf(row: Row): string {
  const kind = row.kind as Row['kind'] & Partial<RangedKind>;
  return kind.min === undefined || kind.max === undefined
    ? ''
    : `${row.kind.show(kind.min)} to ${row.kind.show(kind.max)}`;
}

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.split(' ')) {
    if (line !== '' && line.length + 1 + piece.length > width) {
      lines.push(line);
      line = piece;
    } else line = line === '' ? piece : `${line} ${piece}`;
  }
  return [...lines, line].map((each) => indent + each).join('\n');
}

/** `weft agent --help`. */
export function helpText(): string {
  const rows = settingRows.map((row) => {
    const range = rangeOf(row);
    const notes = [row.many ? 'repeatable' : '', range, `default: ${defaultOf(row)}`].filter((note) => note !== '');
    const value = row.kind.placeholder === '' ? '' : ` ${row.kind.placeholder}`;
    return `  --${row.flag}${value}\n${wrap(`${row.sentence} (${notes.join('; ')})`, 92, '      ')}`;
  });
  return `weft agent [FLAGS]   runs one agent until SIGINT or SIGTERM

Each flag can also be an environment variable (--batch-window is WEFT_BATCH_WINDOW) or a line
'batch-window = 250ms' in the file named by --config FILE. A flag wins over the environment, the
environment over the file. Times and sizes carry a unit: 250ms, 10s, 8MiB.

${rows.join('\n')}
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** docs/SETTINGS.md. */
export function settingsPage(): string {
  const rows = settingRows.map((row) => {
    const value = row.kind.placeholder === '' ? '' : ` ${row.kind.placeholder}`;
    const cells = [
      `\`--${row.flag}${value}\``,
      `\`${environmentName(row.flag)}\``,
      defaultOf(row),
      rangeOf(row),
      row.sentence,
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return `# Settings

<!-- From src/config/settings.ts by \`npm run docs\`. Do not edit. -->

A setting comes from a flag of \`weft agent\`, else from the environment, else from the file named by \`--config FILE\`
(or \`WEFT_CONFIG\`), else it has its default. The file has one \`flag = value\` per line, without the dashes; lines that
begin with \`#\` are comments. A repeatable setting is given by several flags, by several lines of the file, or in the
environment separated by spaces. Times and sizes carry a unit: \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`; \`B\`, \`KB\`, \`MB\`, \`GB\`, \`TB\`,
\`KiB\`, \`MiB\`, \`GiB\`, \`TiB\`. A switch is turned off by \`--no-FLAG\` or \`--FLAG=false\`. Whatever is wrong is printed, one
line per mistake, and the agent ends with exit code 2. Credentials of S3 are no settings: they come from the AWS
environment (\`AWS_ACCESS_KEY_ID\`, profiles, instance roles).

| flag | environment | default | range | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## What follows from several settings

- **The largest request.** A Produce request must fit into a sixteenth of \`--memory\` (rounded down to a power of two) and into
  3/32 of it divided by \`--workers\`, whatever \`--frame-bytes-max\` says: 32 MiB with the default memory and one worker,
  24 MiB with two, 12 MiB with four. The agent logs the figure when it starts as \`frameBytesMax\`, and refuses to start when
  \`--message-bytes-max\` does not fit below it. Requests of other kinds may have 4 MiB.
- **TLS.** \`--kafka NAME=tls://HOST:PORT\` with \`--tls-certificate\` and \`--tls-key\`; all such listeners have the same ones. Without
  \`--tls-ca\` clients need no certificate; with it each must have a valid one of those authorities (mTLS, Kafka's
  \`ssl.client.auth=required\`). TLS 1.2 and 1.3; no ALPN, no renegotiation. The three files are looked at every five seconds.
  New contents are for new connections; open ones stay, and sessions from before are not resumed. Contents that cannot be used (a
  certificate beside the key of another) are an error in the log, and the former ones stay in force; \`weft_tls_reloads_total\` counts
  both. \`weft_tls_certificate_expiry_timestamp_seconds\` says when to worry. A handshake has ten seconds. When 256
  of its listener are under way, others wait for their turn, at most ten seconds, and hosts take turns; those under way then have two
  seconds each, and where a host has more than its share of them the less, the more wait: down to a quarter of one. One that fails is
  a line in the log that says why, as is plaintext on a TLS listener and TLS on a plaintext one. A session is resumed by the agent
  that began it, not by others. Advertised hosts must be among the names in the certificate.
- **An S3 server whose certificate has an authority of its own** is trusted by \`NODE_EXTRA_CA_CERTS=FILE\` in the environment, in PEM.
- **The size of segments.** \`--batch-bytes\`, but at most 3/64 of \`--memory\` divided by \`--workers\`: 6 MiB with the default
  memory and four workers.
- **A start after a crash.** The journal belongs to its leader until the leader resigns or has been silent for
  \`--journal-lease\`, the one that *it* was started with. A clean stop resigns. A start on the same machine sees in \`/proc\` that the
  old process is dead. A start elsewhere, in another container too, waits for the lease, 10 seconds by default, and says so in its
  log.
- **Two agents.** One agent serves a cluster at a time so far. A second one on the same S3 bucket and \`--cluster\` waits until the
  first is gone and then takes its place. While it waits \`/healthz\` answers, \`/readyz\` is 503 and says whom it waits for, and Kafka
  connections are closed at once, so that clients go on to their next bootstrap server; a second one on the same \`file:\` folder is refused.
- **Containers that share a \`file:\` folder** need hostnames of their own. An agent that finds the folder held by its own hostname,
  in another process namespace or from another boot, takes the holder for itself before a restart and goes on at once. Two live
  containers of one hostname would both hold the folder and might lose records. Docker and Kubernetes give each container a hostname of
  its own unless \`--hostname\`, \`hostname:\` or \`hostNetwork\` say otherwise.
- **When the metadata are full.** Every segment adds an extent of 40 bytes for each partition in it, and 32 bytes of its own.
  Nothing joins or drops extents yet (no compaction, no retention), so the metadata grow with everything that was ever
  produced, until topics are deleted. One busy partition on S3 (4 segments a second) fills the default 64 MiB in under three
  days, a hundred busy partitions in some hours, though the batch window lengthens to a second by then. After that new records
  are refused with KAFKA_STORAGE_ERROR, new topics with REQUEST_TIMED_OUT, new members and the first commits of
  a group with COORDINATOR_LOAD_IN_PROGRESS, all retriable; everything else goes on. What members of a group say and are assigned may take
  a sixteenth more; beyond, what is more than before is refused as well, retriably. Delete topics until a sixteenth is free, or start again with a larger \`--metadata-bytes-max\`. \`weft_metadata_left_hours\` on \`/metrics\` says how long
  it lasts at the present rate.
- **What an idle agent costs.** One journal entry every third of \`--journal-lease\`: 26,000 PUTs a day by default.
`;
}
