import { apiList } from '../../src/protocol/apis.js';
import { type Finding, label } from './comparison.js';
import type { Step } from './script.js';

/** A finding as text: the script that leads to it, then what differs. */
export function reportOf({ script, stepIndex, differences }: Finding): string {
  const until = script.steps.slice(0, stepIndex + 1);
  const steps = until.map((step, index) => `${index === stepIndex ? '→' : ' '} ${stepText(step)}`);
  const fields = differences.map(
    ({ place, weft, kafka }) => `    ${place}\n      Weft:  ${text(weft)}\n      Kafka: ${text(kafka)}`,
  );
  return [`${script.name}: ${label(script.steps[stepIndex]!)}`, ...steps, ...fields].join('\n');
}

/** How often each version of each API was answered by both. */
export function coverageTable(answered: ReadonlyMap<string, number>): string {
  const rows = apiList.map(({ key, name, min, max }) => {
    const counts = Array.from(
      { length: max - min + 1 },
      (_, i) => `v${min + i} ${answered.get(`${name} v${min + i}`) ?? 0}`,
    );
    return `${String(key).padStart(3)} ${name.padEnd(28)} ${counts.join(' · ')}\n`;
  });
  return rows.join('');
}

const TEXT_MAX = 600;

function text(value: unknown): string {
  const whole = JSON.stringify(value, (_, each: unknown) =>
    each instanceof Uint8Array ? Buffer.from(each).toString('hex') : typeof each === 'string' ? brief(each) : each,
  );
  return whole.length > TEXT_MAX ? `${whole.slice(0, TEXT_MAX)}…` : whole;
}

/** Very long names are many times one letter. */
function brief(whole: string): string {
  return /(.)\1{99}/.test(whole) ? `${whole.slice(0, 20)}… of ${whole.length}` : whole;
}

function stepText(step: Step): string {
  const notes = [
    ...(step.connection === 0 ? [] : [`connection ${step.connection}`]),
    ...(step.clientId === 'c' ? [] : [`client id ${JSON.stringify(step.clientId)}`]),
    ...(step.background ? ['in the background'] : []),
    ...(step.damage.length === 0 ? [] : [`damage ${JSON.stringify(step.damage)}`]),
    ...(step.until === undefined ? [] : [`until ${step.until.join(' is ')}`]),
  ];
  return `${label(step)}${notes.length === 0 ? '' : ` (${notes.join(', ')})`} ${text(step.request)}`;
}
