/**
 * AlterClientQuotas, v0 and v1 (KIP-546): each entity is judged by itself (metadata/client-quotas.ts says how), and what is
 * valid is set by one command.
 *
 * - As in Kafka an entity is answered once. Given twice, or with one key twice, it is INVALID_REQUEST (42): the first of two
 *   is set all the same, one with a key twice is not.
 * - More than 4,096 values in all: POLICY_VIOLATION (44). The metadata are full: REQUEST_TIMED_OUT (7). The metadata leader
 *   cannot be reached in 30 s: REQUEST_TIMED_OUT or NOT_CONTROLLER (41).
 */
import { namedEntity, quotaFlaw } from '../../metadata/client-quotas.js';
import type { QuotaAlteration } from '../../metadata/journal.wire.js';
import type { QuotaEntity } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import type { RequestOf, ResponseIn } from '../../protocol/codec.js';
import { errors } from '../../protocol/errors.js';
import { administer } from '../administration.js';
import { handler, type Services } from '../handler.js';
import { entityTypes, isEntityType } from '../quota-entities.js';

type Entry = RequestOf<typeof apis.alterClientQuotas>['entries'][number];
type Answer = ResponseIn<typeof apis.alterClientQuotas>['entries'][number];

/** Kafka's request.timeout.ms of brokers: the request brings none. */
const TIMEOUT_MS = 30_000;

export const alterClientQuotas = (services: Services) =>
  handler(apis.alterClientQuotas, async ({ entries, validateOnly }) => {
    const alterations: QuotaAlteration[] = [];
    const answers = new Map<string, { readonly answer: Answer; readonly sent: boolean }>();
    for (const { entity: parts, ops } of entries) {
      // Of a type that is named twice the last counts.
      const names = new Map(parts.map(({ entityType, entityName }) => [entityType, entityName]));
      const id = JSON.stringify([...names].sort(([one], [other]) => (one < other ? -1 : 1)));
      const message = answers.has(id) ? ignored(names) : flawOf(names, ops);
      const sent = message === undefined && !validateOnly;
      if (sent) alterations.push({ ...namedEntity(entityOf(names)), ops: ops.map(opOf) });
      answers.set(id, { answer: answerOf(names, message), sent });
    }
    if (alterations.length === 0) {
      return { throttleTimeMs: 0, entries: Array.from(answers.values(), ({ answer }) => answer) };
    }
    const command = { kind: { $case: 'alterClientQuotas' as const, value: { alterations } } };
    const { error, message } = await administer(services, TIMEOUT_MS, services.metadata.submit(command));
    return {
      throttleTimeMs: 0,
      entries: Array.from(answers.values(), ({ answer, sent }) =>
        sent ? { ...answer, errorCode: error, errorMessage: message } : answer,
      ),
    };
  });

type Names = ReadonlyMap<string, string | null>;

function answerOf(names: Names, message: string | undefined): Answer {
  return {
    errorCode: message === undefined ? errors.NONE.code : errors.INVALID_REQUEST.code,
    errorMessage: message ?? null,
    entity: Array.from(names, ([entityType, entityName]) => ({ entityType, entityName })),
  };
}

function flawOf(names: Names, ops: Entry['ops']): string | undefined {
  if (new Set(ops.map(({ key }) => key)).size < ops.length) return ignored(names);
  for (const type of names.keys()) {
    if (!isEntityType(type)) return `Unhandled client quota entity type: ${type.slice(0, 256)}`;
  }
  return quotaFlaw(entityOf(names), ops.map(opOf));
}

function entityOf(names: Names): QuotaEntity {
  const [user, clientId, ip] = entityTypes.map(({ type }) => names.get(type));
  return { user, clientId, ip };
}

function opOf({ key, value, remove }: Entry['ops'][number]): QuotaAlteration['ops'][number] {
  return { key, value: remove ? undefined : value };
}

function ignored(names: Names): string {
  const shown = Array.from(names, ([type, name]) => `${type}=${name}`.slice(0, 256)).join(', ');
  return `Ignoring duplicate entity ClientQuotaEntity(entries={${shown.slice(0, 1_024)}})`;
}
