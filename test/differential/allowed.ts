import type { Allowed } from './allowance.js';
import type { Step } from './script.js';

const CONSTANT_EPOCH =
  'Weft has no partition leaders and one leader epoch, 0, for ever: a client that knows another one has it from elsewhere, and no retry would help it';
const NO_EXCEPTIONS = 'Kafka runs into an exception of its own there; Weft answers what the request deserves';

/** A tag section that claims 2^32 - 1 tags. */
const claimsAllTags = ({ damage }: Step): boolean =>
  damage.some((each) => each.kind === 'tags' && each.bytes[0] === 0xff && each.bytes[4] === 0x0f);

/** A tag section of the header with two tags that nobody knows, of one number. */
const claimsATagTwice = ({ damage }: Step): boolean =>
  damage.some(
    (each) => each.kind === 'tags' && each.of === 'header' && each.bytes[0] === 2 && each.bytes[1] === each.bytes[4],
  );

const oddIsolation = ({ request }: Step): boolean =>
  ![0, 1].includes((request as { isolationLevel: number }).isolationLevel);

function namesLastEpoch({ request }: Step): boolean {
  const { topics } = request as { topics: readonly { partitions: readonly { lastFetchedEpoch?: number }[] }[] };
  return topics.some(({ partitions }) => partitions.some(({ lastFetchedEpoch = -1 }) => lastFetchedEpoch !== -1));
}

function asksForMaxTimestamp({ request }: Step): boolean {
  const { topics } = request as { topics: readonly { partitions: readonly { timestamp: number }[] }[] };
  return topics.some(({ partitions }) => partitions.some(({ timestamp }) => timestamp === -3));
}

function asksForBrokers({ request }: Step): boolean {
  const { resources } = request as { resources: readonly { resourceType: number }[] };
  return resources.some(({ resourceType }) => resourceType === 4 || resourceType === 8);
}

function namesNothing({ request }: Step): boolean {
  const { topics } = request as { topics: readonly { name: string }[] };
  return topics.some(({ name }) => name === '');
}

/** Every difference between Weft and Apache Kafka 4.3.1 that this test meets and that stays. An entry never met fails the test. */
export const allowed: readonly Allowed[] = [
  {
    api: 'every',
    field: /(^|\.)errorMessage$/,
    weft: '<text>',
    kafka: null,
    what: 'Weft says in words why it refuses; Kafka leaves it at the error code',
    reason: 'Words help people and mean nothing to programs',
  },
  {
    api: 'every',
    field: 'outcome',
    weft: 'closed',
    when: claimsAllTags,
    what: 'a tag section that claims 4,294,967,295 tags: Weft closes the connection; Kafka takes the count for -1 and goes on',
    reason: 'No such bytes come from a client, only from a broken or hostile one',
  },
  {
    api: 'every',
    field: /errorCode$/,
    kafka: 'UNKNOWN_SERVER_ERROR (-1)',
    when: claimsATagTwice,
    what: 'an unknown tag twice in the header of a request that Kafka passes on to its controller: Weft takes no notice of it; Kafka UNKNOWN_SERVER_ERROR',
    reason: NO_EXCEPTIONS,
  },
  {
    api: 'Produce',
    field: 'responses.partitionResponses.errorCode',
    weft: 'INVALID_RECORD (87)',
    kafka: 'UNKNOWN_SERVER_ERROR (-1)',
    what: 'records that cannot be decompressed, codecs that do not exist: Weft INVALID_RECORD; Kafka UNKNOWN_SERVER_ERROR',
    reason: NO_EXCEPTIONS,
  },
  {
    api: 'Produce',
    field: 'responses.partitionResponses.errorCode',
    kafka: /^(CORRUPT_MESSAGE|UNKNOWN_SERVER_ERROR)/,
    diverges: true,
    what: 'bytes that cannot begin a batch: in Weft their partition fails; in Kafka every partition of the request',
    reason: 'One bad batch must not fail its neighbours',
  },
  {
    api: 'Produce',
    field: /^responses\.partitionResponses\.(errorCode|recordErrors)$/,
    weft: /^(INVALID_RECORD|ABSENT)/,
    when: ({ request }) => /flaw\W+record/.test(JSON.stringify(request)),
    diverges: true,
    what: 'records whose offset deltas are not 0, 1, 2 …, whose lengths are below -1 or their own length negative: Weft INVALID_RECORD; Kafka takes some of them or finds another mistake first',
    reason: 'Batches are stored as they came, so what readers could not read is refused',
  },
  {
    api: 'Fetch',
    field: 'responses.partitions.records',
    kafka: 'ABSENT',
    what: 'records on both sides of a week (segment.ms) in one answer: Weft gives them; Kafka ends the answer where its segment file ends',
    reason: 'Weft has no segment files',
  },
  {
    api: 'Produce',
    field: 'responses.partitionResponses.logStartOffset',
    weft: -1,
    kafka: /^\d+$/,
    what: 'a refused batch: Weft says -1, not known, for the log start offset; Kafka says it in some of the answers',
    reason: 'Batches are checked where only topics are known; no client looks at it beside these errors',
  },
  {
    api: 'Produce',
    field: 'responses.partitionResponses.logAppendTimeMs',
    weft: -1,
    kafka: '<time>',
    what: 'a duplicate of an idempotent producer: Weft says -1 for the append time; Kafka the greatest time in the batch',
    reason: 'The time of the original append is not kept; with CreateTime, where Kafka says it too, there is none',
  },
  {
    api: 'Produce',
    field: /^responses\.partitionResponses(\.errorCode)?$/,
    weft: /INVALID_RECORD|UNKNOWN_TOPIC|INVALID_REQUIRED|TRANSACTIONAL_ID|again/,
    kafka: /^(ABSENT|NONE \(0\))$/,
    when: ({ request }) => namesTwice(request),
    diverges: true,
    what: 'a partition named twice in a request: Weft refuses both entries; Kafka loses one without a word and answers once',
    reason: 'A record must not be lost behind an acknowledgement',
  },
  {
    api: 'Produce',
    field: 'responses.partitionResponses.errorCode',
    weft: 'INVALID_PRODUCER_EPOCH (47)',
    kafka: 'NONE (0)',
    diverges: true,
    what: 'a producer id with epoch -1: Weft refuses the batch; Kafka takes it and remembers no epoch',
    reason: 'Idempotence could not hold for such a producer; none exists',
  },
  {
    api: 'Produce',
    field: 'responses.partitionResponses.errorCode',
    weft: 'UNKNOWN_TOPIC_OR_PARTITION (3)',
    kafka: 'INVALID_TOPIC_EXCEPTION (17)',
    what: 'producing to __consumer_offsets: in Weft there is no such topic; Kafka protects it',
    reason: 'Weft keeps offsets in its metadata: it has no internal topics',
  },
  {
    api: 'Produce',
    field: 'responses.partitionResponses.errorCode',
    weft: 'INVALID_TIMESTAMP (32)',
    kafka: /^(NONE|INVALID_RECORD)/,
    diverges: true,
    what: 'a batch of the timestamp type LogAppendTime for a topic with CreateTime: Weft INVALID_TIMESTAMP; Kafka clears the bit, or finds another mistake first',
    reason: 'Batches are stored as they came, and no client sets that bit',
  },
  {
    api: 'every',
    field: /^((results\.)?topics|replicaElectionResults|configResources)$/,
    weft: 'ABSENT',
    kafka: /"(name|topic|resourceName)":"__/,
    what: 'a list of all topics: Kafka lists its internal topics',
    reason: 'Weft keeps offsets in its metadata: it has no internal topics',
  },
  {
    api: 'Metadata',
    field: 'errorCode',
    weft: 'INVALID_REQUEST (42)',
    kafka: 'UNKNOWN_SERVER_ERROR (-1)',
    what: 'a topic with neither a name nor an id: Weft INVALID_REQUEST; Kafka UNKNOWN_SERVER_ERROR',
    reason: NO_EXCEPTIONS,
  },
  {
    api: 'DescribeTopicPartitions',
    field: /^(topics(\.errorCode)?|nextCursor)$/,
    kafka: /UNKNOWN_SERVER_ERROR|^null$/,
    when: namesNothing,
    what: 'a topic without a name: Weft INVALID_TOPIC_EXCEPTION for that one; Kafka UNKNOWN_SERVER_ERROR for every topic, and no cursor',
    reason: NO_EXCEPTIONS,
  },
  {
    api: 'CreateTopics',
    field: 'topics.errorCode',
    weft: 'NONE (0)',
    kafka: 'INVALID_REPLICA_ASSIGNMENT (39)',
    diverges: true,
    what: 'an assignment to brokers that do not exist: Weft makes the topic; Kafka INVALID_REPLICA_ASSIGNMENT',
    reason: 'Partitions have no place: a topic can be made as it was elsewhere, whatever brokers there were',
  },
  {
    api: 'CreateTopics',
    field: 'topics.errorCode',
    weft: 'NONE (0)',
    kafka: 'INVALID_REPLICATION_FACTOR (38)',
    diverges: true,
    what: 'more replicas than there are agents: Weft makes the topic; Kafka INVALID_REPLICATION_FACTOR',
    reason:
      'The bucket keeps the copies: programs that ask for three, as most do, need not know that they talk to one agent',
  },
  {
    api: 'every',
    field: /^(topics|results)\.configs$/,
    kafka: 'ABSENT',
    weft: /"name":"weft\./,
    what: 'settings of a topic: Weft has some of its own, whose names begin with weft.',
    reason: 'docs/SETTINGS.md says what they are for',
  },
  {
    api: 'every',
    field: /^(topics|results)\.configs/,
    place: /name="min\.insync\.replicas"/,
    what: "min.insync.replicas: Weft says that its value is the default; Kafka that it is the cluster's",
    reason: 'A new cluster of Kafka writes that one setting down when it is made; Weft has no replicas in it',
  },
  {
    api: 'CreateTopics',
    field: 'topics.topicId',
    weft: '<zero>',
    when: ({ request }) => (request as { validateOnly?: boolean }).validateOnly === true,
    what: 'a topic that is only validated: Weft gives it no id; Kafka one that no topic will have',
    reason: 'Nothing has that id',
  },
  {
    api: 'FindCoordinator',
    field: /(^|\.)errorMessage$/,
    weft: null,
    kafka: '<text>',
    what: 'a group without a name: Kafka says in words what its error code says',
    reason: 'Words mean nothing to programs',
  },
  {
    api: 'JoinGroup',
    field: 'protocolName',
    weft: '',
    kafka: null,
    what: 'a protocol whose name is empty: Weft answers with that name; Kafka with none',
    reason: 'It is the name that was chosen',
  },
  {
    api: 'OffsetDelete',
    field: 'topics.partitions',
    weft: 'ABSENT',
    what: 'a partition named twice: Weft answers it once; Kafka twice',
    reason: 'It is one partition',
  },
  {
    api: 'DescribeGroups',
    field: /^groups\.(errorCode|groupState)$/,
    weft: /^(Dead|GROUP_ID_NOT_FOUND)/,
    kafka: /^(Empty|NONE)/,
    what: 'a group that a refused JoinGroup asked for: in Weft there is none; Kafka has an empty one from then on',
    reason: 'Who was refused should leave nothing behind',
  },
  {
    api: 'ListGroups',
    field: 'groups',
    weft: 'ABSENT',
    kafka: /"protocolType":""/,
    what: 'a group that a refused JoinGroup asked for: in Weft there is none; Kafka has an empty one from then on',
    reason: 'Who was refused should leave nothing behind',
  },
  {
    api: 'OffsetForLeaderEpoch',
    field: /^topics\.partitions\.(leaderEpoch|endOffset)$/,
    when: ({ request }) => /"leaderEpoch":-([2-9]|\d\d)/.test(JSON.stringify(request)),
    what: 'leader epochs below -1: Weft answers -1, -1; Kafka repeats the epoch',
    reason: 'There are no such epochs',
  },
  {
    api: 'DescribeConfigs',
    field: /^results\.configs/,
    when: asksForBrokers,
    what: "a broker's settings and loggers: each lists its own",
    reason: 'Most of them name parts of the program that answers',
  },
  {
    api: 'IncrementalAlterConfigs',
    field: 'responses.errorCode',
    kafka: 'UNKNOWN_SERVER_ERROR (-1)',
    what: 'an operation that does not exist: Weft INVALID_REQUEST, if nothing else is wrong; Kafka UNKNOWN_SERVER_ERROR',
    reason: NO_EXCEPTIONS,
  },
  {
    api: 'FindCoordinator',
    field: /^(coordinators\.)?errorCode$/,
    weft: 'UNSUPPORTED_VERSION (35)',
    kafka: 'NONE (0)',
    what: 'the coordinator of a transactional id: Weft UNSUPPORTED_VERSION; Kafka names a broker',
    reason: 'Transactions are not served yet, and a producer should learn so at its first step',
  },
  {
    api: 'Fetch',
    field: /^responses\.partitions\.(errorCode|divergingEpoch)/,
    when: namesLastEpoch,
    what: 'the epoch of the last record fetched: Weft does not compare it; Kafka answers where the logs part',
    reason: 'Only replicas send it, to find where their log parts from the leader; consumers never do',
  },
  {
    api: 'Fetch',
    field: /^(errorCode|responses\.partitions(\.errorCode)?)$/,
    kafka: /UNKNOWN_SERVER_ERROR/,
    what: 'negative byte limits, isolation levels that do not exist: Weft takes them for the nearest that does; Kafka UNKNOWN_SERVER_ERROR',
    reason: NO_EXCEPTIONS,
  },
  {
    api: 'Fetch',
    field: 'responses.partitions.errorCode',
    kafka: /^(UNKNOWN|FENCED)_LEADER_EPOCH/,
    what: 'a leader epoch other than 0: Weft serves the request; Kafka UNKNOWN_LEADER_EPOCH, FENCED_LEADER_EPOCH',
    reason: CONSTANT_EPOCH,
  },
  {
    api: 'Fetch',
    field: 'responses.partitions.errorCode',
    weft: 'NONE (0)',
    kafka: 'OFFSET_OUT_OF_RANGE (1)',
    what: 'an offset beyond the end beside partitions that have records: Weft gives the records and says OFFSET_OUT_OF_RANGE with the next request; Kafka at once',
    reason:
      'Beyond the end of what this agent knows is out of range only behind a fresh read, for which records do not wait',
  },
  {
    api: 'ListOffsets',
    field: 'topics.partitions.errorCode',
    kafka: /^(UNKNOWN|FENCED)_LEADER_EPOCH/,
    what: 'a leader epoch other than 0: Weft serves the request; Kafka UNKNOWN_LEADER_EPOCH, FENCED_LEADER_EPOCH',
    reason: CONSTANT_EPOCH,
  },
  {
    api: 'ListOffsets',
    field: /^topics(\.partitions(\.errorCode)?)?$/,
    when: oddIsolation,
    what: 'an isolation level that does not exist: Weft takes it for read_uncommitted; Kafka UNKNOWN_SERVER_ERROR',
    reason: NO_EXCEPTIONS,
  },
  {
    api: 'ListOffsets',
    field: /^topics\.partitions\.(timestamp|offset|leaderEpoch)$/,
    when: asksForMaxTimestamp,
    what: 'the record with the greatest time, when DeleteRecords deleted it: Weft names the one that is left, if any; Kafka still names it',
    reason: 'Nobody can read it any more',
  },
  {
    api: 'OffsetForLeaderEpoch',
    field: 'topics.partitions.errorCode',
    kafka: /^(UNKNOWN|FENCED)_LEADER_EPOCH/,
    what: 'a leader epoch other than 0: Weft serves the request; Kafka UNKNOWN_LEADER_EPOCH, FENCED_LEADER_EPOCH',
    reason: CONSTANT_EPOCH,
  },
  {
    api: 'ApiVersions',
    field: 'outcome',
    kafka: 'closed',
    when: ({ version, damage }) => version < 3 && damage.some(({ kind }) => kind === 'set'),
    what: 'a version to come, whose header has no tag section: Weft answers with its versions; Kafka closes the connection',
    reason: 'Nothing else in the header is needed for the answer',
  },
  {
    api: 'ApiVersions',
    field: 'apiKeys',
    weft: 'ABSENT',
    what: 'APIs that Kafka lists and Weft does not serve',
    reason: 'One by one in docs/PROTOCOL.md, "Not served, why"',
  },
  {
    api: 'ApiVersions',
    field: /^(supported|finalized)Features$/,
    weft: 'ABSENT',
    what: 'features: Weft lists none',
    reason:
      "They version the metadata of Kafka's own cluster, and what Weft does not have yet: the second transaction protocol, share and streams groups",
  },
  {
    api: 'ApiVersions',
    field: 'errorCode',
    weft: 'NONE (0)',
    kafka: 'INVALID_REQUEST (42)',
    what: "a client's software name or version of a wrong form: Weft answers; Kafka INVALID_REQUEST",
    reason: 'Nothing depends on the name, and a client refused here cannot say why',
  },
  {
    api: 'Metadata',
    field: 'topics.errorCode',
    weft: 'NONE (0)',
    kafka: 'UNKNOWN_TOPIC_OR_PARTITION (3)',
    what: 'a topic made because it was asked for: Weft answers with it; Kafka says at first that there is none',
    reason: 'The topic is there when Weft answers, so no client need ask again',
  },
];

function namesTwice(request: unknown): boolean {
  const { topicData } = request as {
    topicData: readonly { name?: unknown; topicId?: unknown; partitionData: readonly { index: number }[] }[];
  };
  const named = topicData.flatMap(({ name, topicId, partitionData }) =>
    partitionData.map(({ index }) => JSON.stringify([name ?? topicId, index])),
  );
  return new Set(named).size < named.length;
}

/** Differences to be mended: they may be gone at any time, so that they need not be met. */
export const pending: readonly Allowed[] = [];
