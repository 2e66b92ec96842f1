import { canonicalIp } from '../bytes/ip-address.js';
import { errors } from '../protocol/errors.js';
import type { AlterClientQuotas, QuotaAlteration, QuotaName } from './journal.wire.js';
import type { Ledger } from './limits.js';
import { ROWS_PER_ENTRY_MAX, SIZE, textBytes } from './limits.js';
import type { Outcome } from './outcomes.js';
import { DONE, refused } from './outcomes.js';
import type { ClientQuotaView, QuotaEntity } from './view.js';

const NAME_CHARACTERS_MAX = 32_767;
const LONG_MAX = 2 ** 63;
const INT_MAX = 2 ** 31 - 1;

interface QuotaKey {
  /** What Kafka calls its type; a whole number if there is a maximum. */
  readonly type: string;
  readonly max: number;
}

/** Kafka's names of quotas of users and clients, and of addresses (org.apache.kafka.server.config.QuotaConfig). */
const CLIENT_KEYS: Readonly<Record<string, QuotaKey>> = {
  producer_byte_rate: { type: 'LONG', max: LONG_MAX },
  consumer_byte_rate: { type: 'LONG', max: LONG_MAX },
  request_percentage: { type: 'DOUBLE', max: Number.POSITIVE_INFINITY },
  controller_mutation_rate: { type: 'DOUBLE', max: Number.POSITIVE_INFINITY },
};
const IP_KEYS: Readonly<Record<string, QuotaKey>> = { connection_creation_rate: { type: 'INT', max: INT_MAX } };

interface ClientQuota extends ClientQuotaView {
  readonly values: Map<string, number>;
}

/** Client quotas (KIP-13, KIP-124, KIP-546, KIP-599, KIP-612) by the entity that they bind. */
export class ClientQuotas {
  readonly #ledger: Ledger;
  /** By `keyOf`; none without a value. */
  readonly byEntity = new Map<string, ClientQuota>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** `changed` is given each row that was altered, without values when it is gone. */
  alter({ alterations }: AlterClientQuotas, changed: (row: ClientQuotaView) => void): Outcome {
    let rows = 0;
    let grows = false;
    for (const alteration of alterations) {
      const entity = quotaEntityOf(alteration);
      const flaw = quotaFlaw(entity, alteration.ops);
      if (flaw !== undefined) {
        return refused(errors.INVALID_REQUEST.code, flaw);
      }
      const there = this.byEntity.get(keyOf(entity))?.values;
      rows += alteration.ops.length;
      grows ||= alteration.ops.some(({ key, value }) => value !== undefined && there?.has(key) !== true);
    }
    if (rows > ROWS_PER_ENTRY_MAX) {
      return refused(errors.POLICY_VIOLATION.code, `more than ${ROWS_PER_ENTRY_MAX} values`);
    }
    if (grows && this.#ledger.full) {
      return refused(errors.REQUEST_TIMED_OUT.code, 'the metadata is full');
    }
    for (const alteration of alterations) {
      changed(this.#alterOne(quotaEntityOf(alteration), alteration.ops));
    }
    return DONE;
  }

  /** Adds a row that was judged before. */
  link(row: ClientQuotaView): void {
    this.byEntity.set(keyOf(row.entity), { entity: row.entity, values: new Map(row.values) });
    this.#ledger.bytes += rowBytes(row);
  }

  has(entity: QuotaEntity): boolean {
    return this.byEntity.has(keyOf(entity));
  }

  #alterOne(entity: QuotaEntity, ops: QuotaAlteration['ops']): ClientQuota {
    const { digest } = this.#ledger;
    const key = keyOf(entity);
    const row = this.byEntity.get(key) ?? { entity, values: new Map<string, number>() };
    this.#ledger.bytes -= rowBytes(row);
    digest.text(key);
    for (const op of ops) {
      digest.text(op.key);
      digest.text(`${op.value}`);
      if (op.value === undefined) {
        row.values.delete(op.key);
      } else {
        row.values.set(op.key, op.value);
      }
    }
    if (row.values.size > 0) {
      this.byEntity.set(key, row);
    } else {
      this.byEntity.delete(key);
    }
    this.#ledger.bytes += rowBytes(row);
    return row;
  }
}

/** The entity that an alteration, or a row of a snapshot, names. */
export function quotaEntityOf(named: { readonly [Part in keyof QuotaEntity]: QuotaName | undefined }): QuotaEntity {
  const nameOf = (name: QuotaName | undefined) => (name === undefined ? undefined : (name.name ?? null));
  return { user: nameOf(named.user), clientId: nameOf(named.clientId), ip: nameOf(named.ip) };
}

/** The other way round. */
export function namedEntity(entity: QuotaEntity): { readonly [Part in keyof QuotaEntity]: QuotaName | undefined } {
  const named = (name: string | null | undefined) => (name === undefined ? undefined : { name: name ?? undefined });
  return { user: named(entity.user), clientId: named(entity.clientId), ip: named(entity.ip) };
}

/**
 * What Kafka refuses with INVALID_REQUEST (42), in its words where they are whole sentences. One difference: an ip must be
 * an address, where Kafka also takes a host name that it can resolve.
 */
export function quotaFlaw(entity: QuotaEntity, ops: QuotaAlteration['ops']): string | undefined {
  const { user, clientId, ip } = entity;
  for (const [type, name] of [
    ['user', user],
    ['client-id', clientId],
    ['ip', ip],
  ] as const) {
    if (name === '') return `Empty ${type} not supported`;
    if (name !== null && name !== undefined && name.length > NAME_CHARACTERS_MAX) return `The ${type} is too long`;
  }
  const isOfClient = user !== undefined || clientId !== undefined;
  if (ip === undefined && !isOfClient) return 'Invalid empty client quota entity';
  if (ip !== undefined && isOfClient) {
    return 'Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId';
  }
  if (typeof ip === 'string' && canonicalIp(ip) === undefined) {
    return `${ip.slice(0, 256)} is not a valid IP or resolvable host.`;
  }
  const keys = ip === undefined ? CLIENT_KEYS : IP_KEYS;
  for (const { key, value } of ops) {
    const flaw = value === undefined ? undefined : valueFlaw(keys, key, value);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function valueFlaw(keys: Readonly<Record<string, QuotaKey>>, key: string, value: number): string | undefined {
  const known = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (known === undefined) return `Invalid configuration key ${key.slice(0, 256)}`;
  if (!(value > 0)) return `Quota ${key} must be greater than 0`;
  if (value > known.max) {
    return `Proposed value for ${key} is too large for ${known.type === 'INT' ? 'an INT' : `a ${known.type}`}.`;
  }
  return known.type !== 'DOUBLE' && value % 1 > 1e-6 ? `${key} cannot be a fractional value.` : undefined;
}

/** One text for one entity. */
function keyOf({ user, clientId, ip }: QuotaEntity): string {
  return JSON.stringify([user, clientId, ip].map((name) => (name === undefined ? [] : [name])));
}

function rowBytes({ entity, values }: ClientQuotaView): number {
  if (values.size === 0) return 0;
  let bytes = SIZE.clientQuota;
  for (const name of [entity.user, entity.clientId, entity.ip]) {
    bytes += 3 * textBytes(name ?? '');
  }
  for (const key of values.keys()) {
    bytes += SIZE.config + textBytes(key);
  }
  return bytes;
}
