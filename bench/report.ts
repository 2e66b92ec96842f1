import type { Section } from './sections.js';
import { startTableOf, tableOf } from './table.js';

/** The text of bench/RESULTS.md. */
export function report(sections: readonly Section[]): string {
  const setups = new Map(sections.flatMap(({ rows }) => rows.map(({ system, setup }) => [system, setup] as const)));
  return `# Results of the bench

Written from bench/results/ by \`npm run bench -- --record\`. Do not edit. Each section is one run of one load on all its systems,
in turns: ratios hold within a section.

- generators and servers share one machine, which each section names
- records of 1 KiB, 64 partitions, acks=all unless a load says otherwise; rounds in turns, after warming up;
  medians, in brackets least and greatest; a ratio is the median over Kafka's of the same section, and where a row has a
  variant over that of the row which its "ratio to" names
- MB and GB are 10^6 and 10^9 bytes of record values (of whole fetched batches in discard-*); CPU is user and system time of the server's process alone
- acknowledgements of Java's producers count from the call of \`send\`, those of the load generator from when a record was due
- the fsync of a section is that of its folder, just before: a file of 128 KiB, median of 50
- memory, metadata budget and batch window of a Weft agent are the defaults unless its line or a section names others
- PUTs of a Weft agent are its own counts, retries and second attempts (hedges) included; data PUTs are all but the journal's, so the
  few of snapshots are among them; $ at list prices

Systems:
${[...setups].map(([name, setup]) => `- ${name}: ${setup}`).join('\n')}

![Processor time per GB](results/processor.svg)

![Times to the acknowledgement](results/ack.svg)

${sections.map(textOf).join('\n')}
## Start

The first start in each section, on an empty folder; medians over sections and machines. What a start takes on a journal, after a
clean stop and after a crash: \`npm run bench:limits -- start\` (bench/README.md).

${startTableOf(sections)}
`;
}

function textOf(section: Section): string {
  const { load, what, date, commit, command, agentFlags = [], rows, fileSystem, fsyncMs, machine, missing } = section;
  const rounds = rows[0]?.samples.length ?? 0;
  const weft = agentFlags.length === 0 ? '' : ` Weft with \`${agentFlags.join(' ')}\`.`;
  return `## ${load}

${what}.${weft} ${date}, commit ${commit}, ${rounds} rounds; ${machine}; ${fileSystem}, fsync ${fsyncMs.toFixed(2)} ms. \`${command}\`

${tableOf(section)}
${missing.length === 0 ? '' : `\n${missing.map((line) => `- ${line}\n`).join('')}`}`;
}
