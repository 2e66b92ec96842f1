/** Times from a record to its acknowledgement, and to a consumer on the same agent, at a fixed rate. */
import type { Transfer } from './generators/generator.js';
import { produceWithLoad } from './generators/load.js';
import type { Load, Run } from './loads.js';

/**
 * Every segment adds an extent for each partition in it; so many of them, and nothing joins them yet, that the default budget
 * of metadata would soon make windows longer (src/ingest/window-policy.ts).
 */
export const shortWindows = ['--memory', '6GiB', '--metadata-bytes-max', '3GiB'];

const ROUND_SECONDS = 20;
/** Two slow seconds are in it, wherever it begins. */
const SLOW_ROUND_SECONDS = 60;
const QUICK_SECONDS = 5;
/** At a fixed rate the compilers of V8 and Java take a minute to settle. */
const WARM_UP_SECONDS = 60;

/**
 * An idempotent producer has five requests under way. So many connections share the rate that none of them waits for its
 * own answers: what is measured is the server. Each sends a value of 16 KiB as soon as it is due.
 */
const AT_ONCE = ['--size', '16384', '--linger', '0'];

interface Ack {
  readonly name: string;
  readonly what: string;
  readonly systems: readonly string[];
  readonly options: readonly string[];
  readonly seconds: number;
}

const models = [
  { model: 'express', rate: 50, connections: 64 },
  { model: 'standard', rate: 25, connections: 256 },
];

const acks: readonly Ack[] = [
  {
    name: 'ack-disk',
    what: '25 MB/s in values of 1 KiB from 8 connections of the load generator, open loop, linger 5 ms, idempotent; a consumer at the tail. Times count from when a value was due, so the linger is in them',
    systems: ['kafka', 'kafka-flush', 'klite', 'weft-disk'],
    options: ['--rate', '25MB', '--producers', '8'],
    seconds: ROUND_SECONDS,
  },
  ...models.flatMap(({ model, rate, connections }): Ack[] => {
    const options = ['--rate', `${rate}MB`, '--producers', `${connections}`, ...AT_ONCE];
    return [
      {
        name: `ack-${model}`,
        what: `${rate} MB/s in values of 16 KiB, each sent when due, from ${connections} connections of the load generator, idempotent; a consumer at the tail`,
        systems: ['kafka', `weft-${model}`],
        options,
        seconds: ROUND_SECONDS,
      },
      {
        name: `ack-${model}-slow`,
        what: 'The same with correlated slowness; a round is a minute',
        systems: [`weft-${model}-slow`],
        options,
        seconds: SLOW_ROUND_SECONDS,
      },
    ];
  }),
];

export const ackLoads: readonly Load[] = acks.map(({ name, what, systems, options, seconds }) => {
  const all = ['--topic', 'ack', '--consumers', '1', ...options];
  const produce = ({ system, quick }: Run, takes: number, seed: number): Promise<Transfer> =>
    produceWithLoad(system, quick ? QUICK_SECONDS : takes, seed, all);
  return {
    name,
    what,
    needs: [],
    systems,
    rate: 'fixed',
    restarted: false,
    anew: true,
    agentFlags: shortWindows,
    async warmUp(run) {
      await produce(run, WARM_UP_SECONDS, 0);
    },
    round: (run, round) => produce(run, seconds, round),
  };
});
