import { expect, expectTypeOf, test } from 'vitest';
import { apis } from '../../../src/protocol/apis.js';
import type { RequestIn, RequestOf, ResponseIn, ResponseOf } from '../../../src/protocol/codec.js';
import { decodeResponse, encodeResponseFrame, joined } from '../../../src/protocol/frames.js';
import type { RecordsPosition } from '../../../src/protocol/reader.js';
import type { Slices } from '../../../src/protocol/writer.js';

test('message types follow from the definitions', () => {
  expectTypeOf<RequestOf<typeof apis.produce>>().toEqualTypeOf<{
    readonly transactionalId: string | null;
    readonly acks: number;
    readonly timeoutMs: number;
    readonly topicData: readonly {
      readonly name: string;
      readonly topicId: string;
      readonly partitionData: readonly { readonly index: number; readonly records: RecordsPosition | null }[];
    }[];
  }>();
  expectTypeOf<
    RequestIn<typeof apis.produce>['topicData'][number]['partitionData'][number]['records']
  >().toEqualTypeOf<Slices | null>();
  expectTypeOf<RequestOf<typeof apis.metadata>['topics']>().toEqualTypeOf<
    readonly { readonly topicId: string; readonly name: string | null }[] | null
  >();
  expectTypeOf<
    ResponseOf<typeof apis.fetch>['responses'][number]['partitions'][number]['currentLeader']
  >().toEqualTypeOf<{
    readonly leaderId: number;
    readonly leaderEpoch: number;
  }>();
  expectTypeOf<ResponseIn<typeof apis.heartbeat>>().toExtend<{
    errorCode: number;
    throttleTimeMs?: number | undefined;
  }>();
  // @ts-expect-error errorCode has no default and is in every version
  const incomplete: ResponseIn<typeof apis.heartbeat> = { throttleTimeMs: 0 };
  // @ts-expect-error no such field
  const unknown: ResponseIn<typeof apis.heartbeat> = { errorCode: 0, nothing: 1 };
  expect([incomplete, unknown]).toHaveLength(2);
});

test('a frame infers its response from its api', () => {
  const frame = encodeResponseFrame(apis.heartbeat, 4, 7, { errorCode: 27 });
  const { correlationId, response } = decodeResponse(apis.heartbeat, 4, joined(frame), 4);
  expectTypeOf(response.errorCode).toEqualTypeOf<number>();
  expect({ correlationId, response }).toEqual({ correlationId: 7, response: { throttleTimeMs: 0, errorCode: 27 } });
  // @ts-expect-error a heartbeat's answer has no topics
  expect(() => encodeResponseFrame(apis.heartbeat, 4, 7, { topics: [] })).not.toThrow();
});
