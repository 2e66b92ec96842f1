/** What V8's sampling profiler gives for one thread: Profiler.Profile of the inspector protocol. Times in µs. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  /** Ids of the nodes that were on top of the stack, sample by sample. */
  readonly samples: readonly number[];
  /** From the sample before, the first from the start. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** Both from 0. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** A function on its way of calls, with all that it called. */
export interface Frame {
  readonly name: string;
  /** File and line, or '' for what is no code: V8's own work. */
  readonly place: string;
  /** While it or what it called ran. */
  totalUs: number;
  /** While it ran itself. */
  selfUs: number;
  readonly children: Map<string, Frame>;
}

export interface ThreadTime {
  readonly wallUs: number;
  readonly idleUs: number;
  /** `(root)`: its total is the time that the thread was busy. */
  readonly busy: Frame;
}

const IDLE = '(idle)';
/** The place of a function of an addon. */
export const addonPlace = '(addon)';

/**
 * Where one thread's time went. A sample stands for the time until the next one, the last until the profile's end, so that
 * `wallUs` is from the first sample to the end and equals idle and busy time together. `placeOf` says where a function is.
 */
export function threadTime(profile: CpuProfile, placeOf: (frame: CallFrame) => string): ThreadTime {
  const selfUs = new Map<number, number>();
  let atUs = profile.startTime + (profile.timeDeltas[0] ?? 0);
  const firstUs = atUs;
  profile.samples.forEach((id, index) => {
    const delta = profile.timeDeltas[index + 1];
    const untilUs = delta === undefined ? profile.endTime : atUs + delta;
    selfUs.set(id, (selfUs.get(id) ?? 0) + untilUs - atUs);
    atUs = untilUs;
  });
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const busy: Frame = { name: '(root)', place: '', totalUs: 0, selfUs: 0, children: new Map() };
  let idleUs = 0;
  const add = (node: ProfileNode, into: Frame): void => {
    const own = selfUs.get(node.id) ?? 0;
    into.selfUs += own;
    into.totalUs += own;
    for (const id of node.children ?? []) {
      const child = nodes.get(id)!;
      if (child.callFrame.functionName === IDLE) {
        idleUs += selfUs.get(id) ?? 0;
        continue;
      }
      const frame = frameOf(child.callFrame, into, placeOf);
      const before = frame.totalUs;
      add(child, frame);
      into.totalUs += frame.totalUs - before;
    }
  };
  const [root] = profile.nodes;
  if (root !== undefined) add(root, busy);
  return { wallUs: atUs - firstUs, idleUs, busy };
}

function frameOf(call: CallFrame, caller: Frame, placeOf: (frame: CallFrame) => string): Frame {
  const addon = isOfAddon(call, caller);
  const name = addon ? 'native function' : call.functionName === '' ? '(anonymous)' : call.functionName;
  const place = addon ? addonPlace : call.url === '' ? '' : placeOf(call);
  const key = `${name} ${place}`;
  const known = caller.children.get(key);
  if (known !== undefined) return known;
  const frame: Frame = { name, place, totalUs: 0, selfUs: 0, children: new Map() };
  caller.children.set(key, frame);
  return frame;
}

/**
 * All functions of N-API addons in a thread share one address, and V8 gives them all the name of the one that was made last, or
 * none: only the caller tells which it is. Node's own native functions have their right names; code that is not Node's calls one.
 */
function isOfAddon({ functionName, url }: CallFrame, caller: Frame): boolean {
  const native = url === '' && !functionName.startsWith('(');
  return native && caller.place !== '' && !caller.place.startsWith('node:') && functionName !== 'postMessage';
}
