import { type Allowed, allowedBy } from './allowance.js';
import { allowed } from './allowed.js';
import { type Difference, differencesOf } from './compare.js';
import { normalised } from './normalise.js';
import { runScript } from './run-script.js';
import { PREFIX_LENGTH, type Script, type Step } from './script.js';
import type { Pair } from './systems.js';

/** Differences that no entry allows, at the first step of a script that has any. */
export interface Finding {
  readonly script: Script;
  readonly stepIndex: number;
  readonly differences: readonly Difference[];
}

/** What both systems came to with a script. */
export interface Compared {
  /** `API version` of every undamaged request that both answered, in order. */
  readonly answered: readonly string[];
  /** By step; those behind the first may be its consequences. */
  readonly findings: readonly Finding[];
}

/** Runs scripts on both systems and remembers which allowed differences were met. */
export class Comparison {
  readonly met = new Set<Allowed>();
  readonly #pair: Pair;
  #scripts = 0;

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  async compare(script: Script): Promise<Compared> {
    const { weft, kafka } = this.#pair;
    const prefix = this.#prefix();
    const [ours, theirs] = await Promise.all([runScript(weft, script, prefix), runScript(kafka, script, prefix)]);
    const answered: string[] = [];
    const findings: Finding[] = [];
    for (const [stepIndex, step] of script.steps.entries()) {
      const [mine, other] = [ours.outcomes[stepIndex]!, theirs.outcomes[stepIndex]!];
      const plain = normalised(mine, step, weft, prefix, ours.names);
      const plainOther = normalised(other, step, kafka, prefix, theirs.names);
      const whole = step.damage.length === 0 && mine.kind === 'answer' && other.kind === 'answer';
      if (whole) answered.push(label(step));
      const { differences, diverged } = this.#notAllowed(step, differencesOf(step.api.name, plain, plainOther));
      if (differences.length > 0) findings.push({ script, stepIndex, differences });
      if (diverged) break;
    }
    return { answered, findings };
  }

  /** The finding with as few steps before it as still lead to it. */
  async shrunk(finding: Finding): Promise<Finding> {
    const wanted = signature(finding);
    let best = finding;
    // Halves first, then quarters: most of a script has nothing to do with what was found.
    for (let count = (best.stepIndex + 1) >> 1; count >= 1; count = count >> 1) {
      for (let end = best.stepIndex; end > 0; end -= count) {
        if (end > best.stepIndex) continue;
        const steps = best.script.steps.filter((_, at) => (at < end - count || at >= end) && at <= best.stepIndex);
        const { findings } = await this.compare({ ...best.script, steps });
        best = findings.find((found) => signature(found) === wanted) ?? best;
      }
    }
    return { ...best, script: { ...best.script, steps: best.script.steps.slice(0, best.stepIndex + 1) } };
  }

  /** What no entry allows. Where an entry allows another error code, its neighbours are the same difference. */
  #notAllowed(step: Step, all: readonly Difference[]): { differences: readonly Difference[]; diverged: boolean } {
    const explained: string[] = [];
    let diverged = false;
    const left = all.filter((difference) => {
      const entry = allowedBy(step, difference);
      if (entry === undefined) return true;
      this.met.add(entry);
      diverged ||= entry.diverges === true;
      if (/(^|\.)errorCode$/.test(difference.place)) explained.push(difference.place.replace(/errorCode$/, ''));
      return false;
    });
    // What else such a request did to other elements is the same difference, too.
    const differences = diverged
      ? []
      : left.filter(({ place }) => !explained.some((around) => place.startsWith(around)));
    return { differences, diverged };
  }

  neverMet(): readonly Allowed[] {
    return allowed.filter((entry) => !this.met.has(entry));
  }

  #prefix(): string {
    this.#scripts += 1;
    return `d${this.#scripts.toString(36).padStart(PREFIX_LENGTH - 2, '0')}-`;
  }
}

export function label(step: Step): string {
  return `${step.api.name} v${step.version}`;
}

/** Findings of one signature are one difference met several times. */
export function signature({ script, stepIndex, differences }: Finding): string {
  const { field, weft, kafka } = differences[0]!;
  return JSON.stringify([script.steps[stepIndex]!.api.name, field, kindOf(weft), kindOf(kafka)]);
}

function kindOf(value: unknown): unknown {
  return typeof value === 'number' ? 'a number' : value !== null && typeof value === 'object' ? 'a structure' : value;
}

/** Runs all scripts, `together` at a time; findings in the order of the scripts. */
export async function compareAll(comparison: Comparison, scripts: readonly Script[], together: number) {
  const results: Compared[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < scripts.length; index = next++) {
      results[index] = await comparison.compare(scripts[index]!);
    }
  };
  await Promise.all(Array.from({ length: together }, worker));
  return results;
}
