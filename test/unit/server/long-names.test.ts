import { describe, expect, it } from 'vitest';
import { apiList, apis } from '../../../src/protocol/apis.js';
import { encodeRequestFrame } from '../../../src/protocol/frames.js';
import { defaultOf, isPresent } from '../../../src/protocol/struct.js';
import { NAME_BYTES_MAX, STRING_BYTES_MAX } from '../../../src/protocol/reader.js';
import { type AnyField, type Type, text } from '../../../src/protocol/types.js';
import { LocalAgent } from '../../conformance/local-agent.js';

const longestText = 'n'.repeat(STRING_BYTES_MAX);

/** A request with one element in every array, every name being `name`, every other string as long as can be, every number `number`. */
function filled(fields: readonly AnyField[], version: number, name: string, number: number): Record<string, unknown> {
  const valueFor = (type: Type<unknown>): unknown => {
    if (type.parts.kind === 'array') return [valueFor(type.parts.element)];
    if (type.parts.kind === 'struct') return filled(type.parts.fields, version, name, number);
    if (type === text) return longestText;
    if (type.name === 'string') return name;
    return /^int/.test(type.name) ? number : type.implicitDefault;
  };
  const entries = fields.map((field) => [
    field.name,
    isPresent(field.options, version) ? valueFor(field.type) : defaultOf(field),
  ]);
  return Object.fromEntries(entries);
}

describe.each(apiList.filter(({ key }) => key !== apis.produce.key))('$name', (api) => {
  // Resource types, key types and operations are numbers: each value leads to other sentences.
  it.each([-1, 0, 1, 2, 4, 16, 32])('names as long as can be are answered, numbers being %i', async (number) => {
    const agent = await LocalAgent.start();
    for (let version = api.min; version <= api.max; version += 1) {
      const client = agent.connect();
      const name = 'n'.repeat(NAME_BYTES_MAX);
      const request = filled(api.request.fields, version, name, number) as never;
      const frame = encodeRequestFrame(api, version, 1, name, request);
      client.socket.send(new Uint8Array(Buffer.concat(frame.slices)));
      await agent.pass(70_000);
      expect(agent.logged).toEqual([]);
      client.socket.destroy();
    }
  });
});

it.each([
  ['a client id', 'c'.repeat(NAME_BYTES_MAX + 1), 'n', /^header: string of 4097 bytes/],
  ['a name', 'c', 'n'.repeat(NAME_BYTES_MAX + 1), /^body of Metadata v4: string of 4097 bytes/],
])('%s beyond that is malformed', async (_what, clientId, name, detail) => {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  const frame = encodeRequestFrame(apis.metadata, 4, 1, clientId, { topics: [{ name }] });
  client.socket.send(new Uint8Array(Buffer.concat(frame.slices)));
  await agent.pass(10);
  expect(client.socket.closed).toBe(true);
  expect(agent.logged.map(({ level, fields }) => [level, fields['detail']])).toEqual([
    ['warn', expect.stringMatching(detail)],
  ]);
});

it('a text of ill-formed bytes that would not fit an answer is malformed; one that would is read', async () => {
  const agent = await LocalAgent.start();
  const sent = (bytes: number): Uint8Array => {
    const configs = [{ name: 'retention.ms', value: 'v'.repeat(bytes) }];
    const resources = [{ resourceType: 2, resourceName: 'n', configs }];
    const frame = encodeRequestFrame(apis.alterConfigs, 1, 1, 'c', { resources, validateOnly: false });
    const all = Buffer.concat(frame.slices);
    all.fill(0xff, all.indexOf('v'.repeat(bytes)), all.lastIndexOf('v') + 1);
    return new Uint8Array(all);
  };
  const client = agent.connect();
  client.socket.send(sent(10_922));
  await agent.pass(10);
  expect(client.take(apis.alterConfigs, 1, 1)!.responses).toMatchObject([{ resourceName: 'n' }]);
  client.socket.send(sent(10_923));
  await agent.pass(10);
  expect(client.socket.closed).toBe(true);
  expect(agent.logged.map(({ level, fields }) => [level, fields['detail']])).toEqual([
    ['warn', expect.stringMatching(/^body of AlterConfigs v1: ill-formed string of 10923 bytes/)],
  ]);
});
