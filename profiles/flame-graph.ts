import { addonPlace, type Frame, type ThreadTime } from './cpu-profile.js';

const WIDTH = 1200;
const ROW = 17;
const MARGIN = 10;
const HEAD = 66;
/** Narrower frames are left out: nobody sees them, and they are most of the file. */
const FRAME_WIDTH_MIN = 0.6;
const CHARACTER = 6.4;

/** By whose code a frame is. */
const owners = [
  { name: 'Weft', colour: '#f4a261', owns: (place: string) => /^(src|workers|native-bindings)\//.test(place) },
  { name: 'addons', colour: '#e76f51', owns: (place: string) => place === addonPlace },
  { name: 'packages', colour: '#e9d985', owns: (place: string) => place.includes('node_modules/') },
  { name: 'Node', colour: '#8ecf9d', owns: (place: string) => place.startsWith('node:') },
  { name: 'V8, and native code of Node', colour: '#b8c4d6', owns: () => true },
];

/**
 * One thread's flame graph: callers below, what they called above, widths by time. Functions are told whole when the pointer
 * rests on them. Idle time has a bar of its own; the flames are what was busy.
 */
export function flameGraph(title: string, time: ThreadTime): string {
  const { busy, wallUs, idleUs } = time;
  const scale = (WIDTH - 2 * MARGIN) / Math.max(busy.totalUs, 1);
  const rows = depthOf(busy, scale);
  const height = HEAD + rows * ROW + MARGIN;
  const shapes: string[] = [];
  const draw = (frame: Frame, x: number, depth: number): void => {
    const width = frame.totalUs * scale;
    if (width < FRAME_WIDTH_MIN) return;
    shapes.push(shapeOf(frame, x, height - MARGIN - (depth + 1) * ROW, width, busy.totalUs));
    let childX = x;
    for (const child of widestFirst(frame)) {
      draw(child, childX, depth + 1);
      childX += child.totalUs * scale;
    }
  };
  draw(busy, MARGIN, 0);
  const share = percent(busy.totalUs, wallUs);
  const head = `${title}: busy ${seconds(busy.totalUs)} of ${seconds(wallUs)} s (${share}), idle ${seconds(idleUs)} s`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(head)}</title><rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="18" font-size="14">${escaped(head)}</text>`,
    busyBar(time),
    legend(),
    ...shapes,
    '</svg>\n',
  ].join('\n');
}

function shapeOf(frame: Frame, x: number, y: number, width: number, allUs: number): string {
  const self = frame.selfUs === frame.totalUs ? '' : `, itself ${percent(frame.selfUs, allUs)}`;
  const at = frame.place === '' ? '' : ` ${frame.place}`;
  const told = `${frame.name}${at}: ${(frame.totalUs / 1000).toFixed(1)} ms, ${percent(frame.totalUs, allUs)} of busy${self}`;
  const { colour } = owners.find(({ owns }) => owns(frame.place))!;
  const box = `x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}"`;
  const characters = Math.floor((width - 4) / CHARACTER);
  const shown = characters < 3 ? '' : frame.name.slice(0, characters);
  const text = shown === '' ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escaped(shown)}</text>`;
  return `<g><title>${escaped(told)}</title><rect ${box} fill="${colour}" stroke="#fff" stroke-width=".4"/>${text}</g>`;
}

function busyBar({ busy, wallUs }: ThreadTime): string {
  const whole = WIDTH - 2 * MARGIN;
  const width = (whole * busy.totalUs) / Math.max(wallUs, 1);
  const bar = `x="${MARGIN}" y="26" height="10"`;
  return `<rect ${bar} width="${whole}" fill="#e5e5e5"/><rect ${bar} width="${width.toFixed(1)}" fill="#d1495b"/>`;
}

function legend(): string {
  let x = MARGIN;
  return owners
    .map(({ name, colour }) => {
      const entry = `<rect x="${x}" y="44" width="12" height="12" fill="${colour}"/><text x="${x + 16}" y="54">${name}</text>`;
      x += 34 + name.length * CHARACTER;
      return entry;
    })
    .join('');
}

function depthOf(frame: Frame, scale: number): number {
  const seen = [...frame.children.values()].filter(({ totalUs }) => totalUs * scale >= FRAME_WIDTH_MIN);
  return 1 + Math.max(0, ...seen.map((child) => depthOf(child, scale)));
}

function widestFirst(frame: Frame): Frame[] {
  return [...frame.children.values()].sort((a, b) => b.totalUs - a.totalUs);
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`;
}

function seconds(us: number): string {
  return (us / 1e6).toFixed(2);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
