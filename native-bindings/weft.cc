// Weft's native part: CRC-32C (crc.h), copies, the scan of the batches of a request, the walk over the records of one, and
// files (files.h). Plain C against Node-API, so one build serves every Node from 20 on. Every position and length that comes
// from JavaScript is checked here.
#include <node_api.h>

#include <cstdint>
#include <cstring>

#include "crc.h"
#include "files.h"
#include "sockets.h"

namespace {

// ---- Records -------------------------------------------------------------------------------------------------------

struct Cursor {
  const uint8_t* at;
  const uint8_t* end;
};

// Zigzag varint of at most `bytes_max` bytes; false when it does not end in time.
inline bool varint(Cursor& cursor, int bytes_max, int64_t& value) {
  uint64_t raw = 0;
  for (int i = 0; i < bytes_max; i++) {
    if (cursor.at >= cursor.end) return false;
    uint8_t byte = *cursor.at++;
    raw |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      if (bytes_max == 5) raw = static_cast<uint32_t>(raw);
      value = static_cast<int64_t>(raw >> 1) ^ -static_cast<int64_t>(raw & 1);
      return true;
    }
  }
  return false;
}

// Length-prefixed bytes; -1 is null where that is allowed.
inline bool skip_bytes(Cursor& cursor, bool nullable, bool& null) {
  int64_t length;
  if (!varint(cursor, 5, length)) return false;
  null = length == -1;
  if (length < 0) return nullable && null;
  if (length > cursor.end - cursor.at) return false;
  cursor.at += length;
  return true;
}

enum Walk { kFine = 0, kTooShort = 1, kBadLength = 2, kBadOffset = 3, kBadField = 4, kTooLong = 5 };

struct Found {
  int64_t timestamp_delta_max = INT64_MIN;
  int64_t timestamp_delta_min = INT64_MAX;
  double null_keys = 0;
  double first_null_key = -1;
};

Walk walk(Cursor all, uint32_t count, Found& found) {
  for (uint32_t i = 0; i < count; i++) {
    int64_t length, delta, offset, headers;
    if (!varint(all, 5, length)) return kTooShort;
    if (length < 0 || length > all.end - all.at) return kBadLength;
    Cursor record{all.at, all.at + length};
    all.at += length;
    if (record.at >= record.end) return kBadField;
    record.at++;  // attributes, unused
    if (!varint(record, 10, delta) || !varint(record, 5, offset)) return kBadField;
    if (offset != static_cast<int64_t>(i)) return kBadOffset;
    bool null_key, null_value;
    if (!skip_bytes(record, true, null_key) || !skip_bytes(record, true, null_value)) return kBadField;
    if (!varint(record, 5, headers) || headers < 0 || headers > record.end - record.at) return kBadField;
    for (int64_t h = 0; h < headers; h++) {
      bool null;
      if (!skip_bytes(record, false, null) || !skip_bytes(record, true, null)) return kBadField;
    }
    if (record.at != record.end) return kBadLength;
    if (delta > found.timestamp_delta_max) found.timestamp_delta_max = delta;
    if (delta < found.timestamp_delta_min) found.timestamp_delta_min = delta;
    if (null_key) {
      if (found.null_keys == 0) found.first_null_key = i;
      found.null_keys++;
    }
  }
  return all.at == all.end ? kFine : kTooLong;
}

// ---- Batches -------------------------------------------------------------------------------------------------------

// Positions within a batch of magic 2 (src/records/header.ts).
constexpr size_t kCrc = 17, kCrcStart = 21, kAttributesLow = 22, kRecordCount = 57, kOverhead = 61;
constexpr uint8_t kCodecMask = 7;

// Columns of a row of scanBatches (scan-columns.ts).
enum Column { kPosition = 0, kBytes = 1, kWalk = 2, kCrcMatches = 3, kFault = 4, kFound = 5, kColumns = 9 };

inline uint32_t big_endian(const uint8_t* at) {
  return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 | static_cast<uint32_t>(at[2]) << 8 | at[3];
}

void write(const Found& found, double* numbers) {
  numbers[0] = static_cast<double>(found.timestamp_delta_max);
  numbers[1] = static_cast<double>(found.timestamp_delta_min);
  numbers[2] = found.null_keys;
  numbers[3] = found.first_null_key;
}

// `length` is at least kOverhead.
void scan(const uint8_t* batch, size_t length, double* row) {
  bool matches = crc32c(0, batch + kCrcStart, length - kCrcStart) == big_endian(batch + kCrc);
  uint32_t count = big_endian(batch + kRecordCount);
  bool countable = count > 0 && count <= INT32_MAX;
  row[kCrcMatches] = matches;
  row[kFault] = -1;
  if (!matches || row[kWalk] != 1 || (batch[kAttributesLow] & kCodecMask) != 0 || !countable) return;
  Found found;
  Walk result = walk({batch + kOverhead, batch + length}, count, found);
  row[kFault] = result;
  if (result == kFine) write(found, row + kFound);
}

// ---- Node-API ------------------------------------------------------------------------------------------------------

napi_value fail(napi_env env, const char* message) {
  napi_throw_range_error(env, nullptr, message);
  return nullptr;
}

template <typename T>
struct Elements {
  T* at = nullptr;
  size_t length = 0;
};
using Bytes = Elements<uint8_t>;
using Doubles = Elements<double>;

template <typename T>
bool elements_of(napi_env env, napi_value value, napi_typedarray_type wanted, Elements<T>& elements) {
  napi_typedarray_type type;
  void* data = nullptr;
  size_t length = 0;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != wanted) return false;
  elements = {static_cast<T*>(data), length};
  return true;
}

bool bytes_of(napi_env env, napi_value value, Bytes& bytes) {
  return elements_of(env, value, napi_uint8_array, bytes);
}

bool doubles_of(napi_env env, napi_value value, Doubles& doubles) {
  return elements_of(env, value, napi_float64_array, doubles);
}

bool size_of(double number, size_t& size) {
  if (!(number >= 0 && number <= 9007199254740991.0) || number != static_cast<double>(static_cast<uint64_t>(number))) {
    return false;
  }
  size = static_cast<size_t>(number);
  return true;
}

bool size_of(napi_env env, napi_value value, size_t& size) {
  double number;
  return napi_get_value_double(env, value, &number) == napi_ok && size_of(number, size);
}

bool within(const Bytes& bytes, size_t position, size_t length) {
  return position <= bytes.length && length <= bytes.length - position;
}

template <size_t N>
bool arguments(napi_env env, napi_callback_info info, napi_value (&values)[N]) {
  size_t count = N;
  return napi_get_cb_info(env, info, &count, values, nullptr, nullptr) == napi_ok && count == N;
}

napi_value number(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}

// crc32c(bytes, position, length, seed) -> number
napi_value Crc32c(napi_env env, napi_callback_info info) {
  napi_value args[4];
  Bytes bytes;
  size_t position, length, seed;
  if (!arguments(env, info, args) || !bytes_of(env, args[0], bytes) || !size_of(env, args[1], position) ||
      !size_of(env, args[2], length) || !size_of(env, args[3], seed) || !within(bytes, position, length)) {
    return fail(env, "crc32c: outside of the bytes");
  }
  return number(env, crc32c(static_cast<uint32_t>(seed), bytes.at + position, length));
}

// copy(target, targetPosition, source, sourcePosition, length)
napi_value Copy(napi_env env, napi_callback_info info) {
  napi_value args[5];
  Bytes target, source;
  size_t to, from, length;
  if (!arguments(env, info, args) || !bytes_of(env, args[0], target) || !size_of(env, args[1], to) ||
      !bytes_of(env, args[2], source) || !size_of(env, args[3], from) || !size_of(env, args[4], length) ||
      !within(target, to, length) || !within(source, from, length)) {
    return fail(env, "copy: outside of the bytes");
  }
  if (length > 0) memmove(target.at + to, source.at + from, length);
  return nullptr;
}

// copyWithCrc32c(target, targetPosition, source, sourcePosition, length, seed) -> number; piece by piece, so that the
// checksum reads what the copy has just brought into the cache. Ranges that overlap are copied whole: a piece would
// overwrite the source of a later one.
napi_value CopyWithCrc32c(napi_env env, napi_callback_info info) {
  napi_value args[6];
  Bytes target, source;
  size_t to, from, length, seed;
  if (!arguments(env, info, args) || !bytes_of(env, args[0], target) || !size_of(env, args[1], to) ||
      !bytes_of(env, args[2], source) || !size_of(env, args[3], from) || !size_of(env, args[4], length) ||
      !size_of(env, args[5], seed) || !within(target, to, length) || !within(source, from, length)) {
    return fail(env, "copyWithCrc32c: outside of the bytes");
  }
  uint32_t crc = static_cast<uint32_t>(seed);
  uintptr_t target_start = reinterpret_cast<uintptr_t>(target.at) + to;
  uintptr_t source_start = reinterpret_cast<uintptr_t>(source.at) + from;
  bool overlap = target_start < source_start + length && source_start < target_start + length;
  size_t piece_max = overlap ? length : 32768;
  for (size_t done = 0; done < length;) {
    size_t piece = length - done < piece_max ? length - done : piece_max;
    memmove(target.at + to + done, source.at + from + done, piece);
    crc = crc32c(crc, target.at + to + done, piece);
    done += piece;
  }
  return number(env, crc);
}

// joinCrc32c(first, second, secondLength) -> number
napi_value JoinCrc32c(napi_env env, napi_callback_info info) {
  napi_value args[3];
  size_t first, second, length;
  if (!arguments(env, info, args) || !size_of(env, args[0], first) || !size_of(env, args[1], second) ||
      !size_of(env, args[2], length) || first > UINT32_MAX || second > UINT32_MAX) {
    return fail(env, "joinCrc32c: no checksums");
  }
  return number(env, join(static_cast<uint32_t>(first), static_cast<uint32_t>(second), length));
}

// copyKnownCrc32c(target, targetPosition, source, sourcePosition, length, seed, unknown, known) -> number; `known` is the
// checksum of all but the first `unknown` bytes, which the caller has verified already.
napi_value CopyKnownCrc32c(napi_env env, napi_callback_info info) {
  napi_value args[8];
  Bytes target, source;
  size_t to, from, length, seed, unknown, known;
  if (!arguments(env, info, args) || !bytes_of(env, args[0], target) || !size_of(env, args[1], to) ||
      !bytes_of(env, args[2], source) || !size_of(env, args[3], from) || !size_of(env, args[4], length) ||
      !size_of(env, args[5], seed) || !size_of(env, args[6], unknown) || !size_of(env, args[7], known) ||
      !within(target, to, length) || !within(source, from, length) || unknown > length) {
    return fail(env, "copyKnownCrc32c: outside of the bytes");
  }
  if (length > 0) memmove(target.at + to, source.at + from, length);
  uint32_t crc = crc32c(static_cast<uint32_t>(seed), target.at + to, unknown);
  return number(env, join(crc, static_cast<uint32_t>(known), length - unknown));
}

// walkRecords(bytes, position, length, count, out: Float64Array(4)) -> Walk; out: timestamp delta max and min, null keys,
// first null key
napi_value WalkRecords(napi_env env, napi_callback_info info) {
  napi_value args[5];
  Bytes bytes;
  Doubles out;
  size_t position, length, count;
  if (!arguments(env, info, args) || !bytes_of(env, args[0], bytes) || !size_of(env, args[1], position) ||
      !size_of(env, args[2], length) || !size_of(env, args[3], count) || !within(bytes, position, length) ||
      count > UINT32_MAX || !doubles_of(env, args[4], out) || out.length < 4) {
    return fail(env, "walkRecords: outside of the bytes");
  }
  Found found;
  Walk result = walk({bytes.at + position, bytes.at + position + length}, static_cast<uint32_t>(count), found);
  write(found, out.at);
  return number(env, result);
}

// scanBatches(bytes, rows: Float64Array(kColumns * count), count)
napi_value ScanBatches(napi_env env, napi_callback_info info) {
  napi_value args[3];
  Bytes bytes;
  Doubles rows;
  size_t count;
  if (!arguments(env, info, args) || !bytes_of(env, args[0], bytes) || !doubles_of(env, args[1], rows) ||
      !size_of(env, args[2], count) || count > rows.length / kColumns) {
    return fail(env, "scanBatches: outside of the rows");
  }
  for (size_t i = 0; i < count; i++) {
    double* row = rows.at + i * kColumns;
    size_t position, length;
    if (!size_of(row[kPosition], position) || !size_of(row[kBytes], length) || !within(bytes, position, length) ||
        length < kOverhead) {
      return fail(env, "scanBatches: outside of the bytes");
    }
    scan(bytes.at + position, length, row);
  }
  return nullptr;
}

napi_value Init(napi_env env, napi_value exports) {
  static const bool once = [] {
    prepare_crc();
    return true;
  }();
  (void)once;
  const napi_property_descriptor functions[] = {
      {"crc32c", nullptr, Crc32c, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"copy", nullptr, Copy, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"copyWithCrc32c", nullptr, CopyWithCrc32c, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"walkRecords", nullptr, WalkRecords, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"scanBatches", nullptr, ScanBatches, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"joinCrc32c", nullptr, JoinCrc32c, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"copyKnownCrc32c", nullptr, CopyKnownCrc32c, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"setReceiveBuffer", nullptr, sockets::SetReceiveBuffer, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"createWhole", nullptr, files::CreateWhole, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"readWhole", nullptr, files::ReadWhole, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
