import { SeededRandom } from '../simulation/random.js';
import { scenarios } from './scenarios/table.js';
import type { Script } from './script.js';
import { Story, VersionWheel } from './story.js';

/** The scripts of a seed, `requests` requests or a few more in all: every scenario in turn. The same seed, the same scripts. */
export function scriptsOf(seed: number, requests: number): Script[] {
  const random = new SeededRandom(seed);
  const wheel = new VersionWheel(random.fork());
  const scripts: Script[] = [];
  const names = Object.keys(scenarios);
  for (let total = 0, turn = 0; total < requests; turn += 1) {
    const name = names[turn % names.length]!;
    const story = new Story(`${name} ${turn}`, random.fork(), wheel);
    scenarios[name]!(story);
    scripts.push(story.script());
    total += story.length;
  }
  return scripts;
}
