/**
 * One text for each IP address, so that addresses that are written differently compare equal: dotted decimals for IPv4 and
 * for IPv4 within IPv6 (::ffff:a.b.c.d), eight groups of hexadecimal digits for other IPv6. Undefined for what is no address.
 */
export function canonicalIp(text: string): string | undefined {
  if (isIpv4(text)) return text.split('.').map(Number).join('.');
  const groups = ipv6Groups(text);
  if (groups === undefined) return undefined;
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return mapped
    ? [groups[6]! >> 8, groups[6]! & 0xff, groups[7]! >> 8, groups[7]! & 0xff].join('.')
    : groups.map((group) => group.toString(16)).join(':');
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

function ipv6Groups(text: string): number[] | undefined {
  // A zone (fe80::1%eth0) says where, not who.
  const halves = text.replace(/%.*$/s, '').split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const parts = [...head!, ...(tail ?? [])];
  const last = parts.at(-1);
  if (last?.includes('.')) {
    if (!isIpv4(last)) return undefined;
    const [a, b, c, d] = last.split('.').map(Number);
    const two = [((a! << 8) | b!).toString(16), ((c! << 8) | d!).toString(16)];
    (tail ?? head)!.splice(-1, 1, ...two);
    parts.splice(-1, 1, ...two);
  }
  const missing = 8 - parts.length;
  if (!parts.every((part) => /^[\da-f]{1,4}$/i.test(part)) || (tail === undefined ? missing !== 0 : missing < 1)) {
    return undefined;
  }
  const all = tail === undefined ? parts : [...head!, ...new Array<string>(missing).fill('0'), ...tail];
  return all.map((part) => Number.parseInt(part, 16));
}
