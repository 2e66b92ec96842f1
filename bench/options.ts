import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './parts.js';

export interface Options {
  /** Little data, one round: does everything run? */
  readonly quick: boolean;
  readonly rounds: number;
  /** Loads; all when empty. */
  readonly only: readonly string[];
  /** Systems; all that a load is for when empty. */
  readonly systems: readonly string[];
  /** Where all of them keep their data. */
  readonly folder: string;
  readonly roundBytes: number;
  readonly nodeFlags: readonly string[];
  readonly agentFlags: readonly string[];
  /** Of the latency models. */
  readonly seed: number;
  /** Programs of peers. */
  readonly klite: string | undefined;
  readonly kafscale: string | undefined;
  /** Save the sections that were run, and write bench/RESULTS.md of all that are saved. */
  readonly record: boolean;
}

export const usage = `npm run bench -- [options]
  --quick            little data, one round; records nothing
  --rounds N         rounds of each load on each system (5)
  --only NAME        a load; may be given several times
  --system NAME      may be given several times; see bench/systems/catalog.ts
  --folder DIR       where all systems keep their data (.cache/bench/data)
  --round-bytes N    what a flat-out round moves (1000000000)
  --node-flag FLAG   for the agent's Node, such as --node-flag=--cpu-prof
  --agent-flag FLAG  for weft agent, such as --agent-flag=--workers=2
  --seed N           of the latency models (1)
  --klite PATH       klite's program, from a checkout: go build ./cmd/klite
  --kafscale PATH    KafScale's broker, from a checkout: go build ./cmd/broker; needs etcd
  --record           record the loads that were run in bench/results and write bench/RESULTS.md; the others stay
`;

/** Throws an error with one sentence for a wrong command line. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      system: { type: 'string', multiple: true, default: [] },
      folder: { type: 'string', default: join(root, '.cache/bench/data') },
      'round-bytes': { type: 'string' },
      'node-flag': { type: 'string', multiple: true, default: [] },
      'agent-flag': { type: 'string', multiple: true, default: [] },
      seed: { type: 'string' },
      klite: { type: 'string' },
      kafscale: { type: 'string' },
      record: { type: 'boolean', default: false },
    },
  });
  const { quick, only, folder, system, klite, kafscale, record } = values;
  if (quick && record) throw new Error('--quick records nothing');
  return {
    quick,
    rounds: positive('--rounds', values.rounds, quick ? 1 : 5),
    only,
    systems: system,
    folder,
    roundBytes: positive('--round-bytes', values['round-bytes'], quick ? 100_000_000 : 1_000_000_000),
    nodeFlags: values['node-flag'],
    agentFlags: values['agent-flag'].flatMap((flag) => flag.split('=', 2)),
    seed: positive('--seed', values.seed, 1),
    klite,
    kafscale,
    record,
  };
}

function positive(flag: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${flag} must be a whole number above 0, not ${text}`);
  return value;
}
