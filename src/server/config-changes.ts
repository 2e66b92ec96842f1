/**
 * What AlterConfigs and IncrementalAlterConfigs do to one resource. A change is made here from the configs that this replica
 * has, and checked; the metadata take it only when those are still the present ones. Otherwise somebody else was faster, and
 * it is made and checked again from what they left: no change is lost, and none takes effect that would not be valid alone.
 */
import type { ConfigsView } from '../metadata/view.js';
import type { Command } from '../metadata/journal.wire.js';
import { errors } from '../protocol/errors.js';
import { administer } from './administration.js';
import {
  BROKER,
  BROKER_LOGGER,
  type ConfigResource,
  isOwnId,
  LOG_LEVEL_IS_A_SETTING,
  resourceOf,
  ROOT_LOGGER,
} from './config-resources.js';
import type { Services } from './handler.js';

export const SET = 0;
export const DELETE = 1;
export const APPEND = 2;
export const SUBTRACT = 3;

export interface Change {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

export interface Judged {
  readonly error: number;
  readonly message: string | null;
}

/** AlterConfigs: everything that is not named is taken away. */
export interface Replacement {
  readonly name: string;
  readonly value: string | null;
}

/** Kafka's request.timeout.ms: these requests have no timeout of their own. */
const WAIT_MS_MAX = 30_000;
/** Kafka's, too: what is longer could not be told to anybody. */
const VALUE_BYTES_MAX = 32_767;
const MIN_ISR = 'min.insync.replicas';

const ACCEPTED: Judged = { error: errors.NONE.code, message: null };

function invalidRequest(message: string): Judged {
  return { error: errors.INVALID_REQUEST.code, message };
}

function invalidConfig(message: string): Judged {
  return { error: errors.INVALID_CONFIG.code, message };
}

export async function alterIncrementally(
  services: Services,
  type: number,
  name: string,
  changes: readonly Change[],
  validateOnly: boolean,
): Promise<Judged> {
  const nulls = changes.filter(({ configOperation, value }) => configOperation !== DELETE && value === null);
  const flaw = namesFlaw(changes, nulls);
  if (flaw !== undefined) {
    return flaw;
  }
  const unknown = changes.find(({ configOperation }) => configOperation < SET || configOperation > SUBTRACT);
  if (unknown !== undefined) {
    return invalidRequest(`Unknown operations type ${unknown.configOperation}`);
  }
  if (type === BROKER_LOGGER && isOwnId(services, name)) {
    return loggersFlaw(changes) ?? ACCEPTED;
  }
  const isrFlaw = () =>
    minIsrFlaw(
      type,
      name,
      changes.find((change) => change.name === MIN_ISR),
    );
  return alter(services, type, name, (configs, resource) => changed(configs, changes, resource), validateOnly, isrFlaw);
}

/** Of the agent's own loggers: it has one, whose level is a setting. */
function loggersFlaw([first]: readonly Change[]): Judged | undefined {
  if (first === undefined) return undefined;
  const isList = first.configOperation === APPEND || first.configOperation === SUBTRACT;
  return first.name === ROOT_LOGGER || isList
    ? invalidRequest(LOG_LEVEL_IS_A_SETTING)
    : invalidConfig(`There is no logger '${first.name}'`);
}

export async function replaceAll(
  services: Services,
  type: number,
  name: string,
  configs: readonly Replacement[],
  validateOnly: boolean,
): Promise<Judged> {
  const flaw = namesFlaw(
    configs,
    configs.filter(({ value }) => value === null),
  );
  const after = new Map(configs.map((config) => [config.name, config.value ?? '']));
  const isrFlaw = () => minIsrFlaw(type, name, { configOperation: after.has(MIN_ISR) ? SET : DELETE });
  return flaw ?? alter(services, type, name, () => after, validateOnly, isrFlaw);
}

function namesFlaw(configs: readonly { name: string }[], nulls: readonly { name: string }[]): Judged | undefined {
  if (new Set(configs.map(({ name }) => name)).size < configs.length) {
    return invalidRequest('Error due to duplicate config keys');
  }
  return nulls.length === 0
    ? undefined
    : invalidRequest(`Null value not supported for : ${nulls.map(({ name }) => name).join(', ')}`);
}

async function alter(
  services: Services,
  type: number,
  name: string,
  make: (before: ReadonlyMap<string, string>, resource: ConfigResource) => ReadonlyMap<string, string> | Judged,
  validateOnly: boolean,
  lastFlaw: () => Judged | undefined,
): Promise<Judged> {
  const { clock } = services.world;
  const untilMs = clock.monotonicMs() + WAIT_MS_MAX;
  for (;;) {
    const resource = resourceOf(services, type, name);
    if ('error' in resource) {
      return resource;
    }
    const before = resource.present?.configs ?? new Map<string, string>();
    const after = make(before, resource);
    if ('error' in after) {
      return after;
    }
    const flaw = sizeFlaw(after) ?? resource.flaw(after) ?? lastFlaw();
    if (flaw !== undefined) {
      return flaw;
    }
    if (resource.present === undefined) {
      return { error: errors.UNKNOWN_TOPIC_OR_PARTITION.code, message: `The topic '${name}' does not exist.` };
    }
    if (validateOnly || sameConfigs(before, after)) {
      return ACCEPTED;
    }
    const submitted = services.metadata.submit(commandOf(resource, resource.present, after));
    const { outcome, error, message } = await administer(services, untilMs - clock.monotonicMs(), submitted);
    if (outcome?.kind !== 'superseded') {
      return { error, message };
    }
  }
}

function commandOf(resource: ConfigResource, present: ConfigsView, after: ReadonlyMap<string, string>): Command {
  const configs = Array.from(after, ([name, value]) => ({ name, value }));
  return { kind: resource.command({ expectedRevision: present.configsRevision, configs }) };
}

/** The configs after the changes; a refusal when one of them adds to or takes from what is no list. */
function changed(
  before: ReadonlyMap<string, string>,
  changes: readonly Change[],
  resource: ConfigResource,
): ReadonlyMap<string, string> | Judged {
  const after = new Map(before);
  for (const { name, configOperation, value } of changes) {
    if (configOperation === SET) {
      after.set(name, value ?? '');
    } else if (configOperation === DELETE) {
      after.delete(name);
    } else {
      const standard = resource.listDefault(name);
      const verb = configOperation === APPEND ? 'APPEND' : 'SUBTRACT';
      if (standard === undefined) {
        return invalidConfig(`Can't ${verb} to key ${name} because its type is not LIST.`);
      }
      const elements = (before.get(name) ?? standard).split(',').filter((element) => element !== '');
      const altered = configOperation === APPEND ? appended : subtracted;
      after.set(name, altered(elements, parts(value ?? '')).join(','));
    }
  }
  return after;
}

/** Each once, in their order; what was there twice stays so. */
function appended(elements: readonly string[], more: readonly string[]): string[] {
  const there = new Set(elements);
  const added = more.filter((element) => !there.has(element) && there.add(element));
  return [...elements, ...added];
}

/** An element that is there twice is taken away once each time that it is named. */
function subtracted(elements: readonly string[], fewer: readonly string[]): string[] {
  const times = new Map<string, number>();
  for (const element of fewer) times.set(element, (times.get(element) ?? 0) + 1);
  return elements.filter((element) => {
    const left = times.get(element) ?? 0;
    times.set(element, left - 1);
    return left <= 0;
  });
}

/** Java's String.split: empty parts at the end are none, but '' is one part. */
function parts(value: string): string[] {
  let end = value.length;
  while (end > 0 && value[end - 1] === ',') end -= 1;
  return end === 0 && value !== '' ? [] : value.slice(0, end).split(',');
}

function sizeFlaw(configs: ReadonlyMap<string, string>): Judged | undefined {
  for (const [name, value] of configs) {
    if (Buffer.byteLength(value) > VALUE_BYTES_MAX) {
      return invalidConfig(`The value of ${name} has more than ${VALUE_BYTES_MAX} bytes.`);
    }
  }
  return undefined;
}

/**
 * As Kafka has it since it tracks eligible leader replicas (KIP-966): all brokers have one min.insync.replicas, which is always
 * set, and none has another. So AlterConfigs for all brokers must name it.
 */
function minIsrFlaw(
  type: number,
  name: string,
  change: Pick<Change, 'configOperation'> | undefined,
): Judged | undefined {
  if (type !== BROKER || change === undefined) {
    return undefined;
  }
  const isRemoved = change.configOperation === DELETE;
  if (name === '') {
    return isRemoved ? invalidConfig(`Cluster-level ${MIN_ISR} cannot be removed while ELR is enabled.`) : undefined;
  }
  return isRemoved ? undefined : invalidConfig(`Broker-level ${MIN_ISR} cannot be altered while ELR is enabled.`);
}

function sameConfigs(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([name, value]) => other.get(name) === value);
}
