import { expect, test } from 'vitest';
import { type CpuProfile, type Frame, threadTime } from '../../../profiles/cpu-profile.js';
import { flameGraph } from '../../../profiles/flame-graph.js';

const call = (functionName: string, url = '') => ({ functionName, url, lineNumber: 9, columnNumber: 0 });

/** 100 ms of a thread: 60 idle, 30 in `read` of which 20 in what it calls of an addon, 10 in V8's collector. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: call('(root)'), children: [2, 3, 4] },
    { id: 2, callFrame: call('(idle)') },
    { id: 3, callFrame: call('(garbage collector)') },
    { id: 4, callFrame: call('read<T>', 'file:///src/reader.js'), children: [5, 6] },
    { id: 5, callFrame: call('madeLast') },
    { id: 6, callFrame: call('postMessage') },
  ],
  startTime: 1_000,
  endTime: 106_000,
  samples: [2, 4, 5, 6, 3, 2],
  timeDeltas: [5_000, 40_000, 10_000, 15_000, 5_000, 10_000],
};
const time = threadTime(profile, ({ url, lineNumber }) => `src/${url.split('/').at(-1)}:${lineNumber + 1}`);
const [read] = [...time.busy.children.values()].filter(({ name }) => name === 'read<T>') as [Frame];

test('idle and busy time add up to the whole, each sample lasting until the next', () => {
  expect(time.wallUs).toBe(100_000);
  expect(time.idleUs).toBe(60_000);
  expect(time.busy.totalUs).toBe(40_000);
  expect(read.totalUs).toBe(30_000);
  expect(read.selfUs).toBe(10_000);
});

test.each(['madeLast', ''])(
  'functions of addons go by no name, because V8 gives all of them the same: "%s"',
  (name) => {
    const nodes = profile.nodes.map((node) => (node.id === 5 ? { ...node, callFrame: call(name) } : node));
    const named = threadTime({ ...profile, nodes }, () => 'src/reader.ts:10');
    const [reader] = [...named.busy.children.values()].filter((frame) => frame.name === 'read<T>') as [Frame];
    const called = [...reader.children.values()].map((frame) => [frame.name, frame.place, frame.totalUs]);
    expect(called).toEqual([
      ['native function', '(addon)', 15_000],
      ['postMessage', '', 5_000],
    ]);
  },
);

test('a function that is called in two ways from one place is one frame', () => {
  const { nodes } = profile;
  const twice = threadTime(
    {
      ...profile,
      nodes: [
        { ...nodes[0]!, children: [2, 3, 4, 7] },
        ...nodes.slice(1),
        { id: 7, callFrame: call('read<T>', 'file:///src/reader.js') },
      ],
      samples: [2, 4, 5, 6, 3, 7],
    },
    () => 'src/reader.ts:10',
  );
  expect(twice.busy.children.size).toBe(2);
  expect([...twice.busy.children.values()].map(({ totalUs }) => totalUs).sort((a, b) => a - b)).toEqual([
    10_000, 50_000,
  ]);
});

test('the picture has a titled box as wide as its share for each frame, callers below what they call, idle time apart', () => {
  const svg = flameGraph('main', time);
  const boxes = [...svg.matchAll(/<g><title>([^<]*)<\/title><rect x="([\d.]+)" y="(\d+)" width="([\d.]+)"/g)].map(
    ([, title = '', x, y, width]) => ({ title, x: Number(x), y: Number(y), width: Number(width) }),
  );
  expect(svg).toContain('main: busy 0.04 of 0.10 s (40.0 %), idle 0.06 s');
  expect(svg).not.toContain('(idle)');
  expect(boxes.map(({ title }) => title)).toEqual([
    '(root): 40.0 ms, 100.0 % of busy, itself 0.0 %',
    'read&lt;T&gt; src/reader.js:10: 30.0 ms, 75.0 % of busy, itself 25.0 %',
    'native function (addon): 15.0 ms, 37.5 % of busy',
    'postMessage: 5.0 ms, 12.5 % of busy',
    '(garbage collector): 10.0 ms, 25.0 % of busy',
  ]);
  const [root, reader, native] = boxes;
  expect(reader!.width / root!.width).toBeCloseTo(0.75, 3);
  expect(native!.width / root!.width).toBeCloseTo(0.375, 3);
  expect(reader!.y).toBeLessThan(root!.y);
  expect(native!.y).toBeLessThan(reader!.y);
});

test('a thread that only slept has a picture, too', () => {
  const asleep = threadTime({ ...profile, samples: [2], timeDeltas: [0] }, () => '');
  expect(asleep.busy.totalUs).toBe(0);
  expect(flameGraph('leader', asleep)).toContain('busy 0.00 of 0.10 s (0.0 %)');
});
