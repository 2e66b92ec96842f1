import type { Api } from '../../src/protocol/codec.js';
import { isPresent } from '../../src/protocol/struct.js';
import type { AnyField, Type } from '../../src/protocol/types.js';
import type { SeededRandom } from '../simulation/random.js';
import { batches, flawNames } from './batches.js';
import { given, type Later } from './script.js';
import { topicId, UNKNOWN_ID } from './story.js';

const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Values to choose from: of fields with this name, at their end or as a whole; of all others by their type. */
type Pool = readonly unknown[];

const topicNames: Pool = ['~a', '~a', '~b', '~missing', '', '~not good', '.'];
const groupNames: Pool = ['~g', '~g', '~unknown', ''];
const counts: Pool = [0, 1, -1, 2, 0x7fff_ffff, -0x8000_0000];
const shortTimes: Pool = [0, 1, -1, 20];

/** By field name. What could make a request wait for long has short times only. */
const byName: Readonly<Record<string, Pool>> = {
  name: topicNames,
  topic: topicNames,
  topics: topicNames,
  topicNames,
  topicName: topicNames,
  resourceName: [...topicNames, '1', given('node text', '1')],
  groupId: groupNames,
  groups: groupNames,
  groupsNames: groupNames,
  coordinatorKeys: groupNames,
  key: groupNames,
  topicId: [topicId('~a'), topicId('~b'), UNKNOWN_ID, ZERO_ID],
  memberId: ['', 'nobody', '~member'],
  groupInstanceId: [null, '', '~instance'],
  partition: [0, 0, 1, 2, -1, 99],
  partitions: [0, 0, 1, 2, -1, 99],
  partitionIndex: [0, 0, 1, 2, -1, 99],
  partitionIndexes: [0, 0, 1, 2, -1, 99],
  index: [0, 0, 1, 2, -1, 99],
  brokerIds: [given('node', 1), given('other node', 99), -1],
  brokers: [given('node', 1), given('other node', 99), -1],
  replicas: [given('node', 1), given('other node', 99), -1],
  replicaId: [-1, -1, -1, -2],
  numPartitions: [1, 2, -1, 0, -2],
  count: [1, 2, 3, 0, -1],
  replicationFactor: [1, 1, -1, 0, 3],
  maxWaitMs: shortTimes,
  minBytes: [0, 1, -1],
  timeoutMs: [30_000, 30_000, 5_000],
  sessionTimeoutMs: [30_000, 30_000, 0, -1, 0x7fff_ffff],
  // None so short that a member is gone before the script is.
  rebalanceTimeoutMs: [30_000, 60_000],
  transactionalId: [null, null, ''],
  acks: [-1, 1, -1, 2, -2],
  fetchOffset: [0, 0, 1, 5, -1, 1_000],
  timestamp: [-1, -2, -3, -4, 0, -9],
  sessionId: [0, 0, 9],
  sessionEpoch: [-1, -1, 0, 3],
  resourceType: [2, 2, 4, 0, 1, 8, 16, 32, -1],
  clusterId: [null],
  statesFilter: ['Empty', 'Stable', 'nonsense', ''],
  typesFilter: ['classic', 'consumer', 'nonsense', ''],
  clientSoftwareName: ['weft', '', '-'],
  endpointType: [1, 1, 2, 0],
  keyType: [0, 0, 1, 2, 9],
};

const byType: Readonly<Record<string, Pool>> = {
  bool: [true, false],
  int8: [0, 1, -1, 127, -128],
  int16: [0, 1, -1, 32_767, -32_768],
  int32: counts,
  int64: [0, 1, -1, 5_000, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
  float64: [0, 1, -1, 0.5, 1e9],
  uuid: [ZERO_ID, UNKNOWN_ID, topicId('~a')],
  string: ['', 'x', '~a', 'é', 'n'.repeat(300)],
  bytes: [Buffer.alloc(0), Buffer.from('bytes')],
};

/** A request that its version can carry, each field from a pool of good, odd and wrong values. */
export function anyRequest(random: SeededRandom, api: Api, version: number): Record<string, unknown> {
  return anyStruct(random, api.request.fields, version);
}

function anyStruct(random: SeededRandom, fields: readonly AnyField[], version: number): Record<string, unknown> {
  const present = fields.filter((field) => isPresent(field.options, version));
  return Object.fromEntries(present.map((field) => [field.name, anyField(random, field, version)]));
}

function anyField(random: SeededRandom, field: AnyField, version: number): unknown {
  const { nullable, tag } = field.options;
  const mayBeNull = nullable !== undefined && version >= nullable;
  // Kafka never answers a Produce with null for records, so every such request would cost the whole wait for it.
  if (mayBeNull && field.type.name !== 'records' && random.chance(0.15)) return null;
  // What is in a tag is for brokers or rare.
  if (tag !== undefined && random.chance(0.8)) return undefined;
  return anyValue(random, field.type, field.name, version, mayBeNull);
}

function anyValue(
  random: SeededRandom,
  type: Type<unknown>,
  name: string,
  version: number,
  mayBeNull: boolean,
): unknown {
  const { parts } = type;
  if (parts.kind === 'array') {
    const element = parts.element;
    return Array.from({ length: random.pick([1, 1, 1, 2, 3, 0]) }, () =>
      anyValue(random, element, name, version, false),
    );
  }
  if (parts.kind === 'struct') return anyStruct(random, parts.fields, version);
  if (type.name === 'records') return anyRecords(random);
  const pool = byName[name];
  const fit = (pool ?? []).filter((value) => fits(type.name, value) && (value !== null || mayBeNull));
  return random.pick(fit.length > 0 ? fit : byType[type.name]!);
}

function fits(type: string, value: unknown): boolean {
  if (value === null || typeof value === 'object') return true;
  return typeof value === (type === 'string' || type === 'uuid' ? 'string' : type === 'bool' ? 'boolean' : 'number');
}

function anyRecords(random: SeededRandom): Later {
  return random.chance(0.6) ? batches({}) : batches({ flaw: random.pick(flawNames) });
}
