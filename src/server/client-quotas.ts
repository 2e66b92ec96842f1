import { canonicalIp } from '../bytes/ip-address.js';
import type { MetadataClient } from '../cluster/metadata-client.js';
import type { ClientQuotaView } from '../metadata/view.js';
import { burstOf, SampledRate } from './sampled-rate.js';
import { TokenBucket } from './token-bucket.js';

/** What a quota counts, by Kafka's names; see metadata/client-quotas.ts. */
const KEYS = {
  produce: 'producer_byte_rate',
  fetch: 'consumer_byte_rate',
  request: 'request_percentage',
  mutation: 'controller_mutation_rate',
} as const;
const IP_KEY = 'connection_creation_rate';

/** Nobody is authenticated yet: Kafka's principal for that. */
const USER = 'ANONYMOUS';

/** The longest wait for having used too much time, or for connecting too often: a window (Kafka). */
const BOUNDED_MS_MAX = 1_000;
/** Kafka's ClientQuotaManager.InactiveSensorExpirationTimeSeconds. */
const UNUSED_MS_MAX = 3_600_000;
/** Of all kinds. Beyond, those unused for longest begin anew. */
const ALLOWANCES_MAX = 10_000;
/** Clients with longer ids share what is counted by id. */
const CLIENT_ID_CHARACTERS_MAX = 256;
const LONG_ID = '\0';
const DEFAULT = 0;
const ABSENT = 1;

type Named = string | typeof DEFAULT | typeof ABSENT;

interface Used {
  usedMs: number;
}

/** How much of a quota was used, by everyone whom it binds together. */
class Allowance implements Used {
  limit = Number.POSITIVE_INFINITY;
  usedMs = 0;
  readonly #rate = new SampledRate();

  /** Milliseconds to wait for what is too much; 0 when it is not. */
  use(amount: number, nowMs: number): number {
    this.usedMs = nowMs;
    this.#rate.record(amount, nowMs);
    return this.#rate.excessMs(this.limit, nowMs);
  }

  /** Counts without asking whether it is too much; negative gives back. */
  note(amount: number, nowMs: number): void {
    this.#rate.record(amount, nowMs);
  }
}

class Bucket implements Used {
  limit = Number.POSITIVE_INFINITY;
  usedMs = 0;
  #tokens: TokenBucket | undefined;

  owedMs(nowMs: number): number {
    return this.#open(nowMs).owedMs(this.limit, nowMs);
  }

  take(count: number, nowMs: number): void {
    this.#open(nowMs).take(count, this.limit, nowMs);
  }

  #open(nowMs: number): TokenBucket {
    this.usedMs = nowMs;
    this.#tokens ??= new TokenBucket(this.limit, nowMs);
    return this.#tokens;
  }
}

/** What is set for addresses. One address may have several names: of those the one that was there last counts. */
class ConnectionRates {
  readonly #byAddress = new Map<string | typeof DEFAULT, Map<string | null, number>>();

  get isEmpty(): boolean {
    return this.#byAddress.size === 0;
  }

  of(address: string | typeof DEFAULT): number | undefined {
    let last: number | undefined;
    for (const rate of this.#byAddress.get(address)?.values() ?? []) last = rate;
    return last;
  }

  /** `name`: null for the default. Undefined takes the rate away. */
  set(name: string | null, rate: number | undefined): void {
    const address = name === null ? DEFAULT : (canonicalIp(name) ?? name);
    const rates = this.#byAddress.get(address) ?? new Map<string | null, number>();
    if (rate === undefined) rates.delete(name);
    else rates.set(name, rate);
    if (rates.size > 0) this.#byAddress.set(address, rates);
    else this.#byAddress.delete(address);
  }
}

/** The quotas that bind one client: most often none. */
export interface ClientQuota {
  readonly produce: Allowance | undefined;
  readonly fetch: Allowance | undefined;
  /** In percent of one thread: a millisecond within a second is 0.1. */
  readonly request: Allowance | undefined;
  readonly mutation: Bucket | undefined;
}

/**
 * Client quotas as this agent enforces them (KIP-13, KIP-124, KIP-219, KIP-599, KIP-612), by Kafka's rules: of the entities
 * that name a client the most specific binds it, and all clients of a user, a client id or a pair share one allowance. A
 * quota is for the whole cluster: each agent gives its part of it, one of as many as there are open agents (one, so far).
 */
export class ClientQuotas {
  readonly #metadata: MetadataClient;
  /** The rows that are not of addresses, by `ruleOf`. */
  readonly #rules = new Map<string, ReadonlyMap<string, number>>();
  readonly #connectionRates = new ConnectionRates();
  #agents = 1;
  /** By client id: what was found out since the quotas last changed. */
  readonly #clients = new Map<string, ClientQuota>();
  readonly #allowances = new Map<string, Allowance | Bucket>();
  #sweptMs = 0;

  constructor(metadata: MetadataClient) {
    this.#metadata = metadata;
    for (const row of metadata.view.clientQuotas()) this.#take(row);
    this.#countAgents();
    metadata.onApplied((_revision, { clientQuotas, agentsChanged }) => {
      for (const row of clientQuotas) this.#take(row);
      if (agentsChanged) this.#countAgents();
      if (clientQuotas.length > 0 || agentsChanged) this.#beginAnew();
    });
  }

  /** The quotas of a client; undefined when none binds it. Costs one comparison while there are none at all. */
  of(clientId: string, nowMs: number): ClientQuota | undefined {
    if (this.#rules.size === 0) return undefined;
    const known = this.#clients.get(clientId);
    const quota = known ?? this.#resolve(clientId, nowMs);
    if (known === undefined && clientId.length <= CLIENT_ID_CHARACTERS_MAX) {
      if (this.#clients.size >= ALLOWANCES_MAX) this.#clients.clear();
      this.#clients.set(clientId, quota);
    }
    return quota === NONE ? undefined : quota;
  }

  /** Milliseconds for which one more connection from this address is too much; 0 when it is not. Counts it only then. */
  connectionExcessMs(host: string, nowMs: number): number {
    if (this.#connectionRates.isEmpty) return 0;
    const ip = canonicalIp(host) ?? host;
    const limit = this.#connectionRates.of(ip) ?? this.#connectionRates.of(DEFAULT);
    if (limit === undefined) return 0;
    const allowance = this.#allowance(`${IP_KEY} ${ip}`, limit / this.#agents, nowMs, () => new Allowance());
    const excessMs = Math.min(allowance.use(1, nowMs), BOUNDED_MS_MAX);
    // Kafka gives back what it turned away.
    if (excessMs > 0) allowance.note(-1, nowMs);
    return excessMs;
  }

  /** Allowances that are remembered. */
  get count(): number {
    return this.#allowances.size;
  }

  #take({ entity, values }: ClientQuotaView): void {
    if (entity.ip !== undefined) {
      this.#connectionRates.set(entity.ip, values.get(IP_KEY));
      return;
    }
    const rule = ruleOf(part(entity.user), part(entity.clientId));
    if (values.size > 0) this.#rules.set(rule, values);
    else this.#rules.delete(rule);
  }

  #countAgents(): void {
    let agents = 0;
    for (const { open } of this.#metadata.view.agents()) agents += open ? 1 : 0;
    this.#agents = Math.max(1, agents);
  }

  /** What was found out follows from other quotas by now. */
  #beginAnew(): void {
    this.#clients.clear();
    if (this.#rules.size === 0 && this.#connectionRates.isEmpty) this.#allowances.clear();
  }

  #resolve(clientId: string, nowMs: number): ClientQuota {
    const allowance = (key: string) => this.#bind(key, clientId, nowMs, () => new Allowance());
    const quota: ClientQuota = {
      produce: allowance(KEYS.produce),
      fetch: allowance(KEYS.fetch),
      request: allowance(KEYS.request),
      mutation: this.#bind(KEYS.mutation, clientId, nowMs, () => new Bucket()),
    };
    return Object.values(quota).every((bound) => bound === undefined) ? NONE : quota;
  }

  /** By the order of Kafka's ClientQuotaManager. A client without an id is no client: only quotas of users bind it. */
  #bind<T extends Allowance | Bucket>(key: string, clientId: string, nowMs: number, make: () => T): T | undefined {
    const named = clientId !== '';
    const levels: readonly (readonly [user: Named, client: Named, ofUser: boolean, ofClient: boolean])[] = [
      [USER, clientId, true, true],
      [USER, DEFAULT, true, true],
      [USER, ABSENT, true, false],
      [DEFAULT, clientId, true, true],
      [DEFAULT, DEFAULT, true, true],
      [DEFAULT, ABSENT, true, false],
      [ABSENT, clientId, false, true],
      [ABSENT, DEFAULT, false, true],
    ];
    for (const [user, client, ofUser, ofClient] of levels) {
      if (ofClient && !named) continue;
      const limit = this.#rules.get(ruleOf(user, client))?.get(key);
      if (limit === undefined) continue;
      const id = clientId.length > CLIENT_ID_CHARACTERS_MAX ? LONG_ID : clientId;
      const shared = ruleOf(ofUser ? USER : ABSENT, ofClient ? id : ABSENT);
      return this.#allowance(`${key} ${shared}`, limit / this.#agents, nowMs, make);
    }
    return undefined;
  }

  #allowance<T extends Allowance | Bucket>(id: string, limit: number, nowMs: number, make: () => T): T {
    let allowance = this.#allowances.get(id) as T | undefined;
    if (allowance === undefined) {
      this.#sweep(nowMs);
      allowance = make();
      allowance.usedMs = nowMs;
      this.#allowances.set(id, allowance);
    }
    allowance.limit = limit;
    return allowance;
  }

  /** Forgets what was not used for an hour; when there are too many, a quarter of them. */
  #sweep(nowMs: number): void {
    const full = this.#allowances.size >= ALLOWANCES_MAX;
    if (!full && nowMs - this.#sweptMs < UNUSED_MS_MAX) return;
    this.#sweptMs = nowMs;
    const byUse = [...this.#allowances].sort(([, one], [, other]) => one.usedMs - other.usedMs);
    const surplus = full ? ALLOWANCES_MAX / 4 : 0;
    for (const [i, [id, { usedMs }]] of byUse.entries()) {
      if (i < surplus || nowMs - usedMs > UNUSED_MS_MAX) this.#allowances.delete(id);
    }
    // They know allowances that are gone.
    this.#clients.clear();
  }
}

const NONE: ClientQuota = { produce: undefined, fetch: undefined, request: undefined, mutation: undefined };

function part(name: string | null | undefined): Named {
  return name === null ? DEFAULT : (name ?? ABSENT);
}

function ruleOf(user: Named, client: Named): string {
  return JSON.stringify([user, client]);
}

export { BOUNDED_MS_MAX, burstOf };
export type { Allowance, Bucket };
