import type { BrokerLayers } from '../cluster/broker-layers.js';
import type { MetadataClient } from '../cluster/metadata-client.js';
import type { BucketUrl } from '../config/bucket-url.js';
import type { Settings } from '../config/settings.js';
import type { FetchEngine } from '../fetch/engine-contract.js';
import type { ConsumerGroupEngine } from '../groups/consumer-engine.js';
import type { GroupEngine } from '../groups/engine.js';
import type { Api, RequestOf, ResponseIn } from '../protocol/codec.js';
import { errors } from '../protocol/errors.js';
import type { Meters } from '../telemetry/counters.js';
import type { LimitedLog } from '../telemetry/limited-log.js';
import type { World } from '../world/world.js';
import type { FetchSessions } from './fetch-sessions.js';
import type { ProducerIds } from './producer-ids.js';
import type { QuotaAccount } from './quota-account.js';

/** The settings that handlers look at, as `Settings` (src/config) has them. */
export interface ServerSettings {
  readonly cluster: string;
  readonly bucket: BucketUrl;
  readonly autoCreateTopics: boolean;
  readonly defaultPartitions: number;
  readonly logLevel: Settings['logLevel'];
}

/** What handlers work with. */
export interface Services {
  readonly metadata: MetadataClient;
  readonly fetch: FetchEngine;
  readonly fetchSessions: FetchSessions;
  readonly groups: GroupEngine;
  readonly consumerGroups: ConsumerGroupEngine;
  readonly producerIds: ProducerIds;
  /** What brokers' configs are now. */
  readonly configs: BrokerLayers;
  readonly settings: ServerSettings;
  readonly world: World;
  readonly meters: Meters;
  /** What clients can cause any number of. */
  readonly log: LimitedLog;
}

/** One request, apart from its body. */
export interface Call {
  readonly version: number;
  readonly correlationId: number;
  /** Empty when the client sent none. */
  readonly clientId: string;
  readonly clientHost: string;
  /** Name of the listener by which the client came. */
  readonly listener: string;
  /** Aborted when the connection is gone or the agent stops: nobody waits for the answer. */
  readonly signal: AbortSignal;
  /** Undefined when no quota binds the client. */
  readonly account: QuotaAccount | undefined;
  /** Aborted when others need the memory that this request takes: who asks ends its wait for more then. Undefined: it takes little. */
  readonly crowded: (() => AbortSignal) | undefined;
  /** Runs once, when the response was sent or never will be. */
  whenSent(run: () => void): void;
}

/** What answers one API. Its request was decoded in the call's version, and its response is encoded in that. */
export interface Handler {
  readonly api: Api;
  /**
   * Requests of this API that follow one another on a connection run together: they start in order, and starting one,
   * up to its first wait, settles its place among all changes.
   */
  readonly together?: boolean;
  /** Undefined: nobody waits any more. An error is a mistake of ours. */
  answer(request: unknown, call: Call): Promise<AnyResponse | undefined> | AnyResponse;
}

/** A response of some API: `handler` has seen to its type. */
export type AnyResponse = Parameters<Api['response']['encode']>[1];

/** Names a handler's types once. */
export function handler<A extends Api>(
  api: A,
  answer: (request: RequestOf<A>, call: Call) => Promise<ResponseIn<A> | undefined> | ResponseIn<A>,
  { together = false } = {},
): Handler {
  return { api, together, answer: answer as Handler['answer'] };
}

/** Whether a request may make or delete so many partitions; its quota is strict from a version on (KIP-599). */
export function mayMutate({ account, version }: Call, strictSince: number, partitions: number): boolean {
  return account === undefined || account.mayMutate(partitions, version >= strictSince);
}

/** Kafka's answer to what it may not. */
export const QUOTA_EXCEEDED = {
  error: errors.THROTTLING_QUOTA_EXCEEDED.code,
  message: 'The throttling quota has been exceeded.',
} as const;
