import { describe, expect, test } from 'vitest';
import { Metadata } from '../../../src/metadata/metadata.js';
import { command, JournalMaker } from './journal-maker.js';

interface Names {
  readonly user?: string | null;
  readonly clientId?: string | null;
  readonly ip?: string | null;
}

const named = (name: string | null | undefined) => (name === undefined ? undefined : { name: name ?? undefined });

function alteration({ user, clientId, ip }: Names, values: Readonly<Record<string, number | undefined>>) {
  const ops = Object.entries(values).map(([key, value]) => ({ key, value }));
  return { user: named(user), clientId: named(clientId), ip: named(ip), ops };
}

function started() {
  const journal = new JournalMaker();
  const epoch = journal.register();
  const alter = (...alterations: readonly ReturnType<typeof alteration>[]) =>
    journal.send(epoch, command('alterClientQuotas', { alterations: [...alterations] }));
  return { journal, alter, rows: () => rowsOf(journal.metadata) };
}

function rowsOf(metadata: Metadata) {
  return Array.from(metadata.clientQuotas(), ({ entity, values }) => [
    entity.user,
    entity.clientId,
    entity.ip,
    Object.fromEntries(values),
  ]);
}

const DONE = { kind: 'done' };

describe('client quotas', () => {
  test('a name, the default and no part of it are three things', () => {
    const { alter, rows } = started();
    const rate = (value: number) => ({ producer_byte_rate: value });
    const out = alter(
      alteration({ user: 'a' }, rate(1)),
      alteration({ user: null }, rate(2)),
      alteration({ user: 'a', clientId: null }, rate(3)),
      alteration({ clientId: 'a' }, rate(4)),
    );
    expect(out).toEqual(DONE);
    expect(rows()).toEqual([
      ['a', undefined, undefined, rate(1)],
      [null, undefined, undefined, rate(2)],
      ['a', null, undefined, rate(3)],
      [undefined, 'a', undefined, rate(4)],
    ]);
  });

  test('a snapshot brings them back, with their fractions and in their order, and the same count of bytes', () => {
    const { journal, alter, rows } = started();
    alter(
      alteration({ user: 'a' }, { request_percentage: 0.1 }),
      alteration({ ip: null }, { connection_creation_rate: 3 }),
    );
    alter(alteration({ user: 'a' }, { producer_byte_rate: 2 ** 62, request_percentage: 1e-9 }));
    const restored = Metadata.fromSnapshot(journal.metadata.snapshot());
    expect(rowsOf(restored)).toEqual(rows());
    expect(restored.bytes).toBe(journal.metadata.bytes);
    expect(restored.digest).toBe(journal.metadata.digest);
  });

  test('what was there before is counted no more when it is gone', () => {
    const { journal, alter, rows } = started();
    const { bytes } = journal.metadata;
    alter(alteration({ user: 'a' }, { producer_byte_rate: 1, consumer_byte_rate: 1 }));
    expect(journal.metadata.bytes).toBeGreaterThan(bytes + 600);
    alter(alteration({ user: 'a' }, { producer_byte_rate: undefined, consumer_byte_rate: undefined }));
    expect(rows()).toEqual([]);
    const other = new JournalMaker();
    const epoch = other.register();
    for (let i = 0; i < 2; i += 1) other.send(epoch, command('skipNumber', {}));
    expect(journal.metadata.bytes).toBe(other.metadata.bytes);
  });

  test('one flaw refuses the whole command', () => {
    const { journal, alter, rows } = started();
    const good = alteration({ user: 'a' }, { producer_byte_rate: 1 });
    for (const bad of [
      alteration({}, {}),
      alteration({ user: '' }, {}),
      alteration({ ip: 'localhost' }, {}),
      alteration({ user: 'x'.repeat(32_768) }, {}),
      alteration({ ip: '10.0.0.1', clientId: 'c' }, {}),
      alteration({ user: 'b' }, { producer_byte_rate: 0 }),
    ]) {
      expect(alter(good, bad)).toMatchObject({ kind: 'refused', error: 42 });
      expect(journal.lastChanges!.clientQuotas).toEqual([]);
    }
    expect(rows()).toEqual([]);
    expect(alter(good)).toEqual(DONE);
    expect(journal.lastChanges!.clientQuotas).toHaveLength(1);
  });

  test('an entry tells the rows that it altered and no others, those that are gone without values', () => {
    const { journal, alter } = started();
    const told = () => journal.lastChanges!.clientQuotas.map(({ entity, values }) => [entity.user, ...values.values()]);
    alter(alteration({ user: 'a' }, { producer_byte_rate: 1 }), alteration({ user: 'b' }, { producer_byte_rate: 2 }));
    expect(told()).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    alter(alteration({ user: 'b' }, { producer_byte_rate: undefined }));
    expect(told()).toEqual([['b']]);
  });

  test('a value tells two digests apart', () => {
    const [one, other] = [started(), started()];
    one.alter(alteration({ user: 'a' }, { request_percentage: 0.1 }));
    other.alter(alteration({ user: 'a' }, { request_percentage: 0.2 }));
    expect(one.journal.metadata.digest).not.toBe(other.journal.metadata.digest);
  });
});
