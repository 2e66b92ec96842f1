import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../src/metadata/outcomes.js';
import { error, G, Story } from './group-story.js';
import { command, topicId } from './journal-maker.js';

describe('committing offsets', () => {
  function withTopic(): Story {
    const story = new Story().stable('a');
    story.journal.createTopic(story.epoch, 'orders', 1, 2);
    return story;
  }

  test.each<[string, number, (story: Story) => Outcome]>([
    ['the present generation', 0, (story) => story.commit(1, 'a')],
    ['an older generation', 22, (story) => story.commit(0, 'a')],
    ['an unknown member', 25, (story) => story.commit(1, 'x')],
    ['no membership in a group with members', 25, (story) => story.commit(-1, '')],
    ['a member without a generation', 22, (story) => story.commit(-1, 'a')],
    ['no membership in an empty group', 0, (story) => story.left('a').commit(-1, '')],
    ['a generation in an unknown group', 69, (story) => story.commit(1, 'a', { group: 'other' })],
    ['no membership in an unknown group', 0, (story) => story.commit(-1, '', { group: 'other' })],
    ['the present generation while joining', 0, (story) => story.joined('b').commit(1, 'a')],
    [
      'the present generation while completing',
      27,
      (story) => story.joined('b').joined('a', { knownMember: true }).commit(2, 'a'),
    ],
  ])('by %s: %i', (_, code, act) => {
    expect(error(act(withTopic()))).toBe(code);
  });

  test('each offset is judged by itself, and the last one counts', () => {
    const story = withTopic();
    const offset = { topic: 'orders', partition: 0, offset: 5, leaderEpoch: 0, metadata: '' };
    const outcome = story.commit(1, 'a', {
      offsets: [
        offset,
        { ...offset, partition: 2 },
        { ...offset, topic: 'nothing' },
        { ...offset, partition: 1, metadata: 'x'.repeat(4097) },
        { ...offset, offset: 9, metadata: 'x'.repeat(4096) },
      ],
    });
    expect(outcome).toEqual({ kind: 'offsets-committed', errors: [0, 3, 3, 12, 0] });
    const { metadata } = story.journal;
    expect(metadata.committedOffset(G, 'orders', 0)).toMatchObject({ offset: 9, committedMs: story.journal.timeMs });
    expect([...metadata.committedOffsets(G)].map(({ topic, partition }) => [topic, partition])).toEqual([
      ['orders', 0],
    ]);
  });

  test('a deleted topic takes its offsets with it, and its successor of the same name has none', () => {
    const story = withTopic();
    story.commit(1, 'a');
    const { metadata } = story.journal;
    const before = metadata.bytes;
    story.journal.send(story.epoch, command('deleteTopic', { topicId: topicId(1) }));
    story.journal.createTopic(story.epoch, 'orders', 2, 2);
    expect(metadata.committedOffset(G, 'orders', 0)).toBeUndefined();
    expect([...metadata.committedOffsets(G)]).toEqual([]);
    expect(metadata.bytes).toBeLessThan(before);
  });

  test('of a deleted topic retire in slices, however many groups committed', () => {
    const story = withTopic();
    const { metadata } = story.journal;
    const empty = metadata.bytes;
    for (let at = 0; at < 5000; at++) {
      story.commit(-1, '', { group: `group ${at}` });
    }
    story.journal.send(story.epoch, command('deleteTopic', { topicId: topicId(1) }));
    const offset = 120 + 16;
    const remaining = () => [...metadata.groups()].length;
    expect(remaining()).toBe(5001);
    const first = metadata.bytes;
    story.journal.bare(command('setLimits', { metadataBytesMax: 0, producerRowsMax: 0 }));
    expect(first - metadata.bytes).toBeGreaterThan((5000 - 4096) * offset);
    for (let at = 0; at < 5000; at++) {
      story.journal.send(story.epoch, command('deleteGroup', { group: `group ${at}` }));
    }
    expect(metadata.bytes).toBeLessThan(empty);
  });
});
