import { apiList, apis } from '../../../src/protocol/apis.js';
import type { Api } from '../../../src/protocol/codec.js';
import { anyRequest } from '../any-request.js';
import { batches } from '../batches.js';
import type { Damage } from '../script.js';
import type { Story } from '../story.js';
import { produce } from './produce.js';

/** JoinGroup gets a group of its own every time, so that none waits for the members of another. */
function requestOf(story: Story, api: Api, version: number): Record<string, unknown> {
  const request = anyRequest(story.random, api, version);
  if (api.key === apis.joinGroup.key) {
    if (request['groupId'] !== '') request['groupId'] = `~g${story.length}`;
    // Kafka never answers one that names a protocol twice.
    const named = request['protocols'] as readonly { readonly name: string }[];
    request['protocols'] = [...new Map(named.map((protocol) => [protocol.name, protocol])).values()];
  }
  // The group without a name is everybody's: a commit to it would show in other scripts.
  if (api.key === apis.offsetCommit.key && request['groupId'] === '') request['groupId'] = '~g';
  // Kafka never answers one that names a resource twice.
  if (api.key === apis.alterConfigs.key) {
    const resources = request['resources'] as readonly {
      readonly resourceType: number;
      readonly resourceName: string;
    }[];
    const typeOf = (type: number): number => ([2, 4, 8, 16, 32].includes(type) ? type : -1);
    const keyOf = ({ resourceType, resourceName }: (typeof resources)[number]): string =>
      JSON.stringify([typeOf(resourceType), resourceName]);
    const keyed = resources.map((each) => [keyOf(each), each] as const);
    request['resources'] = [...new Map(keyed).values()];
  }
  // All topics of a page: of other scripts, too.
  if (api.key === apis.describeTopicPartitions.key && (request['topics'] as readonly unknown[]).length === 0) {
    request['topics'] = [{ name: '~a' }];
  }
  return request;
}

function isAnswered(api: Api, request: Record<string, unknown>): boolean {
  return api.key !== apis.produce.key || request['acks'] !== 0;
}

/** Requests of every API made from its definition alone: a new API is met here from the day it is served. */
export function anyRequests(story: Story): void {
  const { random } = story;
  story.topic('~a', 2);
  produce(story, '~a', 0, batches({}));
  for (let i = 0; i < 25; i += 1) {
    const api = random.pick(apiList);
    const version = story.version(api);
    const request = requestOf(story, api, version);
    story.send(api, request, { version, answered: isAnswered(api, request) });
  }
}

/** Every API in turn, so that none is left to chance; its request as plain as its pools give it. */
export function everyApi(story: Story): void {
  story.topic('~a', 2);
  for (const api of apiList) {
    const version = story.version(api);
    const request = requestOf(story, api, version);
    story.send(api, request, { version, answered: isAnswered(api, request) });
  }
}

const int16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];

/** Frames that are no requests of anybody, headers that are odd: who answers, who closes. */
export function frames(story: Story): void {
  const { random } = story;
  const damages: readonly (() => readonly Damage[])[] = [
    () => [{ kind: 'set', position: 0, bytes: int16(random.pick([-1, 4, 5, 6, 7, 52, 58, 62, 100, 999, 0x7fff])) }],
    () => [{ kind: 'set', position: 2, bytes: int16(random.pick([-1, 99, 0x7fff, -0x8000])) }],
    () => [{ kind: 'cut', count: random.pick([1, 1, 2, 5, 1_000]) }],
    () => [{ kind: 'append', bytes: random.pick([[0], [1, 2, 3], [0xff, 0xff, 0xff, 0xff]]) }],
    () => [{ kind: 'length', value: random.pick([-1, 0, 3, 104_857_601, 0x7fff_ffff, -0x8000_0000]) }],
    () => [{ kind: 'set', position: 8, bytes: int16(random.pick([-1, -2, 0x7fff, 100])) }],
  ];
  const tags: readonly (readonly number[])[] = [
    // One unknown tag; the same tag twice; descending; a tag longer than what is there; very many.
    [1, 99, 2, 0xaa, 0xbb],
    [2, 99, 1, 1, 99, 1, 2],
    [2, 99, 1, 1, 98, 1, 2],
    [1, 99, 0x7f, 1],
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0],
  ];
  for (let i = 0; i < 12; i += 1) {
    const api = random.pick(apiList);
    const version = story.version(api);
    const request = requestOf(story, api, version);
    const answered = isAnswered(api, request);
    const clientId = random.pick<string | null>(['c', 'c', null, '', 'x'.repeat(1_000), 'ü']);
    const flexible = api.request.isFlexible(version);
    const damage: readonly Damage[] = random.chance(0.2)
      ? []
      : flexible && random.chance(0.5)
        ? [{ kind: 'tags', of: random.pick(['header', 'body']), bytes: random.pick(tags) }]
        : random.pick(damages)();
    story.send(api, request, { version, answered, clientId, damage });
  }
}
