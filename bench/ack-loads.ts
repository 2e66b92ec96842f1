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

/** More than one connection, so that no producer's own limit of requests in flight is what is measured. */
const CONNECTIONS = 8;

interface Ack {
  readonly name: string;
  readonly what: string;
  readonly systems: readonly string[];
  readonly rate: string;
  readonly seconds: number;
}

const acks: readonly Ack[] = [
  {
    name: 'ack-disk',
    what: 'the everyday rate, 25 MB/s, from 8 connections of the load generator, open loop, linger 5 ms, idempotent; a consumer at the tail',
    systems: ['kafka', 'kafka-flush', 'klite', 'weft-disk'],
    rate: '25MB',
    seconds: ROUND_SECONDS,
  },
  ...[
    { model: 'express', rate: '50MB' },
    { model: 'standard', rate: '25MB' },
  ].flatMap(({ model, rate }): Ack[] => [
    {
      name: `ack-${model}`,
      what: `${rate.replace('MB', ' MB/s')} from 8 connections of the load generator, open loop, linger 5 ms, idempotent; a consumer at the tail`,
      systems: [`weft-${model}`],
      rate,
      seconds: ROUND_SECONDS,
    },
    {
      name: `ack-${model}-slow`,
      what: 'the same with correlated slowness; a round is a minute',
      systems: [`weft-${model}-slow`],
      rate,
      seconds: SLOW_ROUND_SECONDS,
    },
  ]),
];

export const ackLoads: readonly Load[] = acks.map(({ name, what, systems, rate, seconds }) => {
  const options = ['--topic', 'ack', '--producers', `${CONNECTIONS}`, '--consumers', '1', '--rate', rate];
  const produce = ({ system, quick }: Run, takes: number): Promise<Transfer> =>
    produceWithLoad(system.kafka, system.pid, quick ? QUICK_SECONDS : takes, options);
  return {
    name,
    what,
    needs: [],
    systems,
    rate: 'fixed',
    restarted: false,
    agentFlags: shortWindows,
    async warmUp(run) {
      await produce(run, ROUND_SECONDS);
    },
    round: (run) => produce(run, seconds),
  };
});
