import { describe, expect, it } from 'vitest';
import { apiList, apis } from '../../../src/protocol/apis.js';
import { encodeRequestFrame } from '../../../src/protocol/frames.js';
import { defaultOf, isPresent } from '../../../src/protocol/struct.js';
import type { AnyField, Type } from '../../../src/protocol/types.js';
import { LocalAgent } from '../../conformance/local-agent.js';

const STRING_BYTES_MAX = 32_767;

/** A request with one element in every array, every string being `text` and every number `number`. */
function filled(fields: readonly AnyField[], version: number, text: string, number: number): Record<string, unknown> {
  const valueFor = (type: Type<unknown>): unknown => {
    if (type.parts.kind === 'array') return [valueFor(type.parts.element)];
    if (type.parts.kind === 'struct') return filled(type.parts.fields, version, text, number);
    if (type.name === 'string') return text;
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
      const text = 'n'.repeat(STRING_BYTES_MAX);
      const request = filled(api.request.fields, version, text, number) as never;
      client.socket.send(
        new Uint8Array(Buffer.concat(encodeRequestFrame(api, version, 1, text.slice(0, 32_700), request).slices)),
      );
      await agent.pass(70_000);
      expect(agent.logged.filter(({ level }) => level === 'error')).toEqual([]);
      client.socket.destroy();
    }
  });
});

it('a string of ill-formed bytes that would not fit an answer is malformed; one that would is read', async () => {
  const agent = await LocalAgent.start();
  const sent = (bytes: number, name: number): Uint8Array => {
    const frame = encodeRequestFrame(apis.metadata, 4, 1, 'c', { topics: [{ name: 'n'.repeat(bytes) }] });
    const all = Buffer.concat(frame.slices);
    all.fill(name, all.lastIndexOf('n'.repeat(bytes)), all.lastIndexOf('n') + 1);
    return new Uint8Array(all);
  };
  const client = agent.connect();
  client.socket.send(sent(10_922, 0xff));
  await agent.pass(10);
  const { topics } = client.take(apis.metadata, 4, 1)!;
  expect(topics).toMatchObject([{ name: '\uFFFD'.repeat(10_922), errorCode: 17 }]);
  client.socket.send(sent(10_923, 0xff));
  await agent.pass(10);
  expect(client.socket.closed).toBe(true);
  expect(agent.logged.map(({ level, fields }) => [level, fields['detail']])).toEqual([
    ['warn', expect.stringMatching(/^body of Metadata v4: ill-formed string of 10923 bytes/)],
  ]);
});
