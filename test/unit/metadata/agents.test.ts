import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../src/metadata/outcomes.js';
import { command, JournalMaker, segment, topicId } from './journal-maker.js';

const registration = (name: string, incarnation: number) =>
  command('registerAgent', { name, incarnation: new Uint8Array(16).fill(incarnation), zone: 'a', listeners: [] });

describe('registering', () => {
  test('gives a new epoch each time, keeps the node id of a name and closes its older epoch', () => {
    const journal = new JournalMaker();
    const steps: [string, number, { agentEpoch: number; nodeId: number }][] = [
      ['a', 1, { agentEpoch: 1, nodeId: 1 }],
      ['b', 2, { agentEpoch: 2, nodeId: 2 }],
      ['a', 3, { agentEpoch: 3, nodeId: 1 }],
      ['a', 3, { agentEpoch: 3, nodeId: 1 }],
    ];
    for (const [name, incarnation, expected] of steps) {
      expect(journal.bare(registration(name, incarnation))).toEqual({ kind: 'registered', ...expected });
    }
    const { metadata } = journal;
    expect([0, 1, 2, 3, 4].map((epoch) => metadata.isEpochOpen(epoch))).toEqual([false, false, true, true, false]);
    expect([...metadata.agents()].map(({ name, agentEpoch, open }) => [name, agentEpoch, open])).toEqual([
      ['b', 2, true],
      ['a', 3, true],
    ]);
    expect(metadata.registrationOf(new Uint8Array(16).fill(3))).toMatchObject({ agentEpoch: 3, nodeId: 1 });
    expect(metadata.registrationOf(new Uint8Array(16).fill(1))).toBeUndefined();
  });

  test('a process whose epoch was closed gets a new one', () => {
    const journal = new JournalMaker();
    journal.bare(registration('a', 1));
    expect(journal.bare(command('closeAgentEpoch', { agentEpoch: 1 }))).toEqual({ kind: 'done' });
    expect(journal.lastChanges!.agentsChanged).toBe(true);
    expect(journal.bare(registration('a', 1))).toEqual({ kind: 'registered', agentEpoch: 2, nodeId: 1 });
  });

  test.each([
    ['no name', registration('', 1)],
    [
      'a short incarnation',
      command('registerAgent', { name: 'a', incarnation: new Uint8Array(15), zone: '', listeners: [] }),
    ],
    ['another name for the same process', registration('b', 1)],
  ])('%s is refused', (_, given) => {
    const journal = new JournalMaker();
    journal.bare(registration('a', 1));
    expect(journal.bare(given)).toMatchObject({ kind: 'refused', error: 42 });
    expect([...journal.metadata.agents()].length).toBe(1);
  });

  test('an epoch that never was cannot be closed; one that is closed may be closed again', () => {
    const journal = new JournalMaker();
    journal.bare(registration('a', 1));
    const close = (agentEpoch: number) => journal.bare(command('closeAgentEpoch', { agentEpoch })).kind;
    expect([close(2), close(0), close(1), close(1)]).toEqual(['refused', 'refused', 'done', 'done']);
  });
});

describe('leading', () => {
  test('the newest BecomeLeader leads until it resigns; its revision is the term', () => {
    const journal = new JournalMaker();
    const lead = command('becomeLeader', {
      candidate: Uint8Array.of(7),
      host: 'h',
      bootId: 'b',
      processId: 1,
      processStart: 2,
      leaseMs: 3000,
    });
    journal.bare(lead);
    journal.bare(lead);
    expect(journal.lastChanges!.leaderChanged).toBe(true);
    expect(journal.metadata.term).toBe(2);
    expect(journal.metadata.leader).toMatchObject({ candidate: Uint8Array.of(7), leaseMs: 3000 });
    journal.bare(command('resignLeader', {}));
    expect([journal.metadata.leader, journal.metadata.term]).toEqual([undefined, 2]);
  });
});

describe('streams', () => {
  const topic = (id: number) =>
    command('createTopic', { name: `t${id}`, topicId: topicId(id), partitions: 1, configs: [] });

  /** Sends with an explicit place in stream 1. */
  function sender(): { journal: JournalMaker; send: (number: number, confirmed: number, id?: number) => Outcome } {
    const journal = new JournalMaker();
    const agentEpoch = journal.register();
    const send = (number: number, confirmed: number, id = number) =>
      journal.entry([{ agentEpoch, stream: 1, number, confirmed, command: topic(id) }])[0]!;
    return { journal, send };
  }

  test('a number is taken once: its repeat gets the recorded outcome, whatever it now says', () => {
    const { journal, send } = sender();
    const first = send(1, 0);
    expect(first.kind).toBe('topic-created');
    send(2, 0, 1);
    expect(send(1, 0, 5)).toEqual(first);
    expect(send(2, 0, 6)).toMatchObject({ kind: 'refused', error: 42 });
    expect([...journal.metadata.topics()].map(({ name }) => name)).toEqual(['t1']);
  });

  test.each<[string, [number, number][], string]>([
    ['a first number that is not 1', [[2, 0]], 'gap'],
    [
      'number 0',
      [
        [1, 0],
        [0, 0],
      ],
      'forgotten',
    ],
    [
      'a number that skips one',
      [
        [1, 0],
        [3, 0],
      ],
      'gap',
    ],
    [
      'a confirmed number',
      [
        [1, 0],
        [2, 1],
        [1, 1],
      ],
      'forgotten',
    ],
    [
      'a number confirmed with itself',
      [
        [1, 0],
        [1, 99],
      ],
      'forgotten',
    ],
  ])('%s is not taken: %s', (_, sends, reason) => {
    const { journal, send } = sender();
    const outcomes = sends.map(([number, confirmed]) => send(number, confirmed, 10 + number));
    expect(outcomes.at(-1)).toMatchObject({ kind: 'refused', error: 6, notTaken: reason });
    const good = sends.length - 1;
    expect([...journal.metadata.topics()].length).toBe(new Set(sends.slice(0, good).map(([number]) => number)).size);
  });

  test('streams of one epoch count apart, and a closed epoch takes nothing more', () => {
    const journal = new JournalMaker();
    const epoch = journal.register();
    expect(journal.send(epoch, topic(1), 0).kind).toBe('topic-created');
    expect(journal.send(epoch, topic(2), 1).kind).toBe('topic-created');
    journal.bare(command('closeAgentEpoch', { agentEpoch: epoch }));
    expect(journal.send(epoch, topic(3), 0)).toMatchObject({ kind: 'refused', error: 6, notTaken: 'closed' });
    expect(journal.send(77, topic(3), 0)).toMatchObject({ notTaken: 'closed' });
    expect(journal.metadata.topicByName('t3')).toBeUndefined();
  });

  test('an agent that closes its own epoch leaves nothing behind', () => {
    const [own, other] = [true, false].map((closes) => {
      const journal = new JournalMaker();
      const agentEpoch = journal.register();
      const close = command('closeAgentEpoch', { agentEpoch });
      expect(closes ? journal.send(agentEpoch, close) : journal.bare(close)).toEqual({ kind: 'done' });
      return journal.metadata.bytes;
    });
    expect(own).toBe(other);
  });

  test('confirmed outcomes give their bytes back', () => {
    const { journal, send } = sender();
    const refusal = () => journal.metadata.bytes;
    send(1, 0, 1);
    const one = refusal();
    send(2, 1, 1);
    send(3, 2, 1);
    const steady = refusal();
    send(4, 3, 1);
    expect(refusal()).toBe(steady);
    expect(steady).toBeGreaterThan(one);
  });

  test('a stream takes no more while too many outcomes are unconfirmed', () => {
    const journal = new JournalMaker();
    const agentEpoch = journal.register();
    const skip = (number: number, confirmed: number) => ({
      agentEpoch,
      stream: 1,
      number,
      confirmed,
      command: command('skipNumber', {}),
    });
    const outcomes = journal.entry(Array.from({ length: 4097 }, (_, at) => skip(at + 1, 0)));
    expect(outcomes[4095]).toEqual({ kind: 'done' });
    expect(outcomes[4096]).toMatchObject({ notTaken: 'unconfirmed' });
    expect(journal.entry([skip(4097, 1)])).toEqual([{ kind: 'done' }]);
  });

  test('only a few kinds of command come without an epoch', () => {
    const journal = new JournalMaker();
    expect(journal.bare(topic(1))).toMatchObject({ kind: 'refused', error: 42 });
    expect(journal.bare(segment(1, []))).toMatchObject({ kind: 'refused', error: 42 });
    expect(journal.bare(command('skipNumber', {}))).toMatchObject({ kind: 'refused', error: 42 });
  });
});
