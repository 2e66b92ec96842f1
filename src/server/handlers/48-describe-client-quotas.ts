/**
 * DescribeClientQuotas, v0 and v1 (KIP-546): the entities that match every component of a filter, behind a fresh read. A
 * component matches by name (0), the default (1) or any of its type (2); a strict filter matches entities of its types only.
 * Errors are Kafka's: INVALID_REQUEST (42) and UNSUPPORTED_VERSION (35, another type of entity), for the whole request.
 */
import type { ClientQuotaView, QuotaEntity } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import type { RequestOf, ResponseIn } from '../../protocol/codec.js';
import { errors } from '../../protocol/errors.js';
import { readFresh } from '../fresh.js';
import { handler, type Services } from '../handler.js';
import { entityTypes, isEntityType } from '../quota-entities.js';
import { turn } from '../turns.js';

type Request = RequestOf<typeof apis.describeClientQuotas>;

type Entry = NonNullable<ResponseIn<typeof apis.describeClientQuotas>['entries']>[number];

const EXACT = 0;
const DEFAULT = 1;
const SPECIFIED = 2;

/** Of more entities each so many are looked at in a turn of their own: other requests come in between. */
const TURN_ENTITIES = 2_048;

export const describeClientQuotas = (services: Services) => {
  let last: Promise<unknown> = Promise.resolve();
  return handler(apis.describeClientQuotas, async (request, { signal }) => {
    const flaw = filterFlaw(request.components);
    if (flaw !== undefined)
      return { throttleTimeMs: 0, errorCode: flaw.error, errorMessage: flaw.message, entries: null };
    if (!(await readFresh(services))) return undefined;
    // One after the other: no budget counts what is described between two turns.
    const describing = last.then(() => describeMatching(services, request, signal));
    last = describing.catch(() => {});
    const entries = await describing;
    return entries && { throttleTimeMs: 0, errorCode: errors.NONE.code, errorMessage: null, entries };
  });
};

/** Undefined: nobody waits for it any more. */
async function describeMatching(
  { metadata, world }: Services,
  request: Request,
  signal: AbortSignal,
): Promise<Entry[] | undefined> {
  const rows = Array.from(metadata.view.clientQuotas());
  const entries: Entry[] = [];
  for (const [at, row] of rows.entries()) {
    if (at > 0 && at % TURN_ENTITIES === 0) await turn(world.timers);
    if (signal.aborted) return undefined;
    // One that is gone since has no values.
    if (row.values.size > 0 && matches(row.entity, request)) entries.push(describe(row));
  }
  return entries;
}

function filterFlaw(
  components: Request['components'],
): { readonly error: number; readonly message: string } | undefined {
  const invalid = (message: string) => ({ error: errors.INVALID_REQUEST.code, message });
  const types = new Set<string>();
  for (const { entityType, matchType, match } of components) {
    const shown = entityType.slice(0, 256);
    if (entityType === '') return invalid('Invalid empty entity type.');
    if (types.has(entityType)) return invalid(`Entity type ${shown} cannot appear more than once in the filter.`);
    if (!isEntityType(entityType)) {
      return { error: errors.UNSUPPORTED_VERSION.code, message: `Unsupported entity type ${shown}` };
    }
    if (matchType === EXACT && match === null) {
      return invalid('Request specified MATCH_TYPE_EXACT, but set match string to null.');
    }
    if (matchType !== EXACT && matchType !== DEFAULT && matchType !== SPECIFIED) {
      return invalid(`Unknown match type ${matchType}`);
    }
    if (matchType !== EXACT && match !== null) {
      const name = matchType === DEFAULT ? 'MATCH_TYPE_DEFAULT' : 'MATCH_TYPE_SPECIFIED';
      return invalid(`Request specified ${name}, but also specified a match string.`);
    }
    types.add(entityType);
  }
  if (types.has('ip') && types.size > 1) {
    return invalid(
      'Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.',
    );
  }
  return undefined;
}

function matches(entity: QuotaEntity, { components, strict }: Request): boolean {
  if (strict && entityTypes.filter(({ part }) => entity[part] !== undefined).length !== components.length) return false;
  return components.every(({ entityType, matchType, match }) => {
    const name = entity[entityTypes.find(({ type }) => type === entityType)!.part];
    return name !== undefined && (matchType === SPECIFIED || name === (matchType === DEFAULT ? null : match));
  });
}

function describe({ entity, values }: ClientQuotaView): Entry {
  return {
    entity: entityTypes.flatMap(({ type, part }) => {
      const entityName = entity[part];
      return entityName === undefined ? [] : [{ entityType: type, entityName }];
    }),
    values: Array.from(values, ([key, value]) => ({ key, value })),
  };
}
