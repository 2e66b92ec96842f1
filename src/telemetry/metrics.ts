/**
 * Every metric with a fixed set of series, once. The table fixes the layout of the shared memory (counters.ts), the types
 * of the instruments and the text of /metrics (prometheus.ts). Series that come and go (per topic, per group) are
 * collected at the scrape instead: `Telemetry.collect`.
 *
 * Names are Prometheus's: `weft_` first, the unit last, `_total` on counters. Times are seconds on the page and
 * milliseconds in the code.
 */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface Metric {
  readonly kind: MetricKind;
  readonly name: string;
  readonly help: string;
  /** One series per value. */
  readonly label?: { readonly name: string; readonly values: readonly string[] };
}

/** Kafka APIs as the label `api` names them; 'Unknown' for any other. */
export const apiNames = [
  'Produce',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'OffsetCommit',
  'OffsetFetch',
  'FindCoordinator',
  'JoinGroup',
  'Heartbeat',
  'LeaveGroup',
  'SyncGroup',
  'DescribeGroups',
  'ListGroups',
  'ApiVersions',
  'CreateTopics',
  'DeleteTopics',
  'DeleteRecords',
  'InitProducerId',
  'OffsetForLeaderEpoch',
  'DescribeConfigs',
  'AlterConfigs',
  'DescribeLogDirs',
  'CreatePartitions',
  'DeleteGroups',
  'ElectLeaders',
  'IncrementalAlterConfigs',
  'AlterPartitionReassignments',
  'ListPartitionReassignments',
  'OffsetDelete',
  'DescribeClientQuotas',
  'AlterClientQuotas',
  'DescribeUserScramCredentials',
  'DescribeCluster',
  'DescribeProducers',
  'ConsumerGroupHeartbeat',
  'ConsumerGroupDescribe',
  'ListConfigResources',
  'DescribeTopicPartitions',
  'Unknown',
] as const;

const api = { name: 'api', values: apiNames } as const;
const operation = { name: 'operation', values: ['get', 'put', 'delete', 'list'] } as const;
const place = { name: 'place', values: ['memory', 'block', 'store'] } as const;

export const metricsTable = {
  connectionsOpen: { kind: 'gauge', name: 'weft_connections', help: 'Kafka connections that are open.' },
  connectionsAccepted: {
    kind: 'counter',
    name: 'weft_connections_accepted_total',
    help: 'Kafka connections accepted.',
  },
  connectionsClosed: {
    kind: 'counter',
    name: 'weft_connections_closed_total',
    help: 'Kafka connections closed, by who or what closed them.',
    label: {
      name: 'reason',
      values: ['peer', 'idle', 'malformed', 'handshake', 'limit', 'throttled', 'stalled', 'unready', 'shutdown'],
    },
  },
  requests: { kind: 'counter', name: 'weft_requests_total', help: 'Kafka requests received.', label: api },
  requestDuration: {
    kind: 'histogram',
    name: 'weft_request_seconds',
    help: 'From the last byte of a request to the writing of its response.',
    label: api,
  },
  receivedBytes: {
    kind: 'counter',
    name: 'weft_received_bytes_total',
    help: 'Bytes received from Kafka clients.',
  },
  sentBytes: { kind: 'counter', name: 'weft_sent_bytes_total', help: 'Bytes sent to Kafka clients.' },
  landedBytes: {
    kind: 'counter',
    name: 'weft_landed_bytes_total',
    help: 'Bytes of Produce requests received elsewhere than in chunks, and copied there.',
  },

  decryptedBytes: {
    kind: 'counter',
    name: 'weft_tls_received_bytes_total',
    help: 'Bytes received through TLS; each is copied once from where it was decrypted.',
  },
  tlsCertificateExpiry: {
    kind: 'gauge',
    name: 'weft_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the TLS listeners expires, in seconds since 1970; 0 without one.',
  },
  tlsReloads: {
    kind: 'counter',
    name: 'weft_tls_reloads_total',
    help: 'Changes of the TLS files: taken over, or refused because they cannot be used.',
    label: { name: 'outcome', values: ['done', 'refused'] },
  },

  producedRecords: { kind: 'counter', name: 'weft_produced_records_total', help: 'Records acknowledged.' },
  producedBatches: { kind: 'counter', name: 'weft_produced_batches_total', help: 'Record batches acknowledged.' },
  producedBytes: {
    kind: 'counter',
    name: 'weft_produced_bytes_total',
    help: 'Bytes of record batches acknowledged, as they are stored.',
  },
  batchesRejected: {
    kind: 'counter',
    name: 'weft_batches_rejected_total',
    help: 'Record batches refused, by why.',
    label: { name: 'reason', values: ['corrupt', 'invalid', 'too-large', 'sequence', 'unknown-topic', 'retriable'] },
  },
  produceStage: {
    kind: 'histogram',
    name: 'weft_produce_stage_seconds',
    help: 'Time of a segment in each stage: buffer (first batch to seal), upload, publish, ack (published to answered).',
    label: { name: 'stage', values: ['buffer', 'upload', 'publish', 'ack'] },
  },
  segmentsSealed: {
    kind: 'counter',
    name: 'weft_segments_sealed_total',
    help: 'Segments sealed, by what sealed them.',
    label: { name: 'by', values: ['window', 'size', 'shutdown'] },
  },
  segmentsFailed: {
    kind: 'counter',
    name: 'weft_segments_failed_total',
    help: 'Segments whose upload or publish failed.',
  },

  fetchedBytes: {
    kind: 'counter',
    name: 'weft_fetched_bytes_total',
    help: 'Bytes of record batches sent to consumers, by where they were found.',
    label: place,
  },
  throttled: {
    kind: 'histogram',
    name: 'weft_throttled_seconds',
    help: 'Times for which clients were held back, by the quota.',
    label: { name: 'quota', values: ['produce', 'fetch', 'request', 'mutation', 'connection'] },
  },

  fetchSessions: { kind: 'gauge', name: 'weft_fetch_sessions', help: 'Incremental fetch sessions (KIP-227).' },
  fetchSessionPartitions: {
    kind: 'gauge',
    name: 'weft_fetch_session_partitions',
    help: 'Partitions of all fetch sessions.',
  },
  fetchSessionsEvicted: {
    kind: 'counter',
    name: 'weft_fetch_sessions_evicted_total',
    help: 'Fetch sessions that made room for others.',
  },

  storeRequests: {
    kind: 'counter',
    name: 'weft_store_requests_total',
    help: 'Requests to the object store, retries and hedges included.',
    label: operation,
  },
  storeErrors: {
    kind: 'counter',
    name: 'weft_store_errors_total',
    help: 'Requests to the object store that failed; an absent object and a failed condition are answers.',
    label: operation,
  },
  storeHedges: {
    kind: 'counter',
    name: 'weft_store_hedges_total',
    help: 'Writes sent a second time because the first took longer than usual.',
    label: { name: 'of', values: ['upload', 'journal'] },
  },
  storeDuration: {
    kind: 'histogram',
    name: 'weft_store_request_seconds',
    help: 'Duration of requests to the object store.',
    label: operation,
  },
  storeBytes: {
    kind: 'counter',
    name: 'weft_store_bytes_total',
    help: 'Bytes read from and written to the object store.',
    label: { name: 'direction', values: ['read', 'written'] },
  },
  storeDollars: {
    kind: 'counter',
    name: 'weft_store_dollars_total',
    help: 'List price of the requests to the object store.',
    label: operation,
  },

  journalEntries: { kind: 'counter', name: 'weft_journal_entries_total', help: 'Journal entries appended.' },
  journalCommands: { kind: 'counter', name: 'weft_journal_commands_total', help: 'Commands in the entries appended.' },
  journalBytes: { kind: 'counter', name: 'weft_journal_bytes_total', help: 'Bytes of journal entries appended.' },
  journalDuration: {
    kind: 'histogram',
    name: 'weft_journal_append_seconds',
    help: 'Duration of journal appends, retries included.',
  },

  revision: { kind: 'gauge', name: 'weft_metadata_revision', help: 'The last journal revision applied here.' },
  leading: { kind: 'gauge', name: 'weft_leading', help: '1 while this agent leads the journal.' },
  metadataBytes: { kind: 'gauge', name: 'weft_metadata_bytes', help: 'Size of the metadata state.' },
  metadataBytesMax: {
    kind: 'gauge',
    name: 'weft_metadata_bytes_max',
    help: 'The size beyond which growth of the metadata is refused.',
  },
  metadataHoursLeft: {
    kind: 'gauge',
    name: 'weft_metadata_left_hours',
    help: 'Hours until the metadata is full at its present rate of growth; +Inf when it does not grow.',
  },
  extents: { kind: 'gauge', name: 'weft_extents', help: 'Extents in the metadata.' },
  topics: { kind: 'gauge', name: 'weft_topics', help: 'Topics.' },
  partitions: { kind: 'gauge', name: 'weft_partitions', help: 'Partitions of all topics.' },
  groups: { kind: 'gauge', name: 'weft_groups', help: 'Consumer groups.' },
  snapshotAge: {
    kind: 'gauge',
    name: 'weft_snapshot_age_seconds',
    help: 'Time since the newest snapshot was written.',
  },
  snapshotRevision: { kind: 'gauge', name: 'weft_snapshot_revision', help: 'Revision of the newest snapshot.' },
  batchWindow: {
    kind: 'gauge',
    name: 'weft_batch_window_seconds',
    help: 'The batch window in force; it lengthens when extents come too fast.',
  },

  budgetBytes: {
    kind: 'gauge',
    name: 'weft_budget_bytes',
    help: 'Memory in use, by budget.',
    label: { name: 'budget', values: ['frames', 'chunks', 'responses'] },
  },
  chunksBytesMax: { kind: 'gauge', name: 'weft_chunks_bytes_max', help: 'Size of the memory for socket bytes.' },
  budgetWaits: {
    kind: 'counter',
    name: 'weft_budget_waits_total',
    help: 'Times that work waited for memory, by budget.',
    label: { name: 'budget', values: ['frames', 'chunks', 'segments'] },
  },

  residentBytes: { kind: 'gauge', name: 'weft_resident_bytes', help: 'Resident memory of the process.' },
  cpuDuration: { kind: 'counter', name: 'weft_cpu_seconds_total', help: 'CPU time of the process, user and system.' },
  eventLoopDelay: {
    kind: 'gauge',
    name: 'weft_event_loop_delay_seconds',
    help: 'Delay of the main thread event loop since the last scrape.',
    label: { name: 'quantile', values: ['0.5', '0.99', '1'] },
  },
  workersCrashed: {
    kind: 'counter',
    name: 'weft_workers_crashed_total',
    help: 'Worker threads that ended by an error.',
    label: { name: 'worker', values: ['ingest', 'leader', 'maintenance', 'fetch'] },
  },
  seriesDropped: {
    kind: 'counter',
    name: 'weft_metrics_series_dropped_total',
    help: 'Series left out of a scrape because --metrics-series-max was reached.',
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricsTable = typeof metricsTable;
