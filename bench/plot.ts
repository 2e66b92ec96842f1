import type { Row, Section } from './sections.js';
import { medianOf } from './table.js';

const LABELS = 190;
const WIDTH = 360;
const ROW = 18;
const COLOURS: Readonly<Record<string, string>> = {
  kafka: '#8a8f98',
  'kafka-flush': '#b9bdc4',
  klite: '#9c6bd3',
  kafscale: '#c77fb0',
};
const WEFT_COLOURS = ['#2f6fde', '#e08a2b', '#3a9d6a', '#c2513f'];

interface Bar {
  readonly system: string;
  readonly value: number;
  /** Beside it. */
  readonly text: string;
}

/** Processor time per GB, load by load: the shorter the better. */
export function processorPlotOf(sections: readonly Section[]): string {
  const title = 'Processor seconds of the server per GB (shorter is better), and the throughput';
  return plotOf(
    title,
    sections.map(({ load, rows }) => ({
      load,
      bars: rows.map((row) => {
        const value = medianOf(row, (sample) => sample.cpuSecondsPerGigabyte)!;
        const rate = medianOf(row, (sample) => sample.megabytesPerSecond)!.toFixed(0);
        return { system: row.system, value, text: `${value.toFixed(2)} · ${nameOf(row)}, ${rate} MB/s` };
      }),
    })),
  );
}

/** Times to the acknowledgement, of the loads that measure them. */
export function ackPlotOf(sections: readonly Section[]): string {
  return plotOf(
    'Milliseconds to the acknowledgement: p99 (p50 beside it)',
    // Flat out it is the length of the generator's own queue.
    sections
      .filter(({ rate }) => rate === 'fixed')
      .map(({ load, rows }) => ({
        load,
        bars: rows.flatMap((row) => {
          const value = medianOf(row, ({ ackMs }) => ackMs?.p99);
          const p50 = medianOf(row, ({ ackMs }) => ackMs?.p50)?.toFixed(0);
          return value === undefined
            ? []
            : [{ system: row.system, value, text: `${value.toFixed(0)} (${p50}) · ${nameOf(row)}` }];
        }),
      })),
  );
}

/** KafScale's is the same on each store. */
function peerColour(system: string): string | undefined {
  return COLOURS[system.startsWith('kafscale-') ? 'kafscale' : system];
}

function nameOf({ system, variant }: Row): string {
  return variant === undefined ? system : `${system}, ${variant}`;
}

function plotOf(title: string, groups: readonly { readonly load: string; readonly bars: readonly Bar[] }[]): string {
  const shown = groups.filter(({ bars }) => bars.length > 0);
  const systems = [...new Set(shown.flatMap(({ bars }) => bars.map(({ system }) => system)))];
  const ours = systems.filter((system) => peerColour(system) === undefined);
  const parts: string[] = [];
  let y = 30;
  for (const { load, bars } of shown) {
    // Each load has its own scale: bars are held against those beside them.
    const longest = Math.max(...bars.map(({ value }) => value));
    y += 8;
    parts.push(`<text x="4" y="${y + 13}" font-weight="bold">${load}</text>`);
    for (const { system, value, text } of bars) {
      const width = ((value / longest) * WIDTH).toFixed(1);
      const colour = peerColour(system) ?? WEFT_COLOURS[ours.indexOf(system) % WEFT_COLOURS.length]!;
      parts.push(`<rect x="${LABELS}" y="${y}" width="${width}" height="${ROW - 3}" fill="${colour}"/>`);
      parts.push(`<text x="${LABELS + Number(width) + 6}" y="${y + 12}">${text}</text>`);
      y += ROW;
    }
  }
  const size = `width="${LABELS + WIDTH + 230}" height="${y + 10}"`;
  const style = 'font-family="sans-serif" font-size="12" fill="#222"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="4" y="18">${title}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}
