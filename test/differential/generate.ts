import { SeededRandom } from '../simulation/random.js';
import { flawNames } from './batches.js';
import { flawAlone } from './scenarios/produce.js';
import { rarities } from './scenarios/rarities.js';
import { scenarios } from './scenarios/table.js';
import type { Script } from './script.js';
import { Story, VersionWheel } from './story.js';

/**
 * The scripts of a seed, `requests` requests or a few more in all: every flaw of a batch by itself, what is rare, then
 * every scenario in turn. The same seed, the same scripts.
 */
export function scriptsOf(seed: number, requests: number): Script[] {
  const random = new SeededRandom(seed);
  const wheel = new VersionWheel(random.fork());
  const scripts = firstScripts(random.fork(), wheel);
  const names = Object.keys(scenarios);
  const made = scripts.reduce((sum, { steps }) => sum + steps.length, 0);
  for (let total = made, turn = 0; total < requests; turn += 1) {
    const name = names[turn % names.length]!;
    const story = new Story(`${name} ${turn}`, random.fork(), wheel);
    scenarios[name]!(story);
    scripts.push(story.script());
    total += story.length;
  }
  return scripts;
}

function firstScripts(random: SeededRandom, wheel: VersionWheel): Script[] {
  const scripts: Script[] = [];
  const write = (name: string, tell: (story: Story) => void): void => {
    const story = new Story(name, random.fork(), wheel);
    tell(story);
    scripts.push(story.script());
  };
  for (const flaw of flawNames) write(`flaw: ${flaw}`, (story) => flawAlone(story, flaw));
  for (const [name, tell] of Object.entries(rarities)) write(name, tell);
  return scripts;
}
