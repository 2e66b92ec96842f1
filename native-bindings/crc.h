// CRC-32C (Castagnoli, RFC 3720): by the instruction where there is one, else by tables; and the joining of checksums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#endif

namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, reflected

uint32_t bytewise[8][256];  // slicing by eight

// Tables that move a CRC over a run of zero bytes, so that three runs can be computed side by side and joined.
constexpr size_t kLong = 8192;
constexpr size_t kShort = 256;
uint32_t over_long[4][256];
uint32_t over_short[4][256];

uint32_t times(const uint32_t* matrix, uint32_t vector) {
  uint32_t sum = 0;
  for (; vector != 0; vector >>= 1, matrix++)
    if (vector & 1) sum ^= *matrix;
  return sum;
}

void square(uint32_t* out, const uint32_t* matrix) {
  for (int i = 0; i < 32; i++) out[i] = times(matrix, matrix[i]);
}

void fill_zeros(uint32_t table[4][256], size_t length) {
  uint32_t even[32], odd[32];
  odd[0] = kPolynomial;  // one zero bit
  for (int i = 1; i < 32; i++) odd[i] = 1u << (i - 1);
  square(even, odd);  // two
  square(odd, even);  // four
  uint32_t* from = odd;
  uint32_t* to = even;
  for (; length != 0; length >>= 1) {  // 8 bits, then doubled; lengths are powers of two
    square(to, from);
    uint32_t* swap = from;
    from = to;
    to = swap;
  }
  for (int i = 0; i < 4; i++)
    for (uint32_t n = 0; n < 256; n++) table[i][n] = times(from, n << (8 * i));
}

void fill_tables() {
  for (uint32_t n = 0; n < 256; n++) {
    uint32_t crc = n;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    bytewise[0][n] = crc;
  }
  for (uint32_t n = 0; n < 256; n++)
    for (int k = 1; k < 8; k++)
      bytewise[k][n] = bytewise[0][bytewise[k - 1][n] & 0xff] ^ (bytewise[k - 1][n] >> 8);
  fill_zeros(over_long, kLong);
  fill_zeros(over_short, kShort);
}

inline uint32_t over(const uint32_t table[4][256], uint32_t crc) {
  return table[0][crc & 0xff] ^ table[1][(crc >> 8) & 0xff] ^ table[2][(crc >> 16) & 0xff] ^ table[3][crc >> 24];
}

inline uint64_t load64(const uint8_t* at) {
  uint64_t word;
  memcpy(&word, at, 8);
  return word;
}

uint32_t crc_portable(uint32_t crc, const uint8_t* at, size_t length) {
  while (length >= 8) {
    uint64_t word = load64(at) ^ crc;
    crc = bytewise[7][word & 0xff] ^ bytewise[6][(word >> 8) & 0xff] ^ bytewise[5][(word >> 16) & 0xff] ^
          bytewise[4][(word >> 24) & 0xff] ^ bytewise[3][(word >> 32) & 0xff] ^ bytewise[2][(word >> 40) & 0xff] ^
          bytewise[1][(word >> 48) & 0xff] ^ bytewise[0][word >> 56];
    at += 8;
    length -= 8;
  }
  while (length-- > 0) crc = bytewise[0][(crc ^ *at++) & 0xff] ^ (crc >> 8);
  return crc;
}

#if defined(__x86_64__)
#define WEFT_HARDWARE __attribute__((target("sse4.2")))
#define WEFT_CRC64(crc, word) static_cast<uint32_t>(_mm_crc32_u64(crc, word))
#define WEFT_CRC8(crc, byte) _mm_crc32_u8(crc, byte)
bool has_hardware() { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__)
#define WEFT_HARDWARE __attribute__((target("+crc")))
#define WEFT_CRC64(crc, word) __crc32cd(crc, word)
#define WEFT_CRC8(crc, byte) __crc32cb(crc, byte)
#if defined(__linux__)
bool has_hardware() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#else
bool has_hardware() { return true; }  // every Apple CPU
#endif
#endif

#if defined(WEFT_HARDWARE)
WEFT_HARDWARE uint32_t crc_three(uint32_t crc, const uint8_t*& at, size_t& length, size_t run,
                                 const uint32_t table[4][256]) {
  // The instruction takes three cycles but starts every cycle: three runs keep it busy.
  while (length >= 3 * run) {
    uint32_t b = 0, c = 0;
    for (const uint8_t* end = at + run; at < end; at += 8) {
      crc = WEFT_CRC64(crc, load64(at));
      b = WEFT_CRC64(b, load64(at + run));
      c = WEFT_CRC64(c, load64(at + 2 * run));
    }
    crc = over(table, over(table, crc) ^ b) ^ c;
    at += 2 * run;
    length -= 3 * run;
  }
  return crc;
}

WEFT_HARDWARE uint32_t crc_hardware(uint32_t crc, const uint8_t* at, size_t length) {
  crc = crc_three(crc, at, length, kLong, over_long);
  crc = crc_three(crc, at, length, kShort, over_short);
  for (; length >= 8; length -= 8, at += 8) crc = WEFT_CRC64(crc, load64(at));
  for (; length > 0; length--, at++) crc = WEFT_CRC8(crc, *at);
  return crc;
}
#endif

uint32_t (*crc_run)(uint32_t, const uint8_t*, size_t) = crc_portable;

inline uint32_t crc32c(uint32_t seed, const uint8_t* at, size_t length) { return ~crc_run(~seed, at, length); }

uint32_t powers[64];  // x^(8 * 2^k) modulo the polynomial, reflected

// The product of two polynomials modulo ours: bit 31 is x^0.
uint32_t product_portable(uint32_t a, uint32_t b) {
  uint32_t sum = 0;
  for (int i = 0; i < 32; i++) {
    sum ^= b & (0u - (a >> 31));
    a <<= 1;
    b = (b >> 1) ^ (kPolynomial & (0u - (b & 1)));
  }
  return sum;
}

#if defined(__x86_64__)
// Carry-less multiplication, and the CRC instruction reduces: it moves what it is given by x^32.
__attribute__((target("sse4.2,pclmul"))) uint32_t product_hardware(uint32_t a, uint32_t b) {
  __m128i wide = _mm_clmulepi64_si128(_mm_cvtsi32_si128(static_cast<int>(a)), _mm_cvtsi32_si128(static_cast<int>(b)), 0);
  uint64_t twice = static_cast<uint64_t>(_mm_cvtsi128_si64(wide)) << 1;
  return _mm_crc32_u32(0, static_cast<uint32_t>(twice)) ^ static_cast<uint32_t>(twice >> 32);
}
#endif

uint32_t (*product)(uint32_t, uint32_t) = product_portable;

void fill_powers() {
  powers[0] = 1u << 23;  // x^8
  for (int k = 1; k < 64; k++) powers[k] = product(powers[k - 1], powers[k - 1]);
}

// The checksum of one run of bytes behind another from theirs: that of the first is moved over the second.
uint32_t join(uint32_t first, uint32_t second, uint64_t second_length) {
  for (int k = 0; second_length != 0 && first != 0; second_length >>= 1, k++) {
    if (second_length & 1) first = product(powers[k], first);
  }
  return first ^ second;
}

// Once, before anything else of this file.
void prepare_crc() {
  fill_tables();
#if defined(WEFT_HARDWARE)
  if (has_hardware()) crc_run = crc_hardware;
#endif
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) product = product_hardware;
#endif
  fill_powers();
}

}  // namespace
