// A group member of a client that lives in Node, in a process of its own, so that it can be killed:
// member.js CLIENT BOOTSTRAP TOPIC GROUP
import { kafkaJsMember } from './kafkajs.js';
import { platformaticMember } from './platformatic.js';

const programs = new Map([
  ['kafkajs', kafkaJsMember],
  ['platformatic', platformaticMember],
]);
const [client = '', bootstrap = '', topic = '', group = ''] = process.argv.slice(2);
const program = programs.get(client);
if (program === undefined) throw new Error(`no such client: ${client}`);
const leave = await program(bootstrap, topic, group, (line) => process.stdout.write(`${line}\n`));
process.stdin.resume();
process.stdin.once('end', () => {
  void leave().then(() => process.exit(0));
});
