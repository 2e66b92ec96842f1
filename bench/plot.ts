import type { Result } from './run.js';
import { medianOf } from './table.js';

const LABELS = 190;
const WIDTH = 360;
const ROW = 18;
const COLOURS = ['#8a8f98', '#2f6fde', '#e08a2b'];

/** Bars of processor time per GB, load by load: the shorter the better. */
export function plotOf(results: readonly Result[]): string {
  const systems = [...new Set(results.map(({ system }) => system.name))];
  const longest = Math.max(...results.map(({ samples }) => medianOf(samples, 'cpuSecondsPerGigabyte')));
  const parts: string[] = [];
  let y = 30;
  let load = '';
  for (const result of results) {
    if (result.load.name !== load) {
      load = result.load.name;
      y += 8;
      parts.push(`<text x="4" y="${y + 13}" font-weight="bold">${load}</text>`);
    }
    const seconds = medianOf(result.samples, 'cpuSecondsPerGigabyte');
    const width = ((seconds / longest) * WIDTH).toFixed(1);
    const colour = COLOURS[systems.indexOf(result.system.name) % COLOURS.length]!;
    const rate = medianOf(result.samples, 'megabytesPerSecond').toFixed(0);
    const end = LABELS + Number(width) + 6;
    parts.push(`<rect x="${LABELS}" y="${y}" width="${width}" height="${ROW - 3}" fill="${colour}"/>`);
    parts.push(`<text x="${end}" y="${y + 12}">${seconds.toFixed(2)} · ${result.system.name}, ${rate} MB/s</text>`);
    y += ROW;
  }
  const size = `width="${LABELS + WIDTH + 190}" height="${y + 10}"`;
  const title =
    '<text x="4" y="18">Processor seconds of the server per GB (shorter is better), and the throughput</text>';
  const style = 'font-family="sans-serif" font-size="12" fill="#222"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    title,
    ...parts,
    '</svg>\n',
  ].join('\n');
}
