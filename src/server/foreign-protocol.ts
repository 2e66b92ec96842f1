/**
 * What a connection speaks when it is not Kafka, from its first bytes; undefined when it may be Kafka. Told apart from
 * a mere bad length because it is a common mistake with a simple mend.
 */
export function describeForeignProtocol(head: Uint8Array): string | undefined {
  // RFC 8446 §5.1: a handshake record (22) of version 3.x, whose message is a ClientHello (1).
  if (head[0] === 0x16 && head[1] === 0x03 && head[5] === 0x01) {
    return 'the client speaks TLS, this listener does not: set security.protocol=PLAINTEXT';
  }
  const text = String.fromCharCode(...head);
  if (/^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PRI) /.test(text)) {
    return 'the client speaks HTTP, this is a Kafka listener';
  }
  return undefined;
}
