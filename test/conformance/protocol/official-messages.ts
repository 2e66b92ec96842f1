import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

/** A field of Kafka's message definitions (clients/src/main/resources/common/message/README.md in apache/kafka). */
export interface OfficialField {
  readonly name: string;
  readonly type: string;
  readonly versions: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number;
  readonly fields?: readonly OfficialField[];
}

export interface OfficialMessage {
  readonly apiKey?: number;
  readonly type: string;
  readonly name: string;
  readonly validVersions: string;
  readonly flexibleVersions: string;
  readonly latestVersionUnstable?: boolean;
  readonly fields: readonly OfficialField[];
  /** Structs that several fields name as their type; `officialMessages` writes them out at each. */
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly OfficialField[] }[];
}

/** Where `npm run setup` puts the jar, from the root of the repository. */
export const JAR = '.cache/setup/java/lib/kafka-clients-4.3.1.jar';

const FOLDER_VARIABLE = 'WEFT_TEST_KAFKA_MESSAGES';

/** All official messages by name; undefined when neither the folder nor the jar is there. */
export function officialMessages(): ReadonlyMap<string, OfficialMessage> | undefined {
  const folder = process.env[FOLDER_VARIABLE];
  if (folder !== undefined) {
    return parsed(
      readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .map((file) => readFileSync(join(folder, file), 'utf8')),
    );
  }
  return existsSync(JAR) ? parsed(zipEntries(readFileSync(JAR), /^common\/message\/\w+\.json$/)) : undefined;
}

function parsed(texts: readonly string[]): ReadonlyMap<string, OfficialMessage> {
  return new Map(
    texts.map((text) => {
      const message: OfficialMessage = JSON.parse(withoutComments(text));
      return [message.name, { ...message, fields: writtenOut(message.fields ?? [], message.commonStructs ?? []) }];
    }),
  );
}

function writtenOut(
  fields: readonly OfficialField[],
  structs: NonNullable<OfficialMessage['commonStructs']>,
): readonly OfficialField[] {
  return fields.map((field) => {
    const inner = field.fields ?? structs.find(({ name }) => name === field.type.replace('[]', ''))?.fields;
    return inner === undefined ? field : { ...field, fields: writtenOut(inner, structs) };
  });
}

/** The files carry comments from two slashes to the end of the line; strings keep theirs. */
function withoutComments(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|\/\/.*$/gm, (_all, string: string | undefined) => string ?? '');
}

/** The files of a zip archive whose name fits, as text (APPNOTE.TXT 4.3.12 and 4.3.7; stored or deflated, no ZIP64). */
function zipEntries(zip: Buffer, name: RegExp): string[] {
  const end = zip.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  const entries = zip.readUInt16LE(end + 10);
  const texts: string[] = [];
  let position = zip.readUInt32LE(end + 16);
  for (let entry = 0; entry < entries; entry++) {
    const method = zip.readUInt16LE(position + 10);
    const size = zip.readUInt32LE(position + 20);
    const nameEnd = position + 46 + zip.readUInt16LE(position + 28);
    const local = zip.readUInt32LE(position + 42);
    if (name.test(zip.toString('utf8', position + 46, nameEnd))) {
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const body = zip.subarray(start, start + size);
      texts.push((method === 0 ? body : inflateRawSync(body)).toString('utf8'));
    }
    position = nameEnd + zip.readUInt16LE(position + 30) + zip.readUInt16LE(position + 32);
  }
  return texts;
}
