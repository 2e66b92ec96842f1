import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../bench/parts.js';

export const loadNames = ['produce', 'tail', 'fetch'] as const;
export type LoadName = (typeof loadNames)[number];
const generatorNames = ['librdkafka', 'kafkajs'] as const;
export type GeneratorName = (typeof generatorNames)[number];
const bucketNames = ['disk', 's3'] as const;
const clinicTools = ['doctor', 'bubbleprof', 'flame'] as const;
export type ClinicTool = (typeof clinicTools)[number];

export interface Options {
  readonly load: LoadName;
  /** librdkafka where `npm run setup` brought it, when undefined. */
  readonly generator: GeneratorName | undefined;
  readonly bucket: (typeof bucketNames)[number];
  /** Under load, before the profile and while it is taken. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly intervalUs: number;
  readonly agentFlags: readonly string[];
  readonly output: string;
  /** Empty for flame graphs of our own. */
  readonly clinic: readonly ClinicTool[];
}

export const usage = `npm run profile -- [options]: a flame graph of each of an agent's threads under load
  --load NAME        produce, tail (and a group that reads along) or fetch (a group reads what is there) (produce)
  --generator NAME   librdkafka (from npm run setup; the usual one where it is there) or kafkajs
  --bucket NAME      disk or s3 (versitygw from npm run setup) (disk)
  --seconds N        how long the profile is (10)
  --warm-up N        seconds of load before (3)
  --interval-us N    between two samples (500)
  --agent-flag FLAG  for weft agent, such as --agent-flag=--workers=2
  --output DIR       where to (.cache/profiles)
  --clinic           clinic's pages in place of flame graphs: doctor, bubbleprof and flame; fetches clinic the first time
  --clinic-tool NAME one of the three only
`;

/** Throws an error with one sentence for a wrong command line. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      load: { type: 'string', default: 'produce' },
      generator: { type: 'string' },
      bucket: { type: 'string', default: 'disk' },
      seconds: { type: 'string', default: '10' },
      'warm-up': { type: 'string', default: '3' },
      'interval-us': { type: 'string', default: '500' },
      'agent-flag': { type: 'string', multiple: true, default: [] },
      output: { type: 'string', default: join(root, '.cache/profiles') },
      clinic: { type: 'boolean', default: false },
      'clinic-tool': { type: 'string' },
    },
  });
  const { generator, clinic, output } = values;
  const tool = values['clinic-tool'];
  const chosen = tool === undefined ? clinicTools : [oneOf('--clinic-tool', clinicTools, tool)];
  return {
    load: oneOf('--load', loadNames, values.load),
    generator: generator === undefined ? undefined : oneOf('--generator', generatorNames, generator),
    bucket: oneOf('--bucket', bucketNames, values.bucket),
    warmUpSeconds: numberOf('--warm-up', values['warm-up'], 0),
    seconds: numberOf('--seconds', values.seconds, 1),
    intervalUs: numberOf('--interval-us', values['interval-us'], 50),
    agentFlags: values['agent-flag'].flatMap((flag) => flag.split('=', 2)),
    output,
    clinic: clinic || tool !== undefined ? chosen : [],
  };
}

function oneOf<T extends string>(flag: string, names: readonly T[], text: string): T {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new Error(`${flag} is ${names.join(', ')}, not ${text}`);
  return found;
}

function numberOf(flag: string, text: string, min: number): number {
  const value = Number(text);
  if (!(value >= min)) throw new Error(`${flag} is a number from ${min} on, not ${text}`);
  return value;
}
