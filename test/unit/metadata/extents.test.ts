import { expect, test } from 'vitest';
import { Extents } from '../../../src/metadata/extents.js';

/** What a look at every extent finds. */
function firstWith(extents: Extents, offset: number): number {
  let index = 0;
  while (index < extents.count && extents.endOffset(index) <= offset) index += 1;
  return index;
}

test('every offset is found where a look at every extent finds it, however long the log is and whatever was removed', () => {
  const extents = new Extents();
  let end = 0;
  for (let length = 0; length <= 600; length += 1) {
    if (length % 37 === 0 || length === 600) {
      for (let offset = 0; offset <= end + 1; offset += 1) {
        expect(extents.indexOfOffset(offset)).toBe(firstWith(extents, offset));
      }
    }
    const records = 1 + (length % 3);
    extents.append(end, records, 0, length, 0, 1);
    end += records;
    // The log loses a third of its extents from the front, and some from the end, whose offsets are then given again.
    if (length % 3 === 0) extents.removeFirst();
    if (length % 50 === 49) {
      end = extents.baseOffset(extents.count - 1);
      extents.removeLast();
    }
  }
});
