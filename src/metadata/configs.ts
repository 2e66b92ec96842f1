import { errors } from '../protocol/errors.js';
import type { AlterResourceConfigs, ConfigEntry } from './journal.wire.js';
import type { Ledger } from './limits.js';
import { SIZE, TOPIC_CONFIGS_MAX, textBytes } from './limits.js';
import type { Outcome } from './outcomes.js';
import { DONE, refused, SUPERSEDED } from './outcomes.js';
import type { ConfigsView } from './view.js';

/** The resource types that may have configs here, by Kafka's numbers (org.apache.kafka.common.config.ConfigResource). */
export const CONFIG_RESOURCES = { broker: 4, clientMetrics: 16, group: 32 } as const;

const TYPES: ReadonlySet<number> = new Set(Object.values(CONFIG_RESOURCES));
const NAME_CHARACTERS_MAX = 32_767;

export interface ResourceConfigs extends ConfigsView {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** Configs of brokers, groups and client metrics subscriptions: of everything but topics, which keep their own. */
export class Configs {
  readonly #ledger: Ledger;
  /** By type and name; none without a config. */
  readonly byResource = new Map<string, ResourceConfigs>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  find(resourceType: number, resourceName: string): ResourceConfigs | undefined {
    return this.byResource.get(keyOf(resourceType, resourceName));
  }

  alter(command: AlterResourceConfigs, revision: number): Outcome {
    const { resourceType, resourceName } = command;
    if (!TYPES.has(resourceType) || resourceName.length > NAME_CHARACTERS_MAX) {
      return refused(errors.INVALID_REQUEST.code, `no configs of resource type ${resourceType}`);
    }
    const before = this.find(resourceType, resourceName);
    if ((before?.configsRevision ?? 0) !== command.expectedRevision) {
      return SUPERSEDED;
    }
    const configs = configsOf(command.configs);
    if (configs === undefined) {
      return refused(errors.INVALID_REQUEST.code, `more than ${TOPIC_CONFIGS_MAX} configs`);
    }
    const after = { resourceType, resourceName, configs, configsRevision: revision };
    const grownBytes = rowBytes(after) - rowBytes(before);
    if (grownBytes > 0 && this.#ledger.full) {
      return refused(errors.REQUEST_TIMED_OUT.code, 'the metadata is full');
    }
    this.#ledger.digest.number(resourceType);
    this.#ledger.digest.text(resourceName);
    mixConfigs(this.#ledger, configs);
    // Rows stand in the order in which they came to be; a changed one keeps its place.
    if (configs.size > 0) {
      this.byResource.set(keyOf(resourceType, resourceName), after);
    } else {
      this.byResource.delete(keyOf(resourceType, resourceName));
    }
    this.#ledger.bytes += grownBytes;
    return DONE;
  }

  /** Adds a row that was judged before. */
  link(row: ResourceConfigs): void {
    this.byResource.set(keyOf(row.resourceType, row.resourceName), row);
    this.#ledger.bytes += rowBytes(row);
  }
}

/** The configs of a command, each name once; undefined when they are too many. */
export function configsOf(entries: readonly ConfigEntry[]): ReadonlyMap<string, string> | undefined {
  return entries.length > TOPIC_CONFIGS_MAX ? undefined : new Map(entries.map(({ name, value }) => [name, value]));
}

export function mixConfigs({ digest }: Ledger, configs: ReadonlyMap<string, string>): void {
  digest.number(configs.size);
  for (const [name, value] of configs) {
    digest.text(name);
    digest.text(value);
  }
}

export function configsBytes(configs: ReadonlyMap<string, string>): number {
  let bytes = 0;
  for (const [name, value] of configs) {
    bytes += SIZE.config + textBytes(name) + textBytes(value);
  }
  return bytes;
}

function rowBytes(row: ResourceConfigs | undefined): number {
  return row === undefined || row.configs.size === 0
    ? 0
    : SIZE.resourceConfigs + 2 * textBytes(row.resourceName) + configsBytes(row.configs);
}

function keyOf(resourceType: number, resourceName: string): string {
  return `${resourceType}/${resourceName}`;
}
